"""Questions → polls, and Notes that are votes in them. Pure."""

from typing import Any

from bridge import html, names
from bridge.activitypub import jsonld
from social.acts import Ignored, Option, Poll, Vote

Json = dict[str, Any]

MAX_OPTIONS = 20  # as many as a poll in Matrix has (MSC3381)
_LONGEST = 500  # letters of an answer
_MOST = 10**9  # votes; what counts more counts nonsense


def poll(obj: Json, at: int) -> Poll | None:
    """`at`: when it was received. None for what has too many answers, or some without a name of
    their own: a vote could not say which one it means.
    """
    single = jsonld.as_list(obj.get("oneOf"))
    choices = single or jsonld.as_list(obj.get("anyOf"))
    if "Question" not in jsonld.types(obj) or not 0 < len(choices) <= MAX_OPTIONS:
        return None
    options = tuple(_option(choice) for choice in choices)
    if not all(option.name for option in options) or _alike(options):
        return None
    closes, closed = _end(obj, at)
    return Poll(
        options=options,
        multiple=not single,
        closes=closes,
        closed=closed,
        voters=_number(obj.get("votersCount")),
        hidden=all(map(_kept_back, choices)),
    )


# ---- votes


def is_vote(obj: Any) -> bool:
    """A name, no content at all (an empty one makes it a post) and a poll that it answers; or an
    Answer, as Akkoma calls it.
    """
    if not isinstance(obj, dict) or not _asked(obj) or not jsonld.text(obj.get("name")):
        return False
    if "Answer" in jsonld.types(obj):
        return True
    silent = obj.get("content") is None and obj.get("contentMap") is None
    return silent and "Note" in jsonld.types(obj)


def vote(obj: Json, activity: Json, actor: str, at: int) -> Vote | Ignored:
    """Takahē gives both the same id, some servers give the vote none."""
    uri = jsonld.id_of(obj) or jsonld.id_of(activity)
    if not uri or not names.same_origin(uri, actor):
        return Ignored(reason="the vote's id is on another server than its author")
    by = jsonld.id_of(jsonld.first(obj.get("attributedTo"))) or jsonld.id_of(obj.get("actor"))
    if by not in {"", actor}:
        return Ignored(reason="the object is by somebody else than the activity's actor")
    option = jsonld.text(obj.get("name"))[:_LONGEST]
    return Vote(author=actor, poll=_asked(obj), option=option, uri=uri, at=at)


def split(activity: Json) -> list[Json]:
    """GoToSocial may send the votes of one ballot together: here each has its own activity."""
    objects = activity.get("object")
    if not isinstance(objects, list) or not 1 < len(objects) <= MAX_OPTIONS:
        return [activity]
    if "Create" not in jsonld.types(activity) or not all(map(is_vote, objects)):
        return [activity]
    return [{**activity, "object": obj} for obj in objects]


def _asked(obj: Json) -> str:
    return jsonld.id_of(jsonld.first(obj.get("inReplyTo")))


# ---- small readers


def _option(choice: Any) -> Option:
    if not isinstance(choice, dict):
        return Option(name="")
    replies = jsonld.first(choice.get("replies"))
    votes = _number(replies.get("totalItems")) if isinstance(replies, dict) else None
    # As it came: a vote has to name it to the letter.
    name = jsonld.text(choice.get("name"))
    fits = len(name) <= _LONGEST and html.warning(name)
    return Option(name=name if fits else "", votes=votes or 0)


def _kept_back(choice: Any) -> bool:
    """Mastodon writes null for a count that nobody is to know before the end."""
    replies = jsonld.first(choice.get("replies")) if isinstance(choice, dict) else None
    return isinstance(replies, dict) and replies.get("totalItems", 0) is None


def _alike(options: tuple[Option, ...]) -> bool:
    return len({option.name for option in options}) < len(options)


def _end(obj: Json, at: int) -> tuple[int | None, int | None]:
    closes, closed = jsonld.millis(obj.get("endTime")), jsonld.millis(obj.get("closed"))
    if obj.get("closed") is True:
        closed = at
    if closed is not None and closed > at:
        # Pleroma writes here when it is going to close.
        return (closed if closes is None else closes), None
    return closes, closed


def _number(value: Any) -> int | None:
    known = isinstance(value, int) and not isinstance(value, bool) and value >= 0
    return min(value, _MOST) if known else None
