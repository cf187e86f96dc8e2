"""The only writes: who may change what, and that doing anything twice equals doing it once."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from django.core import serializers

from social import actions, admission, answers, models
from social.acts import (
    LIKE,
    Accept,
    Act,
    Block,
    Boost,
    Content,
    Follow,
    Leave,
    Mention,
    Publish,
    React,
    Reject,
    Retract,
    Revise,
    Undo,
)
from social.models import Actor, Post
from tests.social.web.cast import NOON, answer, follow, remote, write

pytestmark = pytest.mark.django_db
HERE, THERE = "http://social.test", "https://far.example"


def publish(author: Actor, name: str = "new", text: str = "words", **values: object) -> Publish:
    found = {
        "author": author.uri,
        "post": f"{THERE}/posts/{name}",
        "content": Content(html=f"<p>{text}</p>"),
        "visibility": "public",
        "published": NOON,
    }
    return Publish(**(found | values))


def revise(act: Publish, text: str, at: int) -> Revise:
    now = replace(act, content=Content(html=f"<p>{text}</p>"))
    return Revise(author=act.author, now=now, uri=f"{act.post}#{at}", updated=at)


def everything() -> str:
    tables = (Actor, Post, models.Reaction, models.Boost, models.Follow, models.Block)
    rows = [row for table in tables for row in table._default_manager.order_by("pk")]
    return str(serializers.serialize("json", [*rows, *models.Tombstone.objects.order_by("pk")]))


# ---- refused


def test_nobody_unknown_suspended_or_gone_does_anything(alice: Actor, bob: Actor) -> None:
    act = publish(bob, audience=(alice.uri,))
    admission.admit(act)
    for values in ({"suspended": True}, {"suspended": False, "left": NOON}):
        Actor.objects.filter(pk=bob.pk).update(**values)
        with pytest.raises(actions.Refused):
            admission.admit(act)
    with pytest.raises(actions.Refused):
        admission.admit(replace(act, author=f"{THERE}/users/nobody"))


def test_only_its_author_changes_or_deletes_a_post(alice: Actor, bob: Actor) -> None:
    post = write(alice, "mine")
    theirs = replace(publish(bob), post=post.uri)
    with pytest.raises(actions.Refused):
        actions.record(revise(theirs, "yours", NOON + 99))
    with pytest.raises(actions.Refused):
        actions.record(Retract(author=bob.uri, post=post.uri, at=NOON + 99))
    post.refresh_from_db()
    assert "mine" in post.html
    assert post.deleted is None


def test_what_was_deleted_is_not_edited_published_or_liked_again(alice: Actor, bob: Actor) -> None:
    act = publish(bob)
    actions.record(act)
    actions.record(Retract(author=bob.uri, post=act.post, at=NOON + 1))
    like = React(author=alice.uri, post=act.post, uri=f"{HERE}/1", emoji=LIKE, at=NOON)
    for late in (act, revise(act, "again", NOON + 2), like):
        with pytest.raises(actions.Refused):
            actions.record(late)
    assert Post.objects.get().html == ""


def test_an_older_edit_changes_nothing(bob: Actor) -> None:
    act = publish(bob)
    actions.record(act)
    actions.record(revise(act, "newer", NOON + 20))
    with pytest.raises(actions.Refused):
        actions.record(revise(act, "older", NOON + 10))
    assert Post.objects.get().html == "<p>newer</p>"


def test_an_edit_does_not_change_who_may_read_a_post(alice: Actor, bob: Actor) -> None:
    act = publish(bob, visibility="direct", audience=(alice.uri,))
    actions.record(act)
    actions.record(revise(replace(act, visibility="public"), "wider", NOON + 10))
    assert Post.objects.get().visibility == "direct"


@pytest.mark.parametrize("visibility", ["private", "limited", "direct", "local"])
def test_what_is_not_open_is_not_boosted(alice: Actor, bob: Actor, visibility: str) -> None:
    post = write(alice, visibility=visibility)
    boost = Boost(author=bob.uri, post=post.uri, uri=f"{THERE}/b", at=NOON)
    with pytest.raises(actions.Refused):
        admission.admit(boost)


def test_the_blocked_neither_answer_nor_react(alice: Actor, bob: Actor) -> None:
    post = write(alice)
    models.Block.objects.create(uri="x", author=alice, target=bob, at=NOON)
    reply = publish(bob, reply=post.uri, audience=(alice.uri,))
    like = React(author=bob.uri, post=post.uri, uri=f"{THERE}/l", emoji=LIKE, at=NOON)
    for act in (reply, like):
        with pytest.raises(actions.Refused):
            admission.admit(act)


def test_nobody_here_follows_whom_they_block(alice: Actor, bob: Actor) -> None:
    models.Block.objects.create(uri="x", author=alice, target=bob, at=NOON)
    follow = Follow(author=alice.uri, target=bob.uri, uri=f"{HERE}/f", at=NOON)
    with pytest.raises(actions.Refused, match="has blocked them"):
        admission.admit(follow)


def test_an_accept_without_a_follow_is_refused(alice: Actor, bob: Actor) -> None:
    with pytest.raises(actions.Refused):
        actions.record(Accept(author=bob.uri, follower=alice.uri, uri="", at=NOON))


def test_an_accept_of_anothers_follow_is_refused(alice: Actor, bob: Actor) -> None:
    row = follow(alice, bob, state="pending")
    eve = remote("eve")
    with pytest.raises(actions.Refused):
        actions.record(Accept(author=eve.uri, follower=alice.uri, uri=row.uri, at=NOON))
    with pytest.raises(actions.Refused):
        actions.record(Accept(author=eve.uri, follower="", uri=row.uri, at=NOON))


# ---- twice is once


def _acts(alice: Actor, bob: Actor) -> dict[str, Act]:
    post, theirs = write(alice), write(bob)
    follow(alice, bob, state="pending")
    follow(bob, alice)
    like = React(author=bob.uri, post=post.uri, uri=f"{THERE}/l", emoji=LIKE, at=NOON)
    old = React(author=bob.uri, post=post.uri, uri=f"{THERE}/old", emoji="🎉", at=NOON)
    actions.record(old)
    return {
        "publish": publish(bob),
        "publish with people": publish(
            bob,
            audience=(alice.uri,),
            content=Content(html="<p>@alice</p>", mentions=(Mention(actor=alice.uri, name="@a"),)),
        ),
        "revise": revise(replace(publish(bob), post=theirs.uri), "edited", NOON * 2),
        "revise unseen": revise(publish(bob, "unseen"), "edited", NOON * 2),
        "retract": Retract(author=bob.uri, post=theirs.uri, at=NOON),
        "retract unseen": Retract(author=bob.uri, post=f"{THERE}/posts/unseen", at=NOON),
        "react": like,
        "boost": Boost(author=bob.uri, post=post.uri, uri=f"{THERE}/b", at=NOON),
        "undo": Undo(author=bob.uri, uri=old.uri, at=NOON, undone=old),
        "undo unseen": Undo(author=bob.uri, uri=f"{THERE}/unseen", at=NOON, undone=None),
        "accept": Accept(author=bob.uri, follower=alice.uri, uri="", at=NOON),
        "reject": Reject(author=bob.uri, follower=alice.uri, uri="", at=NOON),
        "block": Block(author=bob.uri, target=alice.uri, uri=f"{THERE}/x", at=NOON),
        "leave": Leave(author=bob.uri, at=NOON),
        "follow": Follow(author=remote("carol").uri, target=alice.uri, uri=f"{THERE}/f", at=NOON),
    }


NAMES = [
    "publish",
    "publish with people",
    "revise",
    "revise unseen",
    "retract",
    "retract unseen",
    "react",
    "boost",
    "undo",
    "undo unseen",
    "accept",
    "reject",
    "block",
    "leave",
    "follow",
]


@pytest.mark.parametrize("name", NAMES)
def test_doing_it_twice_equals_doing_it_once(alice: Actor, bob: Actor, name: str) -> None:
    table = _acts(alice, bob)
    assert set(table) == set(NAMES)
    act = table[name]
    actions.record(act)
    once = everything()
    try:
        again = actions.record(act)
    except actions.Refused:
        again = False
    assert not again
    assert everything() == once


def test_a_block_that_was_taken_back_before_it_came_stays_out(alice: Actor, bob: Actor) -> None:
    block = Block(author=bob.uri, target=alice.uri, uri=f"{THERE}/x", at=NOON)
    actions.record(Undo(author=bob.uri, uri=block.uri, at=NOON, undone=block))
    with pytest.raises(actions.Refused, match="taken back"):
        actions.record(block)
    assert not models.Block.objects.exists()


# ---- what follows


def test_a_follow_is_accepted_unless_the_owner_decides(alice: Actor, bob: Actor) -> None:
    act = Follow(author=bob.uri, target=alice.uri, uri=f"{THERE}/f", at=NOON)
    assert [type(found) for found in answers.answers(act)] == [Accept]
    Actor.objects.filter(pk=alice.pk).update(locked=True)
    assert answers.answers(act) == []
    models.Block.objects.create(uri="x", author=alice, target=bob, at=NOON)
    assert [type(found) for found in answers.answers(act)] == [Reject]


def test_a_block_ends_both_follows_in_words(alice: Actor, bob: Actor) -> None:
    follow(alice, bob)
    follow(bob, alice)
    act = Block(author=alice.uri, target=bob.uri, uri=f"{HERE}/x", at=NOON)
    assert {type(found) for found in answers.answers(act)} == {Reject, Undo}


# ---- what is kept


Given = Callable[[Actor, Actor], Publish]
KEPT: dict[str, tuple[Given, bool]] = {
    "of a stranger": (lambda a, b: publish(b), False),
    "addressed to somebody here": (lambda a, b: publish(b, audience=(a.uri,)), True),
    "direct, to somebody here": (
        lambda a, b: publish(b, visibility="direct", audience=(a.uri,)),
        True,
    ),
    "direct, to others": (
        lambda a, b: publish(b, visibility="direct", audience=(f"{THERE}/x",)),
        False,
    ),
    "in answer to a post from here": (lambda a, b: publish(b, reply=write(a).uri), True),
    "deep in a conversation from here": (
        lambda a, b: publish(b, reply=answer(write(a), remote("eve")).uri),
        True,
    ),
    "private, in answer to a post from here": (
        lambda a, b: publish(b, visibility="private", reply=write(a).uri),
        False,
    ),
}


@pytest.mark.parametrize("what", KEPT)
def test_a_post_from_elsewhere_is_kept_when_it_concerns_somebody_here(
    alice: Actor, bob: Actor, what: str
) -> None:
    given, kept = KEPT[what]
    assert admission.relevant(bob, given(alice, bob)) is kept


@pytest.mark.parametrize(
    ("visibility", "kept"),
    [("public", True), ("unlisted", True), ("private", True), ("direct", False)],
)
def test_of_whom_somebody_here_follows_all_is_kept_that_followers_get(
    alice: Actor, bob: Actor, visibility: str, *, kept: bool
) -> None:
    follow(alice, bob)
    assert admission.relevant(bob, publish(bob, visibility=visibility)) is kept
