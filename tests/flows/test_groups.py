"""Stories of groups elsewhere, read and written in a room here."""

from typing import Any

import pytest

from bridge.demo.neighbourhood import Actor as Neighbour
from social.models import Actor, Boost, Post, Tombstone
from tests.fakes.world import PUBLIC, Resident, World, note, outcome, post, post_of, said
from tests.flows.grouping import passes_on, topic
from tests.rebuilt import lost_and_rebuilt, shown

COPY = "social.ownroom.object"
PROFILE = "com.beeper.per_message_profile"


@pytest.fixture
def cats(world: World, alice: Resident) -> Neighbour:
    """A group next door that alice follows."""
    group = world.neighbour("cats", type="Group")
    alice.tell_bot(f"follow {group.handle}")
    world.settle()
    return group


@pytest.fixture
def pat(world: World) -> Neighbour:
    """Somebody whom nobody here follows, on another host than the group."""
    return world.neighbour("pat", host=1)


# ---- refused


def test_a_group_that_puts_words_into_somebodys_mouth_is_not_believed(
    world: World, alice: Resident, cats: Neighbour, pat: Neighbour
) -> None:
    true = topic(pat, cats, "I like cats")
    twisted = {**true, "object": {**true["object"], "content": "<p>I hate cats</p>"}}
    passes_on(world, cats, twisted)
    room = world.mirror(cats, alice)
    assert not alice.seen("hate", room)
    assert len(alice.seen("I like cats", room)) == 1
    invented = said(pat, "Create", note(pat, "never said"))
    announce = passes_on(world, cats, invented)
    assert outcome(announce["id"]).state == "ignored"
    assert not alice.seen("never said", room)


def test_a_neighbour_of_the_group_is_not_believed_on_the_groups_word_either(
    world: World, alice: Resident, cats: Neighbour
) -> None:
    near = world.neighbour("near")
    announce = passes_on(world, cats, said(near, "Create", note(near, "never said")))
    assert outcome(announce["id"]).state == "ignored"
    assert not Post.objects.filter(author__uri=near.id).exists()


def test_who_is_no_group_passes_nothing_on(
    world: World, alice: Resident, bob: Neighbour, cats: Neighbour, pat: Neighbour
) -> None:
    world.friends(bob, alice)
    announce = passes_on(world, bob, topic(pat, cats, "by the way"))
    assert outcome(announce["id"]).note == "only groups pass on what others do"
    assert not Post.objects.filter(author__uri=pat.id).exists()


def test_a_group_that_nobody_here_follows_is_not_heard(
    world: World, alice: Resident, pat: Neighbour
) -> None:
    dogs = world.neighbour("dogs", type="Group")
    world.hear(dogs, said(dogs, "Follow", alice.actor))
    world.settle()
    announce = passes_on(world, dogs, topic(pat, dogs, "woof"))
    assert outcome(announce["id"]).note == "nobody here follows the group"
    assert not Post.objects.exists()


def test_a_boost_within_a_boost_goes_no_further(
    world: World, alice: Resident, cats: Neighbour, pat: Neighbour
) -> None:
    inner = said(pat, "Announce", topic(pat, cats, "round and round")["object"]["id"])
    announce = passes_on(world, cats, inner)
    assert "for ever" in outcome(announce["id"]).note
    assert not Boost.objects.exists()


@pytest.mark.parametrize("to", ["private", "direct"])
def test_what_is_not_for_everybody_is_told_in_no_group(
    world: World, alice: Resident, cats: Neighbour, pat: Neighbour, to: str
) -> None:
    secret = pat.post("psst", to=to, mentions=[alice.actor] if to == "direct" else []).activity
    for thing in (secret, secret["object"]["id"]):
        passes_on(world, cats, thing)
    assert not alice.seen("psst", world.mirror(cats, alice))
    assert not Boost.objects.exists()


