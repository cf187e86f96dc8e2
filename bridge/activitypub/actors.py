"""Remote actors: found by URI, by key or by handle, fetched from their origin, kept for a day.

An actor is whoever its own origin says it is: the document's `id` must be the URL it came from.
"""

from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote, urlsplit

from django.conf import settings
from django.core.cache import cache
from django.db.models import Q
from django.utils import timezone

from bridge import errands, http, keys, names, turns
from bridge import inbox as store
from bridge.activitypub import jsonld, parse, signatures
from bridge.errors import Forbidden, Gone, Later, Trouble, Unreadable
from bridge.models import Errand, Peer
from social import actions, once, policy, profiles
from social.acts import Ignored, Introduce, Profile
from social.models import Actor

ACCEPT = 'application/activity+json, application/ld+json; profile="https://www.w3.org/ns/activitystreams"'
FRESH = timedelta(hours=24)
BUDGET = 5.0  # seconds for one fetch while somebody waits at the inbox
WAIT = 1.0  # seconds: a host that answers slowly must not hold up all who knock at our door
MISS = 300  # seconds: a key that could not be had, or did not fit, is not asked for again
SOON = 30  # seconds, where its server was only out of order


class Absent(Gone):
    """Answered 404: it is no more, or we are not to see it."""


class OtherId(Forbidden):
    """The document at an address has another id, on the same server: `found`."""

    def __init__(self, found: str) -> None:
        super().__init__("the document carries another id than its address")
        self.found = found


def known(uri: str) -> Actor | None:
    return actions.actor(uri)


def find(uri: str) -> Actor:
    """From the index while fresh, else from its origin. Raises Trouble."""
    actor = known(uri)
    if actor and (actor.is_local or actor.fetched > timezone.now() - FRESH):
        return actor
    try:
        return fetch(uri, joins=True)
    except Later:
        if actor:  # an old profile is better than none
            return actor
        raise


def find_at(url: str) -> Actor:
    """The same by the address of their page (Mastodon's `/@bob`), whose document has their id."""
    try:
        return find(url)
    except OtherId as page:
        return find(page.found)


def fetch(uri: str, *, joins: bool = False) -> Actor:
    """Asks the origin and stores what it says."""
    document = get(uri, joins=joins)
    now = int(timezone.now().timestamp() * 1000)
    profile = _profile(document, uri, at=now)
    actor = keep(profile, at=now)
    claim = parse.claimed(document)
    if claim and claim[1] != actor.domain:
        _ask_domain(actor, *claim)
    return actor


def _ask_domain(actor: Actor, user: str, host: str) -> None:
    """FEP-2c59: a handle on another domain than the id counts once that domain names the actor."""
    with suppress(Trouble):
        if _webfinger(user, host) == actor.uri:
            _confirm(actor, user, host)


def _profile(document: dict[str, object], uri: str, *, at: int) -> Profile:
    profile = parse.profile(document, at=at)
    if isinstance(profile, Ignored):
        raise Unreadable(profile.reason)
    if profile.uri != uri:
        raise Forbidden("the actor's document carries another id than its address")
    if profile.key_id and not profile.public_key and isinstance(document.get("publicKey"), str):
        key = get(profile.key_id)  # it stands in a document of its own
        return _profile({**document, "publicKey": key}, uri, at=at)
    return profile


def confirmed(act: Introduce) -> Introduce:
    """A profile as its actor pushed it; one without a key, or with its inbox on another host than
    before, is read at its origin instead.
    """
    profile, before = act.profile, known(act.author)
    _check(profile)
    usual = [profile.uri, before.inbox if before else ""]
    if profile.public_key and any(names.same_host(profile.inbox, uri) for uri in usual):
        return act
    return replace(act, profile=_profile(get(profile.uri), profile.uri, at=act.at))


