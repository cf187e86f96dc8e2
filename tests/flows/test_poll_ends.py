"""When polls end, who says so, and counts that nobody is to know before."""

import time
from typing import Any

import orjson
import pytest

from bridge import counting, moderation
from bridge.activitypub import jsonld
from bridge.demo.neighbourhood import Actor as Neighbour
from bridge.models import Document
from social.models import Delivery, Post
from tests.fakes.world import Resident, World, post, post_of
from tests.flows import polling
from tests.flows.polling import END, START, TEXT
from tests.rebuilt import lost_and_rebuilt, shown

DAY = 24 * 3_600_000
UNDISCLOSED = "org.matrix.msc3381.poll.undisclosed"


def begins(alice: Resident, question: str = "What?", count: int = 2, **more: Any) -> str:
    """A poll as Element sends it."""
    answers = [{"id": f"id-{number}", TEXT: f"answer {number}"} for number in range(count)]
    poll = {"question": {TEXT: question, "body": question}, "answers": answers, **more}
    poll = {"kind": "org.matrix.msc3381.poll.disclosed", "max_selections": 1} | poll
    return alice.person.send_event(alice.room, START, {TEXT: question, START: poll})


def untold(*counts: int | None) -> list[dict[str, Any]]:
    return [
        {"type": "Note", "name": name, "replies": {"type": "Collection", "totalItems": count}}
        for name, count in zip(("Tea", "Coffee & cake"), counts or (None, None), strict=True)
    ]


def span(poll: str) -> int:
    """For how long one can vote in it."""
    row = post(poll)
    assert row.poll
    return int(row.poll["closes"]) - row.published


# ---- counts that are hidden


def test_hidden_counts_are_told_nobody_before_the_end(
    world: World, alice: Resident, ada: Resident, bob: Neighbour
) -> None:
    world.friends(bob, alice)
    event, poll = polling.begun(world, alice, kind=UNDISCLOSED)
    ada.person.join(alice.room)
    polling.choose(ada.person, alice.room, event, "id-Tea")
    polling.casts(world, bob, poll, alice, "Tea")
    polling.a_while_later(world)

    (heard,) = [one["activity"]["object"] for one in bob.received("Update")]
    for one in (heard, world.json(poll), world.json(f"{poll}/create")["object"]):
        assert [choice["replies"]["totalItems"] for choice in one["oneOf"]] == [None, None]
    assert heard["votersCount"] == 2
    assert polling.votes(poll) == [0, 0]
    assert not any(_tells(body) for body in Document.objects.values_list("body", flat=True))
    (notice,) = polling.notices(alice, alice.room)
    assert "2 people" in notice["body"]
    assert "Tea" not in notice["body"]
    page = world.page(post(poll).url)
    assert "2 people voted" in page
    assert "votes (" not in page
    assert "shown when it ends" in page
    stood = [world.get(address) for address in (poll, f"{poll}/create")]
    lost_and_rebuilt()
    assert [world.get(address) for address in (poll, f"{poll}/create")] == stood
    assert polling.votes(poll) == [0, 0]

    polling.end(alice.person, alice.room, event)
    world.settle()
    heard = bob.received("Update")[-1]["activity"]["object"]
    assert [choice["replies"]["totalItems"] for choice in heard["oneOf"]] == [2, 0]
    assert "2 votes" in world.page(post(poll).url)
    assert "Tea: 2" in polling.notices(alice, alice.room)[-1]["body"]


def _tells(body: str) -> bool:
    """Whether a document has the count of an answer."""
    document = orjson.loads(body)
    about = document.get("object", document)
    choices = about.get("oneOf", []) if isinstance(about, dict) else []
    return any(choice["replies"]["totalItems"] is not None for choice in choices)


