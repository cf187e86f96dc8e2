"""Follows that one side believes in and the other does not, put right (FEP-8fcf)."""

import hashlib
from contextlib import suppress
from typing import Any

from django.conf import settings
from django.utils import timezone

from bridge import documents, enacting, names, turns
from bridge.activitypub import actors, jsonld
from bridge.errors import Unreadable
from bridge.models import Errand
from bridge.networks import NETWORKS
from social import audience, outbox
from social.actions import Refused
from social.acts import Accept, Act, Follow, Reject, Undo
from social.models import Actor
from social.models import Follow as FollowRow

PAGES = 20
LISTED = 5_000
UNDONE = 50  # at a time, of follows that nobody here knows of
FRESH = 3_600_000  # milliseconds in which a new follow may not have come to their list


def compare(errand: Errand) -> None:
    """Their own list of our people decides. Raises Trouble, where it cannot be read whole."""
    target = Actor.objects.filter(uri=errand.about, owner=None, left=None, suspended=False).first()
    if target is None or not names.same_origin(errand.place, target.uri):
        return
    listed = _listed(errand.place)
    now = int(timezone.now().timestamp() * 1000)
    rows = FollowRow.objects.filter(target=target, follower__owner__isnull=False)
    here = {row.follower.uri: row for row in rows.select_related("follower")}
    for uri, row in here.items():
        if uri in listed and row.state == "pending":
            _do(Accept(author=target.uri, follower=uri, uri=row.uri, at=now))
        if uri not in listed and row.state == "accepted" and row.at < now - FRESH:
            _do(Reject(author=target.uri, follower=uri, uri=row.uri, at=now))
    for uri in sorted(listed - here.keys())[:UNDONE]:
        _take_back(uri, target, now)


def _do(act: Act) -> None:
    with suppress(Refused), turns.writing():
        enacting.carry_out(act)


def _take_back(follower: str, target: Actor, at: int) -> None:
    """They believe that somebody here follows, who does not."""
    who = Actor.objects.local().shown().filter(uri=follower).first()
    if who is None:
        return
    mark = hashlib.sha256(f"{follower} {target.uri} {at}".encode()).hexdigest()[:24]
    said = Follow(author=who.uri, target=target.uri, uri=f"{who.uri}#follows/{mark}", at=at)
    act = Undo(author=who.uri, uri=said.uri, at=at, undone=said)
    network = NETWORKS["activitypub"]
    with turns.writing():
        outbox.tell(
            network.name,
            network.where(act, [target]),
            sender=who.uri,
            subject=audience.subject(act),
            said=None,
            document=documents.keep(act),
        )


def _listed(place: str) -> set[str]:
    """Those of ours in their list. Half a list would end follows that stand."""
    found, seen, part = set[str](), set[str](), actors.get(place)
    for _ in range(PAGES):
        items = jsonld.as_list(part.get("orderedItems") or part.get("items"))
        found |= {jsonld.id_of(item) for item in items}
        seen.add(jsonld.id_of(part))
        following: Any = part.get("next") or part.get("first")
        if not (following or items or _is_empty(part)):
            raise Unreadable("their list does not say who is on it")
        if not following or jsonld.id_of(following) in seen:
            break
        part = _page(following, place)
    else:
        raise Unreadable("their list has no end")
    if len(found) > LISTED:
        raise Unreadable("their list is too long")
    return {uri for uri in found if names.same_origin(uri, settings.OWNROOM_ORIGIN)}


def _is_empty(part: dict[str, Any]) -> bool:
    """Whether it says so itself: what says nothing may be anything."""
    return "orderedItems" in part or "items" in part or part.get("totalItems") == 0


def _page(said: Any, place: str) -> dict[str, Any]:
    if isinstance(said, dict) and ("items" in said or "orderedItems" in said):
        return said
    uri = jsonld.id_of(said)
    if not names.same_origin(uri, place):
        raise Unreadable("their list goes on at another server")
    return actors.get(uri)