def keep(profile: Profile, *, at: int) -> Actor:
    """Stores or updates a remote actor."""
    _check(profile)
    values = profiles.values_of(profile)
    actor, created = Actor.objects.get_or_create(
        uri=profile.uri,
        defaults={**values, "host": names.host_of(profile.uri), "introduced": at},
    )
    if actor.is_local:
        raise Forbidden("the document claims to be one of our own actors")
    if not created:
        _renew(profile, at)
        looked_at(actor)
        actor.refresh_from_db()
    return actor


@turns.writing()
def _renew(profile: Profile, at: int) -> None:
    """What is new in them counts at once, and whoever hears of an `Update` hears of it, too."""
    with suppress(actions.Refused):  # somebody else fetched it a moment later than we did
        if actions.record(Introduce(author=profile.uri, profile=profile, at=at)):
            errands.put(Errand.Kind.PROFILE, profile.uri)


def looked_at(actor: Actor) -> None:
    """Just now, whatever their server shows."""
    Actor.objects.filter(pk=actor.pk).update(fetched=timezone.now())


def keep_new(cards: Sequence[tuple[Profile, int]]) -> None:
    """In a rebuild: many at once, with the time of each. Those that are known stay as they are,
    and those that may not be, or share a key, are left to `keep`, which says why.
    """
    first = {profile.uri: (profile, at) for profile, at in reversed(cards)}
    fitting = {uri: one for uri, one in first.items() if not _unfit(one[0])}
    told = Counter(profile.key_id for profile, _ in fitting.values())
    same = Q(uri__in=fitting) | Q(key_id__in=told) & ~Q(key_id="")
    known = Actor.objects.filter(same).values_list("uri", "key_id")
    uris, keys_ = {uri for uri, _ in known}, {key for _, key in known}
    rows = [
        Actor(**profiles.values_of(profile), uri=uri, host=names.host_of(uri), introduced=at)
        for uri, (profile, at) in fitting.items()
        if uri not in uris and profile.key_id not in keys_ and told[profile.key_id] == 1
    ]
    Actor.objects.bulk_create(rows, ignore_conflicts=True)
    for actor in Actor.objects.filter(uri__in=fitting):
        once.know(("actor", actor.uri), actor)


def keep_moderators(group: Actor, uris: Sequence[str]) -> None:
    """As the group's own list has them."""
    Actor.objects.filter(pk=group.pk).update(moderators=sorted(uris))


def _check(profile: Profile) -> None:
    if why := _unfit(profile):
        raise why
    if (
        profile.public_key
        and Actor.objects.filter(key_id=profile.key_id)
        .exclude(uri=profile.uri)
        .exclude(key_id="")
        .exists()
    ):
        raise Forbidden("the actor's key belongs to somebody else")


def _unfit(profile: Profile) -> Trouble | None:
    host = names.host_of(profile.uri)
    if not host or host == settings.OWNROOM_DOMAIN:
        return Forbidden("the actor's id is not on another server")
    if not profile.inbox or not profile.handle:
        return Unreadable("the actor has no inbox or no name")
    return None


def get(uri: str, *, joins: bool = False) -> dict[str, object]:
    """A document from its origin, asked for in the name of this server. Raises Trouble."""
    return document_at(uri, joins=joins)[0]


def document_at(uri: str, *, joins: bool = False) -> tuple[dict[str, object], str]:
    """The document whose id is `uri`, and its text, as it is by now; `joins`: or was when somebody
    else asked for it, whose answer is on its way. That will do for what is new here.
    """
    response = _asked(uri, joins=joins)
    if response.status == 404:
        raise Absent("its origin answers 404")
    if response.status == 410:
        raise Gone("its origin answers 410")
    if response.status in {401, 403}:
        raise Forbidden(f"its origin does not show it to us ({response.status})")
    if response.status != 200:
        after = http.retry_after(response)
        raise Later(f"its origin answers {response.status}", after=after)
    document = http.activity_json(response)
    found = jsonld.id_of(document)
    if not names.same_origin(found, response.url) or not names.same_origin(found, uri):
        raise Forbidden("the document's id is on another server than its address")
    if found != uri.split("#", maxsplit=1)[0] and found != uri:
        raise OtherId(found)
    return jsonld.discreet(document, response.body.decode("utf-8", "replace"))


