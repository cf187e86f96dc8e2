"""Posts, reactions, boosts, relations and profiles, told to Fedify and by it."""

import json

import pytest

from tests.live.fedify.peer import Fedify, ignored, mirrored, reacts, redacts, shown
from tests.live.stage import OBJECT, Resident, Town, after, containing, every, until
from tests.live.test_media import png

pytestmark = pytest.mark.live


# ---- posts


def test_a_follower_on_fedify_gets_posts_and_answers_them(
    alice: Resident, follower: Fedify
) -> None:
    fay = follower
    event = alice.post(f"to {fay.mark} with love")
    create = fay.wait_for("Create", fay.mark)
    assert create["object"]["id"] == alice.uri(event)
    assert "with love" in create["object"]["content"]
    fay.do("post", text=f"from {fay.mark}", replyTo=alice.uri(event), to=alice.actor)
    answer = alice.sees(f"from {fay.mark}")
    assert answer["content"]["m.relates_to"]["event_id"] == event


def test_edits_and_deletions_reach_fedify(alice: Resident, follower: Fedify) -> None:
    event = alice.post(f"first for {follower.mark}")
    follower.wait_for("Create", follower.mark)
    alice.person.edit(alice.room, event, f"second for {follower.mark}")
    update = follower.wait_for("Update", f"second for {follower.mark}")
    assert update["object"]["id"] == alice.uri(event)
    alice.person.redact(alice.room, event)
    follower.wait_for("Delete", alice.uri(event))


def test_edits_and_deletions_come_from_fedify(alice: Resident, fay: Fedify) -> None:
    event = alice.post(f"talk, {fay.mark}")
    told = {"replyTo": alice.uri(event), "to": alice.actor}
    until(lambda: shown(alice.uri(event)))
    said = fay.do("post", text=f"a slip by {fay.mark}", **told)["object"]["id"]
    carried = alice.sees(f"a slip by {fay.mark}")
    fay.do("edit", post=said, text=f"mended by {fay.mark}", to=alice.actor)
    edit = alice.sees(f"mended by {fay.mark}")
    assert edit["content"]["m.relates_to"]["event_id"] == carried["event_id"]
    fay.do("retract", post=said, to=alice.actor)
    alice.person.wait_for(alice.room, after(edit["event_id"], redacts))


def test_what_is_for_followers_or_for_one_stays_with_them(
    town: Town, alice: Resident, follower: Fedify
) -> None:
    fay, mirror = follower, mirrored(alice, follower)
    fay.do("post", text=f"for followers of {fay.mark}", audience="followers")
    seen = alice.sees(f"for followers of {fay.mark}", room=mirror)
    assert seen["content"][OBJECT]["vis"] == "private"
    fay.do(
        "post",
        text=f"for alice by {fay.mark}",
        to=alice.actor,
        audience="direct",
        handle=alice.handle,
    )
    room = alice.room_with(fay.name)
    alice.sees(f"for alice by {fay.mark}", room=room)
    event = alice.person.send(room, f"for fay at {fay.mark}")
    answer = fay.wait_for("Create", f"for fay at {fay.mark}")
    assert fay.actor in json.dumps(answer["to"])
    assert town.server.document(alice.uri(event))[0] == 404


def test_what_fedify_does_not_let_stand_under_its_post_alice_hears_of(
    alice: Resident, fay: Fedify
) -> None:
    mirror = mirrored(alice, fay)
    post = fay.posts(f"say nothing, {fay.mark}")
    seen = alice.sees(f"say nothing, {fay.mark}", room=mirror)["event_id"]
    answer = alice.uri(alice.person.reply(mirror, seen, f"why not, {fay.mark}?"))
    heard = fay.reads("Create", answer)["object"]
    assert (heard["class"], heard["replyTargetId"]) == ("Note", post)
    fay.do("refuseAnswer", answer=answer, post=post, to=alice.actor)
    notice = alice.told(f"{fay.acct}) does not let your answer stand")
    assert answer.rpartition("/")[2] in notice["content"]["formatted_body"]


def test_whoever_asks_before_they_answer_may_answer_anyway(
    town: Town, alice: Resident, fay: Fedify
) -> None:
    event = alice.post(f"say what you like, {fay.mark}")
    mine = alice.uri(event)
    until(lambda: shown(mine))
    asked = fay.do("askToAnswer", replyTo=mine, text=f"may I, asks {fay.mark}", to=alice.actor)
    assert asked["type"] == "ReplyRequest"
    assert ignored(town, asked) == ["nobody has to ask here before they answer, like or boost"]
    fay.do("post", text=f"I do, says {fay.mark}", replyTo=mine, to=alice.actor)
    answer = alice.sees(f"I do, says {fay.mark}")
    assert answer["content"]["m.relates_to"]["event_id"] == event
    assert not [one for one in every(alice.person, alice.room) if containing("may I, asks")(one)]
    assert not [one for one in fay.do("received") if one["type"] in {"Accept", "Reject"}]


# ---- reactions and boosts


