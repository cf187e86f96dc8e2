"""What is written into a room, and what of it is read back for a rebuild."""

import hashlib
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.matrix import render
from bridge.matrix.parse import Carried, Entry, Receipt, parse
from bridge.matrix.render import Redact, Refs, Send
from social.acts import (
    LIKE,
    Accept,
    Attachment,
    Block,
    Boost,
    Content,
    Follow,
    Ignored,
    Introduce,
    Leave,
    Mention,
    Profile,
    React,
    Reject,
    Retract,
    Revise,
    Undo,
)
from tests.bridge.matrix import cast
from tests.bridge.matrix.cast import (
    ADA,
    ALICE,
    ALICE_URI,
    BOB,
    BOB_POST,
    BOB_URI,
    BOT,
    FROM_BOB,
    LENA_URI,
    NOW,
    POST,
    event_id,
    own_uri,
)
from tests.bridge.matrix.sent import OBJECT, RAW, SENT, published, sent
from tests.bridge.matrix.typed import typed

# Refusals


@pytest.mark.parametrize(
    "act",
    [
        Introduce(author=BOB_URI, profile=Profile(uri=BOB_URI, handle="bob", domain="x"), at=NOW),
        Follow(author=BOB_URI, target=ALICE_URI, uri="u", at=NOW),
        Accept(author=BOB_URI, follower=ALICE_URI, uri="u", at=NOW),
        Reject(author=BOB_URI, follower=ALICE_URI, uri="u", at=NOW),
        Block(author=BOB_URI, target=ALICE_URI, uri="u", at=NOW),
        Leave(author=BOB_URI, at=NOW),
        Undo(author=BOB_URI, uri="u", at=NOW),
        Retract(author=BOB_URI, post=BOB_POST, at=NOW),
        React(author=BOB_URI, post=BOB_POST, uri="u", emoji=LIKE, at=NOW),
        Revise(author=BOB_URI, now=published(), uri="u", updated=NOW),
    ],
    ids=lambda act: type(act).__name__,
)
def test_what_has_no_place_in_the_room_is_refused_with_a_reason(act):
    got = render.render(act, SENT)
    assert isinstance(got, Ignored)
    assert got.reason


@pytest.mark.parametrize("visibility", ["private", "limited", "direct", "local"])
def test_a_boost_shows_nobody_what_was_meant_for_few(visibility):
    act = Boost(author=BOB_URI, post=BOB_POST, uri="u", at=NOW)
    got = render.render(act, replace(SENT, boosted=published("secret", visibility=visibility)))
    assert isinstance(got, Ignored)


def test_a_display_name_cannot_write_html_or_turn_the_line_round():
    act = Boost(author=BOB_URI, post=BOB_POST, uri="u", at=NOW)
    hostile = replace(
        SENT,
        author_title="<script>\u202e</script><a href='https://evil.test'>",
        boosted=published(),
        boosted_title="<img src=x>",
    )
    content = sent(render.render(act, hostile))
    assert "<script" not in content["formatted_body"]
    assert "evil.test'>" not in content["formatted_body"]
    assert "<img" not in content["formatted_body"]
    assert "\u202e" not in content["body"]


def test_a_warning_cannot_break_out_of_its_attribute():
    act = published(content={"summary": '"><script>x</script>'})
    assert "<script" not in sent(render.render(act, SENT))["formatted_body"]


# Posts


def test_a_post_keeps_the_activity_byte_for_byte():
    content = sent(render.render(published(), SENT))
    kept = content[OBJECT]
    assert kept == {
        "v": 1,
        "id": BOB_POST,
        "type": "Note",
        "by": BOB_URI,
        "act": SENT.act,
        "kind": "create",
        "vis": "public",
        "published": NOW - 60_000,
        "raw": RAW,
        "sha256": hashlib.sha256(RAW.encode()).hexdigest(),
        "auth": "httpsig",
        "key": SENT.key,
        "seen": NOW,
    }
    assert (content["msgtype"], content["body"]) == ("m.text", "hi")
    assert content["formatted_body"] == "<p>hi</p>"
    assert content["m.mentions"] == {}


