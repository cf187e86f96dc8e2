"""What the neighbour does about a message it believes: the behaviour of any normal server."""

from typing import Any
from urllib.parse import urlsplit

from bridge.demo.neighbour import cast
from bridge.demo.neighbour.cast import Actor, Json
from bridge.demo.neighbour.courier import Courier, Delivered
from bridge.demo.neighbour.world import World


def id_of(value: Any) -> str:
    if isinstance(value, dict):
        return str(value.get("id") or "")
    return value if isinstance(value, str) else ""


def ids_of(value: Any) -> list[str]:
    """Peers write a single value where there is only one."""
    many = value if isinstance(value, list) else [value]
    return [uri for uri in map(id_of, many) if uri]


async def heed(world: World, courier: Courier, activity: Json) -> None:
    """`activity` is believed to come from its actor. What we do not know is left alone."""
    target, author = activity.get("object"), id_of(activity.get("actor"))
    match activity.get("type"):
        case "Follow":
            await _followed(world, courier, activity)
        case "Accept" | "Reject":
            _answered(world, author, target, yes=activity["type"] == "Accept")
        case "Undo" if isinstance(target, dict) and target.get("type") == "Follow":
            if followed := world.find(id_of(target.get("object"))):
                followed.followers.pop(author, None)
                followed.asking.pop(author, None)
        case "Create" | "Update" if isinstance(target, dict):
            _shown(world, courier, author, target)
        case "Delete":
            _withdrawn(world, courier, author, id_of(target))
        case _:
            return


async def _followed(world: World, courier: Courier, follow: Json) -> None:
    followed, author = world.find(id_of(follow.get("object"))), id_of(follow.get("actor"))
    if followed is None or followed.gone or author in followed.blocked:
        return
    if followed.locked:
        followed.asking[author] = follow
    else:
        await accept(courier, followed, follow)


async def accept(courier: Courier, followed: Actor, follow: Json) -> tuple[Json, list[Delivered]]:
    author = id_of(follow.get("actor"))
    document = await courier.actor(author)
    followed.asking.pop(author, None)
    followed.followers[author] = wide_inbox(document)
    activity = cast.activity(followed, "Accept", follow)
    return activity, await courier.deliver(followed, [str(document["inbox"])], activity)


def wide_inbox(document: Json) -> str:
    """The shared inbox where there is one."""
    endpoints = document.get("endpoints")
    shared = endpoints.get("sharedInbox") if isinstance(endpoints, dict) else None
    return str(shared or document["inbox"])


def _answered(world: World, author: str, target: Any, *, yes: bool) -> None:
    """Known by the id of our Follow, or by the follower when another id is told."""
    named = id_of(target.get("actor")) if isinstance(target, dict) else ""
    for actor in world.actors.values():
        asked = actor.following.get(author)
        if not asked or (asked != id_of(target) and actor.id != named):
            continue
        if yes:
            actor.accepted.add(author)
        else:
            actor.following.pop(author)
            actor.accepted.discard(author)


def _shown(world: World, courier: Courier, author: str, target: Json) -> None:
    uri = id_of(target)
    if uri == author:
        courier.forget(uri)
    elif id_of(target.get("attributedTo")) == author and _same_origin(uri, author):
        world.seen[uri] = target


def _withdrawn(world: World, courier: Courier, author: str, uri: str) -> None:
    if not _same_origin(uri, author):
        return
    if uri != author:
        world.seen.pop(uri, None)
        return
    courier.forget(uri)
    for actor in world.actors.values():
        actor.followers.pop(author, None)
        actor.following.pop(author, None)
        actor.accepted.discard(author)


def _same_origin(one: str, other: str) -> bool:
    return urlsplit(one)[:2] == urlsplit(other)[:2]
