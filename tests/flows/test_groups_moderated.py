"""Stories of what moderators do in a group: here by power in the room, and elsewhere."""

from typing import Any

import pytest
from django.core.cache import cache
from django.utils import timezone

from bridge.demo.neighbourhood import Actor as Neighbour
from bridge.models import Errand
from social.models import Actor, Block, Boost, Post, Report
from tests.fakes.world import PUBLIC, Resident, World, followers, note, outcome, post, post_of, said
from tests.flows.conftest import Group
from tests.flows.grouping import announced, creates, passes_on, topic
from tests.rebuilt import lost_and_rebuilt, shown

PINNED = "m.room.pinned_events"


def told(world: World, author: Neighbour, group: Group, words: str, **more: Any) -> str:
    """A post in the group, by somebody elsewhere."""
    create = creates(author, group, words, **more)
    world.hear(author, create)
    world.settle()
    return str(create["object"]["id"])


def stands(who: Resident, room: str, words: str) -> str:
    return str(who.seen(words, room)[0]["event_id"])


def empowered(world: World, group: Group, owner: Resident, mxid: str, power: int = 50) -> None:
    levels = world.home.rooms[group.room].content("m.room.power_levels")
    users = {**levels["users"], mxid: power}
    owner.person.put_state(group.room, "m.room.power_levels", {**levels, "users": users})
    world.settle()


def decides(world: World, who: Neighbour, group: str, kind: str, about: Any, **more: Any) -> Any:
    """As Lemmy writes it: for everybody, with the group in cc."""
    activity = said(who, kind, about, to=[PUBLIC], cc=[group], audience=group, **more)
    world.hear(who, activity)
    world.settle()
    return activity


def ends() -> Any:
    """When the one who is banned may come back."""
    due = Errand.objects.get(kind="ban").due
    return due and due.date()


def banned_for_some_time() -> set[tuple[str, ...]]:
    rows = Errand.objects.filter(kind="ban").exclude(due=None).values_list("about", flat=True)
    return {tuple(Actor.objects.get(pk=key).uri for key in about.split()) for about in rows}


@pytest.fixture
def mod(world: World, alice: Resident, boats: Group) -> Neighbour:
    """Somebody elsewhere to whose ghost the owner gave power."""
    found = world.neighbour("mod", host=1)
    found.follow(boats.handle)
    world.settle()
    told(world, found, boats, "hello from mod")
    (event,) = alice.seen("hello from mod", boats.room)
    empowered(world, boats, alice, event["sender"])
    return found


def kept_of_it(gone: str = "") -> dict[str, Any]:
    """What must be there again: of who only moderates, and of what was taken out, no room tells."""
    found = {table: rows for table, rows in shown().items() if table != "actors"}
    return {table: [row for row in rows if gone not in row] for table, rows in found.items()}


def pinned(world: World, room: str) -> list[str]:
    return list(world.home.rooms[room].content(PINNED).get("pinned", []))


# ---- refused


def test_who_does_not_moderate_decides_nothing(
    world: World, alice: Resident, boats: Group, pat: Neighbour
) -> None:
    uri = told(world, pat, boats, "It floats.")
    eve = world.neighbour("eve", host=1)
    eve.follow(boats.handle)
    world.settle()
    for kind, about, more in (
        ("Lock", uri, {}),
        ("Add", uri, {"target": f"{boats.id}/featured"}),
        ("Add", eve.id, {"target": f"{boats.id}/moderators"}),
        ("Delete", uri, {"summary": "because"}),
        ("Block", pat.id, {"target": boats.id}),
    ):
        activity = decides(world, eve, boats.id, kind, about, **more)
        assert outcome(activity["id"]).note == "only who moderates a group decides that"
    assert post(uri).locked is None
    assert post(uri).group == boats.id
    assert followers(boats.id) == {pat.id, eve.id}
    assert world.json(f"{boats.id}/featured")["orderedItems"] == []
    assert pinned(world, boats.room) == []


