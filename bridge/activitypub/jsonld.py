"""Reading strangers' ActivityStreams as plain JSON: contexts are looked at, never fetched.

Pure. `loads` refuses what could be read in two ways; every other reader takes any JSON value
whatever and never raises.
"""

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from bridge.errors import Unreadable

AS2 = "https://www.w3.org/ns/activitystreams"
PUBLIC = f"{AS2}#Public"

_MAX_DEPTH = 32
_MAX_NODES = 10_000
_MAX_DATE = 64
_URI = re.compile(r"[^\x00-\x20\x7f\ud800-\udfff]{1,2048}")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LAST_MILLIS = 253_402_300_799_999  # the end of the year 9999
_PUBLIC = frozenset({PUBLIC, "as:Public", "Public"})

# JSON-LD 1.1, sections 9.4, 9.13 and 4.8: each lets a document say things that a reader of plain
# keys does not see.
_HIDING = frozenset({"@graph", "@included", "@reverse"})
_PLAIN = ("actor", "object", "attributedTo", "to", "cc")
_MEANING = {
    "id": frozenset({"@id"}),
    "type": frozenset({"@type"}),
    "as": frozenset({f"{AS2}#"}),
    **{term: frozenset({f"as:{term}", f"{AS2}#{term}"}) for term in _PLAIN},
}


# ActivityPub, "Client to Server Interactions", 6.2: whoever is named there is named to nobody else.
_UNSAID = frozenset(
    {name for term in ("bto", "bcc") for name in (term, f"as:{term}", f"{AS2}#{term}")}
)


_MAY_HIDE = re.compile(r"bto|bcc|\\u00(?:6[23fF]|74)")  # or one of their letters as a number


class _Doubled(ValueError):
    pass


_DURATION = re.compile(
    r"P(?:(?P<d>\d{1,4})D)?(?:T(?:(?P<h>\d{1,4})H)?(?:(?P<m>\d{1,5})M)?"
    r"(?:(?P<s>\d{1,7}(?:\.\d{1,9})?)S)?)?",
    re.ASCII,
)


def loads(body: bytes) -> dict[str, Any]:
    """The document in `body`. Raises Unreadable; the text of the error never quotes the body."""
    try:
        document = orjson.loads(body)
    except ValueError:
        # Not UTF-8, not JSON, NaN, infinite, lone surrogates or more than 1,024 levels.
        raise Unreadable("not JSON") from None
    if not isinstance(document, dict):
        raise Unreadable("not a JSON object")
    _measure(document)
    try:
        # Only the standard library tells of doubled keys; the depth is already known to be small.
        json.loads(body, object_pairs_hook=_pairs, parse_int=float)
    except _Doubled:
        raise Unreadable("the same key twice in one object") from None
    return document


def discreet(document: dict[str, Any], text: str) -> tuple[dict[str, Any], str]:
    """A document and its text as they came, unless it names secret addressees: their server should
    have taken them out, and nothing of ours keeps them.
    """
    if not _MAY_HIDE.search(text):
        return document, text
    kept = _without_unsaid(document)
    return (document, text) if kept == document else (kept, dumps(kept))


def _without_unsaid(value: Any) -> Any:
    if isinstance(value, list):
        return [_without_unsaid(item) for item in value]
    if isinstance(value, dict):
        kept = {key: item for key, item in value.items() if key not in _UNSAID}
        return {key: _without_unsaid(item) for key, item in kept.items()}
    return value


def dumps(document: dict[str, Any]) -> str:
    """Compact text of what `loads` gave."""
    return orjson.dumps(document).decode()


def _pairs(pairs: list[tuple[str, Any]]) -> None:
    if len(pairs) != len({key for key, _ in pairs}):
        raise _Doubled