def test_a_deletion_that_a_group_passes_on_is_asked_about(
    world: World, alice: Resident, cats: Neighbour, pat: Neighbour
) -> None:
    create = topic(pat, cats, "here to stay")
    passes_on(world, cats, create)
    uri = create["object"]["id"]
    passes_on(world, cats, said(pat, "Delete", {"type": "Tombstone", "id": uri}))
    assert post(uri).deleted is None
    mallory = world.neighbour("mallory", host=1)
    announce = passes_on(world, cats, said(mallory, "Delete", uri))
    assert "or who moderates the group" in outcome(announce["id"]).note
    pat.delete(uri)
    passes_on(world, cats, said(pat, "Delete", {"type": "Tombstone", "id": uri}))
    assert post(uri).deleted
    assert not alice.seen("here to stay", world.mirror(cats, alice))


def test_who_moderates_a_group_takes_posts_out_of_its_room_and_nobody_else_does(
    world: World, alice: Resident, pat: Neighbour
) -> None:
    mod = world.neighbour("mod", host=1)
    listed = {"type": "OrderedCollection", "orderedItems": [mod.id]}
    cats = world.neighbour("cats", type="Group")
    page = cats.post("who moderates", extra=listed)
    cats.update_profile(attributedTo=page.post)
    alice.tell_bot(f"follow {cats.handle}")
    world.settle()
    create = topic(pat, cats, "off topic")
    passes_on(world, cats, create)
    room, uri = world.mirror(cats, alice), create["object"]["id"]
    for who in (world.neighbour("mallory", host=1), cats):
        passes_on(world, cats, said(who, "Delete", uri, summary="because"))
    assert len(alice.seen("off topic", room)) == 1
    passes_on(world, cats, said(mod, "Delete", uri, summary="not about cats"))
    assert not alice.seen("off topic", room)
    assert post(uri).deleted is None
    assert not Boost.objects.exists()


def test_a_vote_counts_only_for_somebody_here_and_only_where_its_origin_has_it(
    world: World, alice: Resident, cats: Neighbour, pat: Neighbour
) -> None:
    theirs = topic(pat, cats, "vote for me")["object"]["id"]
    announce = passes_on(world, cats, said(pat, "Like", theirs))
    assert outcome(announce["id"]).note == "it concerns nobody here"
    mine = alice.person.send(world.mirror(cats, alice), "or for me")
    world.settle()
    forged = passes_on(world, cats, said(pat, "Like", post_of(mine)))
    assert outcome(forged["id"]).state == "ignored"
    assert not post(post_of(mine)).reactions.exists()


# ---- told


def test_a_topic_is_told_in_the_groups_room_by_its_author_with_its_title(
    world: World, alice: Resident, cats: Neighbour, pat: Neighbour
) -> None:
    create = topic(pat, cats, "It sat.", "A cat and a box")
    passes_on(world, cats, create)
    room = world.mirror(cats, alice)
    (event,) = alice.seen("It sat.", room)
    assert "A cat and a box" in event["content"]["body"]
    assert pat.name.lower() in event["sender"]
    assert event["content"][COPY]["by"] == pat.id
    assert "m.relates_to" not in event["content"]
    assert post(create["object"]["id"]).group == cats.id


def test_what_lemmy_says_twice_is_told_once(
    world: World, alice: Resident, cats: Neighbour, pat: Neighbour
) -> None:
    create = topic(pat, cats, "It sat.", "A cat and a box")
    passes_on(world, cats, create)
    passes_on(world, cats, create["object"])
    passes_on(world, cats, create["object"]["id"])
    assert len(alice.seen("It sat.", world.mirror(cats, alice))) == 1
    assert Boost.objects.count() == 1


def test_a_group_that_boosts_plain_ids_brings_topics_too(
    world: World, alice: Resident, cats: Neighbour, pat: Neighbour
) -> None:
    plain = pat.post("hello, group").post
    passes_on(world, cats, [plain])
    (event,) = alice.seen("hello, group", world.mirror(cats, alice))
    assert "boosted" not in event["content"]["body"]
    assert pat.name.lower() in event["sender"]


