"""Two neighbours, each a process of its own: what they promise to the demo and the tests."""

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

from bridge.demo.neighbourhood import Neighbour, NeighbourError


@pytest.fixture(scope="module")
def here() -> Iterator[Neighbour]:
    with Neighbour(hosts=3) as neighbour:
        yield neighbour


@pytest.fixture(scope="module")
def there() -> Iterator[Neighbour]:
    with Neighbour(host="localhost", signatures="rfc9421", sends="rfc9421", secure=True) as other:
        yield other


@pytest.fixture(autouse=True)
def _calm(here: Neighbour, there: Neighbour) -> None:
    here.reset()
    there.reset()


def get(url: str) -> tuple[int, Any]:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


LIE = {"id": "http://127.0.0.1/lie", "type": "Like", "object": "http://127.0.0.1/post"}


def test_an_unsigned_message_gets_401(here: Neighbour) -> None:
    bob = here.actor("bob")
    sent = bob.raw(bob.inbox, {**LIE, "actor": bob.id}, sign="none")
    assert sent.statuses == [401]
    assert here.received(refused=1)[0]["why"] == "Request not signed"


@pytest.mark.parametrize("dialect", ["cavage", "rfc9421"])
@pytest.mark.parametrize(
    ("header", "value", "why"),
    [
        ("digest", "SHA-256=AAAA", "Digest differs"),
        ("content-digest", "sha-256=:AAAA:", "Digest differs"),
        ("date", "Thu, 01 Jan 2026 00:00:00 GMT", "Date too far"),
        ("signature-input", 'sig1=("@method");created=1;keyid="x"', "neither method nor target"),
    ],
)
def test_a_spoiled_signature_gets_401(
    here: Neighbour, dialect: str, header: str, value: str, why: str
) -> None:
    bob = here.actor("bob")
    spoiled = {"late_headers": {header: value}, "sign": dialect}
    sent = bob.raw(bob.inbox, {**LIE, "actor": bob.id}, **spoiled)
    signed_by = {"digest": "cavage", "date": "cavage", "content-digest": "rfc9421"}
    if signed_by.get(header, dialect) != dialect:
        assert sent.statuses == [202]  # that dialect does not look at this header
    else:
        assert sent.statuses == [401]
        assert why in sent.deliveries[0]["why"]


def test_a_message_signed_by_somebody_else_gets_401(here: Neighbour) -> None:
    bob, mallory = here.actor("bob"), here.actor("mallory")
    assert mallory.raw(bob.inbox, {**LIE, "actor": bob.id}).statuses == [401]
    sent = mallory.raw(bob.inbox, {**LIE, "actor": bob.id}, key_id=bob.key_id)
    assert sent.statuses == [401]
    assert "does not fit" in sent.deliveries[0]["why"]


def test_a_host_that_knows_one_dialect_refuses_the_other(here: Neighbour, there: Neighbour) -> None:
    bob, lena = here.actor("bob"), there.actor("lena")
    lie = {**LIE, "actor": bob.id}
    assert bob.raw(lena.inbox, lie, sign="cavage").statuses == [401]
    assert bob.raw(lena.inbox, lie, sign="rfc9421").statuses == [202]


def test_neighbours_follow_each_other_and_exchange_posts(here: Neighbour, there: Neighbour) -> None:
    bob, lena = here.actor("ben"), there.actor("lea")
    # Lena's host understands RFC 9421 only: our side is told to speak it by hand.
    follow = {"id": f"{bob.id}/f", "type": "Follow", "actor": bob.id, "object": lena.id}
    assert bob.raw(lena.inbox, follow, sign="rfc9421").statuses == [202]
    assert bob.wait_for("Accept", timeout=3)["object"]["id"] == follow["id"]
    assert lena.follow(bob.handle).statuses == [202]
    there.wait_until(lambda stats: stats["received"] >= 1, timeout=3)
    assert lena.state()["followers"] == [bob.id]
    sent = lena.post("hello & good day #spring", cw="greeting")
    assert sent.statuses == [202]
    assert here.received(type="Create")[0]["dialect"] == "rfc9421"


def test_a_post_is_edited_liked_boosted_and_withdrawn(here: Neighbour) -> None:
    bob, carol = here.actor("bob"), here.actor("carol", host=1)
    carol.follow(bob.handle)
    carol.wait_for("Accept", timeout=3)
    post = bob.post("hello", to="private").post
    assert carol.wait_for("Create", contains="hello", timeout=3)["object"]["cc"] == []
    assert get(post)[0] == 404  # followers only
    bob.update(post, "hello again")
    carol.wait_for("Update", contains="again", timeout=3)
    like = carol.like(post)
    carol.undo(like.id)
    carol.react(post, "🎉")
    assert bob.wait_for("EmojiReact", timeout=3)["content"] == "🎉"
    carol.boost(post)
    assert bob.wait_for("Undo", timeout=3)["object"]["id"] == like.id
    assert bob.wait_for("Announce", timeout=3)["object"] == post
    answer = carol.post("welcome", reply_to=post)
    made = bob.wait_for("Create", contains="welcome", timeout=3)
    assert made["object"]["tag"][0]["name"] == bob.handle
    assert bob.resend(bob.post("twice", mentions=[carol.id]).id).statuses == [202]
    assert list(here.stats()["duplicates"].values()) == [2]
    bob.delete(post)
    assert get(post)[0] == 410
    assert here.seen(post) is None
    assert get(answer.post)[1]["inReplyTo"] == post