def _asked(uri: str, *, joins: bool) -> http.Response:
    host = names.host_of(uri)
    if host == settings.OWNROOM_DOMAIN:
        raise Forbidden("it is on this server")
    if why := policy.host_refused(host):
        raise Forbidden(why)
    kind = peer_kind(uri)
    response = _knocked(uri, kind, joins=joins)
    if response.status == 401:  # double knock
        other = "cavage" if kind == "rfc9421" else "rfc9421"
        second = _knocked(uri, other, joins=joins)
        if second.status == 200:
            remember_kind(uri, other)
        return second
    return response


def _knocked(uri: str, kind: str, *, joins: bool) -> http.Response:
    sign = signer(kind)
    return http.get(uri, accept=ACCEPT, sign=sign, total=BUDGET, wait=WAIT, asker=kind, joins=joins)


def signer(
    kind: str, pair: keys.Pair | None = None, also: signatures.Headers = signatures.NONE
) -> http.Sign:
    """Signs in the name of `pair`, or of the server's own actor; headers in `also` too."""
    key = (pair or keys.instance()).signing
    write = signatures.sign_rfc9421 if kind == "rfc9421" else signatures.sign_cavage

    def sign(method: str, url: str, body: bytes) -> dict[str, str]:
        return write(method, url, body, key, now=timezone.now().timestamp(), also=also)

    return sign


_kinds: dict[str, str] = {}


def peer_kind(url: str) -> str:
    """Which signature an origin understood last."""
    origin = names.origin_of(url)
    if origin not in _kinds:
        if len(_kinds) > 10_000:
            _kinds.clear()
        row = Peer.objects.filter(origin=origin).first()
        _kinds[origin] = row.signature if row else "cavage"
    return _kinds[origin]


def remember_kind(url: str, kind: str) -> None:
    origin = names.origin_of(url)
    if _kinds.get(origin) != kind:
        _kinds[origin] = kind
        Peer.objects.update_or_create(
            origin=origin, defaults={"signature": kind, "seen": timezone.now()}
        )


def prune(before: datetime) -> int:
    """What was learnt of how an origin speaks before then is learnt again where it matters."""
    return Peer.objects.filter(seen__lt=before).delete()[0]


def missing(inbox: str) -> None:
    """An inbox is gone: if its actor is gone too, their goodbye is received in their stead."""
    for actor in Actor.objects.filter(inbox=inbox, owner=None, left=None):
        try:
            fetch(actor.uri)
        except Absent:
            continue  # it may be hidden from us alone
        except Gone:
            store.receive("activitypub", [goodbye(actor)])
        except Trouble:
            continue  # not our question


def goodbye(actor: Actor) -> store.Arrival:
    """As if they had said so themselves: their own server does, with a 410."""
    uri = actor.uri
    return as_from(actor, {"id": f"{uri}#gone", "type": "Delete", "actor": uri, "object": uri})


def as_from(actor: Actor, activity: dict[str, Any]) -> store.Arrival:
    """What we found out by ourselves, as if they had said it: it walks the same line."""
    return store.Arrival(
        key=str(activity["id"]),
        lane=f"from activitypub {actor.host}"[:300],
        body=jsonld.dumps(activity),
        signer=actor.uri,
    )


# ---- by key


def by_key(key_id: str) -> Actor:
    """The actor who lists this key; fetched when unknown. Raises Trouble."""
    known_by = once.ask(("key", key_id), lambda: Actor.objects.filter(key_id=key_id).first())
    return known_by or _fetch_by_key(key_id)


def refreshed(actor: Actor) -> Actor | None:
    """The actor fetched anew because its key did not fit; at most once in five minutes."""
    if actor.is_local or not cache.add(names.mark("refetch", actor.uri), 1, MISS):
        return None
    try:
        return fetch(actor.uri)
    except Trouble:
        return None


