"""FEP-8fcf: whether two servers agree on who of the one follows somebody of the other.

Each `Create` to followers carries a digest of those who live where it goes. The digests for all
hosts are made at once and kept until a follower comes or goes: a crowd costs what one costs.
"""

import hashlib
import re
from collections import OrderedDict
from collections.abc import Iterable, Mapping

from django.conf import settings
from django.core.cache import cache
from django.db.models import Count, Max, QuerySet, Sum

from bridge import errands, names
from bridge.activitypub import signatures
from bridge.errors import Trouble
from bridge.models import Errand
from social.models import Actor, Follow

HEADER = "Collection-Synchronization"
MANY = 20  # senders whose followers are kept in mind
LOOKED = 600  # seconds for which a digest that was looked at is not looked at again
SOON = 60  # seconds: what is on its way between us arrives first
_PARAMETER = re.compile(r'\s*([A-Za-z]+)="([^"\\]*)"\s*(?:,|$)')
_DIGEST = re.compile(r"[0-9a-fA-F]{64}")

Stamp = tuple[object, ...]
known_shares: OrderedDict[str, tuple[Stamp, Mapping[str, str]]] = OrderedDict()


def digest(uris: Iterable[str]) -> str:
    """The SHA-256 of each, XORed; nobody at all is zero."""
    return _hex(_mixed(uris))


def _mixed(uris: Iterable[str]) -> int:
    mixed = 0
    for uri in uris:
        mixed ^= int.from_bytes(hashlib.sha256(uri.encode()).digest(), "big")
    return mixed


def _hex(mixed: int) -> str:
    return f"{mixed:064x}"


def of_origin(owner: Actor, origin: str) -> list[str]:
    """Who of one server follows somebody here."""
    rows = _accepted(owner.uri).filter(follower__uri__startswith=f"{origin}/")
    return sorted(rows.values_list("follower__uri", flat=True))


def _accepted(owner: str) -> QuerySet[Follow]:
    return Follow.objects.filter(target__uri=owner, state="accepted")


# ---- told


def header(sender: str, inbox: str, shares: Mapping[str, str]) -> dict[str, str]:
    """What goes with a `Create` of somebody here to their followers at this inbox."""
    found = shares.get(names.origin_of(inbox), _hex(0))
    value = (
        f'collectionId="{sender}/followers", url="{sender}/followers_synchronization",'
        f' digest="{found}"'
    )
    return {HEADER: value}


def is_told(document: str, body: str, sender: str) -> bool:
    """Whether a kept document is such a `Create`."""
    ours = document.startswith(f"{settings.OWNROOM_ORIGIN}/ap/o/") and document.endswith("/create")
    return ours and f'"{sender}/followers"' in body


def shares(sender: str) -> Mapping[str, str]:
    """Per origin, the digest of the followers there, as it is now."""
    stamp = _stamp(sender)
    known = known_shares.get(sender)
    if known is None or known[0] != stamp:
        mixed: dict[str, int] = {}
        for uri in _accepted(sender).values_list("follower__uri", flat=True).iterator(2000):
            origin = names.origin_of(uri)
            mixed[origin] = mixed.get(origin, 0) ^ _mixed([uri])
        known = known_shares[sender] = (stamp, {origin: _hex(one) for origin, one in mixed.items()})
        while len(known_shares) > MANY:
            known_shares.popitem(last=False)
    return known[1]


def _stamp(sender: str) -> Stamp:
    """Other than before whenever somebody came or went."""
    rows = _accepted(sender).order_by()
    found = rows.aggregate(Count("pk"), Sum("pk"), Max("pk"))
    return tuple(found.values())


# ---- heard


def compare(signed: signatures.Request, signer: Actor) -> None:
    """A digest that is not ours means that one of the two is wrong: their list is asked for later.

    What the signature does not cover, or is about somebody else, is not read.
    """
    said = next((value for name, value in signed.headers if name == HEADER.lower()), "")
    if not said or not _covered(signed):
        return
    found = dict(_PARAMETER.findall(said[:8192]))
    theirs, place = found.get("digest", "").lower(), found.get("url", "")
    if not _DIGEST.fullmatch(theirs) or found.get("collectionId") != signer.followers:
        return
    if not (signer.followers and names.same_origin(place, signer.uri)):
        return
    if not cache.add(names.mark("followers", f"{signer.uri} {theirs}"), 1, LOOKED):
        return
    here = _accepted(signer.uri).filter(follower__owner__isnull=False)
    if digest(here.values_list("follower__uri", flat=True)) != theirs:
        errands.put(Errand.Kind.FOLLOWERS, signer.uri, after=SOON, place=place)


def _covered(signed: signatures.Request) -> bool:
    try:
        return signatures.covers(signed, HEADER.lower())
    except Trouble:
        return False
