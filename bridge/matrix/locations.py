"""Places in rooms: `m.location` read, and what clients with maps are told (MSC3488). Pure."""

import re
from collections.abc import Mapping
from typing import Any

from bridge import html
from bridge.matrix import shapes
from social import geography
from social.geography import Place

KIND = "m.location"
_EXTENSIBLE = ("org.matrix.msc3488.location", "m.location")
_GEO = re.compile(
    r"geo:([^,;?\s]{1,40}),([^,;?\s]{1,40})(?:,[^,;?\s]{1,40})?((?:;[^;?\s]{1,60}){0,8})"
)
# What clients write where nobody said anything: "Location geo:48.2,16.3 at 2026-…".
_SAYS_NOTHING = re.compile(r"(?:user |live )?location\b.{0,200}|geo:.{0,200}", re.IGNORECASE)
_LONGEST = 300


def read(content: Mapping[str, Any]) -> Place | None:
    """RFC 5870; another reference system than that of satellites is not read."""
    told = next(filter(None, (shapes.mapping(content.get(key)) for key in _EXTENSIBLE)), {})
    uri = shapes.text(content.get("geo_uri")) or shapes.text(told.get("uri"))
    found = _GEO.fullmatch(uri.strip())
    if not found:
        return None
    said = dict(part.partition("=")[::2] for part in found[3].lower().split(";") if part)
    if said.get("crs", "wgs84") != "wgs84":
        return None
    name = shapes.text(told.get("description")) or shapes.text(content.get("body")).strip()
    name = "" if _SAYS_NOTHING.fullmatch(name) else html.warning(name)[:_LONGEST]
    place = geography.placed(name, found[1], found[2], said.get("u", ""))
    return place if place and place.latitude else None


def line(place: Place) -> str:
    """HTML, below the words."""
    name, link = html.escape(geography.shown(place)), html.escape(geography.on_a_map(place))
    shown = f'<a href="{link}">{name}</a>' if link else name
    return f"<p>\N{ROUND PUSHPIN} {shown}</p>"


def keys(place: Place | None) -> dict[str, Any]:
    if place is None or not place.latitude:
        return {}
    around = f";u={place.radius}" if place.radius else ""
    told = {"uri": f"geo:{place.latitude},{place.longitude}{around}"}
    return {_EXTENSIBLE[0]: told | ({"description": place.name} if place.name else {})}