def _measure(document: dict[str, Any]) -> None:
    """Refuses what is too deep or too large, and hidden or redefined meaning, level by level."""
    nodes = 1
    level: list[Any] = [document]
    for _ in range(_MAX_DEPTH):
        below: list[Any] = []
        for node in level:
            if type(node) is dict:
                if not _HIDING.isdisjoint(node):
                    raise Unreadable("@graph, @included and @reverse are not read")
                if "@context" in node:
                    _check_context(node["@context"])
                values: Any = node.values()
            else:
                values = node
            nodes += len(values)
            if nodes > _MAX_NODES:
                raise Unreadable("too many values")
            below.extend([value for value in values if type(value) in (dict, list)])
        if not below:
            return
        level = below
    raise Unreadable("nested too deep")


def _check_context(context: Any) -> None:
    for part in as_list(context):
        if not isinstance(part, dict):
            continue
        for term in _MEANING.keys() & part.keys():
            meaning = part[term]
            if isinstance(meaning, dict):
                meaning = meaning.get("@id")
            if not isinstance(meaning, str) or meaning not in _MEANING[term]:
                raise Unreadable(f"@context gives {term} another meaning")


def as_list(value: Any) -> list[Any]:
    """JSON-LD writes one value without its list: null is none."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def first(value: Any) -> Any:
    """The value itself, or the head of a list; None for an empty list."""
    if isinstance(value, list):
        return value[0] if value else None
    return value


def only(value: Any) -> Any:
    """The one value; of several, none."""
    if isinstance(value, list):
        return value[0] if len(value) == 1 else None
    return value


def id_of(value: Any) -> str:
    """The id of a reference or of an embedded object; empty when there is none to speak of."""
    if isinstance(value, dict):
        value = value.get("id")
    return value if isinstance(value, str) and _URI.fullmatch(value) else ""


def text(value: Any) -> str:
    """A string without NUL (which PostgreSQL cannot store); empty for everything else."""
    value = first(value)
    return value.replace("\0", "") if isinstance(value, str) else ""


def types(value: Any) -> tuple[str, ...]:
    """The types of an object, in order, without the namespace."""
    if not isinstance(value, dict):
        return ()
    names = (name for name in as_list(value.get("type")) if isinstance(name, str))
    return tuple(name.removeprefix(f"{AS2}#").removeprefix("as:") for name in names)


def link(value: Any) -> str:
    """The first http(s) URL among strings and Links (Activity Vocabulary, `url` and `Link`)."""
    for item in as_list(value):
        href = item.get("href") if isinstance(item, dict) else item
        if (
            isinstance(href, str)
            and href[:8].lower().startswith(("https://", "http://"))
            and _URI.fullmatch(href)
        ):
            return href
    return ""


def millis(value: Any) -> int | None:
    """Milliseconds since 1970 of an xsd:dateTime; None for what is none or lies before 1970.

    Digits beyond the microsecond are dropped (Fedify writes nanoseconds); without an offset the
    time is taken as UTC.
    """
    if not isinstance(value, str) or not len("2026-11-23") <= len(value) <= _MAX_DATE:
        return None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    found = (moment - _EPOCH) // timedelta(milliseconds=1)
    return found if 0 <= found <= _LAST_MILLIS else None


def duration(value: Any) -> int:
    """Milliseconds of an xsd:duration of days, hours, minutes and seconds; 0 for anything else."""
    found = _DURATION.fullmatch(text(value)[:40])
    if not found:
        return 0
    units = ((found["d"], 86_400), (found["h"], 3_600), (found["m"], 60), (found["s"], 1))
    seconds = sum(float(number or 0) * unit for number, unit in units)
    return round(min(seconds, 31 * 86_400) * 1_000)


def iso(moment: int) -> str:
    """An xsd:dateTime in UTC with milliseconds: `2026-11-23T18:45:10.123Z`."""
    moment = min(max(moment, 0), _LAST_MILLIS)
    shown = _EPOCH + timedelta(milliseconds=moment)
    return f"{shown:%Y-%m-%dT%H:%M:%S}.{moment % 1000:03d}Z"


def is_public(uri: Any) -> bool:
    """ActivityPub, section 5.6: the public collection and its two short names."""
    return isinstance(uri, str) and uri in _PUBLIC
