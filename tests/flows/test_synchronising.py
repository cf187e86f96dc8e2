"""Both sides of a follow agree on it, or find out that they do not (FEP-8fcf)."""

import json
import time
import urllib.error
import urllib.request
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from bridge import lanes, processing
from bridge.activitypub import actors, followers, signatures
from bridge.activitypub.network import ActivityPub
from bridge.models import Errand, Received
from social.models import Actor, Delivery, Follow
from tests.fakes.liar import Liar, Somebody, serving
from tests.fakes.world import Resident, World
from tests.rebuilt import lost_and_rebuilt

HEADER = "collection-synchronization"


@pytest.fixture
def lena(far: Liar) -> Somebody:
    return far.somebody("lena")


def follows(world: World, one: Somebody, resident: Resident) -> None:
    one.knocks(world, one.says("Follow", resident.actor))
    world.settle()


def followed(world: World, resident: Resident, one: Somebody) -> None:
    resident.tell_bot(f"follow {one.id}")
    world.settle()
    follow = one.server.heard[-1]
    one.knocks(world, one.says("Accept", follow["id"]))
    world.settle()
    Follow.objects.update(at=1)  # long ago


def posts(world: World, one: Somebody, digest: str, *, covered: bool = True, **other: str) -> None:
    """A post with the header, as the author's server would send it."""
    note = one.note("words", to=f"{one.id}/followers", tag=[])
    body = json.dumps(one.creates(note)).encode()
    said = {"collectionId": f"{one.id}/followers", "url": f"{one.id}/sync", "digest": digest}
    value = ", ".join(f'{key}="{text}"' for key, text in {**said, **other}.items())
    pair, also = signatures.SigningKey(one.key_id, one.pair), {"Collection-Synchronization": value}
    signed = signatures.sign_cavage(
        "POST", world.inbox, body, pair, now=time.time(), also=also if covered else {}
    )
    assert world.status(body, {**signed, **also}) == 202
    world.settle()


def listed(one: Somebody, *actors: str, **values: Any) -> None:
    document = {"id": f"{one.id}/sync", "type": "OrderedCollection", "orderedItems": list(actors)}
    told = {key: value for key, value in {**document, **values}.items() if value is not None}
    one.server.serve(f"/u/{one.id.rsplit('/', 1)[1]}/sync", told)


def asked(one: Somebody) -> int:
    return one.server.fetches(f"/u/{one.id.rsplit('/', 1)[1]}/sync")


def look(world: World) -> None:
    world.let_time_pass()
    world.settle()


def fetch(url: str, who: Somebody | None) -> tuple[int, dict[str, Any]]:
    signed = {}
    if who:
        pair = signatures.SigningKey(who.key_id, who.pair)
        signed = signatures.sign_cavage("GET", url, b"", pair, now=time.time())
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=signed), timeout=20) as got:
            return got.status, json.loads(got.read())
    except urllib.error.HTTPError as error:
        with error:
            return error.code, {}


# ---- told


def test_the_digest_is_the_one_of_the_proposal() -> None:
    users = [f"https://testing.example.org/users/{number}" for number in (1, 2)]
    assert followers.digest(users) == (
        "c33f48cd341ef046a206b8a72ec97af65079f9a3a9b90eef79c5920dce45c61f"
    )
    assert followers.digest([]) == "0" * 64


@pytest.mark.parametrize("kind", ["cavage", "rfc9421"])
def test_a_post_to_followers_says_who_of_that_server_follows_and_the_signature_covers_it(
    world: World, alice: Resident, lena: Somebody, far: Liar, kind: str
) -> None:
    mona = far.somebody("mona")
    for one in (lena, mona):
        follows(world, one, alice)
    actors.remember_kind(lena.id, kind)
    alice.post("hello")
    world.settle()
    headers = far.headers[-1]
    assert far.heard[-1]["type"] == "Create"
    assert headers[HEADER] == (
        f'collectionId="{alice.actor}/followers",'
        f' url="{alice.actor}/followers_synchronization",'
        f' digest="{followers.digest([lena.id, mona.id])}"'
    )
    said = headers["signature-input"] if kind == "rfc9421" else headers["signature"]
    assert HEADER in said
    mona.knocks(world, mona.says("Undo", mona.says("Follow", alice.actor)))
    world.settle()
    alice.post("hello again")
    world.settle()
    assert followers.digest([lena.id]) in far.headers[-1][HEADER]


def test_nothing_else_says_it(world: World, alice: Resident, lena: Somebody, far: Liar) -> None:
    follows(world, lena, alice)
    alice.tell_bot("set name Ali")
    look(world)
    alice.tell_bot(f"block {lena.id}")
    world.settle()
    assert len(far.headers) > 1
    assert not [headers for headers in far.headers if HEADER in headers]


def test_a_server_reads_of_its_own_people_only_and_only_signed(
    world: World, alice: Resident, lena: Somebody
) -> None:
    url = f"{alice.actor}/followers_synchronization"
    with serving("127.0.0.8") as elsewhere:
        mona = elsewhere.somebody("mona")
        for one in (lena, mona):
            follows(world, one, alice)
        alice.tell_bot("set hide_network on")
        world.settle()
        assert fetch(url, None)[0] == 401
        assert fetch(url, lena)[1]["orderedItems"] == [lena.id]
        assert fetch(url, mona)[1]["orderedItems"] == [mona.id]
        alice.tell_bot(f"block {mona.id}")
        world.settle()
        assert fetch(url, mona)[0] == 404


