"""Stories of what was said below a group's topics before anybody here followed the group."""

import time
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.core.cache import cache
from django.utils import timezone

from bridge import enacting, errands, lanes, recall
from bridge.activitypub import threads
from bridge.models import Errand, Lane
from social import actions
from social.models import Boost, Instance, Post
from tests.fakes.liar import PUBLIC, Liar, Page, Somebody
from tests.fakes.world import Resident, World, followers
from tests.flows.talking import collection, ids, known, look, note
from tests.rebuilt import lost_and_rebuilt, shown

Json = dict[str, Any]


@pytest.fixture
def dogs(far: Liar) -> Somebody:
    return far.somebody("dogs", type="Group", outbox=f"{far.url}/u/dogs/outbox")


@pytest.fixture
def carol(other: Liar) -> Somebody:
    return other.somebody("carol")


def topic(dogs: Somebody, name: str = "bone", minute: int = 0, **more: Any) -> Json:
    """By somebody on the group's server, with a list of the conversation."""
    rex = dogs.server.somebody("rex")
    said = {"audience": dogs.id, "to": [dogs.id, PUBLIC], "type": "Page"}
    return note(rex, name, minute, **said, **more)


def lists(dogs: Somebody, *topics: Json) -> None:
    """As Lemmy's outbox, the newest first."""
    items = [
        dogs.says("Announce", dogs.says("Create", one, actor=one["attributedTo"])) for one in topics
    ]
    collection(dogs.server, "/u/dogs/outbox", None, type="OrderedCollection", orderedItems=items)


def follow(world: World, alice: Resident, dogs: Somebody) -> str:
    """Her room of the group, as it is before anything else is read."""
    alice.tell_bot(f"follow {dogs.id}")
    world.settle()
    asked = [said for said in dogs.server.heard if said["type"] == "Follow"]
    dogs.knocks(world, dogs.says("Accept", asked[-1]["id"]))
    world.settle()
    found = world.home.rooms.values()
    (room,) = [r.id for r in found if r.content("social.ownroom.mirror").get("id") == dogs.id]
    alice.person.join(room)
    return str(room)


def talk(dogs: Somebody, carol: Somebody) -> tuple[Json, Json, Json]:
    """A topic, a comment on another server, and an answer to that; listed as Lemmy does."""
    context = f"{dogs.server.url}/n/bone/context"
    bone = topic(dogs, context=context)
    first = note(carol, "first", 1, inReplyTo=bone["id"], audience=dogs.id)
    second = note(dogs.server.somebody("rex"), "second", 2, inReplyTo=first["id"])
    everything(dogs, bone, first, second)
    lists(dogs, bone)
    return bone, first, second


def everything(dogs: Somebody, *notes: Json) -> None:
    listed = {"type": "OrderedCollection", "orderedItems": ids(*notes), "totalItems": len(notes)}
    collection(dogs.server, "/n/bone/context", None, **listed)


# ---- refused


@pytest.mark.parametrize(
    "why",
    ["blocked", "its server blocked", "muted", "another group", "nobridge", "private", "refused"],
)
def test_a_comment_that_is_not_wanted_in_the_groups_room_stays_out_of_it(
    world: World, alice: Resident, dogs: Somebody, carol: Somebody, other: Liar, why: str
) -> None:
    bone, first, second = talk(dogs, carol)
    good = note(dogs.server.somebody("rex"), "good", 3, inReplyTo=bone["id"])
    everything(dogs, bone, first, second, good)
    match why:
        case "blocked" | "muted":
            alice.tell_bot(f"{'block' if why == 'blocked' else 'mute'} {carol.id}")
        case "its server blocked":
            alice.tell_bot(f"block {urlsplit(other.url).netloc}")
        case "another group":
            note(carol, "first", 1, inReplyTo=bone["id"], audience=f"{other.url}/c/cats")
        case "nobridge":
            other.somebody("carol", summary="<p>Hello #nobridge</p>")
        case "private":
            note(carol, "first", 1, inReplyTo=bone["id"], to=[dogs.id], audience=dogs.id)
        case "refused":
            Instance.objects.create(host="127.0.0.6", policy="blocked")
    room = follow(world, alice, dogs)
    look(world)
    assert alice.seen("good", room)
    assert not alice.seen("first", room)
    if why in {"another group", "nobridge", "private", "refused"}:
        assert not known(first, second)
        assert not alice.seen("second", room)
    else:  # what somebody else answers to it stands in the topic's thread
        (stem,), (answer,) = alice.seen("bone", room), alice.seen("second", room)
        assert answer["content"]["m.relates_to"]["event_id"] == stem["event_id"]
    assert why != "refused" or not other.asked


