"""What a post said before it was edited: kept, shown to its readers, and gone with it."""

from typing import Any

import pytest

from bridge.activitypub import jsonld
from bridge.demo.neighbourhood import Actor as Neighbour
from bridge.models import Room
from social.models import Post, Version
from tests.fakes.world import Resident, World, post, post_of
from tests.fakes.world import note as world_note
from tests.fakes.world import said as activity
from tests.rebuilt import lost_and_rebuilt

MENTIONED = "mentioned you"


def said(uri: str) -> list[str]:
    """What it said before, oldest first."""
    rows = Version.objects.filter(post__uri=uri).order_by("at", "pk")
    return list(rows.values_list("html", flat=True))


def revises(world: World, bob: Neighbour, note: dict[str, Any], text: str, **more: Any) -> None:
    number = Post.objects.count() + len(text)
    later = jsonld.iso(4_000_000_000_000 + number)
    now = note | {"content": f"<p>{text}</p>", "updated": note["published"]} | more
    update = {"id": f"{note['id']}#edit-{later}", "type": "Update", "actor": bob.id}
    world.hear(bob, {**update, "to": now["to"], "cc": now["cc"], "object": now})
    world.settle()


def test_narrowing_a_post_ends_its_history(world: World, alice: Resident, bob: Neighbour) -> None:
    world.friends(bob, alice)
    note = bob.post("for all").activity["object"]
    world.settle()
    revises(world, bob, note, "for all, better")
    assert said(note["id"]) == ["<p>for all</p>"]
    followers = [f"{bob.id}/followers"]
    revises(world, bob, note, "for followers now", to=followers, cc=[])
    assert post(note["id"]).visibility == "private"
    assert said(note["id"]) == []
    lost_and_rebuilt()
    assert said(note["id"]) == []


def told(alice: Resident) -> list[str]:
    """What the newest words of each mention in the desk are, as a client shows them."""
    events = alice.timeline(alice.desk)
    first = {e["event_id"]: e["content"]["body"] for e in events if MENTIONED in str(e["content"])}
    for event in events:
        related = event["content"].get("m.relates_to", {})
        if related.get("rel_type") == "m.replace" and related["event_id"] in first:
            first.pop(event["event_id"])
            first[related["event_id"]] = event["content"]["m.new_content"]["body"]
    return list(first.values())


