"""Stories of a room here that is a group: joined, written to and read from elsewhere."""

import pytest

from bridge.demo.neighbourhood import Actor as Neighbour
from bridge.demo.person import Refused
from bridge.models import Room
from social.models import Boost, Post
from tests.fakes.world import PUBLIC, Resident, World, followers, note, outcome, post, post_of, said
from tests.flows.conftest import Group
from tests.flows.grouping import announced, creates, topic
from tests.rebuilt import lost_and_rebuilt, shown

# ---- made


def test_a_group_is_made_at_the_desk_and_found_by_anybody(
    world: World, alice: Resident, boats: Group
) -> None:
    document = world.json(boats.id)
    assert document["type"] == "Group"
    assert document["attributedTo"] == f"{boats.id}/moderators"
    assert document["postingRestrictedToMods"] is False
    moderators = world.json(document["attributedTo"])
    assert moderators["orderedItems"] == [alice.actor]
    acct = boats.handle.removeprefix("@")
    found = world.json(f"/.well-known/webfinger?resource=acct:{acct}")
    assert boats.id in str(found["links"])
    assert "is a group now" in alice.answers()[-1]
    assert world.get(f"{alice.actor}/moderators")[0] == 404


def test_a_name_that_is_taken_makes_no_group(world: World, alice: Resident, ada: Resident) -> None:
    for command in ("group create ada", "group create", "group create a/b"):
        alice.tell_bot(command)
        world.settle()
    assert not Room.objects.filter(kind="group").exists()
    alice.tell_bot("group create boats")
    alice.tell_bot("group create boats")
    world.settle()
    assert Room.objects.filter(kind="group").count() == 1
    ada.tell_bot("group create boats")
    world.settle()
    assert "taken" in ada.answers()[-1]


def test_whoever_gets_power_in_the_room_moderates_the_group(
    world: World, alice: Resident, ada: Resident, boats: Group
) -> None:
    levels = world.home.rooms[boats.room].content("m.room.power_levels")
    levels = {**levels, "users": {**levels["users"], ada.person.user_id: 50}}
    alice.person.put_state(boats.room, "m.room.power_levels", levels)
    world.settle()
    assert world.json(f"{boats.id}/moderators")["orderedItems"] == sorted([alice.actor, ada.actor])


# ---- refused


def test_what_a_stranger_said_before_stands_in_no_group_that_it_names(
    world: World, alice: Resident, boats: Group
) -> None:
    carol = world.neighbour("carol")
    listed = {"type": "OrderedCollection", "orderedItems": [creates(carol, boats, "claimed")]}
    carol.update_profile(outbox=listed)
    alice.tell_bot(f"follow {carol.handle}")
    world.settle()
    assert not alice.seen("claimed", boats.room)
    assert alice.seen("claimed", world.mirror(carol, alice))


def test_who_does_not_follow_a_group_writes_nothing_in_it(
    world: World, alice: Resident, boats: Group, pat: Neighbour
) -> None:
    stranger = world.neighbour("stranger", host=1)
    world.hear(stranger, said(stranger, "Follow", alice.actor))
    world.settle()
    create = creates(stranger, boats, "buy this")
    assert world.hear(stranger, create) == 202
    world.settle()
    assert outcome(create["id"]).state == "ignored"
    assert not alice.seen("buy this", boats.room)
    assert not announced(pat, "Create")


def test_who_only_says_that_they_speak_in_a_group_does_not(
    world: World, alice: Resident, boats: Group, pat: Neighbour
) -> None:
    stranger = world.neighbour("stranger", host=1)
    claimed = topic_in(boats, stranger, "I belong here")
    world.hear(pat, creates(pat, boats, "what he said", inReplyTo=claimed))
    world.settle()
    assert post(claimed).group == ""
    assert not alice.seen("I belong here", boats.room)
    told = len(pat.received("Announce"))
    world.hear(pat, said(pat, "Like", claimed))
    world.settle()
    assert len(pat.received("Announce")) == told


def topic_in(boats: Group, author: Neighbour, words: str) -> str:
    extra = {"audience": boats.id, "to": [boats.id, PUBLIC], "cc": []}
    return author.post(words, extra=extra).post


def test_an_answer_stands_where_what_it_answers_stands_also_if_it_names_a_group(
    world: World, alice: Resident, boats: Group, pat: Neighbour
) -> None:
    event = alice.post("in my own room")
    world.settle()
    pat.post("an answer", reply_to=post_of(event), mentions=[boats.id])
    world.settle()
    assert len(alice.seen("an answer")) == 1
    assert not alice.seen("an answer", boats.room)


