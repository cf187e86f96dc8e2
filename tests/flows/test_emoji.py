"""Custom emoji: words between colons elsewhere, pictures in Matrix, and back."""

import re
from typing import Any

import pytest
from pytest_django import Settings as SettingsWrapper

from bridge import html
from bridge.demo.neighbourhood import Actor as Neighbour
from social.models import Actor, Post, Reaction
from social.web.templatetags.ownroom import kept_with
from tests.fakes.pictures import png
from tests.fakes.world import Resident, World, note, post_of, said
from tests.flows.polling import DISCLOSED, START, TEXT
from tests.rebuilt import lost_and_rebuilt


def tag(name: str, url: str) -> dict[str, Any]:
    icon = {"type": "Image", "mediaType": "image/png", "url": url}
    return {"type": "Emoji", "id": None, "name": f":{name}:", "icon": icon}


def picture(world: World, name: str, body: bytes = b"") -> str:
    return str(world.neighbours.file(f"{name}.png", "image/png", body or png()))


def answered(world: World, one: Neighbour, to: str, text: str, *tags: dict[str, Any]) -> str:
    written = note(one, text, inReplyTo=to, tag=list(tags))
    assert world.hear(one, said(one, "Create", written)) == 202
    world.settle()
    return str(written["id"])


def formatted(resident: Resident, words: str) -> str:
    (event,) = resident.seen(words)
    return str(event["content"]["formatted_body"])


# ---- from elsewhere


