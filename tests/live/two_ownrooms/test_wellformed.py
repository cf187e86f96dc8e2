"""The last one: whatever the stories of this folder left in the rooms."""

import pytest

from tests.live.stage import Town, every
from tests.live.two_ownrooms.friends import Friends
from tests.schemas import events as specification

pytestmark = pytest.mark.live


def test_whatever_we_wrote_is_as_the_matrix_specification_has_it(
    towns: tuple[Town, Town], friends: Friends
) -> None:
    """The last one: all that the stories above left in the rooms of those who live there."""
    kinds = set[str]()
    for person in [one.person for town in towns for one in town.residents.values()]:
        for room in person.rooms():
            said = [one for one in every(person, room) if specification.ours(one)]
            wrong = [line for one in said for line in specification.problems(one)]
            assert not wrong, wrong
            kinds |= {one["type"] for one in said}
    assert kinds >= {"m.room.message", "m.room.create", "m.room.member", "m.room.power_levels"}