def _fetch_by_key(key_id: str) -> Actor:
    miss = names.mark("key-miss", key_id)
    if reason := cache.get(miss):
        raise (Later if reason == "later" else Forbidden)("its key could not be had a moment ago")
    try:
        actor = fetch(_owner(key_id), joins=True)
    except http.Crowded:  # which says nothing about this key
        raise
    except Later:
        cache.set(miss, "later", SOON)
        raise
    except Trouble:
        cache.set(miss, "no", MISS)
        raise
    if actor.key_id != key_id:
        cache.set(miss, "no", MISS)
        raise Forbidden("the actor does not list this key")
    return actor


def _owner(key_id: str) -> str:
    """The actor behind a key id: the URL before the fragment, or whom the key's document names."""
    address = key_id.split("#", maxsplit=1)[0]
    if known(address) or "#" in key_id:
        return address
    response = _asked(address, joins=True)
    if response.status != 200:
        raise Gone(f"the key's origin answers {response.status}")
    document = http.activity_json(response)
    owner = next(
        (
            found
            for found in (
                jsonld.id_of(document.get("owner")),
                jsonld.id_of(document.get("controller")),
                jsonld.id_of(document),
            )
            if found
        ),
        "",
    )
    if not names.same_origin(owner, address):
        raise Forbidden("the key's owner is on another server")
    return owner


# ---- by handle


def lookup(acct: str) -> Actor:
    """`@bob@example.org` → actor, by WebFinger, confirmed in both directions. Raises Trouble."""
    parsed = names.parse_acct(acct)
    if parsed is None:
        raise Unreadable("that is not a handle; one looks like @name@server")
    user, host = parsed
    if host in {settings.OWNROOM_HANDLE_DOMAIN, settings.OWNROOM_DOMAIN}:
        local = Actor.objects.local().filter(handle__iexact=user).first()
        if local is None:
            raise Gone("nobody has that handle here")
        return local
    stored = Actor.objects.filter(handle__iexact=user, domain=host, left=None).first()
    if stored and stored.fetched > timezone.now() - FRESH:
        return stored
    try:
        actor = fetch(_webfinger(user, host), joins=True)
    except Later:
        if stored is None:
            raise
        return stored  # one may leave or block also those whose server is away
    if actor.domain != host and _called_at_home(actor) == (user.lower(), host):
        _confirm(actor, user, host)
    return actor


def _called_at_home(actor: Actor) -> tuple[str, str] | None:
    """The account that the server of the actor's id names: any domain may claim any actor."""
    with suppress(Trouble):
        subject = _asked_for(actor.handle, actor.host).get("subject")
        if found := names.parse_acct(jsonld.text(subject)):
            return found[0].lower(), found[1]
    return None


def _webfinger(user: str, host: str) -> str:
    for link in jsonld.as_list(_asked_for(user, host).get("links")):
        if isinstance(link, dict) and link.get("rel") == "self" and _is_activity(link.get("type")):
            return jsonld.text(link.get("href"))
    raise Gone(f"{host} knows that name, but not as an ActivityPub actor")


def _asked_for(user: str, host: str) -> dict[str, object]:
    if why := policy.host_refused(host):
        raise Forbidden(why)
    resource = quote(f"acct:{user}@{host}", safe="")
    url = f"{settings.OWNROOM_SCHEME}://{host}/.well-known/webfinger?resource={resource}"
    accept = "application/jrd+json, application/json"
    response = http.get(url, accept=accept, total=BUDGET, asker="nobody", joins=True)
    if response.status in {404, 410}:
        raise Gone(f"{host} knows nobody of that name")
    if response.status != 200:
        raise Later(f"{host} answers {response.status} when asked for that name")
    return jsonld.loads(response.body)


def _is_activity(kind: object) -> bool:
    text = jsonld.text(kind)
    return text.startswith(("application/activity+json", "application/ld+json"))


def _confirm(actor: Actor, user: str, host: str) -> None:
    """A handle on another domain than the id: that domain just named this actor by WebFinger."""
    if actor.handle.lower() == user.lower() and not urlsplit(f"//{host}").username:
        Actor.objects.filter(pk=actor.pk).update(domain=host)
        actor.domain = host
