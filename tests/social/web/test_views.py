"""What holds for every page: nothing private, nothing that runs, one heading, asked politely."""

import re

import pytest
from django.test import Client

from social.models import Post
from tests.social.web.cast import NOON, answer, boost, local, path, remote, write
from tests.social.web.markup import assert_harmless, assert_readable

ACTIVITY = "application/activity+json"
LD = 'application/ld+json; profile="https://www.w3.org/ns/activitystreams"'
HIDDEN = ("private", "limited", "direct", "local")
PAGES = (
    "/",
    "/@alice",
    "/@alice/main",
    "/@alice/feed.atom",
    "/tags/lake",
    "/authorize_interaction?uri=@bob@far.example",
    "/@nobody",
    "/@gone",
    "/@alice/deleted",
)
WHERE_SHOWN = {
    "public": {"/@alice", "/@alice/feed.atom", "/tags/lake", "/@alice/marked"},
    "unlisted": {"/@alice", "/@alice/marked"},
}


def world() -> None:
    alice, bob = local("alice", icon="https://pics.example/a.png"), remote("bob")
    local("gone", left=NOON)
    root = write(alice, "Down to the lake?", name="main", hashtags=["Lake"])
    answer(root, bob, "Yes!", summary="Enthusiasm", sensitive=True)
    answer(root, bob, "With a picture", sensitive=True, attachments=[{"url": "https://p.example"}])
    write(alice, "Oh no", name="deleted", deleted=NOON)
    boost(alice, write(bob, "Ducks", attachments=[{"url": "https://p.example/d.png", "alt": "D"}]))


@pytest.mark.parametrize("page", PAGES)
def test_every_page_is_harmless_and_readable(client: Client, page: str) -> None:
    world()
    answer = client.get(page)
    assert "script-src 'self'" in answer.headers["Content-Security-Policy"]
    if not page.endswith(".atom"):
        assert_harmless(answer.text)
        assert_readable(answer.text)


@pytest.mark.parametrize("visibility", ["public", "unlisted", *HIDDEN])
def test_each_visibility_is_shown_where_it_belongs_and_nowhere_else(
    client: Client, visibility: str
) -> None:
    world()
    root = Post.objects.get(uri="http://social.test/ap/o/main")
    write(
        root.author,
        "the marked words",
        name="marked",
        summary="the marked warning",
        visibility=visibility,
        hashtags=["lake"],
        parent=root,
        reply=root.uri,
    )
    shown = {page for page in (*PAGES, "/@alice/marked") if "marked w" in client.get(page).text}
    expected = WHERE_SHOWN.get(visibility, set())
    # As a reply it also stands below what it answers.
    assert shown == expected | ({"/@alice/main"} if expected else set())


@pytest.mark.parametrize("visibility", HIDDEN)
def test_a_hidden_post_and_an_absent_one_get_the_same_404(client: Client, visibility: str) -> None:
    post = write(local("alice"), "the marked words", visibility=visibility)
    hidden, absent = client.get(path(post)), client.get("/@alice/absent")
    assert hidden.status_code == absent.status_code == 404
    assert hidden.content == absent.content
    assert hidden.headers == absent.headers


def test_the_error_pages_lead_back(client: Client) -> None:
    world()
    for page, words in (
        ("/@nobody", "Nothing here"),
        ("/@gone", "This profile is gone"),
        ("/@alice/deleted", "This post was deleted"),
    ):
        answer = client.get(page)
        assert words in answer.text
        assert re.search(r'<p><a href="/">See who lives here</a></p>', answer.text)


@pytest.mark.parametrize("accept", [ACTIVITY, LD, f"{ACTIVITY}, {LD}, text/html;q=0.1"])
def test_other_servers_are_sent_on_to_the_actor_and_the_post(client: Client, accept: str) -> None:
    world()
    for page, uri in (
        ("/@alice", "http://social.test/ap/u/alice"),
        ("/@gone", "http://social.test/ap/u/gone"),
        ("/@alice/main", "http://social.test/ap/o/main"),
        ("/@alice/absent", "http://social.test/ap/o/absent"),
    ):
        answer = client.get(page, headers={"accept": accept})
        assert answer.status_code == 302
        assert answer["Location"] == uri
        assert answer["Vary"] == "Accept"
    assert client.get("/@nobody", headers={"accept": accept}).status_code == 404


def test_nobody_is_sent_to_another_host(client: Client) -> None:
    local("alice")
    for name in (
        "..",
        "%2e%2e",
        "@evil.example",
        "%0d%0aX-A: b",
        "http:evil.example",
        "%5c%5ce.example",
    ):
        answer = client.get(f"/@alice/{name}", headers={"accept": ACTIVITY})
        if answer.status_code == 302:
            assert answer["Location"].startswith("http://social.test/ap/o/")
            assert "X-A" not in answer.headers


def test_pages_are_only_read(client: Client) -> None:
    world()
    for page in PAGES:
        assert client.post(page).status_code in {404, 405}
        assert not client.get(page).cookies
