"""Stories of keeping away: blocks, blocks of a whole server for oneself, and mutes."""

from datetime import timedelta

import pytest
from django.utils import timezone

from bridge import names, rebuild
from bridge.demo.neighbourhood import Actor as Neighbour
from bridge.demo.neighbourhood import Neighbour as Neighbourhood
from bridge.models import Document, Room
from social import timelines
from social.models import Actor, Block, Follow, HostBlock, Mute, Post, Reaction
from tests.fakes.world import Resident, World, followers, note, post_of, said
from tests.rebuilt import lost_and_rebuilt

WAYS = ("block", "server", "mute")


@pytest.fixture
def far(neighbours: Neighbourhood) -> str:
    """The host on which carol and mallory live."""
    return f"127.0.0.2:{neighbours.port}"


@pytest.fixture
def carol(world: World) -> Neighbour:
    return world.neighbour("carol", host=1)


def shut(world: World, who: Resident, other: Neighbour, way: str, far: str) -> None:
    line = {"block": f"block {other.handle}", "server": f"block {far}"}
    who.tell_bot(line.get(way, f"mute {other.handle}"))
    world.settle()


# ---- the table: what each keeps away, and from where


@pytest.mark.parametrize("way", WAYS)
def test_what_is_kept_away_from_ones_inbox(
    world: World, alice: Resident, carol: Neighbour, far: str, way: str
) -> None:
    event = alice.post("hello")
    world.settle()
    shut(world, alice, carol, way, far)
    told = len(alice.answers())
    carol.post("an answer", reply_to=post_of(event))
    carol.post("look at me", mentions=[alice.handle])
    carol.post("a letter", to="direct", mentions=[alice.handle])
    carol.like(post_of(event))
    carol.follow(alice.handle)
    world.settle()
    muted = way == "mute"  # others read the room, and see it as it is
    assert len(alice.answers()) == told
    assert bool(alice.seen("an answer")) is muted
    assert bool(Reaction.objects.count()) is muted
    assert bool(followers(alice.actor)) is muted
    assert ("an answer" in world.page(post_of(event))) is muted
    assert not Room.objects.filter(kind="direct", ready=True).exists()
    assert bool(carol.received("Reject")) is not muted


@pytest.mark.parametrize("way", WAYS)
def test_who_keeps_away_is_read_by_a_signed_request_or_not(
    world: World, alice: Resident, carol: Neighbour, far: str, way: str
) -> None:
    uri = post_of(alice.post("hello"))
    world.settle()
    carol.like(uri)  # so that it is known
    world.settle()
    shut(world, alice, carol, way, far)
    wanted = 200 if way == "mute" else 404
    for url in (uri, f"{uri}/create", f"{alice.actor}/outbox", f"{alice.actor}/followers"):
        assert carol.look(url) == wanted, url
    assert carol.look(alice.actor) == 200
    assert world.get(uri)[0] == 200


@pytest.mark.parametrize("way", WAYS)
def test_the_follows_of_those_kept_away_end_or_stay(
    world: World, alice: Resident, carol: Neighbour, far: str, way: str
) -> None:
    world.friends(carol, alice)
    shut(world, alice, carol, way, far)
    stays = way == "mute"
    assert Follow.objects.count() == (2 if stays else 0)
    assert bool(carol.received("Reject")) is not stays
    undone = [one["activity"]["object"]["type"] for one in carol.received("Undo")]
    assert undone == ([] if stays else ["Follow"])
    assert bool(carol.received("Block")) is (way == "block")
    alice.post("for my followers")
    world.settle()
    assert bool(carol.received("Create")) is stays


@pytest.mark.parametrize("way", WAYS)
def test_boosts_by_and_of_those_kept_away_are_not_read(
    world: World, alice: Resident, bob: Neighbour, carol: Neighbour, far: str, way: str
) -> None:
    world.friends(bob, alice)
    post = carol.post("far words").post
    alice.tell_bot(f"follow {carol.handle}")
    world.settle()
    shut(world, alice, carol, way, far)
    bob.boost(post)
    carol.boost(bob.post("near words").post)
    world.settle()
    mirror = world.mirror(bob, alice)
    assert not alice.seen("far words", mirror)
    reader = alice.row()
    assert {p.html for p in timelines.home(reader)} == {"<p>near words</p>"}
    alice.tell_bot("home")
    world.settle()
    assert "far words" not in alice.answers()[-1]
    boosts = Post.objects.get(html__contains="near words").boosts.count()
    assert boosts == (1 if way == "mute" else 0)


