"""What we serve: to whom, in which bytes, and the same 404 for what is hidden and what is not."""

import hashlib
import json

import orjson
import pytest
from django.test import Client
from pytest_django import Settings as SettingsWrapper

from bridge.activitypub import render
from bridge.activitypub.jsonld import AS2, PUBLIC
from bridge.models import Document
from social.acts import Block, Follow, React
from social.models import Actor, Post
from social.models import Block as BlockRow
from social.models import Follow as FollowRow
from tests.bridge.activitypub.world import (
    ALICE,
    AT,
    JSON,
    ORIGIN,
    boosted,
    follow,
    get,
    keep,
    remote,
    written,
)

pytestmark = pytest.mark.usefixtures("served")

# ---- who may read a post

PARTS = ["", "/create", "/replies", "/likes", "/shares", "/delete"]


@pytest.mark.parametrize("visibility", ["private", "limited", "direct", "local"])
@pytest.mark.parametrize("part", PARTS)
def test_a_post_that_is_not_open_looks_absent(
    client: Client, alice: Actor, visibility: str, part: str
) -> None:
    hidden = written(alice, "hidden", visibility)
    absent = get(client, f"{ORIGIN}/ap/o/{'absent':x<16}{part}")
    answer = get(client, f"{hidden.uri}{part}")
    assert answer.status_code == absent.status_code == 404
    assert answer.content == absent.content
    assert answer.headers.items() == absent.headers.items()
    assert answer["Content-Type"].startswith("application/json")


def test_a_post_that_was_deleted_in_private_looks_absent_too(client: Client, alice: Actor) -> None:
    hidden = written(alice, "hidden", "direct", deleted=AT)
    Document.objects.filter(uri=hidden.uri).update(gone=True)
    assert get(client, hidden.uri).status_code == 404


def test_an_addressee_who_signs_reads_a_direct_post(
    client: Client, alice: Actor, bob: Actor
) -> None:
    direct = written(alice, "direct", "direct")
    other = remote("carol", public_key=bob.public_key)
    direct.addressed.add(bob)
    answer = get(client, direct.uri, bob)
    assert answer.status_code == 200
    assert answer["Cache-Control"] == "private, no-store"
    assert get(client, direct.uri, other).status_code == 404
    assert get(client, direct.uri, bob, Signature="junk").status_code == 404


def test_a_follower_who_signs_reads_a_followers_only_post_until_blocked(
    client: Client, alice: Actor, bob: Actor
) -> None:
    private = written(alice, "private", "private")
    follow(bob, alice, AT, state="pending")
    assert get(client, private.uri, bob).status_code == 404
    FollowRow.objects.update(state="accepted")
    assert get(client, private.uri, bob).status_code == 200
    BlockRow.objects.create(uri=f"{ALICE}/b", author=alice, target=bob, at=AT)
    assert get(client, private.uri, bob).status_code == 404


def test_a_suspended_authors_posts_are_gone(client: Client, alice: Actor) -> None:
    post = written(alice, "post")
    Actor.objects.update(suspended=True)
    assert get(client, post.uri).status_code == 410
    assert get(client, ALICE).status_code == 410
    assert get(client, f"{ALICE}/outbox").status_code == 410


def test_a_deleted_post_is_410_with_its_tombstone_and_nothing_else(
    client: Client, alice: Actor
) -> None:
    post = written(alice, "post", deleted=AT)
    tombstone = orjson.dumps(render.tombstone(post.uri, AT))
    Document.objects.filter(uri=post.uri).update(gone=True, body=tombstone.decode())
    answer = get(client, post.uri)
    assert (answer.status_code, answer.content) == (410, tombstone)
    assert answer["Content-Type"] == JSON
    # The words may still be in the row of the Create: they are not shown again.
    create = get(client, f"{post.uri}/create")
    assert create.status_code == 410
    assert b"<p>" not in create.content
    assert get(client, f"{post.uri}/replies").status_code == 410


def test_the_bytes_are_those_that_were_kept(client: Client, alice: Actor) -> None:
    post = written(alice, "post")
    odd = '{"type": "Note",  "x": 1.0}'
    Document.objects.filter(uri=post.uri).update(body=odd)
    answer = get(client, post.uri)
    assert answer.content.decode() == odd
    assert answer["Content-Type"] == JSON
    assert "Accept" in answer["Vary"]
    assert answer["ETag"] == f'"{hashlib.sha256(odd.encode()).hexdigest()[:32]}"'
    assert get(client, post.uri, **{"If-None-Match": answer["ETag"]}).status_code == 304
    assert client.head(post.uri.removeprefix(ORIGIN)).status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "/ap/u/nobody",
        "/ap/u/a%2Fb",
        "/ap/o/short",
        "/ap/a/abcdefghijklmnopqrst",
        "/ap/a/abcdefghijklmnopqrst/undo",
        "/ap/",
        "/ap/x/y/z",
        "/ap/u/alice/liked",
    ],
)
def test_what_is_not_here_is_a_404_in_json(client: Client, path: str) -> None:
    for accept in ("text/html", "*/*", "", "\x7f;q=;;,,", "application/json"):
        answer = get(client, path, Accept=accept)
        assert answer.status_code == 404
        assert answer["Content-Type"].startswith("application/json")
        assert json.loads(answer.content)


def test_only_get_and_head_are_answered(client: Client, alice: Actor) -> None:
    assert client.post("/ap/u/alice").status_code == 405
    assert client.delete("/ap/u/alice/outbox").status_code == 405


# ---- actors