def test_only_people_of_matrix_are_notified():
    mentions = tuple(Mention(actor=uri, name="@x@y") for uri in (ALICE_URI, LENA_URI, "https://z/"))
    act = published(f'<p><a href="{ALICE_URI}">@alice</a></p>', content={"mentions": mentions})
    content = sent(render.render(act, SENT))
    assert content["m.mentions"] == {"user_ids": [ALICE]}
    assert f'<a href="https://matrix.to/#/{ALICE}">' in content["formatted_body"]


def test_a_reply_is_a_child_of_the_threads_root():
    content = sent(render.render(published(), replace(SENT, root=POST, parent=FROM_BOB)))
    assert content["m.relates_to"] == {
        "rel_type": "m.thread",
        "event_id": POST,
        "is_falling_back": False,
        "m.in_reply_to": {"event_id": FROM_BOB},
    }


def test_a_warning_stands_before_a_spoiler():
    act = published("<p>soup</p>", content={"summary": "Food", "sensitive": True})
    content = sent(render.render(act, SENT))
    assert content["body"] == "[CW: Food]\n\nsoup"
    assert content["formatted_body"] == '<p>Food</p><span data-mx-spoiler="Food"><p>soup</p></span>'


def test_attachments_are_links_with_their_descriptions():
    picture = Attachment(url="https://m.example/1.png", media_type="image/png", alt="A <cat>")
    content = sent(render.render(published(content={"attachments": (picture,)}), SENT))
    assert (
        '<a href="https://m.example/1.png">Picture: A &lt;cat&gt;</a>' in content["formatted_body"]
    )
    assert "Picture: A <cat>" in content["body"]
    assert picture.url in content["body"]


@pytest.mark.parametrize("raw", ["x" * 56_000, '"' * 30_000, "a\x00b", "a\ud800"])
def test_what_a_room_could_not_give_back_unchanged_is_left_out_but_counted(raw):
    content = sent(render.render(published(), replace(SENT, raw=raw)))
    kept = content[OBJECT]
    data = raw.encode("utf-8", "surrogatepass")
    assert "raw" not in kept
    assert kept["raw_len"] == len(data)
    assert kept["sha256"] == hashlib.sha256(data).hexdigest()
    got = parse(cast.message(content, sender=BOB), cast.refs())
    assert isinstance(got, Carried)
    assert (got.raw, got.uri) == ("", BOB_POST)


@pytest.mark.parametrize("letter", ["a ", '"', "a<br>", "ü", "<b>x</b>", "<p>\\</p>"])
def test_a_long_text_fits_and_says_where_the_whole_is(letter):
    act = published(letter * 20_000)
    content = sent(render.render(act, SENT))
    if len(content["body"]) > 10_000:
        assert BOB_POST in content["body"]
    revise = Revise(author=BOB_URI, now=act, uri="u", updated=NOW)
    assert sent(render.render(revise, replace(SENT, event=POST)))["m.new_content"]["body"]
    boost = Boost(author=BOB_URI, post=BOB_POST, uri="u", at=NOW)
    sent(render.render(boost, replace(SENT, boosted=act)))
    sent(render.notice_for(act, SENT))
    sent(render.notice(letter * 20_000))


TEXT = st.text(max_size=80)
POSTS = st.builds(
    lambda html, summary, alt: published(
        html,
        content={
            "summary": summary,
            "attachments": (Attachment(url="https://m.example/1", alt=alt),),
        },
    ),
    TEXT,
    TEXT,
    TEXT,
)


