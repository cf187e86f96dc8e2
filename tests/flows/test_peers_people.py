"""What real servers do with people and relations, and what they do with ours.

Posts are told of in test_peers_posts.py, signatures, ids and patience in test_peers.py.
"""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.utils import timezone

from bridge.models import Received
from social.models import Actor
from tests.fakes.liar import Liar, Page, Somebody, key, tell
from tests.fakes.world import Resident, World, followers, post
from tests.rebuilt import lost_and_rebuilt

Json = dict[str, Any]


@pytest.fixture
def eve(server: Liar) -> Somebody:
    """Her server has a shared inbox, as most have."""
    return server.somebody("eve", endpoints={"sharedInbox": f"{server.url}/inbox"})


# ---- how they are met


def test_all_is_answered_that_gotosocial_asks_when_it_meets_somebody(
    world: World, alice: Resident
) -> None:
    """A 500 to one of these questions may cost the whole acquaintance."""
    alice.post("hello")
    world.settle()
    actor = world.json(alice.actor)
    lists = ("followers", "following", "outbox", "featured")
    documents = [alice.actor, actor["publicKey"]["id"], *(actor[name] for name in lists)]
    assert {world.get(url)[0] for url in documents} == {200}
    found = json.loads(world.get(f"/.well-known/webfinger?resource=acct:{alice.handle[1:]}")[1])
    assert found["subject"] == f"acct:{alice.handle[1:]}"
    assert alice.actor in [link.get("href") for link in found["links"]]
    server = ("/robots.txt", "/api/v1/instance", "/.well-known/nodeinfo", "/nodeinfo/2.1")
    assert [world.get(path, "*/*")[0] for path in server] == [404, 404, 200, 200]


def test_an_actor_may_be_called_as_takahe_calls_its_own(
    world: World, alice: Resident, server: Liar
) -> None:
    """A handle in the middle, a slash at the end; and its WebFinger knows `acct:` alone."""
    eve = Somebody(server, f"{server.url}/@eve@far.example/", key("liar"))
    key_id = f"{eve.id}#main-key"
    document = {**eve.document(), "preferredUsername": "eve", "inbox": f"{eve.id}inbox/"}
    server.serve("/@eve@far.example/", document)
    assert eve.knocks(world, eve.says("Follow", alice.actor), key_id=key_id) == 202
    alice.tell_bot(f"follow {eve.id}")
    world.settle()
    assert followers(alice.actor) == {eve.id}
    follow = next(one for one in server.heard if one["type"] == "Follow")
    assert follow["object"] == eve.id
    hello = eve.note("hello", to=alice.actor)
    tell(world, eve, eve.says("Accept", follow), eve.creates(hello))
    assert followers(eve.id) == {alice.actor}
    assert post(hello["id"]).author.uri == eve.id
    assert set(server.heard_at) == {"/@eve@far.example/inbox/"}


# ---- how they change


@pytest.fixture
def read_a_day_ago(world: World, alice: Resident, eve: Somebody) -> str:
    """The mirror in which alice reads eve, of whom nobody has asked since."""
    alice.tell_bot(f"follow {eve.id}")
    world.settle()
    follow = next(one for one in eve.server.heard if one["type"] == "Follow")
    tell(world, eve, eve.says("Accept", follow))
    before = timezone.now() - timedelta(hours=25)
    Actor.objects.filter(uri=eve.id).update(fetched=before)
    eve.server.asked.clear()
    return next(
        room.id
        for room in world.home.rooms.values()
        if room.content("social.ownroom.mirror").get("id") == eve.id
    )


def speaks(world: World, eve: Somebody, alice: Resident) -> None:
    tell(world, eve, eve.creates(eve.note("hello", to=alice.actor)))
    world.let_time_pass()
    world.settle()


def test_a_change_that_nobody_told_of_is_seen_when_they_go_on_speaking(
    world: World, alice: Resident, eve: Somebody, read_a_day_ago: str
) -> None:
    document = json.loads(eve.server.pages["/u/eve"].body)
    eve.server.serve("/u/eve", {**document, "name": "Eve the Elder"})
    speaks(world, eve, alice)
    assert Actor.objects.get(uri=eve.id).name == "Eve the Elder"
    assert "Eve the Elder" in world.home.rooms[read_a_day_ago].content("m.room.name")["name"]
    speaks(world, eve, alice)
    assert eve.server.fetches("/u/eve") == 1


def test_who_has_not_changed_is_looked_at_once_a_day_and_nothing_is_told(
    world: World, alice: Resident, eve: Somebody, read_a_day_ago: str
) -> None:
    for _ in range(2):
        speaks(world, eve, alice)
        cache.clear()
    assert eve.server.fetches("/u/eve") == 1
    assert not Received.objects.filter(key__contains="#shown/").exists()


@pytest.mark.parametrize(("status", "left"), [(410, True), (404, False), (503, False)])
def test_who_is_gone_without_a_word_is_gone_when_their_server_says_so(
    world: World, alice: Resident, eve: Somebody, read_a_day_ago: str, status: int, *, left: bool
) -> None:
    eve.server.pages["/u/eve"] = Page(b"", status=status)
    speaks(world, eve, alice)
    assert bool(Actor.objects.get(uri=eve.id).left) is left


# ---- where they are told


def test_what_is_said_to_one_person_goes_to_their_own_inbox(
    world: World, alice: Resident, eve: Somebody
) -> None:
    """At the shared inbox PeerTube reads no answer to a follow."""
    tell(world, eve, eve.says("Follow", alice.actor))
    alice.tell_bot(f"follow {eve.id}")
    world.settle()
    alice.post("for everybody")
    world.settle()
    alice.tell_bot(f"block {eve.id}")
    alice.tell_bot(f"unblock {eve.id}")
    world.settle()
    places: dict[str, set[str]] = {}
    for activity, path in zip(eve.server.heard, eve.server.heard_at, strict=True):
        places.setdefault(path, set()).add(activity["type"])
    assert places == {
        "/inbox": {"Create"},
        "/u/eve/inbox": {"Accept", "Follow", "Block", "Reject", "Undo"},
    }
    assert not followers(alice.actor)


# ---- what they answer


def test_who_asks_again_while_waiting_takes_the_first_question_back(
    world: World, alice: Resident, eve: Somebody
) -> None:
    """GoToSocial answers no second Follow of the same two, and may have lost its answer."""
    alice.tell_bot(f"follow {eve.id}")
    world.settle()
    alice.tell_bot(f"follow {eve.id}")
    world.settle()
    first, undo, second = eve.server.heard
    assert [first["type"], undo["type"], second["type"]] == ["Follow", "Undo", "Follow"]
    assert undo["object"]["id"] == first["id"] != second["id"]
    tell(world, eve, eve.says("Accept", first["id"]))
    assert not followers(eve.id)
    tell(world, eve, eve.says("Accept", second["id"]))
    assert followers(eve.id) == {alice.actor}
    lost_and_rebuilt()
    assert followers(eve.id) == {alice.actor}
    alice.tell_bot(f"follow {eve.id}")
    world.settle()
    assert len(eve.server.heard) == 3