def test_a_comment_stands_in_the_thread_of_its_topic_and_follows_its_authors_edits(
    world: World, alice: Resident, cats: Neighbour, pat: Neighbour
) -> None:
    create = topic(pat, cats, "It sat.", "A cat and a box")
    passes_on(world, cats, create)
    room = world.mirror(cats, alice)
    (root,) = alice.seen("It sat.", room)
    sol = world.neighbour("sol")
    uri = create["object"]["id"]
    answer = topic(sol, cats, "of course it did", inReplyTo=uri)
    passes_on(world, cats, answer)
    (event,) = alice.seen("of course it did", room)
    assert event["content"]["m.relates_to"]["event_id"] == root["event_id"]
    update = sol.update(answer["object"]["id"], "naturally it did").activity
    passes_on(world, cats, update)
    assert [e for e in alice.seen("naturally it did", room) if e["sender"] == event["sender"]]


def test_a_batch_is_worked_off_one_by_one(
    world: World, alice: Resident, cats: Neighbour, pat: Neighbour
) -> None:
    good = [topic(pat, cats, f"number {n}") for n in range(3)]
    bad = said(pat, "Create", note(pat, "never said"))
    passes_on(world, cats, [good[0], bad, good[1], said(pat, "Like", good[0]["id"]), good[2]])
    room = world.mirror(cats, alice)
    assert len(alice.seen("number", room)) == 3
    assert not alice.seen("never said", room)


def test_a_post_in_two_groups_is_one_post_in_two_places(
    world: World, alice: Resident, cats: Neighbour, pat: Neighbour
) -> None:
    dogs = world.neighbour("dogs", type="Group")
    alice.tell_bot(f"follow {dogs.handle}")
    world.settle()
    create = topic(pat, cats, "pets!")
    for group in (cats, dogs):
        passes_on(world, group, create)
    assert Post.objects.filter(html__contains="pets!").count() == 1
    for group in (cats, dogs):
        assert len(alice.seen("pets!", world.mirror(group, alice))) == 1


def test_a_room_with_ghosts_enough_hears_the_bot_in_their_name(
    world: World, alice: Resident, cats: Neighbour, pat: Neighbour, settings: Any
) -> None:
    settings.OWNROOM_ROOM_GHOSTS = 1
    passes_on(world, cats, topic(pat, cats, "the first"))
    sol = world.neighbour("sol")
    create = topic(sol, cats, "the second")
    passes_on(world, cats, create)
    passes_on(world, cats, topic(pat, cats, "the third"))
    room = world.mirror(cats, alice)
    (event,) = alice.seen("the second", room)
    assert event["sender"].startswith("@_ap_bot:")
    assert event["content"][PROFILE]["displayname"] in event["content"]["body"]
    assert pat.name.lower() in alice.seen("the third", room)[0]["sender"]
    ghosts = [u for u, s in members(world, room).items() if sol.name.lower() in u and s == "join"]
    assert not ghosts
    uri = create["object"]["id"]
    passes_on(world, cats, sol.update(uri, "the second, better").activity)
    (edit,) = alice.seen("the second, better", room)
    assert edit["content"]["m.new_content"][PROFILE]
    sol.delete(uri)
    passes_on(world, cats, said(sol, "Delete", uri))
    assert not alice.seen("the second", room)
    lost_and_rebuilt()
    assert Tombstone.objects.filter(uri=uri, author=sol.id).exists()


def members(world: World, room: str) -> dict[str, str]:
    return {
        e["state_key"]: e["content"]["membership"]
        for e in world.home.rooms[room].state.values()
        if e["type"] == "m.room.member"
    }


# ---- said


