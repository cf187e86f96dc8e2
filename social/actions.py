"""The only writes: `record` puts an act into the index. What was admitted comes here.

Knows no network. Answers whether anything changed; running it twice changes nothing.
"""

from collections.abc import Collection
from dataclasses import asdict
from typing import Any, assert_never

from django.db.models import Exists, OuterRef, Q, QuerySet

from social import (
    approvals,
    distance,
    history,
    moderating,
    once,
    pins,
    policy,
    polls,
    profiles,
    quoting,
    reach,
    reports,
)
from social.acts import (
    NARROWING,
    OPEN,
    Accept,
    Act,
    Block,
    BlockHost,
    Boost,
    Consent,
    Decide,
    Follow,
    Introduce,
    Leave,
    Move,
    Mute,
    PassOn,
    Pin,
    Publish,
    React,
    Reject,
    Report,
    Retract,
    Revise,
    Tally,
    Undo,
    Undoable,
    Vote,
)
from social.measures import Appoint, Expel, Feature, Lock, Measure, Remove
from social.models import Actor, HostBlock, Post, Tombstone
from social.models import Block as BlockRow
from social.models import Boost as BoostRow
from social.models import Follow as FollowRow
from social.models import Mute as MuteRow
from social.models import Pin as PinRow
from social.models import Reaction as ReactionRow

__all__ = ["Refused", "record"]

OVERTAKEN = 6 * 3_600_000  # for so long after its undo a follow may still come, in milliseconds

Refused = policy.Refused  # the act may not happen here; the text says why


def record(act: Act) -> bool:  # noqa: C901  one line an act
    if isinstance(act, Consent):
        return quoting.record(act)
    if isinstance(act, Measure):
        return moderating.record(act)
    match act:
        case Introduce():
            return _introduce(act)
        case Publish():
            return _publish(act)
        case Revise():
            return _revise(act)
        case Tally():
            return polls.count(act)
        case Vote():
            return polls.vote(act, actor(act.author))
        case Pin():
            return pins.pin(act, must(act.author))
        case Retract():
            return _retract(act)
        case React():
            return _react(act)
        case Boost():
            return _boost(act)
        case Undo():
            return _undo(act)
        case Follow():
            return _follow(act)
        case Accept():
            return _accept(act)
        case Reject():
            return _reject(act)
        case Block() | BlockHost() | Mute():
            return _keep_away(act)
        case Leave():
            return _leave(act)
        case Move():
            return _move(act)
        case Decide():
            return approvals.decide(act, must(act.author))
        case Report():
            return reports.file(act, must(act.author))
        case PassOn():
            return True  # what is passed on is recorded itself
    assert_never(act)


def actor(uri: str) -> Actor | None:
    return once.ask(("actor", uri), lambda: Actor.objects.filter(uri=uri).first())


def post(uri: str) -> Post | None:
    """With its author."""
    return once.ask(("post", uri), lambda: _post(uri)) if uri else None


def _post(uri: str) -> Post | None:
    return Post.objects.filter(uri=uri).select_related("author").first()


def must(uri: str) -> Actor:
    found = actor(uri)
    if found is None:
        raise Refused("its author is unknown")
    return found


def _gone(uri: str, author: str) -> bool:
    return bool(uri) and Tombstone.objects.filter(uri=uri, author=author).exists()


def bury(uri: str, author: str, at: int) -> bool:
    """What arrives later under this URI stays out."""
    once.forget()
    return Tombstone.objects.get_or_create(uri=uri, defaults={"author": author, "at": at})[1]


def prune(before: int) -> int:
    """Forgets what was taken back before then and never seen; a post that was tells it itself."""
    local = Actor.objects.local().values("uri")
    seen = Post.objects.filter(uri=OuterRef("uri"))
    old = Tombstone.objects.filter(at__lt=before).exclude(author__in=local)
    old = old.exclude(uri__startswith=moderating.REMOVED)  # its author's server still shows it
    return old.exclude(Exists(seen)).delete()[0]


