"""What the bot notes in rooms for a rebuild: receipts, and lines of the ledger. Pure."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from bridge.matrix import shapes, vocabulary
from bridge.matrix.sending import Send, fitted, plain_json, stamp, storable


def receipt(
    event_id: str,
    document_uri: str,
    act_uri: str,
    raw: str,
    *,
    visibility: str,
    to: Iterable[str],
    cc: Iterable[str],
    at: int,
    beside: bool = True,
) -> Send:
    """What the world was given for an event: clients show nothing of it.

    `beside`: the event is in the same room. Homeservers refuse a relation to any other.
    """
    related = {"m.relates_to": {"rel_type": "m.reference", "event_id": event_id}}
    content = {
        "v": 1,
        "id": document_uri,
        "act": act_uri,
        "event": event_id,
        **storable(raw),
        "vis": visibility,
        "at": stamp(at),
        **(related if beside else {}),
    }
    addressed = {"to": list(to), "cc": list(cc)}
    sent = _first_that_fits(vocabulary.RECEIPT, content | addressed, content, _without_raw(content))
    if "raw" in sent.content or not (frame := framed(raw)):
        return sent
    whole = fitted(vocabulary.RECEIPT, sent.content | {"frame": frame})
    return whole if isinstance(whole, Send) else sent


def framed(raw: str) -> str:
    """A Create without what it creates: what stands around the words of an edit, once the file
    with the first words is gone.
    """
    try:
        activity = json.loads(raw)
    except ValueError:
        return ""
    if shapes.mapping(activity).get("type") != "Create":
        return ""
    frame = {key: value for key, value in activity.items() if key != "proof"}
    return shapes.clean(json.dumps(frame | {"object": None}, ensure_ascii=False))


def ledger(
    op: str,
    *,
    direction: str,
    actor: str,
    object: str,  # noqa: A002 -- the word of the ledger
    act: str,
    state: str,
    ts: int,
    **more: Any,
) -> Send:
    """One line of the ledger in the owner's desk."""
    entry = {"op": op, "dir": direction, "actor": actor, "object": object, "act": act}
    content = {"v": 1, **entry, "state": state, "ts": stamp(ts)}
    full = {key: plain_json(value) for key, value in more.items()} | content
    return _first_that_fits(vocabulary.LEDGER, full, content)


def _first_that_fits(kind: str, *contents: dict[str, Any]) -> Send:
    """The smallest one is made of a few identifiers and always fits."""
    for content in contents:
        sent = fitted(kind, plain_json(content))
        if isinstance(sent, Send):
            return sent
    return Send(kind, plain_json(contents[-1]))


def _without_raw(content: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in content.items() if key != "raw"}