@pytest.mark.parametrize("way", WAYS)
def test_what_was_answered_before_is_hidden_or_stays_on_page_and_in_lists(
    world: World, alice: Resident, carol: Neighbour, far: str, way: str
) -> None:
    uri = post_of(alice.post("hello #greeting"))
    world.settle()
    answer = carol.post("an old answer #greeting", reply_to=uri).post
    carol.like(uri)
    world.settle()
    assert "an old answer" in world.page(uri)
    assert "1 like<" in world.page(uri)
    shut(world, alice, carol, way, far)
    stays = way == "mute"
    assert ("an old answer" in world.page(uri)) is stays
    assert ("1 like<" in world.page(uri)) is stays
    assert (answer in str(world.json(f"{uri}/replies?page=others"))) is stays
    assert (answer in str(world.json(f"{uri}/context?page=true"))) is stays
    assert "an old answer" not in world.page("/tags/greeting")
    assert Post.objects.visible_to(alice.row()).filter(uri=answer).exists() is stays


@pytest.mark.parametrize("way", WAYS)
def test_what_one_writes_reaches_those_kept_away_or_not(
    world: World, alice: Resident, carol: Neighbour, far: str, way: str
) -> None:
    carol.post("hello", mentions=[alice.handle])
    world.settle()
    shut(world, alice, carol, way, far)
    alice.post(f"about {carol.handle}")
    world.settle()
    assert bool(carol.received("Create")) is (way == "mute")


@pytest.mark.parametrize("way", WAYS)
def test_it_comes_back_with_a_rebuild_and_ends_when_taken_back(
    world: World, alice: Resident, carol: Neighbour, far: str, way: str
) -> None:
    world.friends(carol, alice)
    shut(world, alice, carol, way, far)
    follows = Follow.objects.count()
    tables = (Block, HostBlock, Mute)
    before = [list(table.objects.values_list("uri", "author__uri", "at")) for table in tables]
    assert sum(map(len, before)) == 1
    for table in (*tables, Post, Room, Document, Actor):
        table.objects.all().delete()
    rebuild.rebuild(lambda _: None)
    assert before == [list(t.objects.values_list("uri", "author__uri", "at")) for t in tables]
    assert Follow.objects.count() == follows == (2 if way == "mute" else 0)
    words = {"block": f"unblock {carol.handle}", "server": f"unblock {far}"}
    alice.tell_bot(words.get(way, f"unmute {carol.handle}"))
    world.settle()
    assert any("no longer" in line for line in alice.answers())
    assert not any(table.objects.exists() for table in tables)
    carol.follow(alice.handle)
    world.settle()
    assert followers(alice.actor) == {carol.id}


# ---- a server


def test_a_block_for_oneself_is_no_block_for_others(
    world: World, alice: Resident, carol: Neighbour, far: str
) -> None:
    dave = world.resident("dave")
    alice.tell_bot(f"block {far}")
    world.settle()
    world.friends(carol, dave)
    carol.post("good morning")
    world.settle()
    assert dave.seen("good morning", world.mirror(carol, dave))
    assert carol.look(post_of(dave.post("and to you"))) in {200, 404}
    world.settle()
    assert carol.received("Create", contains="and to you")


def test_a_server_is_blocked_with_all_below_it_and_none_beside_it(
    world: World, alice: Resident
) -> None:
    row = alice.row()
    HostBlock.objects.create(uri="u", author=row, host="bad.example", at=1)
    shown = {}
    for number, host in enumerate(
        ("bad.example", "a.bad.example", "bad.example:8443", "notbad.example", "bad.example.org")
    ):
        other = Actor.objects.create(
            uri=f"https://{host}/u", handle=f"u{number}", host=host, domain="elsewhere.example"
        )
        post = Post.objects.create(
            uri=f"https://{host}/p", author=other, visibility="public", published=1
        )
        shown[host] = Post.objects.visible_to(row).filter(pk=post.pk).exists()
    assert [host for host, seen in shown.items() if seen] == ["notbad.example", "bad.example.org"]