def _introduce(act: Introduce) -> bool:
    known = actor(act.author)
    if known is None:
        return False  # bridge/activitypub/actors.py and bridge/profiles.py make actors
    if act.at < known.introduced:
        raise Refused("a newer profile is known already")
    values = profiles.values_of(act.profile)
    del values["domain"]  # settled when we met: by the host of the id, or by WebFinger
    if not known.is_local:
        del values["moderators"]  # which stand in a list of their own
    door = known.shared_inbox or known.inbox
    changed = [name for name, value in values.items() if not _same(getattr(known, name), value)]
    for name in changed:
        setattr(known, name, values[name])
    known.introduced = act.at
    known.save(update_fields=[*changed, "introduced"])
    if not {"inbox", "shared_inbox"}.isdisjoint(changed):
        reach.move(known, door)
    return bool(changed)


def _same(stored: Any, value: object) -> bool:
    return list(stored) == list(value) if isinstance(value, tuple) else stored == value


def _content_values(act: Publish) -> dict[str, object]:
    content = act.content
    return {
        "html": content.html,
        "summary": content.summary,
        "sensitive": content.sensitive,
        "language": content.language,
        "mentions": [asdict(mention) for mention in content.mentions],
        "hashtags": list(content.hashtags),
        "attachments": [asdict(attachment) for attachment in content.attachments],
        "emojis": [asdict(emoji) for emoji in content.emojis],
        "poll": polls.kept(content.poll),
        "quote": content.quote,
        "stamp": content.stamp,
        "quotable": content.quotable,
        "place": asdict(content.place) if content.place else {},
    }


def _publish(act: Publish, *, updated: int | None = None) -> bool:
    uri, author = act.post, act.author
    if once.ask(("gone", uri, author), lambda: _gone(uri, author)):
        raise Refused("it was deleted already")
    if once.ask(("stands", uri), Post.objects.filter(uri=uri).exists):
        return False
    new = row_of(act, must(act.author), updated)
    new.group = _heard_in(act.group, new.author)
    new.parent = post(act.reply)
    new.save(force_insert=True)
    once.know(("stands", uri), answer=True)
    once.know(("post", uri), new)
    if act.reply and new.parent is None:
        once.know(("orphans", act.reply), answer=True)
    _address(new, act.audience)
    orphans = Post.objects.filter(reply=uri, parent=None)
    if act.reply != uri and once.ask(("orphans", uri), orphans.exists):
        orphans.update(parent=new)
        once.forget()
    return True


def _heard_in(uri: str, author: Actor) -> str:
    """Anybody elsewhere can write that they speak in a group here: of its members it is true."""
    group = actor(uri) if uri and not author.is_local else None
    if group is None or not group.is_local:
        return uri
    return uri if group.follows_in.filter(follower=author, state="accepted").exists() else ""


def row_of(act: Publish, author: Actor, updated: int | None = None) -> Post:
    return Post(
        uri=act.post,
        author=author,
        visibility=act.visibility,
        url=act.url,
        reply=act.reply,
        audience=list(act.audience),
        group=act.group,
        published=act.published,
        updated=updated,
        poll_due=polls.due_at(act.content.poll),
        **_content_values(act),
    )


def _address(post: Post, audience: Collection[str]) -> None:
    if not audience:
        return
    named = once.ask(("named", frozenset(audience)), lambda: _keys_of(audience))
    if named:
        link = Post.addressed.through
        link.objects.bulk_create(
            [link(post_id=post.pk, actor_id=key) for key in named], ignore_conflicts=True
        )


def _keys_of(uris: Collection[str]) -> list[int]:
    return list(Actor.objects.filter(uri__in=uris).values_list("pk", flat=True))


def _revise(act: Revise) -> bool:
    post = Post.objects.select_related("author").filter(uri=act.now.post).first()
    if post is None:
        return _publish(act.now, updated=act.updated)
    if post.author.uri != act.author:
        raise Refused("only its author may change a post")
    if post.deleted:
        raise Refused("it was deleted already")
    if act.updated < (post.updated or post.published):  # many servers write whole seconds
        raise Refused("a newer version is known already")
    # An edit may address more people, but the audience as a whole never widens.
    shown = max(post.visibility, act.now.visibility, key=NARROWING.index)
    values: dict[str, Any] = {**_content_values(act.now), "visibility": shown}
    if shown not in OPEN:
        values["audience"] = list(act.now.audience)
    changed = {name for name, value in values.items() if getattr(post, name) != value}
    unsaid = history.unsay(post, act)
    if not changed:
        return unsaid and edited(act)
    if changed == {"poll"} and polls.only_counted(post.poll, poll := values["poll"]):
        return polls.store(post, poll, act.updated)  # a rebuild reads it so from a receipt
    history.keep(post, act, shown)
    reach.narrow(post, shown, act.updated)
    if polls.asks_otherwise(post.poll, values["poll"]):
        polls.forget(Post.objects.filter(pk=post.pk))
    due = polls.due_at(act.now.content.poll, told=post.poll)
    Post.objects.filter(pk=post.pk).update(updated=act.updated, poll_due=due, **values)
    _address(post, act.now.audience)
    if shown not in OPEN:  # whoever was named before, and is no more, reads it no more
        post.addressed.remove(*post.addressed.exclude(uri__in=act.now.audience))
    return True


