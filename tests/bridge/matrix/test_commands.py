"""What one can type in the desk: each line is answered, in words a person understands."""

import pytest

from bridge.demo.neighbourhood import Actor as Neighbour
from tests.fakes.world import Resident, World, post_of


@pytest.fixture
def once(world: World) -> World:
    """A command is answered each time it is read: here it is read once."""
    world.twice = False
    return world


def ask(world: World, who: Resident, line: str) -> str:
    who.tell_bot(line)
    world.settle()
    return who.answers()[-1]


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        ("sing", "I do not know “sing”"),
        ("follow", "Whom?"),
        ("unfollow", "Whom?"),
        ("block a b@c d", "not a handle"),
        ("block alice", "cannot block oneself"),
        ("why", "Give its link"),
        ("why https://far.example/1", "I know nothing of that post"),
    ],
)
def test_a_line_that_cannot_be_done_is_answered_with_the_reason(
    once: World, alice: Resident, line: str, answer: str
) -> None:
    said = ask(once, alice, line)
    assert answer.lower() in said.lower()
    assert said.endswith((".", "?", "why"))


def test_a_server_that_does_not_answer_is_told_of_in_the_end(
    once: World, alice: Resident
) -> None:
    alice.tell_bot("follow @nobody@127.0.0.1:1")
    for _ in range(5):
        once.settle()
        once.let_time_pass()
    once.settle()
    assert "after 5 tries" in alice.answers()[-1]


def test_a_line_with_markup_is_answered_without_it(once: World, alice: Resident) -> None:
    ask(once, alice, "<img src=x onerror=alert(1)>")
    (answer,) = (e for e in alice.timeline(alice.desk)[-1:] if e["sender"] != alice.person.user_id)
    assert "<img" not in answer["content"]["formatted_body"]


def test_help_names_every_command(once: World, alice: Resident) -> None:
    said = ask(once, alice, "help")
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


def test_the_lists_tell_who_and_how_many(once: World, alice: Resident, bob: Neighbour) -> None:
    assert "Nobody follows you yet" in ask(once, alice, "followers")
    assert "You follow nobody yet" in ask(once, alice, "following")
    once.friends(bob, alice)
    assert bob.acct in ask(once, alice, "followers")
    assert "(1)" in ask(once, alice, "following")
    assert bob.acct in ask(once, alice, "!ownroom following")


def test_status_tells_what_waits_and_why(once: World, alice: Resident, bob: Neighbour) -> None:
    bob.follow(alice.handle)
    once.settle()
    once.neighbours.faults("status:503", host=0)
    alice.post("waiting")
    once.settle()
    said = ask(once, alice, "status")
    assert "1 followers" in said
    assert "answered 503" in said


def test_why_tells_what_became_of_a_post(once: World, alice: Resident, bob: Neighbour) -> None:
    bob.follow(alice.handle)
    event = alice.post("delivered")
    once.settle()
    for link in (post_of(event), event, f"{once.url}/@alice/{event[1:]}"):
        assert "1 deliveries done" in ask(once, alice, f"why {link}"), link


def test_home_shows_the_newest_posts_of_whom_one_follows(
    once: World, alice: Resident, bob: Neighbour
) -> None:
    assert "Nothing yet" in ask(once, alice, "home")
    once.friends(bob, alice)
    bob.post("fresh from next door")
    once.settle()
    assert "fresh from next door" in ask(once, alice, "home")


def test_what_is_followed_already_is_not_followed_again(
    once: World, alice: Resident, bob: Neighbour
) -> None:
    once.friends(bob, alice)
    assert "already" in ask(once, alice, f"follow {bob.handle}")
    assert len(bob.received("Follow")) == 1
