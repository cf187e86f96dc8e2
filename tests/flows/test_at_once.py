"""Two at once, and in whatever order: acts that cross each other leave what either order would.

On PostgreSQL the threads are truly beside each other: tests/live/test_postgres.py runs these there.
"""

import asyncio
import itertools
import threading
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connection, connections

from bridge import counting, lanes, processing
from bridge.demo.neighbourhood import Actor as Neighbour
from bridge.loop import run
from bridge.matrix import conversations
from bridge.models import Document, Received, Room
from social.models import Actor, Delivery, Post, Stamp, Vote
from tests.fakes.world import PUBLIC, Resident, World, followers, index, note, post, post_of, said
from tests.flows.conftest import Group
from tests.flows.files import BYTES, address, fetch, picture
from tests.flows.grouping import creates
from tests.flows.polling import ask, ballot, choose, counted
from tests.flows.quotes import ask as asks_to_quote
from tests.flows.quotes import known
from tests.flows.rooms import in_rooms
from tests.flows.test_pins import featured_of, on_top, pinned

NEW = "other words by now"


@contextmanager
def meanwhile(statement: str, then: Callable[[], object]) -> Iterator[None]:
    """Once, right after such a statement, somebody else does something."""
    done: list[str] = []

    def watched(execute: Any, sql: str, *rest: Any) -> Any:
        answer = execute(sql, *rest)
        if statement in sql and not done:
            done.append(sql)
            then()
        return answer

    with connection.execute_wrapper(watched):
        yield
    assert done, "nothing of the kind was said"


def at_once(*works: Callable[[], object]) -> None:
    """Each in a thread and with a connection of its own; what one raises, this raises."""
    gate, pool = threading.Barrier(len(works)), ThreadPoolExecutor(len(works))

    def begin(work: Callable[[], object]) -> None:
        gate.wait(20)
        try:
            work()
        finally:
            connections.close_all()

    begun = [pool.submit(begin, work) for work in works]
    pool.shutdown(wait=False)
    _, late = wait(begun, 30)
    assert not late
    for one in begun:
        one.result()


def workers(number: int = 3) -> list[Callable[[], object]]:
    """As many as take whatever is due."""

    def work() -> None:
        for lane in processing.drain_together(lanes.due(Received)):
            processing.drain(lane)

    return [work] * number


def hear(world: World, *said_: tuple[Neighbour, dict[str, Any]]) -> None:
    """Received, and not looked at yet."""
    for who, activity in said_:
        assert world.hear(who, activity) == 202
    world.home.push()


# ---- polls