def test_who_follows_a_group_writes_topics_and_answers_in_its_room(
    world: World, alice: Resident, cats: Neighbour, pat: Neighbour
) -> None:
    world.neighbour("carol", host=1).follow(alice.handle)
    create = topic(pat, cats, "It sat.", "A cat and a box")
    passes_on(world, cats, create)
    room = world.mirror(cats, alice)
    (root,) = alice.seen("It sat.", room)
    titled = "<h1>My cat</h1><p>It sleeps.</p>"
    mine = alice.person.send(room, "# My cat\n\nIt sleeps.", titled)
    plain = alice.person.send(room, "no title")
    answer = alice.person.reply(room, root["event_id"], "so does mine", root["event_id"])
    world.settle()
    heard = {one["activity"]["object"]["id"]: one["activity"] for one in cats.received("Create")}
    page = heard[post_of(mine)]["object"]
    assert (page["type"], page["name"], page["content"]) == ("Page", "My cat", "<p>It sleeps.</p>")
    assert page["audience"] == cats.id
    assert page["to"] == [PUBLIC, cats.id]
    assert heard[post_of(plain)]["object"]["type"] == "Note"
    assert heard[post_of(answer)]["object"]["inReplyTo"] == create["object"]["id"]
    creates = [one for one in world.neighbours.received(type="Create") if one["host"] == 1]
    at_carols = {one["activity"]["object"]["id"] for one in creates}
    assert at_carols == {post_of(answer)}, "pat is answered; no follower of alice hears more"
    assert "My cat" in post(post_of(mine)).html
    alice.person.edit(room, mine, "better", "<h1>My cat</h1><p>It purrs.</p>")
    world.settle()
    (edit,) = cats.received("Update")
    assert edit["activity"]["object"]["content"] == "<p>It purrs.</p>"
    assert edit["activity"]["object"]["audience"] == cats.id


def test_what_comes_back_from_the_group_is_not_told_again_and_its_votes_count(
    world: World, alice: Resident, cats: Neighbour, pat: Neighbour
) -> None:
    room = world.mirror(cats, alice)
    mine = alice.person.send(room, "anybody here?")
    world.settle()
    create = cats.received("Create")[0]["activity"]
    passes_on(world, cats, create)
    passes_on(world, cats, create["object"]["id"])
    assert len(alice.seen("anybody here?", room)) == 1
    like = pat.like(post_of(mine)).activity
    world.settle()
    assert post(post_of(mine)).reactions.count() == 1
    passes_on(world, cats, like)
    assert post(post_of(mine)).reactions.count() == 1


def test_a_reaction_in_a_groups_room_is_told_to_the_group(
    world: World, alice: Resident, cats: Neighbour, pat: Neighbour
) -> None:
    passes_on(world, cats, topic(pat, cats, "like me"))
    room = world.mirror(cats, alice)
    (event,) = alice.seen("like me", room)
    alice.person.react(room, event["event_id"], "👍")
    world.settle()
    assert cats.received("Like")
    assert pat.received("Like")
    against = alice.person.react(room, event["event_id"], "👎")
    world.settle()
    (dislike,) = cats.received("Dislike")
    assert dislike["activity"]["object"] == Post.objects.get(html__contains="like me").uri
    alice.person.redact(room, against)
    world.settle()
    assert cats.received("Undo")[-1]["activity"]["object"]["type"] == "Dislike"


def test_where_only_moderators_begin_topics_others_answer_and_read_why(
    world: World, alice: Resident, cats: Neighbour, pat: Neighbour
) -> None:
    passes_on(world, cats, topic(pat, cats, "news"))
    room = world.mirror(cats, alice)
    cats.update_profile(postingRestrictedToMods=True)
    world.settle()
    (root,) = alice.seen("news", room)
    alice.person.send(room, "a topic of mine")
    answer = alice.person.reply(room, root["event_id"], "thanks", root["event_id"])
    world.settle()
    heard = [one["activity"]["object"]["id"] for one in cats.received("Create")]
    assert [one for one in heard if one.startswith(world.url)] == [post_of(answer)]
    assert "begins topics" in alice.answers()[-1]
    lost_and_rebuilt()
    assert Actor.objects.get(uri=cats.id).restricted


def test_who_stopped_following_a_group_writes_nothing_in_it(
    world: World, alice: Resident, ada: Resident, cats: Neighbour
) -> None:
    room = world.mirror(cats, alice)
    ada.person.knock(room)
    world.settle()
    ada.person.join(room)
    alice.tell_bot(f"unfollow {cats.handle}")
    world.settle()
    words = {"msgtype": "m.text", "body": "still here"}
    world.home.append(world.home.rooms[room], "m.room.message", alice.person.user_id, words)
    world.settle()
    assert not cats.received("Create")
    assert not Post.objects.exists()


