"""Activity → act. Pure, and total: whatever JSON comes in, an act or a reason goes out.

What is checked here is only what the document says of itself: that ids share the origin of their
author, and that nobody speaks for somebody else. Whether `author` really sent it, the caller knows.
"""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from bridge import html, names
from bridge.activitypub import jsonld, parse_decided, parse_emoji, parse_poll, parse_quotes
from bridge.activitypub.parse_poll import split
from bridge.activitypub.parse_post import Json, Wrapper, author_of, foreign, post, sane
from bridge.activitypub.parse_profile import claimed, is_actor, profile
from bridge.activitypub.vocabulary import ACTIVITIES, CARDS, NOTES
from social.acts import (
    LIKE,
    Accept,
    Act,
    AllowQuote,
    Block,
    Boost,
    Decide,
    Follow,
    Ignored,
    Introduce,
    Leave,
    Move,
    Pin,
    Publish,
    React,
    RefuseQuote,
    Reject,
    Report,
    Retract,
    Revise,
    Tally,
    Undo,
    Vote,
)

__all__ = ["claimed", "parse", "post", "profile", "split"]

_DISLIKE = "\N{THUMBS DOWN SIGN}"
_MAX_EMOJI = 32
_MAX_REPORTED = 100  # things in one report
_MAX_WORDS = 5_000
_SHORTCODE = re.compile(r":([A-Za-z0-9_+-]{1,100})(?:@[^\s:]{1,255})?:")


def parse(activity: Any, *, at: int, followers: str = "") -> Act | Ignored:
    """`at`: when it was received, in milliseconds; `followers`: the author's collection."""
    if refusal := _unfit(activity):
        return Ignored(reason=refusal)
    kind = next((kind for kind in jsonld.types(activity) if kind in ACTIVITIES), "")
    actor = jsonld.id_of(activity.get("actor"))
    match kind:
        case "":
            return _bare(activity, at, followers)
        case "Create":
            return _create(activity, actor, at, followers)
        case "Update":
            return _update(activity, actor, at, followers)
        case _ if kind in _READERS:
            return _READERS[kind](activity, actor, at)
        case _:
            return Ignored(reason=f"no act for {kind} activities")


def _unfit(activity: Any) -> str:
    types = jsonld.types(activity)
    if not types:
        return "neither an activity nor an object: it has no type"
    if ACTIVITIES.isdisjoint(types):
        return ""
    actor = jsonld.id_of(activity.get("actor"))
    if not names.origin_of(actor):
        return "the activity names no actor"
    if activity.get("id") is None or names.same_origin(jsonld.id_of(activity), actor):
        return ""
    return "the activity's id is on another server than its actor"


def _bare(obj: Json, at: int, followers: str) -> Act | Ignored:
    """A document without an activity around it: fetched, or kept in a room."""
    if not is_actor(obj):
        return post(obj, at=at, followers=followers)
    found = profile(obj, at=at)
    if isinstance(found, Ignored):
        return found
    return Introduce(author=found.uri, profile=found, at=at)


# ---- posts and profiles


def _create(activity: Json, actor: str, at: int, followers: str) -> Publish | Vote | Ignored:
    obj = activity.get("object")
    if isinstance(obj, list) and len(obj) > 1:
        return Ignored(reason="several posts in one activity are not bridged")
    obj = jsonld.first(obj)
    if parse_poll.is_vote(obj):
        return parse_poll.vote(obj, activity, actor, at)
    return _written(activity, obj, actor, at, followers)


def _written(activity: Json, obj: Any, actor: str, at: int, followers: str) -> Publish | Ignored:
    """The object as a post of the actor."""
    if isinstance(obj, dict) and author_of(obj) not in {"", actor}:
        return Ignored(reason="the object is by somebody else than the activity's actor")
    wrapper = Wrapper(actor, activity.get("to"), activity.get("cc"), activity.get("published"))
    return post(obj, at=at, followers=followers, wrapper=wrapper)


