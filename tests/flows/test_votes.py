"""Votes both ways, and polls that people write in Matrix: asked, counted, closed, found again."""

from bridge import counting
from bridge.activitypub import jsonld
from bridge.demo.neighbourhood import Actor as Neighbour
from social.models import Delivery, Post, Vote
from tests.fakes.world import Resident, World, outcome, post, post_of, said
from tests.flows import polling
from tests.flows.polling import END, START, TEXT
from tests.flows.rooms import circle
from tests.rebuilt import lost_and_rebuilt, shown

# ---- refused


def test_a_second_choice_in_a_poll_that_allows_one_is_refused(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    _, poll = polling.begun(world, alice)
    polling.casts(world, bob, poll, alice, "Tea", "Coffee", "Tea")
    assert "cannot be changed" in outcome(f"{bob.id}#votes/{poll[-8:]}Coffee").note
    assert polling.counted(poll) == [1, 0]


def test_a_vote_after_the_end_or_for_nothing_that_was_asked_is_refused(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    _, poll = polling.begun(world, alice)
    polling.casts(world, bob, poll, alice, "Beer")
    assert "no such answer" in outcome(f"{bob.id}#votes/{poll[-8:]}Beer").note
    polling.time_is_over(world, poll)
    polling.casts(world, bob, poll, alice, "Tea")
    assert "closed" in outcome(f"{bob.id}#votes/{poll[-8:]}Tea").note
    assert polling.votes(poll) == [0, 0]


def test_who_is_blocked_does_not_vote(world: World, alice: Resident, bob: Neighbour) -> None:
    poll = post_of(polling.ask(alice))
    alice.tell_bot(f"block {bob.handle}")
    world.settle()
    polling.casts(world, bob, poll, alice, "Tea")
    assert "blocked" in outcome(f"{bob.id}#votes/{poll[-8:]}Tea").note
    assert not Vote.objects.exists()


def test_only_who_may_read_a_poll_votes_in_it(
    world: World, alice: Resident, bob: Neighbour, mallory: Neighbour
) -> None:
    world.friends(bob, alice)
    _, poll = polling.begun(world, alice, room=circle(world, alice))
    assert post(poll).visibility == "private"
    mallory.follow(alice.handle)
    world.settle()
    alice.tell_bot(f"reject {mallory.handle}")
    world.settle()
    polling.casts(world, mallory, poll, alice, "Tea")
    assert "not for them" in outcome(f"{mallory.id}#votes/{poll[-8:]}Tea").note
    polling.casts(world, bob, poll, alice, "Tea")
    assert polling.counted(poll) == [1, 0]


def test_nobody_but_its_author_ends_a_poll(world: World, alice: Resident, ada: Resident) -> None:
    event, _ = polling.begun(world, alice)
    ada.person.join(alice.room)
    polling.end(ada.person, alice.room, event)
    world.settle()
    poll = post(post_of(event)).poll
    assert poll
    assert poll["closed"] is None


def test_what_others_say_of_a_poll_counts_after_a_loss_no_more_than_before(
    world: World, alice: Resident
) -> None:
    event, poll = polling.begun(world, alice)
    mallory, zoe = world.person("mallory"), world.person("zoe")
    for guest in (mallory, zoe):
        guest.join(alice.room)
    swapped = [{"id": f"id-{name}", TEXT: name} for name in ("Coffee", "Tea")]
    new = {START: {"question": {TEXT: "What do you drink?"}, "answers": swapped}}
    related = {"rel_type": "m.replace", "event_id": event}
    mallory.send_event(alice.room, START, {**new, "m.new_content": new, "m.relates_to": related})
    polling.end(mallory, alice.room, event)
    world.settle()
    lost_and_rebuilt()
    polling.choose(zoe, alice.room, event, "id-Tea")
    world.settle()
    assert polling.counted(poll) == [1, 0]
    polling.time_is_over(world, poll)
    bot = f"@_ap_bot:{alice.room.split(':')[1]}"
    assert bot in {one["sender"] for one in alice.timeline(kind=END)}


# ---- asked here


def test_a_poll_written_in_a_room_goes_out_as_a_question(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    world.friends(bob, alice)
    event, _ = polling.begun(world, alice)
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
    _, poll = polling.begun(world, alice, several=True)
    polling.casts(world, bob, poll, alice, "Tea", "Coffee")
    polling.casts(world, mallory, poll, alice, "tea")
    assert not bob.received("Update")
    assert not mallory.received("Update")
    polling.a_while_later(world)
    heard = world.neighbours.received(type="Update")
    assert {one["host"] for one in heard} == {0, 1}, "one follows, the other voted"
    for one in heard:
        now_ = one["activity"]["object"]
        assert [option["replies"]["totalItems"] for option in now_["anyOf"]] == [2, 1]
        assert now_["votersCount"] == 2
        assert "updated" not in now_
    assert world.json(poll)["votersCount"] == 2
    (notice,) = polling.notices(alice, alice.room)
    assert "Tea: 2" in notice["body"]
    assert not counting.tell_due(), "nothing new is not told"


def test_a_ballot_of_several_votes_in_one_activity_is_read_whole(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    _, poll = polling.begun(world, alice, several=True)
    one, two = (polling.ballot(bob, poll, alice.actor, name) for name in ("Tea", "Coffee"))
    world.hear(bob, {**one, "object": [one["object"], two["object"]]})
    answer = polling.ballot(bob, poll, alice.actor, "Coffee", type="Answer")
    world.hear(bob, {**answer, "id": f"{bob.id}/answer"})
    world.settle()
    assert polling.counted(poll) == [1, 1]


def test_readers_of_the_room_vote_with_or_without_a_profile(
    world: World, alice: Resident, ada: Resident
) -> None:
    event, _ = polling.begun(world, alice)
    zoe = world.person("zoe:elsewhere.test")
    for person in (zoe, ada.person):
        person.join(alice.room)
    polling.choose(zoe, alice.room, event, "id-Coffee")
    polling.choose(ada.person, alice.room, event, "id-Tea")
    polling.choose(alice.person, alice.room, event, "id-Tea", "id-Coffee")
    world.settle()
    assert polling.counted(post_of(event)) == [2, 1]
    assert not any("did not count" in line for line in alice.answers())


def test_of_those_who_vote_in_the_room_the_last_choice_counts_as_their_clients_show_it(
    world: World, alice: Resident, ada: Resident, bob: Neighbour
) -> None:
    event, poll = polling.begun(world, alice, several=True)
    zoe = world.person("zoe:elsewhere.test")
    for person in (zoe, ada.person):
        person.join(alice.room)
        polling.choose(person, alice.room, event, "id-Tea", "id-Coffee")
    polling.casts(world, bob, poll, alice, "Tea")
    assert polling.counted(poll) == [3, 2]
    polling.choose(zoe, alice.room, event, "id-Coffee")
    polling.choose(ada.person, alice.room, event, "id-Tea")
    world.settle()
    assert polling.counted(poll) == [2, 1]
    rows = set(Vote.objects.values_list("voter", "option", "at"))
    assert len({voter for voter, *_ in rows}) == 3
    lost_and_rebuilt()
    assert set(Vote.objects.values_list("voter", "option", "at")) == rows
    assert not any("did not count" in line for line in ada.answers())


def test_what_was_said_of_a_poll_tells_nobody_who_voted_for_what(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    _, poll = polling.begun(world, alice)
    polling.casts(world, bob, poll, alice, "Tea")
    polling.a_while_later(world)
    everything = "".join(
        str(found["content"])
        for room in (alice.room, alice.desk)
        for found in alice.person.messages(room, 200)
    )
    assert "'op': 'vote'" in everything
    assert bob.id not in everything
    status, body = world.get(f"{alice.actor}/outbox?page=true")
    assert (status, bob.id.encode() in body) == (200, False)


def test_the_ledger_of_a_poll_leads_to_none_of_its_voters_here(
    world: World, alice: Resident, ada: Resident
) -> None:
    event, _ = polling.begun(world, alice)
    ada.person.join(alice.room)
    vote = polling.choose(ada.person, alice.room, event, "id-Tea")
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
    _, poll = polling.begun(world, alice, room=circle(world, alice))
    polling.casts(world, bob, poll, alice, "Tea")
    alice.tell_bot(f"reject {bob.handle}")
    world.settle()
    assert polling.counted(poll) == [1, 0]
    world.settle()
    told = Delivery.objects.filter(network="activitypub", subject=poll)
    assert [row.document for row in told] == [f"{poll}/create"]


def test_whoever_answers_how_a_poll_stands_answers_the_poll(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    bob.follow(alice.handle)
    event, poll = polling.begun(world, alice)
    polling.casts(world, bob, poll, alice, "Tea")
    polling.a_while_later(world)
    (told,) = alice.seen("Votes so far")
    alice.person.reply(alice.room, told["event_id"], "so few?", event)
    alice.person.react(alice.room, told["event_id"], "🎉")
    world.settle()
    (answer,) = bob.received("Create", contains="so few?")
    assert answer["activity"]["object"]["inReplyTo"] == poll
    assert post(poll).reactions.get().emoji == "🎉"


def test_the_owner_ends_a_poll_and_everybody_gets_the_result(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    world.friends(bob, alice)
    event, poll = polling.begun(world, alice)
    polling.casts(world, bob, poll, alice, "Coffee")
    polling.end(alice.person, alice.room, event)
    world.settle()
    (heard,) = bob.received("Update")
    result = heard["activity"]["object"]
    assert result["closed"]
    assert [one["replies"]["totalItems"] for one in result["oneOf"]] == [0, 1]
    assert len(alice.timeline(kind=END)) == 1, "the owner said it already"
    assert "The poll is closed" in polling.notices(alice, alice.room)[-1]["body"]
    assert "Closed" in world.page(post(poll).url)


def test_a_poll_closes_by_itself_when_its_time_is_over(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    world.friends(bob, alice)
    event, _ = polling.begun(world, alice)
    polling.time_is_over(world, post_of(event))
    (heard,) = bob.received("Update")
    assert heard["activity"]["object"]["closed"]
    (ended,) = alice.timeline(kind=END)
    assert ended["sender"].startswith("@_ap_bot")
    assert not counting.tell_due()


def test_an_edited_question_keeps_its_votes(world: World, alice: Resident, bob: Neighbour) -> None:
    event, poll = polling.begun(world, alice)
    polling.casts(world, bob, poll, alice, "Tea")
    polling.a_while_later(world)
    answers = [{"id": f"new-{name}", TEXT: name} for name in ("Tea", "Coffee")]
    kind = "org.matrix.msc3381.poll.disclosed"
    new = {START: {"question": {TEXT: "Really?"}, "kind": kind, "answers": answers}}
    related = {"rel_type": "m.replace", "event_id": event}
    alice.person.send_event(
        alice.room, START, {**new, "m.new_content": new, "m.relates_to": related}
    )
    world.settle()
    assert post(poll).html == "<p>Really?</p>"
    polling.choose(alice.person, alice.room, event, "new-Tea")
    world.settle()
    assert polling.counted(poll) == [2, 0]


def test_a_deleted_poll_forgets_its_votes(world: World, alice: Resident, bob: Neighbour) -> None:
    event, _ = polling.begun(world, alice)
    polling.casts(world, bob, post_of(event), alice, "Tea")
    polling.a_while_later(world)
    alice.person.redact(alice.room, event)
    world.settle()
    assert not Vote.objects.exists()
    assert not polling.notices(alice, alice.room)
    assert world.get(post_of(event))[0] == 410


# ---- voted in elsewhere


def test_a_vote_goes_to_the_polls_author_alone_without_content_under_ids_of_its_own(
    world: World, alice: Resident, bob: Neighbour, mallory: Neighbour
) -> None:
    world.friends(bob, alice)
    mallory.follow(alice.handle)
    world.settle()
    note = polling.asks(bob, oneOf=None, anyOf=polling.question()["oneOf"])
    world.settle()
    room = world.mirror(bob, alice)
    (event,) = alice.timeline(room, START)
    polling.pick(alice.person, room, event, "Tea", "Coffee & cake")
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
    assert polling.votes(note["id"]) == [0, 0], "bob's server counts"


def test_a_changed_vote_stays_as_it_was_and_the_voter_is_told(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    world.friends(bob, alice)
    note = polling.asks(bob)
    world.settle()
    room = world.mirror(bob, alice)
    (event,) = alice.timeline(room, START)
    polling.pick(alice.person, room, event, "Tea")
    polling.pick(alice.person, room, event, "Tea")
    world.settle()
    assert not any("did not count" in line for line in alice.answers())
    polling.pick(alice.person, room, event, "Coffee & cake")
    world.settle()
    assert len(bob.received("Create")) == 1
    assert any("did not count" in line and "changed" in line for line in alice.answers())
    polling.tells(world, bob, note, 1, 0, closed="2026-11-20T08:00:00Z")
    polling.pick(alice.person, room, event, "Coffee & cake")
    world.settle()
    assert any("the poll is closed" in line for line in alice.answers())


def test_what_was_chosen_before_an_edit_asks_otherwise_is_chosen_no_more(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    world.friends(bob, alice)
    note = polling.asks(bob)
    world.settle()
    room = world.mirror(bob, alice)
    (event,) = alice.timeline(room, START)
    polling.pick(alice.person, room, event, "Coffee & cake")
    world.settle()
    others = [{"type": "Note", "name": name} for name in ("Milk", "Tea")]
    now = note | {"oneOf": others, "updated": jsonld.iso(polling.now() + 1_000)}
    assert world.hear(bob, said(bob, "Update", now)) == 202
    world.settle()
    _, edit = alice.timeline(room, START)
    before, after = (one["content"][START]["answers"] for one in (event, edit))
    assert not {one["id"] for one in before} & {one["id"] for one in after}
    polling.pick(alice.person, room, event, "Tea")  # by a client that shows no edits
    polling.pick(alice.person, room, edit, "Tea")
    world.settle()
    chosen = [one["activity"]["object"]["name"] for one in bob.received("Create")]
    assert chosen == ["Coffee & cake", "Tea"]


def test_votes_and_counts_come_back_from_the_rooms(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    world.friends(bob, alice)
    polling.asks(bob)
    mine, ended = polling.ask(alice, several=True), polling.ask(alice)
    world.settle()
    room = world.mirror(bob, alice)
    (event,) = alice.timeline(room, START)
    polling.pick(alice.person, room, event, "Tea")
    zoe = world.person("zoe")
    zoe.join(alice.room)
    polling.choose(zoe, alice.room, mine, "id-Tea", "id-Coffee")
    polling.casts(world, bob, post_of(mine), alice, "Coffee")
    polling.casts(world, bob, post_of(ended), alice, "Tea")
    polling.a_while_later(world)
    polling.end(alice.person, alice.room, ended)
    world.settle()
    rows = set(Vote.objects.values_list("post__uri", "voter", "option"))
    polls = dict(Post.objects.exclude(poll=None).values_list("uri", "poll"))
    before, rooms = shown(), world.home.everything()
    lost_and_rebuilt()
    assert set(Vote.objects.values_list("post__uri", "voter", "option")) == rows
    assert dict(Post.objects.exclude(poll=None).values_list("uri", "poll")) == polls
    for table, found in shown().items():
        assert found == before[table], table
    polling.a_while_later(world)
    assert world.home.everything() == rooms
    assert not Delivery.objects.exists()
    polling.casts(world, bob, post_of(mine), alice, "Tea")
    polling.choose(zoe, alice.room, mine, "id-Tea")
    world.settle()
    assert polling.counted(post_of(mine)) == [2, 1]
