"""Conversations on other servers: what is said in them, and how they are read."""

from typing import Any

from social.models import Post
from tests.fakes.liar import Liar, Somebody
from tests.fakes.world import World

Json = dict[str, Any]
T0 = "2026-11-20T12:{minute:02}:00Z"


def note(author: Somebody, name: str, minute: int = 0, **values: Any) -> Json:
    """Served at an address that says its name."""
    uri = f"{author.server.url}/n/{name}"
    given = {"id": uri, "cc": [], "tag": [], "published": T0.format(minute=minute)}
    made = {**author.note(name, to="", **given), **values}
    author.server.serve(f"/n/{name}", made)
    return made


def ids(*notes: Json) -> list[str]:
    return [each["id"] for each in notes]


def look(world: World) -> None:
    world.let_time_pass()
    world.settle()


def known(*notes: Json) -> set[str]:
    return set(Post.objects.filter(uri__in=ids(*notes)).values_list("uri", flat=True))


def collection(server: Liar, path: str, items: Any, **values: Any) -> str:
    document = {"id": server.url + path, "type": "Collection", "items": items, **values}
    return server.serve(path, document)