def test_a_crowd_costs_what_one_costs(world: World, alice: Resident) -> None:
    """Two thousand followers on two hundred hosts: as many questions as for one."""
    found = Actor.objects.bulk_create(
        Actor(
            uri=f"https://h{number % 200}.example/u/{number}",
            handle=f"u{number}",
            domain=f"h{number % 200}.example",
            host=f"h{number % 200}.example",
            inbox=f"https://h{number % 200}.example/inbox",
            shared_inbox=f"https://h{number % 200}.example/inbox",
        )
        for number in range(2000)
    )
    Follow.objects.bulk_create(
        Follow(uri=f"{a.uri}#f", follower=a, target=alice.row(), state="accepted", at=1)
        for a in found
    )
    alice.post("to all")
    world.home.push()
    for lane in lanes.due(Received):
        processing.drain(lane)
    rows = list(Delivery.objects.filter(network="activitypub", state="waiting"))
    assert len(rows) == 200
    network = ActivityPub()
    network.load(rows)  # how each host speaks is asked once in a process's life
    counts = []
    for some in (rows[:1], rows):
        followers.known_shares.clear()
        with CaptureQueriesContext(connection) as found_out:
            network.load(some)
        counts.append(len(found_out))
    assert counts[0] == counts[1]
    assert len({row.load.also["Collection-Synchronization"] for row in rows}) == 200


# ---- heard


def test_the_same_digest_asks_nobody(world: World, alice: Resident, lena: Somebody) -> None:
    followed(world, alice, lena)
    posts(world, lena, followers.digest([alice.actor]))
    assert not Errand.objects.filter(kind="followers").exists()


@pytest.mark.parametrize(
    "lie",
    [
        {"covered": False},
        {"collectionId": "https://far.example/u/other/followers"},
        {"url": "http://127.0.0.99/u/lena/sync"},
        {"url": ""},
        {"digest": "abc"},
    ],
)
def test_a_header_that_is_not_signed_or_not_about_its_sender_is_not_read(
    world: World, alice: Resident, lena: Somebody, lie: dict[str, Any]
) -> None:
    followed(world, alice, lena)
    listed(lena)
    posts(world, lena, **{"digest": "0" * 64, **lie})
    look(world)
    assert asked(lena) == 0
    assert Follow.objects.filter(follower__uri=alice.actor).exists()


def test_whom_they_no_longer_let_follow_follows_no_longer_and_is_told(
    world: World, alice: Resident, ada: Resident, lena: Somebody
) -> None:
    followed(world, alice, lena)
    followed(world, ada, lena)
    listed(lena, ada.actor)
    posts(world, lena, followers.digest([ada.actor]))
    assert asked(lena) == 0  # not on the line of the post
    look(world)
    assert asked(lena) == 1
    here = Follow.objects.filter(target__uri=lena.id).values_list("follower__uri", flat=True)
    assert list(here) == [ada.actor]
    assert "lena" in alice.answers()[-1]
    assert "lena" not in ada.answers()[-1] or "accepted" in ada.answers()[-1]
    lost_and_rebuilt()
    assert list(here.all()) == [ada.actor]


def test_a_new_follow_is_not_ended_because_their_list_is_old(
    world: World, alice: Resident, lena: Somebody
) -> None:
    followed(world, alice, lena)
    Follow.objects.update(at=int(time.time() * 1000))
    listed(lena)
    posts(world, lena, "0" * 64)
    look(world)
    assert Follow.objects.filter(follower__uri=alice.actor).exists()


@pytest.mark.parametrize(
    "list_",
    [
        {"orderedItems": [], "next": "http://127.0.0.99/more"},
        {"orderedItems": [], "first": {"id": "http://127.0.0.99/more"}},
        {"orderedItems": None, "totalItems": 3},
        {"orderedItems": None, "type": "Note"},
    ],
)
def test_half_a_list_ends_no_follow(
    world: World, alice: Resident, lena: Somebody, list_: dict[str, Any]
) -> None:
    followed(world, alice, lena)
    listed(lena, **list_)
    posts(world, lena, "0" * 64)
    look(world)
    assert asked(lena) == 1
    assert Follow.objects.filter(follower__uri=alice.actor).exists()


def test_a_list_that_cannot_be_had_ends_no_follow(
    world: World, alice: Resident, lena: Somebody
) -> None:
    followed(world, alice, lena)
    posts(world, lena, "0" * 64)
    look(world)
    assert asked(lena) >= 1
    assert Follow.objects.filter(follower__uri=alice.actor).exists()


def test_whom_they_believe_to_follow_and_who_does_not_takes_it_back(
    world: World, alice: Resident, lena: Somebody, far: Liar
) -> None:
    follows(world, lena, alice)
    stranger = f"{world.url}/ap/u/nobody"
    listed(lena, alice.actor, stranger, "https://far.example/u/else")
    posts(world, lena, followers.digest([alice.actor]))
    look(world)
    undone = [said for said in far.heard if said["type"] == "Undo"]
    assert [said["actor"] for said in undone] == [alice.actor]
    assert undone[0]["object"]["object"] == lena.id
    assert not [text for text in alice.answers() if "Undo" in text]


def test_an_accept_that_was_lost_is_found(world: World, alice: Resident, lena: Somebody) -> None:
    alice.tell_bot(f"follow {lena.id}")
    world.settle()
    assert Follow.objects.get(follower__uri=alice.actor).state == "pending"
    listed(lena, alice.actor)
    posts(world, lena, followers.digest([alice.actor]))
    look(world)
    assert Follow.objects.get(follower__uri=alice.actor).state == "accepted"
    assert "accepted" in alice.answers()[-1]