def test_whom_one_of_two_readers_blocks_is_not_fetched_into_the_room_for_the_other(
    world: World, alice: Resident, ada: Resident, dogs: Somebody, carol: Somebody
) -> None:
    talk(dogs, carol)
    room = follow(world, alice, dogs)
    ada.tell_bot(f"follow {dogs.id}")
    alice.tell_bot(f"block {carol.id}")
    world.settle()
    dogs.knocks(world, dogs.says("Accept", dogs.server.heard[-1]["id"]))
    world.settle()
    assert followers(dogs.id) == {alice.actor, ada.actor}
    look(world)
    assert not alice.seen("first", room)
    assert alice.seen("second", room)


@pytest.mark.parametrize("form", ["one document", "pages"])
def test_a_list_of_a_hundred_thousand_comments_costs_no_more_than_any_other(
    world: World, alice: Resident, dogs: Somebody, carol: Somebody, form: str
) -> None:
    bone, first, _ = talk(dogs, carol)
    many = [f"{carol.server.url}/never/{number}" for number in range(100_000)]
    if form == "pages":
        for page in range(100):
            items, at = many[page * 1000 : page * 1000 + 1000], f"/n/bone/context/{page}"
            following = f"{dogs.server.url}/n/bone/context/{page + 1}"
            top = ids(bone, first) if page == 0 else []
            collection(dogs.server, at, [*top, *items], next=following)
        collection(dogs.server, "/n/bone/context", [], first=f"{dogs.server.url}/n/bone/context/0")
    else:
        collection(dogs.server, "/n/bone/context", [*ids(bone, first), *many])
    room, asked = follow(world, alice, dogs), len(dogs.server.asked) + len(carol.server.asked)
    look(world)
    assert len(dogs.server.asked) + len(carol.server.asked) - asked <= threads.FETCHES
    assert bool(alice.seen("first", room)) is (form == "pages")
    assert alice.seen("bone", room)


def test_a_dead_page_in_the_middle_loses_nothing_of_what_stood_before_it(
    world: World, alice: Resident, dogs: Somebody, carol: Somebody
) -> None:
    bone, first, second = talk(dogs, carol)
    dead = f"{dogs.server.url}/n/bone/context/2"
    collection(dogs.server, "/n/bone/context", ids(bone, first), next=dead)
    dogs.server.pages["/n/bone/context/2"] = Page(b"", status=500)
    room = follow(world, alice, dogs)
    look(world)
    assert alice.seen("first", room)
    assert not known(second)


def test_comments_that_answer_one_another_in_a_ring_or_stand_elsewhere_are_not_in_it(
    world: World, alice: Resident, dogs: Somebody, carol: Somebody
) -> None:
    bone, first, second = talk(dogs, carol)
    note(carol, "ring", 3, inReplyTo=f"{carol.server.url}/n/gnir")
    note(carol, "gnir", 4, inReplyTo=f"{carol.server.url}/n/ring")
    room = follow(world, alice, dogs)
    alone = note(carol, "alone", 5)
    carol.knocks(world, carol.creates({**alone, "to": [PUBLIC, alice.actor]}))
    world.settle()
    below = note(carol, "below", 6, inReplyTo=alone["id"])
    listed = [f"{carol.server.url}/n/{name}" for name in ("ring", "gnir")]
    everything(dogs, bone, first, second, alone, below, *({"id": one} for one in listed))
    look(world)
    assert known(alone)
    assert alice.seen("second", room)
    for name in ("ring", "gnir", "alone", "below"):
        assert not alice.seen(name, room), name


def test_when_the_last_follower_has_left_nothing_more_is_read_or_kept(
    world: World, alice: Resident, dogs: Somebody, carol: Somebody
) -> None:
    bone, first, second = talk(dogs, carol)
    follow(world, alice, dogs)
    found = threads.rest(Post.objects.get(uri=bone["id"]), at=1)
    alice.tell_bot(f"unfollow {dogs.id}")
    world.settle()
    enacting.recall(bone["id"], found)  # what was being read meanwhile
    asked = len(dogs.server.asked) + len(carol.server.asked)
    look(world)
    assert len(dogs.server.asked) + len(carol.server.asked) == asked
    assert not known(first, second)


