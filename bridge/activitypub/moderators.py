"""Who moderates a group elsewhere, and which lists are its own: its own document says so."""

from django.core.cache import cache

from bridge import names
from bridge.activitypub import actors, jsonld
from social.models import Actor

MANY = 50  # moderators of one group
AGAIN = 300  # seconds until they are asked after again


def of(group: Actor, *, anew: bool = False) -> frozenset[str]:
    """Asked of the group's server, once in a while, or now. Raises Trouble."""
    mark = names.mark("moderators", group.uri)
    kept = None if anew else cache.get(mark)
    if kept is None:
        _, uri = lists(group, anew=anew)
        there = actors.get(uri) if names.same_origin(uri, group.uri) else {}
        items = jsonld.as_list(there.get("orderedItems") or there.get("items"))[:MANY]
        kept = [found for found in map(jsonld.id_of, items) if found]
        cache.set(mark, kept, AGAIN)
        actors.keep_moderators(group, kept)
    return frozenset(kept)


def lists(group: Actor, *, anew: bool = False) -> tuple[str, str]:
    """URIs of what stands on top of it, and of who moderates it; empty where it names none."""
    mark = names.mark("lists", group.uri)
    kept = None if anew else cache.get(mark)
    if kept is None:
        said = actors.get(group.uri)
        kept = (
            jsonld.id_of(jsonld.first(said.get("featured"))),
            jsonld.id_of(jsonld.first(said.get("attributedTo"))),
        )
        cache.set(mark, kept, AGAIN)
    featured, by = kept
    return str(featured), str(by)
