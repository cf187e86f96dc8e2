"""What moderators do: in a group here, as they tell it; elsewhere, as the group passes it on.

What stands in a group, and who is in it, is the group's own affair: its word does, but only of
those of whom it says that they moderate it.
"""

from dataclasses import replace
from typing import Any

from bridge.activitypub import actors, jsonld, moderators, parse_measures
from bridge.errors import Forbidden
from social import actions, groups
from social.acts import Undo
from social.measures import Appoint, Expel, Measure, Remove
from social.models import Actor

Json = dict[str, Any]
_LISTED = frozenset({"Add", "Remove"})


def in_group_here(activity: Json, author: Actor, at: int) -> Measure | Undo | None:
    """Whether its author moderates the group is asked at the admission."""
    if parse_measures.KINDS.isdisjoint(jsonld.types(activity)):
        return None
    for uri in parse_measures.addressed(activity):
        if groups.here(uri):
            lists = (f"{uri}/featured", f"{uri}/moderators")
            act = parse_measures.read(activity, author.uri, at, uri, lists)
            return None if act is None or _is_their_own(act) else act
    return None


def _is_their_own(act: Measure | Undo) -> bool:
    """Who takes their own words back moderates nobody."""
    said = act.undone if isinstance(act, Undo) else act
    post = actions.post(said.post) if isinstance(said, Remove) else None
    return post is not None and post.author.uri == act.author


def passed_on(inner: Json, group: Actor, at: int) -> Measure | Undo | None:
    """None for what says nothing of this kind. Raises Trouble."""
    author = jsonld.id_of(inner.get("actor"))
    asks = not _LISTED.isdisjoint(jsonld.types(inner))
    lists = moderators.lists(group, anew=True) if asks else ("", "")
    act = parse_measures.read(_unmistakable(inner), author, at, group.uri, lists)
    if act is None or _is_their_own(act):
        return None
    if author not in moderators.of(group):
        raise Forbidden("only its author can take something back, or who moderates the group")
    _check(act, group)
    return _by_the_group(act, group) if actors.find(author).is_local else act


def _unmistakable(inner: Json) -> Json:
    """By whom a Delete is says already what it means; its author's own has another way."""
    if "Delete" in jsonld.types(inner):
        return {"summary": "", **inner}
    undone = jsonld.first(inner.get("object"))
    if "Undo" in jsonld.types(inner) and isinstance(undone, dict):
        return {**inner, "object": _unmistakable(undone)}
    return inner


def _check(act: Measure | Undo, group: Actor) -> None:
    match act.undone if isinstance(act, Undo) else act:
        case Appoint(target=target):
            if (target in moderators.of(group, anew=True)) is isinstance(act, Undo):
                raise Forbidden("the group's own list says something else")
        case Expel(target=target, wipe=wipe):
            found = actors.known(target)
            if found is None or not (found.is_local or (wipe and not isinstance(act, Undo))):
                raise Forbidden("it concerns nobody here")
        case _:
            pass


def _by_the_group(act: Measure | Undo, group: Actor) -> Measure | Undo:
    """Somebody here had asked it to: now it says so itself."""
    if isinstance(act, Undo):
        said = act.undone
        undone = replace(said, author=group.uri) if isinstance(said, Measure) else said
        return replace(act, author=group.uri, undone=undone)
    return replace(act, author=group.uri)
