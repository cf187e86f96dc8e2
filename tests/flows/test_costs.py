"""What a row may ask of the index: hot paths are counted, so that none grows dearer unseen."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from bridge import processing
from bridge.demo.neighbourhood import Actor as Neighbour
from bridge.models import Received
from social import once
from tests.fakes.world import Resident, World, post_of

AN_ANSWER = 19  # to a post of somebody here
A_POST = 17  # by somebody whom somebody here reads
OF_MANY = 6  # answers to one post, each
FRAME = ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE")


@pytest.fixture(autouse=True)
def _a_long_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    """However busy the machine is that counts."""
    monkeypatch.setattr(once, "MOMENT", 60.0)
    monkeypatch.setattr(processing, "MOMENT", 60.0)


def asked() -> int:
    """Processes the one row that waits; how often it asked."""
    row = Received.objects.get(state="waiting")
    with CaptureQueriesContext(connection) as found:
        processing.process(row)
    row.refresh_from_db()
    assert row.state == "done", row.note
    return sum(not query["sql"].startswith(FRAME) for query in found.captured_queries)


def test_an_answer_asks_little_however_long_the_conversation(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    root = post_of(alice.post("What do you think?"))
    bob.follow(alice.handle)
    world.settle()
    counts = []
    for number in range(3):
        bob.post(f"answer {number}", reply_to=root, mentions=[alice.actor])
        counts.append(asked())
        world.settle()
    assert max(counts) <= AN_ANSWER
    assert counts[1] == counts[2]


def test_a_post_by_somebody_followed_asks_little(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    world.friends(bob, alice)
    bob.post("news")
    assert asked() <= A_POST


def test_of_many_answers_each_asks_less(world: World, alice: Resident, bob: Neighbour) -> None:
    root = post_of(alice.post("What do you think?"))
    bob.follow(alice.handle)
    world.settle()
    for number in range(10):
        bob.post(f"answer {number}", reply_to=root, mentions=[alice.actor])
    lane = Received.objects.filter(state="waiting").values_list("lane", flat=True)[0]
    with CaptureQueriesContext(connection) as found:
        assert not processing.drain_together([lane])
    assert not Received.objects.filter(state="waiting").exists()
    asked_for = [q["sql"] for q in found.captured_queries if not q["sql"].startswith(FRAME)]
    assert len(asked_for) <= 10 * OF_MANY