def test_who_moderates_elsewhere_appoints_nobody_and_puts_no_moderator_out(
    world: World, alice: Resident, boats: Group, pat: Neighbour, mod: Neighbour
) -> None:
    more = {"target": f"{boats.id}/moderators"}
    for kind, whom in (("Add", pat.id), ("Remove", alice.actor)):
        activity = decides(world, mod, boats.id, kind, whom, **more)
        assert "its owner decides" in outcome(activity["id"]).note
    activity = decides(world, mod, boats.id, "Block", alice.actor, target=boats.id)
    assert "cannot be put out" in outcome(activity["id"]).note
    assert not Block.objects.exists()
    listed = world.json(f"{boats.id}/moderators")["orderedItems"]
    assert listed == sorted([alice.actor, mod.id])


def test_what_a_moderator_says_of_another_group_counts_nowhere(
    world: World, alice: Resident, boats: Group, pat: Neighbour, mod: Neighbour
) -> None:
    event = alice.post("in my own room")
    world.settle()
    decides(world, mod, boats.id, "Lock", post_of(event))
    decides(world, mod, boats.id, "Delete", post_of(event), summary="no")
    assert post(post_of(event)).locked is None
    assert post(post_of(event)).deleted is None
    assert len(alice.seen("in my own room")) == 1


