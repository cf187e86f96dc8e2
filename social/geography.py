"""Places as text: coordinates are decimals in words, since rooms keep no fractions. Pure."""

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

_DECIMAL = re.compile(r"[+-]?[0-9]{1,8}(?:[.][0-9]{1,30})?")
_STEP = Decimal("0.000001")  # a tenth of a metre
_FAR = 20_040_000  # metres: half around the world


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where something is. Numbers as text: "48.2", in degrees; `radius`: metres it may be off."""

    name: str = ""  # plain text
    latitude: str = ""
    longitude: str = ""
    radius: str = ""


def decimal(value: Any, most: int) -> str:
    """Of a number, or a text that is one: at most six digits after the point; else nothing."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return ""
    text = f"{value:.7f}" if isinstance(value, float) else str(value).strip()
    found = Decimal(text).quantize(_STEP) if _DECIMAL.fullmatch(text) else None
    if found is None or abs(found) > most:
        return ""
    return f"{found.normalize() + 0:f}"


def placed(name: str, latitude: Any, longitude: Any, radius: Any = "") -> Place | None:
    """None for what has neither a name nor a position."""
    north, east = decimal(latitude, 90), decimal(longitude, 180)
    if not north or not east:
        return Place(name=name) if name else None
    around = decimal(radius, _FAR)
    around = "" if around in {"", "0"} or around.startswith("-") else around
    return Place(name=name, latitude=north, longitude=east, radius=around)


def shown(place: Place) -> str:
    return place.name or f"{place.latitude}, {place.longitude}"


def on_a_map(place: Place) -> str:
    """A page with a map; of a place without a position there is none."""
    if not place.latitude:
        return ""
    north, east = place.latitude, place.longitude
    return f"https://www.openstreetmap.org/?mlat={north}&mlon={east}#map=15/{north}/{east}"
