"""Places on both sides of ActivityPub (Activity Vocabulary, `location` and `Place`). Pure.

Below the words stands a link to a map, for those who show no places; we leave it out again.
"""

from typing import Any

from bridge import html
from bridge.activitypub import jsonld
from social import geography
from social.geography import Place

Json = dict[str, Any]

_ADDRESS = ("streetAddress", "postalCode", "addressLocality", "addressRegion", "addressCountry")
_LONGEST = 300


def read(obj: Json) -> Place | None:
    """A place, or no more than its name."""
    where = jsonld.first(obj.get("location"))
    if isinstance(where, str):
        return geography.placed(_clean(where), "", "") if "://" not in where else None
    if not isinstance(where, dict) or "VirtualLocation" in jsonld.types(where):
        return None
    radius = where.get("radius") if jsonld.text(where.get("units")) in {"", "m"} else ""
    return geography.placed(_named(where), where.get("latitude"), where.get("longitude"), radius)


def _named(where: Json) -> str:
    """Name and address, each word of them once: Mobilizon, Gancio, Pixelfed."""
    address = where.get("address")
    parts = [jsonld.text(where.get("name"))]
    if isinstance(address, dict):
        parts += [jsonld.text(address.get(key)) for key in _ADDRESS]
    else:
        parts.append(jsonld.text(address))
    parts.append(jsonld.text(where.get("country")))
    found: list[str] = []
    for part in map(_clean, parts):
        if part and all(part not in before for before in found):
            found.append(part)
    return ", ".join(found)[:_LONGEST].strip()


def _clean(text: str) -> str:
    return html.warning(text)[:_LONGEST].strip()


def fields(place: Place | None) -> Json:
    if place is None:
        return {}
    said: Json = {"type": "Place"}
    if place.name:
        said["name"] = place.name
    if place.latitude:
        said |= {"latitude": float(place.latitude), "longitude": float(place.longitude)}
    if place.radius:
        said |= {"radius": float(place.radius), "units": "m"}
    return {"location": said}


def line(place: Place | None) -> str:
    if place is None:
        return ""
    name, link = html.escape(geography.shown(place)), html.escape(geography.on_a_map(place))
    shown = f'<a href="{link}">{name}</a>' if link else name
    return html.from_fediverse(f"<p>\N{ROUND PUSHPIN} {shown}</p>")


def without_line(text: str, place: Place | None) -> str:
    below = line(place)
    return text.removesuffix(below) if below else text
