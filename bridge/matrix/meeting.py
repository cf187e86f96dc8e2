"""Whoever a post names by a handle that nobody here has met is looked for, so that they hear of it.

Few for each post and not for long: the other events of the room wait meanwhile.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.core.cache import cache

from bridge import directory, html, names
from bridge.errors import Later, Trouble
from bridge.matrix import parse, parse_lookups
from bridge.models import Room
from social.models import Actor

MOST = 5  # unknown handles looked for in one post
LONG = 10.0  # seconds, after which no other one is begun
MISS = 3600  # seconds for which a handle that nobody has is not asked for again
SOON = 60  # the same where its server could not be asked


@dataclass(frozen=True, slots=True)
class Met:
    found: dict[str, Actor] = field(default_factory=dict)  # by the handle as written
    missing: list[str] = field(default_factory=list)

    def told(self) -> str:
        """To the author, in their desk; empty where nobody is missing."""
        if not self.missing:
            return ""
        listed = ", ".join(html.escape(written) for written in self.missing)
        return f"<p>I could not find {listed}: who that is was not told of your post.</p>"


def meet(event: Mapping[str, Any], room: Room) -> Met:
    """Of what a stranger writes nobody is looked for: it is published nowhere."""
    accounts = sorted(parse.needs(event).accounts)
    if not accounts or room.kind == Room.Kind.DESK or not room.leased:
        return Met()
    if not Actor.objects.filter(owner=event.get("sender"), left=None).exists():
        return Met()
    met, begun = Met(), time.monotonic()
    unknown = [written for written in accounts if not parse_lookups.by_acct(written)]
    for number, written in enumerate(unknown):
        in_time = number < MOST and time.monotonic() - begun < LONG
        actor = _find(written) if in_time else None
        if actor:
            met.found[written] = actor
        else:
            met.missing.append(written)
    return met


def _find(written: str) -> Actor | None:
    miss = names.mark("nobody", written.lower())
    if cache.get(miss):
        return None
    try:
        return directory.find(written)
    except Later:
        cache.set(miss, 1, SOON)
    except Trouble:
        cache.set(miss, 1, MISS)
    return None
