"""Finding people and the server itself, by every name, from everywhere."""

import pytest
from django.test import Client
from pytest_django import Settings as SettingsWrapper

from social.models import Actor
from tests.bridge.activitypub.world import ALICE, AT, ORIGIN, get, written

pytestmark = pytest.mark.usefixtures("served")


@pytest.mark.parametrize(
    "resource",
    [
        "acct:alice@social.test",
        "ACCT:Alice@SOCIAL.TEST",
        "@alice@social.test",
        "acct:alice@handles.test",
        ALICE,
        f"{ORIGIN}/@alice",
        f"{ORIGIN}/@ALICE",
    ],
)
def test_webfinger_finds_a_person_by_every_name(
    client: Client, alice: Actor, settings: SettingsWrapper, resource: str
) -> None:
    settings.OWNROOM_HANDLE_DOMAIN = "handles.test"
    Actor.objects.update(domain="handles.test")
    answer = client.get("/.well-known/webfinger", {"resource": resource})
    assert answer.status_code == 200
    assert answer["Content-Type"].startswith("application/jrd+json")
    assert answer["Access-Control-Allow-Origin"] == "*"
    assert answer["Cache-Control"] == "max-age=259200"
    found = answer.json()
    assert found["subject"] == "acct:alice@handles.test"
    (own,) = [link for link in found["links"] if link["rel"] == "self"]
    assert (own["href"], own["type"]) == (ALICE, "application/activity+json")


@pytest.mark.parametrize(
    ("resource", "status"),
    [
        ("", 400),
        ("acct:nobody@social.test", 404),
        ("acct:alice@elsewhere.example", 404),
        ("acct:alice", 404),
        ("https://elsewhere.example/@alice", 404),
        (f"{ORIGIN}/@%00", 404),
        ("acct:" + "x" * 5_000 + "@social.test", 404),
    ],
)
def test_webfinger_says_when_there_is_nobody(
    client: Client, alice: Actor, resource: str, status: int
) -> None:
    answer = client.get("/.well-known/webfinger", {"resource": resource})
    assert answer.status_code == status
    assert answer["Access-Control-Allow-Origin"] == "*"
    if status == 404:
        assert answer["Cache-Control"] == "max-age=60"


def test_webfinger_of_somebody_who_left_is_gone(client: Client, alice: Actor) -> None:
    Actor.objects.update(left=AT)
    answer = client.get("/.well-known/webfinger", {"resource": "acct:alice@social.test"})
    assert answer.status_code == 410


def test_webfinger_gives_the_links_asked_for(client: Client, alice: Actor) -> None:
    query = {"resource": "acct:alice@social.test", "rel": "self"}
    assert len(client.get("/.well-known/webfinger", query).json()["links"]) == 1


@pytest.mark.parametrize("resource", ["acct:instance@social.test", f"{ORIGIN}/ap/actor", ORIGIN])
def test_webfinger_finds_the_server_itself(client: Client, resource: str) -> None:
    (link,) = client.get("/.well-known/webfinger", {"resource": resource}).json()["links"]
    assert link["href"] == f"{ORIGIN}/ap/actor"


def test_host_meta_leads_to_webfinger(client: Client) -> None:
    assert f"{ORIGIN}/.well-known/webfinger?resource={{uri}}" in (
        get(client, "/.well-known/host-meta").content.decode()
    )
    (link,) = get(client, "/.well-known/host-meta.json").json()["links"]
    assert link["rel"] == "lrdd"


@pytest.mark.parametrize("version", ["2.0", "2.1"])
def test_nodeinfo_counts_people_and_open_posts(client: Client, alice: Actor, version: str) -> None:
    written(alice, "open")
    written(alice, "hidden", "direct")
    rels = {
        link["rel"]: link["href"] for link in get(client, "/.well-known/nodeinfo").json()["links"]
    }
    schema = f"http://nodeinfo.diaspora.software/ns/schema/{version}"
    answer = get(client, rels[schema])
    assert f'profile="{schema}#"' in answer["Content-Type"]
    assert answer["Access-Control-Allow-Origin"] == "*"
    body = answer.json()
    assert (body["version"], body["protocols"]) == (version, ["activitypub"])
    assert body["usage"] == {"users": {"total": 1}, "localPosts": 1}
    assert body["metadata"]["upstream"] == {"name": "mastodon"}
