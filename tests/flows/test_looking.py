"""Who opens the page of a post makes us read its conversation on: later, and within bounds."""

import pytest
from django.utils import timezone

from bridge import recall, tasks
from bridge.celery import app
from bridge.models import Errand
from social import conversations
from social.models import Instance, Post
from tests.fakes.liar import Liar, Somebody
from tests.fakes.world import Resident, World, post_of
from tests.flows.talking import Json, collection, ids, known, look, note

TASK = conversations.READ_ON


@pytest.fixture(autouse=True)
def _nothing_rung_before() -> None:
    rung(patience=0.01)


def rung(patience: float = 1.0) -> list[str]:
    """What the bell asked workers to read on; done as they would."""
    found: list[str] = []
    with app.connection_for_read() as line, line.SimpleQueue("maintenance") as queue:
        while True:
            try:
                message = queue.get(timeout=patience)
            except queue.Empty:
                break
            message.ack()
            if message.headers.get("task") == TASK:
                found += message.payload[0][0]
    tasks.read_on(found)
    return found


def talk(world: World, alice: Resident, mona: Somebody) -> tuple[str, Json, Json]:
    """Alice asks, Mona answers, and somebody answers Mona without a word to us."""
    event = alice.post("what do you think?")
    world.settle()
    far = mona.server
    answer = note(mona, "answer", 1, inReplyTo=post_of(event), replies=f"{far.url}/n/answer/r")
    more = note(far.somebody("nina"), "more", 2, inReplyTo=answer["id"])
    collection(far, "/n/answer/r", ids(more))
    mona.knocks(world, mona.creates(answer))
    world.settle()
    Errand.objects.all().delete()
    return f"/@alice/{event[1:]}", answer, more


def test_what_nobody_sent_us_is_found_after_somebody_looked(
    world: World, alice: Resident, far: Liar
) -> None:
    page, answer, more = talk(world, alice, far.somebody("mona"))
    before = far.fetches("/n/answer/r")
    assert "answer" in world.page(page)
    assert far.fetches("/n/answer/r") == before  # not while the visitor waits
    assert rung() == [answer["id"]]
    look(world)
    assert known(more)
    assert "more" in world.page(page)


def test_however_often_somebody_looks_it_is_read_once_an_hour(
    world: World, alice: Resident, far: Liar
) -> None:
    page, _, _ = talk(world, alice, far.somebody("mona"))
    for _ in range(3):
        world.page(page)
        rung(patience=0.3)
        look(world)
    assert far.fetches("/n/answer/r") == 1
    Errand.objects.update(due=None, done=timezone.now() - 2 * recall.SEEN)
    world.page(page)
    rung()
    look(world)
    assert far.fetches("/n/answer/r") == 2


def test_no_server_is_asked_more_than_so_often_by_who_looks_at_all_pages(
    world: World, alice: Resident
) -> None:
    for host in range(20):
        tasks.read_on([f"https://h{host}.example/n/{number}" for number in range(30)])
    waiting = Errand.objects.filter(kind="conversation")
    assert waiting.count() == recall.OF_ALL
    for host in range(10):
        assert waiting.filter(about__startswith=f"https://h{host}.example/").count() == 10


def test_what_is_not_ours_or_not_open_or_of_a_blocked_server_is_not_read(
    world: World, alice: Resident, far: Liar
) -> None:
    page, answer, _ = talk(world, alice, far.somebody("mona"))
    Post.objects.filter(uri=answer["id"]).update(visibility="private")
    world.page(page)
    assert rung(patience=0.3) == []
    Post.objects.filter(uri=answer["id"]).update(visibility="public")
    Instance.objects.create(host="127.0.0.5", policy="blocked")
    tasks.read_on([answer["id"], "https://nobody.example/never/heard/of"])
    look(world)
    assert far.fetches("/n/answer/r") == 0
    note_of = Errand.objects.get(about="https://nobody.example/never/heard/of")
    assert note_of.done
