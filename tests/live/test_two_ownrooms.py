"""Two Ownroom servers, each on a homeserver of its own, with nothing between them but ActivityPub.

alice lives in the one, bert in the other; they follow each other. What one of them does in Element
must stand in the other's rooms, and what is for few must stand nowhere else.
"""

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from bridge.demo.person import Event, Refused
from tests.live.stage import OBJECT, Resident, Town, after, containing, every, settled, until
from tests.schemas import events as specification

pytestmark = pytest.mark.live

_numbers = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Friends:
    """alice and bert, and the room in which each reads the other."""

    alice: Resident
    bert: Resident
    alice_at_bert: str  # alice's mirror, on bert's homeserver
    bert_at_alice: str


@pytest.fixture(scope="module")
def towns(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Town, Town]]:
    folder = tmp_path_factory.mktemp("two")
    with (
        settled(folder / "here", server_name="here.localhost") as here,
        settled(folder / "there", server_name="there.localhost") as there,
    ):
        yield here, there


def follows(one: Resident, other: Resident) -> str:
    """Asks, is accepted, and comes into the mirror; returns its room."""
    one.ask(f"follow {other.handle}", "I asked")
    other.told(f"{one.handle[1:]}) follows you now")
    one.told(f"{other.handle[1:]}) accepted your follow")
    return one.room_with(other.handle[1:])


@pytest.fixture(scope="module")
def friends(towns: tuple[Town, Town]) -> Friends:
    here, there = towns
    alice, bert = here.resident("alice"), there.resident("bert")
    return Friends(alice, bert, follows(bert, alice), follows(alice, bert))


@pytest.fixture
def words() -> str:
    """Words that were never said before."""
    return f"number {next(_numbers)} of many"


def reacting(key: str) -> Callable[[Event], bool]:
    return lambda event: (
        event["type"] == "m.reaction"
        and event["content"].get("m.relates_to", {}).get("key", "").rstrip("\ufe0f") == key
    )


def taking_back(event_id: str) -> Callable[[Event], bool]:
    return lambda event: (
        event["type"] == "m.room.redaction"
        and event_id in {event.get("redacts"), event["content"].get("redacts")}
    )


def nowhere(town: Town, text: str, *but: str) -> bool:
    """Whether no other room of that homeserver has these words, in the eyes of who lives there."""
    for one in town.residents.values():
        for room in one.person.rooms():
            if room not in but and any(containing(text)(e) for e in every(one.person, room)):
                return False
    return True


# ---- follows


def test_each_is_in_the_others_list_of_followers(
    towns: tuple[Town, Town], friends: Friends
) -> None:
    here, there = towns
    for town, one, other in (
        (here, friends.alice, friends.bert),
        (there, friends.bert, friends.alice),
    ):
        page = town.server.json(f"{one.actor}/followers")
        assert page["totalItems"] == 1
        assert other.handle[1:] in one.ask("followers", "Your followers (1)")
        assert other.handle[1:] in one.ask("following", "You follow (1)")


def test_a_locked_profile_lets_nobody_in_without_its_owners_word(
    towns: tuple[Town, Town], words: str
) -> None:
    here, there = towns
    greta, hugo = here.resident("greta"), there.resident("hugo")
    greta.ask("set locked on", "has to ask you")
    hugo.ask(f"follow {greta.handle}", "I asked")
    greta.told(f"{hugo.handle[1:]}) asks to follow you")
    hugo.ask("following", "(waiting)")
    greta.ask(f"accept {hugo.handle}", "follows you now")
    hugo.told("accepted your follow")
    mirror = hugo.room_with(greta.handle[1:])
    greta.post(words)
    hugo.sees(words, room=mirror)
    greta.ask(f"reject {hugo.handle}", "does not follow you")
    hugo.told("does not let you follow them")
    until(lambda: mirror not in hugo.person.rooms())


# ---- posts


def test_a_post_stands_in_the_mirror_as_it_was_typed(friends: Friends, words: str) -> None:
    text = f"<p>a <em>quiet</em> {words}</p><pre><code>x &lt; y</code></pre><ul><li>one</li></ul>"
    event = friends.alice.person.send(friends.alice.room, f"a quiet {words}", text)
    seen = friends.bert.sees(words, room=friends.alice_at_bert)
    assert seen["content"][OBJECT]["id"] == friends.alice.uri(event)
    assert seen["content"]["formatted_body"].replace("\n", "") == text


