"""What is asked at once for many posts is answered as each would be by itself."""

from collections.abc import Iterator

import pytest

from social import actions, admission, foresight, once
from social.acts import Content, Publish
from social.models import Actor, Instance, Post
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
