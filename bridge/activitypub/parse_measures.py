"""What moderators do in a group, as Lemmy and those who do like it write it. Pure.

Whether it is the group's list, and whether they moderate, the caller asks.
"""

from typing import Any

from bridge import html, names
from bridge.activitypub import jsonld
from social.acts import Undo
from social.measures import Appoint, Expel, Feature, Lock, Measure, Remove

Json = dict[str, Any]
KINDS = frozenset({"Add", "Block", "Delete", "Lock", "Remove", "Undo"})
_WORDS = 500
_UNDOABLE = frozenset({"Block", "Delete", "Lock"})


def addressed(activity: Json) -> list[str]:
    """Which groups it may be about: the one it names as such, then whom else it is for."""
    said = (activity.get(key) for key in ("audience", "target", "cc", "to"))
    found = (jsonld.id_of(one) for value in said for one in jsonld.as_list(value)[:20])
    inner = jsonld.first(activity.get("object"))
    more = addressed(inner) if isinstance(inner, dict) and "Undo" in jsonld.types(activity) else []
    # A list of the group's may stand for it: see `Add`.
    wanted = [uri for one in found if one for uri in (one, one.rpartition("/")[0])]
    return list(dict.fromkeys(uri for uri in (*wanted, *more) if names.origin_of(uri)))


def read(
    activity: Json, actor: str, at: int, group: str, lists: tuple[str, str] = ("", "")
) -> Measure | Undo | None:
    """None for what says nothing of this kind. `lists`: what stands on top of the group, and who
    moderates it.
    """
    kind = next((kind for kind in jsonld.types(activity) if kind in KINDS), "")
    if kind != "Undo":
        said = _measure(kind, activity, actor, at=at, group=group, lists=lists)
        removed = said if kind == "Remove" else None
        return Undo(author=actor, uri="", at=at, undone=removed) if removed else said
    inner = jsonld.first(activity.get("object"))
    if not isinstance(inner, dict) or jsonld.id_of(inner.get("actor")) not in {"", actor}:
        return None
    kind = next((kind for kind in jsonld.types(inner) if kind in _UNDOABLE), "")
    undone = _measure(kind, inner, actor, at=at, group=group, lists=lists)
    return Undo(author=actor, uri="", at=at, undone=undone) if undone else None


def _measure(
    kind: str, said: Json, actor: str, *, at: int, group: str, lists: tuple[str, str]
) -> Measure | None:
    uri, about = jsonld.id_of(said), jsonld.id_of(jsonld.first(said.get("object")))
    target = jsonld.id_of(jsonld.first(said.get("target")))
    if not names.origin_of(about) or (uri and not names.same_origin(uri, actor)):
        return None
    reason = html.warning(html.plain(jsonld.text(said.get("summary"))))[:_WORDS]
    told: dict[str, Any] = {"author": actor, "group": group, "uri": uri, "at": at}
    match kind:
        case "Add" | "Remove" if same(target, lists[0]):
            return Feature(post=about, collection=target, **told)
        case "Add" | "Remove" if same(target, lists[1]):
            return Appoint(target=about, collection=target, **told)
        case "Lock":
            return Lock(post=about, reason=reason, **told)
        case "Delete" if "summary" in said:
            return Remove(post=about, reason=reason, **told)
        case "Block" if target == group:
            until = jsonld.millis(said.get("endTime")) or jsonld.millis(said.get("expires")) or 0
            wipe = said.get("removeData") is True
            return Expel(target=about, until=until, wipe=wipe, reason=reason, **told)
        case _:
            return None


def same(one: str, other: str) -> bool:
    """Lemmy has written a slash too many into the addresses of its lists."""
    return bool(one) and _plain(one) == _plain(other)


def _plain(uri: str) -> str:
    scheme, _, rest = uri.partition("://")
    return f"{scheme}://{rest.replace('//', '/')}".rstrip("/")