@given(act=POSTS, raw=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")))
def test_what_was_rendered_is_carried_byte_for_byte(act, raw):
    for told in (act, Revise(author=BOB_URI, now=act, uri="u", updated=NOW)):
        found = render.render(told, replace(SENT, raw=raw, event=POST, author_title=raw))
        content = sent(found)
        got = parse(cast.message(content, sender=BOB), cast.refs(kind="mirror"))
        assert isinstance(got, Carried)
        assert (got.raw, got.uri, got.by) == (raw, BOB_POST, BOB_URI)
        notice = render.notice_for(act, replace(SENT, raw=raw, author_acct=raw))
        sent(notice)


def test_a_post_without_words_says_where_it_is():
    assert BOB_POST in sent(render.render(published(""), SENT))["body"]


# Edits, deletions, reactions


def test_an_edit_of_what_just_fits_keeps_its_words_and_their_form():
    long = published(f"<p><em>{'a word, ' * 3_800}</em></p>")
    first = sent(render.render(long, SENT))
    assert first["formatted_body"].startswith(long.content.html)
    act = Revise(author=BOB_URI, now=long, uri="u", updated=NOW)
    edit = sent(render.render(act, replace(SENT, event=event_id("post"))))
    new = edit["m.new_content"]
    assert (new["body"], new["formatted_body"]) == (first["body"], first["formatted_body"])
    assert edit["body"].startswith("* a word")


def test_an_edit_replaces_the_event_that_carries_the_post():
    act = Revise(author=BOB_URI, now=published("<p>after</p>"), uri="u", updated=NOW)
    content = sent(render.render(act, replace(SENT, event=FROM_BOB)))
    assert content["m.relates_to"] == {"rel_type": "m.replace", "event_id": FROM_BOB}
    assert content["m.new_content"]["body"] == "after"
    assert content["body"] == "* after"
    assert (content[OBJECT]["kind"], content[OBJECT]["edited"]) == ("update", NOW)
    assert OBJECT not in content["m.new_content"]


def test_a_deletion_leaves_a_tombstone_with_the_id():
    act = Retract(author=BOB_URI, post=BOB_POST, at=NOW)
    got = render.render(act, replace(SENT, event=FROM_BOB))
    assert isinstance(got, Redact)
    assert got.event == FROM_BOB
    assert got.content == {"social.ownroom.tombstone": {"id": BOB_POST, "at": NOW, "by": BOB_URI}}


def test_taking_back_redacts_what_was_done():
    act = Undo(author=BOB_URI, uri="https://mastodon.example/l/1", at=NOW)
    got = render.render(act, replace(SENT, redact=cast.LIKED, event=POST))
    assert isinstance(got, Redact)
    assert got.event == cast.LIKED


@pytest.mark.parametrize(
    ("emoji", "key"), [(LIKE, "👍\ufe0f"), ("🐈", "🐈"), (":blobcat:", ":blobcat:")]
)
def test_a_reaction_annotates_the_event(emoji, key):
    act = React(author=BOB_URI, post=own_uri(POST), uri="https://m.example/l", emoji=emoji, at=NOW)
    found = render.render(act, replace(SENT, event=POST))
    assert isinstance(found, Send)
    assert found.type == "m.reaction"
    content = sent(found)
    assert content["m.relates_to"] == {"rel_type": "m.annotation", "event_id": POST, "key": key}
    assert content[OBJECT]["raw"] == RAW
    event = cast.message({"m.relates_to": content["m.relates_to"]}, type="m.reaction", sender=ADA)
    read = parse(event, cast.refs())
    assert isinstance(read, React)
    assert read.emoji == emoji


# Boosts


def test_a_boost_is_a_card_that_names_both():
    act = Boost(author=BOB_URI, post=BOB_POST, uri="https://m.example/b", at=NOW)
    post = published("<p>one</p><p>two</p>", url="https://mastodon.example/@lena/1")
    content = sent(render.render(act, replace(SENT, boosted=post, boosted_title="Lena")))
    assert content["body"].startswith("🔁 Bob <b> boosted a post by Lena")
    assert "> one\n" in content["body"]
    assert "https://mastodon.example/@lena/1" in content["body"]
    assert content["formatted_body"].endswith("<blockquote><p>one</p><p>two</p></blockquote>")
    assert content["m.mentions"] == {}
    social = "org.matrix.msc4501.social"
    assert content[f"{social}.relates_to"] == {
        "rel_type": f"{social}.repost",
        "content_inline": True,
        "displayname": "Lena",
        "sender": BOB,
    }
    assert content[f"{social}.body"] == "one\n\ntwo"
    assert (content[OBJECT]["kind"], content[OBJECT]["role"]) == ("announce", "card")
    assert "m.relates_to" not in content


def test_a_boost_of_a_post_in_the_room_stands_in_its_thread():
    act = Boost(author=BOB_URI, post=own_uri(POST), uri="https://m.example/b", at=NOW)
    content = sent(render.render(act, replace(SENT, boosted=published(), event=POST)))
    assert content["m.relates_to"]["event_id"] == POST
    got = parse(cast.message(content, sender=BOB), cast.refs())
    assert isinstance(got, Carried)
    assert (got.kind, got.role, got.raw) == ("announce", "card", RAW)


def test_a_boost_of_a_post_nobody_could_fetch_is_a_link():
    act = Boost(author=BOB_URI, post="https://gone.example/1", uri="https://m.example/b", at=NOW)
    assert "https://gone.example/1" in sent(render.render(act, SENT))["body"]


# Our own posts


@pytest.mark.parametrize("summary", ["", "Food & drink"])
def test_a_post_by_a_client_that_knows_our_keys_is_read_back_as_it_was_written(summary):
    html = "<p>Hello <strong>you</strong><br>there</p><ul><li>a</li></ul>"
    content = {"summary": summary, "sensitive": bool(summary), "language": "fr"}
    mention = Mention(actor=BOB_URI, name="@bob@mastodon.example")
    act = cast.post(
        own_uri(event_id("new")),
        ALICE_URI,
        content=Content(html=html, mentions=(mention,), **content),
        visibility="unlisted",
        published=NOW - 1000,
        audience=(BOB_URI,),
    )
    written = sent(typed(act, SENT))
    assert written["m.mentions"] == {"user_ids": [BOB]}
    assert parse(cast.message(written), cast.refs()) == act


# Receipts, ledger


def test_a_receipt_gives_back_the_bytes_served():
    found = render.receipt(
        POST, own_uri(POST), "act", RAW, visibility="public", to=["a"], cc=["b"], at=NOW
    )
    event = cast.message(sent(found), type=found.type, sender=BOT)
    got = parse(event, cast.refs())
    assert got == Receipt(
        event=POST,
        uri=own_uri(POST),
        act="act",
        raw=RAW,
        visibility="public",
        at=NOW,
    )


@pytest.mark.parametrize(("people", "size"), [(3_000, 10), (3_000, 40_000), (1, 70_000)])
def test_a_receipt_always_fits(people, size):
    audience = [f"https://host{n}.example/users/somebody" for n in range(people)]
    found = render.receipt(
        POST, own_uri(POST), "act", "x" * size, visibility="public", to=audience, cc=[], at=NOW
    )
    content = sent(found)
    assert content["sha256"] == hashlib.sha256(b"x" * size).hexdigest()
    assert ("raw" in content) == (size < 50_000)


def test_a_ledger_entry_is_read_back():
    found = render.ledger(
        "follow",
        direction="in",
        actor=BOB_URI,
        object=ALICE_URI,
        act="https://m.example/f",
        state="accepted",
        ts=NOW,
        inbox="https://m.example/inbox",
        odd=[1.5, {"x": 2.0}, 2**60, "a\x00\ud800"],
    )
    got = parse(cast.message(sent(found), type=found.type, sender=BOT), cast.refs(kind="desk"))
    assert isinstance(got, Entry)
    said = {"op": "follow", "dir": "in", "actor": BOB_URI, "object": ALICE_URI}
    assert said.items() <= got.raw.items()
    assert got.raw["inbox"] == "https://m.example/inbox"


def test_a_ledger_entry_sheds_what_does_not_fit():
    found = render.ledger(
        "x", direction="in", actor="", object="", act="", state="", ts=NOW, raw="x" * 70_000
    )
    assert "raw" not in sent(found)


def test_refs_need_nothing_but_the_bot():
    assert isinstance(render.render(published(), Refs(bot=BOT)), Send)
