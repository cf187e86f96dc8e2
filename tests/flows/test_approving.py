"""Stories of authors elsewhere who decide what stands under their posts (GoToSocial's policy)."""

import pytest

from bridge import rebuild
from bridge.demo.neighbourhood import Actor as Neighbour
from bridge.models import Document, Room
from social.models import Actor, Decision, Post
from tests.fakes.world import Resident, World, followers, outcome, post_of, said


@pytest.fixture
def answer(world: World, alice: Resident, bob: Neighbour) -> tuple[str, str]:
    """Alice's answer to a post of bob's: its event, and the post."""
    alice.tell_bot(f"follow {bob.handle}")
    world.settle()
    post = bob.post("what do you think?").post
    world.settle()
    mirror = world.mirror(bob, alice)
    (event,) = alice.seen("what do you think?", mirror)
    reply = alice.person.reply(mirror, event["event_id"], "an answer")
    world.settle()
    return reply, post


def test_a_decision_about_somebody_elses_post_counts_for_nothing(
    world: World, alice: Resident, bob: Neighbour, mallory: Neighbour, answer: tuple[str, str]
) -> None:
    reply, post = answer
    other = mallory.post("mine").post
    for target in (post, other):
        lie = said(mallory, "Reject", post_of(reply), target=target)
        world.hear(mallory, lie)
        world.settle()
        assert outcome(lie["id"]).state == "ignored"
    assert not Decision.objects.exists()
    assert not any("does not let" in line for line in alice.answers())


def test_what_is_approved_is_said_when_one_asks(
    world: World, alice: Resident, bob: Neighbour, answer: tuple[str, str]
) -> None:
    reply, post = answer
    told = len(alice.answers())
    world.hear(bob, said(bob, "Accept", post_of(reply), target=post))
    world.settle()
    assert len(alice.answers()) == told
    alice.tell_bot(f"why {reply}")
    world.settle()
    assert f"{bob.handle} approved it" in alice.answers()[-1]


FORMS = {
    "a bare id, as GoToSocial had it first": lambda about, post: ("Reject", about, {}),
    "the type beside the id": lambda about, post: ("Reject", {"type": "Note", "id": about}, {}),
    "the post written out": lambda about, post: ("Reject", about, {"target": {"id": post}}),
    "as PeerTube has it": lambda about, post: ("RejectReply", about, {"inReplyTo": post}),
}


@pytest.mark.parametrize("form", FORMS)
def test_a_decision_counts_in_each_form_that_peers_give_it(
    world: World, alice: Resident, bob: Neighbour, answer: tuple[str, str], form: str
) -> None:
    reply, post = answer
    kind, about, more = FORMS[form](post_of(reply), post)
    world.hear(bob, said(bob, kind, about, **more))
    world.settle()
    decision = Decision.objects.get()
    assert (decision.about, decision.allowed) == (post_of(reply), False)
    assert any("does not let your answer stand" in line for line in alice.answers())
    assert alice.actor in followers(bob.id)  # nothing of the follow


def test_who_answered_is_told_when_it_may_not_stand(
    world: World, alice: Resident, bob: Neighbour, answer: tuple[str, str]
) -> None:
    reply, post = answer
    world.hear(bob, said(bob, "Accept", post_of(reply), target=post))
    world.hear(bob, said(bob, "Reject", post_of(reply), target=post))
    world.settle()
    assert any("does not let your answer stand" in line for line in alice.answers())
    assert Post.objects.filter(uri=post_of(reply), deleted=None).exists()
    alice.tell_bot(f"why {reply}")
    world.settle()
    assert "does not let it stand" in alice.answers()[-1]


def test_a_like_that_may_not_count_is_no_news(
    world: World, alice: Resident, bob: Neighbour, answer: tuple[str, str]
) -> None:
    mirror = world.mirror(bob, alice)
    (event,) = alice.seen("what do you think?", mirror)
    alice.person.react(mirror, event["event_id"], "👍")
    world.settle()
    (like,) = bob.received("Like")
    told = len(alice.answers())
    world.hear(bob, said(bob, "Reject", like["id"], target=answer[1]))
    world.settle()
    assert Decision.objects.get().about == like["id"]
    assert len(alice.answers()) == told


def test_decisions_come_back_with_a_rebuild(
    world: World, alice: Resident, bob: Neighbour, answer: tuple[str, str]
) -> None:
    world.hear(bob, said(bob, "Reject", post_of(answer[0]), target=answer[1]))
    world.settle()
    before = list(Decision.objects.values_list("about", "author__uri", "allowed", "at"))
    assert len(before) == 1
    for table in (Post, Document, Room, Actor):
        table.objects.all().delete()
    rebuild.rebuild(lambda _: None)
    assert list(Decision.objects.values_list("about", "author__uri", "allowed", "at")) == before
