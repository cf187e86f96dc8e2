"""ActivityPub as a network: read stored activities, know the inboxes, sign and send."""

import asyncio
import time
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import orjson

from bridge import http, keys, names
from bridge.activitypub import (
    actors,
    featured,
    fetched,
    followers,
    group_past,
    groups,
    inboxes,
    jsonld,
    measures,
    outboxes,
    parse,
    proofs,
    quotes,
    renewal,
    reports,
)
from bridge.errors import Busy, Forbidden, Gone, Later, Trouble, Unreadable, is_final
from bridge.loop import in_database
from bridge.models import Document, Key, Received
from bridge.network import Network, Said, Settle
from social import actions, admission, approvals, foresight, policy, polls
from social import groups as social_groups
from social.acts import (
    LETTERS,
    Accept,
    Act,
    AllowQuote,
    Block,
    Boost,
    Decide,
    Follow,
    Ignored,
    Introduce,
    Leave,
    Move,
    Pin,
    Publish,
    React,
    RefuseQuote,
    Reject,
    Report,
    Retract,
    Revise,
    Tally,
    Undo,
)
from social.models import Actor, Delivery
from social.models import Block as BlockRow
from social.models import Boost as BoostRow
from social.models import Follow as FollowRow
from social.models import Reaction as ReactionRow
from social.outbox import Address

PEOPLE = 20  # of a conversation, who are asked after
READING = 20.0  # seconds for everything that one row makes us fetch
CONTENT_TYPE = "application/activity+json"


@dataclass(frozen=True, slots=True)
class Parcel:
    """All that one POST needs, so that sending asks the database nothing."""

    body: bytes
    pair: keys.Pair | None
    kind: str
    refused: str  # why nothing goes to this server
    also: Mapping[str, str]  # headers


class InboxGone(Gone):
    """Nobody lives there any more: its owner is asked after."""