def test_only_topics_of_a_group_are_read_at_home(
    world: World, alice: Resident, cats: Neighbour, pat: Neighbour
) -> None:
    create = topic(pat, cats, "the topic")
    passes_on(world, cats, create)
    passes_on(world, cats, topic(pat, cats, "the comment", inReplyTo=create["object"]["id"]))
    alice.tell_bot("home")
    world.settle()
    assert "the topic" in alice.answers()[-1]
    assert "the comment" not in alice.answers()[-1]


# ---- after a loss


def test_after_a_loss_the_groups_room_stands_as_before(
    world: World, alice: Resident, cats: Neighbour, pat: Neighbour, settings: Any
) -> None:
    settings.OWNROOM_ROOM_GHOSTS = 1
    create = topic(pat, cats, "It sat.", "A cat and a box")
    passes_on(world, cats, create)
    sol = world.neighbour("sol")
    passes_on(world, cats, topic(sol, cats, "of course", inReplyTo=create["object"]["id"]))
    room = world.mirror(cats, alice)
    mine = alice.person.send(room, "# My cat\n\nIt sleeps.", "<h1>My cat</h1><p>It sleeps.</p>")
    world.settle()
    passes_on(world, cats, cats.received("Create")[0]["activity"])
    before, groups = shown(), in_groups()
    lost_and_rebuilt()
    after = shown()
    for table, rows in before.items():
        assert after[table] == rows, table
    assert in_groups() == groups
    assert post(post_of(mine)).group == cats.id


def in_groups() -> list[tuple[str, str]]:
    assert Actor.objects.filter(kind="group").exists()
    return sorted(Post.objects.values_list("uri", "group"))


# ---- what was said before


def test_at_the_first_follow_a_groups_newest_topics_stand_at_their_time_and_its_pins(
    world: World, alice: Resident, ada: Resident, pat: Neighbour
) -> None:
    dogs, sol = world.neighbour("dogs", type="Group"), world.neighbour("sol")
    old = topic(pat, dogs, "woof", "An old bone", published="2025-01-02T03:04:05Z")
    bare = topic(sol, dogs, "arf", published="2025-02-02T03:04:05Z", commentsEnabled=False)
    plain = sol.post("just an id", extra={"published": "2025-03-02T03:04:05Z"})
    comment = topic(sol, dogs, "indeed", inReplyTo=old["object"]["id"])
    forged = said(pat, "Create", note(pat, "never said"))
    hidden = pat.post("for few", to="private").activity
    announce = said(dogs, "Announce", old, to=[PUBLIC])
    items = [hidden, forged, plain.post, comment, bare, announce]
    on_top = {"type": "OrderedCollection", "orderedItems": [old["object"]]}
    dogs.update_profile(
        outbox={"type": "OrderedCollection", "orderedItems": items},
        featured=dogs.post("pinned", extra=on_top).post,
    )
    alice.tell_bot(f"follow {dogs.handle}")
    world.settle()
    room = world.mirror(dogs, alice)
    words = [e for e in alice.timeline(room) if e["content"]["msgtype"] == "m.text"]
    told = [e["content"]["body"] for e in words]
    assert [any(w in body for body in told) for w in ("woof", "arf", "just an id")] == [True] * 3
    assert len(told) == 3
    assert not alice.seen("indeed", room)
    first = alice.seen("woof", room)[0]
    assert first["origin_server_ts"] == 1735787045000
    assert pat.name.lower() in first["sender"]
    assert world.home.rooms[room].content("m.room.pinned_events")["pinned"] == [first["event_id"]]
    assert post(bare["object"]["id"]).locked
    assert alice.seen("has locked this", room)
    assert not any("woof" in body for body in alice.answers())
    passes_on(world, dogs, old)
    ada.tell_bot(f"follow {dogs.handle}")
    world.settle()
    assert len(alice.seen("woof", room)) == 1
    before = shown()
    pins = sorted(Actor.objects.get(uri=dogs.id).pins.values_list("post__uri", flat=True))
    lost_and_rebuilt()
    after = shown()
    for table, rows in before.items():
        assert after[table] == rows, table
    group = Actor.objects.get(uri=dogs.id)
    assert sorted(group.pins.values_list("post__uri", flat=True)) == pins
    assert post(bare["object"]["id"]).locked
