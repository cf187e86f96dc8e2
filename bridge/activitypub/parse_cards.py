"""What is not a Note, as a card: title, text, particulars and a link. Pure.

Nothing that somebody wrote is lost where its type is unknown here: the card then names the type.
"""

import re
from datetime import UTC, datetime
from typing import Any

from bridge import html
from bridge.activitypub import jsonld

Json = dict[str, Any]

_DURATION = re.compile(
    r"P(?:([0-9]{1,4})D)?(?:T(?:([0-9]{1,5})H)?(?:([0-9]{1,6})M)?(?:([0-9]{1,8})(?:\.[0-9]+)?S)?)?"
)
_ZONE = re.compile(r"[A-Za-z]+(?:/[A-Za-z0-9_+-]+){0,2}")
# Whoever sees one knows what it is.
_PLAIN = frozenset({"Article", "Audio", "Document", "Event", "Image", "Page", "Video"})
_STATES = {"CANCELLED": "Cancelled", "TENTATIVE": "Not certain yet"}
_STARS = 5


def card(obj: Json, text: str, *, excerpt: str, link: str) -> str:
    """`text`: sanitised; `link`: where the rest is, empty where there is none."""
    parts = [title(obj), excerpt, _quoted(obj), text, _particulars(obj), _kind(obj)]
    if not _is_titled_link(obj):
        parts += links(obj)
    parts.append(anchor(link) if link else "")
    return "".join(part for part in parts if part)


def title(obj: Json) -> str:
    """Of a Page about another page it is the link to that."""
    shown = html.escape(html.warning(jsonld.text(obj.get("name"))))
    if shown and _is_titled_link(obj):
        shown = f'<a href="{html.escape(_attached_links(obj)[0])}">{shown}</a>'
    return html.from_fediverse(f"<p><strong>{shown}</strong></p>") if shown else ""


def _is_titled_link(obj: Json) -> bool:
    return "Page" in jsonld.types(obj) and len(_attached_links(obj)) == 1


def links(obj: Json) -> list[str]:
    """Attached links are text for the reader, not files."""
    return [anchor(href) for href in _attached_links(obj)]


def _attached_links(obj: Json) -> list[str]:
    items = (item for item in jsonld.as_list(obj.get("attachment"))[:32] if isinstance(item, dict))
    hrefs = [jsonld.link(item) for item in items if "Link" in jsonld.types(item)]
    return [href for href in dict.fromkeys(hrefs[:16]) if href]


def anchor(url: str) -> str:
    shown = html.escape(url)
    return html.from_fediverse(f'<p><a href="{shown}">{shown}</a></p>')


def _quoted(obj: Json) -> str:
    """BookWyrm: words out of a book stand in `quote`, which elsewhere is the id of a post."""
    if "Quotation" not in jsonld.types(obj):
        return ""
    words = html.from_fediverse(jsonld.text(obj.get("quote")))
    return html.from_fediverse(f"<blockquote>{words}</blockquote>") if words else ""


def _kind(obj: Json) -> str:
    kinds = jsonld.types(obj)
    if not kinds or not _PLAIN.isdisjoint(kinds):
        return ""
    shown = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", html.warning(kinds[0])[:50])
    return html.from_fediverse(f"<p><sub>{html.escape(shown.capitalize())}</sub></p>")


def _particulars(obj: Json) -> str:
    """When, how long, how good: events, films and reviews."""
    lines = [
        _STATES.get(jsonld.text(obj.get("ical:status")), ""),
        _when(obj),
        _lasting(obj.get("duration")) or _lasting(_sound(obj).get("duration")),
        _rating(obj.get("rating")),
    ]
    shown = [html.escape(line) for line in lines if line]
    shown += [_labelled("About", obj.get("inReplyToBook"))]
    shown += [_labelled("Take part", obj.get("externalParticipationUrl"))]
    told = "<br>".join(line for line in shown if line)
    return html.from_fediverse(f"<p>{told}</p>") if told else ""


def _labelled(label: str, value: Any) -> str:
    url = html.escape(jsonld.link(jsonld.id_of(value)))
    return f'{label}: <a href="{url}">{url}</a>' if url else ""


# ---- times


def _when(obj: Json) -> str:
    start, end = _moment(obj.get("startTime")), _moment(obj.get("endTime"))
    if start is None:
        return _raw(obj.get("startTime"), obj.get("endTime"))
    zone = jsonld.text(obj.get("timezone"))
    shown = zone if _ZONE.fullmatch(zone) else _offset(start)
    if end is None or end <= start:
        return f"{_day(start)}, {start:%H:%M} ({shown})"
    if end.date() == start.date():
        return f"{_day(start)}, {start:%H:%M} – {end:%H:%M} ({shown})"
    return f"{_day(start)}, {start:%H:%M} – {_day(end)}, {end:%H:%M} ({shown})"


def _moment(value: Any) -> datetime | None:
    """As it is written there, with its own offset."""
    if jsonld.millis(value) is None:
        return None
    moment = datetime.fromisoformat(jsonld.text(value))
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _day(moment: datetime) -> str:
    return f"{moment.day} {moment:%B %Y}"


def _offset(moment: datetime) -> str:
    minutes = int((moment.utcoffset() or moment - moment).total_seconds()) // 60
    if not minutes:
        return "UTC"
    sign = "-" if minutes < 0 else "+"
    return f"UTC{sign}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}"


def _raw(*times: Any) -> str:
    return html.warning(" – ".join(filter(None, map(jsonld.text, times))))


def _lasting(value: Any) -> str:
    """`PT1145S`, or a number of seconds."""
    if isinstance(value, int) and not isinstance(value, bool):
        return _shown(value) if 0 < value < 10**8 else ""
    text = jsonld.text(value)
    found = _DURATION.fullmatch(text)
    if not found:
        return html.warning(text)
    days, hours, minutes, seconds = (int(part or 0) for part in found.groups())
    return _shown(((days * 24 + hours) * 60 + minutes) * 60 + seconds)


def _shown(seconds: int) -> str:
    hours, rest = divmod(seconds, 3600)
    minutes, rest = divmod(rest, 60)
    parts = [(hours, "h"), (minutes, "min"), (0 if hours else rest, "s")]
    return " ".join(f"{number} {unit}" for number, unit in parts if number)


def _rating(value: Any) -> str:
    """Halves count: BookWyrm."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return ""
    if not 0 < value <= _STARS:
        return ""
    full = int(value)
    half = "½" if value - full >= 0.5 else ""
    return f"{'★' * full}{half} ({value:g} of {_STARS})"


# ---- what else kinds of software say in words of their own


def _sound(obj: Json) -> Json:
    """Castopod: the sound of an episode is an object of its own."""
    sound = jsonld.first(obj.get("audio"))
    return sound if isinstance(sound, dict) else {}


def spoken(obj: Json) -> str:
    """The language, where a kind of software has a word of its own for it: Mobilizon."""
    return jsonld.text(obj.get("inLanguage"))
