"""Votes both ways, and polls that people write in Matrix: asked, counted, closed, found again."""

from typing import Any

from bridge import counting
from bridge.demo.neighbourhood import Actor as Neighbour
from social.models import Delivery, Post, Vote
from tests.bridge.test_rebuild import lost_and_rebuilt, shown
from tests.fakes.world import Resident, World, outcome, post, post_of
from tests.flows.test_polls import (
    END,
    START,
    a_while_later,
    asks,
    notices,
    question,
    tells,
    time_is_over,
    votes,
)
from tests.flows.test_visibility import circle

RESPONSE = "org.matrix.msc3381.poll.response"
TEXT = "org.matrix.msc1767.text"
DISCLOSED = "org.matrix.msc3381.poll.disclosed"


def ask(
    alice: Resident, *, several: bool = False, room: str = "", kind: str = DISCLOSED, **more: Any
) -> str:
    """As Element sends it; returns the event."""
    answers = [{"id": f"id-{name}", TEXT: name} for name in ("Tea", "Coffee")]
    poll = {
        "question": {TEXT: "What do you drink?", "body": "What do you drink?", "msgtype": "m.text"},
        "kind": kind,
        "max_selections": 2 if several else 1,
        "answers": answers,
    }
    content = {TEXT: "What do you drink?\n1. Tea\n2. Coffee", START: poll, **more}
    return alice.person.send_event(room or alice.room, START, content)


def choose(who: Any, room: str, event: str, *answers: str) -> str:
    related = {"rel_type": "m.reference", "event_id": event}
    content = {RESPONSE: {"answers": list(answers)}, "m.relates_to": related}
    return str(who.send_event(room, RESPONSE, content))


def end(who: Any, room: str, event: str) -> str:
    related = {"rel_type": "m.reference", "event_id": event}
    return str(who.send_event(room, END, {END: {}, TEXT: "Ended.", "m.relates_to": related}))


def ballot(voter: Neighbour, poll: str, author: str, name: str, **more: Any) -> dict[str, Any]:
    """As Mastodon sends it."""
    number = f"{voter.id}#votes/{poll[-8:]}{name}"
    note = {"id": number, "type": "Note", "name": name, "attributedTo": voter.id, "to": author}
    note |= {"inReplyTo": poll} | more
    made = {"id": f"{number}/activity", "type": "Create", "actor": voter.id, "to": author}
    return {**made, "object": note}


def casts(world: World, voter: Neighbour, poll: str, alice: Resident, *names: str) -> None:
    for name in names:
        assert world.hear(voter, ballot(voter, poll, alice.actor, name)) == 202
    world.settle()


def counted(uri: str) -> list[int]:
    """As told in a while."""
    Post.objects.filter(uri=uri).update(poll_due=0)
    counting.tell_due()
    return votes(uri)


# ---- refused


