"""What others answered in a conversation and nobody sent us: read from its origin, later, politely.

FEP-f228: from the `context` of the post that began it, a collection of all its posts; where it has
none, from the `replies` of one post after another. Each post found is asked for at its own server.
Where a group that somebody here follows passed on how it began, what is below stands in its room.
"""

import time
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from typing import Any

import orjson
from django.conf import settings

from bridge import names
from bridge.activitypub import actors, fetched, group_past, jsonld, quotes
from bridge.errors import Later, Trouble
from bridge.models import Document
from bridge.network import Said
from social import actions, conversations, moderating, policy
from social.acts import Publish
from social.models import Post

FETCHES = 50  # of all kinds, for one conversation at a time
OF_ONE_HOST = 30  # of these
DEEP = 20  # levels of answers
PAGES = 10  # of one collection
ITEMS = 500  # looked at for one conversation
READING = 25.0  # seconds for all of it
GROUPS = 3  # in whose rooms it stands


class Spent(Exception):
    """As much was fetched as may be for one conversation; the rest another time."""


class _Walk:
    """One visit to a conversation: what was found, and how much more may be asked."""

    def __init__(self, top: Post, at: int) -> None:
        self.at, self.top = at, top.uri
        self.groups = list(conversations.groups_of(top)[:GROUPS])
        self.named = {top.group, *(group.uri for group in self.groups)}
        self.deadline = time.monotonic() + READING
        self.asked = Counter[str]()
        self.shut = set[str]()  # hosts in trouble
        self.seen = {top.uri}
        self.members = {top.uri: ""}  # posts that are here already, and what each answers
        self.found: dict[str, Said] = {}
        self.items = ITEMS

    def document(self, uri: str) -> tuple[dict[str, Any], str]:
        """Raises Spent, or Trouble."""
        self._pay(names.host_of(uri))
        try:
            return actors.document_at(uri, joins=True)
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
            try:
                part = self._part(following, owner)
            except Trouble:
                return  # what was listed before it stands

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
            self.members[uri] = known.reply
        if known and (known.author.is_local or not self._is_untold(known)):
            return None if known.author.is_local else _kept(uri)
        if fetched.missed(uri) or names.host_of(uri) == settings.OWNROOM_DOMAIN:
            return None
        try:
            document, wire = self.document(uri)
            by = jsonld.id_of(jsonld.first(document.get("attributedTo")))
            if not actors.known(by):
                self._pay(names.host_of(by))
            said = quotes.unproven(fetched.read(document, wire, uri, self.at))
            if self._is_unwanted(said):
                return None
            self.found[uri] = said
        except Trouble as error:
            fetched.miss(uri, error)
            return None
        return document

    def _is_untold(self, known: Post) -> bool:
        """Whether it was said to a group in whose room it is not, since nobody here followed that.

        What a moderator took out of the group says no longer that it is in it.
        """
        group = next((one for one in self.groups if one.uri == known.group), None)
        return group is not None and not known.boosts.filter(author=group).exists()

    def _is_unwanted(self, said: Said) -> bool:
        """With all that answers it: what is said in another group, or was taken out of one of
        these, or is by who asks not to be carried.
        """
        author = actions.actor(said.act.author) if said.act else None
        claimed = said.act.group if isinstance(said.act, Publish) else ""
        elsewhere = bool(self.groups and claimed and claimed not in self.named)
        uri = said.act.post if isinstance(said.act, Publish) else ""
        if any(moderating.is_removed(group.uri, uri) for group in self.groups):
            return True
        return elsewhere or author is None or policy.opted_out(author)

    def belonging(self) -> list[Said]:
        """Those that stand, answer by answer, on what is here; each after what it answers. With
        each that stands on the beginning that its groups passed it on.
        """
        out: list[Said] = []
        left, standing = sorted(_posts(self.found.values()), key=_when), set(self.members)
        while fit := [one for one in left if one[1].reply in standing]:
            out += [told for said, act in fit for told in self._told(said, act)]
            standing |= {act.post for _, act in fit}
            left = [one for one in left if one not in fit]
        return out

    def _told(self, said: Said, act: Publish) -> list[Said]:
        inside = self.groups if self._is_below(act) else []
        return [said, *(one for group in inside for one in group_past.below(said, act, group))]

    def _is_below(self, act: Publish) -> bool:
        """Whoever lists it lists what they like: in it is only what answers the beginning."""
        found = {one.post: one.reply for _, one in _posts(self.found.values())}
        answers, uri = {**self.members, **found}, act.reply
        for _ in range(conversations.HEIGHT):
            if uri == self.top:
                return True
            uri = answers.get(uri, "")
        return False


def _posts(found: Iterable[Said]) -> list[tuple[Said, Publish]]:
    return [(said, said.act) for said in found if isinstance(said.act, Publish)]


def _when(one: tuple[Said, Publish]) -> int:
    return one[1].published


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
    walk = _Walk(top, at)
    document, _ = walk.document(top.uri)
    try:
        if not _by_context(walk, document, top.uri):
            _by_replies(walk, document, top.uri)
    except Spent:
        pass
    return walk.belonging()


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
