"""Somebody elsewhere, looked at once more where they go on speaking: an `Update` may be lost, and
some servers send none.

What their own server shows by now is received as if they had just said it.
"""

from dataclasses import replace

from django.core.cache import cache
from django.utils import timezone

from bridge import errands, names, turns
from bridge import inbox as store
from bridge.activitypub import actors, parse
from bridge.errors import Gone, Later
from bridge.models import Errand
from social import profiles, replay
from social.acts import Ignored, Profile
from social.models import Actor

SOON = 60.0  # seconds: whoever does one thing often does another
HOUR = 3600


def notice(author: Actor) -> None:
    """They did something here: a day after they were last looked at, they are again."""
    if author.is_local or author.fetched > timezone.now() - actors.FRESH:
        return
    if cache.add(names.mark("renewal", author.uri), 1, HOUR):
        errands.put(Errand.Kind.ACTOR, author.uri, after=SOON)


def look(errand: Errand) -> None:
    """Raises Trouble."""
    actor = Actor.objects.filter(uri=errand.about, owner=None, left=None).first()
    if actor is None:
        return
    try:
        document = actors.get(actor.uri)
    except actors.Absent:
        raise  # it may be hidden from us alone
    except Gone:
        store.receive("activitypub", [actors.goodbye(actor)])
        return
    at = int(timezone.now().timestamp() * 1000)
    actors.looked_at(actor)
    if not _is_known(actor, parse.profile(document, at=at)):
        store.receive("activitypub", [_shown(actor, document, at)])


def meet(errand: Errand) -> None:
    """Of whom a rebuild knew no more than that posts of people here name them. Raises Trouble."""
    try:
        actor = actors.find(errand.about)
    except Later as error:
        raise errands.patient(errand, error) from None
    with turns.writing():
        replay.address(actor)


def _is_known(actor: Actor, found: Profile | Ignored) -> bool:
    """Apart from what stands elsewhere: its moderators, and whether its handle was confirmed."""
    if isinstance(found, Ignored):
        return True
    known = profiles.profile_of(actor)
    return replace(found, domain=known.domain, moderators=known.moderators) == known


def _shown(actor: Actor, document: dict[str, object], at: int) -> store.Arrival:
    uri = f"{actor.uri.partition('#')[0]}#shown/{at}"
    said = {"id": uri, "type": "Update", "actor": actor.uri, "object": document}
    return actors.as_from(actor, said)
