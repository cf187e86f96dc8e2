"""Whom the rooms know: by a ghost's profile, or by a card beside what they did."""

from collections.abc import Mapping
from typing import Any

from bridge.activitypub import actors
from bridge.errors import Trouble, Unreadable
from bridge.loop import run
from bridge.matrix import (
    client,
    enclosed,
    registration,
    shapes,
    uploads,
)
from bridge.matrix.vocabulary import GHOST
from bridge.models import Ghost
from social import acts, once
from social.acts import (
    Introduce,
    Profile,
)
from social.models import Actor


def ghost_actor(mxid: str) -> Actor | None:
    """The remote actor that a ghost of ours speaks for, as its own profile says."""
    if known := met(mxid):
        return known
    if not registration.load().ours(mxid) or mxid == registration.load().bot:
        return None
    shown = run(client.profile(mxid)) or {}
    card = shapes.mapping(shown.get(GHOST))
    actor = from_card(card)
    if face := enclosed.source(shapes.mapping(card.get("face"))):
        uploads.remember(*face)
    if actor:
        Ghost.objects.get_or_create(
            actor=actor,
            defaults={
                "mxid": mxid,
                "registered": True,
                "named": shown.get("displayname") or "",
                "pictured": actor.icon if shown.get("avatar_url") else "",
                "introduced": shapes.number(card.get("at")),
            },
        )
    return actor


def met(mxid: str) -> Actor | None:
    """The same for whoever is in a transaction: the homeserver was asked before, see `_meet`."""
    return once.ask(("ghost", mxid), lambda: Actor.objects.filter(ghost__mxid=mxid).first())


def profile_on(card: Mapping[str, Any]) -> Profile:
    act = acts.load({"act": "Introduce", "author": "", **card})
    if not isinstance(act, Introduce):
        raise Unreadable("a card of nobody")
    return act.profile


def from_card(card: Any) -> Actor | None:
    try:
        profile = profile_on(card)
        known = actors.known(profile.uri)
        return known or actors.keep(profile, at=card["at"])
    except (Trouble, KeyError, TypeError, AttributeError):
        return None
