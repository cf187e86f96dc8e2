"""Stories of likes, emoji and boosts, both ways, and of taking them back."""

import pytest

from bridge.demo.neighbourhood import Actor as Neighbour
from social.models import Boost, Delivery, Reaction
from tests.fakes.world import Resident, World, note, outcome, post_of, said


def _reactions(resident: Resident, room: str = "") -> list[str]:
    found = resident.timeline(room, "m.reaction")
    return [event["content"]["m.relates_to"]["key"] for event in found]


# ---- refused


def test_a_like_of_what_nobody_knows_is_ignored(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    like = said(bob, "Like", f"{world.url}/ap/o/{'x' * 43}")
    assert world.hear(bob, like) == 202
    world.settle()
    assert outcome(like["id"]).state == "ignored"
    assert not Reaction.objects.exists()


def test_nobody_takes_back_anothers_like(
    world: World, alice: Resident, bob: Neighbour, mallory: Neighbour
) -> None:
    event = alice.post("likeable")
    world.settle()
    like = bob.like(post_of(event))
    world.settle()
    for about in (like.id, like.activity):
        world.hear(mallory, said(mallory, "Undo", about))
    world.settle()
    assert Reaction.objects.count() == 1
    assert _reactions(alice)


def test_a_reaction_by_somebody_without_a_profile_stays_in_the_room(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    bob.follow(alice.handle)
    event = alice.post("likeable")
    guest = world.person("guest")
    guest.join(alice.room)
    guest.react(alice.room, event, "❤️")
    world.settle()
    assert not Reaction.objects.exists()
    assert not bob.received("Like")


# ---- from next door


@pytest.mark.parametrize("by_id", [False, True])
def test_a_like_is_a_reaction_in_the_room_until_it_is_taken_back(
    world: World, alice: Resident, bob: Neighbour, *, by_id: bool
) -> None:
    event = alice.post("likeable")
    world.settle()
    like = bob.like(post_of(event))
    world.settle()
    assert _reactions(alice) == ["👍️"]
    assert world.json(f"{post_of(event)}/likes")["totalItems"] == 1
    if by_id:
        world.hear(bob, said(bob, "Undo", like.id))
    else:
        bob.undo(like.id)
    world.settle()
    assert _reactions(alice) == []
    assert world.json(f"{post_of(event)}/likes")["totalItems"] == 0


def test_an_emoji_reaction_keeps_its_emoji(world: World, alice: Resident, bob: Neighbour) -> None:
    event = alice.post("funny")
    world.settle()
    bob.react(post_of(event), "🎉")
    bob.react(post_of(event), "🦊", style="Like")
    world.settle()
    assert sorted(_reactions(alice)) == ["🎉", "🦊"]


@pytest.mark.parametrize("by_id", [False, True])
@pytest.mark.parametrize("kind", ["Like", "Announce"])
def test_a_like_or_boost_taken_back_before_it_came_does_not_appear(
    world: World, alice: Resident, bob: Neighbour, kind: str, *, by_id: bool
) -> None:
    event = alice.post("likeable")
    world.settle()
    early = said(bob, kind, post_of(event))
    world.hear(bob, said(bob, "Undo", early["id"] if by_id else early))
    world.settle()
    world.hear(bob, early)
    world.settle()
    assert not Reaction.objects.exists()
    assert not Boost.objects.exists()
    assert _reactions(alice) == []
    assert len(alice.seen("likeable")) == 1


def test_two_likes_by_one_actor_count_once(world: World, alice: Resident, bob: Neighbour) -> None:
    event = alice.post("likeable")
    world.settle()
    bob.like(post_of(event))
    bob.like(post_of(event))
    world.settle()
    assert Reaction.objects.count() == 1
    assert len(_reactions(alice)) == 1


def test_what_a_room_shows_as_the_same_reaction_stands_once_and_holds_up_nothing(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    event = alice.post("likeable")
    world.settle()
    bob.like(post_of(event))
    bob.react(post_of(event), "👍\N{VARIATION SELECTOR-16}")
    world.settle()
    assert _reactions(alice) == ["👍️"]
    assert not Delivery.objects.exclude(state="done").exists()


@pytest.mark.parametrize("by_id", [False, True])
def test_a_boost_is_a_card_in_the_room_until_it_is_taken_back(
    world: World, alice: Resident, bob: Neighbour, *, by_id: bool
) -> None:
    event = alice.post("worth repeating")
    world.settle()
    boost = bob.boost(post_of(event))
    world.settle()
    assert len(alice.seen("boosted")) == 1
    assert world.json(f"{post_of(event)}/shares")["totalItems"] == 1
    if by_id:
        world.hear(bob, said(bob, "Undo", boost.id))
    else:
        bob.undo(boost.id)
    world.settle()
    assert not alice.seen("boosted")
    assert not Boost.objects.exists()


def test_a_card_goes_with_the_words_it_shows(world: World, alice: Resident, bob: Neighbour) -> None:
    world.friends(bob, alice)
    mirror = world.mirror(bob, alice)
    event = alice.post("regretted")
    world.settle()
    bob.boost(post_of(event))
    world.settle()
    assert len(alice.seen("regretted")) == 2
    assert alice.seen("regretted", mirror)
    alice.person.redact(alice.room, event)
    world.settle()
    assert not alice.seen("regretted")
    assert not alice.seen("regretted", mirror)


def test_a_followed_actors_boost_brings_the_post_into_the_mirror(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    world.friends(bob, alice)
    mirror = world.mirror(bob, alice)
    carol = world.neighbour("carol", host=1)
    bob.boost(carol.post("far away words").post)
    world.settle()
    assert len(alice.seen("far away words", mirror)) == 1


def test_a_boost_of_a_followers_only_post_is_refused(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    world.friends(bob, alice)
    secret = bob.post("for friends", to="private").post
    world.settle()
    announce = said(bob, "Announce", secret, to=["https://www.w3.org/ns/activitystreams#Public"])
    world.hear(bob, announce)
    world.settle()
    assert outcome(announce["id"]).state == "ignored"
    assert not Boost.objects.exists()


# ---- from here


def test_a_reaction_typed_here_is_a_like_there_until_it_is_redacted(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    root = alice.post("hello?")
    world.settle()
    answer = bob.post("hi", reply_to=post_of(root)).post
    world.settle()
    (event,) = alice.seen("hi")
    like = alice.person.react(alice.room, event["event_id"], "❤️")
    world.settle()
    (sent,) = bob.received("Like")
    assert sent["activity"]["object"] == answer
    assert sent["activity"]["actor"] == alice.actor
    alice.person.redact(alice.room, like)
    world.settle()
    (undo,) = bob.received("Undo")
    assert undo["activity"]["object"]["id"] == sent["activity"]["id"]
    assert not Reaction.objects.exists()


def test_a_boost_from_the_mirror_reaches_author_and_followers(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    world.friends(bob, alice)
    carol = world.neighbour("carol", host=1)
    carol.follow(alice.handle)
    mirror = world.mirror(bob, alice)
    theirs = bob.post("repeat me").post
    world.settle()
    (event,) = alice.seen("repeat me", mirror)
    boost = alice.person.react(mirror, event["event_id"], "🔁")
    world.settle()
    (told,) = bob.received("Announce")
    assert told["activity"]["object"] == theirs
    assert carol.received("Announce")
    alice.person.redact(mirror, boost)
    world.settle()
    assert carol.received("Undo")


def test_a_note_kept_twice_is_one_reaction_target(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    world.friends(bob, alice)
    theirs = note(bob, "once")
    world.hear(bob, said(bob, "Create", theirs))
    world.hear(bob, said(bob, "Create", theirs))
    world.settle()
    mirror = world.mirror(bob, alice)
    (event,) = alice.seen("once", mirror)
    alice.person.react(mirror, event["event_id"], "👍")
    world.settle()
    assert Reaction.objects.count() == 1


def test_of_several_reactions_the_last_to_stand_is_said_again_when_one_is_taken_back(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    """Misskey ends whatever one said to a post, Mastodon the only favourite that it knows."""
    world.friends(bob, alice)
    post = bob.post("react to this").post
    world.settle()
    mirror = world.mirror(bob, alice)
    (event,) = alice.seen("react to this", mirror)
    thumb = alice.person.react(mirror, event["event_id"], "👍")
    party = alice.person.react(mirror, event["event_id"], "🎉")
    world.settle()
    alice.person.redact(mirror, party)
    world.settle()
    told = [one["activity"] for one in bob.received() if one["type"] in {"Like", "Undo"}]
    assert [(one["type"], one.get("content", "")) for one in told] == [
        ("Like", ""),
        ("Like", "🎉"),
        ("Undo", ""),
        ("Like", ""),
    ]
    assert told[3] == told[0]
    ledger = len(alice.timeline(alice.desk, "social.ownroom.ledger"))
    alice.person.redact(mirror, thumb)
    world.settle()
    assert bob.received("Undo")[-1]["activity"]["object"] == {
        key: value for key, value in told[0].items() if key not in {"@context", "proof"}
    }
    assert len(bob.received("Like")) == 3
    assert len(alice.timeline(alice.desk, "social.ownroom.ledger")) == ledger + 1
    assert not Reaction.objects.filter(post__uri=post).exists()
