"""What is pinned, as activities: it is put into the list of its author, or taken out of it."""

from collections.abc import Sequence
from typing import Any

from bridge.activitypub.jsonld import PUBLIC
from social.acts import Pin

Json = dict[str, Any]


def added(act: Pin, followers: Sequence[str]) -> Json:
    return _changed("Add", act.uri, act, followers)


def removed(act: Pin, followers: Sequence[str]) -> Json:
    """Nobody reads an Undo of an Add, so it is its opposite."""
    return _changed("Remove", f"{act.uri}/undo", act, followers)


def _changed(kind: str, uri: str, act: Pin, followers: Sequence[str]) -> Json:
    return {
        "id": uri,
        "type": kind,
        "actor": act.author,
        "to": [PUBLIC],
        "cc": list(followers),
        "object": act.post,
        "target": act.collection,
    }
