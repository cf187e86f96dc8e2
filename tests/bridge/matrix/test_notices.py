"""What the bot tells people in their desks."""

from dataclasses import replace

import pytest

from bridge.matrix import render
from bridge.matrix.parse import Carried, parse
from social.acts import Block, Boost, Follow, React, Retract, Undo
from tests.bridge.matrix import cast
from tests.bridge.matrix.cast import ADA_URI, ALICE_URI, BOB_POST, BOB_URI, BOT, NOW, POST, own_uri
from tests.bridge.matrix.sent import OBJECT, RAW, SENT, published, sent


def test_a_follow_request_says_how_to_answer():
    act = Follow(author=BOB_URI, target=ALICE_URI, uri="u", at=NOW)
    asked = sent(render.notice_for(act, replace(SENT, pending=True)))
    assert asked["msgtype"] == "m.notice"
    assert "asks to follow you" in asked["body"]
    assert "!accept @bob@mastodon.example" in asked["body"]
    done = sent(render.notice_for(act, SENT))
    assert "(@bob@mastodon.example) follows you now." in done["body"]
    assert done[OBJECT]["raw"] == RAW


def test_a_direct_message_is_told_in_full_and_says_who_sees_it():
    act = published("<p>psst</p><p>more</p>", visibility="direct")
    content = sent(render.notice_for(act, SENT))
    assert "Only the sender and those addressed" in content["body"]
    assert "psst\n\nmore" in content["body"]
    assert content[OBJECT]["vis"] == "direct"
    got = parse(cast.message(content, sender=BOT), cast.refs(kind="desk"))
    assert isinstance(got, Carried)
    assert (got.raw, got.role) == (RAW, "copy")


def test_reactions_and_boosts_quote_the_post_they_are_about():
    about = replace(SENT, boosted=cast.post(own_uri(POST), ALICE_URI), raw="")
    react = React(author=BOB_URI, post=own_uri(POST), uri="u", emoji="🐈", at=NOW)
    boost = Boost(author=BOB_URI, post=own_uri(POST), uri="u", at=NOW)
    for act, verb in ((react, "reacted 🐈 to"), (boost, "boosted")):
        content = sent(render.notice_for(act, about))
        assert f"{verb} your post" in content["body"]
        assert content["body"].endswith("before")
        assert OBJECT not in content


@pytest.mark.parametrize(
    "act",
    [
        Undo(author=BOB_URI, uri="u", at=NOW),
        Retract(author=BOB_URI, post=BOB_POST, at=NOW),
        Block(author=BOB_URI, target=ADA_URI, uri="u", at=NOW),
    ],
    ids=lambda act: type(act).__name__,
)
def test_what_needs_no_telling_is_not_told(act):
    assert render.notice_for(act, SENT) is None


def test_a_notice_is_sanitised():
    content = sent(render.notice("<p>Hello <script>x</script><strong>you</strong></p>"))
    assert content["body"] == "Hello you"
    assert content["formatted_body"] == "<p>Hello <strong>you</strong></p>"
    assert content["msgtype"] == "m.notice"