def edited(act: Revise) -> bool:
    """It may say the same as before, where it takes another edit back, and is an edit still."""
    rows = Post.objects.filter(uri=act.now.post, author__uri=act.author, deleted=None)
    older = rows.filter(Q(updated=None) | Q(updated__lt=act.updated))
    return bool(older.update(updated=act.updated))


def _retract(act: Retract) -> bool:
    post = Post.objects.select_related("author").filter(uri=act.post).first()
    if post is None:
        bury(act.post, act.author, act.at)
        return quoting.lapse(act.post)
    if post.author.uri != act.author:
        raise Refused("only its author may delete a post")
    bury(act.post, act.author, act.at)
    return bool(_wipe(Post.objects.filter(pk=post.pk, deleted=None), act.at))


def _wipe(posts: QuerySet[Post], at: int) -> int:
    """The words go; the row stays, so that the conversation around it keeps its shape."""
    polls.forget(posts)
    history.forget(posts)
    return posts.update(
        deleted=at,
        html="",
        summary="",
        mentions=[],
        hashtags=[],
        attachments=[],
        emojis=[],
        poll=None,
        place={},
        quote="",
        stamp="",
    )


def _react(act: React) -> bool:
    post = Post.objects.filter(uri=act.post, deleted=None).first()
    if post is None:
        raise Refused("the post it reacts to is not known here")
    if _gone(act.uri, act.author):
        raise Refused("it was taken back already")
    author = must(act.author)
    if ReactionRow.objects.filter(
        Q(uri=act.uri) | Q(author=author, post=post, emoji=act.emoji)
    ).exists():
        return False
    custom = asdict(act.custom) if act.custom else None
    ReactionRow.objects.create(
        uri=act.uri, author=author, post=post, emoji=act.emoji, at=act.at, custom=custom
    )
    return True


def _boost(act: Boost) -> bool:
    if _gone(act.uri, act.author):
        raise Refused("it was taken back already")
    post = Post.objects.filter(uri=act.post, deleted=None).first()
    if post is None:
        raise Refused("the boosted post is not known here")
    author = must(act.author)
    if BoostRow.objects.filter(Q(uri=act.uri) | Q(author=author, post=post)).exists():
        return False
    BoostRow.objects.create(uri=act.uri, author=author, post=post, at=act.at)
    return True


def _undo(act: Undo) -> bool:
    if isinstance(act.undone, Measure):
        return moderating.undo(act.undone)
    found = _take_back(act, must(act.author))
    if act.uri:
        # It may still be on its way. But some servers follow again under an id they took back:
        # a follow that was found keeps nobody out.
        spent = found and isinstance(act.undone, Follow)
        bury(act.uri, "" if spent else act.author, act.at)
    return found


def _take_back(act: Undo, author: Actor) -> bool:
    """By URI and author; a peer may name the act only by what it said."""
    for rows in (
        ReactionRow.objects.filter(author=author),
        BoostRow.objects.filter(author=author),
        FollowRow.objects.filter(follower=author),
        BlockRow.objects.filter(author=author),
        HostBlock.objects.filter(author=author),
        MuteRow.objects.filter(author=author),
        PinRow.objects.filter(author=author),
    ):
        if act.uri and reach.end(rows.filter(uri=act.uri), act.at):
            return True
    return bool(act.undone and reach.end(_said(author, act.undone), act.at))


