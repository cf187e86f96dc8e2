"""What stands in a post beside its words: warnings, files, emoji; and who may read it."""

import pytest

from tests.live.fedify.peer import Fedify, mirrored, reacts, redacts, shown
from tests.live.stage import OBJECT, Resident, Town, after, containing, every
from tests.live.test_media import fetch, png

pytestmark = pytest.mark.live
MP4 = b"\0\0\0\x18ftypisom\0\0\2\0isomiso2" + b"\0\0\0\x08mdat"
TAG = b"ID3\x04\0\0\0\0\0\x18TENC\0\0\0\x0e\0\0\x03by an encoder"
SOUND = b"\xff\xfb\x90\x00" + b"\0" * 413
PDF = b"%PDF-1.4\n%%EOF\n"
FILES = {  # as Fedify's classes and as Matrix call them
    "Image": ("dot.png", png(24, 16), "image/png", "m.image"),
    "Video": ("film.mp4", MP4, "video/mp4", "m.video"),
    "Audio": ("song.mp3", TAG + SOUND, "audio/mpeg", "m.audio"),
    "Document": ("page.pdf", PDF, "application/pdf", "m.file"),
}


def test_a_warning_stands_before_the_words_on_both_sides(alice: Resident, follower: Fedify) -> None:
    fay, mirror = follower, mirrored(alice, follower)
    event = alice.post(f"!cw spiders of {fay.mark}\neight legs")
    sent = fay.reads("Create", alice.uri(event))["object"]
    assert (sent["summary"], sent["sensitive"]) == (f"spiders of {fay.mark}", True)
    assert "eight legs" in sent["content"]
    assert "spiders" not in sent["content"]
    post = fay.posts(f"hairy, {fay.mark}", warning="more spiders", sensitive=True)
    seen = alice.sees(f"hairy, {fay.mark}", room=mirror)["content"]
    assert "more spiders" in seen["body"]
    assert "data-mx-spoiler" in seen["formatted_body"]
    # Each edit is one: the newest stands, those before it are in the room's history.
    for text in ("hairier", "hairiest"):
        fay.do("edit", post=post, text=f"{text}, {fay.mark}", warning="yet more spiders")
        edit = alice.sees(f"{text}, {fay.mark}", room=mirror)["content"]
        assert "yet more spiders" in edit["m.new_content"]["body"]
    edits = [e for e in every(alice.person, mirror) if "m.new_content" in e["content"]]
    assert len([e for e in edits if fay.mark in e["content"]["body"]]) == 2


@pytest.mark.parametrize("kind", FILES)
def test_a_file_of_each_kind_arrives_with_its_bytes_and_description(
    alice: Resident, follower: Fedify, kind: str
) -> None:
    fay, mirror = follower, mirrored(alice, follower)
    name, data, media_type, msgtype = FILES[kind]
    there = {"kind": kind, "url": fay.keeps(name, data, media_type), "mediaType": media_type}
    fay.do("post", text=f"see, {fay.mark}", files=[{**there, "name": f"described by {fay.mark}"}])
    seen = alice.sees(f"see, {fay.mark}", room=mirror)["content"]
    assert seen["msgtype"] == msgtype
    assert f"described by {fay.mark}" in str(seen)
    path = f"/_matrix/client/v1/media/download/{seen['url'].removeprefix('mxc://')}"
    token = {"Authorization": f"Bearer {alice.person.token}"}
    assert fetch(alice.person.url + path, **token)[2] == data
    content = {"msgtype": msgtype, "url": alice.person.upload(media_type, data), "filename": name}
    content |= {"info": {"mimetype": media_type}}
    event = alice.person.send(alice.room, f"look, {fay.mark}", **content)
    (file,) = fay.reads("Create", alice.uri(event))["object"]["attachments"]
    assert (file["class"], file["mediaType"]) == (kind, media_type)
    served = "application/octet-stream" if kind == "Document" else media_type  # to be saved only
    # By what a sound was made stays in the room, with the rest of its tag.
    assert fetch(file["url"]) == (200, served, SOUND if kind == "Audio" else data)


