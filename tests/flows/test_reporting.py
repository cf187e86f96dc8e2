"""Stories of reports: to the admins here and elsewhere, and to nobody else."""

import json

import pytest

from bridge import documents, moderation, rebuild
from bridge.demo.neighbourhood import Actor as Neighbour
from bridge.loop import run
from bridge.matrix import rooms
from bridge.models import Document, Room
from social.models import Actor, Delivery, Post, Report
from tests.fakes.world import Resident, World, outcome, post_of, said


def control(world: World) -> list[str]:
    """What stands in the admins' room."""
    room = Room.objects.get(kind="control").room_id
    found = world.home.rooms[room].events
    return [str(e["content"].get("body", "")) for e in found if e["type"] == "m.room.message"]


def everywhere_else(world: World) -> str:
    """All that anybody but an admin could find in a room, in one text."""
    admins = Room.objects.get(kind="control").room_id
    return "".join(
        json.dumps(room.events, default=str, ensure_ascii=False)
        for key, room in world.home.rooms.items()
        if key != admins
    )


# ---- from elsewhere


def test_a_report_of_nobody_here_is_not_kept(
    world: World, alice: Resident, bob: Neighbour, mallory: Neighbour
) -> None:
    alice.post("hello")
    world.settle()
    flag = said(mallory, "Flag", [bob.id, "https://far.example/1"], content="spam")
    assert world.hear(mallory, flag) == 202
    world.settle()
    assert "about nobody here" in outcome(flag["id"]).note
    assert not Report.objects.exists()


def test_a_report_reaches_the_admins_and_not_whom_it_is_about(
    world: World, alice: Resident, bob: Neighbour, mallory: Neighbour
) -> None:
    post = post_of(alice.post("hello"))
    world.settle()
    told = len(alice.answers())
    things = [alice.actor, post, bob.id, "https://evil.example/trap"]
    flag = said(mallory, "Flag", things, content="she says <b>mean</b> things", to=alice.actor)
    assert world.hear(mallory, flag) == 202
    world.settle()
    report = Report.objects.get()
    assert (report.author.uri, report.target.uri) == (mallory.id, alice.actor)
    assert (report.about, report.words) == ([post], "she says mean things")
    (notice,) = control(world)
    assert "she says mean things" in notice
    assert alice.handle in notice
    assert "trap" not in notice
    assert len(alice.answers()) == told
    assert "mean things" not in everywhere_else(world)
    assert mallory.id not in everywhere_else(world)
    assert not mallory.received()


def test_a_report_is_signed_by_whoever_makes_it(
    world: World, alice: Resident, bob: Neighbour, mallory: Neighbour
) -> None:
    flag = said(mallory, "Flag", [alice.actor]) | {"actor": bob.id, "id": f"{bob.id}/flags/1"}
    assert world.hear(mallory, flag) == 401
    assert not Report.objects.exists()


def test_a_server_cannot_bury_the_admins_in_reports(
    world: World, alice: Resident, mallory: Neighbour
) -> None:
    for number in range(22):
        world.hear(mallory, said(mallory, "Flag", [alice.actor], content=f"number {number}"))
    world.settle()
    assert Report.objects.count() == 20
    moderation.resolve(Report.objects.first())
    world.hear(mallory, said(mallory, "Flag", [alice.actor], content="one more"))
    world.settle()
    assert Report.objects.count() == 21


# ---- to elsewhere