@pytest.mark.parametrize("verb", ["like", "react"])
def test_a_reaction_from_fedify_comes_and_goes(alice: Resident, fay: Fedify, verb: str) -> None:
    event = alice.post(f"for {fay.mark} to {verb}")
    until(lambda: shown(alice.uri(event)))
    made = fay.do(verb, post=alice.uri(event), emoji="🦊")
    reaction = alice.person.wait_for(alice.room, after(event, reacts))
    key = reaction["content"]["m.relates_to"]["key"]
    assert key == ("🦊" if verb == "react" else "👍\ufe0f")
    fay.do("undo", what=made, to=alice.actor)
    alice.person.wait_for(alice.room, after(reaction["event_id"], redacts))


def test_a_boost_from_fedify_comes_and_goes(alice: Resident, fay: Fedify) -> None:
    event = alice.post(f"for {fay.mark} to boost")
    until(lambda: shown(alice.uri(event)))
    made = fay.do("boost", post=alice.uri(event))
    card = alice.person.wait_for(alice.room, after(event, containing("boosted")))
    fay.do("undo", what=made, to=alice.actor)
    alice.person.wait_for(alice.room, after(card["event_id"], redacts))


def test_alice_reads_reacts_and_boosts_and_takes_it_back(alice: Resident, fay: Fedify) -> None:
    mirror = mirrored(alice, fay)
    fay.do("post", text=f"news from {fay.mark}")
    seen = alice.sees(f"news from {fay.mark}", room=mirror)
    for key, kind in (("👍", "Like"), ("🦊", "Like"), ("🔁", "Announce")):
        reaction = alice.person.react(mirror, seen["event_id"], key)
        made = fay.wait_for(kind, reaction[1:])
        assert made["actor"] == alice.actor
        alice.person.redact(mirror, reaction)
        fay.wait_for("Undo", made["id"])


# ---- relations


def test_follows_end_on_either_side(alice: Resident, fay: Fedify) -> None:
    follow = fay.do("follow", whom=alice.actor)
    fay.wait_for("Accept")
    fay.do("undo", what=follow, to=alice.actor)
    until(lambda: fay.acct not in alice.ask("followers", "ollow"))
    fay.do("follow", whom=alice.actor)
    until(lambda: fay.acct in alice.ask("followers", "ollow"))
    alice.ask(f"reject @{fay.acct}", "does not follow you")
    fay.wait_for("Reject")
    mirror = mirrored(alice, fay)
    alice.ask(f"unfollow @{fay.acct}", "no longer follow")
    fay.wait_for("Undo", "Follow")
    until(lambda: mirror not in alice.person.rooms())


def test_who_follows_no_longer_hears_of_the_edit_and_the_end_of_what_they_were_given(
    alice: Resident, fay: Fedify
) -> None:
    follow = fay.do("follow", whom=alice.actor)
    fay.wait_for("Accept")
    event = alice.post(f"first for {fay.mark}")
    fay.wait_for("Create", fay.mark)
    fay.do("undo", what=follow, to=alice.actor)
    until(lambda: fay.acct not in alice.ask("followers", "ollow"))
    alice.person.edit(alice.room, event, f"second for {fay.mark}")
    fay.wait_for("Update", f"second for {fay.mark}")
    alice.person.redact(alice.room, event)
    fay.wait_for("Delete", alice.uri(event))


def test_whoever_is_locked_decides_which_follower_on_fedify_comes_in(
    town: Town, fay: Fedify
) -> None:
    greta = town.resident(f"greta{fay.mark}")
    greta.ask("set locked on", "has to ask you")
    decisions = ("reject", "does not", "Reject"), ("accept", "follows you now", "Accept")
    for word, done, kind in decisions:
        asked = greta.person.send(greta.desk, "help")
        fay.do("follow", whom=greta.actor)
        asks = after(asked, containing(f"{fay.acct}) asks to follow you"))
        greta.person.wait_for(greta.desk, asks)
        greta.ask(f"{word} @{fay.acct}", done)
        answer = fay.reads(kind)
        assert (answer["actorId"], answer["object"]["class"]) == (greta.actor, "Follow")


def test_a_follow_that_fedify_takes_back_its_yes_to_is_over(alice: Resident, fay: Fedify) -> None:
    mirror = mirrored(alice, fay)
    follow = fay.wait_for("Follow")
    fay.do("reject", follow=follow, to=alice.actor)
    alice.told(f"{fay.acct}) does not let you follow them")
    until(lambda: mirror not in alice.person.rooms())


def test_blocks_are_told_and_end(alice: Resident, follower: Fedify) -> None:
    fay = follower
    alice.ask(f"block @{fay.acct}", "is blocked")
    block = fay.reads("Block", fay.actor)
    assert (block["actorId"], block["objectId"]) == (alice.actor, fay.actor)
    assert fay.reads("Reject", fay.actor)["object"]["class"] == "Follow"
    alice.ask(f"unblock @{fay.acct}", "no longer blocked")
    assert fay.reads("Undo", block["id"])["object"]["class"] == "Block"
    mirror = mirrored(alice, fay)
    block = fay.do("block", whom=alice.actor)
    until(lambda: mirror not in alice.person.rooms())
    fay.do("undo", what=block, to=alice.actor)
    alice.ask(f"follow @{fay.acct}", "I asked")
    until(lambda: fay.acct in alice.ask("following", "ou follow"))