# ---- read


def test_what_was_said_below_a_groups_topics_stands_in_its_room_as_threads_at_its_time(
    world: World, alice: Resident, ada: Resident, dogs: Somebody, carol: Somebody
) -> None:
    _, first, second = talk(dogs, carol)
    room = follow(world, alice, dogs)
    told = len(alice.answers())
    assert not alice.seen("first", room)
    look(world)
    (stem,) = alice.seen("bone", room)
    (one,), (two,) = alice.seen("first", room), alice.seen("second", room)
    for event in (one, two):
        assert event["content"]["m.relates_to"]["event_id"] == stem["event_id"]
    assert two["content"]["m.relates_to"]["m.in_reply_to"]["event_id"] == one["event_id"]
    assert one["origin_server_ts"] == Post.objects.get(uri=first["id"]).published
    assert "carol" in one["sender"]
    assert len(alice.answers()) == told
    dogs.knocks(world, dogs.says("Announce", first["id"]))  # what comes live is no second one
    ada.tell_bot(f"follow {dogs.id}")
    world.settle()
    look(world)
    assert len(alice.seen("first", room)) == 1
    before = shown()
    lost_and_rebuilt()
    after = shown()
    for table, rows in before.items():
        assert after[table] == rows, table
    assert Boost.objects.filter(post__uri__in=ids(first, second)).count() == 2


def test_a_comment_that_comes_live_before_it_is_read_stands_once(
    world: World, alice: Resident, dogs: Somebody, carol: Somebody
) -> None:
    _, first, _ = talk(dogs, carol)
    room = follow(world, alice, dogs)
    dogs.knocks(world, dogs.says("Announce", first["id"]))
    world.settle()
    look(world)
    for words in ("first", "second"):
        assert len(alice.seen(words, room)) == 1, words


def test_a_comment_by_somebody_whom_one_followed_before_stands_in_the_group_too(
    world: World, alice: Resident, dogs: Somebody, carol: Somebody
) -> None:
    _, first, _ = talk(dogs, carol)
    alice.tell_bot(f"follow {carol.id}")
    world.settle()
    asked = next(said for said in carol.server.heard if said["type"] == "Follow")
    carol.knocks(world, carol.says("Accept", asked["id"]))
    carol.knocks(world, carol.creates({**first, "cc": [f"{carol.id}/followers"]}))
    world.settle()
    room = follow(world, alice, dogs)
    look(world)
    for words in ("first", "second"):
        assert len(alice.seen(words, room)) == 1, words


def test_an_early_comment_that_a_moderator_takes_out_is_not_read_in_again(
    world: World, alice: Resident, dogs: Somebody, carol: Somebody, far: Liar
) -> None:
    bone, first, _ = talk(dogs, carol)
    judge = far.somebody("judge")
    by = collection(far, "/u/dogs/moderators", [judge.id])
    far.somebody("dogs", type="Group", outbox=f"{far.url}/u/dogs/outbox", attributedTo=by)
    room = follow(world, alice, dogs)
    look(world)
    assert alice.seen("first", room)
    removal = judge.says("Delete", first["id"], to=[PUBLIC], summary="off topic", audience=dogs.id)
    dogs.knocks(world, dogs.says("Announce", removal))
    world.settle()
    assert not alice.seen("first", room)
    Errand.objects.filter(about=bone["id"]).update(due=timezone.now())
    world.settle()
    assert Errand.objects.get(about=bone["id"]).times == 2
    assert not alice.seen("first", room)
    assert alice.seen("second", room)