def test_custom_emoji_cross_in_words_and_as_reactions(alice: Resident, follower: Fedify) -> None:
    fay, mirror = follower, mirrored(alice, follower)
    dot = png(16, 16)
    emojis = {"dot": fay.keeps("dot.png", dot, "image/png")}
    fay.do("post", text=f"a :dot: by {fay.mark}", emojis=emojis)
    seen = alice.sees(f"by {fay.mark}", room=mirror)
    assert "data-mx-emoticon" in seen["content"]["formatted_body"]
    mxc = alice.person.upload("image/png", dot)
    inline = f'{fay.mark} <img data-mx-emoticon src="{mxc}" alt=":spot:" title="spot" height="32">'
    event = alice.person.send(alice.room, f"{fay.mark} :spot:", inline)
    note = fay.reads("Create", alice.uri(event))["object"]
    assert ":spot:" in note["content"]
    (emoji,) = [tag for tag in note["tags"] if tag["class"] == "Emoji"]
    assert emoji["name"] == ":spot:"
    assert fetch(emoji["icon"]["url"])[2] == dot
    made = fay.do("react", post=alice.uri(event), emoji=":dot:", emojis=emojis)
    reaction = alice.person.wait_for(alice.room, after(event, reacts))
    assert reaction["content"]["m.relates_to"]["key"].startswith("mxc://")
    fay.do("undo", what=made, to=alice.actor)
    alice.person.wait_for(alice.room, after(reaction["event_id"], redacts))
    related = {"rel_type": "m.annotation", "event_id": seen["event_id"], "key": mxc}
    pictured = {"m.relates_to": related, "shortcode": ":spot:"}
    mine = alice.person.send_event(mirror, "m.reaction", pictured)
    like = fay.reads("Like", ":spot:")
    assert (like["content"], like["tags"][0]["name"]) == (":spot:", ":spot:")
    alice.person.redact(mirror, mine)
    assert fay.reads("Undo", mine[1:])["object"]["class"] == "Like"


def test_what_alice_says_to_followers_is_read_by_them_and_nobody_else(
    alice: Resident, follower: Fedify
) -> None:
    fay = follower
    line = alice.ask("circle", "Your circle")
    circle = f"!{line.split('/!')[1].split()[0].split('?')[0].rstrip('.')}"
    alice.person.join(circle)
    event = alice.person.send(circle, f"for friends of {fay.mark}")
    uri = alice.uri(event)
    sent = fay.wait_for("Create", uri)
    assert f"{alice.actor}/followers" in str(sent["to"])
    assert "Public" not in str([sent["to"], sent["cc"], sent["object"]["to"], sent["object"]["cc"]])
    assert fay.do("look", what=uri)["id"] == uri  # signed by a follower
    assert fay.do("look", what=uri, **{"as": fay.next}) == {}  # by somebody else of that server
    assert shown(uri) is None


def test_what_fedify_says_to_followers_stands_in_its_room_alone(
    town: Town, alice: Resident, fay: Fedify
) -> None:
    mirror = mirrored(alice, fay)
    words = f"among us of {fay.mark}"
    post = fay.posts(words, audience="followers")
    seen = alice.sees(words, room=mirror)
    assert seen["content"][OBJECT]["vis"] == "private"
    stranger = town.resident("stan")
    for room in {room for one in (alice, stranger) for room in one.person.rooms()} - {mirror}:
        reader = alice if room in alice.person.rooms() else stranger
        assert not any(containing(words)(e) for e in every(reader.person, room))
    alice.person.react(mirror, seen["event_id"], "🔁")
    alice.person.react(mirror, seen["event_id"], "🦊")  # what is for few may be liked, not boosted
    assert fay.reads("Like", post)["content"] == "🦊"
    assert not [one for one in fay.do("received") if one["type"] == "Announce"]
