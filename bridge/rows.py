"""What an admin can do with the rows of both tables: find them, run them again, give them up.

The admin's pages and the commands call these and nothing else.
"""

from collections.abc import Collection
from typing import Any

import orjson
from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from bridge import inbox, names
from bridge.activitypub import jsonld
from bridge.models import Lane, Received, Room
from social import bell, outbox
from social.acts import OPEN
from social.models import Actor, Delivery, Post, Queued, Tombstone

HIDDEN = "not shown"  # in place of what only its readers may read


# ---- find


def of_host(host: str) -> Q:
    """Rows that come from a server or go to it."""
    return Q(lane__in=[f"activitypub {host}", f"from activitypub {host}"])


# ---- run again


def run_again(rows: QuerySet[Any], *, dry: bool = False) -> int:
    """Whatever their outcome was. Each ends as if it had run once, see `_repeatable`."""
    found = rows.filter(_repeatable(rows.model))
    if dry:
        return found.count()
    lanes = list(found.order_by().values_list("lane", flat=True).distinct())
    count: int = found.update(
        state=Queued.State.WAITING, due=timezone.now(), tries=0, ended=None, note=""
    )
    try_now(lanes)
    return count


def _repeatable(table: type[Queued]) -> Q:
    """A homeserver knows an event again for a day only, peers know an activity's id for good."""
    if table is Delivery:
        return ~Q(network="matrix", state=Queued.State.DONE)
    return Q()


def try_now(lanes: Collection[str]) -> int:
    """Ends the rest of lanes that nobody drains at this moment, and rings for them."""
    count = Lane.objects.filter(name__in=lanes, holder="").update(due=timezone.now())
    transaction.on_commit(lambda: bell.ring(inbox.DRAIN, _with_work(Received, lanes)))
    transaction.on_commit(lambda: bell.ring(outbox.DRAIN, _with_work(Delivery, lanes)))
    return count


def _with_work(table: type[Queued], lanes: Collection[str]) -> list[str]:
    waiting = table._default_manager.filter(state="waiting", lane__in=lanes)
    return list(waiting.order_by().values_list("lane", flat=True).distinct())


# ---- give up


def give_up(rows: QuerySet[Any], *, dry: bool = False) -> int:
    """Waiting deliveries end as gone; `run_again` brings them back."""
    waiting = rows.filter(state="waiting")
    if dry:
        return waiting.count()
    count: int = waiting.update(
        state=Queued.State.GONE, ended=timezone.now(), note="given up by an admin"
    )
    return count


# ---- read


def shown_body(row: Received) -> str:
    """The JSON as it came; where not everybody may read it, without its words."""
    try:
        body = orjson.loads(row.body)
    except orjson.JSONDecodeError:
        return HIDDEN
    if not isinstance(body, dict):
        return HIDDEN
    if row.network == "matrix":  # what was ignored is the talk of those who are in the room
        may = row.state == Queued.State.DONE and _in_open_room(body) and not _event_gone(body)
    else:
        may = _is_open_activity(body) and not _activity_gone(body)
    return pretty(body if may else _without_words(body))


def shown_act(row: Delivery) -> str:
    act = row.act or {}
    said = act.get("now") or act
    if "say" in act:
        return pretty({"say": HIDDEN})  # the bot's word to one person
    may = said.get("visibility", "public") in OPEN and act.get("act") != "Vote"
    may = may and not _gone(said.get("post"), act.get("author"))
    return pretty(act if may else _without_words(act))


def pretty(value: Any) -> str:
    return orjson.dumps(value, option=orjson.OPT_INDENT_2).decode()


def _in_open_room(event: dict[str, Any]) -> bool:
    open_kinds = (Room.Kind.PROFILE, Room.Kind.FORMER, Room.Kind.MIRROR, Room.Kind.GROUP)
    return Room.objects.filter(room_id=event.get("room_id"), kind__in=open_kinds).exists()


def _is_open_activity(activity: dict[str, Any]) -> bool:
    found = activity.get("object")
    inner = found if isinstance(found, dict) else {}
    addressed = inner if "to" in inner or "cc" in inner else activity  # as a post is read
    said = [jsonld.as_list(addressed.get(key)) for key in ("to", "cc")]
    return any(jsonld.is_public(target) for part in said for target in part)


def _activity_gone(activity: dict[str, Any]) -> bool:
    found = activity.get("object")
    return _gone(found.get("id") if isinstance(found, dict) else found, activity.get("actor"))


def _event_gone(event: dict[str, Any]) -> bool:
    """An edit has the words of the post that it changes."""
    content = event.get("content")
    related = content.get("m.relates_to") if isinstance(content, dict) else None
    changed = related.get("event_id") if isinstance(related, dict) else None
    said = [key for key in (event.get("event_id"), changed) if isinstance(key, str)]
    owner = Actor.objects.filter(owner=str(event.get("sender"))).first()
    posts = [names.post_uri(settings.OWNROOM_ORIGIN, key) for key in said]
    return any(_gone(post, owner.uri if owner else "") for post in posts)


def _gone(post: Any, author: Any) -> bool:
    """Whether the post was deleted, or is no longer for everybody, or its author has left."""
    closed = Post.objects.filter(uri=str(post)).exclude(deleted=None, visibility__in=OPEN)
    return (
        closed.exists()
        or Tombstone.objects.filter(uri=str(post)).exists()
        or Actor.objects.filter(uri=str(author)).exclude(left=None).exists()
    )


# What tells who, whom, when and of what kind is kept: enough to find a fault, not to read along.
_PLAIN = frozenset(
    {
        *("@context", "id", "type", "actor", "attributedTo", "published", "updated", "to", "cc"),
        *("inReplyTo", "sender", "room_id", "event_id", "state_key", "origin_server_ts"),
        *("membership", "m.relates_to", "rel_type", "msgtype", "redacts"),
        *("act", "author", "post", "target", "follower", "uri", "at", "visibility", "audience"),
        *("reply", "proof", "signature", "verificationMethod", "poll"),
    }
)


_NESTED = frozenset(
    {"object", "content", "undone", "now", "m.relates_to", "m.new_content", "proof", "unsigned"}
)


def _without_words(value: Any) -> Any:
    match value:
        case dict():
            return {key: _bared(key, inner) for key, inner in value.items()}
        case list():
            return [_without_words(inner) for inner in value]
        case _:
            return value


def _bared(key: str, inner: Any) -> Any:
    if key in _PLAIN or (key in _NESTED and isinstance(inner, dict)):
        return _without_words(inner)
    if key == "object" and isinstance(inner, str):
        return inner
    return HIDDEN if inner not in ("", None, [], {}) else inner