class ActivityPub(Network):
    name = "activitypub"
    calm = 3600.0
    knows_again = False  # many do, by the activity's id; not all
    gathers = True
    sends_documents = True
    looks_ahead = False

    # ---- read

    def ahead(self, lane: str) -> bool:
        """Whoever sends here tries again by itself."""
        return False

    def foresee(self, rows: Sequence[Received]) -> None:
        found = filter(None, map(_announced, rows))
        if posts := set(found):
            foresight.foresee(posts)

    def read(self, row: Received) -> Sequence[Said]:
        activity = jsonld.loads(row.body.encode())
        author = _author(activity)
        if why := policy.host_refused(author.host):
            raise Forbidden(why)
        at = int(row.created.timestamp() * 1000)
        deadline = time.monotonic() + READING
        activity, wire = self._authentic(activity, author, row)
        if groups.is_read(activity, author):
            return groups.read(activity, author, row, deadline)
        if measure := measures.in_group_here(activity, author, at):
            return [Said(measure, wire)]
        *earlier, act = [_parsed(one, author, at) for one in parse.split(activity)]
        if earlier:
            return [Said(one, wire) for one in (*earlier, act)]
        return self._with_context(_ended(_placed(act, author)), wire, author, at, deadline)

    def _with_context(  # noqa: C901  one line an act
        self, act: Act, wire: str, author: Actor, at: int, deadline: float
    ) -> Sequence[Said]:
        """What it stands on goes before it."""
        match act:
            case Publish() if admission.relevant(author, act):
                _meet(act, deadline)
                around, act = fetched.around(act, at, deadline)
                return [*around, Said(act, wire)]
            case Revise(now=now) if admission.relevant(author, now):
                around, now = fetched.around(now, at, deadline)
                return [*around, Said(replace(act, now=now), wire)]
            case Revise():
                return [quotes.unproven(Said(act, wire))]
            case Boost():
                return [*_original(act, author, at, deadline), Said(act, wire)]
            case Introduce():
                featured.forget(author)
                return [Said(actors.confirmed(act), wire)]
            case Accept() if _first_followed(author):
                return [*written_before(author, at, deadline), Said(act, wire)]
            case Pin(collection=collection) | Undo(undone=Pin(collection=collection)):
                featured.check(author, collection)
                return [*featured.shown_by(act, at, deadline), Said(act, wire)]
            case Move():
                return [Said(self._checked_move(act, author), wire)]
            case Report():
                return [Said(reports.about_us(act), wire)]
            case Undo(undone=None):
                return [Said(_completed(act), wire)]
            case AllowQuote() | RefuseQuote() | Retract():
                return [Said(quotes.answered(act), wire)]
            case _:
                return [Said(act, wire)]

    def _authentic(
        self, activity: dict[str, Any], author: Actor, row: Received
    ) -> tuple[dict[str, Any], str]:
        """What the author itself sent stands; what was passed on is fetched from its origin."""
        mine = row.signer == author.uri or proofs.check(activity, author.multikey)
        kind = next(iter(jsonld.types(activity)), "")
        inner = jsonld.first(activity.get("object"))
        if kind not in {"Create", "Update"} and mine:
            return activity, row.body
        uri = jsonld.id_of(inner)
        if mine and isinstance(inner, dict):
            return activity, row.body
        if kind == "Delete":
            if uri == author.uri:
                raise Forbidden("nobody leaves by somebody else's word")
            fetched.confirm_gone(uri)
            return activity, row.body
        if kind not in {"Create", "Update"}:
            raise Forbidden("it was signed by somebody else")
        if not names.same_origin(uri, author.uri):
            raise Forbidden("the object is on another server than its actor")
        document, _ = actors.document_at(uri)
        whole = {**activity, "object": document}
        return whole, jsonld.dumps(whole)

    def _checked_move(self, act: Move, author: Actor) -> Move:
        """The new home is asked, just now, whether it is the old one's (FEP-7628)."""
        target = actors.known(act.target)
        if target is None or not target.is_local:
            if not author.follows_in.filter(follower__owner__isnull=False).exists():
                raise Forbidden("nobody here follows who moves")
            actors.fetch(act.target)
        return act

    def closed(self, row: Received, said: Said | None, problem: str) -> None:
        """Nobody waits for an answer on this side: the inbox gave its 202."""

    # ---- where

    def where(self, act: Act, hearers: Collection[Actor]) -> list[Address]:
        return inboxes.of(act, hearers)

    def past(self, act: Publish | Boost) -> list[Address]:
        """Its own server has told whoever was to hear of it."""
        return []

    # ---- send

    def load(self, rows: Sequence[Delivery]) -> None:
        wanted = {row.document for row in rows}
        kept = Document.objects.filter(uri__in=wanted, gone=False)
        texts = dict(kept.values_list("uri", "body"))
        told = {
            document: followers.shares(sender)
            for document, sender in {(row.document, row.sender) for row in rows}
            if followers.is_told(document, texts.get(document, ""), sender)
        }
        silenced = _suspended({row.sender for row in rows})
        closed = inboxes.closed(rows, texts)
        hosts = {row.to: names.host_of(row.to) for row in rows}
        refused = policy.hosts_refused(hosts.values())
        for row in rows:
            row.load = Parcel(
                body=texts.get(row.document, "").encode(),
                pair=_pair(row.sender),
                kind=actors.peer_kind(row.to),
                refused=refused.get(hosts[row.to], "")
                or ("" if _takes_back(row) else silenced.get(row.sender, ""))
                or closed.get(row.pk, ""),
                also=_also(row, told),
            )

    async def send(self, rows: Sequence[Delivery], settle: Settle) -> None:
        put_off = set[str]()
        for row in rows:
            if row.subject in put_off:
                continue  # it does not overtake
            try:
                response, kind = await self._deliver(row.to, row.load)
            except Busy:
                raise
            except Exception as error:  # noqa: BLE001  an odd row must not stop its lane; `settle` logs
                await settle(row, error)
                if not is_final(error):
                    put_off |= {row.subject} - {""}
                if isinstance(error, InboxGone):
                    await asyncio.to_thread(actors.missing, row.to)
            else:
                await settle(row, None)  # at once: whoever is killed before it sends again
                if kind != row.load.kind:
                    await in_database(actors.remember_kind, row.to, kind)
                if pause := http.used_up(response):
                    raise Busy("it takes no more for now", after=pause)

    async def _deliver(self, url: str, parcel: "Parcel") -> tuple[http.Response, str]:
        """Returns the good answer, and to which kind of signature it was given."""
        if not parcel.body:
            raise Gone("what it said is no longer here")
        if parcel.refused:
            raise Gone(parcel.refused)
        if parcel.pair is None:
            raise Later("its author has no key here with which to sign it")
        kind = parcel.kind
        response = await self._knock(url, parcel, kind, parcel.pair)
        if misunderstood(response):
            kind = "cavage" if kind == "rfc9421" else "rfc9421"
            response = await self._knock(url, parcel, kind, parcel.pair)
        judge(response)
        return response, kind

    async def _knock(self, url: str, parcel: Parcel, kind: str, pair: keys.Pair) -> http.Response:
        url = http.checked(url)  # the spelling that is sent is the one to sign
        signed = actors.signer(kind, pair, parcel.also)("POST", url, parcel.body)
        return await http.post(url, parcel.body, {"Content-Type": CONTENT_TYPE, **signed})