def test_a_ban_that_no_group_passes_on_blocks_nobody(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    world.friends(bob, alice)
    cats = world.neighbour("cats", type="Group")
    ban = said(bob, "Block", alice.actor, target=cats.id, removeData=False)
    world.hear(bob, ban)
    world.settle()
    assert "passes it on" in outcome(ban["id"]).note
    assert followers(alice.actor) == {bob.id}


# ---- in a group here


def test_a_topic_that_is_locked_takes_no_answers_until_it_is_unlocked(
    world: World, alice: Resident, boats: Group, pat: Neighbour, mod: Neighbour
) -> None:
    ada = world.resident("ada")
    uri = told(world, pat, boats, "It floats.")
    below = told(world, pat, boats, "it really does", inReplyTo=uri)
    lock = decides(world, mod, boats.id, "Lock", uri, summary="enough")
    assert announced(pat, "Lock") == [lock]
    (notice,) = alice.seen("has locked this", boats.room)
    assert "enough" in notice["content"]["body"]
    assert notice["content"]["m.relates_to"]["event_id"] == stands(alice, boats.room, "It floats.")
    for parent in (uri, below):
        answer = said(pat, "Create", note(pat, "one more thing", inReplyTo=parent))
        world.hear(pat, answer)
        world.settle()
        assert "locked" in outcome(answer["id"]).note
    ada.person.join(boats.room)
    root = stands(alice, boats.room, "It floats.")
    ada.person.reply(boats.room, root, "me too", root)
    alice.person.reply(boats.room, root, "says who moderates", root)
    world.settle()
    assert not Post.objects.filter(html__contains="me too").exists()
    assert "locked" in ada.answers()[-1]
    assert Post.objects.filter(html__contains="says who moderates").exists()
    decides(world, mod, boats.id, "Undo", {**lock, "id": f"{lock['id']}-2"})
    assert announced(pat, "Undo")
    assert alice.seen("has unlocked this", boats.room)
    again = told(world, pat, boats, "at last", inReplyTo=uri)
    assert post(again).group == boats.id


def test_a_moderator_elsewhere_takes_a_post_out_and_puts_it_back(
    world: World, alice: Resident, boats: Group, pat: Neighbour, mod: Neighbour
) -> None:
    uri = told(world, pat, boats, "buy boats")
    removal = decides(world, mod, boats.id, "Delete", uri, summary="advertising")
    assert not alice.seen("buy boats", boats.room)
    assert announced(pat, "Delete") == [removal]
    assert [u["activity"]["object"]["object"] for u in pat.received("Undo")] == [uri]
    assert post(uri).group == ""
    assert post(uri).deleted is None
    decides(world, mod, boats.id, "Undo", removal)
    assert announced(pat, "Undo")
    assert announced(pat)[-1] == uri
    assert len(alice.seen("buy boats", boats.room)) == 1
    assert post(uri).group == boats.id
    assert uri in str(world.json(f"{boats.id}/outbox?page=true"))


def test_topics_are_pinned_by_who_moderates_on_either_side(
    world: World, alice: Resident, boats: Group, pat: Neighbour, mod: Neighbour
) -> None:
    ada = world.resident("ada")
    first, second = (told(world, pat, boats, words) for words in ("first of all", "and then"))
    told(world, pat, boats, "no topic", inReplyTo=first)
    ada.person.join(boats.room)
    rules = ada.person.send_event(boats.room, "org.example.rules", {"body": "be kind"})
    events = [stands(alice, boats.room, words) for words in ("first of all", "no topic")]
    alice.person.put_state(boats.room, PINNED, {"pinned": [rules, *events]})
    world.settle()
    add = announced(pat, "Add")[-1]
    assert (add["actor"], add["object"], add["target"]) == (
        alice.actor,
        first,
        f"{boats.id}/featured",
    )
    assert world.json(f"{boats.id}/featured")["orderedItems"] == [first]
    decides(world, mod, boats.id, "Add", second, target=f"{boats.id}/featured")
    assert world.json(f"{boats.id}/featured")["orderedItems"] == [second, first]
    there = [rules, *(stands(alice, boats.room, words) for words in ("first of all", "and then"))]
    assert pinned(world, boats.room) == there
    decides(world, mod, boats.id, "Remove", first, target=f"{boats.id}/featured")
    assert world.json(f"{boats.id}/featured")["orderedItems"] == [second]
    assert there[1] not in pinned(world, boats.room)
    assert rules in pinned(world, boats.room)


def test_who_gets_or_loses_power_is_told_as_moderator(
    world: World, alice: Resident, boats: Group, pat: Neighbour, mod: Neighbour
) -> None:
    ada = world.resident("ada")
    empowered(world, boats, alice, ada.person.user_id)
    add = announced(pat, "Add")[-1]
    assert (add["object"], add["target"]) == (ada.actor, f"{boats.id}/moderators")
    assert "You moderate" in ada.answers()[-1]
    listed = world.json(f"{boats.id}/moderators")["orderedItems"]
    assert listed == sorted([alice.actor, ada.actor, mod.id])
    empowered(world, boats, alice, ada.person.user_id, 0)
    remove = announced(pat, "Remove")[-1]
    assert (remove["object"], remove["actor"]) == (ada.actor, alice.actor)
    assert world.json(f"{boats.id}/moderators")["orderedItems"] == sorted([alice.actor, mod.id])


def test_who_is_banned_is_out_on_both_sides_with_what_they_wrote(
    world: World, alice: Resident, boats: Group, pat: Neighbour, mod: Neighbour
) -> None:
    uris = [told(world, pat, boats, f"spam {number}") for number in range(2)]
    ghost = alice.seen("spam 0", boats.room)[0]["sender"]
    soon = timezone.now() + timezone.timedelta(days=2)
    more = {"target": boats.id, "removeData": True, "endTime": soon.isoformat(), "summary": "spam"}
    block = decides(world, mod, boats.id, "Block", pat.id, **more)
    assert announced(mod, "Block") == [block]
    assert [one["activity"]["actor"] for one in pat.received("Block")] == [boats.id]
    assert pat.received("Reject")
    assert followers(boats.id) == {mod.id}
    assert not alice.seen("spam", boats.room)
    assert {post(uri).group for uri in uris} == {""}
    assert world.home.rooms[boats.room].membership(ghost) == "ban"
    pat.follow(boats.handle)
    world.settle()
    assert followers(boats.id) == {mod.id}
    later = soon + timezone.timedelta(days=5)
    decides(world, mod, boats.id, "Block", pat.id, **more | {"endTime": later.isoformat()})
    assert ends() == later.date()
    assert len(announced(mod, "Block")) == 2
    decides(world, mod, boats.id, "Block", pat.id, **more)  # what was said before, once more
    assert ends() == later.date()
    before = shown()
    lost_and_rebuilt()
    assert shown()["blocks"] == before["blocks"]
    assert ends() == later.date()
    Errand.objects.update(due=timezone.now())
    world.settle()
    assert world.home.rooms[boats.room].membership(ghost) == "leave"
    pat.follow(boats.handle)
    world.settle()
    assert followers(boats.id) == {mod.id, pat.id}


def test_a_person_here_is_banned_and_let_in_again_and_the_members_hear_of_it(
    world: World, alice: Resident, ada: Resident, boats: Group, pat: Neighbour
) -> None:
    ada.tell_bot(f"follow {boats.handle}")
    ada.person.join(boats.room)
    world.settle()
    alice.person.ban(boats.room, ada.person.user_id, "rude")
    world.settle()
    (block,) = announced(pat, "Block")
    assert (block["actor"], block["object"], block["target"]) == (
        alice.actor,
        ada.actor,
        boats.id,
    )
    assert block["summary"] == "rude"
    assert followers(boats.id) == {pat.id}
    assert any("put you out" in words and "rude" in words for words in ada.answers())
    alice.person.unban(boats.room, ada.person.user_id)
    world.settle()
    assert announced(pat, "Undo")[0]["object"]["type"] == "Block"
    assert not Block.objects.exists()
    assert world.json(block["id"])["type"] == "Block"


def test_a_group_in_which_only_moderators_begin_topics(
    world: World, alice: Resident, ada: Resident, boats: Group, pat: Neighbour
) -> None:
    first = told(world, pat, boats, "while anybody may")
    levels = world.home.rooms[boats.room].content("m.room.power_levels")
    events = {**levels["events"], "m.room.message": 50}
    alice.person.put_state(boats.room, "m.room.power_levels", {**levels, "events": events})
    world.settle()
    world.let_time_pass()
    world.settle()
    assert world.json(boats.id)["postingRestrictedToMods"] is True
    assert pat.received("Update")[-1]["activity"]["object"]["postingRestrictedToMods"] is True
    late = creates(pat, boats, "too late")
    world.hear(pat, late)
    world.settle()
    assert "begins topics" in outcome(late["id"]).note
    told(world, pat, boats, "an answer still may", inReplyTo=first)
    (event,) = alice.seen("an answer still may", boats.room)
    assert event["sender"].startswith("@_ap_bot:")
    mine = alice.person.send(boats.room, "news")
    world.settle()
    assert post(post_of(mine)).group == boats.id
    lost_and_rebuilt()
    assert world.json(boats.id)["postingRestrictedToMods"] is True


def test_after_a_loss_what_moderators_decided_stands(
    world: World, alice: Resident, boats: Group, pat: Neighbour, mod: Neighbour
) -> None:
    kept, locked, gone, back = (
        told(world, pat, boats, words) for words in ("kept", "locked", "gone", "back")
    )
    pin = stands(alice, boats.room, "kept")
    alice.person.put_state(boats.room, PINNED, {"pinned": [pin]})
    decides(world, mod, boats.id, "Lock", locked)
    decides(world, mod, boats.id, "Delete", gone, summary="no")
    alice.person.redact(boats.room, stands(alice, boats.room, "back"), "oh")
    world.settle()
    removal = announced(pat, "Delete")[-1]
    world.hear(mod, said(mod, "Undo", {**removal, "id": f"{mod.id}/x", "actor": mod.id}))
    world.settle()
    assert post(back).group == boats.id
    before = kept_of_it(gone)
    documents = {uri: world.get(uri) for uri in (f"{boats.id}/featured", removal["id"])}
    lost_and_rebuilt()
    assert kept_of_it(gone) == before
    assert {uri: world.get(uri) for uri in documents} == documents
    assert post(locked).locked
    assert [post(uri).group for uri in (kept, back)] == [boats.id, boats.id]


def test_who_has_narrowed_a_post_is_banned_all_the_same(
    world: World, alice: Resident, boats: Group, pat: Neighbour, mod: Neighbour
) -> None:
    uri = told(world, pat, boats, "for everybody")
    other = told(world, pat, boats, "and this")
    object_ = note(pat, "for few", id=uri, audience=boats.id, to=[f"{pat.id}/followers"], cc=[])
    now = timezone.now().isoformat()
    world.hear(pat, said(pat, "Update", {**object_, "updated": now}, to=[f"{pat.id}/followers"]))
    world.settle()
    assert post(uri).visibility == "private"
    decides(world, mod, boats.id, "Block", pat.id, target=boats.id, removeData=True)
    assert Block.objects.filter(author__uri=boats.id, target__uri=pat.id).exists()
    assert post(other).group == ""


# ---- in a group elsewhere


@pytest.fixture
def judge(world: World) -> Neighbour:
    return world.neighbour("judge", host=1)


@pytest.fixture
def cats(world: World, alice: Resident, judge: Neighbour) -> Neighbour:
    """A group elsewhere that alice follows, with its lists."""
    found = world.neighbour("cats", type="Group")
    listed = {"type": "OrderedCollection", "orderedItems": [judge.id]}
    page = found.post("who moderates", extra=listed)
    found.update_profile(attributedTo=page.post, featured=f"{found.id}/featured")
    alice.tell_bot(f"follow {found.handle}")
    world.settle()
    return found


def measure(judge: Neighbour, cats: Neighbour, kind: str, about: Any, **more: Any) -> Any:
    return said(judge, kind, about, to=[PUBLIC], cc=[cats.id], audience=cats.id, **more)


def test_nobody_but_its_moderators_decides_in_a_group_elsewhere_and_only_through_it(
    world: World, alice: Resident, cats: Neighbour, judge: Neighbour
) -> None:
    sol = world.neighbour("sol")
    create = topic(sol, cats, "meow")
    passes_on(world, cats, create)
    uri = create["object"]["id"]
    passes_on(world, cats, measure(sol, cats, "Lock", uri))
    direct = measure(judge, cats, "Lock", uri)
    world.hear(judge, said(judge, "Follow", alice.actor))
    world.hear(judge, direct)
    world.settle()
    passes_on(world, cats, measure(judge, cats, "Add", uri, target=f"{judge.id}/featured"))
    assert post(uri).locked is None
    assert not Actor.objects.get(uri=cats.id).pins.exists()


def test_a_group_elsewhere_decides_nothing_of_what_was_never_said_in_it(
    world: World, alice: Resident, boats: Group, cats: Neighbour, judge: Neighbour
) -> None:
    mine = post_of(alice.post("in my own room"))
    world.settle()
    removal = measure(judge, cats, "Delete", mine, summary="")
    passes_on(world, cats, measure(judge, cats, "Undo", removal))
    assert post(mine).group == ""
    assert not Boost.objects.filter(author__uri=cats.id).exists()
    uri = post_of(alice.person.send(boats.room, "It floats."))
    world.settle()
    world.hear(cats, said(cats, "Announce", uri, to=[PUBLIC]))
    world.settle()
    assert Boost.objects.filter(author__uri=cats.id, post__uri=uri).exists()
    passes_on(world, cats, measure(judge, cats, "Lock", uri))
    assert post(uri).locked is None


def test_what_moderators_of_a_group_elsewhere_decide_is_seen_in_its_room(
    world: World, alice: Resident, cats: Neighbour, judge: Neighbour
) -> None:
    sol = world.neighbour("sol")
    create = topic(sol, cats, "meow")
    passes_on(world, cats, create)
    uri, room = create["object"]["id"], world.mirror(cats, alice)
    root = stands(alice, room, "meow")
    passes_on(world, cats, measure(judge, cats, "Add", uri, target=f"{cats.id}//featured"))
    assert pinned(world, room) == [root]
    lock = measure(judge, cats, "Lock", uri)
    passes_on(world, cats, lock)
    assert alice.seen("has locked this", room)
    alice.person.reply(room, root, "purr", root)
    world.settle()
    assert not cats.received("Create", contains="purr")
    assert "locked" in alice.answers()[-1]
    before = kept_of_it()
    lost_and_rebuilt()
    assert kept_of_it() == before
    passes_on(world, cats, measure(judge, cats, "Undo", lock))
    assert post(uri).locked is None
    removal = measure(judge, cats, "Delete", uri, summary="no")
    passes_on(world, cats, removal)
    assert not alice.seen("meow", room)
    assert pinned(world, room) == []
    passes_on(world, cats, measure(judge, cats, "Undo", removal))
    assert len(alice.seen("meow", room)) == 1
    assert post(uri).group == cats.id
    assert Boost.objects.filter(author__uri=cats.id, post__uri=uri).count() == 1
    lost_and_rebuilt()
    assert post(uri).group == cats.id


def test_a_lock_counts_in_the_group_that_locked_and_not_below_in_another(
    world: World, alice: Resident, cats: Neighbour, judge: Neighbour
) -> None:
    sol, dogs = world.neighbour("sol"), world.neighbour("dogs", type="Group")
    alice.tell_bot(f"follow {dogs.handle}")
    world.settle()
    create = topic(sol, cats, "meow")
    passes_on(world, cats, create)
    passes_on(world, cats, measure(judge, cats, "Lock", create["object"]["id"]))
    passes_on(world, dogs, topic(sol, dogs, "woof", inReplyTo=create["object"]["id"]))
    room = world.mirror(dogs, alice)
    woof = stands(alice, room, "woof")
    alice.person.reply(room, woof, "good dog", woof)
    world.settle()
    assert dogs.received("Create", contains="good dog")
    passes_on(world, dogs, topic(sol, cats, "hiss", inReplyTo=create["object"]["id"]))
    alice.person.reply(room, stands(alice, room, "hiss"), "bad cat")
    world.settle()
    assert "locked" in alice.answers()[-1]
    assert not Post.objects.filter(html__contains="bad cat").exists()


def test_who_is_banned_from_a_group_elsewhere_leaves_its_room_until_the_ban_ends(
    world: World, alice: Resident, ada: Resident, cats: Neighbour, judge: Neighbour
) -> None:
    room = world.mirror(cats, alice)
    ada.person.knock(room)
    world.settle()
    ada.person.join(room)
    sol = world.neighbour("sol")
    passes_on(world, cats, topic(sol, cats, "spam"))
    passes_on(world, cats, measure(judge, cats, "Block", sol.id, target=cats.id, removeData=True))
    assert not alice.seen("spam", room)
    until = (timezone.now() + timezone.timedelta(days=1)).isoformat()
    block = measure(judge, cats, "Block", ada.actor, target=cats.id, endTime=until, summary="rude")
    passes_on(world, cats, block)
    assert world.home.rooms[room].membership(ada.person.user_id) == "leave"
    assert "put you out" in ada.answers()[-1]
    assert "rude" in ada.answers()[-1]
    assert followers(cats.id) == {alice.actor}
    late = timezone.now() + timezone.timedelta(days=9)
    more = {"target": cats.id, "endTime": late.isoformat(), "summary": "rude again"}
    passes_on(world, cats, measure(judge, cats, "Block", ada.actor, **more))
    assert "rude again" in ada.answers()[-1]
    assert ends() == late.date()
    passes_on(world, cats, block)
    assert ends() == late.date()
    before = shown()
    lost_and_rebuilt()
    assert shown()["blocks"] == before["blocks"]
    assert ends() == late.date()
    Errand.objects.filter(kind="ban").update(due=timezone.now())
    world.settle()
    assert not Block.objects.exists()
    ada.tell_bot(f"follow {cats.handle}")
    world.settle()
    assert len(cats.received("Follow")) == 3


def test_who_is_made_moderator_of_a_group_elsewhere_reads_so(
    world: World, alice: Resident, cats: Neighbour, judge: Neighbour
) -> None:
    by = world.neighbours.call("actors", name=cats.id)["document"]["attributedTo"]
    passes_on(world, cats, measure(judge, cats, "Add", alice.actor, target=by))
    assert "You moderate" not in alice.answers()[-1]
    listed = {"type": "OrderedCollection", "orderedItems": [judge.id, alice.actor]}
    page = cats.post("who moderates now", extra=listed)
    cats.update_profile(attributedTo=page.post)
    world.settle()
    passes_on(world, cats, measure(judge, cats, "Add", alice.actor, target=page.post))
    assert "You moderate" in alice.answers()[-1]
    assert alice.actor in Actor.objects.get(uri=cats.id).moderators


# ---- reports


def test_what_is_reported_to_a_group_its_moderators_here_read_without_the_reporters_name(
    world: World, alice: Resident, boats: Group, pat: Neighbour
) -> None:
    ada = world.resident("ada")
    uri = told(world, pat, boats, "buy this")
    lena = world.neighbour("lena", host=1)
    flag = said(lena, "Flag", uri, to=[boats.id], audience=boats.id, summary="not about boats")
    world.hear(lena, said(lena, "Follow", boats.id))
    world.hear(lena, flag)
    world.settle()
    assert Report.objects.get().words == "not about boats"
    assert "not about boats" in alice.answers()[-1]
    assert uri in str(alice.timeline(alice.desk)[-1]["content"])
    assert not any(lena.name in words or lena.acct in words for words in alice.answers())
    assert not any("not about boats" in words for words in ada.answers())
    ada.person.join(boats.room)
    mine = ada.person.send(boats.room, "and this")
    empowered(world, boats, alice, ada.person.user_id)
    flag = said(lena, "Flag", post_of(mine), to=[boats.id], summary="nor is this")
    world.hear(lena, flag)
    world.settle()
    assert "nor is this" in alice.answers()[-1]
    assert not any("nor is this" in words for words in ada.answers())


def test_moderators_read_no_more_of_a_report_than_what_stands_in_their_group(
    world: World, alice: Resident, boats: Group
) -> None:
    ada = world.resident("ada")
    ada.person.join(boats.room)
    mine = post_of(ada.person.send(boats.room, "in the group"))
    elsewhere = post_of(ada.post("in my own room"))
    world.settle()
    lena = world.neighbour("lena", host=1)
    world.hear(lena, said(lena, "Follow", boats.id))
    world.hear(lena, said(lena, "Flag", [ada.actor, mine, elsewhere], to=[boats.id], summary="no"))
    world.settle()
    notice = str(alice.timeline(alice.desk)[-1]["content"])
    assert mine in notice
    assert elsewhere not in notice


# ---- at the desk, and in the room


def test_who_gave_the_room_to_another_bridge_locks_nothing_in_it_through_this_one(
    world: World, alice: Resident, boats: Group, pat: Neighbour
) -> None:
    uri = told(world, pat, boats, "It floats.")
    root = stands(alice, boats.room, "It floats.")
    other = {"v": 1, "bot": "@other:hs.test"}
    alice.person.put_state(boats.room, "social.ownroom.bridge", other)
    world.settle()
    alice.person.reply(boats.room, root, "!ownroom lock", root)
    world.settle()
    assert post(uri).locked is None
    assert not announced(pat, "Lock")


def test_who_moderates_decides_at_their_own_desk_and_below_the_topic(
    world: World, alice: Resident, boats: Group, pat: Neighbour
) -> None:
    ada = world.resident("ada")
    ada.person.join(boats.room)
    uri = told(world, pat, boats, "It floats.")
    root = stands(alice, boats.room, "It floats.")
    ada.person.reply(boats.room, root, "!ownroom lock", root)
    ada.tell_bot(f"moderate lock {uri}")
    world.settle()
    assert post(uri).locked is None
    assert any("moderate no group" in words for words in ada.answers()[-2:])
    alice.person.reply(boats.room, root, "!ownroom lock too hot", root)
    world.settle()
    lock = announced(pat, "Lock")[-1]
    assert (lock["actor"], lock["object"], lock["summary"]) == (alice.actor, uri, "too hot")
    assert world.json(lock["id"])["type"] == "Lock"
    for word, there in (("unlock", ""), ("pin", uri), ("unpin", "")):
        alice.tell_bot(f"moderate {word} {uri}")
        world.settle()
        assert world.json(f"{boats.id}/featured")["orderedItems"] == [one for one in [there] if one]
    assert post(uri).locked is None
    alice.tell_bot(f"moderate remove {uri} off topic")
    world.settle()
    assert announced(pat, "Delete")[-1]["summary"] == "off topic"
    assert not alice.seen("It floats.", boats.room)
    alice.tell_bot(f"moderate restore {uri}")
    world.settle()
    assert alice.seen("It floats.", boats.room)
    alice.tell_bot(f"moderate ban {pat.handle} {boats.handle} for 7d with posts rude")
    quiet = world.neighbour("quiet")
    alice.tell_bot(f"moderate ban {quiet.handle} {boats.handle} for 2d")
    world.settle()
    assert not followers(boats.id)
    assert not alice.seen("It floats.", boats.room)
    assert banned_for_some_time() == {(boats.id, who.id) for who in (pat, quiet)}
    lost_and_rebuilt()
    assert banned_for_some_time() == {(boats.id, who.id) for who in (pat, quiet)}
    alice.tell_bot(f"moderate unban {quiet.handle} {boats.handle}")
    alice.tell_bot(f"moderate unban {pat.handle} {boats.handle}")
    world.settle()
    assert not Block.objects.exists()
    alice.tell_bot(f"moderate ban {pat.handle} {boats.handle}")
    world.settle()
    for _ in range(2):  # the first ban would have ended by itself, this one does not
        assert Block.objects.exists()
        assert not Errand.objects.filter(kind="ban").exclude(due=None).exists()
        lost_and_rebuilt()
    alice.tell_bot("moderate")
    world.settle()
    assert "moderate lock LINK" in alice.answers()[-1]


def test_of_a_post_that_is_not_for_them_nobody_learns_that_it_is_there(
    world: World, alice: Resident, boats: Group, pat: Neighbour
) -> None:
    ada = world.resident("ada")
    create = note(pat, "psst", to=[ada.actor], cc=[boats.id])
    world.hear(pat, said(pat, "Create", create, to=[ada.actor], cc=[boats.id]))
    world.settle()
    assert post(create["id"]).visibility == "limited"
    for link in (create["id"], f"{create['id']}0", post_of(f"${'x' * 43}")):
        alice.tell_bot(f"moderate remove {link}")
        world.settle()
        assert "I know nothing of that post" in alice.answers()[-1]
    ada.tell_bot(f"moderate remove {create['id']}")
    world.settle()
    assert any("moderate no group" in words for words in ada.answers()[-2:])


def test_who_moderates_a_group_elsewhere_asks_it_and_it_decides(
    world: World, alice: Resident, cats: Neighbour, judge: Neighbour
) -> None:
    sol = world.neighbour("sol")
    create = topic(sol, cats, "meow")
    passes_on(world, cats, create)
    uri = create["object"]["id"]
    alice.tell_bot(f"moderate lock {uri}")
    world.settle()
    assert not cats.received("Lock")
    listed = {"type": "OrderedCollection", "orderedItems": [judge.id, alice.actor]}
    cats.update_profile(attributedTo=cats.post("mods", extra=listed).post)
    cache.clear()
    alice.tell_bot(f"moderate lock {uri} enough")
    world.settle()
    assert "I asked" in alice.answers()[-1]
    lock = cats.received("Lock")[-1]["activity"]
    assert (lock["actor"], lock["object"], lock["cc"]) == (alice.actor, uri, [cats.id])
    assert post(uri).locked is None
    passes_on(world, cats, lock)
    assert post(uri).locked
    assert alice.seen("has locked this", world.mirror(cats, alice))
