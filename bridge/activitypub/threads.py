"""What others answered in a conversation and nobody sent us: read from its origin, later, politely.

FEP-f228: from the `context` of the post that began it, a collection of all its posts; where it has
none, from the `replies` of one post after another. Each post found is asked for at its own server.
"""

import time
from collections import Counter, deque
from collections.abc import Iterator
from typing import Any

import orjson
from django.conf import settings

from bridge import names
from bridge.activitypub import actors, fetched, jsonld, quotes
from bridge.errors import Later, Trouble
from bridge.models import Document
from bridge.network import Said
from social import actions, policy
from social.acts import Publish
from social.models import Post

FETCHES = 50  # of all kinds, for one conversation at a time
OF_ONE_HOST = 30  # of these
DEEP = 20  # levels of answers
PAGES = 10  # of one collection
ITEMS = 500  # looked at for one conversation
READING = 25.0  # seconds for all of it


class Spent(Exception):
    """As much was fetched as may be for one conversation; the rest another time."""


class _Walk:
    """One visit to a conversation: what was found, and how much more may be asked."""

    def __init__(self, at: int) -> None:
        self.at = at
        self.deadline = time.monotonic() + READING
        self.asked = Counter[str]()
        self.shut = set[str]()  # hosts in trouble
        self.seen = set[str]()
        self.members = set[str]()  # posts that are here already
        self.found: dict[str, Said] = {}
        self.items = ITEMS

    def document(self, uri: str) -> tuple[dict[str, Any], str]:
        """Raises Spent, or Trouble."""
        self._pay(names.host_of(uri))
        try:
            return actors.document_at(uri)
        except Later:
            self.shut.add(names.host_of(uri))
            raise

    def _pay(self, host: str) -> None:
        if self.asked.total() >= FETCHES or time.monotonic() > self.deadline:
            raise Spent
        if host in self.shut or self.asked[host] >= OF_ONE_HOST:
            raise Later("enough was asked of this host")
        self.asked[host] += 1

    # ---- collections

    def listed(self, said: Any, owner: str) -> Iterator[str]:
        """The ids in a collection of `owner`'s server, whatever its form; nothing of another's."""
        part, seen = self._part(said, owner), set[str]()
        for left in reversed(range(PAGES)):
            for item in jsonld.as_list(part.get("orderedItems") or part.get("items")):
                self.items -= 1
                if self.items < 0:
                    return
                yield _post_of(item)
            seen.add(jsonld.id_of(part))
            following = part.get("next") or part.get("first")
            if not (following and left) or jsonld.id_of(following) in seen - {""}:
                return
            part = self._part(following, owner)

    def _part(self, said: Any, owner: str) -> dict[str, Any]:
        """A collection or a page of one, inline or by its id."""
        if isinstance(said, dict) and not said.keys() <= {"id", "type"}:
            return said
        uri = jsonld.id_of(said)
        return self.document(uri)[0] if names.same_origin(uri, owner) else {}

    # ---- posts

    def post(self, uri: str) -> dict[str, Any] | None:
        """The document of a post that is new here, or that was kept; None where neither is."""
        known = actions.post(uri)
        if known:
            self.members.add(uri)
            return None if known.author.is_local else _kept(uri)
        if fetched.missed(uri) or names.host_of(uri) == settings.OWNROOM_DOMAIN:
            return None
        try:
            document, wire = self.document(uri)
            by = jsonld.id_of(jsonld.first(document.get("attributedTo")))
            if not actors.known(by):
                self._pay(names.host_of(by))
            self.found[uri] = quotes.unproven(fetched.read(document, wire, uri, self.at))
        except Trouble as error:
            fetched.miss(uri, error)
            return None
        return document

    def belonging(self) -> list[Said]:
        """Those that stand, answer by answer, on what is here; each after what it answers."""
        out: list[Said] = []
        standing = set(self.members)
        left = sorted(self.found.values(), key=_when)
        while fit := [said for said in left if _answered(said) in standing]:
            out += fit
            standing |= {said.act.post for said in fit if isinstance(said.act, Publish)}
            left = [said for said in left if said not in fit]
        return out


def _when(said: Said) -> int:
    return said.act.published if isinstance(said.act, Publish) else 0


def _answered(said: Said) -> str:
    return said.act.reply if isinstance(said.act, Publish) else ""


def _post_of(item: Any) -> str:
    """Some list the activities that made the posts."""
    if isinstance(item, dict) and "Create" in jsonld.types(item):
        return jsonld.id_of(jsonld.first(item.get("object")))
    return jsonld.id_of(item)


def _kept(uri: str) -> dict[str, Any] | None:
    text = Document.objects.filter(uri=uri).values_list("body", flat=True).first()
    document = orjson.loads(text) if text else {}
    inner = document.get("object")
    return inner if isinstance(inner, dict) else document


def rest(top: Post, *, at: int) -> list[Said]:
    """The posts below `top` that are not here yet, oldest answers first. Raises Trouble."""
    walk = _Walk(at)
    document, _ = walk.document(top.uri)
    walk.members.add(top.uri)
    walk.seen.add(top.uri)
    try:
        if not _by_context(walk, document, top.uri):
            _by_replies(walk, document, top.uri)
    except Spent:
        pass
    return [said for said in walk.belonging() if not _asks_not_to_be_carried(said)]


def _by_context(walk: _Walk, document: dict[str, Any], top: str) -> bool:
    """Whether there is a collection of the whole conversation, and it could be read."""
    context = jsonld.id_of(document.get("context"))
    if not names.same_origin(context, top):
        return False
    try:
        listed = [uri for uri in walk.listed(context, top) if uri]
    except Trouble:
        return False
    if top not in listed:  # FEP-f228: it has at least the post that begins it
        return False
    for uri in listed:
        if uri not in walk.seen:
            walk.seen.add(uri)
            walk.post(uri)
    return True


def _by_replies(walk: _Walk, document: dict[str, Any], top: str) -> None:
    level = deque([(top, document, 0)])
    while level:
        uri, parent, depth = level.popleft()
        if depth >= DEEP:
            continue
        try:
            listed = [one for one in walk.listed(parent.get("replies"), uri) if one]
        except Trouble:
            continue
        for one in listed:
            if one not in walk.seen:
                walk.seen.add(one)
                if below := walk.post(one):
                    level.append((one, below, depth + 1))


def _asks_not_to_be_carried(said: Said) -> bool:
    author = actions.actor(said.act.author) if said.act else None
    return author is None or policy.opted_out(author)
