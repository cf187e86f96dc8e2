"""What real servers taught: how each of them is met, told through the public edges.

`eve` lives on a server that answers as it is told, `lena` on one that shows nothing to strangers.
"""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from bridge.activitypub import signatures
from bridge.demo.neighbourhood import Actor as Neighbour
from bridge.demo.neighbourhood import Neighbour as Neighbourhood
from bridge.models import Lane
from social.models import Actor, Delivery, Follow, Post, Reaction
from tests.fakes.liar import PUBLIC, Page, Somebody, key, tell
from tests.fakes.world import Resident, World, followers, note, post, post_of, said

Json = dict[str, Any]
LATER = {"updated": "2026-01-02T00:00:00Z"}
LATEST = {"updated": "2026-01-03T00:00:00Z"}


@pytest.fixture(scope="module")
def shy() -> Iterator[Neighbourhood]:
    """Shows nothing to the unsigned, and knows the newer signatures only."""
    with Neighbourhood(signatures="rfc9421", secure=True) as found:
        yield found


def befriend(world: World, eve: Somebody, alice: Resident) -> None:
    """She follows, and nothing else has come to her ears."""
    assert eve.knocks(world, eve.says("Follow", alice.actor)) == 202
    world.settle()
    assert eve.id in followers(alice.actor)
    eve.server.heard.clear()
    eve.server.headers.clear()


def is_older(headers: dict[str, str]) -> bool:
    return "signature-input" not in headers


# ---- who is blocked comes in by no other door


