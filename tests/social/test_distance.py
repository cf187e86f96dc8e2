"""Who is kept away from whom: the gate that every other question goes through."""

import pytest

from bridge import documents
from bridge.activitypub import render
from social import actions, admission, answers, policy
from social.acts import Act, BlockHost, Mute, Undo
from social.models import Actor, HostBlock
from social.models import Mute as MuteRow
from tests.social.web.cast import NOON, follow

pytestmark = pytest.mark.django_db
HERE = "http://social.test"


def test_what_somebody_elsewhere_keeps_away_from_is_refused(alice: Actor, bob: Actor) -> None:
    for act in (
        Mute(author=bob.uri, target=alice.uri, uri="u", at=NOON),
        BlockHost(author=bob.uri, host=alice.host, uri="u", at=NOON),
    ):
        with pytest.raises(actions.Refused):
            admission.admit(act)


def test_nobody_shuts_out_their_own_server(alice: Actor) -> None:
    act = BlockHost(author=alice.uri, host=alice.host, uri="u", at=NOON)
    with pytest.raises(actions.Refused, match="own server"):
        admission.admit(act)


def test_the_gate_between_two_is_shut_by_either_and_by_their_server(
    alice: Actor, bob: Actor
) -> None:
    assert not policy.blocked_between(alice, bob)
    HostBlock.objects.create(uri="u", author=alice, host=bob.host, at=NOON)
    assert policy.blocked_between(alice, bob)
    assert policy.blocked_between(bob, alice)
    assert policy.blocks(alice, bob)
    assert not policy.blocks(bob, alice)
    assert policy.blocked_by(bob) == {alice.pk}


def test_a_server_goes_with_every_follow_that_ends(alice: Actor, bob: Actor) -> None:
    follow(bob, alice)
    follow(alice, bob)
    act = BlockHost(author=alice.uri, host=bob.host, uri="u", at=NOON)
    assert actions.record(act)
    assert not actions.record(act)
    assert [type(answer).__name__ for answer in answers.answers(act)] == ["Reject", "Undo"]


def test_a_mute_said_again_lasts_as_was_said_last(alice: Actor, bob: Actor) -> None:
    first = Mute(author=alice.uri, target=bob.uri, uri="u1", at=NOON, until=NOON + 1)
    later = Mute(author=alice.uri, target=bob.uri, uri="u2", at=NOON + 5)
    assert actions.record(first)
    assert not policy.muting(bob), "it has ended"
    assert actions.record(later)
    assert not actions.record(first), "an older word changes nothing"
    assert policy.muting(bob) == {alice.pk}
    assert actions.record(Undo(author=alice.uri, uri="u2", at=NOON + 6, undone=later))
    assert not MuteRow.objects.exists()


def test_what_only_its_author_knows_is_written_down_for_nobody(alice: Actor, bob: Actor) -> None:
    mute = Mute(author=alice.uri, target=bob.uri, uri=f"{HERE}/ap/a/x", at=NOON)
    host = BlockHost(author=alice.uri, host=bob.host, uri=f"{HERE}/ap/a/y", at=NOON)
    quiet: list[Act] = [mute, host]
    quiet += [Undo(author=alice.uri, uri=act.uri, at=NOON, undone=act) for act in (mute, host)]
    for act in quiet:
        assert documents.keep(act) == ""
        with pytest.raises(ValueError, match="never written down"):
            render.render(act, render.Refs(origin=HERE))