def test_a_locked_actor_answers_when_it_likes(here: Neighbour) -> None:
    shy, bob, eve = here.actor("shy", locked=True), here.actor("bob"), here.actor("eve", host=2)
    bob.follow(shy.handle)
    eve.follow(shy.id)
    shy.wait_for("Follow", contains=eve.id, timeout=3)
    assert not bob.received("Accept")
    shy.accept(bob.id)
    shy.reject(eve.handle)
    bob.wait_for("Accept", timeout=3)
    eve.wait_for("Reject", timeout=3)
    assert shy.state()["followers"] == [bob.id]
    with pytest.raises(NeighbourError, match="has not asked"):
        shy.accept(eve.id)


def test_a_direct_post_reaches_only_whom_it_names(here: Neighbour) -> None:
    bob, carol, dave = (here.actor(name, host=1) for name in ("bob", "carol", "dave"))
    dave.follow(bob.id)
    dave.wait_for("Accept", timeout=3)
    bob.post("psst", to="direct", mentions=[carol.id])
    carol.wait_for("Create", contains="psst", timeout=3)
    assert not dave.received("Create")


def test_who_leaves_is_gone(here: Neighbour) -> None:
    bob, tim = here.actor("bob"), here.actor("tim")
    bob.follow(tim.id)
    bob.wait_for("Accept", timeout=3)
    post = tim.post("farewell").post
    assert tim.delete_actor().statuses == [202]
    assert (get(tim.id)[0], get(post)[0]) == (410, 410)
    assert bob.wait_for("Delete", timeout=3)["object"] == tim.id


def test_webfinger_and_secure_documents(here: Neighbour, there: Neighbour) -> None:
    bob, lena = here.actor("bob"), there.actor("lena")
    finger = f"{here.url}/.well-known/webfinger?resource="
    assert get(finger + f"acct:{bob.acct}")[1]["links"][1]["href"] == bob.id
    assert get(finger + "acct:nobody@127.0.0.1")[0] == 404
    assert get(f"{here.url}/nodeinfo/2.1")[1]["protocols"] == ["activitypub"]
    assert get(lena.id)[0] == 401
    assert get(f"{there.url}/users/keeper")[1]["type"] == "Application"


def test_faults_come_as_ordered(here: Neighbour) -> None:
    bob, carol = here.actor("bob"), here.actor("carol", host=1)
    lie = {**LIE, "actor": bob.id}
    here.faults("status:503", host=1, times=2, retry_after=7)
    assert [bob.raw(carol.inbox, lie).statuses[0] for _ in range(3)] == [503, 503, 202]
    here.faults("410", every=2)
    assert [bob.raw(carol.inbox, lie).statuses[0] for _ in range(4)] == [202, 410, 202, 410]
    here.faults("refuse", host=1)
    here.faults("ok")
    assert bob.raw(carol.inbox, lie).statuses == [0]
    assert bob.raw(bob.inbox, lie).statuses == [202]
    assert here.stats()["refused"] == 4


def test_a_page_shows_a_person_what_came(here: Neighbour) -> None:
    bob = here.actor("bob")
    bob.raw(bob.inbox, {**LIE, "actor": bob.id, "content": "<b>from afar</b>"})
    with urllib.request.urlopen(f"{here.url}/@bob", timeout=5) as answer:
        page = answer.read().decode()
    assert f"Like from {bob.id}" in page
    assert "&lt;b&gt;from afar" in page


def test_the_strings_are_not_for_web_pages(here: Neighbour) -> None:
    request = urllib.request.Request(f"{here.url}/control/reset", data=b"{}")
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request, timeout=5)
    with refused.value:
        assert refused.value.code == 415


def test_a_sink_counts_a_load_from_a_crowd(here: Neighbour) -> None:
    with Neighbour(sink=True) as sink:
        target = here.actor("star")
        report = here.crowd(target.id, 9)
        assert report["statuses"] == {"202": 9}
        assert len(target.state()["followers"]) == 9
        report = here.blast(f"{sink.url}/inbox", actors=3, notes=40, concurrency=4)
        assert report["statuses"] == {"202": 40}
        stats = sink.stats()
        assert (stats["received"], stats["distinct"]) == (40, 40)
        assert get(report["posts"][0])[1]["type"] == "Note"
