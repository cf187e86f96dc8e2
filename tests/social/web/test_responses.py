"""How often a post was liked, reacted to and boosted, as its page says it: how many, never who."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from social.models import Actor, Block, HostBlock, Mute, Post
from tests.social.web.cast import NOON, answer, boost, local, path, react, remote, write
from tests.social.web.markup import tags

HEART, JOY, AGAINST = "\u2764\ufe0f", "\U0001f602", "\U0001f44e"
COUNTS = ("like", "reaction", "boost")


def everything(author: Actor, post: Post) -> None:
    react(author, post)
    react(author, post, JOY)
    boost(author, post)


def footers(client: Client, where: str) -> list[str]:
    page = client.get(where)
    assert page.status_code == 200
    return [part.partition("</footer>")[0] for part in page.text.split("<footer>")[1:]]


def test_what_nobody_liked_or_boosted_has_no_count(client: Client) -> None:
    (footer,) = footers(client, path(write(local("alice"))))
    assert not any(word in footer for word in COUNTS)


@pytest.mark.parametrize("change", [{"suspended": True}, {"left": NOON}])
def test_whoever_left_or_is_suspended_is_not_counted(
    client: Client, change: dict[str, object]
) -> None:
    post = write(local("alice"))
    everything(remote("bob", **change), post)
    (footer,) = footers(client, path(post))
    assert not any(word in footer for word in COUNTS)


@pytest.mark.parametrize("way", ["block", "server"])
def test_whom_the_author_shut_out_is_not_counted_and_others_count_them(
    client: Client, way: str
) -> None:
    alice, ada, bob = local("alice"), local("ada"), remote("bob")
    mine, hers = write(alice), write(ada)
    everything(bob, mine)
    everything(bob, hers)
    if way == "block":
        Block.objects.create(uri="u", author=alice, target=bob, at=NOON)
    else:
        HostBlock.objects.create(uri="u", author=alice, host=bob.host, at=NOON)
    (footer,) = footers(client, path(mine))
    assert not any(word in footer for word in COUNTS)
    (footer,) = footers(client, path(hers))
    assert all(f"1 {word}<" in footer for word in COUNTS)


def test_of_a_mute_nobody_learns_by_a_count(client: Client) -> None:
    alice, bob = local("alice"), remote("bob")
    post = write(alice)
    everything(bob, post)
    Mute.objects.create(uri="u", author=alice, target=bob, at=NOON)
    (footer,) = footers(client, path(post))
    assert all(f"1 {word}<" in footer for word in COUNTS)


def test_posts_from_elsewhere_show_no_count_since_we_hear_of_a_few(client: Client) -> None:
    theirs = write(remote("bob"))
    everything(local("ada"), theirs)
    above, _ = footers(client, path(answer(theirs, local("alice"))))
    assert not any(word in above for word in COUNTS)


def test_each_post_says_how_many_and_nobody_is_named(client: Client) -> None:
    alice, bob, lena = local("alice"), remote("bob", name="Roberta"), remote("lena")
    post = write(alice)
    below = answer(post, local("ada"))
    everything(bob, post)
    react(bob, post, HEART)  # whoever likes twice is one
    everything(lena, post)
    react(remote("mallory"), post, AGAINST)
    boost(lena, below)
    first, second = footers(client, path(post))
    assert "<span>2 likes</span>" in first
    assert "<span>3 reactions</span>" in first
    assert "<span>2 boosts</span>" in first
    assert "<span>1 boost</span>" in second
    assert "like" not in second
    assert "<span>2 likes</span>" in footers(client, "/@alice")[0]
    page = client.get(path(post)).text
    assert "Roberta" not in page
    assert tags(page)


def test_more_likes_and_more_posts_cost_no_more_queries(client: Client) -> None:
    post = write(local("alice"))
    ada = local("ada")

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            client.get(path(post))
        return len(captured)

    everything(remote("bob"), answer(post, ada))
    few = queries()
    for number in range(5):
        everything(remote(f"bob{number}"), answer(post, ada))
        everything(remote(f"lena{number}"), post)
    assert queries() == few
