"""Followers-only and direct posts stand in no shared place; test_visibility walks all readers."""

import hashlib
import logging
from collections.abc import Callable

import pytest
from pytest_django import Settings as SettingsWrapper

from bridge import rebuild
from bridge.demo.neighbourhood import Actor as Neighbour
from bridge.matrix import conversations, registration, rooms
from bridge.matrix.vocabulary import MIRROR
from bridge.models import Document, Ghost, Received, Room
from social.acts import OPEN
from social.models import Delivery, Post, Tombstone
from social.web import links
from tests.fakes.homeserver import OURS, THEIRS
from tests.fakes.world import Resident, World, note, post, post_of, said
from tests.flows.rooms import circle
from tests.rebuilt import lost_and_rebuilt

SECRET = "psst-do-not-tell"
Place = Callable[[World, Resident, Neighbour], str]


def _page(path: str) -> Place:
    return lambda world, alice, bob: world.page(path)


def _document(path: str) -> Place:
    return lambda world, alice, bob: world.get(f"{alice.actor}/{path}")[1].decode()


def _room(world: World, alice: Resident, bob: Neighbour) -> str:
    return str(alice.person.messages(alice.room, 500))


def _others_desk(world: World, alice: Resident, bob: Neighbour) -> str:
    ada = world.resident("ada")
    world.settle()
    return str(ada.person.messages(ada.desk, 500))


def _own_page(world: World, alice: Resident, bob: Neighbour) -> str:
    found = Post.objects.filter(html__contains=SECRET)
    paths = [f"/@{p.author.acct}/{p.uri.rsplit('/', 1)[-1]}" for p in found]
    return "".join(map(world.page, paths))


def _conversation(world: World, alice: Resident, bob: Neighbour) -> str:
    uri = Post.objects.get(author__uri=alice.actor).uri
    return world.page(uri) + world.get(f"{uri}/replies")[1].decode()


PLACES: dict[str, Place] = {
    "the owner's room": _room,
    "another person's desk": _others_desk,
    "the start page": _page("/"),
    "the profile page": _page("/@alice"),
    "the feed": _page("/@alice/feed.atom"),
    "the tag page": _page("/tags/secret"),
    "the post's own page": _own_page,
    "the conversation": _conversation,
    "the outbox": _document("outbox?page=true"),
    "the featured collection": _document("featured"),
}
AUDIENCES: dict[str, Callable[[Neighbour, Resident], tuple[list[str], list[str]]]] = {
    "private": lambda bob, alice: ([f"{bob.id}/followers"], []),
    "private, naming her": lambda bob, alice: ([f"{bob.id}/followers"], [alice.actor]),
    "direct": lambda bob, alice: ([alice.actor], []),
}


@pytest.mark.parametrize("audience", AUDIENCES)
def test_what_is_not_for_everybody_stands_in_no_shared_place(
    world: World,
    alice: Resident,
    bob: Neighbour,
    caplog: pytest.LogCaptureFixture,
    audience: str,
) -> None:
    caplog.set_level(logging.DEBUG)
    world.friends(bob, alice)
    event = alice.post("a public post")
    world.settle()
    to, cc = AUDIENCES[audience](bob, alice)
    for reply in ("", post_of(event)):
        secret = note(bob, f"{SECRET} #secret", to=to, cc=cc, inReplyTo=reply or None)
        secret["tag"] = [{"type": "Hashtag", "name": "#secret"}]
        if alice.actor in to + cc:
            secret["tag"].append({"type": "Mention", "href": alice.actor, "name": alice.handle})
        assert world.hear(bob, said(bob, "Create", secret)) == 202
    world.settle()
    assert Post.objects.filter(html__contains=SECRET).count() == 2
    for place, look in PLACES.items():
        assert SECRET not in look(world, alice, bob), place
    world.hear(bob, said(bob, "Create", {**secret, "id": 7}))
    world.settle()
    for words in (SECRET, OURS, THEIRS):
        assert words not in caplog.text, "a line of the log"


