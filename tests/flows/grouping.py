"""What members of groups say, and what groups pass on."""

from typing import Any

from bridge.demo.neighbourhood import Actor as Neighbour
from tests.fakes.world import PUBLIC, World, note, said
from tests.flows.conftest import Group


def topic(author: Neighbour, group: Neighbour, words: str, title: str = "", **more: Any) -> Any:
    """The Create that the author's server sends to the group; the post stands at its address."""
    page = {"type": "Page", "name": title} if title else {}
    extra = {**page, "audience": group.id, "to": [group.id, PUBLIC], "cc": [], **more}
    return author.post(words, extra=extra).activity


def passes_on(world: World, group: Neighbour, thing: Any, **more: Any) -> dict[str, Any]:
    announce = said(group, "Announce", thing, to=[PUBLIC], cc=[f"{group.id}/followers"], **more)
    assert world.hear(group, announce) == 202
    world.settle()
    return announce


def creates(author: Neighbour, boats: Group, words: str, title: str = "", **more: Any) -> Any:
    """Addressed to the group alone, as Lemmy does."""
    page = {"type": "Page", "name": title} if title else {}
    told = {"audience": boats.id, "to": [PUBLIC, boats.id], "cc": [], **page, **more}
    return said(author, "Create", note(author, words, **told))


def announced(member: Neighbour, kind: str = "") -> list[Any]:
    """What the group told this member, activities or plain ids."""
    found = [one["activity"] for one in member.received("Announce")]
    objects = [one["object"] for one in found]
    if not kind:
        return [one for one in objects if isinstance(one, str)]
    return [one for one in objects if isinstance(one, dict) and one["type"] == kind]
