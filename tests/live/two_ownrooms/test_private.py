"""What is for few stands nowhere else."""

import pytest

from bridge.demo.person import Refused
from tests.live.stage import OBJECT, Town, containing
from tests.live.two_ownrooms.friends import Friends, follows, nowhere

pytestmark = pytest.mark.live


def test_what_is_for_followers_is_read_by_followers_alone(
    towns: tuple[Town, Town], friends: Friends, words: str
) -> None:
    here, there = towns
    alice, bert = friends.alice, friends.bert
    stranger = there.resident("stan")
    line = alice.ask("circle", "Your circle")
    circle = f"!{line.split('/!')[1].split()[0].split('?')[0].rstrip('.')}"
    alice.person.join(circle)
    event = alice.person.send(circle, words)
    seen = bert.sees(words, room=friends.alice_at_bert)
    assert seen["content"][OBJECT]["vis"] == "private"
    assert here.server.document(alice.uri(event))[0] == 404
    with pytest.raises(Refused):
        stranger.person.messages(friends.alice_at_bert)
    assert nowhere(there, words, friends.alice_at_bert)
    assert nowhere(here, words, circle)
    # The followers of one are not those of the other: the answer goes to its author alone.
    answer = bert.person.reply(friends.alice_at_bert, seen["event_id"], f"quietly {words}")
    aside = alice.room_with("bert")
    alice.sees(f"quietly {words}", room=aside)
    assert nowhere(here, f"quietly {words}", aside)
    assert there.server.document(bert.uri(answer))[0] == 404


def test_a_direct_message_is_read_by_the_two_alone(towns: tuple[Town, Town], words: str) -> None:
    here, there = towns
    alice, bert = here.resident("ann"), there.resident("ben")
    mirror = follows(alice, bert)
    bert.post(f"find me {words}")
    ghost = alice.sees(f"find me {words}", room=mirror)["sender"]
    mine = alice.person.dm(ghost)
    alice.person.wait_for(mine, containing("not end-to-end encrypted"))
    event = alice.person.send(mine, f"secret {words}")
    theirs = bert.room_with("ann")
    bert.sees(f"secret {words}", room=theirs)
    bert.person.send(theirs, f"likewise {words}")
    alice.person.wait_for(mine, containing(f"likewise {words}"))
    for town, person, room in ((here, alice.person, mine), (there, bert.person, theirs)):
        assert len(person.members(room)) == 2
        assert nowhere(town, f"secret {words}", room)
        assert nowhere(town, f"likewise {words}", room)
    assert here.server.document(alice.uri(event))[0] == 404
