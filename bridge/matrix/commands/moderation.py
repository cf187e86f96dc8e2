"""What moderators of a group type: at their own desk, or in the group's room below a topic."""

import re
from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.db.models import Q

from bridge import directory, html, names
from bridge.errors import Forbidden, Unreadable
from bridge.matrix import shapes, spans
from bridge.matrix.commands.calls import Call
from bridge.models import Anchor, Room
from bridge.network import Said
from social.acts import OPEN, Act, Undo
from social.measures import Expel, Feature, Lock, Measure, Remove
from social.models import Actor, Post

_TYPED = re.compile(r"\s*!ownroom (lock|unlock)(?:\s+(.{1,500}))?\s*")
_HIGH = 50  # posts from an answer up to its topic
HOW = (
    "what? Say it like this: moderate lock LINK (or unlock, pin, unpin, remove, restore), or"
    " moderate ban @name@server @group@server [for 7d] [with posts] [WORDS] (or"
    " unban)"
)
_DONE = {
    "lock": "is locked: nobody but who moderates answers it",
    "unlock": "can be answered again",
    "pin": "stands on top of the group",
    "unpin": "no longer stands on top of the group",
    "remove": "is out of the group",
    "restore": "is in the group again",
}


def moderate(call: Call) -> list[Said]:
    word = call.words[0].lower() if call.words else ""
    if word in {"ban", "unban"}:
        return _person(call, word)
    if word not in _DONE:
        raise Unreadable(HOW)
    link = call.words[1] if len(call.words) > 1 and not _is_words(call) else ""
    post = _post(call.post(link)[0], link, call.actor)
    words = " ".join(call.words[2 if link else 1 :])
    group = _group_of(post, call.actor)
    act = _about(word, post, group, call.actor, words, uri=call.uri, at=call.at)
    return [Said(act, answer=f"<p>It {_DONE[word]}. {_asked(group)}</p>")]


def _is_words(call: Call) -> bool:
    return bool(call.answers) and not call.words[1].startswith(("https://", "http://", "$"))


def _asked(group: Actor) -> str:
    """Of a group elsewhere: it decides itself whether it does so."""
    name = f"@{html.escape(group.acct)}"
    return f"The members of {name} are told." if group.is_local else f"I asked {name} to do so."


def _post(uri: str, link: str, reader: Actor) -> Post:
    """Nobody learns that there is one which is not for them. Of what everybody may read also those
    decide whom its author blocks.
    """
    mine = Post.objects.visible_to(reader).values("pk")
    shown = Post.objects.filter(Q(visibility__in=OPEN) | Q(pk__in=mine), deleted=None)
    rows = shown.select_related("author")
    found = rows.filter(uri=uri).first() or (rows.filter(url=link).first() if link else None)
    if found is None:
        raise Unreadable("I know nothing of that post. Give its link, or answer it")
    return found


def _group_of(post: Post, actor: Actor) -> Actor:
    """In which it is, or was; the one of them that they moderate."""
    above = post.parent.group if post.parent else ""
    named = [post.group, above, *post.audience]
    for uri in dict.fromkeys(filter(None, named)):
        group = Actor.objects.filter(uri=uri, kind="group", left=None).first()
        if group and directory.moderates(actor, group):
            return group
    raise Forbidden("you moderate no group in which that post is")


def _about(word: str, post: Post, group: Actor, by: Actor, words: str, *, uri: str, at: int) -> Act:
    measure: Measure
    featured, _ = directory.lists(group)
    if word in {"lock", "unlock"}:
        measure = Lock(author=by.uri, post=post.uri, group=group.uri, uri=uri, at=at, reason=words)
    elif word in {"pin", "unpin"}:
        pin = f"{uri}#pins/0"
        measure = Feature(
            author=by.uri, post=post.uri, group=group.uri, uri=pin, at=at, collection=featured
        )
    else:
        measure = Remove(
            author=by.uri, post=post.uri, group=group.uri, uri=uri, at=at, reason=words
        )
    return _back(measure) if word in {"unlock", "unpin", "restore"} else measure


def _back(measure: Measure) -> Undo:
    return Undo(author=measure.author, uri="", at=measure.at, undone=measure)


def _person(call: Call, word: str) -> list[Said]:
    if len(call.words) < 3:
        raise Unreadable(HOW)
    target, group = call.find(call.words[1]), call.find(call.words[2])
    if group.kind != "group" or not directory.moderates(call.actor, group):
        raise Forbidden(f"you do not moderate @{group.acct}")
    left = list(call.words[3:])
    until = 0
    if [one.lower() for one in left[:1]] == ["for"]:
        lasts = spans.read(left[1] if len(left) > 1 else "")
        if not 0 < lasts <= spans.LONGEST:
            raise Unreadable(HOW)
        until, left = call.at + lasts, left[2:]
    wipe = [one.lower() for one in left[:2]] == ["with", "posts"]
    left = left[2:] if wipe else left
    act = Expel(
        author=call.actor.uri,
        target=target.uri,
        group=group.uri,
        uri=call.uri,
        at=call.at,
        until=until,
        wipe=wipe,
        reason=" ".join(left)[:500],
    )
    now = "may come back" if word == "unban" else "is out of the group"
    answer = f"<p>@{html.escape(target.acct)} {now}. {_asked(group)}</p>"
    return [Said(act if word == "ban" else _back(act), answer=answer)]


# ---- in the room


def typed(event: Mapping[str, Any], room: Room) -> list[Said]:
    """`!ownroom lock` below a topic; empty for anything else. It is no post."""
    content = shapes.mapping(event.get("content"))
    asked = _TYPED.fullmatch(shapes.text(content.get("body")))
    if asked is None or room.actor is None or room.actor.kind != "group":
        return []
    if not room.leased:
        raise Forbidden("the room's owner has ended the lease of this server")
    by = Actor.objects.filter(owner=event.get("sender"), left=None).first()
    if by is None or not directory.moderates(by, room.actor):
        raise Forbidden("only who moderates a group decides that")
    post = _topic(content, room)
    if post is None:
        raise Unreadable("answer the topic with it")
    uri = names.act_uri(settings.OWNROOM_ORIGIN, str(event.get("event_id")))
    at = shapes.number(event.get("origin_server_ts"))
    return [Said(_about(asked[1], post, room.actor, by, asked[2] or "", uri=uri, at=at))]


def _topic(content: Mapping[str, Any], room: Room) -> Post | None:
    """At the top of the conversation in which it is typed."""
    events = list(shapes.answered(content))
    uris = Anchor.objects.filter(room=room, event_id__in=events).values("uri")
    rows = Post.objects.filter(uri__in=uris, deleted=None).select_related("parent")
    post = rows.first()
    for _ in range(_HIGH):
        if post is None or post.parent is None:
            break
        post = post.parent
    return post