def _also(row: Delivery, told: Mapping[str, Mapping[str, str]]) -> Mapping[str, str]:
    shares = told.get(row.document)
    return {} if shares is None else followers.header(row.sender, row.to, shares)


def _parsed(activity: dict[str, Any], author: Actor, at: int) -> Act:
    act = _addressed(parse.parse(activity, at=at, followers=author.followers))
    if isinstance(act, Ignored):
        raise Unreadable(act.reason)
    return polls.as_told(act, at) if isinstance(act, Revise | Tally) else act


def _announced(row: Received) -> tuple[str, str] | None:
    """A new post, by its URI and its author's, as far as a glance tells."""
    try:
        activity = orjson.loads(row.body)
    except orjson.JSONDecodeError:
        return None
    match activity:
        case {"type": "Create", "actor": str(author), "object": {"id": str(post)}}:
            found = jsonld.id_of(post), jsonld.id_of(author)
            return found if all(found) else None
        case _:
            return None


def _author(activity: dict[str, Any]) -> Actor:
    """Somebody we never met is asked after only where their answer to a post here is passed on."""
    uri = jsonld.id_of(activity.get("actor"))
    if known := actors.known(uri):
        renewal.notice(known)
        return known
    inner = jsonld.first(activity.get("object"))
    answered = inner.get("inReplyTo") if isinstance(inner, dict) else None
    if not actions.post(jsonld.id_of(jsonld.first(answered))):
        raise Forbidden("its actor is unknown")
    return actors.find(uri)


def _placed(act: Act, author: Actor) -> Act:
    """In which group of ours it is said, if its author may say it there."""
    match act:
        case Publish():
            return replace(act, group=social_groups.of(act, author))
        case Revise(now=now):
            return replace(act, now=replace(now, group=social_groups.of(now, author)))
        case _:
            return act


def _ended(act: Act) -> Act:
    """What ends a follow ends it now, however long it waited here: until now they were told."""
    now = int(time.time() * 1000)
    return replace(act, at=now) if isinstance(act, Block | Leave | Reject | Undo) else act


def _original(act: Boost, author: Actor, at: int, deadline: float) -> list[Said]:
    """The post that a boost is about, if somebody here would see the boost."""
    if actions.post(act.post):
        return []
    if not author.follows_in.filter(follower__owner__isnull=False).exists():
        return []
    return fetched.whole(act.post, at, deadline)


def _meet(act: Publish, deadline: float) -> None:
    """Who else is in a conversation has a ghost in its room, or answers would not reach them."""
    if act.visibility not in LETTERS:
        return
    for uri in act.audience[:PEOPLE]:
        if time.monotonic() < deadline and not actors.known(uri):
            with suppress(Trouble):
                actors.find(uri)


def written_before(author: Actor, at: int, deadline: float) -> list[Said]:
    """As far as their own server shows it: of a group its topics, of others the newest and what is
    on top.
    """
    if author.kind == "group":
        return group_past.of(author, at=at, deadline=deadline)
    past = outboxes.newest(author, at=at, deadline=deadline)
    return [*past, *featured.all_of(author, at=at, deadline=deadline)]