def test_a_report_goes_both_ways_and_hers_without_her_name(
    town: Town, alice: Resident, control: Resident, fay: Fedify
) -> None:
    fay.do("report", whom=alice.actor, words=f"reported by {fay.mark}")
    assert alice.handle[1:] in control.told(f"reported by {fay.mark}")["content"]["body"]
    alice.ask(f"report @{fay.acct} nasty words of {fay.mark}", "forward")
    alice.ask("forward", "It goes to")
    flag = fay.wait_for("Flag", f"nasty words of {fay.mark}")
    assert alice.actor not in json.dumps(flag)
    assert flag["actor"].startswith(town.server.url)


# ---- profiles


def test_what_alice_changes_in_her_profile_fedify_reads(alice: Resident, follower: Fedify) -> None:
    alice.ask(f"set name Alice for {follower.mark}", "is changed")
    alice.ask(f"set bio I speak with {follower.mark}", "hanged")
    alice.ask(f"set field Peer = {follower.mark}", "hanged")
    # A profile is told when it has been quiet for a while: what else changes goes along.
    profile = follower.reads("Update", f"Alice for {follower.mark}", 60)["object"]
    assert (profile["class"], profile["id"]) == ("Person", alice.actor)
    assert profile["name"] == f"Alice for {follower.mark}"
    assert f"I speak with {follower.mark}" in profile["summary"]
    fields = {one["name"]: one["value"] for one in profile["attachments"]}
    assert follower.mark in fields["Peer"]


def test_what_changes_in_a_profile_on_fedify_its_ghost_and_mirror_show(
    alice: Resident, follower: Fedify
) -> None:
    fay, mirror = follower, mirrored(alice, follower)
    fay.do("post", text=f"who is {fay.mark}?")
    ghost = alice.sees(f"who is {fay.mark}?", room=mirror)["sender"]
    face = fay.keeps(f"{fay.mark}.png", png(16, 16), "image/png")
    said = {"name": f"Fay of {fay.mark}", "summary": "<p>Hello</p>", "icon": face}
    fay.do("introduce", **said, fields=[["Boat", "Gull"]], to=alice.actor)
    until(lambda: alice.person.profile(ghost)["displayname"] == f"Fay of {fay.mark}")
    until(lambda: alice.person.profile(ghost).get("avatar_url", "").startswith("mxc://"))
    topic = "Hello\n\nBoat: Gull"
    until(lambda: (alice.person.state(mirror, "m.room.topic") or {}).get("topic") == topic)


def test_what_stands_in_a_field_of_a_profile_on_fedify_is_obeyed(
    alice: Resident, fay: Fedify
) -> None:
    mirror = mirrored(alice, fay)
    fay.do("introduce", fields=[["Peer", "yes"], ["Bots", "#nobridge please"]], to=alice.actor)
    alice.told(f"{fay.acct}) asks not to be bridged")
    assert fay.reads("Undo", fay.actor)["object"]["class"] == "Follow"
    until(lambda: mirror not in alice.person.rooms())


def test_who_moves_on_fedify_takes_alice_along(alice: Resident, fay: Fedify) -> None:
    mirrored(alice, fay)
    fay.do("move", to=alice.actor)
    follow = until(lambda: next((one for one in fay.do("received") if fay.next in str(one)), None))
    assert (follow["type"], follow["actor"]) == ("Follow", alice.actor)
    alice.told(f"{fay.acct}) has moved to @{fay.next}@{fay.host}")


def test_somebody_here_moves_to_fedify(town: Town, fay: Fedify) -> None:
    mover = town.resident(f"mover{fay.mark}")
    fay.do("follow", whom=mover.actor)
    fay.wait_for("Accept")
    fay.do("alias", of=mover.actor)
    name = mover.handle[1:].split("@")[0]
    mover.ask(f"move @{fay.acct} {name}", "are being told")
    move = fay.wait_for("Move")
    assert (move["object"], move["target"]) == (mover.actor, fay.actor)


def test_who_leaves_is_gone_on_the_other_side(
    town: Town, alice: Resident, follower: Fedify
) -> None:
    fay = follower
    leaver = town.resident(f"leaver{fay.mark}")
    fay.do("follow", whom=leaver.actor)
    until(lambda: fay.acct in leaver.ask("followers", "ollow"))
    leaver.ask(f"profile delete {leaver.handle[1:].split('@')[0]}", "is deleted")
    fay.wait_for("Delete", leaver.actor)
    fay.do("leave", to=alice.actor)
    until(lambda: fay.acct not in alice.ask("followers", "ollow"))
