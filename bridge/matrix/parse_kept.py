"""What our bot and ghosts keep in rooms: copies, receipts, lines of the ledger. Pure."""

import hashlib
from typing import Any

from bridge.matrix import shapes
from bridge.matrix.readings import Carried, Entry, Receipt
from bridge.matrix.shapes import Event
from social.acts import NARROWING, Ignored, Visibility


def carried(event: Event, kept: dict[str, Any]) -> Carried | Ignored:
    raw = kept.get("raw")
    raw = raw if isinstance(raw, str) else ""
    if raw and _digest(raw) != kept.get("sha256"):
        return Ignored(reason="a damaged copy: its checksum differs")
    uri = shapes.text(kept.get("id"))
    if not uri:
        return Ignored(reason="a copy without the id of what it copies")
    return Carried(
        raw=raw,
        uri=uri,
        act=shapes.text(kept.get("act")),
        by=shapes.text(kept.get("by")),
        kind=shapes.text(kept.get("kind")),
        seen=shapes.number(kept.get("seen")),
        published=shapes.number(kept.get("published")),
        role=shapes.text(kept.get("role")) or "primary",
        ghost=shapes.text(kept.get("ghost")),
        stamp=shapes.text(kept.get("stamp")),
    )


def _digest(raw: str) -> str:
    return hashlib.sha256(raw.encode("utf-8", "surrogatepass")).hexdigest()


def entry(event: Event) -> Entry | Ignored:
    if not shapes.text(event.content.get("op")):
        return Ignored(reason="a ledger entry that says nothing")
    return Entry(raw=event.content)


def receipt(event: Event) -> Receipt | Ignored:
    content = event.content
    uri, about = shapes.text(content.get("id")), shapes.event_ref(content.get("event"))
    if not uri or not about:
        return Ignored(reason="a receipt of nothing")
    raw = content.get("raw")
    raw = raw if isinstance(raw, str) else ""
    if raw and _digest(raw) != content.get("sha256"):
        return Ignored(reason="a damaged receipt: its checksum differs")
    return Receipt(
        event=about,
        uri=uri,
        act=shapes.text(content.get("act")),
        raw=raw,
        visibility=_visibility(shapes.text(content.get("vis"))),
        at=shapes.number(content.get("at")),
        frame=shapes.text(content.get("frame")),
    )


def _visibility(said: str) -> Visibility:
    """Whatever says none is for nobody but those it names."""
    return next((one for one in NARROWING if one == said), "direct")
