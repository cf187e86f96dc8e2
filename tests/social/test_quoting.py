"""Consent to quotes: whose post may show whose words, and who may ask."""

import pytest

from social import quoting
from social.models import Actor, Block, Post
from tests.social.web.cast import NOON, follow, write

pytestmark = pytest.mark.django_db


def quote(author: Actor, of: Post, stamp: str = "") -> Post:
    post = write(author, "look")
    Post.objects.filter(pk=post.pk).update(quote=of.uri, stamp=stamp)
    return Post.objects.select_related("author").get(pk=post.pk)


def test_without_a_stamp_nothing_of_anothers_is_shown(alice: Actor, bob: Actor) -> None:
    post = quote(bob, write(alice, "mine"))
    assert not quoting.shown([post])


def test_a_stamp_shows_what_is_open_and_only_that(alice: Actor, bob: Actor) -> None:
    for visibility, seen in (("public", True), ("unlisted", True), ("private", False)):
        original = write(alice, visibility, visibility=visibility)
        post = quote(bob, original, "https://social.test/ap/stamps/1")
        assert (quoting.shown([post]) == {post.pk: original}) is seen


def test_what_was_deleted_or_is_suspended_is_not_shown(alice: Actor, bob: Actor) -> None:
    original = write(alice, "mine")
    post = quote(alice, original)
    assert quoting.shown([post])
    Actor.objects.filter(pk=alice.pk).update(suspended=True)
    assert not quoting.shown([post])
    Actor.objects.filter(pk=alice.pk).update(suspended=False)
    Post.objects.filter(pk=original.pk).update(deleted=NOON)
    assert not quoting.shown([post])


@pytest.mark.parametrize(
    ("post_says", "author_wants", "follower", "may"),
    [
        ("public", "public", False, True),
        ("public", "followers", False, False),
        ("public", "followers", True, True),
        ("public", "nobody", True, False),
        ("followers", "public", False, False),
        ("followers", "public", True, True),
        ("nobody", "public", True, False),
        ("", "public", False, True),
    ],
)
def test_the_narrower_of_post_and_author_decides(
    alice: Actor, bob: Actor, post_says: str, author_wants: str, *, follower: bool, may: bool
) -> None:
    Actor.objects.filter(pk=alice.pk).update(quotes=author_wants)
    original = write(alice, "mine")
    Post.objects.filter(pk=original.pk).update(quotable=post_says)
    if follower:
        follow(bob, alice)
    fresh = Post.objects.select_related("author").get(pk=original.pk)
    assert quoting.allowed(bob, fresh) is may
    assert quoting.allowed(fresh.author, fresh)


def test_a_block_on_either_side_refuses(alice: Actor, bob: Actor) -> None:
    original = write(alice, "mine")
    Block.objects.create(author=bob, target=alice, uri="b", at=NOON)
    assert not quoting.allowed(bob, original)