def test_nobody_reports_themselves_or_what_they_cannot_read(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    bob.follow(alice.handle)
    world.settle()
    secret = Post.objects.create(
        uri=f"{bob.id}/secret",
        author=Actor.objects.get(uri=bob.id),
        visibility="direct",
        published=1,
    )
    for line, answer in (
        (f"report {alice.handle}", "cannot report yourself"),
        ("report", "report LINK WORDS"),
        ("report spam", "report LINK WORDS"),
        (f"report {secret.uri} spam", ""),
        ("forward", "no report that could be forwarded"),
    ):
        alice.tell_bot(line)
        world.settle()
        assert answer in alice.answers()[-1]
    assert not Report.objects.exists()


def test_who_follows_somebody_reports_none_of_their_letters_to_others(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    world.friends(bob, alice)
    author = Actor.objects.get(uri=bob.id)
    for shown in ("direct", "private"):
        uri = f"{bob.id}/{shown}"
        Post.objects.create(uri=uri, author=author, visibility=shown, published=1)
        alice.tell_bot(f"report {uri} spam")
        world.settle()
    assert [report.about for report in Report.objects.all()] == [[f"{bob.id}/private"]]


def test_a_report_stays_with_the_admins_here_until_it_is_forwarded(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    bob.post("nonsense", mentions=[alice.handle])
    world.settle()
    alice.tell_bot(f"report {bob.handle} he is rude")
    world.settle()
    assert any("he is rude" in line and bob.handle in line for line in control(world))
    assert any("without your name" in line for line in alice.answers())
    assert not bob.received("Flag")
    assert not Document.objects.filter(body__contains="he is rude").exists()
    alice.tell_bot("forward")
    world.settle()
    (flag,) = bob.received("Flag")
    assert Report.objects.get().forwarded
    assert flag["activity"]["content"] == "he is rude"


def test_a_forwarded_report_does_not_say_by_whom(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    rude = bob.post("nonsense", mentions=[alice.handle]).post
    world.settle()
    alice.tell_bot(f"block {bob.handle}")
    world.settle()
    event = alice.tell_bot(f"report {rude} forward he is rude")
    world.settle()
    (flag,) = bob.received("Flag")
    activity = flag["activity"]
    assert activity["actor"] == f"{world.url}/ap/actor"
    assert flag["actor"] == f"{world.url}/ap/actor", "the signature's"
    assert activity["object"] == [bob.id, rude]
    assert activity["to"] == [bob.id]
    written = json.dumps(flag)
    for trace in (alice.actor, alice.handle, "alice", event.removeprefix("$")):
        assert trace not in written
    assert world.get(activity["id"])[0] != 200 or "he is rude" not in str(
        world.get(activity["id"])[1]
    )
    assert Delivery.objects.get(network="activitypub", document=activity["id"]).sender.endswith(
        "/ap/actor"
    )


def test_a_forwarded_report_is_kept_only_as_long_as_it_may_be_sent(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    bob.post("nonsense", mentions=[alice.handle])
    world.settle()
    alice.tell_bot(f"report {bob.handle} forward he is rude")
    world.settle()
    documents.prune()
    assert Document.objects.filter(body__contains="he is rude").exists()
    Delivery.objects.all().delete()
    documents.prune()
    assert not Document.objects.filter(body__contains="he is rude").exists()


def test_a_post_is_reported_by_answering_what_the_bot_told_of_it(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    rude = bob.post("nonsense", mentions=[alice.handle]).post
    world.settle()
    (told,) = alice.seen("nonsense", alice.desk)
    alice.person.reply(alice.desk, told["event_id"], "report this is rude")
    world.settle()
    report = Report.objects.get()
    assert (report.target.uri, report.about) == (bob.id, [rude])
    assert report.words == "this is rude"


def test_somebody_here_is_reported_to_the_admins_alone(world: World, alice: Resident) -> None:
    dave = world.resident("dave")
    event = dave.post("nonsense")
    world.settle()
    alice.tell_bot(f"report {post_of(event)} forward rude")
    world.settle()
    report = Report.objects.get()
    assert (report.target.uri, report.forwarded) == (dave.actor, False)
    assert not any("rude" in line for line in dave.answers())
    assert not Delivery.objects.filter(document__contains="#reports/").exists()


# ---- what stays


@pytest.fixture
def admins_room(world: World, alice: Resident) -> str:
    return run(rooms.control())


def test_reports_come_back_with_a_rebuild(
    world: World, alice: Resident, bob: Neighbour, mallory: Neighbour, admins_room: str
) -> None:
    post = post_of(alice.post("hello"))
    world.settle()
    world.hear(mallory, said(mallory, "Flag", [alice.actor, post], content="from far"))
    alice.tell_bot(f"report {bob.handle} forward from here")
    world.settle()
    columns = ("uri", "author__uri", "target__uri", "about", "words", "at", "forwarded")
    before = sorted(Report.objects.values_list(*columns), key=str)
    assert len(before) == 2
    for table in (Report, Post, Document, Room, Actor):
        table.objects.all().delete()
    rebuild.rebuild(lambda _: None)
    assert sorted(Report.objects.values_list(*columns), key=str) == before


def test_a_report_that_somebody_else_writes_into_a_room_counts_for_nothing(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    bob.follow(alice.handle)
    world.settle()
    lie = {"act": "Report", "author": bob.id, "about": [alice.actor], "words": "w", "uri": "u"}
    entry = {"v": 1, "op": "report", "dir": "in", "said": lie | {"at": 1, "forward": False}}
    room = world.home.rooms[alice.desk]
    world.home.append(room, "social.ownroom.ledger", alice.person.user_id, entry)
    for table in (Post, Document, Room, Actor):
        table.objects.all().delete()
    rebuild.rebuild(lambda _: None)
    assert not Report.objects.exists()
