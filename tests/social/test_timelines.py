"""What one reads at home: the followed, the boosted, the addressed, and nothing of the others."""

from typing import Any

import pytest
from django.test.utils import CaptureQueriesContext

from social import timelines
from social.models import Actor, Block
from tests.social.web.cast import NOON, boost, follow, local, remote, write

pytestmark = pytest.mark.django_db


@pytest.fixture
def bob(alice: Actor) -> Actor:
    found = remote("bob")
    follow(alice, found)
    return found


def seen(reader: Actor) -> list[str]:
    return [post.html for post in timelines.home(reader)]


def test_strangers_and_those_not_yet_accepted_are_not_read(alice: Actor) -> None:
    shy, stranger = remote("shy"), remote("stranger")
    follow(alice, shy, state="pending")
    write(shy)
    write(stranger)
    assert seen(alice) == []


@pytest.mark.parametrize(
    ("visibility", "shown"),
    [
        ("public", True),
        ("unlisted", True),
        ("private", True),
        ("limited", False),
        ("direct", False),
        ("local", True),
    ],
)
def test_of_the_followed_one_reads_what_followers_may(
    alice: Actor, bob: Actor, visibility: str, *, shown: bool
) -> None:
    write(bob, visibility=visibility)
    assert bool(seen(alice)) is shown


def test_what_was_addressed_to_one_is_read_by_that_one_alone(alice: Actor) -> None:
    ada, bob = local("ada"), remote("bob")
    follow(ada, bob)
    write(bob, visibility="direct").addressed.add(alice)
    assert len(seen(alice)) == 1
    assert seen(ada) == []


def test_a_boost_brings_only_open_posts_and_each_once(alice: Actor, bob: Actor) -> None:
    stranger, carol = remote("stranger"), remote("carol")
    follow(alice, carol)
    open_, hidden = write(stranger, "open"), write(stranger, "hidden", visibility="private")
    for post in (open_, hidden):
        boost(bob, post)
        boost(carol, post)
    assert seen(alice) == ["<p>open</p>"]


def test_the_blocked_the_suspended_and_the_gone_are_not_read(alice: Actor, bob: Actor) -> None:
    write(bob)
    Block.objects.create(uri="x", author=alice, target=bob, at=NOON)
    assert seen(alice) == []
    Block.objects.all().delete()
    Actor.objects.filter(pk=bob.pk).update(suspended=True)
    assert seen(alice) == []
    Actor.objects.filter(pk=bob.pk).update(suspended=False, left=NOON)
    assert seen(alice) == []


def test_the_newest_stand_first(alice: Actor, bob: Actor) -> None:
    write(bob, "old", published=NOON)
    write(alice, "new", published=NOON + 500)
    assert seen(alice) == ["<p>new</p>", "<p>old</p>"]


def test_the_number_of_queries_does_not_grow(
    alice: Actor, bob: Actor, django_assert_num_queries: Any
) -> None:
    for number in range(30):
        write(bob, f"post {number}")
    with django_assert_num_queries(1) as counted:
        assert len([post.author.acct for post in timelines.home(alice)]) == 30
    assert isinstance(counted, CaptureQueriesContext)