def test_a_picture_that_cannot_be_had_stays_a_word(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    root = post_of(alice.post("hello"))
    world.settle()
    large = picture(world, "large", png() + b"\0" * (256 * 1024 + 1))
    html_page = str(world.neighbours.file("x.png", "image/png", b"<html>log in</html>"))
    tags = [tag("large", large), tag("page", html_page), tag("none", f"{bob.id}/nothing.png")]
    answered(world, bob, root, "look :large: :page: :none: :untagged:", *tags)
    assert formatted(alice, "look") == "<p>look :large: :page: :none: :untagged:</p>"


def test_a_word_with_a_picture_is_an_inline_emoticon(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    root = post_of(alice.post("hello"))
    world.settle()
    text = "look :cat: <code>:cat:</code>"
    uri = answered(world, bob, root, text, tag("cat", picture(world, "cat")))
    said_here = formatted(alice, "look")
    start = '<p>look <img data-mx-emoticon="" src="mxc://'
    assert said_here.startswith(start)
    assert said_here.endswith('alt=":cat:" title=":cat:" height="32"> <code>:cat:</code></p>')
    (event,) = alice.seen("look")
    assert event["content"]["body"] == "look :cat: `:cat:`"
    assert Post.objects.get(uri=uri).emojis[0]["shortcode"] == "cat"


def test_a_name_that_no_shortcode_may_have_is_changed_in_the_words_too(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    root = post_of(alice.post("hello"))
    world.settle()
    answered(world, bob, root, "look :c+t:", tag("c+t", picture(world, "ct")))
    assert 'alt=":c_t:"' in formatted(alice, "look")


def test_strangers_pictures_in_a_text_are_still_words(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    root = post_of(alice.post("hello"))
    world.settle()
    text = 'look <img data-mx-emoticon src="mxc://evil.example/x" alt="dot">'
    answered(world, bob, root, text)
    assert formatted(alice, "look") == "<p>look dot</p>"


def test_a_reaction_with_a_picture_has_the_picture_as_its_key(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    root = post_of(alice.post("hello"))
    world.settle()
    like = said(bob, "Like", root, content=":cat:", tag=[tag("cat", picture(world, "cat"))])
    world.hear(bob, like)
    world.settle()
    (event,) = alice.timeline(kind="m.reaction")
    assert event["content"]["m.relates_to"]["key"].startswith("mxc://")
    assert event["content"]["shortcode"] == ":cat:"
    assert event["content"]["com.beeper.reaction.shortcode"] == ":cat:"
    assert Reaction.objects.get().emoji == ":cat:"
    world.hear(bob, said(bob, "Undo", like))
    world.settle()
    assert not alice.timeline(kind="m.reaction")


def test_a_reaction_without_its_picture_is_a_word(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    root = post_of(alice.post("hello"))
    world.settle()
    odd = tag("cat", f"{bob.id}/nothing.png")
    world.hear(bob, said(bob, "Like", root, content=":cat:", tag=[odd]))
    world.settle()
    (event,) = alice.timeline(kind="m.reaction")
    assert event["content"]["m.relates_to"]["key"] == ":cat:"
    assert "shortcode" not in event["content"]


def test_a_name_shows_its_pictures_where_it_stands_in_a_text(world: World, alice: Resident) -> None:
    cat = tag("cat", picture(world, "cat"))
    dora = world.neighbour("dora")
    dora.follow(alice.handle)
    dora.update_profile(name="Dora :cat:", tag=[cat])
    world.settle()
    dora.post("hello", mentions=[alice.handle])
    world.settle()
    (event,) = alice.seen("mentioned you", alice.desk)
    assert '<strong>Dora <img data-mx-emoticon=""' in event["content"]["formatted_body"]
    assert Actor.objects.get(uri=dora.id).emojis[0]["shortcode"] == "cat"


def test_pictures_come_back_with_a_rebuild(world: World, alice: Resident, bob: Neighbour) -> None:
    root = post_of(alice.post("hello"))
    world.settle()
    cat = tag("cat", picture(world, "cat"))
    uri = answered(world, bob, root, "look :cat:", cat)
    world.hear(bob, said(bob, "Like", root, content=":cat:", tag=[cat]))
    world.settle()
    before = Post.objects.get(uri=uri).emojis, Reaction.objects.get().custom
    assert all(before)
    lost_and_rebuilt()
    assert (Post.objects.get(uri=uri).emojis, Reaction.objects.get().custom) == before


def test_a_text_full_of_emoticons_is_not_cut_short() -> None:
    text = f"<p>{':a: ' * 3_000}end</p>"
    shown = html.to_matrix(text, {}, {"a": "mxc://hs.test/aaaaaaaaaaaaaaaaaaaaaaaa"}).formatted
    assert shown.count("<img") == 100
    assert shown.endswith("end</p>")


# ---- from here

MXC = "mxc://hs.test/cat"
INLINE = f'look <img data-mx-emoticon src="{MXC}" alt=":blob-cat:" title="x" height="32">!'


@pytest.fixture
def cat(world: World) -> bytes:
    world.home.files["hs.test/cat"] = ("image/png", png())
    return png()


def written(one: Neighbour, words: str, kind: str = "Create") -> dict[str, Any]:
    return dict(one.received(kind, contains=words)[-1]["activity"]["object"])


def emoji_tags(obj: dict[str, Any]) -> list[dict[str, Any]]:
    return [tag for tag in obj["tag"] if tag["type"] == "Emoji"]


def test_a_picture_of_a_post_is_served_while_the_post_stands_and_nothing_else(
    world: World, alice: Resident, bob: Neighbour, cat: bytes
) -> None:
    bob.follow(alice.handle)
    world.settle()
    event = alice.post("look :blob-cat:!", INLINE)
    world.settle()
    sent = written(bob, "look")
    assert sent["content"] == "<p>look :blob_cat:!</p>"
    (one,) = emoji_tags(sent)
    assert one["name"] == ":blob_cat:"
    assert world.get(one["icon"]["url"]) == (200, cat)
    assert world.get(one["icon"]["url"].replace("/cat", "/dog"))[0] == 404
    page = world.page(post_of(event))
    assert f'src="{one["icon"]["url"]}" alt=":blob_cat:"' in page
    alice.person.redact(alice.room, event)
    world.settle()
    assert world.get(one["icon"]["url"])[0] == 404


def test_a_picture_in_an_edit_is_served_too(
    world: World, alice: Resident, bob: Neighbour, cat: bytes
) -> None:
    bob.follow(alice.handle)
    world.settle()
    event = alice.post("first words")
    world.settle()
    alice.person.edit(alice.room, event, "look :blob-cat:!", INLINE)
    world.settle()
    (one,) = emoji_tags(written(bob, "look", "Update"))
    assert world.get(one["icon"]["url"]) == (200, cat)


def test_a_picture_from_elsewhere_is_no_emoticon(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    bob.follow(alice.handle)
    world.settle()
    html_text = 'look <img data-mx-emoticon src="https://evil.example/t.gif" alt="dot">'
    alice.post("look dot", html_text)
    world.settle()
    sent = written(bob, "look")
    assert sent["content"] == "<p>look dot</p>"
    assert not emoji_tags(sent)


def test_the_pack_of_the_profile_room_gives_pictures_to_words(
    world: World, alice: Resident, bob: Neighbour, cat: bytes
) -> None:
    bob.follow(alice.handle)
    world.settle()
    sticker = {"url": MXC, "usage": ["sticker"]}
    images = {"cat": {"url": MXC, "info": {"mimetype": "image/png"}}, "only": sticker}
    alice.person.put_state(alice.room, "im.ponies.room_emotes", {"images": images})
    world.settle()
    alice.tell_bot("set name Alice :cat:")
    event = alice.post("look :cat: :only: :unknown:")
    world.settle()
    (one,) = emoji_tags(written(bob, "look"))
    assert one["name"] == ":cat:"
    assert world.get(one["icon"]["url"]) == (200, cat)
    (mine,) = world.json(alice.actor)["tag"]
    assert world.get(mine["icon"]["url"]) == (200, cat)
    alice.person.put_state(alice.room, "im.ponies.room_emotes", {"images": {}})
    world.settle()
    assert world.get(mine["icon"]["url"])[0] == 404
    assert world.get(one["icon"]["url"])[0] == 200, "the post still has it"
    before = Post.objects.get(uri=post_of(event)).emojis
    lost_and_rebuilt()
    assert Post.objects.get(uri=post_of(event)).emojis == before


def test_a_warning_and_an_answer_of_a_poll_show_their_pictures_too(
    world: World, alice: Resident, bob: Neighbour, cat: bytes
) -> None:
    world.friends(bob, alice)
    alice.person.put_state(alice.room, "m.room.image_pack", {"images": {"cat": {"url": MXC}}})
    world.settle()
    warned = alice.post("!cw about :cat:\nwords")
    answers = [{"id": name, TEXT: name} for name in (":cat:", "none")]
    poll = {"kind": DISCLOSED, "question": {TEXT: "which?"}, "answers": answers}
    asked = alice.person.send_event(alice.room, START, {START: poll})
    world.settle()
    for event, words in ((warned, "words"), (asked, "which?")):
        (one,) = emoji_tags(written(bob, words))
        assert world.get(one["icon"]["url"]) == (200, cat)
        assert f'src="{one["icon"]["url"]}" alt=":cat:"' in world.page(f"/@alice/{event[1:]}")
    theirs = note(bob, "behind it", summary="about :c+t:", tag=[tag("c+t", picture(world, "ct"))])
    world.hear(bob, said(bob, "Create", theirs))
    world.settle()
    (shown,) = alice.seen("behind it", world.mirror(bob, alice))
    assert shown["content"]["formatted_body"].startswith('<p>about <img data-mx-emoticon="" src=')
    assert shown["content"]["body"].startswith("[CW: about :c_t:]")


def test_a_pack_that_somebody_else_puts_there_counts_for_nothing(
    world: World, alice: Resident, cat: bytes
) -> None:
    mallory = world.person("mallory")
    mallory.join(alice.room)
    room = world.home.rooms[alice.room]
    pack = {"images": {"cat": {"url": MXC}}}
    world.home.append(room, "m.room.image_pack", mallory.user_id, pack, state_key="")
    world.settle()
    assert alice.row().emojis == []


def test_a_reaction_with_a_picture_travels_with_it(
    world: World, alice: Resident, bob: Neighbour, cat: bytes
) -> None:
    root = alice.post("hello")
    world.settle()
    answered(world, bob, post_of(root), "an answer")
    (event,) = alice.seen("an answer")
    related = {"rel_type": "m.annotation", "event_id": event["event_id"], "key": MXC}
    reaction = alice.person.send_event(
        alice.room, "m.reaction", {"m.relates_to": related, "shortcode": ":blob-cat:"}
    )
    world.settle()
    (like,) = bob.received("Like")
    sent = like["activity"]
    assert sent["content"] == sent["_misskey_reaction"] == ":blob_cat:"
    (one,) = sent["tag"]
    assert world.get(one["icon"]["url"]) == (200, cat)
    alice.person.redact(alice.room, reaction)
    world.settle()
    assert bob.received("Undo")[0]["activity"]["object"]["content"] == ":blob_cat:"
    assert world.get(one["icon"]["url"])[0] == 404


def test_who_joins_a_reaction_from_elsewhere_names_the_same_picture(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    root = alice.post("hello")
    world.settle()
    url = picture(world, "cat")
    answer = answered(world, bob, post_of(root), "an answer")
    dave = world.resident("dave")
    world.hear(bob, said(bob, "Like", post_of(root), content=":cat:", tag=[tag("cat", url)]))
    world.settle()
    (theirs,) = alice.timeline(kind="m.reaction")
    key = theirs["content"]["m.relates_to"]["key"]
    dave.person.join(alice.room)
    (event,) = alice.seen("an answer")
    dave.person.react(alice.room, event["event_id"], key)
    world.settle()
    row = Reaction.objects.get(author__uri=dave.actor, post__uri=answer)
    assert (row.emoji, row.custom["url"]) == (":cat:", url)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a{}b", "a\u200b:cat:\u200bb"),
        ("{}{}", ":cat:\u200b:cat:"),
        ("({})", "(:cat:)"),
    ],
)
def test_a_word_that_would_touch_another_is_kept_apart(text: str, shown: str) -> None:
    inline = f'<img data-mx-emoticon src="{MXC}" alt=":cat:">'
    said_there = html.from_matrix("x", text.format(inline, inline), lambda _: None)
    assert said_there.html == f"<p>{shown}</p>"
    assert said_there.emoticons == (("cat", MXC),)


def test_two_pictures_of_one_name_have_two() -> None:
    two = '<img data-mx-emoticon src="mxc://hs.test/{}" alt="cat">'
    said_there = html.from_matrix("x", f"{two.format('a')} {two.format('b')}", lambda _: None)
    assert dict(said_there.emoticons) == {"cat": "mxc://hs.test/a", "cat_2": "mxc://hs.test/b"}


# ---- pages


@pytest.mark.parametrize(
    "text",
    [
        '<a href="https://x.example/&gt;:cat:">link</a>',
        '<a href="https://x.example/>:cat:&quot; onload=&quot;x">link</a>',
        "<code>:cat:</code>",
        ":dog:",
    ],
)
def test_a_page_shows_pictures_in_words_alone(text: str, settings: SettingsWrapper) -> None:
    ours = f"{settings.OWNROOM_ORIGIN}/media/e/hs.test/cat"
    pictures = Post(pk=7, emojis=[{"shortcode": "cat", "url": ours}])
    shown = kept_with(f"<p>{text}</p>", pictures)
    assert "<img" not in shown
    assert "<img" in kept_with(f"<p>:cat: {text}</p>", pictures)
    assert kept_with(f'<p><img src="{ours}x">:cat:</p>', pictures).count("src=") == 1


def test_the_emoji_of_others_stand_on_pages_under_our_addresses(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    root = post_of(alice.post("hello"))
    world.settle()
    url = picture(world, "cat")
    uri = answered(world, bob, root, "look :cat: :none:", tag("cat", url))
    page = world.page(root)
    assert url not in page
    (found,) = re.findall(r'<img[^>]* src="([^"]+)" alt=":cat:"', page)
    assert f"/media/of/{Post.objects.get(uri=uri).pk}/" in found
    assert world.get(found) == (200, png())
    assert ":none:" in page
