"""Collections: what stands in them, on which page, and at what price."""

import json
from typing import Any

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from bridge.activitypub import listings
from social.models import Actor, Boost, Post
from tests.bridge.activitypub.world import ALICE, AT, boosted, follow, get, remote, written

pytestmark = pytest.mark.usefixtures("served")


def pages(client: Client, url: str) -> list[dict[str, Any]]:
    """All pages of a collection, from the first on."""
    found = []
    address = get(client, url).json()["first"]
    while address:
        page = get(client, address).json()
        assert page["id"].startswith(f"{url}?page=true")
        found.append(page)
        address = page.get("next")
    return found


def test_the_outbox_holds_open_posts_and_boosts_and_nothing_else(
    client: Client, alice: Actor
) -> None:
    for visibility in ("public", "unlisted", "private", "limited", "direct", "local"):
        written(alice, visibility, visibility)
    written(alice, "deleted", deleted=AT)
    boosted(alice, Post.objects.get(html="<p>public</p>"), "boost", AT + 1)
    boosted(alice, Post.objects.get(html="<p>private</p>"), "secret", AT + 1)
    boosted(alice, Post.objects.get(deleted=AT), "of what is gone", AT + 1)
    top = get(client, f"{ALICE}/outbox").json()
    (page,) = pages(client, f"{ALICE}/outbox")
    assert top["totalItems"] == 3
    assert "orderedItems" not in top
    assert [item["type"] for item in page["orderedItems"]] == ["Announce", "Create", "Create"]
    assert "private" not in json.dumps(page)


def fill(alice: Actor) -> None:
    posts = [written(alice, f"p{i:03}", published=AT + i // 3) for i in range(60)]
    for i in range(40):
        boosted(alice, posts[i], f"b{i:03}", AT + i // 2)


def test_every_item_stands_on_one_page_however_equal_the_times(
    client: Client, alice: Actor
) -> None:
    fill(alice)
    read = pages(client, f"{ALICE}/outbox")
    ids = [item["id"] for page in read for item in page["orderedItems"]]
    assert [len(page["orderedItems"]) for page in read] == [40, 40, 20]
    assert len(ids) == len(set(ids)) == 100


def test_an_outbox_filled_in_another_order_has_the_same_bytes(client: Client, alice: Actor) -> None:
    fill(alice)
    path = f"/ap/u/alice/outbox?page=true&before={AT + 10}:x"
    before = get(client, path).content
    posts, boosts = list(Post.objects.all()), list(Boost.objects.all())
    rows = [(row.uri, row.author, row.published) for row in posts]
    shared = [(row.uri, row.post.uri, row.at) for row in boosts]
    Post.objects.all().delete()
    for uri, author, at in reversed(rows):
        Post.objects.create(uri=uri, author=author, visibility="public", published=at)
    for uri, post, at in reversed(shared):
        Boost.objects.create(uri=uri, author=alice, post=Post.objects.get(uri=post), at=at)
    assert get(client, path).content == before


@pytest.mark.parametrize("path", ["outbox", "followers", "following"])
@pytest.mark.parametrize(
    "before",
    ["", "x", "1", ":", "-1:x", "99999999999999999999:x", "1:%00", "1:" + "x" * 9_999],
)
def test_an_odd_cursor_is_a_bad_request(
    client: Client, alice: Actor, path: str, before: str
) -> None:
    answer = client.get(f"/ap/u/alice/{path}", {"page": "true", "before": before})
    assert answer.status_code in {200, 400}
    if answer.status_code == 400:
        assert answer["Content-Type"].startswith("application/json")


def test_followers_are_listed_newest_first_and_only_when_accepted(
    client: Client, alice: Actor, bob: Actor
) -> None:
    names = [remote(f"f{i:02}") for i in range(50)]
    for i, one in enumerate(names):
        follow(one, alice, AT + i // 10)
    follow(bob, alice, AT + 99, state="pending")
    follow(remote("spam", suspended=True), alice, AT)
    read = pages(client, f"{ALICE}/followers")
    uris = [uri for page in read for uri in page["orderedItems"]]
    assert get(client, f"{ALICE}/followers").json()["totalItems"] == 50
    assert sorted(uris) == sorted(one.uri for one in names)
    assert uris[0].endswith("f49")
    assert get(client, f"{ALICE}/following").json()["totalItems"] == 0


def test_a_hidden_network_tells_only_how_many(client: Client, alice: Actor, bob: Actor) -> None:
    Actor.objects.filter(uri=ALICE).update(hide_network=True)
    follow(bob, alice, AT)
    follow(alice, bob, AT)
    for path in ("followers", "following"):
        for query in ("", "?page=true", "?page=true&before=9:x"):
            answer = get(client, f"{ALICE}/{path}{query}")
            assert answer.json()["totalItems"] == 1
            assert "bob" not in answer.content.decode()
            assert "first" not in answer.json()


def test_featured_is_empty_where_nothing_was_pinned(client: Client, alice: Actor) -> None:
    assert get(client, f"{ALICE}/featured").json()["orderedItems"] == []


def test_replies_begin_with_the_authors_own(client: Client, alice: Actor, bob: Actor) -> None:
    root = written(alice, "root")
    own = written(alice, "own", reply=root.uri)
    written(alice, "secret", "direct", reply=root.uri)
    for i in range(45):
        Post.objects.create(
            uri=f"{bob.uri}/{i:02}", author=bob, visibility="public", published=AT, reply=root.uri
        )
    top = get(client, f"{root.uri}/replies").json()
    assert top["first"]["items"] == [own.uri]
    others = get(client, top["first"]["next"]).json()
    rest = get(client, others["next"]).json()
    assert (len(others["items"]), len(rest["items"]), "next" in rest) == (40, 5, False)
    assert get(client, f"{root.uri}/replies?page=x").status_code == 400
    own_page = get(client, top["first"]["id"]).json()
    assert own_page["items"] == [own.uri]


def test_likes_and_shares_tell_how_many_not_who(client: Client, alice: Actor, bob: Actor) -> None:
    post = written(alice, "post")
    post.reactions.create(uri=f"{bob.uri}/l", author=bob, emoji="👍", at=AT)
    assert get(client, f"{post.uri}/likes").json()["totalItems"] == 1
    assert get(client, f"{post.uri}/shares").json()["totalItems"] == 0
    assert "bob" not in get(client, f"{post.uri}/likes").content.decode()


def test_the_number_of_queries_does_not_grow_with_the_pages(
    client: Client, alice: Actor, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    fill(alice)
    for i in range(listings.PAGE + 1):
        follow(remote(f"f{i:02}"), alice, AT)
    for path, queries in (
        ("outbox", 3),
        ("outbox?page=true", 3),
        ("followers", 2),
        ("followers?page=true", 2),
    ):
        with django_assert_num_queries(queries):
            assert get(client, f"/ap/u/alice/{path}").status_code == 200