def test_a_warning_and_a_quiet_post_travel(friends: Friends, words: str) -> None:
    event = friends.alice.post(f"!unlisted\n!cw mind the {words}\nthe rest of {words}")
    seen = friends.bert.sees(f"the rest of {words}", room=friends.alice_at_bert)
    assert f"mind the {words}" in seen["content"]["body"]
    assert "data-mx-spoiler" in seen["content"]["formatted_body"]
    assert seen["content"][OBJECT]["vis"] == "unlisted"
    assert seen["content"][OBJECT]["id"] == friends.alice.uri(event)


def test_answers_are_one_thread_on_both_sides(friends: Friends, words: str) -> None:
    alice, bert = friends.alice, friends.bert
    root = alice.post(f"question {words}")
    seen = bert.sees(f"question {words}", room=friends.alice_at_bert)
    top = seen["event_id"]
    first = bert.person.reply(friends.alice_at_bert, top, f"answer {words}", thread_root=top)
    answer = alice.sees(f"answer {words}")
    assert (
        answer["content"]["m.relates_to"].items()
        >= {"rel_type": "m.thread", "event_id": root}.items()
    )
    assert answer["content"][OBJECT]["id"] == bert.uri(first)
    alice.person.reply(alice.room, answer["event_id"], f"thanks {words}", thread_root=root)
    thanks = bert.sees(f"thanks {words}", room=friends.alice_at_bert)["content"]["m.relates_to"]
    assert (thanks["rel_type"], thanks["event_id"]) == ("m.thread", top)
    assert thanks["m.in_reply_to"]["event_id"] == first


def test_an_edit_changes_what_stands_in_the_mirror(friends: Friends, words: str) -> None:
    event = friends.alice.post(f"first {words}")
    seen = friends.bert.sees(f"first {words}", room=friends.alice_at_bert)
    friends.alice.person.edit(friends.alice.room, event, f"second {words}")
    edit = friends.bert.sees(f"second {words}", room=friends.alice_at_bert)["content"]
    assert edit["m.relates_to"] == {"rel_type": "m.replace", "event_id": seen["event_id"]}
    assert edit["m.new_content"]["body"] == f"second {words}"


def test_a_deletion_empties_what_stands_in_the_mirror(
    towns: tuple[Town, Town], friends: Friends, words: str
) -> None:
    event = friends.alice.post(words)
    seen = friends.bert.sees(words, room=friends.alice_at_bert)
    friends.alice.person.redact(friends.alice.room, event)
    friends.bert.person.wait_for(friends.alice_at_bert, taking_back(seen["event_id"]))
    assert not friends.bert.person.event(friends.alice_at_bert, seen["event_id"])["content"]
    assert towns[0].server.document(friends.alice.uri(event))[0] == 410


# ---- reactions and boosts


@pytest.mark.parametrize("emoji", ["👍", "🦊"])
def test_a_reaction_stands_under_the_post_until_it_is_taken_back(
    friends: Friends, words: str, emoji: str
) -> None:
    event = friends.alice.post(words)
    seen = friends.bert.sees(words, room=friends.alice_at_bert)
    mine = friends.bert.person.react(friends.alice_at_bert, seen["event_id"], emoji)
    theirs = friends.alice.person.wait_for(friends.alice.room, after(event, reacting(emoji)))
    assert theirs["content"]["m.relates_to"]["event_id"] == event
    friends.bert.person.redact(friends.alice_at_bert, mine)
    friends.alice.person.wait_for(friends.alice.room, taking_back(theirs["event_id"]))


def test_a_boost_is_a_card_for_the_author_and_for_the_boosters_readers(
    friends: Friends, words: str
) -> None:
    alice, bert = friends.alice, friends.bert
    event = alice.post(words)
    seen = bert.sees(words, room=friends.alice_at_bert)
    boost = bert.person.react(friends.alice_at_bert, seen["event_id"], "🔁")
    card = alice.person.wait_for(alice.room, after(event, containing("boosted")))
    assert words in card["content"]["body"]
    shown = alice.sees(words, room=friends.bert_at_alice)
    assert "boosted" in shown["content"]["body"]
    bert.person.redact(friends.alice_at_bert, boost)
    alice.person.wait_for(alice.room, taking_back(card["event_id"]))
    alice.person.wait_for(friends.bert_at_alice, taking_back(shown["event_id"]))


