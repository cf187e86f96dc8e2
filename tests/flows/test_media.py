"""Files written in Matrix: whoever was given the post can open them, for as long as it stands."""

import pytest

from bridge.demo.neighbourhood import Actor as Neighbour
from bridge.models import Ghost
from tests.fakes.pictures import SECRET, avif, exif, film, jpeg, segment
from tests.fakes.sounds import HEARD, TAGGED
from tests.fakes.world import Resident, World, outcome, post, post_of
from tests.flows.files import BYTES, PNG, address, edited, fetch, picture
from tests.rebuilt import lost_and_rebuilt, shown


def test_a_picture_reaches_followers_with_its_description_and_opens(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    bob.follow(alice.handle)
    event = picture(world, alice)
    (create,) = bob.received("Create", contains="a cat")
    (file,) = create["activity"]["object"]["attachment"]
    assert (file["type"], file["mediaType"], file["name"]) == ("Image", PNG, "a grey cat")
    assert (file["width"], file["height"]) == (640, 480)
    assert file["url"] == address(event)
    status, headers, body = fetch(file["url"])
    assert (status, headers["Content-Type"], body) == (200, PNG, BYTES)
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in headers["Content-Security-Policy"]
    page = world.page(f"/@alice/{event[1:]}")
    assert f'<img src="{file["url"]}" alt="a grey cat"' in page


def test_voice_length_focus_and_a_files_name_reach_followers(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    bob.follow(alice.handle)
    voice = {"info": {"mimetype": "audio/ogg", "duration": 4500}, "org.matrix.msc3245.voice": {}}
    picture(world, alice, kind="audio/ogg", msgtype="m.audio", body="spoken", **voice)
    picture(world, alice, body="tall", **{"social.ownroom.focus": "0.5,-0.25"})
    letter = {"msgtype": "m.file", "filename": "letter.pdf", "social.ownroom.alt": None}
    picture(world, alice, kind="application/pdf", body="read this", **letter)
    shown = {
        one["activity"]["object"]["content"]: one["activity"]["object"]["attachment"][0]
        for one in bob.received("Create")
    }
    spoken, tall, read = (shown[f"<p>{words}</p>"] for words in ("spoken", "tall", "read this"))
    assert (spoken["duration"], spoken["voice"]) == ("PT4.5S", True)
    assert tall["focalPoint"] == [0.5, -0.25]
    assert read["name"] == "letter.pdf"
    assert 'class="across-8 down-6"' in world.page(
        tall["url"].replace("/media/", "/@alice/").rsplit("/", 2)[0]
    )


@pytest.mark.parametrize("width", [64, 29_999])
def test_where_a_picture_was_taken_is_nobodys_business(
    world: World, alice: Resident, width: int
) -> None:
    url = address(picture(world, alice, kind="image/jpeg"))
    clean = jpeg(width=width, height=width)
    noted = jpeg(segment(0xE1, exif(1)), segment(0xFE, SECRET), width=width, height=width)
    world.home.files["hs.test/abc"] = ("image/jpeg", noted)
    status, headers, body = fetch(url)
    assert (status, body, headers["Content-Length"]) == (200, clean, str(len(clean)))
    status, headers, body = fetch(url, Range="bytes=2-9")
    assert (status, body) == (206, clean[2:10])
    assert headers["Content-Range"] == f"bytes 2-9/{len(clean)}"
    assert fetch(url, "HEAD")[1]["Content-Length"] == str(len(clean))


@pytest.mark.parametrize(
    "said", ["image/avif", "image/heic", "image/png", "application/octet-stream"]
)
def test_of_a_picture_in_boxes_it_stays_in_the_room_too_whatever_it_is_called(
    world: World, alice: Resident, said: str
) -> None:
    url = address(picture(world, alice, kind=said, msgtype="m.file"))
    noted = avif(brand=b"heic" if said == "image/heic" else b"avif", notes={b"Exif": SECRET})
    world.home.files["hs.test/abc"] = (said, noted)
    status, headers, body = fetch(url)
    assert (status, len(body), headers["Content-Length"]) == (200, len(noted), str(len(noted)))
    assert SECRET in noted
    assert SECRET not in body
    world.home.files["hs.test/abc"] = (said, noted[:-3])
    assert fetch(url)[0] == 404  # what cannot be cleaned is given to nobody


@pytest.mark.parametrize("kind", ["mp3", "opus", "flac", "wav", "m4a", "webm"])
def test_where_a_sound_was_recorded_is_nobodys_business(
    world: World, alice: Resident, kind: str
) -> None:
    url = address(picture(world, alice, kind="audio/whatever", msgtype="m.audio"))
    noted = TAGGED[kind]
    world.home.files["hs.test/abc"] = ("audio/whatever", noted)
    status, headers, body = fetch(url)
    assert (status, headers["Content-Length"]) == (200, str(len(body)))
    assert (SECRET in noted, SECRET in body, body.count(HEARD)) == (True, False, 1)
    at = body.index(HEARD)
    assert fetch(url, Range=f"bytes={at}-{at + 9}")[2] == HEARD[:10]
    world.home.files["hs.test/abc"] = ("audio/whatever", noted[:24])
    _, _, body = fetch(url)
    assert SECRET[:4] not in body


@pytest.mark.parametrize(
    "head", [b"II*\0", b"MM\0*", b"\0\0\0\x0cJXL \r\n\x87\n", b"FORM\0\0\1\0AIFF", b"OggS"]
)
def test_a_picture_or_sound_whose_notes_nobody_can_tell_apart_is_given_to_nobody(
    world: World, alice: Resident, head: bytes
) -> None:
    url = address(picture(world, alice, kind="image/jpeg"))
    world.home.files["hs.test/abc"] = ("image/jpeg", head + SECRET)
    status, _, body = fetch(url)
    assert (status, SECRET in body) == (404, False)


def test_of_a_film_it_stays_in_the_room_and_parts_fit(world: World, alice: Resident) -> None:
    url = address(picture(world, alice, kind="video/mp4", msgtype="m.video"))
    noted = film()
    world.home.files["hs.test/abc"] = ("video/mp4", noted)
    status, headers, body = fetch(url)
    assert (status, headers["Content-Length"]) == (200, str(len(noted)))
    assert SECRET in noted
    assert SECRET not in body
    at = noted.index(SECRET)
    assert fetch(url, Range=f"bytes={at - 4}-{at + 20}")[2] == body[at - 4 : at + 21]


@pytest.mark.parametrize(
    ("asked", "first", "last"),
    [("bytes=0-9", 0, 9), ("bytes=100000-", 100_000, 153_599), ("bytes=-5", 153_595, 153_599)],
)
def test_a_part_can_be_asked_for(
    world: World, alice: Resident, asked: str, first: int, last: int
) -> None:
    url = address(picture(world, alice))
    status, headers, body = fetch(url, Range=asked)
    assert (status, body) == (206, BYTES[first : last + 1])
    assert headers["Content-Range"] == f"bytes {first}-{last}/{len(BYTES)}"


def test_a_part_beyond_the_end_is_refused(world: World, alice: Resident) -> None:
    status, headers, _ = fetch(address(picture(world, alice)), Range="bytes=200000-")
    assert (status, headers["Content-Range"]) == (416, f"bytes */{len(BYTES)}")


def test_the_head_says_how_long_it_is(world: World, alice: Resident) -> None:
    status, headers, body = fetch(address(picture(world, alice)), "HEAD")
    assert (status, headers["Content-Length"], body) == (200, str(len(BYTES)), b"")


@pytest.mark.parametrize("kind", ["image/svg+xml", "text/html", "application/pdf"])
def test_what_could_run_is_saved_and_not_shown(world: World, alice: Resident, kind: str) -> None:
    url = address(picture(world, alice, kind=kind, msgtype="m.file"))
    status, headers, _ = fetch(url)
    assert (status, headers["Content-Type"]) == (200, "application/octet-stream")
    assert headers["Content-Disposition"] == "attachment"


def test_a_file_goes_with_its_post(world: World, alice: Resident) -> None:
    event = picture(world, alice)
    url = address(event)
    alice.person.redact(alice.room, event)
    world.settle()
    assert fetch(url)[0] == 404


def test_only_files_of_posts_are_served(world: World, alice: Resident) -> None:
    url = address(picture(world, alice))
    world.home.files["hs.test/secret"] = (PNG, b"not for you")
    name = url.split("/")[-3]
    for other in (
        url.replace("/abc", "/secret"),
        url.replace(name, "x" * 43),
        url.replace("hs.test/abc", "hs.test/..%2f..%2fsync"),
        f"{world.url}/media/{name}/hs.test/abc%00",
    ):
        assert fetch(other)[0] in {400, 404}, other


def test_a_file_in_a_conversation_is_opened_by_those_in_it_and_kept_by_no_cache(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    bob.post("hello", to="direct", mentions=[alice.handle])
    world.settle()
    ghost = Ghost.objects.get(actor__uri=bob.id).mxid
    room = next(r.id for r in world.home.rooms.values() if r.membership(ghost) == "join")
    alice.person.join(room)
    event = picture(world, alice, room=room)
    (create,) = bob.received("Create", contains="a cat")
    status, headers, _ = fetch(create["activity"]["object"]["attachment"][0]["url"])
    assert (status, headers["Cache-Control"]) == (200, "private, no-store")
    assert fetch(address(event).replace("abc", "abd"))[0] == 404


def test_an_encrypted_file_is_published_by_nobody(world: World, alice: Resident) -> None:
    event = picture(world, alice, file={"url": "mxc://hs.test/abc"}, url=None)
    assert "encrypted" in outcome(event).note
    assert "an encrypted file" in alice.answers()[-1]
    assert not alice.row().posts.exists()


def test_who_shows_more_than_a_post_can_hear_which_went_out(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    bob.follow(alice.handle)
    url = alice.person.upload(PNG, BYTES)
    said = {"itemtype": "m.image", "body": "x.png", "url": url}
    many = [
        said | {"social.ownroom.alt": "e" * 4_000 if number == 0 else ""} for number in range(17)
    ]
    for files in (many[1:], many):
        alice.post("album", msgtype="dm.filament.gallery", itemtypes=files)
        world.settle()
    whole, first = (one["activity"]["object"]["attachment"] for one in bob.received("Create"))
    assert len(whole) == len(first) == 16
    assert len(first[0]["name"]) == 4_000
    (told,) = [words for words in alice.answers() if "files at most" in words]
    assert "the first 16 of 17" in told


def test_while_the_homeserver_is_away_one_is_asked_to_come_again(
    world: World, alice: Resident
) -> None:
    url = address(picture(world, alice))
    world.home.trouble = "500"
    status, headers, _ = fetch(url)
    world.home.recover()
    assert status == 503
    assert int(headers["Retry-After"]) > 0


def test_an_edit_carries_the_new_picture_and_the_old_one_is_served_no_more(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    bob.follow(alice.handle)
    event = picture(world, alice)
    before = address(event)
    world.home.files["hs.test/dog"] = (PNG, BYTES[:999])
    new = {"msgtype": "m.image", "body": "a dog", "filename": "d.png", "url": "mxc://hs.test/dog"}
    edited(world, alice, event, new | {"info": {"mimetype": PNG}})
    (update,) = bob.received("Update", contains="a dog")
    (file,) = update["activity"]["object"]["attachment"]
    assert file["url"] == address(event) != before
    assert (fetch(before)[0], fetch(file["url"])[2]) == (404, BYTES[:999])
    assert f'<img src="{file["url"]}"' in world.page(f"/@alice/{event[1:]}")
    two = [{**new, "itemtype": "m.image", "url": f"mxc://hs.test/{key}"} for key in ("dog", "abc")]
    edited(world, alice, event, {"msgtype": "dm.filament.gallery", "body": "2", "itemtypes": two})
    assert [fetch(one["url"])[0] for one in post(post_of(event)).attachments] == [200, 200]
    known = shown()
    lost_and_rebuilt()
    assert shown() == known
    assert [fetch(one["url"])[0] for one in post(post_of(event)).attachments] == [200, 200]
    edited(world, alice, event, {"msgtype": "m.text", "body": "only words"})
    (update,) = bob.received("Update", contains="only words")
    assert not update["activity"]["object"].get("attachment")
    assert fetch(file["url"])[0] == 404