def test_ones_own_server_cannot_be_blocked(world: World, alice: Resident) -> None:
    alice.tell_bot(f"block {world.url.removeprefix('http://')}")
    world.settle()
    assert "this server itself" in alice.answers()[-1]
    assert not HostBlock.objects.exists()


def test_both_kinds_of_blocks_are_listed(
    world: World, alice: Resident, bob: Neighbour, far: str
) -> None:
    for line in (f"block {bob.handle}", f"block {far}", "blocks"):
        alice.tell_bot(line)
        world.settle()
    answer = alice.answers()[-1]
    assert "You block (2)" in answer
    assert far in answer
    assert bob.handle in answer


# ---- mutes


def test_nobody_else_hears_of_a_mute_or_of_a_block_of_a_server(
    world: World, alice: Resident, bob: Neighbour, far: str
) -> None:
    world.friends(bob, alice)
    heard = len(bob.received())
    kept = set(Document.objects.values_list("uri", flat=True))
    for line in (f"mute {bob.handle} for 7d", f"block {far}", f"unmute {bob.handle}"):
        alice.tell_bot(line)
        world.settle()
    assert len(bob.received()) == heard
    assert set(Document.objects.values_list("uri", flat=True)) == kept
    public = world.home.rooms[alice.room].events
    assert not [event for event in public if "ute" in str(event.get("content"))]


def test_where_only_the_muter_reads_nothing_comes_and_others_read_on(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    world.friends(bob, alice)
    mirror = world.mirror(bob, alice)
    alice.tell_bot(f"mute {bob.handle}")
    world.settle()
    bob.post("to nobody here")
    world.settle()
    assert not alice.seen("to nobody here", mirror)
    dave = world.resident("dave")
    dave.tell_bot(f"follow {bob.handle}")
    world.settle()
    bob.post("to dave")
    world.settle()
    assert dave.seen("to dave", world.mirror(bob, dave))


def test_a_conversation_goes_on_for_those_who_do_not_mute(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    dave = world.resident("dave")
    alice.tell_bot(f"mute {bob.handle}")
    world.settle()
    letter = note(bob, "to both of you", to=[alice.actor, dave.actor], cc=[])
    world.hear(bob, said(bob, "Create", letter))
    world.settle()
    (room,) = Room.objects.filter(kind="direct", ready=True)
    dave.person.join(room.room_id)
    assert dave.seen("to both of you", room.room_id)


def test_the_answer_names_whom_to_ignore_in_rooms_that_others_read_too(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    event = alice.post("hello")
    world.settle()
    bob.post("an answer", reply_to=post_of(event))
    world.settle()
    (ghost,) = (e["sender"] for e in alice.seen("an answer"))
    alice.tell_bot(f"mute {bob.handle}")
    world.settle()
    link = names.matrix_link(ghost)
    assert any("ignore" in line and link in line for line in alice.answers())


def test_a_mute_ends_by_itself(world: World, alice: Resident, bob: Neighbour) -> None:
    alice.tell_bot(f"mute {bob.handle} for 7d")
    world.settle()
    until = Mute.objects.get().until
    week = timezone.now() + timedelta(days=7)
    assert abs(until - week.timestamp() * 1000) < 60_000
    alice.tell_bot("mutes")
    world.settle()
    assert "until" in alice.answers()[-1]
    lost_and_rebuilt()
    assert Mute.objects.get().until == until
    Mute.objects.update(until=1000)
    bob.post("back again", mentions=[alice.handle])
    world.settle()
    assert any("back again" in line for line in alice.answers())
    alice.tell_bot("mutes")
    world.settle()
    assert "You mute nobody" in alice.answers()[-1]


@pytest.mark.parametrize("words", ["for ever", "for 0d", "until 7d", "for 99999w", "7 d"])
def test_a_span_that_cannot_be_read_is_answered_with_how_to_say_it(
    world: World, alice: Resident, bob: Neighbour, words: str
) -> None:
    alice.tell_bot(f"mute {bob.handle} {words}")
    world.settle()
    assert "for 7d" in alice.answers()[-1]
    assert not Mute.objects.exists()


def test_a_mute_by_somebody_elsewhere_is_nothing_we_read(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    world.hear(bob, said(bob, "Ignore", alice.actor))
    world.settle()
    assert not Mute.objects.exists()
