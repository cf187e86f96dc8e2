"""What one can type in the desk: each line is answered, in words a person understands."""

from datetime import timedelta

import pytest
from django.utils import timezone

from bridge import names
from bridge.demo.neighbourhood import Actor as Neighbour
from bridge.matrix import registration
from bridge.models import Ghost, Received, Room
from social.models import Actor, Delivery
from tests.fakes.world import Resident, World, post_of
from tests.flows.rooms import circle


def ask(world: World, who: Resident, line: str) -> str:
    who.tell_bot(line)
    world.settle()
    return who.answers()[-1]


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        ("sing", "I do not know “sing”"),
        ("follow", "Whom?"),
        ("unfollow", "like this: `unfollow @name@server`"),
        ("block a", "not a handle"),
        ("block a b", "One at a time"),
        ("block alice", "cannot block yourself"),
        ("why", "Which post?"),
        ("pin", "as your client pins messages"),
        ("boost https://far.example/1", "react to the post with 🔁"),
        ("/follow", "Whom?"),
        ("why https://far.example/1", "I know nothing of that post"),
    ],
)
def test_a_line_that_cannot_be_done_is_answered_with_the_reason(
    world: World, alice: Resident, line: str, answer: str
) -> None:
    said = ask(world, alice, line)
    assert answer.lower() in said.lower()
    assert said.endswith((".", "?", "`"))


SET = {
    "set name Alice the Second": "Your name is changed.",
    "set bio I write": "Your bio is changed.",
    "set field web = https://x.example": "The fields of your profile are changed.",
    "set quotes nobody": "From now on nobody may quote you.",
    "set polls 2w": "In polls that you begin from now on, people can vote for 2 weeks.",
    "set locked on": "Whoever wants to follow you has to ask you now.",
    "set discoverable no": "Your profile is no longer suggested to anybody.",
}


def test_what_was_set_is_said_in_a_sentence_and_when_it_was_so_already_too(
    world: World, alice: Resident
) -> None:
    for line in SET:
        alice.tell_bot(line)
    world.settle()
    answers = alice.answers()
    assert [answer for answer in SET.values() if answer not in answers] == []
    assert ask(world, alice, "set locked on") == "That is so already: nothing has changed."


@pytest.mark.parametrize("line", ["set", "set avatar"])
def test_who_looks_for_a_picture_among_what_can_be_set_reads_where_it_is(
    world: World, alice: Resident, line: str
) -> None:
    assert "Your picture is that of your room" in ask(world, alice, line)