def test_who_is_blocked_by_the_group_is_out(
    world: World, alice: Resident, boats: Group, pat: Neighbour
) -> None:
    alice.person.send(boats.desk, f"block {pat.handle}")
    world.settle()
    assert not followers(boats.id)
    world.hear(pat, creates(pat, boats, "let me in"))
    world.settle()
    assert not alice.seen("let me in", boats.room)


@pytest.mark.parametrize("to", ["followers", "direct"])
def test_what_is_not_for_everybody_stands_in_no_group(
    world: World, alice: Resident, boats: Group, pat: Neighbour, to: str
) -> None:
    named = [boats.id, f"{pat.id}/followers"] if to == "followers" else [boats.id]
    world.hear(pat, creates(pat, boats, "psst", to=named))
    world.settle()
    assert not alice.seen("psst", boats.room)
    assert not announced(pat, "Create")
    assert not Post.objects.exists()


def test_a_letter_that_names_a_group_as_well_reaches_the_people_it_names(
    world: World, ada: Resident, boats: Group, pat: Neighbour
) -> None:
    """Nobody can be asked into a conversation but people: a group is a room itself."""
    for names in ([ada.actor, boats.id], [boats.id]):
        letter = note(pat, f"psst to {len(names)}", to=names)
        world.hear(pat, said(pat, "Create", letter, to=names))
        world.settle()
    (between,) = Room.objects.filter(kind="direct")
    ada.person.join(between.room_id)
    assert ada.seen("psst to 2", between.room_id)
    assert not ada.seen("psst to 1", between.room_id)


def test_a_boost_is_not_passed_on(
    world: World, alice: Resident, boats: Group, pat: Neighbour
) -> None:
    create = creates(pat, boats, "the topic")
    world.hear(pat, create)
    world.settle()
    told = len(pat.received("Announce"))
    boost = said(pat, "Announce", create["object"]["id"], to=[PUBLIC], cc=[boats.id])
    world.hear(pat, boost)
    world.settle()
    assert len(pat.received("Announce")) == told


def test_who_has_no_profile_stays_in_matrix(
    world: World, alice: Resident, boats: Group, pat: Neighbour
) -> None:
    guest = world.person("guest")
    guest.join(boats.room)
    guest.send(boats.room, "just between us")
    world.settle()
    assert not Post.objects.exists()
    assert not pat.received("Announce")


def test_the_desk_of_a_group_speaks_for_the_group_alone(
    world: World, alice: Resident, boats: Group, pat: Neighbour
) -> None:
    alice.person.send(boats.desk, f"follow {pat.handle}")
    world.settle()
    assert not pat.received("Follow")
    alice.person.send(boats.desk, f"reject {pat.handle}")
    world.settle()
    assert not followers(boats.id)
    assert pat.received("Reject")[0]["activity"]["actor"] == boats.id
    named = world.home.room(alice.room).content("m.room.name")
    alice.person.send(boats.desk, "set name Boats of the lake")
    world.settle()
    assert world.home.room(boats.room).content("m.room.name") == {"name": "Boats of the lake"}
    assert world.home.room(alice.room).content("m.room.name") == named


def test_a_ghost_that_a_moderator_bans_is_blocked_by_the_group(
    world: World, alice: Resident, boats: Group, pat: Neighbour
) -> None:
    world.hear(pat, creates(pat, boats, "It floats."))
    world.settle()
    (event,) = alice.seen("It floats.", boats.room)
    ada = world.resident("ada")
    ada.person.join(boats.room)
    with pytest.raises(Refused, match="M_FORBIDDEN"):
        ada.person.ban(boats.room, event["sender"])
    alice.person.ban(boats.room, event["sender"])
    world.settle()
    assert pat.received("Block")[0]["activity"]["actor"] == boats.id
    assert not followers(boats.id)
    pat.follow(boats.handle)
    world.settle()
    assert not followers(boats.id)
    alice.person.unban(boats.room, event["sender"])
    world.settle()
    pat.follow(boats.handle)
    world.settle()
    assert followers(boats.id) == {pat.id}


