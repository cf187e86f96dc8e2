"""Rows → acts: a profile and a post as they stand in the index now. And a profile → its row."""

from dataclasses import asdict, replace
from typing import Any

from social import habits
from social.acts import (
    Attachment,
    Content,
    Emoji,
    Field,
    Mention,
    Option,
    Poll,
    Profile,
    Publish,
)
from social.geography import Place
from social.habits import Habits
from social.models import Actor, Post


def card(actor: Actor) -> dict[str, Any]:
    """Enough to know somebody again after the index is lost."""
    return {"profile": asdict(profile_of(actor)), "at": actor.introduced}


def profile_of(actor: Actor) -> Profile:
    return Profile(
        uri=actor.uri,
        handle=actor.handle,
        domain=actor.domain,
        kind=actor.kind,
        name=actor.name,
        summary=actor.summary,
        url=actor.url,
        icon=actor.icon,
        header=actor.header,
        fields=tuple(Field(**field) for field in actor.fields),
        locked=actor.locked,
        discoverable=actor.discoverable,
        indexable=actor.indexable,
        hide_network=actor.hide_network,
        moderators=tuple(actor.moderators),
        restricted=actor.restricted,
        aliases=tuple(actor.aliases),
        moved_to=actor.moved_to,
        inbox=actor.inbox,
        shared_inbox=actor.shared_inbox,
        followers=actor.followers,
        key_id=actor.key_id,
        public_key=actor.public_key,
        multikey=actor.multikey,
        published=actor.published,
        emojis=tuple(Emoji(**emoji) for emoji in actor.emojis),
        quotes=actor.quotes,
        voting=actor.voting,
        memorial=actor.memorial,
        attribution_domains=tuple(actor.attribution_domains),
        habits=Habits(**actor.habits),
    )


def values_of(profile: Profile) -> dict[str, object]:
    values = asdict(profile)
    del values["uri"]
    values["habits"] = habits.unusual(profile.habits)
    return values


def publish_of(post: Post) -> Publish:
    """Asks for `post.author`: fetch it along."""
    return Publish(
        author=post.author.uri,
        post=post.uri,
        content=Content(
            html=post.html,
            summary=post.summary,
            sensitive=post.sensitive,
            language=post.language,
            mentions=tuple(Mention(**mention) for mention in post.mentions),
            hashtags=tuple(post.hashtags),
            attachments=tuple(Attachment(**attachment) for attachment in post.attachments),
            emojis=tuple(Emoji(**emoji) for emoji in post.emojis),
            poll=poll_of(post),
            place=Place(**post.place) if post.place else None,
            quote=post.quote,
            stamp=post.stamp,
            quotable=post.quotable,
        ),
        visibility=post.visibility,
        published=post.published,
        url=post.url,
        reply=post.reply,
        audience=tuple(post.audience),
        group=post.group,
    )


def address_of(post: Post) -> Publish:
    """A post without a word of it, to know it again by its address."""
    return replace(publish_of(post), content=Content(html=""))


def poll_of(post: Post) -> Poll | None:
    if post.poll is None:
        return None
    options = tuple(Option(**option) for option in post.poll["options"])
    return Poll(**(post.poll | {"options": options}))
