"""Follows, names, moves and endings between two servers."""

import pytest

from tests.live.stage import Town, until
from tests.live.two_ownrooms.friends import Friends, follows, nowhere

pytestmark = pytest.mark.live


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
