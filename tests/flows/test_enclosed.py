"""Pictures, films, sounds and files of others: shown in rooms, and gone with their post."""

from typing import Any

import pytest

from bridge.demo.neighbourhood import Actor as Neighbour
from bridge.demo.person import Event
from bridge.models import Anchor, Ghost, Upload
from social.models import Reaction
from tests.fakes.pictures import SECRET, chunk, gif, png
from tests.fakes.world import Resident, World, post_of
from tests.rebuilt import lost_and_rebuilt, shown

PNG = "image/png"
PART = "social.ownroom.part"
MP4 = b"\0\0\0\x18ftypmp42" + b"\0" * 100


def document(url: str, kind: str = PNG, **more: Any) -> dict[str, Any]:
    return {"type": "Document", "mediaType": kind, "url": url, **more}


def picture(world: World, file: str, body: bytes = b"", **more: Any) -> dict[str, Any]:
    return document(world.neighbours.file(file, PNG, body or png()), **more)


def files(reader: Resident, room: str) -> list[Event]:
    """What shows a file now, edits applied."""
    found = {e["event_id"]: e for e in reader.timeline(room)}
    for event in reader.timeline(room):
        related = event["content"].get("m.relates_to", {})
        if related.get("rel_type") == "m.replace":
            found.pop(event["event_id"])
            if related["event_id"] in found:
                found[related["event_id"]]["content"] = event["content"]["m.new_content"]
    return [event for event in found.values() if "url" in event["content"]]


@pytest.fixture
def mirror(world: World, alice: Resident, bob: Neighbour) -> str:
    """Where alice reads bob."""
    world.friends(bob, alice)
    return world.mirror(bob, alice)


# ---- what cannot be shown


@pytest.mark.parametrize(
    "body", [b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"<html>404</html>", b"MZ\x90\0", b""]
)
def test_what_is_no_file_of_the_list_stays_a_link_with_its_description(
    world: World, alice: Resident, bob: Neighbour, mirror: str, body: bytes
) -> None:
    odd = document(world.neighbours.file("odd.png", PNG, body), name="a grey cat")
    bob.post("look", extra={"attachment": [odd]})
    world.settle()
    (event,) = alice.seen("look", mirror)
    assert event["content"]["msgtype"] == "m.text"
    assert f'<a href="{odd["url"]}">Picture: a grey cat</a>' in event["content"]["formatted_body"]
    assert not world.home.uploads


def test_a_file_above_the_limit_stays_a_link_and_the_others_are_shown(
    world: World, alice: Resident, bob: Neighbour, mirror: str, settings: Any
) -> None:
    settings.OWNROOM_MEDIA_LIMIT = 2_000
    large = picture(world, "large.png", png() + b"x" * 3_000, name="too large")
    bob.post("two", extra={"attachment": [large, picture(world, "small.png")]})
    world.settle()
    (event,) = files(alice, mirror)
    assert event["content"]["filename"] == "small.png"
    assert "Picture: too large" in event["content"]["body"]
    assert large["url"] in event["content"]["formatted_body"]