def test_refusals_are_said_to_the_person_who_typed(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    ask(world, alice, f"block {bob.handle}")
    assert ask(world, alice, f"follow {bob.handle}") == "You block them. Unblock them first."


@pytest.mark.parametrize("line", ["hunter2", "follow hunter2", "profile create hunter/2"])
def test_what_is_typed_in_a_desk_is_not_noted_for_admins(
    world: World, alice: Resident, line: str
) -> None:
    ask(world, alice, line)
    assert not Received.objects.filter(note__contains="hunter").exists()


@pytest.mark.parametrize("whom", ["@nobody@127.0.0.1:1", "http://127.0.0.1:1/nobody"])
def test_a_server_that_does_not_answer_is_told_of_at_once(
    world: World, alice: Resident, whom: str
) -> None:
    said = ask(world, alice, f"follow {whom}")
    assert "127.0.0.1:1 cannot be asked now (no connection: Connection refused)" in said


def test_one_may_leave_whose_server_has_been_away_for_long(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    world.friends(bob, alice)
    Actor.objects.filter(uri=bob.id).update(fetched=timezone.now() - timedelta(days=9))
    world.neighbours.faults("status:503", host=0, where="get")
    assert "no longer follow" in ask(world, alice, f"unfollow {bob.handle}")


def test_a_line_with_markup_is_answered_without_it(world: World, alice: Resident) -> None:
    ask(world, alice, "<img src=x onerror=alert(1)>")
    (answer,) = (e for e in alice.timeline(alice.desk)[-1:] if e["sender"] != alice.person.user_id)
    assert "<img" not in answer["content"]["formatted_body"]


def test_help_names_every_command(world: World, alice: Resident) -> None:
    said = ask(world, alice, "help")
    for name in (
        "follow",
        "unfollow",
        "followers",
        "following",
        "block",
        "unblock",
        "status",
        "why",
    ):
        assert name in said


def test_the_lists_tell_who_and_how_many(world: World, alice: Resident, bob: Neighbour) -> None:
    assert "Nobody follows you yet" in ask(world, alice, "followers")
    assert "You follow nobody yet" in ask(world, alice, "following")
    world.friends(bob, alice)
    assert bob.acct in ask(world, alice, "followers")
    assert "(1)" in ask(world, alice, "following")
    assert bob.acct in ask(world, alice, "!ownroom following")


def test_status_tells_what_waits_and_why(world: World, alice: Resident, bob: Neighbour) -> None:
    bob.follow(alice.handle)
    world.settle()
    world.neighbours.faults("status:503", host=0)
    alice.post("waiting")
    world.settle()
    said = ask(world, alice, "status")
    assert "Followers: 1" in said
    assert "answered 503" in said


def test_why_says_nothing_of_what_somebody_else_typed_elsewhere(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    ada = world.resident("ada")
    event = ada.person.send(circle(world, ada), "for few")
    world.settle()
    for link in (event, post_of(event)):
        assert "I know nothing of that post" in ask(world, alice, f"why {link}"), link
        assert "Received" in ask(world, ada, f"why {link}"), link


def test_why_tells_what_became_of_a_post(world: World, alice: Resident, bob: Neighbour) -> None:
    bob.follow(alice.handle)
    event = alice.post("delivered")
    world.settle()
    for link in (post_of(event), event, f"{world.url}/@alice/{event[1:]}"):
        assert "Sent to 1 server." in ask(world, alice, f"why {link}"), link
    alice.person.redact(alice.room, event)
    world.settle()
    assert "It is deleted since." in ask(world, alice, f"why {event}")


def test_why_knows_a_post_of_whose_ways_no_record_is_left(world: World, alice: Resident) -> None:
    event = alice.post("long ago")
    world.settle()
    Received.objects.all().delete()
    Delivery.objects.all().delete()
    assert "It is published." in ask(world, alice, f"why {post_of(event)}")


def test_home_shows_the_newest_posts_of_whom_one_follows(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    assert "Nothing yet" in ask(world, alice, "home")
    world.friends(bob, alice)
    bob.post("fresh from next door")
    world.settle()
    assert "fresh from next door" in ask(world, alice, "home")


def test_what_is_followed_already_is_not_followed_again(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    world.friends(bob, alice)
    assert "already" in ask(world, alice, f"follow {bob.handle}")
    assert len(bob.received("Follow")) == 1


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        ("folow @bob@far.example", "Did you mean: follow?"),
        ("  FOLLOWERS  ", "Nobody follows you yet"),
        ("help folow", "Did you mean: follow?"),
        ("help set", "set quotes public | followers | nobody"),
        ("!ownroom", "You post by writing in your room"),
        ("x" * 500, "x" * 40 + "…”"),
        ("follow @bob@nowhere.invalid", "I find no server called nowhere.invalid"),
        ("set language deutsch", "Say it like this: `set language CODE`"),
        ("set language", "nothing has changed"),
        ("report nobody@127.0.0.1:1 spam", "127.0.0.1:1 cannot be asked"),
        ("block https://far.example/", "far.example is blocked for you"),
        ("help !Follow", "follow @name@server"),
        ("profile", "You are @alice@"),
        ("profile show", "profile create, or profile delete"),
        ("profile DELETE", "deletes your profile"),
        ("profile create two words", "a handle is one word"),
        ("group list", "Say it like this: `group create NAME`"),
        ("group delete boats", "in its own room"),
        ("set nam Alice", "Did you mean: name?"),
        ("set name", "Say it like this: `set name WORDS`"),
        ("set locked", "set locked on | off"),
        ("alias list", "You have no alias"),
        ("alias remove alice", "that is this profile itself"),
        ("move alice", "that is this profile itself"),
        ("mute @nobody:hs.test", "no profile in the fediverse"),
        ("follow http://127.0.0.1/x y", "One at a time"),
    ],
)
def test_a_line_that_is_a_little_wrong_is_answered_with_what_is_right(
    world: World, alice: Resident, line: str, answer: str
) -> None:
    assert answer.lower() in ask(world, alice, line).lower()
    assert Actor.objects.local().count() == 1


def test_who_has_no_profile_gets_none_by_asking_for_something_else(world: World) -> None:
    owner = world.person("owner")
    desk = owner.create_room(is_direct=True, invite=[registration.load().bot])
    for line in ("profile", "profile help", "profile Delete", "group create boats"):
        owner.send(desk, line)
        world.settle()
        said = owner.messages(desk, 1)[0]["content"]["body"]
        assert said == "You have no profile here yet. Type: `profile create`", line
    assert not Actor.objects.local().exists()


def test_a_person_is_named_by_pill_by_matrix_id_and_by_the_address_of_their_page(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    world.friends(bob, alice)
    ghost = Ghost.objects.get(actor__uri=bob.id).mxid
    page = f"{names.origin_of(bob.id)}/@{bob.acct.partition('@')[0]}"
    for whom in (ghost, f"https://matrix.to/#/{ghost}", bob.handle.lstrip("@"), bob.id, page):
        assert f"follow @{bob.acct} already" in ask(world, alice, f"follow {whom}"), whom
    half = bob.acct.partition("@")[0]
    assert f"did you mean: `@{bob.acct}`" in ask(world, alice, f"follow @{half}")
    pill = f'follow <a href="https://matrix.to/#/{ghost}">Bob</a>'
    alice.person.send(alice.desk, "follow Bob", pill)
    world.settle()
    assert f"follow @{bob.acct} already" in alice.answers()[-1]
    assert "one's own" not in ask(world, alice, f"follow {alice.person.user_id}")
    assert "cannot follow yourself" in alice.answers()[-1]


def test_the_help_of_a_groups_desk_names_what_is_done_there_alone(
    world: World, alice: Resident
) -> None:
    ask(world, alice, "group create boats")
    desk = Room.objects.get(kind="desk", actor__kind="group").room_id
    alice.person.join(desk)
    alice.person.send(desk, "help")
    world.settle()
    said = alice.person.messages(desk, 1)[0]["content"]["body"]
    assert "followers" in said
    assert "unfollow" not in said
