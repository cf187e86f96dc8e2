"""The name and the face of the bot, as people in Matrix see them."""

from bridge.loop import run
from bridge.matrix import bot, client, registration
from tests.fakes.world import Resident, World


def test_a_homeserver_that_takes_no_files_has_a_bot_without_a_face(
    world: World, alice: Resident
) -> None:
    world.home.largest = 100
    run(bot.introduce())
    assert alice.person.profile(registration.load().bot) == {"displayname": "Ownroom"}


def test_a_homeserver_in_trouble_fails_nothing_and_the_face_comes_at_the_next_start(
    world: World, alice: Resident
) -> None:
    run(client.set_profile_key(registration.load().bot, "displayname", "Butler"))
    world.home.good_for = 1  # it answers who the bot is, and no more
    run(bot.introduce())
    world.home.recover()
    assert alice.person.profile(registration.load().bot) == {"displayname": "Butler"}
    run(bot.introduce())
    assert "avatar_url" in alice.person.profile(registration.load().bot)


def test_the_bot_has_a_name_and_a_face_which_is_uploaded_once(
    world: World, alice: Resident
) -> None:
    for _ in range(3):
        run(bot.introduce())
    shown = alice.person.profile(registration.load().bot)
    (uploaded,) = world.home.uploads
    assert uploaded[0] == registration.load().bot
    assert shown == {"displayname": "Ownroom", "avatar_url": f"mxc://hs.test/{uploaded[1]}"}
    kind, data = world.home.files[f"hs.test/{uploaded[1]}"]
    assert (kind, data[:4]) == ("image/png", b"\x89PNG")
    assert len(data) < 5_000


def test_a_name_and_a_face_that_the_admin_gave_stay(world: World, alice: Resident) -> None:
    who = registration.load().bot
    run(client.set_profile_key(who, "displayname", "Butler"))
    run(client.set_profile_key(who, "avatar_url", "mxc://hs.test/tie"))
    run(bot.introduce())
    shown = alice.person.profile(who)
    assert shown == {"displayname": "Butler", "avatar_url": "mxc://hs.test/tie"}
    assert not world.home.uploads