@pytest.mark.parametrize("when", ["never seen here", "seen here", "asked for again"])
def test_a_comment_that_a_moderator_took_out_is_not_read_in_from_below_its_topic(
    world: World, alice: Resident, dogs: Somebody, carol: Somebody, far: Liar, when: str
) -> None:
    bone, first, _ = talk(dogs, carol)
    judge = far.somebody("judge")
    by = collection(far, "/u/dogs/moderators", [judge.id])
    far.somebody("dogs", type="Group", outbox=f"{far.url}/u/dogs/outbox", attributedTo=by)
    room = follow(world, alice, dogs)
    assert alice.seen("bone", room)
    if when != "never seen here":
        look(world)
        assert alice.seen("first", room)
    removal = judge.says("Delete", first["id"], to=[PUBLIC], summary="off topic", audience=dogs.id)
    dogs.knocks(world, dogs.says("Announce", removal))
    world.settle()
    if when == "asked for again":  # a notice of it that was late, or another of its servers
        dogs.knocks(world, dogs.says("Announce", first["id"]))
        world.settle()
        assert not alice.seen("first", room)

    def reads_below() -> None:
        Errand.objects.filter(about=bone["id"]).delete()
        cache.clear()
        errands.put(Errand.Kind.CONVERSATION, bone["id"])
        world.settle()

    for _ in range(2):
        reads_below()
        assert not alice.seen("first", room)
        assert alice.seen("bone", room)
        lost_and_rebuilt()
    actions.prune(int(time.time() * 1000) + 1)
    reads_below()
    assert not alice.seen("first", room)
    back = judge.says("Undo", removal, to=[PUBLIC], audience=dogs.id)
    dogs.knocks(world, dogs.says("Announce", back))
    world.settle()
    assert len(alice.seen("first", room)) == 1
    lost_and_rebuilt()
    reads_below()
    assert len(alice.seen("first", room)) == 1


@pytest.mark.parametrize("form", ["NodeBB", "Mastodon", "PieFed", "nothing"])
def test_a_conversation_is_read_in_each_form_in_which_servers_list_it(
    world: World, alice: Resident, dogs: Somebody, carol: Somebody, far: Liar, form: str
) -> None:
    bone = topic(dogs)
    first = note(carol, "first", 1, inReplyTo=bone["id"])
    at = f"{far.url}/topic/1"
    paged = {"type": "OrderedCollection", "first": f"{at}/1", "last": f"{at}/2", "totalItems": 2}
    page = {"type": "OrderedCollectionPage", "partOf": at}
    match form:
        case "NodeBB":
            more: Json = {"context": collection(far, "/topic/1", None, **paged)}
            collection(far, "/topic/1/1", None, **page, orderedItems=ids(bone), next=f"{at}/2")
            collection(far, "/topic/1/2", None, **page, orderedItems=ids(first))
        case "Mastodon":
            inline = {"type": "CollectionPage", "next": f"{at}/2", "items": []}
            more = {"replies": {"id": at, "type": "Collection", "first": inline}}
            collection(far, "/topic/1/2", ids(first), type="CollectionPage")
        case "PieFed":
            more = {"replies": at}
            whole = {"orderedItems": [first], "totalItems": 1, "type": "OrderedCollection"}
            collection(far, "/topic/1", None, **whole)
        case _:  # Lemmy before 1.0, Mbin
            more = {}
    lists(dogs, topic(dogs, **more))
    room = follow(world, alice, dogs)
    asked = len(far.asked) + len(carol.server.asked)
    look(world)
    assert bool(alice.seen("first", room)) is (form != "nothing")
    assert form != "nothing" or len(far.asked) + len(carol.server.asked) == asked + 1


def test_conversations_are_read_one_after_another_and_a_kill_loses_none(
    world: World, alice: Resident, dogs: Somebody, carol: Somebody
) -> None:
    bone, _, second = talk(dogs, carol)
    old = topic(dogs, "old", 0)
    lists(dogs, topic(dogs, "bone", 9, context=bone["context"]), old)
    room, now = follow(world, alice, dogs), timezone.now()
    rows = Errand.objects.filter(kind="conversation").order_by("due")
    assert [errand.about for errand in rows] == ids(bone, old)
    waits = [(errand.due - now).total_seconds() for errand in rows if errand.due]
    assert all(-10 < wait - enacting.SOON <= 0 for wait in (waits[0], waits[1] - enacting.APART))
    (lane,) = {errand.lane for errand in rows}
    lanes.Holder().claim([lane])
    host, *_ = Lane.objects.get(name=lane).holder.split(":")
    Lane.objects.filter(name=lane).update(holder=f"{host}:4194305:1:0")  # who read it is dead
    look(world)
    assert not alice.seen("first", room)
    lanes.free_the_dead()
    world.settle()
    assert alice.seen("first", room)
    assert known(second)
    recall.read_on(Errand.objects.get(about=bone["id"]))
    world.settle()
    assert len(alice.seen("first", room)) == 1
    assert followers(dogs.id) == {alice.actor}