def test_hidden_counts_of_a_poll_elsewhere_are_hidden_here_until_its_server_tells_them(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    world.friends(bob, alice)
    note = polling.asks(bob, oneOf=untold())
    world.settle()
    room = world.mirror(bob, alice)
    (event,) = alice.timeline(room, START)
    assert event["content"][START]["kind"] == UNDISCLOSED
    polling.tells(world, bob, note, 0, 0, oneOf=untold(), votersCount=4)
    polling.a_while_later(world)
    assert "4 people" in polling.notices(alice, room)[-1]["body"]
    assert "they are shown when it ends" in polling.notices(alice, room)[-1]["body"]
    polling.time_is_over(world, note["id"])
    (ended,) = alice.timeline(room, END)
    assert "its server has not told them yet" in ended["content"][TEXT]
    assert not any(key.endswith("results") for key in ended["content"])
    polling.tells(world, bob, note, 3, 1, closed=jsonld.iso(int(time.time() * 1000)))
    assert "Tea: 3" in polling.notices(alice, room)[-1]["body"]
    assert len(alice.timeline(room, END)) == 1


# ---- when it ends


def test_the_question_says_when_the_poll_ends_or_else_the_desk_or_else_it_is_a_week(
    world: World, alice: Resident
) -> None:
    usual = begins(alice)
    said = begins(alice, "!ends 12h What?")
    world.settle()
    assert span(post_of(usual)) == 7 * DAY
    assert span(post_of(said)) == DAY // 2
    assert post(post_of(said)).html == "<p>What?</p>"
    alice.tell_bot("set polls 3d")
    world.settle()
    assert any("people can vote for 3 days" in line for line in alice.answers())
    after, shorter = begins(alice), begins(alice, "!ends 1m What?")
    world.settle()
    assert span(post_of(after)) == 3 * DAY
    assert span(post_of(shorter)) == 5 * 60_000
    ends = world.json(post_of(after))["endTime"]
    lost_and_rebuilt()
    assert world.json(post_of(after))["endTime"] == ends
    later = begins(alice)
    world.settle()
    assert span(post_of(later)) == 3 * DAY


def test_set_polls_wants_a_time(world: World, alice: Resident) -> None:
    alice.tell_bot("set polls soon")
    world.settle()
    assert any("set polls 3d" in line for line in alice.answers())


def test_a_poll_that_is_over_when_it_comes_ends_at_once_with_its_result(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    world.friends(bob, alice)
    closed = jsonld.iso(int(time.time() * 1000) - 60_000)
    polling.asks(bob, 5, 2, endTime=None, closed=closed)
    world.settle()
    room = world.mirror(bob, alice)
    counting.tell_due()
    world.settle()
    assert len(alice.timeline(room, START)) == 1
    (ended,) = alice.timeline(room, END)
    assert "Tea: 5" in ended["content"][TEXT]
    before = world.home.everything()
    assert not counting.tell_due()
    lost_and_rebuilt()
    counting.tell_due()
    world.settle()
    assert world.home.everything() == before


def test_a_poll_that_cannot_be_told_keeps_no_other_untold_and_is_tried_again_later(
    world: World, alice: Resident, bob: Neighbour, caplog: pytest.LogCaptureFixture
) -> None:
    bob.follow(alice.handle)
    odd, good = (post_of(begins(alice, question)) for question in ("Odd?", "Good?"))
    world.settle()
    whole = post(odd).poll
    assert whole
    Post.objects.filter(uri=odd).update(poll={"closes": 1}, poll_due=1)
    polling.time_is_over(world, good)
    assert bob.received("Update", contains="Good?")
    (failed,) = [one for one in caplog.records if "cannot be told" in one.getMessage()]
    assert str(post(odd).pk) in failed.getMessage()
    assert not counting.tell_due(), "it is not tried again at once"
    Post.objects.filter(uri=odd).update(poll=whole)
    polling.time_is_over(world, odd)
    assert bob.received("Update", contains="Odd?")


def test_a_poll_that_ends_while_its_author_is_suspended_is_told_when_they_are_no_more(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    bob.follow(alice.handle)
    _, poll = polling.begun(world, alice)
    polling.casts(world, bob, poll, alice, "Tea")
    moderation.suspend(alice.row())
    polling.time_is_over(world, poll)
    assert not bob.received("Update")
    moderation.unsuspend(alice.row())
    counting.tell_due()
    world.settle()
    (ended,) = bob.received("Update")
    assert ended["activity"]["object"]["closed"]
    assert polling.votes(poll) == [1, 0]
    assert not counting.tell_due()


def test_an_end_that_only_closed_tells_is_no_edit(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    world.friends(bob, alice)
    note = polling.asks(bob)
    world.settle()
    moment = jsonld.iso(int(time.time() * 1000))
    told = note | polling.question(4, 1) | {"closed": moment, "updated": moment}
    del told["endTime"]
    about = {"type": "Update", "actor": bob.id, "to": note["to"], "cc": note["cc"]}
    assert world.hear(bob, {"id": f"{note['id']}#updates/1", **about, "object": told}) == 202
    world.settle()
    assert post(note["id"]).updated is None
    assert len(alice.timeline(world.mirror(bob, alice), END)) == 1


# ---- edits that do not say so


def test_new_words_are_an_edit_though_nothing_says_when_and_old_words_are_none(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    world.friends(bob, alice)
    note = polling.asks(bob)
    world.settle()
    polling.tells(world, bob, note, 1, 0, content="<p>Tea, or rather coffee?</p>")
    assert post(note["id"]).html == "<p>Tea, or rather coffee?</p>"
    edited = post(note["id"]).updated
    assert edited
    polling.tells(world, bob, note, 2, 0)  # with the words from before
    assert post(note["id"]).html == "<p>Tea, or rather coffee?</p>"
    assert post(note["id"]).updated == edited
    assert polling.votes(note["id"]) == [2, 0]
    lost_and_rebuilt()
    assert post(note["id"]).html == "<p>Tea, or rather coffee?</p>"


@pytest.mark.parametrize("dated", [True, False])
def test_counts_that_come_for_fewer_narrow_the_poll(
    world: World, alice: Resident, bob: Neighbour, *, dated: bool
) -> None:
    world.friends(bob, alice)
    note = polling.asks(bob)
    world.settle()
    fewer = {"to": [f"{bob.id}/followers"], "cc": []}
    when = {"updated": jsonld.iso(int(time.time() * 1000))} if dated else {}
    told = note | polling.question(1, 0) | {"endTime": note["endTime"]} | fewer | when
    world.hear(
        bob,
        {"id": f"{note['id']}#updates/1", "type": "Update", "actor": bob.id}
        | fewer
        | {"object": told},
    )
    world.settle()
    assert post(note["id"]).visibility == "private"
    assert polling.votes(note["id"]) == [1, 0]


# ---- what goes nowhere


def test_who_asks_what_nobody_elsewhere_could_answer_hears_why(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    world.friends(bob, alice)
    begins(alice, count=21)
    world.settle()
    begins(alice, answers=[{"id": str(number), TEXT: "same"} for number in range(2)])
    world.settle()
    assert not bob.received("Create")
    told = [line for line in alice.answers() if "went nowhere" in line]
    assert len(told) == 2
    assert "too many answers" in told[0]
    assert "same name" in told[1]


def test_the_owners_own_vote_counts_once_in_both_networks(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    world.friends(bob, alice)
    event, poll = polling.begun(world, alice)
    polling.choose(alice.person, alice.room, event, "id-Tea")
    polling.choose(alice.person, alice.room, event, "id-Tea")
    polling.casts(world, bob, poll, alice, "Coffee")
    polling.a_while_later(world)
    heard = bob.received("Update")[-1]["activity"]["object"]
    assert [choice["replies"]["totalItems"] for choice in heard["oneOf"]] == [1, 1]
    assert heard["votersCount"] == 2
    assert "Tea: 1" in polling.notices(alice, alice.room)[-1]["body"]
    assert not any("did not count" in line for line in alice.answers())
    assert not Delivery.objects.filter(state="gone").exists()
    assert Post.objects.get(uri=poll).updated is None


def test_what_was_edited_and_counted_before_it_stood_in_a_room_is_found_again(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    world.friends(bob, alice)
    written, poll = bob.post("frist"), polling.asks(bob)
    bob.update(written.post, "first")
    about = {"type": "Update", "actor": bob.id, "to": poll["to"], "cc": poll["cc"]}
    counts = poll | polling.question(3, 0) | {"endTime": poll["endTime"]}
    world.hear(bob, {"id": f"{poll['id']}#updates/1", **about, "object": counts})
    world.settle()
    before = shown()
    lost_and_rebuilt()
    assert post(written.post).html == "<p>first</p>"
    assert polling.votes(poll["id"]) == [3, 0]
    assert shown()["places"] == before["places"]
    bob.delete(written.post)
    bob.delete(poll["id"])
    world.settle()
    room = world.mirror(bob, alice)
    assert not alice.seen("first", room)
    assert not alice.timeline(room, START)