def test_a_moderator_takes_a_post_out_of_the_group_and_the_members_hear_of_it(
    world: World, alice: Resident, ada: Resident, boats: Group, pat: Neighbour
) -> None:
    ada.person.join(boats.room)
    create = creates(pat, boats, "buy boats")
    world.hear(pat, create)
    world.settle()
    (event,) = alice.seen("buy boats", boats.room)
    with pytest.raises(Refused, match="M_FORBIDDEN"):
        ada.person.redact(boats.room, event["event_id"])
    alice.person.redact(boats.room, event["event_id"], "advertising")
    world.settle()
    uri = create["object"]["id"]
    (removal,) = announced(pat, "Delete")
    assert (removal["actor"], removal["object"]) == (alice.actor, uri)
    assert removal["summary"] == "advertising"
    assert removal["audience"] == boats.id
    (undo,) = pat.received("Undo")
    assert undo["activity"]["object"]["object"] == uri
    assert world.json(f"{boats.id}/outbox")["totalItems"] == 0
    assert post(uri).deleted is None
    late = said(pat, "Create", note(pat, "but why", inReplyTo=uri))
    world.hear(pat, late)
    world.settle()
    assert not alice.seen("but why", boats.room)
    lost_and_rebuilt()
    assert not Boost.objects.exists()
    assert world.json(removal["id"])["type"] == "Delete"


# ---- joined and written to


def test_a_group_lets_in_by_itself_and_asks_its_owner_when_it_is_locked(
    world: World, alice: Resident, boats: Group, pat: Neighbour
) -> None:
    assert followers(boats.id) == {pat.id}
    alice.person.send(boats.desk, "set locked on")
    world.settle()
    sol = world.neighbour("sol", host=1)
    sol.follow(boats.handle)
    world.settle()
    assert followers(boats.id) == {pat.id}
    alice.person.send(boats.desk, f"accept {sol.handle}")
    world.settle()
    assert followers(boats.id) == {pat.id, sol.id}


def test_a_members_topic_stands_in_the_room_and_is_passed_on_word_for_word(
    world: World, alice: Resident, boats: Group, pat: Neighbour
) -> None:
    sol = world.neighbour("sol", host=1)
    sol.follow(boats.handle)
    world.settle()
    create = creates(pat, boats, "It floats.", "My boat")
    world.hear(pat, create)
    world.settle()
    (event,) = alice.seen("It floats.", boats.room)
    assert pat.name.lower() in event["sender"]
    assert announced(sol, "Create") == [create]
    assert announced(sol) == [create["object"]["id"]]
    outbox = world.json(f"{boats.id}/outbox?page=true")["orderedItems"]
    assert [one["object"] for one in outbox] == [create["object"]["id"]]
    # Heard again, it is told once.
    world.hear(pat, {**create, "id": f"{create['id']}-again"})
    world.settle()
    assert len(announced(sol, "Create")) == 1


def test_a_comment_an_edit_a_vote_and_a_deletion_are_passed_on(
    world: World, alice: Resident, boats: Group, pat: Neighbour
) -> None:
    create = creates(pat, boats, "It floats.", "My boat")
    world.hear(pat, create)
    world.settle()
    (root,) = alice.seen("It floats.", boats.room)
    uri = create["object"]["id"]
    sol = world.neighbour("sol", host=1)
    sol.follow(boats.handle)
    world.settle()
    comment = said(sol, "Create", note(sol, "so does mine", inReplyTo=uri, cc=[pat.id]))
    world.hear(sol, comment)
    world.settle()
    (event,) = alice.seen("so does mine", boats.room)
    assert event["content"]["m.relates_to"]["event_id"] == root["event_id"]
    assert announced(pat, "Create")[-1] == comment
    edited = {**create["object"], "content": "<p>It sank.</p>", "updated": "2026-01-02T12:00:00Z"}
    update = said(pat, "Update", edited)
    like = said(sol, "Like", uri)
    for one, who in ((update, pat), (like, sol)):
        world.hear(who, one)
        world.settle()
    assert announced(sol, "Update") == [update]
    assert alice.seen("It sank.", boats.room)
    world.hear(pat, said(pat, "Delete", {"type": "Tombstone", "id": uri}, to=[PUBLIC]))
    world.settle()
    assert announced(sol, "Delete")
    # And for servers that understand nothing else than bare ids:
    assert [one["activity"]["object"]["object"] for one in sol.received("Undo")] == [uri]
    assert not alice.seen("It floats.", boats.room)


def test_a_mastodon_shaped_member_begins_a_topic_by_naming_the_group(
    world: World, alice: Resident, boats: Group, pat: Neighbour
) -> None:
    pat.post("hello, boats", mentions=[boats.id])
    world.settle()
    assert len(alice.seen("hello, boats", boats.room)) == 1
    assert Post.objects.get().group == boats.id
    assert Boost.objects.count() == 1