def _update(
    activity: Json, actor: str, at: int, followers: str
) -> Introduce | Revise | Tally | Ignored:
    obj = jsonld.first(activity.get("object"))
    if jsonld.id_of(obj) == actor or is_actor(obj):
        return _introduce(obj, actor, at)
    if not isinstance(obj, dict):
        return Ignored(reason="the new version was not sent along, only its id")
    now = _written(activity, obj, actor, at, followers)
    if isinstance(now, Ignored):
        return now
    updated = sane(at, obj.get("updated"), activity.get("published"), activity.get("updated"))
    uri = jsonld.id_of(activity) or f"{now.post}#updates/{updated}"
    if now.content.poll and jsonld.millis(obj.get("updated")) is None:
        # Mastodon tells how a poll goes in an Update that is no edit.
        return Tally(author=actor, now=now, uri=uri, at=at)
    return Revise(author=actor, now=now, uri=uri, updated=updated)


def _introduce(obj: Any, actor: str, at: int) -> Introduce | Ignored:
    found = profile(obj, at=at)
    if isinstance(found, Ignored):
        return found
    if found.uri != actor:
        return Ignored(reason="the profile is somebody else's")
    return Introduce(author=actor, profile=found, at=at)


def _delete(activity: Json, actor: str, at: int) -> Retract | RefuseQuote | Leave | Ignored:
    obj = jsonld.only(activity.get("object"))
    uri = jsonld.id_of(obj)
    if uri == actor:
        return Leave(author=actor, at=at)
    if refusal := foreign(uri, actor):
        return Ignored(reason=refusal)
    if isinstance(obj, dict) and author_of(obj) not in {"", actor}:
        return Ignored(reason="the object is by somebody else than the activity's actor")
    if isinstance(obj, dict) and parse_quotes.STAMP in jsonld.types(obj):
        return parse_quotes.revoked(obj, actor, at)
    return Retract(author=actor, post=uri, at=at)


# ---- reactions, boosts, relations


def _react(activity: Json, actor: str, at: int) -> React | Ignored:
    uri, target = jsonld.id_of(activity), _target(activity)
    if not uri or not target:
        return Ignored(reason=_missing(uri))
    emoji = _emoji(activity)
    if not emoji and "EmojiReact" in jsonld.types(activity):
        return Ignored(reason="the reaction has no emoji")
    fallback = _DISLIKE if "Dislike" in jsonld.types(activity) else LIKE
    custom = parse_emoji.tagged(activity).get(emoji.strip(":")) if emoji else None
    said = emoji or fallback
    return React(author=actor, post=target, uri=uri, emoji=said, at=at, custom=custom)


def _emoji(activity: Json) -> str:
    """Misskey and Pleroma; other text beside a Like leaves it a like."""
    said = jsonld.text(activity.get("_misskey_reaction")) or jsonld.text(activity.get("content"))
    said = said.strip()
    if custom := _SHORTCODE.fullmatch(said):
        return f":{custom[1]}:"  # the picture's host is no part of its name
    return said if _is_emoji(said) else ""


def _is_emoji(text: str) -> bool:
    """Symbols with their joiners, selectors and skin tones; keycaps count by their frame."""
    if not text or len(text) > _MAX_EMOJI:
        return False
    marks = [_mark(char) for char in text]
    return all(marks) and "symbol" in marks


def _mark(char: str) -> str:
    category = unicodedata.category(char)
    # The pictographs' block is ahead of this Python's tables: unassigned ones there are emoji.
    if char == "\u20e3" or category == "So" or "\U0001f000" <= char <= "\U0001faff":
        return "symbol"
    if not char.isascii():
        return "symbol" if category in {"Sm", "Po", "Sk"} else _joins(category)
    return "part" if char in "0123456789#*" else ""


def _joins(category: str) -> str:
    return "part" if category in {"Mn", "Cf", "Sk"} else ""


def _boost(activity: Json, actor: str, at: int) -> Boost | Ignored:
    obj = jsonld.only(activity.get("object"))
    uri, target = jsonld.id_of(activity), _target(activity)
    if "Create" in jsonld.types(obj):  # FEP-1b12: of all that a group passes on, the post's id
        target = _target(obj)
    elif not ACTIVITIES.isdisjoint(jsonld.types(obj)):  # see groups.py
        return Ignored(reason="what a group passes on counts only where its origin confirms it")
    if not uri or not target:
        return Ignored(reason=_missing(uri))
    made = min(at, sane(at, activity.get("published")))
    return Boost(author=actor, post=target, uri=uri, at=made)


