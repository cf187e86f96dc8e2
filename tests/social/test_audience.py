"""Who must hear of an act, as a table; and how many addresses that makes."""

import pytest

from social import audience, profiles, reach
from social.acts import (
    LIKE,
    Block,
    Boost,
    Content,
    Follow,
    Introduce,
    Leave,
    Publish,
    React,
    Retract,
    Undo,
)
from social.models import Actor, Post, Reaction
from social.models import Block as BlockRow
from tests.social.web.cast import NOON, answer, follow, local, remote, write

pytestmark = pytest.mark.django_db


@pytest.fixture
def cast() -> dict[str, Actor]:
    """Alice writes; fan follows her, asker would like to, friend is named, passer-by is nobody."""
    people = {"alice": local("alice")}
    people |= {name: remote(name) for name in ("fan", "asker", "friend", "passer")}
    follow(people["fan"], people["alice"])
    follow(people["asker"], people["alice"], state="pending")
    return people


def heard(act: object) -> set[str]:
    return {actor.handle for actor in audience.hearers(act)}


def publish(author: Actor, visibility: str, *named: Actor, reply: str = "") -> Publish:
    return Publish(
        author=author.uri,
        post=f"{author.uri}/new",
        content=Content(html="<p>x</p>"),
        visibility=visibility,
        published=NOON,
        reply=reply,
        audience=tuple(one.uri for one in named),
    )


@pytest.mark.parametrize(
    ("visibility", "readers"),
    [
        ("public", {"fan", "friend"}),
        ("unlisted", {"fan", "friend"}),
        ("private", {"fan", "friend"}),
        ("limited", {"friend"}),
        ("direct", {"friend"}),
    ],
)
def test_a_post_is_told_to_those_it_is_for(
    cast: dict[str, Actor], visibility: str, readers: set[str]
) -> None:
    assert heard(publish(cast["alice"], visibility, cast["friend"])) == readers


def test_an_open_answer_is_told_to_whom_it_answers(cast: dict[str, Actor]) -> None:
    theirs = write(cast["passer"])
    assert "passer" in heard(publish(cast["alice"], "public", reply=theirs.uri))
    assert "passer" not in heard(publish(cast["alice"], "direct", reply=theirs.uri))


def test_a_deletion_reaches_all_who_took_part(cast: dict[str, Actor]) -> None:
    post = write(cast["alice"])
    answer(post, cast["passer"])
    Reaction.objects.create(uri="r", author=cast["friend"], post=post, emoji=LIKE, at=NOON)
    told = heard(Retract(author=cast["alice"].uri, post=post.uri, at=NOON))
    assert told == {"fan", "passer", "friend"}


def test_the_deletion_of_a_direct_post_is_not_told_to_followers(cast: dict[str, Actor]) -> None:
    post = write(cast["alice"], visibility="direct", audience=[cast["friend"].uri])
    told = heard(Retract(author=cast["alice"].uri, post=post.uri, at=NOON))
    assert told == {"friend"}


@pytest.mark.parametrize("way", ["blocked", "gone", "answered"])
def test_who_was_never_given_a_secret_does_not_hear_of_its_end(
    cast: dict[str, Actor], way: str
) -> None:
    alice, passer, friend = (cast[name] for name in ("alice", "passer", "friend"))
    named = [friend.uri] if way == "answered" else [friend.uri, passer.uri]
    reply = write(passer) if way == "answered" else None
    post = write(alice, visibility="direct", audience=named, parent=reply)
    gone = Retract(author=alice.uri, post=post.uri, at=NOON + 9)
    if way != "answered":
        assert "passer" in heard(gone)
    BlockRow.objects.create(uri="b", author=alice, target=friend, at=post.published + 1)
    if way == "blocked":
        BlockRow.objects.create(uri="b", author=alice, target=passer, at=post.published - 1)
    if way == "gone":
        Actor.objects.filter(pk=passer.pk).update(left=post.published - 1)
    assert heard(gone) == {"friend"}


def test_what_is_said_towards_one_is_told_to_one(cast: dict[str, Actor]) -> None:
    alice, passer = cast["alice"].uri, cast["passer"]
    theirs: Post = write(passer)
    like = React(author=alice, post=theirs.uri, uri="u", emoji=LIKE, at=NOON)
    asked = Follow(author=alice, target=passer.uri, uri="u", at=NOON)
    shut = Block(author=alice, target=passer.uri, uri="u", at=NOON)
    for act in (like, asked, shut, Undo(author=alice, uri="u", at=NOON, undone=like)):
        assert heard(act) == {"passer"}


def test_a_boost_is_told_to_followers_and_to_whom_it_boosts(cast: dict[str, Actor]) -> None:
    theirs = write(cast["passer"])
    boost = Boost(author=cast["alice"].uri, post=theirs.uri, uri="u", at=NOON)
    assert heard(boost) == {"fan", "passer"}


@pytest.mark.parametrize("kind", [Introduce, Leave])
def test_what_one_is_like_and_that_one_goes_is_told_to_whom_one_follows_too(
    cast: dict[str, Actor], kind: type[Introduce] | type[Leave]
) -> None:
    follow(cast["alice"], cast["passer"])
    shown = {"profile": profiles.profile_of(cast["alice"])} if kind is Introduce else {}
    assert heard(kind(author=cast["alice"].uri, at=NOON, **shown)) == {"fan", "passer"}


def test_who_left_is_told_nothing(cast: dict[str, Actor]) -> None:
    Actor.objects.filter(handle="fan").update(left=NOON)
    assert heard(publish(cast["alice"], "public")) == set()


def test_one_address_serves_a_whole_server() -> None:
    shared = {"shared_inbox": "https://far.example/inbox"}
    people = [
        remote(f"b{n}", inbox=f"https://far.example/u/b{n}/inbox", **shared) for n in range(9)
    ]
    people.append(remote("alone", inbox="https://far.example/u/alone/inbox"))
    people.append(remote("nowhere"))
    assert reach.inboxes(people) == [
        "https://far.example/inbox",
        "https://far.example/u/alone/inbox",
    ]
