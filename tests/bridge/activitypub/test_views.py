"""The inbox door. Each refusal has its status and a word of reason, and nothing is stored."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable
from email.utils import formatdate
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.test import Client
from pytest_django import Settings as SettingsWrapper

from bridge.activitypub import signatures
from bridge.models import Received
from social import policy
from social.models import Actor, Instance
from tests.bridge.activitypub.world import ALICE, BOB_KEY, ORIGIN

pytestmark = pytest.mark.usefixtures("served")
INBOX = f"{ORIGIN}/inbox"
TYPE = "application/activity+json"
PRIVATE = signatures.load_private(BOB_KEY)
MALLORY_KEY = signatures.generate_rsa()


def like(actor: str, number: int = 1) -> dict[str, Any]:
    uri = f"{actor}#likes/{number}"
    return {"id": uri, "type": "Like", "actor": actor, "object": f"{ORIGIN}/ap/o/{'x' * 43}"}


def signed(who: Actor, body: bytes, *, key: bytes = BOB_KEY, url: str = INBOX) -> dict[str, str]:
    signing = signatures.SigningKey(who.key_id, signatures.load_private(key))
    return signatures.sign_cavage("POST", url, body, signing, now=time.time())


def post(client: Client, body: bytes, headers: dict[str, str], path: str = "/inbox") -> Any:
    return client.post(path, body, content_type=TYPE, headers={"Host": "social.test", **headers})


def by_hand(who: Actor, covered: str, lines: dict[str, str], algorithm: str, make: Any) -> str:
    text = "\n".join(f"{name}: {lines[name]}" for name in covered.split())
    made = base64.b64encode(make(text.encode())).decode()
    return f'keyId="{who.key_id}",algorithm="{algorithm}",headers="{covered}",signature="{made}"'


def _away(execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
    if sql.startswith("INSERT"):
        raise OperationalError("the server closed the connection unexpectedly")
    return execute(sql, *rest)


def test_without_a_database_a_post_is_asked_for_again_later(
    client: Client, alice: Actor, bob: Actor
) -> None:
    body = json.dumps(like(bob.uri)).encode()
    with connection.execute_wrapper(_away):
        answer = post(client, body, signed(bob, body))
    assert (answer.status_code, answer["Retry-After"]) == (503, "30")
    assert "database" in answer.json()["error"]
    assert not Received.objects.exists()


# ---- who speaks


def test_an_unsigned_post_is_refused(client: Client, alice: Actor, bob: Actor) -> None:
    answer = post(client, json.dumps(like(bob.uri)).encode(), {})
    assert answer.status_code == 401
    assert answer.json()["error"]
    assert not Received.objects.exists()


def test_a_post_signed_with_another_key_is_refused(
    client: Client, alice: Actor, bob: Actor
) -> None:
    body = json.dumps(like(bob.uri)).encode()
    assert post(client, body, signed(bob, body, key=MALLORY_KEY)).status_code == 401
    assert not Received.objects.exists()


@pytest.mark.parametrize("secret", ["pem", "der"])
def test_the_public_key_as_a_shared_secret_is_refused(
    client: Client, alice: Actor, bob: Actor, secret: str
) -> None:
    body = json.dumps(like(bob.uri)).encode()
    digest = f"SHA-256={base64.b64encode(hashlib.sha256(body).digest()).decode()}"
    date = formatdate(usegmt=True)
    lines = {
        "(request-target)": "post /inbox",
        "host": "social.test",
        "date": date,
        "digest": digest,
    }
    key = bob.public_key.encode()
    if secret == "der":
        key = base64.b64decode("".join(bob.public_key.splitlines()[1:-1]))
    made = by_hand(
        bob,
        "(request-target) host date digest",
        lines,
        "hmac-sha256",
        lambda text: hmac.new(key, text, "sha256").digest(),
    )
    headers = {"Date": date, "Digest": digest, "Signature": made}
    assert post(client, body, headers).status_code == 401
    assert not Received.objects.exists()


@pytest.mark.parametrize("covered", ["date", "host date", "(request-target) host date"])
def test_a_signature_that_covers_too_little_is_refused(
    client: Client, alice: Actor, bob: Actor, covered: str
) -> None:
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import padding

    body = json.dumps(like(bob.uri)).encode()
    digest = f"SHA-256={base64.b64encode(hashlib.sha256(body).digest()).decode()}"
    date = formatdate(usegmt=True)
    lines = {"(request-target)": "post /inbox", "host": "social.test", "date": date}
    made = by_hand(
        bob,
        covered,
        lines,
        "rsa-sha256",
        lambda text: PRIVATE.sign(text, padding.PKCS1v15(), hashes.SHA256()),
    )
    headers = {"Date": date, "Digest": digest, "Signature": made}
    assert post(client, body, headers).status_code == 401
    assert not Received.objects.exists()


def test_another_body_than_the_signed_one_is_refused(
    client: Client, alice: Actor, bob: Actor
) -> None:
    body = json.dumps(like(bob.uri)).encode()
    other = json.dumps(like(bob.uri, 2)).encode()
    assert post(client, other, signed(bob, body)).status_code == 401
    assert not Received.objects.exists()


def test_a_signature_for_another_path_or_host_is_refused(
    client: Client, alice: Actor, bob: Actor
) -> None:
    body = json.dumps(like(bob.uri)).encode()
    for url in (f"{ALICE}/inbox", "http://other.test/inbox"):
        assert post(client, body, signed(bob, body, url=url)).status_code in {400, 401}
    assert not Received.objects.exists()


@pytest.mark.parametrize("hours", [-13, 2])
def test_a_signature_of_another_day_is_refused(
    client: Client, alice: Actor, bob: Actor, hours: int
) -> None:
    body = json.dumps(like(bob.uri)).encode()
    signing = signatures.SigningKey(bob.key_id, PRIVATE)
    then = time.time() + hours * 3600
    headers = signatures.sign_cavage("POST", INBOX, body, signing, now=then)
    assert post(client, body, headers).status_code == 401
    assert not Received.objects.exists()


def test_a_replayed_post_is_answered_and_stored_once(
    client: Client, alice: Actor, bob: Actor
) -> None:
    body = json.dumps(like(bob.uri)).encode()
    headers = signed(bob, body)
    assert post(client, body, headers).status_code == 202
    assert post(client, body, headers).status_code == 202
    assert Received.objects.count() == 1


def test_what_has_no_id_is_known_again_by_what_it_says(
    client: Client, alice: Actor, bob: Actor
) -> None:
    for target in ("one", "one", "two"):
        undone = {"type": "Follow", "actor": bob.uri, "object": f"{ORIGIN}/ap/u/{target}"}
        body = json.dumps({"type": "Undo", "actor": bob.uri, "object": undone}).encode()
        assert post(client, body, signed(bob, body)).status_code == 202
    assert Received.objects.count() == 2


def test_nobody_signs_for_another_actor(client: Client, alice: Actor, bob: Actor) -> None:
    eve = f"{bob.uri.rsplit('/', 1)[0]}/eve"
    body = json.dumps(like(eve)).encode()
    answer = post(client, body, signed(bob, body))
    assert answer.status_code == 401
    assert "not the actor's" in answer.json()["error"]
    assert not Received.objects.exists()


def test_nobody_outside_signs_for_somebody_here(client: Client, alice: Actor, bob: Actor) -> None:
    body = json.dumps(like(alice.uri) | {"id": f"{ALICE}#1"}).encode()
    assert post(client, body, signed(bob, body)).status_code == 401
    assert not Received.objects.exists()


def test_a_suspended_actor_is_refused(client: Client, alice: Actor, bob: Actor) -> None:
    Actor.objects.filter(pk=bob.pk).update(suspended=True)
    body = json.dumps(like(bob.uri)).encode()
    assert post(client, body, signed(bob, body)).status_code == 403
    assert not Received.objects.exists()


def test_a_blocked_server_is_refused_with_its_subdomains(
    client: Client, alice: Actor, bob: Actor
) -> None:
    policy.judge("example", Instance.Policy.BLOCKED, "")
    body = json.dumps(like(bob.uri)).encode()
    assert post(client, body, signed(bob, body)).status_code == 403
    assert not Received.objects.exists()


# ---- what is said


def nested(depth: int) -> bytes:
    return b'{"a":' * depth + b"1" + b"}" * depth


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"hello",
        b"[]",
        b'"text"',
        b"{}",
        b'{"type":"Like"}',
        nested(2000),
        b'{"type":"Like","type":"Delete","actor":"https://mastodon.example/users/bob"}',
        b'{"type":"Like","actor":"https://mastodon.example/users/bob","object":NaN}',
        b'{"type":"Like","actor":"https://mastodon.example/users/bob","object":"\xff"}',
        b'{"type":["Like","Follow"],"actor":"https://mastodon.example/users/bob"}',
        b'{"type":"Like","actor":["https://mastodon.example/users/bob"]}',
        b'{"type":"Like","actor":{"id":"https://mastodon.example/users/bob"}}',
        b'{"type":"Like","actor":"https://mastodon.example/users/bob","id":"https://evil.example/1"}',
        b'{"type":"Like","actor":"https://mastodon.example/users/bob","id":7}',
    ],
)
def test_a_body_that_says_nothing_clearly_is_refused(
    client: Client, alice: Actor, bob: Actor, body: bytes
) -> None:
    answer = post(client, body, signed(bob, body))
    assert answer.status_code == 400
    assert answer.json()["error"]
    assert not Received.objects.exists()


def test_a_body_beyond_the_limit_is_refused(client: Client, alice: Actor, bob: Actor) -> None:
    body = json.dumps({**like(bob.uri), "content": "x" * 1_100_000}).encode()
    assert post(client, body, signed(bob, body)).status_code == 413
    assert not Received.objects.exists()


@pytest.mark.parametrize(
    "kind", ["application/json", "text/html", "", "application/x-www-form-urlencoded"]
)
def test_another_content_type_is_refused(
    client: Client, alice: Actor, bob: Actor, kind: str
) -> None:
    body = json.dumps(like(bob.uri)).encode()
    headers = {"Host": "social.test", **signed(bob, body), "Content-Type": kind}
    answer = client.post("/inbox", body, content_type=kind, headers=headers)
    assert answer.status_code == 415
    assert not Received.objects.exists()


def test_other_methods_are_refused(client: Client, alice: Actor) -> None:
    for method in (client.get, client.put, client.delete):
        assert method("/inbox").status_code == 405


def test_nobody_has_the_inbox_of_nobody(client: Client, alice: Actor, bob: Actor) -> None:
    body = json.dumps(like(bob.uri)).encode()
    path = "/ap/u/nobody/inbox"
    headers = signed(bob, body, url=f"{ORIGIN}{path}")
    assert post(client, body, headers, path).status_code == 404
    Actor.objects.filter(pk=alice.pk).update(left=1)
    path = "/ap/u/alice/inbox"
    assert post(client, body, signed(bob, body, url=f"{ORIGIN}{path}"), path).status_code == 410
    assert not Received.objects.exists()


# ---- taken


@pytest.mark.parametrize("path", ["/inbox", "/ap/u/alice/inbox", "/ap/actor/inbox"])
def test_a_signed_post_is_taken_as_it_came(
    client: Client, alice: Actor, bob: Actor, path: str
) -> None:
    body = json.dumps(like(bob.uri), indent=1).encode()
    assert post(client, body, signed(bob, body, url=f"{ORIGIN}{path}"), path).status_code == 202
    row = Received.objects.get()
    assert row.body.encode() == body
    assert row.signer == bob.uri
    assert row.state == "waiting"


def test_both_kinds_of_signature_are_taken(
    client: Client, alice: Actor, bob: Actor, settings: SettingsWrapper
) -> None:
    signing = signatures.SigningKey(bob.key_id, PRIVATE)
    for number, sign in enumerate((signatures.sign_cavage, signatures.sign_rfc9421)):
        body = json.dumps(like(bob.uri, number)).encode()
        headers = sign("POST", INBOX, body, signing, now=time.time())
        assert post(client, body, headers).status_code == 202
    assert Received.objects.count() == 2