def _first_followed(author: Actor) -> bool:
    """Somebody here waits for the answer, and nobody reads them yet."""
    here = author.follows_in.filter(follower__owner__isnull=False)
    return here.exists() and not here.filter(state="accepted").exists()


def _suspended(senders: Collection[str]) -> dict[str, str]:
    found = Actor.objects.filter(uri__in=senders, suspended=True).values_list("uri", flat=True)
    return dict.fromkeys(found, "its author is suspended here")


def _takes_back(row: Delivery) -> bool:
    """What somebody said here is gone, whatever became of them."""
    return row.document == names.deletion_uri(row.subject)


def _pair(uri: str) -> keys.Pair | None:
    """Where there is none now there may be one the next time: only what was found is remembered."""
    with suppress(Actor.DoesNotExist, Key.DoesNotExist):
        return _known_pair(uri)
    return None


@lru_cache(maxsize=1000)
def _known_pair(uri: str) -> keys.Pair:
    actor = Actor.objects.get(uri=uri)
    return keys.of(actor) if actor.is_local else keys.instance()  # passed on for somebody


def replayed(raw: str, *, at: int, followers: str = "") -> Act:
    """An activity that a room kept. Raises Unreadable."""
    act = parse.parse(jsonld.loads(raw.encode()), at=at, followers=followers)
    if isinstance(act, Ignored):
        raise Unreadable(act.reason)
    return act


def misunderstood(response: http.Response) -> bool:
    """Whether the other kind of signature may do: not everybody says so with a 401."""
    named = response.status in {400, 403} and b"signature" in response.body.lower()
    return response.status == 401 or named


def judge(response: http.Response) -> None:
    """What an inbox's answer means for the row and for its lane (protocol: GoToSocial says 500 to
    what it cannot read, so a 500 is held against the row; a 503 against the whole host).
    """
    status = response.status
    if status < 300:
        return
    if status in {408, 425, 429, 502, 503, 504}:
        raise Busy(f"answered {status}", after=http.retry_after(response))
    if status in {401, 500} or status > 504:
        raise Later(f"answered {status}")
    if status == 410:
        raise InboxGone("answered 410")
    raise Gone(f"answered {status}")


def _addressed(act: Act | Ignored) -> Act | Ignored:
    """A bare id says nothing of who is answered, nor whether it is a follow: our own rows do."""
    if not isinstance(act, Accept | Reject) or act.follower or not act.uri:
        return act
    rows = FollowRow.objects.filter(uri=act.uri, target__uri=act.author)
    follower = rows.values_list("follower__uri", flat=True).first()
    if follower:
        return replace(act, follower=follower)
    allowed = isinstance(act, Accept)
    decided = Decide(author=act.author, about=act.uri, allowed=allowed, at=act.at)
    return decided if approvals.waiting(decided) else act


def _completed(act: Undo) -> Undo:
    """A bare id says nothing of what is undone: our own rows do."""
    said: React | Boost | Follow | Block | None = None
    author = act.author
    if (
        row := ReactionRow.objects.select_related("post")
        .filter(uri=act.uri, author__uri=author)
        .first()
    ):
        said = React(author=author, post=row.post.uri, uri=row.uri, emoji=row.emoji, at=row.at)
    elif (
        boost := BoostRow.objects.select_related("post")
        .filter(uri=act.uri, author__uri=author)
        .first()
    ):
        said = Boost(author=author, post=boost.post.uri, uri=boost.uri, at=boost.at)
    elif (
        follow := FollowRow.objects.select_related("target")
        .filter(uri=act.uri, follower__uri=author)
        .first()
    ):
        said = Follow(author=author, target=follow.target.uri, uri=follow.uri, at=follow.at)
    elif (
        block := BlockRow.objects.select_related("target")
        .filter(uri=act.uri, author__uri=author)
        .first()
    ):
        said = Block(author=author, target=block.target.uri, uri=block.uri, at=block.at)
    return Undo(author=author, uri=act.uri, at=act.at, undone=said)