def test_what_is_typed_in_the_room_is_its_authors_and_the_group_tells_its_members(
    world: World, alice: Resident, ada: Resident, boats: Group, pat: Neighbour
) -> None:
    ada.person.join(boats.room)
    titled = "<h1>My boat</h1><p>It floats.</p>"
    event = ada.person.send(boats.room, "# My boat\n\nIt floats.", titled)
    world.settle()
    create = announced(pat, "Create")[0]
    page = create["object"]
    assert (create["actor"], page["type"], page["name"]) == (ada.actor, "Page", "My boat")
    assert page["audience"] == boats.id
    assert announced(pat) == [post_of(event)]
    assert world.json(post_of(event))["type"] == "Page"
    answer = pat.post("mine too", reply_to=post_of(event), mentions=[boats.id])
    world.settle()
    (told,) = alice.seen("mine too", boats.room)
    assert told["content"]["m.relates_to"]["event_id"] == event
    assert not ada.seen("mine too")
    assert post(answer.post).group == boats.id
    ada.person.redact(boats.room, event)
    world.settle()
    assert announced(pat, "Delete")


def test_a_group_here_is_followed_from_here_into_its_room(
    world: World, alice: Resident, ada: Resident, boats: Group
) -> None:
    ada.tell_bot(f"follow {boats.handle}")
    world.settle()
    assert followers(boats.id) == {ada.actor}
    assert world.home.rooms[boats.room].membership(ada.person.user_id) == "invite"


# ---- after a loss


def test_after_a_loss_the_group_its_members_and_topics_are_there(
    world: World, alice: Resident, ada: Resident, boats: Group, pat: Neighbour
) -> None:
    ada.person.join(boats.room)
    create = creates(pat, boats, "It floats.", "My boat")
    world.hear(pat, create)
    world.settle()
    comment = note(pat, "and how", inReplyTo=create["object"]["id"], cc=[boats.id])
    world.hear(pat, said(pat, "Create", comment))
    ada.person.send(boats.room, "# Mine\n\nToo.", "<h1>Mine</h1><p>Too.</p>")
    world.settle()
    before, documents = shown(), served(world, boats)
    groups = sorted(Post.objects.values_list("uri", "group"))
    lost_and_rebuilt()
    after = shown()
    for table, rows in before.items():
        assert after[table] == rows, table
    assert served(world, boats) == documents
    assert sorted(Post.objects.values_list("uri", "group")) == groups
    world.hear(pat, creates(pat, boats, "still afloat"))
    world.settle()
    assert len(alice.seen("still afloat", boats.room)) == 1


def served(world: World, boats: Group) -> dict[str, bytes]:
    paths = ("", "/moderators", "/outbox?page=true", "/followers?page=true")
    return {path: world.get(f"{boats.id}{path}")[1] for path in paths}


def test_a_topic_of_a_group_elsewhere_is_not_ours_to_pass_on(
    world: World, alice: Resident, boats: Group, pat: Neighbour
) -> None:
    cats = world.neighbour("cats", type="Group")
    told = len(pat.received("Announce"))
    create = topic(pat, cats, "about cats", cc=[boats.id])
    world.hear(pat, create)
    world.settle()
    assert len(pat.received("Announce")) == told
    assert not alice.seen("about cats", boats.room)


def test_members_hear_when_something_is_deleted_that_was_for_fewer_by_then(
    world: World, alice: Resident, boats: Group, pat: Neighbour, mallory: Neighbour
) -> None:
    mallory.follow(boats.handle)
    world.settle()
    create = creates(pat, boats, "it floats")
    world.hear(pat, create)
    world.settle()
    written = create["object"]
    assert mallory.received("Announce", contains="it floats")
    fewer = {"content": "<p>psst</p>", "to": [f"{pat.id}/followers"], "cc": []}
    world.hear(pat, said(pat, "Update", written | fewer | {"updated": "2031-01-01T12:00:00Z"}))
    world.settle()
    assert not mallory.received(contains="psst")
    world.hear(pat, said(pat, "Delete", written["id"], to=[PUBLIC], audience=boats.id))
    world.settle()
    passed = [one["activity"]["object"] for one in mallory.received("Announce")]
    kinds = [one["type"] for one in passed if isinstance(one, dict)]
    assert kinds == ["Create", "Delete"]
