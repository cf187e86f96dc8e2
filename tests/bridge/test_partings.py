"""Who parts from somebody sees nothing of them from then on, whatever another process remembers."""

from collections.abc import Callable
from contextvars import Context
from typing import Any

import pytest
from django.db import connection

from bridge import enacting, moderation, partings, processing
from bridge.models import Key, Parting, Received
from social import actions, once
from social.acts import Act, Block, BlockHost, Boost, Follow, Mute, React, Reject, Undo
from social.measures import Expel
from social.models import Actor, Delivery, Post
from tests.bridge.test_together import create, row
from tests.fakes.world import sealed
from tests.social.web.cast import NOON, follow, local, remote, write

pytestmark = pytest.mark.django_db(transaction=True)
HERE = "http://social.test/ap/a/"


@pytest.fixture(autouse=True)
def _a_long_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    """However busy the machine is that judges."""
    for name in ("MOMENT", "AS_IT_WAS"):
        monkeypatch.setattr(processing, name, 60.0)
    monkeypatch.setattr(once, "MOMENT", 60.0)


@pytest.fixture
def alice(registration_for_all: None) -> Actor:
    found = local(inbox="http://social.test/ap/u/alice/inbox")
    Key.objects.create(actor=found, sealed=sealed(found.uri))
    return found


@pytest.fixture
def mallory(alice: Actor) -> Actor:
    """Read by somebody here, so that what she says is taken in."""
    found = remote("mallory", inbox="https://far.example/inbox")
    carol = local("carol")
    Key.objects.create(actor=carol, sealed=sealed(carol.uri))
    follow(carol, found)
    return found


def elsewhere(act: Act) -> None:
    """Another process does it: nothing that is remembered here is forgotten."""
    Context().run(enacting.carry_out, act)


def block(alice: Actor, mallory: Actor) -> Act:
    return Block(author=alice.uri, target=mallory.uri, uri=f"{HERE}block", at=NOON)


def block_host(alice: Actor, mallory: Actor) -> Act:
    return BlockHost(author=alice.uri, host=mallory.host, uri=f"{HERE}host", at=NOON)


WAYS: dict[str, Callable[[Actor, Actor], None]] = {
    "a block": lambda alice, mallory: elsewhere(block(alice, mallory)),
    "a block of her server": lambda alice, mallory: elsewhere(block_host(alice, mallory)),
    "a block by the admins": lambda alice, mallory: Context().run(moderation.block, mallory.host),
    "a suspension": lambda alice, mallory: Context().run(moderation.suspend, mallory),
}


@pytest.mark.parametrize("way", WAYS)
def test_what_comes_after_it_is_refused_although_it_was_welcome_a_moment_ago(
    alice: Actor, mallory: Actor, way: str
) -> None:
    said = write(alice)
    rows = [row(create(mallory, number, inReplyTo=said.uri)) for number in range(2)]
    with once.remembered(once.Memory(60.0)):
        processing.process(rows[0])
        WAYS[way](alice, mallory)
        processing.process(rows[1])
    assert [each.state for each in Received.objects.order_by("pk")] == ["done", "ignored"]
    assert Post.objects.filter(author=mallory).count() == 1


def test_of_many_rows_in_a_row_those_after_it_are_refused(
    alice: Actor, mallory: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processing, "STINT", 1)
    said, blocked = write(alice), []

    def watched(execute: Any, sql: str, *rest: Any) -> Any:
        """Another process blocks as soon as the first of them stands."""
        if not blocked and Post.objects.filter(author=mallory).exists():
            blocked.append(True)
            elsewhere(block(alice, mallory))
        return execute(sql, *rest)

    def between(execute: Any, sql: str, *rest: Any) -> Any:
        claims = sql.startswith("SELECT") and "bridge_received" in sql and " IN (" in sql
        return watched(execute, sql, *rest) if claims else execute(sql, *rest)

    lane = row(create(mallory, 0, inReplyTo=said.uri)).lane
    for number in (1, 2):
        row(create(mallory, number, inReplyTo=said.uri))
    with connection.execute_wrapper(between):
        processing.drain_together([lane])
    states = list(Received.objects.order_by("pk").values_list("state", flat=True))
    assert (blocked, states) == ([True], ["done", "ignored", "ignored"])
    assert not Delivery.objects.filter(sender=mallory.uri, act__post__endswith="/2").exists()


# ---- what counts as parting


def test_only_what_parts_people_makes_all_forget(alice: Actor, mallory: Actor) -> None:
    """For it costs a write, and all who remember their answers."""
    post, at = write(mallory), NOON
    like = React(author=alice.uri, post=post.uri, uri=f"{HERE}1", emoji="👍", at=at)
    boost = Boost(author=alice.uri, post=post.uri, uri=f"{HERE}2", at=at)
    ask = Follow(author=alice.uri, target=mallory.uri, uri=f"{HERE}3", at=at)
    mute = Mute(author=alice.uri, target=mallory.uri, uri=f"{HERE}4", at=at)
    for act, counts in (
        *((like, 0), (boost, 0), (ask, 0), (mute, 1), (block(alice, mallory), 1)),
        (Undo(author=alice.uri, uri=like.uri, at=at, undone=like), 0),
        (Undo(author=alice.uri, uri=ask.uri, at=at, undone=ask), 1),
        (Undo(author=alice.uri, uri=mute.uri, at=at, undone=mute), 1),
        (Reject(author=alice.uri, follower=mallory.uri, uri=ask.uri, at=at), 1),
    ):
        assert partings.parts(act) is bool(counts), act


def test_the_number_goes_up_with_the_transaction_and_not_without_it(
    alice: Actor, mallory: Actor
) -> None:
    enacting.carry_out(block(alice, mallory))
    first = Parting.objects.get().number
    assert first > 0
    again = Block(author=alice.uri, target="https://nobody.example/", uri=f"{HERE}x", at=NOON)
    with pytest.raises(actions.Refused):
        enacting.carry_out(again)
    assert Parting.objects.get().number == first


def test_to_be_put_out_of_a_group_and_to_be_let_in_again_count_at_once() -> None:
    group = f"{HERE}group"
    out = Expel(author=HERE, target=f"{HERE}x", group=group, uri=f"{HERE}out", at=NOON)
    assert partings.parts(out)
    assert partings.parts(Undo(author=HERE, uri=out.uri, at=NOON, undone=out))