def test_a_poll_that_is_counted_while_it_is_edited_is_told_with_its_new_words(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    bob.follow(alice.handle)
    uri = post_of(ask(alice))
    world.settle()
    hear(world, (bob, ballot(bob, uri, alice.actor, "Tea")))
    world.settle()
    Post.objects.filter(uri=uri).update(poll_due=5)
    edit = Post.objects.filter(uri=uri)
    with meanwhile('poll_due" <= ', lambda: edit.update(html=f"<p>{NEW}</p>")):
        counting.tell_due()
    world.settle()
    assert NEW in Document.objects.get(uri=uri).body
    (told,) = bob.received("Update")
    assert NEW in told["activity"]["object"]["content"]


def test_votes_that_come_together_from_all_sides_while_it_is_counted_count_once_each(
    world: World, alice: Resident, ada: Resident, bob: Neighbour, mallory: Neighbour
) -> None:
    event = ask(alice)
    poll = post_of(event)
    ada.person.join(alice.room)
    world.settle()
    choose(ada.person, alice.room, event, "id-Tea")
    twice = [(bob, ballot(bob, poll, alice.actor, name)) for name in ("Tea", "Coffee")]
    hear(world, *twice, (mallory, ballot(mallory, poll, alice.actor, "Coffee")))
    Post.objects.filter(uri=poll).update(poll_due=5)
    at_once(*workers(), counting.tell_due, counting.tell_due)
    world.settle()
    assert Vote.objects.filter(post__uri=poll).count() == 3
    assert counted(poll) == [2, 1]


def test_a_vote_that_came_before_the_end_counts_though_it_is_read_while_the_poll_closes(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    poll = post_of(ask(alice))
    world.settle()
    hear(world, (bob, ballot(bob, poll, alice.actor, "Tea")))
    at_once(*workers(2), lambda: _ends(poll))
    world.settle()
    # PostgreSQL has two writers: a vote that the end did not see is counted a while after it.
    Post.objects.filter(uri=poll).exclude(poll_due=None).update(poll_due=5)
    counting.tell_due()
    world.settle()
    told = post(poll).poll or {}
    assert told["closed"] is not None
    assert next(one["votes"] for one in told["options"]) == Vote.objects.count()


def _ends(poll: str) -> None:
    closes = {"closes": 5, "closed": None}
    row = Post.objects.get(uri=poll)
    Post.objects.filter(uri=poll).update(poll=(row.poll or {}) | closes, poll_due=5)
    counting.tell_due()


# ---- quotes


def test_a_question_that_crosses_the_taking_back_of_its_answer_gets_no_stamp(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    quoted = post_of(alice.post("hello"))
    world.settle()
    written = asks_to_quote(world, bob, quoted)
    (stamp,) = Stamp.objects.values_list("uri", flat=True)
    assert world.get(stamp)[0] == 200
    alice.tell_bot(f"unquote {written['id']}")
    hear(world, (bob, said(bob, "QuoteRequest", quoted, instrument=written)))
    at_once(*workers())
    world.settle()
    assert not Stamp.objects.exists()
    assert world.get(stamp)[0] in {404, 410}
    assert bob.received("Delete", contains=stamp)


@pytest.mark.parametrize("then", ["deleted", "edited"])
def test_who_is_asked_late_whether_it_may_quote_reads_no_words_that_are_gone(
    world: World, alice: Resident, bob: Neighbour, then: str
) -> None:
    quoted = known(world, alice, bob, "the original")
    world.neighbours.faults("status:503")
    event = alice.post(f"words that are gone\n{quoted}")
    world.settle()
    assert Delivery.objects.filter(document=f"{post_of(event)}#quote", state="waiting").exists()
    if then == "deleted":
        alice.person.redact(alice.room, event)
    else:
        alice.person.edit(alice.room, event, f"{NEW}\n{quoted}")
    world.settle()
    world.neighbours.faults("ok")
    world.let_time_pass()
    world.settle()
    assert not bob.received(contains="words that are gone")
    if then == "edited":
        (asked,) = bob.received("QuoteRequest")
        assert NEW in asked["activity"]["instrument"]["content"]


# ---- groups


@pytest.mark.parametrize("then", ["deleted", "for fewer"])
def test_a_group_passes_on_no_words_that_were_taken_back_while_they_waited(
    world: World, boats: Group, pat: Neighbour, mallory: Neighbour, then: str
) -> None:
    mallory.follow(boats.handle)
    world.settle()
    world.neighbours.faults("status:503", host=1)
    create = creates(pat, boats, "words that are gone")
    hear(world, (pat, create))
    world.settle()
    written = create["object"]
    fewer = {"content": f"<p>{NEW}</p>", "to": [f"{pat.id}/followers"], "cc": []}
    late = {"updated": "2031-01-01T12:00:00Z"}
    acts = {
        "deleted": said(pat, "Delete", written["id"], to=[PUBLIC], audience=boats.id),
        "for fewer": said(pat, "Update", written | fewer | late),
    }
    hear(world, (pat, acts[then]))
    world.settle()
    world.neighbours.faults("ok", host=1)
    world.let_time_pass()
    world.settle()
    assert not mallory.received(contains="words that are gone")
    assert not mallory.received(contains=NEW)


def test_of_who_is_banned_while_their_post_is_on_its_way_nothing_is_shown_or_passed_on(
    world: World, alice: Resident, boats: Group, pat: Neighbour, mallory: Neighbour
) -> None:
    mallory.follow(boats.handle)
    world.settle()
    alice.person.send(boats.desk, f"block {pat.handle}")
    hear(world, (pat, creates(pat, boats, NEW)))
    at_once(*workers())
    world.settle()
    stood = Post.objects.filter(html__contains=NEW, group=boats.id).exists()
    told = mallory.received("Announce", contains=NEW)
    # Whichever came first, both sides say the same; a room shows nothing of who is out.
    assert bool(told) <= stood
    assert not alice.seen(NEW, boats.room)


# ---- pins, and posts for fewer


@pytest.mark.parametrize("order", list(itertools.permutations(("pin", "fewer"))))
def test_what_becomes_for_fewer_while_it_is_pinned_is_pinned_nowhere(
    world: World, alice: Resident, bob: Neighbour, order: tuple[str, ...]
) -> None:
    bob.update_profile(featured=featured_of(bob))
    world.friends(bob, alice)
    world.mirror(bob, alice)
    first = note(bob, "hello")
    hear(world, (bob, said(bob, "Create", first)))
    world.settle()
    fewer = {"to": [f"{bob.id}/followers"], "cc": [], "updated": "2026-02-01T12:00:00Z"}
    acts = {
        "pin": said(bob, "Add", first["id"], target=featured_of(bob)),
        "fewer": said(bob, "Update", first | fewer),
    }
    hear(world, *((bob, acts[one]) for one in order))
    at_once(*workers(2))
    world.settle()
    assert post(first["id"]).visibility == "private"
    assert not pinned(world, bob, alice)


def test_ones_own_pin_goes_with_the_post_whichever_comes_first(
    world: World, alice: Resident
) -> None:
    event = alice.post("hello")
    world.settle()
    alice.person.put_state(alice.room, "m.room.pinned_events", {"pinned": [event]})
    alice.person.redact(alice.room, event)
    world.home.push()
    at_once(*workers(2))
    world.settle()
    assert on_top(world, alice) == []


# ---- create, edit, delete


@pytest.mark.parametrize("order", list(itertools.permutations(("create", "edit", "delete"))))
def test_in_whatever_order_they_come_a_deleted_post_is_gone(
    world: World, alice: Resident, bob: Neighbour, order: tuple[str, ...]
) -> None:
    world.friends(bob, alice)
    world.mirror(bob, alice)
    first = note(bob, "first words")
    edit = first | {"content": f"<p>{NEW}</p>", "updated": "2026-02-01T12:00:00Z"}
    acts = {
        "create": said(bob, "Create", first),
        "edit": said(bob, "Update", edit),
        "delete": said(bob, "Delete", first["id"]),
    }
    hear(world, *((bob, acts[one]) for one in order))
    at_once(*workers(2))
    world.settle()
    assert not in_rooms(world, alice, "first words")
    assert not in_rooms(world, alice, NEW)
    assert not Post.objects.filter(deleted=None, uri=first["id"]).exists()
    assert NEW not in "".join(index())


@pytest.mark.parametrize("order", list(itertools.permutations(("create", "fewer", "again"))))
def test_in_whatever_order_they_come_the_newest_words_stand_and_reach_nobody_else(
    world: World, alice: Resident, bob: Neighbour, order: tuple[str, ...]
) -> None:
    """Each version is for fewer than the one before."""
    dave = world.resident("dave")
    world.friends(bob, alice)
    world.friends(bob, dave)
    first = note(bob, "first words")
    followers = {"content": "<p>for followers</p>", "to": [f"{bob.id}/followers"], "cc": []}
    letter = {"content": f"<p>{NEW}</p>", "to": [alice.actor], "cc": []}
    acts = {
        "create": said(bob, "Create", first),
        "fewer": said(bob, "Update", first | followers | {"updated": "2026-02-01T12:00:00Z"}),
        "again": said(bob, "Update", first | letter | {"updated": "2026-03-01T12:00:00Z"}),
    }
    hear(world, *((bob, acts[one]) for one in order))
    at_once(*workers(2))
    world.settle()
    assert post(first["id"]).html == f"<p>{NEW}</p>"
    assert in_rooms(world, alice, NEW)
    assert not in_rooms(world, dave, NEW)
    assert not Post.objects.visible_to(dave.row()).filter(uri=first["id"]).exists()


# ---- files


def test_a_file_that_is_taken_back_while_somebody_loads_it_is_given_to_nobody_else(
    world: World, alice: Resident
) -> None:
    event = picture(world, alice)
    url = address(event)
    with urllib.request.urlopen(url, timeout=20) as loading:
        first = loading.read(1000)
        alice.person.redact(alice.room, event)
        world.settle()
        for method, more in (("GET", {}), ("HEAD", {}), ("GET", {"Range": "bytes=0-9"})):
            assert fetch(url, method, **more)[0] == 404
        assert first + loading.read() == BYTES  # what had begun ends, and holds nobody up


# ---- conversations


def test_two_letters_at_once_have_one_room_and_one_warning(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    """As by two processes, of which none knows what the other does."""
    world.friends(bob, alice)
    room = conversations.expect([alice.row(), row_of(bob)])
    key = room.key or ""

    async def both() -> list[Room]:
        return list(await asyncio.gather(*(conversations.direct(key) for _ in range(3))))

    made = run(both())
    assert len({one.room_id for one in made}) == 1
    alice.person.join(made[0].room_id)
    assert len(alice.seen("not end-to-end encrypted", made[0].room_id)) == 1
    letters = [
        (bob, said(bob, "Create", note(bob, f"letter {n}", to=[alice.actor], cc=[])))
        for n in range(2)
    ]
    hear(world, *letters)
    at_once(*workers(2))
    world.settle()
    assert Room.objects.filter(kind="direct").count() == 1
    assert len(alice.seen("letter", made[0].room_id)) == 2


def row_of(one: Neighbour) -> Actor:
    return Actor.objects.get(uri=one.id)


# ---- moves


@pytest.mark.parametrize("when", ["before", "at once", "after"])
def test_who_follows_just_when_somebody_moves_away_comes_along_or_is_refused(
    world: World, alice: Resident, bob: Neighbour, when: str
) -> None:
    """Whoever were let in without a word of the move would follow an empty house for ever."""
    new = world.neighbour("new", host=1, alsoKnownAs=[alice.actor])
    first = world.neighbour("first")
    first.follow(alice.handle)
    alice.tell_bot(f"move {new.handle}")
    world.settle()
    if when == "before":
        bob.follow(alice.handle)
        world.settle()
    alice.tell_bot(f"move {new.handle} alice")
    if when == "after":
        world.settle()
    if when != "before":
        bob.follow(alice.handle)
    world.home.push()
    at_once(*workers(2))
    world.settle()
    assert alice.row().moved_to == new.id
    let_in, refused = bob.received("Accept"), bob.received("Reject")
    assert bool(let_in) != bool(refused)
    assert bool(let_in) == (bob.id in followers(alice.actor))
    assert not let_in or bob.received("Move")
    first.follow(alice.handle)  # says again what it said: it stays, whoever it is
    world.settle()
    assert first.id in followers(alice.actor)


@pytest.mark.parametrize("order", list(itertools.permutations(("follow", "move"))))
def test_who_follows_just_when_somebody_elsewhere_moves_follows_one_of_both_homes(
    world: World, alice: Resident, ada: Resident, bob: Neighbour, order: tuple[str, ...]
) -> None:
    new = world.neighbour("new", host=1, alsoKnownAs=[bob.id])
    world.friends(bob, alice)
    move = said(bob, "Move", bob.id, target=new.id)
    acts = {
        "follow": lambda: ada.tell_bot(f"follow {bob.handle}"),
        "move": lambda: world.hear(bob, move),
    }
    for one in order:
        acts[one]()
    world.home.push()
    at_once(*workers(2))
    world.settle()
    assert followers(new.id) >= {alice.actor}
    rows = ada.row().follows_out.values_list("target__uri", "state")
    (only,) = rows.filter(target__uri__in=[bob.id, new.id])
    assert only[1] == "accepted"
    assert alice.row().follows_out.filter(target__uri=bob.id).count() == 0
