"""What somebody elsewhere put on top of their profile: which list that is, and what is in it."""

import time
from contextlib import suppress

from django.core.cache import cache

from bridge import names
from bridge.activitypub import actors, fetched, jsonld
from bridge.errors import Forbidden, Trouble
from bridge.network import Said
from social import actions, pins
from social.acts import Act, Pin, Publish
from social.models import Actor

HOUR = 3600  # seconds for which an actor's list is known


def check(author: Actor, collection: str) -> None:
    """The actor's own document says which of its lists is this one. Raises Forbidden."""
    if not author.follows_in.filter(follower__owner__isnull=False, state="accepted").exists():
        raise Forbidden("nobody here follows them")
    if not collection or collection != _of(author):
        raise Forbidden("not the list of what they pinned")


def _of(author: Actor) -> str:
    key = names.mark("featured", author.uri)
    known = cache.get(key)
    if known is None:
        known = jsonld.id_of(actors.get(author.uri).get("featured"))
        known = known if names.same_origin(known, author.uri) else ""
        cache.set(key, known, HOUR)
    return str(known)


def forget(author: Actor) -> None:
    """They say anew who they are, and may name another list."""
    cache.delete_many([names.mark("featured", author.uri)])


def shown_by(act: Act, at: int, deadline: float) -> list[Said]:
    """The post that is pinned now, where nobody here has seen it. Raises Trouble."""
    if not isinstance(act, Pin) or actions.post(act.post):
        return []
    found = fetched.whole(act.post, at, deadline)
    if not any(isinstance(said.act, Publish) and _is_said_by(said.act, act) for said in found):
        raise Forbidden("nobody can pin what somebody else wrote")
    return found


def _is_said_by(post: Publish, act: Pin) -> bool:
    return post.post == act.post and post.author == act.author


def all_of(author: Actor, *, at: int, deadline: float) -> list[Said]:
    """The posts and that they are pinned, as far as they can be had. The newest stand first."""
    with suppress(Trouble):
        collection = _of(author)
        listed = actors.get(collection) if collection else {}
        items = jsonld.as_list(listed.get("orderedItems") or listed.get("items"))[: pins.SHOWN]
        uris = [uri for uri in map(jsonld.id_of, items) if names.same_origin(uri, author.uri)]
        found: list[Said] = []
        for number, uri in enumerate(reversed(uris)):
            if time.monotonic() < deadline:
                pin = Pin(author=author.uri, post=uri, uri="", at=at - len(uris) + number)
                with suppress(Trouble):
                    found += [*shown_by(pin, at, deadline), Said(pin)]
        return found
    return []
