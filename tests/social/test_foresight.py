"""What is asked at once for many posts is answered as each would be by itself."""

from collections.abc import Iterator

import pytest

from social import actions, admission, foresight, once
from social.acts import Content, Publish, Undo
from social.acts import Follow as FollowAct
from social.models import Actor, Follow, Instance, Post
from tests.social.web.cast import NOON, follow, local, remote, write

pytestmark = pytest.mark.django_db
NAMES = ("one", "two", "three")


@pytest.fixture
def bob() -> Actor:
    found = remote("bob")
    follow(local("alice"), found)
    return found


@pytest.fixture(autouse=True)
def _a_long_moment(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(once, "MOMENT", 60.0)
    with once.remembered():
        yield


def publish(author: Actor, name: str, reply: str = "") -> Publish:
    return Publish(
        author=author.uri,
        post=uri(name),
        content=Content(html=f"<p>{name}</p>"),
        visibility="public",
        published=NOON,
        reply=uri(reply) if reply else "",
    )


def uri(name: str) -> str:
    return f"https://far.example/posts/{name}"


def foresee(author: Actor) -> None:
    foresight.foresee({(uri(name), author.uri) for name in NAMES})


def test_a_post_that_stands_already_changes_nothing(bob: Actor) -> None:
    write(bob, name="one")
    foresee(bob)
    assert not actions.record(publish(bob, "one"))
    assert actions.record(publish(bob, "two"))
    assert not actions.record(publish(bob, "two"))


def test_what_was_taken_back_stays_out_by_its_authors_word_alone(bob: Actor) -> None:
    actions.bury(uri("one"), bob.uri, NOON)
    actions.bury(uri("two"), "https://far.example/users/mallory", NOON)
    foresee(bob)
    with pytest.raises(actions.Refused):
        actions.record(publish(bob, "one"))
    assert actions.record(publish(bob, "two"))


def test_answers_that_came_before_get_their_parent_whenever_they_came(bob: Actor) -> None:
    actions.record(publish(bob, "early", reply="one"))
    foresee(bob)
    actions.record(publish(bob, "two", reply="three"))
    actions.record(publish(bob, "one"))
    actions.record(publish(bob, "three"))
    parents = dict(Post.objects.values_list("uri", "parent__uri"))
    assert parents[uri("early")] == uri("one")
    assert parents[uri("two")] == uri("three")


def test_a_blocked_server_and_a_stranger_are_refused_as_ever(bob: Actor) -> None:
    stranger = remote("stranger")
    foresee(stranger)
    with pytest.raises(actions.Refused, match="nobody here follows"):
        admission.admit(publish(stranger, "one"))
    Instance.objects.create(host="far.example", policy=Instance.Policy.BLOCKED)
    once.forget()
    foresee(bob)
    with pytest.raises(actions.Refused, match="blocked here"):
        admission.admit(publish(bob, "two"))


def test_a_new_post_asks_little_then(bob: Actor, django_assert_max_num_queries) -> None:
    foresee(bob)
    admission.admit(publish(bob, "one"))
    actions.record(publish(bob, "one"))
    with django_assert_max_num_queries(1):
        admission.admit(publish(bob, "two"))
        actions.record(publish(bob, "two"))


def test_follows_that_were_foreseen_are_recorded_as_others_are(bob: Actor) -> None:
    alice = Actor.objects.get(handle="alice")
    said = [follows(bob, alice, name) for name in NAMES]
    taken_back = [Undo(author=bob.uri, uri=act.uri, at=act.at, undone=act) for act in said]
    actions.bury(said[2].uri, bob.uri, NOON)
    foresight.follows(said)
    assert actions.record(said[0])
    assert not actions.record(said[0])
    assert actions.record(taken_back[0])
    assert actions.record(said[1])
    with pytest.raises(actions.Refused, match="taken back"):
        actions.record(said[2])
    assert Follow.objects.get(follower=bob, target=alice).uri == said[1].uri


def test_a_follow_that_stands_is_not_made_twice(bob: Actor) -> None:
    alice = Actor.objects.get(handle="alice")
    stands = follow(bob, alice)
    foresight.follows([follows(bob, alice, "new")])
    assert not actions.record(follows(bob, alice, "new"))
    stands.refresh_from_db()
    assert stands.uri == uri("new")


def follows(author: Actor, target: Actor, name: str) -> FollowAct:
    return FollowAct(author=author.uri, target=target.uri, uri=uri(name), at=NOON)