# ---- for few


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


# ---- profiles


def test_a_new_name_is_worn_by_the_ghost_and_the_mirror(friends: Friends, words: str) -> None:
    friends.alice.ask(f"set name Alice {words}", "is changed")
    friends.alice.post(f"it is me {words}")
    ghost = friends.bert.sees(f"it is me {words}", room=friends.alice_at_bert)["sender"]
    # A profile is told when it has been quiet for a while: what else changes goes along.
    until(lambda: friends.bert.person.profile(ghost)["displayname"] == f"Alice {words}", 90)
    until(
        lambda: (
            f"Alice {words}"
            in (friends.bert.person.state(friends.alice_at_bert, "m.room.name") or {}).get("name")
        )
    )


def test_who_moves_to_the_other_server_takes_their_followers_along(
    towns: tuple[Town, Town], words: str
) -> None:
    here, there = towns
    old, new, reader = here.resident("mia"), there.resident("mia"), there.resident("rita")
    follows(reader, old)
    old.ask(f"move {new.handle} mia", "does not name you yet")
    new.ask(f"alias add {old.handle}", "is an alias of yours")
    old.ask(f"move {new.handle} mia", "are being told")
    reader.told("has moved to")
    until(lambda: reader.handle[1:] in new.ask("followers", "ollow"))
    until(lambda: reader.handle[1:] not in old.ask("followers", "ollow"))
    assert here.server.json(old.actor)["movedTo"] == new.actor
    new.post(f"at home {words}")
    until(lambda: f"at home {words}" in reader.ask("home", ""))


# ---- endings


def test_who_unfollows_leaves_the_mirror_and_hears_no_more(
    towns: tuple[Town, Town], words: str
) -> None:
    here, there = towns
    writer, reader = here.resident("ute"), there.resident("uwe")
    mirror = follows(reader, writer)
    reader.ask(f"unfollow {writer.handle}", "no longer follow")
    until(lambda: mirror not in reader.person.rooms())
    until(lambda: "Nobody follows you" in writer.ask("followers", "ollow"))
    event = writer.post(words)
    until(lambda: here.server.document(writer.uri(event))[0] == 200)
    assert nowhere(there, words)
    mirror = follows(reader, writer)
    writer.post(f"again {words}")
    reader.sees(f"again {words}", room=mirror)


def test_who_is_blocked_is_out_and_stays_out_until_the_block_ends(
    towns: tuple[Town, Town], words: str
) -> None:
    here, there = towns
    writer, reader = here.resident("wim"), there.resident("rob")
    mirror = follows(reader, writer)
    event = writer.post(f"before {words}")
    seen = reader.sees(f"before {words}", room=mirror)
    writer.ask(f"block {reader.handle}", "is blocked")
    until(lambda: mirror not in reader.person.rooms())
    assert reader.handle[1:] not in writer.ask("followers", "ollow")
    reader.ask(f"follow {writer.handle}", "I asked")
    reader.told("does not let you follow them")
    unheard = writer.post(f"behind their back {words}")
    until(lambda: here.server.document(writer.uri(unheard))[0] == 200)
    assert nowhere(there, f"behind their back {words}")
    writer.ask(f"unblock {reader.handle}", "no longer blocked")
    mirror = follows(reader, writer)
    writer.post(f"welcome back {words}")
    reader.sees(f"welcome back {words}", room=mirror)
    reader.person.reply(mirror, seen["event_id"], f"glad {words}")
    answer = writer.sees(f"glad {words}")
    assert answer["content"]["m.relates_to"]["event_id"] == event


def test_who_deletes_their_profile_is_gone_on_the_other_side(
    towns: tuple[Town, Town], words: str
) -> None:
    here, there = towns
    writer, reader = here.resident("zac"), there.resident("zoe")
    follows(reader, writer)
    event = writer.post(words)
    until(lambda: here.server.document(writer.uri(event))[0] == 200)
    writer.ask("profile delete zac", "is deleted")
    until(lambda: here.server.document(writer.uri(event))[0] == 410)
    until(lambda: "You follow nobody" in reader.ask("following", "ou follow"))


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
