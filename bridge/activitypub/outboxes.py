"""What somebody wrote before anybody here followed them: the newest of it, read from their outbox.

A luxury: where it cannot be had, nothing is missing but the past.
"""

import time
from collections.abc import Iterator
from typing import Any

from bridge import names
from bridge.activitypub import actors, jsonld, parse, quotes
from bridge.errors import Trouble
from bridge.network import Said
from social.acts import OPEN, Publish
from social.models import Actor

MANY = 20  # posts


def newest(author: Actor, *, at: int, deadline: float) -> list[Said]:
    """Oldest first; only what is open to everybody."""
    found: list[Said] = []
    try:
        for item in items(author):
            if time.monotonic() > deadline:
                break
            document = _whole(item, author)
            if document is None:
                continue
            act = parse.parse(document, at=at, followers=author.followers)
            if isinstance(act, Publish) and act.author == author.uri and act.visibility in OPEN:
                found.append(quotes.unproven(Said(act, jsonld.dumps(document))))
    except Trouble:
        pass
    return found[::-1]


def items(author: Actor) -> Iterator[Any]:
    """Of the first page, wherever it stands; nothing of another server's."""
    top = _near(actors.get(author.uri).get("outbox"), author)
    page = top if "orderedItems" in top or "items" in top else _near(top.get("first"), author)
    yield from jsonld.as_list(page.get("orderedItems") or page.get("items"))[:MANY]


def _near(said: Any, author: Actor) -> dict[str, Any]:
    """A collection or a page, inline or by its id."""
    if isinstance(said, dict) and len(said) > 1:
        return said
    uri = jsonld.id_of(said)
    return actors.get(uri) if names.same_origin(uri, author.uri) else {}


def _whole(item: Any, author: Actor) -> dict[str, Any] | None:
    """Some list ids only, or activities that hold no more than an id. A list of ids elsewhere would
    make us knock at strangers' doors.
    """
    if isinstance(item, dict) and "Create" not in jsonld.types(item):
        return None
    inner = jsonld.first(item.get("object")) if isinstance(item, dict) else item
    if isinstance(inner, str):
        return actors.get(inner) if names.same_origin(inner, author.uri) else None
    return item if isinstance(item, dict) else None