def test_a_dead_media_host_holds_words_up_once_and_briefly(
    world: World, alice: Resident, bob: Neighbour, mirror: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bridge.matrix.uploads.PATIENCE", 0.3)
    world.neighbours.faults("hang", where="file")
    for number in range(3):
        attached = [picture(world, f"lost{number}-{k}.png") for k in range(4)]
        bob.post(f"words {number}", extra={"attachment": attached})
    world.settle()
    assert [e["content"]["msgtype"] for e in alice.seen("words", mirror)] == ["m.text"] * 3
    assert not world.neighbours.fetches("lost1-0.png")
    world.neighbours.faults("ok")


def test_while_the_homeserver_is_away_nothing_is_sent_and_nothing_doubles(
    world: World, alice: Resident, bob: Neighbour, mirror: str
) -> None:
    world.home.trouble = "500"
    bob.post("later", extra={"attachment": [picture(world, f"{k}.png") for k in "ab"]})
    world.settle()
    world.home.recover()
    world.let_time_pass()
    world.settle()
    assert len(files(alice, mirror)) == 2
    assert Anchor.objects.filter(part=1).count() == 1


def test_what_a_liar_says_of_a_picture_is_not_repeated(
    world: World, alice: Resident, bob: Neighbour, mirror: str
) -> None:
    lie = {"width": 99_999, "height": 1, "blurhash": "<script>", "name": "x" * 4_000}
    bob.post("a lie", extra={"attachment": [picture(world, "lie.png", **lie)]})
    world.settle()
    (event,) = files(alice, mirror)
    assert event["content"]["info"] == {"mimetype": PNG, "size": len(png()), "w": 64, "h": 48}
    assert len(event["content"]["body"]) < 400
    assert event["content"]["social.ownroom.alt"] == "x" * 4_000


# ---- what is shown


def test_several_pictures_stand_in_events_of_their_own(
    world: World, alice: Resident, bob: Neighbour, mirror: str
) -> None:
    attached = [
        picture(
            world, "one.png", png(chunk(b"eXIf", SECRET)), name="the first", blurhash="UBL_:rOp"
        ),
        picture(world, "two.png", png(width=300), summary="the second"),
        document(
            world.neighbours.file("three.mp4", "video/mp4", MP4), "video/mp4", width=8, height=6
        ),
    ]
    sent = bob.post("three things", extra={"attachment": attached})
    world.settle()
    one, two, three = files(alice, mirror)
    assert one["content"]["msgtype"] == "m.image"
    assert one["content"]["body"] == "three things\n\n[the first]"
    assert one["content"]["filename"] == "one.png"
    assert one["content"]["social.ownroom.object"]["id"] == sent.post
    assert one["content"]["info"]["xyz.amorgan.blurhash"] == "UBL_:rOp"
    assert world.home.files[one["content"]["url"].removeprefix("mxc://")] == (PNG, png())
    assert (two["content"]["body"], two["content"]["info"]["w"]) == ("[the second]", 300)
    assert two["content"][PART]["of"] == one["event_id"]
    assert (three["content"]["msgtype"], three["content"]["body"]) == ("m.video", "three.mp4")
    assert (three["content"]["info"]["w"], three["content"][PART]["i"]) == (8, 2)
    ghost = Ghost.objects.get(actor__uri=bob.id).mxid
    assert {e["sender"] for e in (one, two, three)} == {ghost}
    assert {user for user, _ in world.home.uploads} == {ghost}


@pytest.mark.parametrize(
    ("kind", "body", "msgtype"),
    [
        ("image/gif", gif(), "m.image"),
        ("audio/ogg", b"OggS\0\2" + b"\0" * 40, "m.audio"),
        ("application/pdf", b"%PDF-1.7 ...", "m.file"),
        ("image/png", b"%PDF-1.7 ...", "m.file"),
    ],
)
def test_each_kind_is_what_its_bytes_say(
    world: World, alice: Resident, bob: Neighbour, mirror: str, kind: str, body: bytes, msgtype: str
) -> None:
    url = world.neighbours.file("thing", kind, body)
    bob.post("", extra={"content": "", "attachment": [document(url, kind)]})
    world.settle()
    (event,) = files(alice, mirror)
    assert event["content"]["msgtype"] == msgtype
    assert event["content"]["body"] == event["content"]["filename"]


def test_what_stands_behind_a_warning_is_hidden_in_each_part(
    world: World, alice: Resident, bob: Neighbour, mirror: str
) -> None:
    attached = [picture(world, f"{k}.png", name=f"secret {k}") for k in "ab"]
    bob.post("the end", cw="the film", extra={"attachment": attached})
    world.settle()
    for event in files(alice, mirror):
        assert event["content"]["page.codeberg.everypizza.msc4193.spoiler"] is True
        assert event["content"]["page.codeberg.everypizza.msc4193.spoiler.reason"] == "the film"
        warning = event["content"]["town.robin.msc3725.content_warning"]
        assert warning == {"type": "town.robin.msc3725.spoiler", "description": "the film"}
    (first,) = alice.seen("the end", mirror)
    assert first["content"]["formatted_body"].startswith("<p>the film</p><span data-mx-spoiler=")


def test_where_files_alone_are_sensitive_the_words_are_not_hidden(
    world: World, alice: Resident, bob: Neighbour, mirror: str
) -> None:
    attached = [picture(world, f"{k}.png") for k in "ab"]
    bob.post("at the beach", extra={"sensitive": True, "attachment": attached})
    world.settle()
    shown = [event["content"] for event in files(alice, mirror)]
    assert len(shown) == 2
    for content in shown:
        assert content["page.codeberg.everypizza.msc4193.spoiler"] is True
        assert "page.codeberg.everypizza.msc4193.spoiler.reason" not in content
        assert content["town.robin.msc3725.content_warning"] == {
            "type": "town.robin.msc3725.spoiler"
        }
    assert shown[0]["body"] == "at the beach"
    assert "data-mx-spoiler" not in str(shown[0])


def test_in_a_conversation_the_files_stand_in_its_thread(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    root = alice.post("show me")
    world.settle()
    attached = [picture(world, f"{k}.png") for k in "ab"]
    bob.post("here", reply_to=post_of(root), extra={"attachment": attached})
    world.settle()
    one, two = files(alice, alice.room)
    assert one["content"]["m.relates_to"]["event_id"] == root
    related = two["content"]["m.relates_to"]
    assert (related["rel_type"], related["event_id"]) == ("m.thread", root)
    assert related["m.in_reply_to"] == {"event_id": one["event_id"]}


def test_a_file_of_a_direct_post_stands_in_its_room_alone(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    attached = [picture(world, f"{k}.png") for k in "ab"]
    bob.post("between us", to="direct", mentions=[alice.handle], extra={"attachment": attached})
    world.settle()
    ghost = Ghost.objects.get(actor__uri=bob.id).mxid
    (room,) = (r.id for r in world.home.rooms.values() if r.membership(ghost) == "join")
    alice.person.join(room)
    assert len(files(alice, room)) == 2
    assert not [e for e in alice.timeline(alice.room) if "url" in e["content"]]


def test_a_boost_shows_the_pictures_of_the_post(
    world: World, alice: Resident, bob: Neighbour, mallory: Neighbour, mirror: str
) -> None:
    attached = [picture(world, f"{k}.png") for k in "ab"]
    sent = mallory.post("far away", extra={"attachment": attached})
    boost = bob.boost(sent.post)
    world.settle()
    one, two = files(alice, mirror)
    assert "boosted" in one["content"]["body"]
    alice.person.react(mirror, two["event_id"], "👍")
    world.settle()
    assert Reaction.objects.get(author__uri=alice.actor).post.uri == sent.post
    bob.undo(boost.id)
    world.settle()
    assert not files(alice, mirror)


@pytest.mark.parametrize("rebuilt", [False, True])
def test_a_card_says_and_shows_what_an_edit_made_of_the_post(
    world: World, alice: Resident, bob: Neighbour, mallory: Neighbour, *, rebuilt: bool
) -> None:
    for one in (mallory, bob):
        world.friends(one, alice)
    mirror = world.mirror(bob, alice)
    sent = mallory.post("far away")
    world.settle()
    boost = bob.boost(sent.post)
    world.settle()
    if rebuilt:
        lost_and_rebuilt()
    mallory.update(sent.post, "nearer")
    world.settle()
    (event,) = alice.seen("nearer", mirror)
    assert "boosted" in event["content"]["m.new_content"]["body"]
    if rebuilt:
        lost_and_rebuilt()
    a, b, c = (picture(world, f"{k}.png", png(width=w)) for k, w in (("a", 1), ("b", 2), ("c", 3)))
    mallory.update(sent.post, "nearer", extra={"attachment": [a, b]})
    world.settle()
    assert [e["content"]["info"]["w"] for e in files(alice, mirror)] == [1, 2]
    if rebuilt:
        lost_and_rebuilt()
    mallory.update(sent.post, "at home", extra={"attachment": [c]})
    world.settle()
    (event,) = files(alice, mirror)
    assert event["content"]["info"]["w"] == 3
    assert "> at home" in event["content"]["body"]
    assert Anchor.objects.get(uri=boost.id).file == c["url"]
    bob.undo(boost.id)
    world.settle()
    assert not files(alice, mirror)


def test_how_long_it_is_what_must_stay_in_sight_and_that_somebody_speaks_cross(
    world: World, alice: Resident, bob: Neighbour, mirror: str
) -> None:
    ogg = world.neighbours.file("said.ogg", "audio/ogg", b"OggS\0\2" + b"\0" * 40)
    film = world.neighbours.file("film.mp4", "video/mp4", MP4)
    attached = [
        picture(world, "tall.png", focalPoint=[0.5, -0.25]),
        document(film, "video/mp4", duration="PT1M2.5S"),
        document(ogg, "audio/ogg", duration="PT4S", voice=True),
        document(world.neighbours.file("x1", "application/pdf", b"%PDF-1.7"), name="a letter.pdf"),
    ]
    bob.post("all of it", extra={"attachment": attached})
    world.settle()
    tall, moving, voice, letter = (event["content"] for event in files(alice, mirror))
    assert tall["social.ownroom.focus"] == "0.5,-0.25"
    assert moving["info"]["duration"] == 62_500
    assert voice["info"]["duration"] == 4_000
    assert voice["org.matrix.msc3245.voice"] == {}
    assert letter["filename"] == "a letter.pdf"


def test_a_film_and_its_picture_stand_with_the_card(
    world: World, alice: Resident, bob: Neighbour, mirror: str
) -> None:
    heights = {
        name: world.neighbours.file(f"{name}.mp4", "video/mp4", MP4) for name in ("360", "720")
    }
    links = [
        {"type": "Link", "mediaType": "video/mp4", "href": url, "height": int(name), "width": 99}
        for name, url in heights.items()
    ]
    playlist = {"type": "Link", "mediaType": "application/x-mpegURL", "href": bob.id, "tag": links}
    film = {"type": "Video", "name": "Nets", "duration": "PT5S", "url": [playlist]}
    bob.post("mending", extra=film | {"icon": [picture(world, "cover.png")]})
    world.settle()
    cover, moving = (event["content"] for event in files(alice, mirror))
    assert (cover["msgtype"], moving["msgtype"]) == ("m.image", "m.video")
    assert "mending" in cover["body"]
    assert (moving["filename"], moving["info"]["duration"]) == ("720.mp4", 5_000)
    assert not world.neighbours.fetches("360.mp4")


# ---- what happens to them


def test_a_reaction_to_a_part_counts_for_the_post(
    world: World, alice: Resident, bob: Neighbour, mirror: str
) -> None:
    attached = [picture(world, f"{k}.png") for k in "ab"]
    sent = bob.post("which?", extra={"attachment": attached})
    world.settle()
    _, two = files(alice, mirror)
    alice.person.react(mirror, two["event_id"], "🎉")
    alice.person.reply(mirror, two["event_id"], "the second")
    world.settle()
    assert Reaction.objects.get().post.uri == sent.post
    (create,) = bob.received("Create", contains="the second")
    assert create["activity"]["object"]["inReplyTo"] == sent.post


def test_a_deletion_takes_all_parts_along(
    world: World, alice: Resident, bob: Neighbour, mirror: str
) -> None:
    attached = [picture(world, f"{k}.png") for k in "abc"]
    sent = bob.post("soon gone", extra={"attachment": attached})
    world.settle()
    bob.update(sent.post, "soon gone", extra={"attachment": attached[:2][::-1]})
    world.settle()
    bob.delete(sent.post)
    world.settle()
    assert not [e for e in alice.timeline(mirror) if "mxc" in str(e["content"])]
    assert not alice.seen("soon gone", mirror)


def test_an_edit_changes_what_changed_and_leaves_the_rest(
    world: World, alice: Resident, bob: Neighbour, mirror: str
) -> None:
    a, b, c = (picture(world, f"{k}.png", png(width=w)) for k, w in (("a", 1), ("b", 2), ("c", 3)))
    sent = bob.post("first words", extra={"attachment": [a, b]})
    world.settle()
    before = len(alice.timeline(mirror))
    bob.update(sent.post, "other words", extra={"attachment": [a, b]})
    world.settle()
    assert len(alice.timeline(mirror)) == before + 1
    bob.update(sent.post, "other words", extra={"attachment": [a, {**c, "name": "described"}, b]})
    world.settle()
    assert [e["content"]["info"]["w"] for e in files(alice, mirror)] == [1, 3, 2]
    assert files(alice, mirror)[1]["content"]["body"] == "[described]"
    bob.update(sent.post, "no pictures", extra={"attachment": []})
    world.settle()
    assert not files(alice, mirror)
    assert not Anchor.objects.filter(part__gt=0).exists()
    bob.update(sent.post, "one again", extra={"attachment": [b]})
    world.settle()
    (event,) = files(alice, mirror)
    assert event["content"]["body"] == "one again"


def test_after_a_loss_parts_are_parts_and_files_are_not_fetched_again(
    world: World, alice: Resident, bob: Neighbour, mirror: str
) -> None:
    attached = [picture(world, f"{k}.png") for k in "ab"]
    sent = bob.post("kept", extra={"attachment": attached})
    world.settle()
    before, known = shown(), set(Upload.objects.values_list("url", "mxc", "size", "width"))
    lost_and_rebuilt()
    assert shown() == before
    assert set(Upload.objects.values_list("url", "mxc", "size", "width")) == known
    alice.person.react(mirror, files(alice, mirror)[1]["event_id"], "👍")
    bob.update(sent.post, "kept words", extra={"attachment": attached})
    world.settle()
    assert Reaction.objects.get().post.uri == sent.post
    assert world.neighbours.fetches("a.png") == 1
    bob.delete(sent.post)
    world.settle()
    assert not [e for e in alice.timeline(mirror) if "mxc" in str(e["content"])]


def test_a_part_that_somebody_forged_is_a_message(
    world: World, alice: Resident, bob: Neighbour, mirror: str
) -> None:
    sent = bob.post("true", extra={"attachment": [picture(world, "a.png")]})
    world.settle()
    mark = {"v": 1, "i": 1, "id": sent.post, "url": "https://evil.example/x.png"}
    content = {"msgtype": "m.image", "body": "x", "url": "mxc://hs.test/evil", PART: mark}
    forged = alice.person.send_event(mirror, "m.room.message", content)
    world.settle()
    lost_and_rebuilt()
    assert not Anchor.objects.filter(event_id=forged, uri=sent.post).exists()
    assert not Upload.objects.filter(mxc="mxc://hs.test/evil").exists()