def _follow(activity: Json, actor: str, at: int) -> Follow | Ignored:
    uri, target = jsonld.id_of(activity), _target(activity)
    if jsonld.is_public(target) or jsonld.is_public(jsonld.only(activity.get("object"))):
        return Ignored(reason="relays are not bridged")
    if not uri or not target:
        return Ignored(reason=_missing(uri))
    if target == actor:
        return Ignored(reason="nobody follows themselves")
    return Follow(author=actor, target=target, uri=uri, at=at)


def _block(activity: Json, actor: str, at: int) -> Block | Ignored:
    uri, target = jsonld.id_of(activity), _target(activity)
    if not uri or not target or target == actor:
        return Ignored(reason=_missing(uri))
    if activity.get("target") is not None:  # from a group or a server, of which it is the affair
        return Ignored(reason="a ban counts when the group that it is from passes it on")
    return Block(author=actor, target=target, uri=uri, at=at)


def _move(activity: Json, actor: str, at: int) -> Move | Ignored:
    uri, moved = jsonld.id_of(activity), _target(activity)
    target = jsonld.id_of(jsonld.only(activity.get("target")))
    if moved != actor:
        return Ignored(reason="nobody can move somebody else")
    if not uri or not names.origin_of(target) or target == actor:
        return Ignored(reason="the move does not say where to")
    return Move(author=actor, target=target, uri=uri, at=at)


def _flag(activity: Json, actor: str, at: int) -> Report | Ignored:
    """Mastodon sends it in the name of the server's own actor, with the person first."""
    uri = jsonld.id_of(activity)
    named = (jsonld.id_of(item) for item in jsonld.as_list(activity.get("object"))[:_MAX_REPORTED])
    about = tuple(dict.fromkeys(one for one in named if names.origin_of(one)))
    if not uri or not about:
        return Ignored(reason=_missing(uri))
    said = jsonld.text(activity.get("content")) or jsonld.text(activity.get("summary"))
    words = html.plain(said)[:_MAX_WORDS]
    return Report(author=actor, about=about, words=words, uri=uri, at=at)


def _pin(activity: Json, actor: str, at: int) -> Pin | Ignored:
    obj = jsonld.only(activity.get("object"))
    uri, collection = jsonld.id_of(obj), jsonld.id_of(jsonld.only(activity.get("target")))
    types = set(jsonld.types(obj))
    if types and (NOTES | CARDS).isdisjoint(types):
        return Ignored(reason="only posts can be pinned")
    if foreign(uri, actor) or not names.same_origin(collection, actor):
        return Ignored(reason="not a post of the actor's, or no list of theirs")
    said = jsonld.id_of(activity)
    return Pin(author=actor, post=uri, uri=said, at=at, collection=collection)


def _unpin(activity: Json, actor: str, at: int) -> Undo | Ignored:
    pin = _pin(activity, actor, at)
    if isinstance(pin, Ignored):
        return pin
    return Undo(author=actor, uri="", at=at, undone=replace(pin, uri=""))


# ---- answers and second thoughts


def _accept(activity: Json, actor: str, at: int) -> Accept | Decide | AllowQuote | Ignored:
    obj = jsonld.only(activity.get("object"))
    if parse_quotes.is_answer(obj):
        return parse_quotes.allowed(activity, obj, actor, at)
    if parse_decided.is_about_a_post(activity, obj):
        return parse_decided.decided(activity, obj, actor, at, allowed=True)
    answered = _answered(activity, actor)
    if isinstance(answered, Ignored):
        return answered
    uri, follower = answered
    return Accept(author=actor, follower=follower, uri=uri, at=at)