def test_an_edit_changes_what_the_desk_said_of_the_post(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    note = bob.post("first words", mentions=[alice.actor]).activity["object"]
    world.settle()
    revises(world, bob, note, "second words")
    (shown,) = told(alice)
    assert "second words" in shown
    assert "first words" not in shown
    lost_and_rebuilt()
    assert post(note["id"]).html == "<p>second words</p>"
    (before,) = said(note["id"])
    assert "first words" in before
    bob.delete(note["id"])
    world.settle()
    assert told(alice) == []
    assert "second words" not in str(alice.timeline(alice.desk))


def test_what_somebody_here_wishes_for_themselves_stands_in_nobody_elses_desk(
    world: World, alice: Resident, ada: Resident, bob: Neighbour
) -> None:
    ada.post(f"by ada, to {alice.handle}")
    bob.post("by bob", mentions=[alice.actor])
    world.settle()
    copies = [e["content"].get("social.ownroom.object", {}) for e in alice.timeline(alice.desk)]
    by = {copy["by"]: copy for copy in copies if "by" in copy}
    assert "who" in by[bob.id]
    assert "who" not in by.get(ada.actor, {})
    assert any("by ada" in answer for answer in alice.answers())


@pytest.mark.parametrize("command", ["block", "mute"])
def test_an_edit_tells_nobody_who_wants_to_hear_nothing_of_its_author(
    world: World, alice: Resident, bob: Neighbour, command: str
) -> None:
    note = bob.post("first words", mentions=[alice.actor]).activity["object"]
    world.settle()
    alice.tell_bot(f"{command} {bob.handle}")
    world.settle()
    revises(world, bob, note, "second words")
    assert "second words" not in str(alice.timeline(alice.desk))


@pytest.mark.parametrize("known", [True, False])
def test_whom_an_edit_names_for_the_first_time_reads_so_in_their_desk(
    world: World, alice: Resident, ada: Resident, bob: Neighbour, *, known: bool
) -> None:
    world.friends(bob, ada)
    note = world_note(bob, "nobody is named")
    if known:  # else the edit is the first that is heard of it
        world.hear(bob, activity(bob, "Create", note))
    world.settle()
    now: dict[str, Any] = {"cc": [*note["cc"], alice.actor]}
    now["tag"] = [{"type": "Mention", "href": alice.actor, "name": alice.handle}]
    revises(world, bob, note, "now alice is", **now)
    (shown,) = told(alice)
    assert "now alice is" in shown
    revises(world, bob, note, "now alice is, too", **now)
    (shown,) = told(alice)
    assert "now alice is, too" in shown
    lost_and_rebuilt()
    world.hear(bob, activity(bob, "Delete", note["id"]))
    world.settle()
    assert told(alice) == []


def test_whom_somebody_here_names_in_an_edit_reads_so_in_their_desk(
    world: World, alice: Resident, ada: Resident
) -> None:
    event = alice.post("nobody is named")
    world.settle()
    alice.person.edit(alice.room, event, f"hello {ada.handle}")
    world.settle()
    (shown,) = told(ada)
    assert "hello @ada" in shown


def test_an_edit_that_is_no_longer_for_somebody_does_not_reach_their_desk(
    world: World, alice: Resident, ada: Resident, bob: Neighbour
) -> None:
    note = bob.post("for all", mentions=[alice.actor]).activity["object"]
    world.settle()
    revises(world, bob, note, "for ada", to=[ada.actor], cc=[], tag=[])
    assert "for ada" not in str(alice.timeline(alice.desk))


def test_who_is_named_only_now_in_what_is_not_open_reads_nothing_earlier(
    world: World, alice: Resident, ada: Resident, bob: Neighbour
) -> None:
    note = bob.post("a word", to="direct", mentions=[alice.actor]).activity["object"]
    world.settle()
    revises(world, bob, note, "a word!")
    assert len(said(note["id"])) == 1
    revises(world, bob, note, "a word to both", to=[alice.actor, ada.actor])
    assert said(note["id"]) == []


def test_a_deleted_post_has_no_history(world: World, alice: Resident) -> None:
    event = alice.post("first")
    world.settle()
    alice.person.edit(alice.room, event, "second")
    world.settle()
    assert said(post_of(event)) == ["<p>first</p>"]
    alice.person.redact(alice.room, event)
    world.settle()
    assert not Version.objects.exists()


def test_the_page_shows_how_often_it_was_edited_and_what_it_said(
    world: World, alice: Resident
) -> None:
    event = alice.post("first words")
    world.settle()
    assert "Edited" not in world.page(post(post_of(event)).url)
    for text in ("second words", "third words"):
        alice.person.edit(alice.room, event, text)
        world.settle()
    page = world.page(post(post_of(event)).url)
    assert "Edited 2 times" in page
    assert page.index("first words") < page.index("second words")
    assert "first words" not in world.json(post_of(event))["content"]


@pytest.mark.parametrize("edits", [1, 3])
def test_versions_come_back_from_receipts_and_copies(
    world: World, alice: Resident, bob: Neighbour, edits: int
) -> None:
    world.friends(bob, alice)
    mine = alice.post("mine 0")
    note = bob.post("theirs 0").activity["object"]
    world.settle()
    for number in range(edits):
        alice.person.edit(alice.room, mine, f"mine {number + 1}")
        revises(world, bob, note, f"theirs {number + 1}")
    before = set(Version.objects.values_list("post__uri", "html", "at"))
    assert len(before) == 2 * edits
    lost_and_rebuilt()
    assert set(Version.objects.values_list("post__uri", "html", "at")) == before


def test_only_the_newest_versions_are_kept(world: World, alice: Resident, bob: Neighbour) -> None:
    world.friends(bob, alice)
    note = bob.post("version 0").activity["object"]
    world.settle()
    for number in range(1, 24):
        revises(world, bob, note, f"version {number}")
    assert said(note["id"])[0] == "<p>version 3</p>"
    assert len(said(note["id"])) == 20


# ---- edits that are taken back

SLIP = "my password is hunter2"


def slips(world: World, alice: Resident, *, later: str = "") -> tuple[str, str]:
    """A post of two edits and one in which something slipped out; and maybe one more. The slip."""
    event, edits = alice.post("first words"), dict[str, str]()
    world.settle()
    for words in ("second words", SLIP, *filter(None, [later])):
        edits[words] = alice.person.edit(alice.room, event, words)
        world.settle()
    return event, edits[SLIP]


@pytest.mark.parametrize("later", ["", "third words"])
def test_an_edit_that_its_author_redacts_is_taken_back_everywhere(
    world: World, alice: Resident, bob: Neighbour, later: str
) -> None:
    bob.follow(alice.handle)
    world.settle()
    event, slip = slips(world, alice, later=later)
    now, uri = later or "second words", post_of(event)
    assert SLIP in world.page(post(uri).url)
    alice.person.redact(alice.room, slip)
    world.settle()
    assert bob.home.seen(uri)["content"] == f"<p>{now}</p>"
    assert world.json(uri)["content"] == f"<p>{now}</p>"
    shown = world.page(post(uri).url)
    assert SLIP not in shown
    assert now in shown
    earlier = ["<p>first words</p>", *(["<p>second words</p>"] if later else [])]
    assert said(uri) == earlier
    assert SLIP not in str(alice.person.messages(alice.room, 500)), "nor in a receipt"
    before = (post(uri).html, post(uri).updated, world.get(uri))
    lost_and_rebuilt()
    assert (post(uri).html, post(uri).updated, world.get(uri)) == before
    assert said(uri) == earlier


def test_the_first_edit_is_taken_back_to_the_message_itself(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    bob.follow(alice.handle)
    event = alice.post("!cw careful\nfirst *words*", "!cw careful<br>first <em>words</em>")
    world.settle()
    edit = alice.person.edit(alice.room, event, SLIP)
    world.settle()
    alice.person.redact(alice.room, edit)
    world.settle()
    now = bob.home.seen(post_of(event))
    assert (now["summary"], now["content"]) == ("careful", "<p>first <em>words</em></p>")
    assert said(post_of(event)) == []


@pytest.mark.parametrize("newest_first", [True, False])
def test_of_several_edits_that_are_taken_back_none_is_left(
    world: World, alice: Resident, *, newest_first: bool
) -> None:
    event = alice.post("first words")
    world.settle()
    edits = []
    for words in ("second words", "third words"):
        edits.append(alice.person.edit(alice.room, event, words))
        world.settle()
    for edit in edits[::-1] if newest_first else edits:
        alice.person.redact(alice.room, edit)
        world.settle()
    for _ in range(2):
        assert post(post_of(event)).html == "<p>first words</p>"
        assert said(post_of(event)) == []
        lost_and_rebuilt()
    left = str([one["content"] for one in world.home.rooms[alice.room].events])
    assert "first words" in left
    assert "second words" not in left
    assert "third words" not in left


def test_an_edit_that_somebody_else_redacts_stands_elsewhere(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    bob.follow(alice.handle)
    event, slip = slips(world, alice)
    power = alice.person.state(alice.room, "m.room.power_levels") or {}
    carol = world.person("carol")
    carol.join(alice.room)
    power["users"][carol.user_id] = 50
    alice.person.put_state(alice.room, "m.room.power_levels", power)
    carol.redact(alice.room, slip)
    world.settle()
    assert post(post_of(event)).html == f"<p>{SLIP}</p>"


def test_in_a_conversation_an_edit_is_taken_back_as_well(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    bob.post("hello", to="direct", mentions=[alice.handle])
    world.settle()
    between = Room.objects.get(kind="direct").room_id
    alice.person.join(between)
    event = alice.person.send(between, "between us")
    world.settle()
    edit = alice.person.edit(between, event, SLIP)
    world.settle()
    alice.person.redact(between, edit)
    world.settle()
    assert bob.home.seen(post_of(event))["content"] == "<p>between us</p>"
    assert SLIP not in str([*alice.timeline(between), *alice.timeline(alice.desk)])
    assert SLIP not in str(alice.person.messages(alice.desk, 500))