def test_an_edit_does_not_carry_a_blocked_answer_in(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    event = alice.post("hello")
    world.settle()
    world.hear(bob, said(bob, "Like", post_of(event)))
    world.settle()
    alice.tell_bot(f"block {bob.handle}")
    world.settle()
    answer = note(bob, "unwanted", inReplyTo=post_of(event), cc=[alice.actor])
    world.hear(bob, said(bob, "Update", answer | LATER))
    world.settle()
    assert not Post.objects.filter(uri=answer["id"]).exists()


def test_somebody_blocked_does_not_answer_further_down_either(
    world: World, alice: Resident, ada: Resident, bob: Neighbour
) -> None:
    world.friends(bob, ada)
    ada.person.join(alice.room)
    event = alice.post("hello")
    world.settle()
    between = ada.person.reply(alice.room, event, "well said")
    world.settle()
    alice.tell_bot(f"block {bob.handle}")
    world.settle()
    bob.post("unwanted", reply_to=post_of(between))
    world.settle()
    assert not Post.objects.filter(html__contains="unwanted").exists()


def test_a_like_or_boost_by_somebody_blocked_is_refused(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    event = alice.post("hello")
    world.settle()
    bob.follow(alice.handle)
    world.settle()
    alice.tell_bot(f"block {bob.handle}")
    world.settle()
    for kind in ("Like", "Announce", "EmojiReact"):
        told = said(bob, kind, post_of(event), to=[PUBLIC], content="🎉")
        assert world.hear(bob, told) == 202
    world.settle()
    assert not Reaction.objects.exists()
    assert not post(post_of(event)).boosts.exists()


# ---- signatures and the ways of asking


def test_who_shows_nothing_to_strangers_is_read_with_a_signature(
    world: World, alice: Resident, shy: Neighbourhood
) -> None:
    lena = shy.actor("lena", shared_key=True)
    alice.tell_bot(f"follow {lena.handle}")
    world.settle()
    shy.quiet()
    world.settle()
    assert lena.received("Follow")
    assert Follow.objects.get(target__uri=lena.id).state == "accepted"
    assert not shy.received(refused=1)  # what was learned in reading served in writing


def test_a_parent_behind_a_signature_is_brought_along(
    world: World, alice: Resident, shy: Neighbourhood
) -> None:
    lena = shy.actor("lena2", shared_key=True)
    parent = lena.post("what do you think?").post
    answer = lena.post("and @alice?", reply_to=parent, mentions=[alice.actor])
    world.settle()
    assert post(answer.post).parent == post(parent)


@pytest.mark.parametrize(
    ("status", "words"),
    [(401, b""), (400, b"missing Signature-Input header"), (403, b"bad HTTP Signature")],
)
def test_a_refused_signature_is_followed_by_one_of_the_other_kind_and_that_is_remembered(
    world: World, alice: Resident, eve: Somebody, status: int, words: bytes
) -> None:
    befriend(world, eve, alice)
    eve.server.answers = [Page(words, status=status)]
    alice.post("one")
    world.settle()
    alice.post("two")
    world.settle()
    assert [is_older(headers) for headers in eve.server.headers] == [True, False, False]


def test_another_refusal_is_an_answer_and_nothing_is_tried_twice(
    world: World, alice: Resident, eve: Somebody
) -> None:
    befriend(world, eve, alice)
    eve.server.answers = [Page(b"you are not welcome", status=403)]
    alice.post("one")
    world.settle()
    assert len(eve.server.heard) == 1
    assert Delivery.objects.get(subject__contains="/ap/o/", network="activitypub").state == "gone"


def test_every_delivery_says_who_brings_it_and_what_it_is(
    world: World, alice: Resident, eve: Somebody
) -> None:
    befriend(world, eve, alice)
    alice.post("one")
    world.settle()
    (headers,) = eve.server.headers
    assert headers["user-agent"].startswith("Ownroom/")
    assert headers["content-type"] == "application/activity+json"
    assert 'headers="(request-target) host date digest content-type' in headers["signature"]


def _beside(eve: Somebody) -> Json:
    return {"id": f"{eve.id}/key", "owner": eve.id, "publicKeyPem": signatures.public_pem(eve.pair)}


def key_in_a_fragment(eve: Somebody) -> str:
    return eve.key_id


def key_in_a_document(eve: Somebody) -> str:
    eve.server.somebody("eve", publicKey=_beside(eve))
    eve.server.serve("/u/eve/key", _beside(eve))
    return f"{eve.id}/key"


def key_in_a_stub(eve: Somebody) -> str:
    """As GoToSocial does it: the actor once more, with little but its key."""
    eve.server.somebody("eve", publicKey=_beside(eve))
    stub = {"id": eve.id, "type": "Person", "preferredUsername": "eve", "publicKey": _beside(eve)}
    eve.server.serve("/u/eve/key", stub)
    return f"{eve.id}/key"


def key_by_its_id_alone(eve: Somebody) -> str:
    eve.server.somebody("eve", publicKey=f"{eve.id}/key")
    eve.server.serve("/u/eve/key", _beside(eve))
    return f"{eve.id}/key"


def key_in_a_list(eve: Somebody) -> str:
    other = {"id": f"{eve.id}#ed25519", "owner": eve.id, "publicKeyMultibase": "z6Mk"}
    eve.server.somebody("eve", publicKey=[other, _beside(eve)])
    eve.server.serve("/u/eve/key", _beside(eve))
    return f"{eve.id}/key"


KEEPING = [
    key_in_a_fragment,
    key_in_a_document,
    key_in_a_stub,
    key_by_its_id_alone,
    key_in_a_list,
]


@pytest.mark.parametrize("kept", KEEPING, ids=lambda kept: kept.__name__)
def test_a_key_is_found_wherever_peers_keep_theirs(
    world: World, alice: Resident, eve: Somebody, kept: Any
) -> None:
    key_id = kept(eve)
    assert eve.knocks(world, eve.says("Follow", alice.actor), key_id=key_id) == 202
    assert eve.knocks(world, eve.says("Follow", alice.actor), key_id=key_id) == 202


def test_a_new_key_announced_under_the_old_one_counts_at_once(
    world: World, alice: Resident, eve: Somebody
) -> None:
    befriend(world, eve, alice)
    renewed = Somebody(eve.server, eve.id, key("renewed"))
    tell(world, eve, eve.says("Update", renewed.document()))
    assert renewed.knocks(world, renewed.says("Undo", renewed.says("Follow", alice.actor))) == 202
    assert eve.server.fetches("/u/eve") == 1


def test_a_profile_that_was_sent_without_its_key_does_not_lose_it(
    world: World, alice: Resident, eve: Somebody
) -> None:
    befriend(world, eve, alice)
    bare = {**eve.document(), "name": "Eve"}
    del bare["publicKey"]
    tell(world, eve, eve.says("Update", bare))
    assert Actor.objects.get(uri=eve.id).public_key


def test_a_key_whose_server_is_down_for_a_moment_is_asked_for_again_later(
    world: World, alice: Resident, eve: Somebody
) -> None:
    page = eve.server.pages["/u/eve"]
    eve.server.pages["/u/eve"] = Page(b"", status=503)
    follow = eve.says("Follow", alice.actor)
    assert eve.knocks(world, follow) == 503
    assert eve.knocks(world, follow) == 503  # told to come back, not turned away
    assert eve.server.fetches("/u/eve") == 1
    eve.server.pages["/u/eve"] = page


def test_an_inbox_that_moves_to_another_host_must_stand_in_the_actors_own_document(
    world: World, alice: Resident, eve: Somebody
) -> None:
    befriend(world, eve, alice)
    away = eve.server.url.replace("localhost", "inbox.localhost") + "/eve"
    moved = {**eve.document(), "inbox": away}
    tell(world, eve, eve.says("Update", moved))
    assert Actor.objects.get(uri=eve.id).inbox == f"{eve.id}/inbox"
    eve.server.serve("/u/eve", moved)
    tell(world, eve, eve.says("Update", moved))
    assert Actor.objects.get(uri=eve.id).inbox == away


# ---- ids


def test_everything_that_is_sent_has_an_id_of_its_own_and_undos_hold_all_they_undo(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    world.twice = False  # what is said again is counted here
    world.friends(bob, alice)
    mirror = world.mirror(bob, alice)
    bob.post("likeable")
    world.settle()
    (theirs,) = alice.seen("likeable", mirror)
    for _ in range(2):
        liked = alice.person.react(mirror, theirs["event_id"], "👍")
        world.settle()
        alice.person.redact(mirror, liked)
        alice.tell_bot(f"unfollow {bob.handle}")
        alice.tell_bot(f"follow {bob.handle}")
        alice.tell_bot(f"block {bob.handle}")
        alice.tell_bot(f"unblock {bob.handle}")
        world.settle()
        alice.tell_bot(f"follow {bob.handle}")
        world.settle()
        alice.person.join(mirror)
    got = [one["activity"] for one in bob.received()]
    ids = [activity["id"] for activity in got]
    assert len(ids) == len(set(ids)), sorted(ids)
    undone = [activity for activity in got if activity["type"] == "Undo"]
    assert {activity["object"]["type"] for activity in undone} == {"Like", "Follow", "Block"}
    sent = {activity["id"]: activity for activity in got}
    for activity in undone:
        inner = activity["object"]
        assert inner["id"] in sent
        assert inner["object"] == sent[inner["id"]]["object"]
        assert isinstance(inner["actor"], str)
        assert isinstance(inner["object"], str)
    kinds = [activity["type"] for activity in got]
    for index, kind in enumerate(kinds):
        if kind == "Follow" and "Follow" in kinds[:index]:
            assert "Undo" in kinds[:index]  # or a server believes it is followed already


def test_who_follows_again_under_an_id_that_was_taken_back_is_accepted_again(
    world: World, alice: Resident, eve: Somebody
) -> None:
    world.twice = False  # here the repetition is the story
    follow = eve.says("Follow", alice.actor)
    tell(world, eve, follow)
    tell(world, eve, eve.says("Undo", follow))
    assert not followers(alice.actor)
    tell(world, eve, eve.says("Undo", follow))
    tell(world, eve, {**follow, "summary": "once more"})
    assert followers(alice.actor) == {eve.id}
    answers = [one for one in eve.server.heard if one["type"] == "Accept"]
    assert [one["object"]["id"] for one in answers] == [follow["id"]] * 2
    assert answers[0]["id"] != answers[1]["id"]


def test_a_repeated_follow_is_answered_but_told_in_the_desk_only_once(
    world: World, alice: Resident, eve: Somebody
) -> None:
    world.twice = False
    tell(world, eve, eve.says("Follow", alice.actor))
    tell(world, eve, eve.says("Follow", alice.actor))
    assert [one["type"] for one in eve.server.heard] == ["Accept", "Accept"]
    assert len([line for line in alice.answers() if "follows you" in line]) == 1


def test_an_undo_that_overtook_its_follow_leaves_nobody_following(
    world: World, alice: Resident, eve: Somebody
) -> None:
    befriend(world, eve, alice)
    tell(world, eve, eve.says("Undo", eve.says("Follow", alice.actor)))
    follow = eve.says("Follow", alice.actor)
    tell(world, eve, eve.says("Undo", follow))
    tell(world, eve, follow)
    assert not followers(alice.actor)
    tell(world, eve, eve.says("Follow", alice.actor))
    assert followers(alice.actor) == {eve.id}


def test_an_edit_under_an_id_that_was_used_before_counts(
    world: World, alice: Resident, eve: Somebody
) -> None:
    first = eve.note("one", to=alice.actor, published="2026-01-01T00:00:00Z")
    update = eve.says("Update", first | {"content": "<p>two</p>", **LATER})
    tell(world, eve, eve.creates(first))
    tell(world, eve, update)
    tell(world, eve, {**update, "object": first | {"content": "<p>three</p>", **LATEST}})
    assert post(first["id"]).html == "<p>three</p>"


def test_a_profile_changed_twice_under_one_id_has_its_last_name(
    world: World, alice: Resident, eve: Somebody
) -> None:
    befriend(world, eve, alice)
    world.twice = False
    update = eve.says("Update", {**eve.document(), "name": "Eve"}, id=f"{eve.id}#update")
    tell(world, eve, update)
    tell(world, eve, {**update, "object": {**eve.document(), "name": "Evelyn"}})
    assert Actor.objects.get(uri=eve.id).name == "Evelyn"


def test_an_acceptance_counts_by_who_asked_and_leaves_our_follow_its_name(
    world: World, alice: Resident, eve: Somebody
) -> None:
    befriend(world, eve, alice)
    alice.tell_bot(f"follow {eve.id}")
    world.settle()
    (ours,) = [one for one in eve.server.heard if one["type"] == "Follow"]
    renamed = {**ours, "id": f"{alice.actor}#another-name"}
    tell(world, eve, eve.says("Accept", renamed))
    row = Follow.objects.get(target__uri=eve.id)
    assert (row.state, row.uri) == ("accepted", ours["id"])


# ---- edits


def test_an_edit_keeps_the_moment_of_publishing_and_everybody_addressed(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    world.friends(bob, alice)
    mirror = world.mirror(bob, alice)
    bob.post("good morning")
    world.settle()
    (theirs,) = alice.seen("good morning", mirror)
    event = alice.person.reply(mirror, theirs["event_id"], "good morning #greeting")
    world.settle()
    alice.person.edit(mirror, event, "good evening")
    world.settle()
    old = bob.received("Create")[-1]["activity"]
    new = bob.received("Update")[-1]["activity"]
    for name in ("published", "to", "cc", "attributedTo", "id", "type"):
        assert new["object"][name] == old["object"][name]
    assert (new["to"], new["cc"]) == (old["to"], old["cc"])
    assert bob.id in new["cc"]
    assert new["object"]["updated"] >= new["object"]["published"]
    assert len(new["object"]["published"]) == len("2026-01-01T00:00:00.000Z")
    # And from here on, whoever asks is told the same.
    assert world.json(old["object"]["id"])["published"] == old["object"]["published"]


@pytest.mark.parametrize(
    "changed",
    [
        {"published": "2019-01-01T00:00:00Z", **LATER},
        {"published": None},
        {"published": "2026-01-01T00:00:00.000Z", **LATER},
    ],
    ids=["earlier", "missing, with no moment of the edit either", "in another precision"],
)
def test_an_edit_from_elsewhere_does_not_move_the_post(
    world: World, alice: Resident, eve: Somebody, changed: Json
) -> None:
    first = eve.note("one", to=alice.actor, published="2026-01-01T00:00:00Z")
    tell(world, eve, eve.creates(first))
    before = post(first["id"]).published
    tell(world, eve, eve.says("Update", first | {"content": "<p>two</p>", **changed}))
    assert (post(first["id"]).published, post(first["id"]).html) == (before, "<p>two</p>")


def test_an_edit_within_the_second_of_publishing_counts(
    world: World, alice: Resident, eve: Somebody
) -> None:
    same = "2026-01-01T00:00:00Z"
    first = eve.note("one", to=alice.actor, published=same)
    tell(world, eve, eve.creates(first))
    tell(world, eve, eve.says("Update", first | {"content": "<p>two</p>", "updated": same}))
    assert post(first["id"]).html == "<p>two</p>"


@pytest.mark.parametrize("what", ["edit", "reaction", "redaction"])
def test_what_the_homeserver_pushes_before_the_post_it_is_about_waits_for_it(
    world: World, alice: Resident, ada: Resident, bob: Neighbour, what: str
) -> None:
    bob.follow(alice.handle)
    ada.person.join(alice.room)
    world.settle()
    event = alice.post("first")
    match what:
        case "edit":
            alice.person.edit(alice.room, event, "second")
        case "reaction":
            ada.person.react(alice.room, event, "🎉")
        case _:
            alice.person.redact(alice.room, event)
    world.home.waiting.reverse()
    for _ in range(3):
        world.settle()
        world.let_time_pass()
    assert world.get(post_of(event))[0] == (410 if what == "redaction" else 200)
    told = bob.received("Update" if what == "edit" else "Delete")
    assert bool(told) is (what != "reaction")
    assert what != "edit" or "second" in told[-1]["activity"]["object"]["content"]
    assert Reaction.objects.exists() is (what == "reaction")


# ---- shapes


def test_single_values_and_embedded_objects_stand_for_lists_and_ids(
    world: World, alice: Resident, eve: Somebody
) -> None:
    event = alice.post("hello")
    world.settle()
    answer = eve.note("hi alice", to=alice.actor)
    answer |= {
        "to": "as:Public",
        "cc": {"type": "Person", "id": alice.actor},
        "tag": answer["tag"][0],
        "attributedTo": [eve.id],
        "inReplyTo": {"type": "Note", "id": post_of(event)},
        "attachment": {"type": "Image", "url": f"{eve.id}/cat.png", "summary": "a cat"},
        "content": [answer["content"]],
    }
    like = eve.says("Like", {"type": "Note", "id": post_of(event), "attributedTo": alice.actor})
    tell(world, eve, eve.creates([answer]), like)
    kept = post(answer["id"])
    assert kept.visibility == "public"
    assert kept.parent == post(post_of(event))
    assert kept.attachments[0]["alt"] == "a cat"
    assert alice.seen("hi alice")
    assert Reaction.objects.get().author.uri == eve.id


def test_two_posts_that_answer_each_other_end_somewhere(
    world: World, alice: Resident, eve: Somebody
) -> None:
    one = eve.note("egg", to=alice.actor)
    other = eve.note("hen", to=alice.actor, inReplyTo=one["id"])
    one["inReplyTo"] = other["id"]
    eve.server.serve(one["id"].removeprefix(eve.server.url), one)
    tell(world, eve, eve.creates(one), eve.creates(other))
    assert Post.objects.count() == 2


def test_a_thousand_answers_to_a_post_that_is_gone_ask_for_it_once(
    world: World, alice: Resident, eve: Somebody
) -> None:
    lost = f"{eve.server.url}/n/lost"
    notes = [eve.note(f"answer {n}", to=alice.actor, inReplyTo=lost) for n in range(4)]
    tell(world, eve, *(eve.creates(one) for one in notes))
    assert Post.objects.filter(reply=lost).count() == 4
    assert eve.server.fetches("/n/lost") == 1


# ---- patience


def test_an_inbox_that_answers_500_is_given_up_after_so_many_tries_with_the_reason(
    world: World, alice: Resident, eve: Somebody
) -> None:
    befriend(world, eve, alice)
    eve.server.answers = [Page(b"", status=500)] * 20
    alice.post("too much for it")
    for _ in range(20):
        world.settle()
        world.let_time_pass()
    row = Delivery.objects.get(subject__contains="/ap/o/", network="activitypub")
    assert (row.state, row.tries) == ("gone", 16)
    assert "500" in row.note
    assert len(eve.server.heard) == 16


RESETS = ["2999-01-01T00:00:00Z", "32472144000", "4000"]


@pytest.mark.parametrize("reset", RESETS)
@pytest.mark.parametrize(
    ("status", "left"), [(429, ""), (202, "0")], ids=["refused", "the last that is taken"]
)
def test_a_server_that_says_until_when_is_left_alone_until_then(
    world: World, alice: Resident, eve: Somebody, reset: str, status: int, left: str
) -> None:
    befriend(world, eve, alice)
    limits = (("X-RateLimit-Reset", reset), ("X-RateLimit-Remaining", left))
    eve.server.answers = [Page(b"", status=status, headers=limits)]
    alice.post("one")
    world.settle()
    alice.post("two")
    world.settle()
    assert len(eve.server.heard) == 1
    lane = Lane.objects.get(name=f"activitypub {eve.server.url.removeprefix('http://')}")
    assert lane.note
    world.let_time_pass()
    world.settle()
    heard = [json.dumps(one) for one in eve.server.heard]
    assert "one" in heard[0]
    assert "two" in heard[-1]
    assert len(heard) == (3 if status == 429 else 2)