def _reject(activity: Json, actor: str, at: int) -> Reject | Decide | RefuseQuote | Ignored:
    obj = jsonld.only(activity.get("object"))
    if parse_quotes.is_answer(obj):
        return parse_quotes.refused(obj, actor, at)
    if parse_decided.is_about_a_post(activity, obj):
        return parse_decided.decided(activity, obj, actor, at, allowed=False)
    answered = _answered(activity, actor)
    if isinstance(answered, Ignored):
        return answered
    uri, follower = answered
    return Reject(author=actor, follower=follower, uri=uri, at=at)


def _answered(activity: Json, actor: str) -> tuple[str, str] | Ignored:
    """URI of the follow and who asked; either may be unknown, not both."""
    obj = jsonld.only(activity.get("object"))
    types = jsonld.types(obj)
    if types and "Follow" not in types:
        return Ignored(reason=f"no act for answering {html.warning(types[0])[:50]} activities")
    follower = followed = ""
    if isinstance(obj, dict):
        follower = jsonld.id_of(obj.get("actor"))
        followed = jsonld.id_of(jsonld.only(obj.get("object")))
    if followed not in {"", actor}:
        return Ignored(reason="the follow was not of the activity's actor")
    uri = jsonld.id_of(obj)
    if not names.origin_of(uri):
        uri = ""
    if not names.origin_of(follower):
        follower = ""
    if follower and uri and not names.same_origin(uri, follower):
        return Ignored(reason="the follow's id is on another server than its actor")
    if not uri and not follower:
        return Ignored(reason="the answer does not say to which follow")
    return uri, follower


def _undo(activity: Json, actor: str, at: int) -> Undo | Reject | Decide | RefuseQuote | Ignored:
    obj = jsonld.only(activity.get("object"))
    uri = jsonld.id_of(obj)
    if uri and not names.same_origin(uri, actor):
        return Ignored(reason="what is taken back is on another server than its actor")
    if not isinstance(obj, dict) or not jsonld.types(obj):
        return (
            Undo(author=actor, uri=uri, at=at) if uri else Ignored(reason="nothing is taken back")
        )
    if obj.get("actor") is not None and jsonld.id_of(obj.get("actor")) != actor:
        return Ignored(reason="nobody can take back what somebody else did")
    if "Accept" in jsonld.types(obj):
        return _reject(obj, actor, at)  # whoever was let in is let in no more
    return _undone(obj, uri, actor, at)


def _undone(obj: Json, uri: str, actor: str, at: int) -> Undo | Ignored:
    kind = next((kind for kind in jsonld.types(obj) if kind in _UNDOABLE), "")
    if not kind:
        return Ignored(
            reason=f"no act for taking back {html.warning(jsonld.types(obj)[0])[:50]} activities"
        )
    # An id is not needed to take something back: what it said will do.
    inner = _UNDOABLE[kind](obj if uri else {**obj, "id": actor}, actor, at)
    if isinstance(inner, Ignored):
        return Undo(author=actor, uri=uri, at=at) if uri else inner
    return Undo(author=actor, uri=uri, at=at, undone=replace(inner, uri=uri))


# ---- small readers


def _target(activity: Json) -> str:
    """The id of the object, which may be embedded: never more than its id is believed."""
    uri = jsonld.id_of(jsonld.only(activity.get("object")))
    return uri if names.origin_of(uri) else ""


def _missing(uri: str) -> str:
    return "the activity does not say what it is about" if uri else "the activity has no id"


Reader = Callable[[Json, str, int], Act | Ignored]

_UNDOABLE: dict[str, Callable[[Json, str, int], React | Boost | Follow | Block | Ignored]] = {
    "Announce": _boost,
    "Block": _block,
    "Dislike": _react,
    "EmojiReact": _react,
    "Follow": _follow,
    "Like": _react,
}
_READERS: dict[str, Reader] = {
    **_UNDOABLE,
    "Accept": _accept,
    "Add": _pin,
    "AnnounceRequest": parse_decided.asked,
    "ApproveReply": parse_decided.reviewed,
    "Delete": _delete,
    "Flag": _flag,
    "LikeRequest": parse_decided.asked,
    "Move": _move,
    "QuoteRequest": parse_quotes.asked,
    "Reject": _reject,
    "RejectReply": parse_decided.reviewed,
    "Remove": _unpin,
    "ReplyRequest": parse_decided.asked,
    "Undo": _undo,
}
