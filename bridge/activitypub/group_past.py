"""What was said in a group before anybody here followed it: its newest topics, and what it pins.

Its own lists say only that a post stands in it; each is asked for at its author's server, as if
the group had passed it on just now. What was said below them is read later, as of any conversation
(bridge/activitypub/threads.py), and stands here the same way.
"""

import hashlib
import time
from contextlib import suppress
from dataclasses import replace
from typing import Any

from bridge.activitypub import actors, groups, jsonld, moderators, outboxes
from bridge.errors import Trouble
from bridge.network import Said
from social import pins
from social.acts import Boost, Publish
from social.measures import Feature, Lock
from social.models import Actor

Json = dict[str, Any]


def of(group: Actor, *, at: int, deadline: float) -> list[Said]:
    """Oldest first, then what stands on top of it."""
    found: list[list[Said]] = []
    with suppress(Trouble):
        for item in outboxes.items(group):
            if time.monotonic() > deadline:
                break
            found.append(_topic(item, group, at, deadline))
    topics = [said for one in reversed(found) for said in one]
    return [*topics, *_featured(group, topics, at, deadline)]


def _topic(item: Any, group: Actor, at: int, deadline: float) -> list[Said]:
    """An Announce, or what it would hold; a comment is none."""
    announced = isinstance(item, dict) and "Announce" in jsonld.types(item)
    inner = jsonld.first(item.get("object")) if announced else item
    said = inner if isinstance(inner, dict) and "Create" in jsonld.types(inner) else None
    uri = jsonld.id_of(jsonld.first(said.get("object")) if said else inner)
    name = jsonld.id_of(item) if announced else _name(group, uri)
    activity = {"id": name, "type": "Announce", "actor": group.uri, "object": uri}
    with suppress(Trouble):
        *around, told = groups.passed_on(activity, uri, group, at, deadline, inner=said)
        words = around[-1].act if around else None
        if isinstance(words, Publish) and isinstance(told.act, Boost) and not words.reply:
            return [*around, *_dated(told, told.act, words.published), *_locked(told, group, at)]
    return []


def below(said: Said, act: Publish, group: Actor) -> list[Said]:
    """A comment on what the group passed on, as if it had passed it on as well."""
    name = _name(group, act.post)
    document = jsonld.loads(said.wire.encode())
    activity = {"id": name, "type": "Announce", "actor": group.uri, "object": document}
    boost = Boost(author=group.uri, post=act.post, uri=name, at=act.published)
    return _dated(Said(boost, jsonld.dumps(activity)), boost, act.published)


def _name(group: Actor, uri: str) -> str:
    """Where the list holds no announcement of it, or one in another's name."""
    return f"{group.uri}#past/{hashlib.sha256(uri.encode()).hexdigest()[:24]}"


def _dated(told: Said, boost: Boost, published: int) -> list[Said]:
    """It stands where it was said, not where we heard of it."""
    wire = {**jsonld.loads(told.wire.encode()), "published": jsonld.iso(published)}
    return [Said(replace(boost, at=published), jsonld.dumps(wire))]


def _locked(told: Said, group: Actor, at: int) -> list[Said]:
    """Lemmy says so in the post."""
    post = jsonld.first(jsonld.loads(told.wire.encode()).get("object"))
    if not isinstance(post, dict) or post.get("commentsEnabled") is not False:
        return []
    by, uri = group.uri, jsonld.id_of(post)
    return [Said(Lock(author=by, post=uri, group=by, uri=_name(group, f"lock {uri}"), at=at))]


def _featured(group: Actor, known: list[Said], at: int, deadline: float) -> list[Said]:
    """The newest stand first."""
    items: list[Any] = []
    with suppress(Trouble):
        collection, _ = moderators.lists(group)
        listed = actors.get(collection) if collection else {}
        items = jsonld.as_list(listed.get("orderedItems") or listed.get("items"))[: pins.SHOWN]
    there = {said.act.post for said in known if isinstance(said.act, Boost)}
    found: list[Said] = []
    for number, item in enumerate(reversed(items)):
        uri, by = jsonld.id_of(item), group.uri
        told = [] if uri in there or time.monotonic() > deadline else [item]
        found += [said for one in told for said in _topic(one, group, at, deadline)]
        pin = Feature(author=by, post=uri, group=by, uri="", at=at - len(items) + number)
        found.append(Said(pin))
    return found