def _said(author: Actor, said: Undoable) -> QuerySet[Any]:
    match said:
        case React():
            return ReactionRow.objects.filter(author=author, post__uri=said.post, emoji=said.emoji)
        case Boost():
            return BoostRow.objects.filter(author=author, post__uri=said.post)
        case Follow():
            return FollowRow.objects.filter(follower=author, target__uri=said.target)
        case Block():
            return BlockRow.objects.filter(author=author, target__uri=said.target)
        case BlockHost():
            return HostBlock.objects.filter(author=author, host=said.host)
        case Mute():
            return MuteRow.objects.filter(author=author, target__uri=said.target)
        case Pin():
            return PinRow.objects.filter(author=author, post__uri=said.post)
        case Remove() | Feature() | Lock() | Appoint() | Expel():
            return PinRow.objects.none()  # see `_undo`
    assert_never(said)


def _follow(act: Follow) -> bool:
    said = Tombstone.objects.filter(uri=act.uri, author=act.author, at__gt=act.at - OVERTAKEN)
    if once.ask(("taken back", act.uri, act.author, act.at), said.exists):
        raise Refused("it was taken back already")
    pair, new = ("may follow", act.author, act.target), {"uri": act.uri, "at": act.at}
    asked = once.ask(pair, lambda: True)
    once.know(pair, answer=True)
    two = {"follower": must(act.author), "target": must(act.target)}
    if not asked:
        return bool(FollowRow.objects.create(**two, **new))
    row, created = FollowRow.objects.get_or_create(**two, defaults=new)
    if not created and not two["follower"].is_local:  # ours is known by what was sent
        FollowRow.objects.filter(pk=row.pk).update(uri=act.uri)
    return created


def _accept(act: Accept) -> bool:
    row = _named_follow(act)
    if row is None:
        raise Refused("no such follow is waiting for this answer")
    # What our own people's follow is called, nobody else decides.
    uri = row.uri if row.follower.is_local else act.uri or row.uri
    FollowRow.objects.filter(pk=row.pk).update(state="accepted", uri=uri)
    # An accepted follow that comes again is answered again: our answer may have been lost.
    return row.state != "accepted" or row.target.is_local


def _reject(act: Reject) -> bool:
    row = _named_follow(act)
    if row is None:
        return must(act.author).is_local  # a refusal of what was never stored is still said
    return bool(reach.end(FollowRow.objects.filter(pk=row.pk), act.at))


def _named_follow(act: Accept | Reject) -> FollowRow | None:
    rows = FollowRow.objects.filter(target__uri=act.author).select_related("target", "follower")
    if act.follower:
        return rows.filter(follower__uri=act.follower).first()
    return rows.filter(uri=act.uri).first() if act.uri else None


def _keep_away(act: Block | BlockHost | Mute) -> bool:
    if _gone(act.uri, act.author):
        raise Refused("it was taken back already")
    author = must(act.author)
    match act:
        case Block():
            return distance.block(act, author, must(act.target))
        case BlockHost():
            return distance.block_host(act, author)
        case Mute():
            return distance.mute(act, author, must(act.target))


def _leave(act: Leave) -> bool:
    author = actor(act.author)
    if author is None:
        return False
    # In a rebuild the desks come one after another: each says so after the follows in it.
    ended = reach.end(FollowRow.objects.filter(Q(follower=author) | Q(target=author)), act.at)
    if author.left:
        return bool(ended)
    author.left, author.summary, author.fields, author.icon, author.header = act.at, "", [], "", ""
    author.save(update_fields=["left", "summary", "fields", "icon", "header"])
    _wipe(author.posts.filter(deleted=None), act.at)
    reach.end(ReactionRow.objects.filter(author=author), act.at)
    if not author.is_local:  # or nobody could tell any more to whom they showed what others wrote
        reach.end(BoostRow.objects.filter(author=author), act.at)
    return True


def hold(uri: str) -> None:
    """Until this transaction ends nobody begins to follow them: PostgreSQL lets no row refer to one
    that is locked so, and waits for those that begin to. SQLite writes one thing after another.
    """
    list(Actor.objects.select_for_update().filter(uri=uri).values_list("pk"))
    once.forget()


def _move(act: Move) -> bool:
    author = must(act.author)
    if (author.moved or 0) >= act.at:
        return False
    Actor.objects.filter(pk=author.pk).update(moved_to=act.target, moved=act.at)
    once.forget()
    return True
