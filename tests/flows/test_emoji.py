"""Custom emoji: words between colons elsewhere, pictures in Matrix, and back."""

from typing import Any

from bridge import html
from bridge.demo.neighbourhood import Actor as Neighbour
from bridge.matrix import emoticons
from social.models import Actor, Post, Reaction
from tests.bridge.test_pictures import png
from tests.bridge.test_rebuild import lost_and_rebuilt
from tests.fakes.world import Resident, World, note, post_of, said


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
    large = picture(world, "large", png() + b"\0" * (emoticons.LARGEST + 1))
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