def test_an_actor_is_json_unless_html_is_asked_for_by_name(client: Client, alice: Actor) -> None:
    for accept in ("", "*/*", "application/json", 'application/ld+json; profile="x"', "image/png"):
        answer = get(client, ALICE, Accept=accept)
        assert (answer.status_code, answer["Content-Type"]) == (200, JSON)
        assert answer["Cache-Control"] == "max-age=180"
    document = get(client, ALICE).json()
    assert document["id"] == ALICE
    assert document["publicKey"]["owner"] == ALICE
    page = get(client, ALICE, Accept="text/html,application/xhtml+xml,*/*;q=0.8")
    assert (page.status_code, page["Location"]) == (302, f"{ORIGIN}/@alice")
    assert "Accept" in page["Vary"]


def test_the_host_header_changes_nothing(client: Client, alice: Actor) -> None:
    answers = [
        get(client, path, Host=host).content
        for path in ("/ap/u/alice", "/.well-known/host-meta", "/.well-known/nodeinfo")
        for host in ("social.test", "evil.example")
    ]
    assert answers[0::2] == answers[1::2]
    assert not any(b"evil" in answer for answer in answers)


def test_remote_actors_are_not_served(client: Client, bob: Actor) -> None:
    Actor.objects.update(uri=f"{ORIGIN}/ap/u/bob")
    assert get(client, f"{ORIGIN}/ap/u/bob").status_code == 404


def test_the_servers_own_actor_is_there_from_the_start(client: Client) -> None:
    document = get(client, f"{ORIGIN}/ap/actor").json()
    assert document["type"] == "Application"
    assert "BEGIN PUBLIC KEY" in document["publicKey"]["publicKeyPem"]
    assert get(client, f"{ORIGIN}/ap/actor/outbox").json()["orderedItems"] == []


# ---- secure fetch


@pytest.mark.parametrize(
    "path", ["", "/outbox", "/followers", "/following", "/featured", "POST", "ACT"]
)
def test_with_secure_fetch_only_signed_requests_are_answered(
    client: Client, alice: Actor, bob: Actor, settings: SettingsWrapper, path: str
) -> None:
    post = written(alice, "post")
    boost = boosted(alice, post, "boost", AT)
    url = {"POST": post.uri, "ACT": boost.uri}.get(path, f"{ALICE}{path}")
    assert get(client, url).status_code == 200
    settings.OWNROOM_SECURE_FETCH = True
    assert get(client, url).status_code == 401
    assert get(client, url, Signature='keyId="x"').status_code == 401
    answer = get(client, url, bob)
    assert answer.status_code == 200
    assert answer["Cache-Control"] == "private, no-store"


@pytest.mark.parametrize("secure", [False, True])
def test_somebody_blocked_who_signs_finds_nothing(
    client: Client, alice: Actor, bob: Actor, settings: SettingsWrapper, *, secure: bool
) -> None:
    post = written(alice, "post")
    settings.OWNROOM_SECURE_FETCH = secure
    assert get(client, post.uri, bob).status_code == 200
    BlockRow.objects.create(uri=f"{ALICE}/b", author=alice, target=bob, at=AT)
    for url in (post.uri, f"{ALICE}/outbox", f"{ALICE}/followers"):
        assert get(client, url, bob).status_code == 404


def test_secure_fetch_leaves_finding_people_open(
    client: Client, alice: Actor, settings: SettingsWrapper
) -> None:
    settings.OWNROOM_SECURE_FETCH = True
    for path in (
        "/.well-known/webfinger?resource=acct:alice@social.test",
        "/.well-known/host-meta",
        "/.well-known/nodeinfo",
        "/nodeinfo/2.0",
        "/ap/actor",
    ):
        assert get(client, path).status_code == 200


# ---- acts


def test_a_block_is_read_by_the_two_it_concerns_only(
    client: Client, alice: Actor, bob: Actor
) -> None:
    uri = f"{ORIGIN}/ap/a/{'block':x<16}"
    act = Block(author=ALICE, target=bob.uri, uri=uri, at=AT)
    keep(uri, render.render(act, render.Refs(origin=ORIGIN)), alice)
    assert get(client, uri).status_code == 404
    assert get(client, uri, remote("carol", public_key=bob.public_key)).status_code == 404
    assert get(client, uri, bob).status_code == 200


def test_a_like_is_as_open_as_its_post(client: Client, alice: Actor, bob: Actor) -> None:
    post = Post.objects.create(
        uri=f"{bob.uri}/1", author=bob, visibility="public", published=AT, html="x"
    )
    uri = f"{ORIGIN}/ap/a/{'like':x<16}"
    act = React(author=ALICE, post=post.uri, uri=uri, emoji="🔥", at=AT)
    keep(uri, render.render(act, render.Refs(origin=ORIGIN, post_author=bob.uri)), alice)
    assert get(client, uri).status_code == 200
    Post.objects.update(visibility="direct")
    assert get(client, uri).status_code == 404
    assert get(client, uri, bob).status_code == 200


def test_a_follow_is_hidden_with_the_network(client: Client, alice: Actor, bob: Actor) -> None:
    uri = f"{ORIGIN}/ap/a/{'follow':x<16}"
    act = Follow(author=ALICE, target=bob.uri, uri=uri, at=AT)
    keep(uri, render.render(act, render.Refs(origin=ORIGIN)), alice)
    assert get(client, uri).status_code == 200
    Actor.objects.filter(uri=ALICE).update(hide_network=True)
    assert get(client, uri).status_code == 404


def test_everything_open_says_so_in_full(client: Client, alice: Actor) -> None:
    document = get(client, f"{written(alice, 'post').uri}/create").json()
    assert document["to"] == document["object"]["to"] == [PUBLIC]
    assert document["@context"][0] == AS2