def test_an_edit_cannot_widen_whom_a_post_was_for(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    world.friends(bob, alice)
    mirror = world.mirror(bob, alice)
    secret = note(bob, SECRET, to=[alice.actor], cc=[])
    world.hear(bob, said(bob, "Create", secret))
    world.settle()
    wide = note(bob, f"{SECRET} again", updated="2026-02-01T12:00:00Z") | {"id": secret["id"]}
    world.hear(bob, said(bob, "Update", wide))
    world.settle()
    assert post(secret["id"]).visibility not in OPEN
    assert not alice.seen(SECRET, mirror)
    assert not alice.seen(SECRET)


def test_a_direct_post_that_is_deleted_goes_from_its_room_and_stays_away(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    world.friends(bob, alice)
    sent = bob.post("just between us", to="direct", mentions=[alice.handle])
    world.settle()
    room = Room.objects.get(kind="direct").room_id
    alice.person.join(room)
    assert alice.seen("just between us", room)
    bob.delete(sent.post)
    world.settle()
    assert not alice.seen("just between us", room)
    Post.objects.all().delete()
    Tombstone.objects.all().delete()
    rebuild.rebuild(lambda _: None)
    assert not Post.objects.filter(html__contains="just between us").exists()


def test_a_private_post_of_a_stranger_that_names_nobody_here_is_dropped(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    secret = note(bob, SECRET, to=[f"{bob.id}/followers"], cc=[])
    assert world.hear(bob, said(bob, "Create", secret)) == 202
    world.settle()
    assert not Post.objects.exists()


@pytest.mark.parametrize("visibility", ["private", "limited", "direct", "local"])
def test_a_post_that_is_not_open_answers_like_one_that_never_was(
    world: World, alice: Resident, visibility: str
) -> None:
    event = alice.post(SECRET)
    world.settle()
    Post.objects.filter(uri=post_of(event)).update(visibility=visibility)
    absent = post_of("$" + "x" * 43)
    for suffix in ("", "/create", "/replies", "/likes", "/shares", "/delete"):
        assert world.get(f"{post_of(event)}{suffix}")[0] == 404, suffix
        assert world.get(f"{absent}{suffix}")[0] == 404, suffix
    shown = f"{world.url}/@alice/{event[1:]}"
    missing = f"{world.url}/@alice/{'x' * 43}"
    assert world.get(shown, "text/html")[0] == world.get(missing, "text/html")[0] == 404
    assert world.page(shown).replace(event[1:], "") == world.page(missing).replace("x" * 43, "")


def test_an_edit_for_fewer_takes_the_post_from_the_page_and_from_the_rooms(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    world.friends(bob, alice)
    event = alice.post("hello")
    world.settle()
    answer = note(bob, "public words", inReplyTo=post_of(event))
    world.hear(bob, said(bob, "Create", answer))
    world.settle()
    assert alice.seen("public words")
    narrow = {"content": f"<p>{SECRET}</p>", "to": [f"{bob.id}/followers"], "cc": []}
    edit = answer | narrow | {"updated": "2026-02-01T12:00:00Z"}
    world.hear(bob, said(bob, "Update", edit))
    world.settle()
    assert post(answer["id"]).visibility == "private"
    page = world.page(post_of(event))
    assert SECRET not in page
    assert "public words" not in page
    assert not alice.seen(SECRET)
    assert not alice.seen("public words")


def test_who_was_removed_hears_no_edit_of_what_they_once_reacted_to(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    room = circle(world, alice)
    bob.follow(alice.handle)
    world.settle()
    event = alice.person.send(room, "for friends")
    world.settle()
    uri = post_of(event)
    world.hear(bob, said(bob, "Like", uri, to=alice.actor))
    world.settle()
    assert post(uri).reactions.exists()
    alice.tell_bot(f"reject {bob.handle}")
    world.settle()
    new = {"msgtype": "m.text", "body": SECRET}
    edit = {**new, "m.new_content": new}
    edit |= {"m.relates_to": {"rel_type": "m.replace", "event_id": event}}
    alice.person.send_event(room, "m.room.message", edit)
    world.settle()
    assert SECRET in post(uri).html
    told = Delivery.objects.filter(network="activitypub", subject=uri)
    assert [row.document for row in told] == [f"{uri}/create"]


def test_whom_a_server_forgot_to_take_out_is_kept_and_shown_nowhere(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    """ActivityPub, 6.2: `bto` and `bcc` are for the sender's own server."""
    world.friends(bob, alice)
    hidden = {"bto": ["https://far.example/secret-reader"], "bcc": "https://far.example/secret-two"}
    create = said(bob, "Create", note(bob, "open words", **hidden), **hidden)
    assert world.hear(bob, create) == 202
    world.settle()
    assert Post.objects.get(html__contains="open words").audience == []
    kept = [row.body for row in Received.objects.all()] + [d.body for d in Document.objects.all()]
    assert "secret-" not in "".join([*kept, str(world.home.everything())])
    rebuild.rebuild(print)
    assert Post.objects.filter(html__contains="open words").exists()


# ---- what is told by the mere being there of something


def test_no_address_of_ours_tells_who_writes_to_whom_or_reads_whom(
    world: World, alice: Resident, bob: Neighbour, settings: SettingsWrapper
) -> None:
    """Whether an alias or a file is there anybody may ask: so nobody else can make its name."""
    world.friends(bob, alice)
    bob.post("a letter", to="direct", mentions=[alice.handle])
    world.settle()
    people = (alice.actor, bob.id, alice.person.user_id)
    pair, face = conversations.key_of([alice.actor, bob.id]), "https://far.example/face.png"
    mine, there = links.mark(face), {one[1:].partition(":")[0] for one in world.home.aliases}
    assert rooms.alias("direct", pair) in there
    settings.SECRET_KEY = "a guess"
    for kind in ("profile", "circle", "desk", "mirror", "direct"):
        guessed = {rooms.alias(kind, name) for name in (*people, pair)}
        guessed |= {f"_ap_{kind}_{_digest(name)[:32]}" for name in (*people, pair)}
        assert not guessed & there, kind
    assert mine not in {links.mark(face), _digest(face)[:24]}


def _digest(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()


def test_after_a_loss_nobodys_own_room_is_taken_for_that_of_whom_they_would_read(
    world: World, alice: Resident, ada: Resident, bob: Neighbour
) -> None:
    bob.post("hello", to="direct", mentions=[alice.handle])
    world.settle()
    bot, ghost = registration.load().bot, Ghost.objects.get(actor__uri=bob.id).mxid
    forged = ada.person.create_room(invite=[bot, ghost])
    world.settle()
    assert {bot, ghost} < ada.person.members(forged)
    ada.person.put_state(forged, MIRROR, {"v": 1, "id": bob.id})
    world.friends(bob, alice)
    world.settle()
    lost_and_rebuilt()
    bob.post(SECRET, to="private")
    world.settle()
    rooms_of = {room.id for room in world.home.rooms.values() if SECRET in str(room.events)}
    assert len(rooms_of) == 1
    assert forged not in rooms_of