def test_a_second_choice_in_a_poll_that_allows_one_is_refused(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    poll = post_of(ask(alice))
    world.settle()
    casts(world, bob, poll, alice, "Tea", "Coffee", "Tea")
    assert "cannot be changed" in outcome(f"{bob.id}#votes/{poll[-8:]}Coffee").note
    assert counted(poll) == [1, 0]


def test_a_vote_after_the_end_or_for_nothing_that_was_asked_is_refused(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    poll = post_of(ask(alice))
    world.settle()
    casts(world, bob, poll, alice, "Beer")
    assert "no such answer" in outcome(f"{bob.id}#votes/{poll[-8:]}Beer").note
    time_is_over(world, poll)
    casts(world, bob, poll, alice, "Tea")
    assert "closed" in outcome(f"{bob.id}#votes/{poll[-8:]}Tea").note
    assert votes(poll) == [0, 0]


def test_who_is_blocked_does_not_vote(world: World, alice: Resident, bob: Neighbour) -> None:
    poll = post_of(ask(alice))
    alice.tell_bot(f"block {bob.handle}")
    world.settle()
    casts(world, bob, poll, alice, "Tea")
    assert "blocked" in outcome(f"{bob.id}#votes/{poll[-8:]}Tea").note
    assert not Vote.objects.exists()


def test_only_who_may_read_a_poll_votes_in_it(
    world: World, alice: Resident, bob: Neighbour, mallory: Neighbour
) -> None:
    world.friends(bob, alice)
    poll = post_of(ask(alice, room=circle(world, alice)))
    world.settle()
    assert post(poll).visibility == "private"
    mallory.follow(alice.handle)
    world.settle()
    alice.tell_bot(f"reject {mallory.handle}")
    world.settle()
    casts(world, mallory, poll, alice, "Tea")
    assert "not for them" in outcome(f"{mallory.id}#votes/{poll[-8:]}Tea").note
    casts(world, bob, poll, alice, "Tea")
    assert counted(poll) == [1, 0]


def test_nobody_but_its_author_ends_a_poll(world: World, alice: Resident, ada: Resident) -> None:
    event = ask(alice)
    world.settle()
    ada.person.join(alice.room)
    end(ada.person, alice.room, event)
    world.settle()
    poll = post(post_of(event)).poll
    assert poll
    assert poll["closed"] is None


# ---- asked here


def test_a_poll_written_in_a_room_goes_out_as_a_question(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    world.friends(bob, alice)
    event = ask(alice)
    world.settle()
    (heard,) = bob.received("Create")
    asked = heard["activity"]["object"]
    assert asked["type"] == "Question"
    assert asked["content"] == "<p>What do you drink?</p>"
    nothing = {"type": "Collection", "totalItems": 0}
    assert asked["oneOf"] == [
        {"type": "Note", "name": name, "replies": nothing} for name in ("Tea", "Coffee")
    ]
    assert asked["votersCount"] == 0
    assert asked["endTime"] > asked["published"]
    assert world.json(post_of(event))["type"] == "Question"


def test_votes_are_counted_and_told_together_to_followers_and_voters(
    world: World, alice: Resident, bob: Neighbour, mallory: Neighbour
) -> None:
    world.friends(bob, alice)
    event = ask(alice, several=True)
    poll = post_of(event)
    world.settle()
    casts(world, bob, poll, alice, "Tea", "Coffee")
    casts(world, mallory, poll, alice, "tea")
    assert not bob.received("Update")
    assert not mallory.received("Update")
    a_while_later(world)
    heard = world.neighbours.received(type="Update")
    assert {one["host"] for one in heard} == {0, 1}, "one follows, the other voted"
    for one in heard:
        now_ = one["activity"]["object"]
        assert [option["replies"]["totalItems"] for option in now_["anyOf"]] == [2, 1]
        assert now_["votersCount"] == 2
        assert "updated" not in now_
    assert world.json(poll)["votersCount"] == 2
    (notice,) = notices(alice, alice.room)
    assert "Tea: 2" in notice["body"]
    assert not counting.tell_due(), "nothing new is not told"


def test_a_ballot_of_several_votes_in_one_activity_is_read_whole(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    poll = post_of(ask(alice, several=True))
    world.settle()
    one, two = (ballot(bob, poll, alice.actor, name) for name in ("Tea", "Coffee"))
    world.hear(bob, {**one, "object": [one["object"], two["object"]]})
    answer = ballot(bob, poll, alice.actor, "Coffee", type="Answer")
    world.hear(bob, {**answer, "id": f"{bob.id}/answer"})
    world.settle()
    assert counted(poll) == [1, 1]


def test_readers_of_the_room_vote_with_or_without_a_profile(
    world: World, alice: Resident, ada: Resident
) -> None:
    event = ask(alice)
    world.settle()
    zoe = world.person("zoe:elsewhere.test")
    for person in (zoe, ada.person):
        person.join(alice.room)
    choose(zoe, alice.room, event, "id-Coffee")
    choose(ada.person, alice.room, event, "id-Tea")
    choose(alice.person, alice.room, event, "id-Tea", "id-Coffee")
    world.settle()
    assert counted(post_of(event)) == [2, 1]
    assert not any("did not count" in line for line in alice.answers())


def test_of_those_who_vote_in_the_room_the_last_choice_counts_as_their_clients_show_it(
    world: World, alice: Resident, ada: Resident, bob: Neighbour
) -> None:
    event = ask(alice, several=True)
    poll = post_of(event)
    world.settle()
    zoe = world.person("zoe:elsewhere.test")
    for person in (zoe, ada.person):
        person.join(alice.room)
        choose(person, alice.room, event, "id-Tea", "id-Coffee")
    casts(world, bob, poll, alice, "Tea")
    assert counted(poll) == [3, 2]
    choose(zoe, alice.room, event, "id-Coffee")
    choose(ada.person, alice.room, event, "id-Tea")
    world.settle()
    assert counted(poll) == [2, 1]
    rows = set(Vote.objects.values_list("voter", "option", "at"))
    assert len({voter for voter, *_ in rows}) == 3
    lost_and_rebuilt()
    assert set(Vote.objects.values_list("voter", "option", "at")) == rows
    assert not any("did not count" in line for line in ada.answers())


def test_what_was_said_of_a_poll_tells_nobody_who_voted_for_what(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    event = ask(alice)
    poll = post_of(event)
    world.settle()
    casts(world, bob, poll, alice, "Tea")
    a_while_later(world)
    everything = "".join(
        str(found["content"])
        for room in (alice.room, alice.desk)
        for found in alice.person.messages(room, 200)
    )
    assert "'op': 'vote'" in everything
    assert bob.id not in everything
    assert world.get(f"{bob.id}#votes/1")[0] != 500
    status, body = world.get(f"{alice.actor}/outbox?page=true")
    assert (status, bob.id.encode() in body) == (200, False)


def test_the_ledger_of_a_poll_leads_to_none_of_its_voters_here(
    world: World, alice: Resident, ada: Resident
) -> None:
    event = ask(alice)
    world.settle()
    ada.person.join(alice.room)
    vote = choose(ada.person, alice.room, event, "id-Tea")
    world.settle()
    lines = [found["content"] for found in alice.person.messages(alice.desk, 200)]
    (line,) = [line for line in lines if line.get("op") == "vote"]
    assert ada.actor not in str(line)
    assert vote.removeprefix("$") not in str(line)


def test_how_a_poll_for_followers_goes_on_a_voter_who_was_removed_does_not_hear(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    bob.follow(alice.handle)
    world.settle()
    poll = post_of(ask(alice, room=circle(world, alice)))
    world.settle()
    casts(world, bob, poll, alice, "Tea")
    alice.tell_bot(f"reject {bob.handle}")
    world.settle()
    assert counted(poll) == [1, 0]
    world.settle()
    told = Delivery.objects.filter(network="activitypub", subject=poll)
    assert [row.document for row in told] == [f"{poll}/create"]


def test_the_owner_ends_a_poll_and_everybody_gets_the_result(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    world.friends(bob, alice)
    event = ask(alice)
    poll = post_of(event)
    world.settle()
    casts(world, bob, poll, alice, "Coffee")
    end(alice.person, alice.room, event)
    world.settle()
    (heard,) = bob.received("Update")
    result = heard["activity"]["object"]
    assert result["closed"]
    assert [one["replies"]["totalItems"] for one in result["oneOf"]] == [0, 1]
    assert len(alice.timeline(kind=END)) == 1, "the owner said it already"
    assert "The poll is closed" in notices(alice, alice.room)[-1]["body"]
    assert "Closed" in world.page(post(poll).url)


def test_a_poll_closes_by_itself_when_its_time_is_over(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    world.friends(bob, alice)
    event = ask(alice)
    world.settle()
    time_is_over(world, post_of(event))
    (heard,) = bob.received("Update")
    assert heard["activity"]["object"]["closed"]
    (ended,) = alice.timeline(kind=END)
    assert ended["sender"].startswith("@_ap_bot")
    assert not counting.tell_due()


def test_an_edited_question_keeps_its_votes(world: World, alice: Resident, bob: Neighbour) -> None:
    event = ask(alice)
    poll = post_of(event)
    world.settle()
    casts(world, bob, poll, alice, "Tea")
    a_while_later(world)
    answers = [{"id": f"new-{name}", TEXT: name} for name in ("Tea", "Coffee")]
    kind = "org.matrix.msc3381.poll.disclosed"
    new = {START: {"question": {TEXT: "Really?"}, "kind": kind, "answers": answers}}
    related = {"rel_type": "m.replace", "event_id": event}
    alice.person.send_event(
        alice.room, START, {**new, "m.new_content": new, "m.relates_to": related}
    )
    world.settle()
    assert post(poll).html == "<p>Really?</p>"
    choose(alice.person, alice.room, event, "new-Tea")
    world.settle()
    assert counted(poll) == [2, 0]


def test_a_deleted_poll_forgets_its_votes(world: World, alice: Resident, bob: Neighbour) -> None:
    event = ask(alice)
    world.settle()
    casts(world, bob, post_of(event), alice, "Tea")
    a_while_later(world)
    alice.person.redact(alice.room, event)
    world.settle()
    assert not Vote.objects.exists()
    assert not notices(alice, alice.room)
    assert world.get(post_of(event))[0] == 410


# ---- voted in elsewhere


def test_a_vote_goes_to_the_polls_author_alone_without_content_under_ids_of_its_own(
    world: World, alice: Resident, bob: Neighbour, mallory: Neighbour
) -> None:
    world.friends(bob, alice)
    mallory.follow(alice.handle)
    world.settle()
    note = asks(bob, oneOf=None, anyOf=question()["oneOf"])
    world.settle()
    room = world.mirror(bob, alice)
    (event,) = alice.timeline(room, START)
    choose(alice.person, room, event["event_id"], "0", "1")
    world.settle()
    heard = [one["activity"] for one in bob.received("Create")]
    assert [one["object"]["name"] for one in heard] == ["Tea", "Coffee & cake"]
    for one in heard:
        vote = one["object"]
        assert one["id"] != vote["id"]
        assert vote["inReplyTo"] == note["id"]
        assert (vote["to"], one["to"]) == ([bob.id], [bob.id])
        assert not {"cc", "content"} & {*vote, *one}
    assert not mallory.received("Create")
    assert "Coffee" not in str(world.json(f"{alice.actor}/outbox?page=true"))
    assert votes(note["id"]) == [0, 0], "bob's server counts"


def test_a_changed_vote_stays_as_it_was_and_the_voter_is_told(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    world.friends(bob, alice)
    note = asks(bob)
    world.settle()
    room = world.mirror(bob, alice)
    (event,) = alice.timeline(room, START)
    choose(alice.person, room, event["event_id"], "0")
    choose(alice.person, room, event["event_id"], "0")
    world.settle()
    assert not any("did not count" in line for line in alice.answers())
    choose(alice.person, room, event["event_id"], "1")
    world.settle()
    assert len(bob.received("Create")) == 1
    assert any("did not count" in line and "changed" in line for line in alice.answers())
    tells(world, bob, note, 1, 0, closed="2026-11-20T08:00:00Z")
    choose(alice.person, room, event["event_id"], "1")
    world.settle()
    assert any("the poll is closed" in line for line in alice.answers())


def test_votes_and_counts_come_back_from_the_rooms(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    world.friends(bob, alice)
    asks(bob)
    mine, ended = ask(alice, several=True), ask(alice)
    world.settle()
    room = world.mirror(bob, alice)
    (event,) = alice.timeline(room, START)
    choose(alice.person, room, event["event_id"], "0")
    zoe = world.person("zoe")
    zoe.join(alice.room)
    choose(zoe, alice.room, mine, "id-Tea", "id-Coffee")
    casts(world, bob, post_of(mine), alice, "Coffee")
    casts(world, bob, post_of(ended), alice, "Tea")
    a_while_later(world)
    end(alice.person, alice.room, ended)
    world.settle()
    rows = set(Vote.objects.values_list("post__uri", "voter", "option"))
    polls = dict(Post.objects.exclude(poll=None).values_list("uri", "poll"))
    before, rooms = shown(), world.home.everything()
    lost_and_rebuilt()
    assert set(Vote.objects.values_list("post__uri", "voter", "option")) == rows
    assert dict(Post.objects.exclude(poll=None).values_list("uri", "poll")) == polls
    for table, found in shown().items():
        assert found == before[table], table
    a_while_later(world)
    assert world.home.everything() == rooms
    assert not Delivery.objects.exists()
    casts(world, bob, post_of(mine), alice, "Tea")
    choose(zoe, alice.room, mine, "id-Tea")
    world.settle()
    assert counted(post_of(mine)) == [2, 1]
