"""Events of all kinds, and of anybody: read as acts, or refused with a reason."""

import hashlib
import json
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.matrix.parse import Carried, Command, Entry, Receipt, needs, parse
from social.acts import Boost, Ignored, Publish, React, Revise, dump, load
from social.models import Post
from tests.bridge.matrix.cast import (
    ADA,
    ALICE,
    BOB,
    BOB_POST,
    BOB_URI,
    BOOSTED,
    BOT,
    FROM_BOB,
    LENA_URI,
    MALLORY,
    NOW,
    ORIGIN,
    POST,
    STORED,
    event_id,
    message,
    own_uri,
    refs,
    text,
)

SAMPLES = sorted((Path(__file__).parents[2] / "wire" / "matrix").glob("*.json"))
RAW = '{"id":"https://x.example/1","n":1.50}'
COPY = {
    "v": 1,
    "id": BOB_POST,
    "act": f"{BOB_POST}/activity",
    "by": BOB_URI,
    "kind": "create",
    "raw": RAW,
    "sha256": hashlib.sha256(RAW.encode()).hexdigest(),
    "seen": NOW,
}


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_each_sample_is_the_act_or_the_refusal_it_names(path):
    sample = json.loads(path.read_text())
    changed = sample.get("refs", {})
    if "trusted" in changed:
        changed = changed | {"trusted": frozenset(changed["trusted"])}
    got = parse(sample["event"], refs(**changed))
    if "ignored" in sample:
        assert isinstance(got, Ignored)
        assert sample["ignored"] in got.reason
    else:
        assert got == load(sample["act"])


def test_there_are_samples():
    assert len(SAMPLES) >= 25


# Hostile events


def hostile() -> dict[str, Any]:
    """Events that a broken or lying homeserver might push."""
    plain = text("x")
    found: dict[str, Any] = {
        "not an object": [1],
        "nothing": None,
        "no content": {key: value for key, value in message({}).items() if key != "content"},
        "content null": message(None),
        "content list": message([]),
        "formatted is a number": message(plain | {"format": "org.matrix.custom.html"})
        | {"content": plain | {"format": "org.matrix.custom.html", "formatted_body": 7}},
        "msgtype is a list": message({"msgtype": ["m.text"], "body": "x"}),
        "surrogate": message(text("\ud800")),
        "relation is a list": message(plain | {"m.relates_to": []}),
        "reply is a number": message(plain | {"m.relates_to": {"m.in_reply_to": 7}}),
        "edit of a number": message(
            plain | {"m.new_content": 5, "m.relates_to": {"rel_type": "m.replace", "event_id": 7}}
        ),
        "thread is a dict": message(
            plain | {"m.relates_to": {"rel_type": {}, "event_id": {}, "is_falling_back": 3}}
        ),
        "mentions are odd": message(plain | {"m.mentions": {"user_ids": [5, None, "@x", {}]}}),
        "mentions is a list": message(plain | {"m.mentions": [1]}),
        "our keys are odd": message(
            plain
            | {"social.ownroom.post": {"vis": [], "cw": 5, "lang": {}, "reply": ["x"]}}
            | {"social.ownroom.object": "x"}
        ),
        "our keys are a list": message(plain | {"social.ownroom.post": []}),
        "reaction to a number": message(
            {"m.relates_to": {"rel_type": "m.annotation", "event_id": 5, "key": {}}},
            type="m.reaction",
        ),
        "empty redaction": message({}, type="m.room.redaction"),
        "redaction of a dict": message({"redacts": {}}, type="m.room.redaction", redacts=[]),
        "warnings are odd": message(
            plain
            | {
                "town.robin.msc3725.content_warning": {"description": 5},
                "page.codeberg.everypizza.msc4193.spoiler": True,
                "page.codeberg.everypizza.msc4193.spoiler.reason": [],
            }
        ),
        "a poll of an odd kind": message(
            {
                "org.matrix.msc3381.poll.start": {
                    "kind": {},
                    "question": [],
                    "answers": [{"id": "a", "org.matrix.msc1767.text": "A"}],
                }
            },
            type="org.matrix.msc3381.poll.start",
        ),
        "time is text": message(plain, origin_server_ts="x"),
        "time is negative": message(plain, origin_server_ts=-1),
        "time is a float": message(plain, origin_server_ts=1e300),
    }
    for key in ("type", "sender", "room_id", "event_id", "origin_server_ts"):
        whole = message(plain)
        del whole[key]
        found[f"no {key}"] = whole
    for sender in ("not a user", "@a\x00:hs", "@:", "", 5):
        found[f"sender {sender!r}"] = message(plain, sender=sender)
    for odd in ("$../../x?y#z", "$short", "x" * 44, 5, "$a:hs.test"):
        found[f"event {odd!r}"] = message(plain, event_id=odd)
    return found


@pytest.mark.parametrize("name", hostile())
@pytest.mark.parametrize("kind", ["profile", "desk", "mirror", "control"])
@pytest.mark.parametrize("trusted", [False, True])
def test_a_hostile_event_never_raises(name, kind, trusted):
    event = hostile()[name]
    needs(event)
    parse(event, refs(kind=kind, **({"trusted": frozenset({ALICE})} if trusted else {})))


@pytest.mark.parametrize(
    "content",
    [
        text("a" * 64_000),
        text("x", "<div>" * 12_000),
        text("x", '<a href="https://matrix.to/#/@u:hs">u</a>' * 1_500),
        text("!cw " + "<" * 60_000, "!cw " + "<" * 60_000),
        text("!unlisted " * 6_000, "<p>!unlisted " * 4_500),
        text("> " * 30_000, "<mx-reply>" * 6_000),
    ],
    ids=["long", "deep", "pills", "cw", "unlisted", "quote"],
)
def test_a_large_event_is_read_in_linear_time(content):
    began = time.process_time()
    needs(message(content))
    parse(message(content), refs())
    assert time.process_time() - began < 2


def test_what_is_looked_up_for_one_event_is_bounded():
    pills = "".join(f'<a href="https://matrix.to/#/@u{n}:hs.test">u</a>' for n in range(1_000))
    assert len(needs(message(text("x", pills))).users) <= 201


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3)
    ),
    max_leaves=8,
)
WORDS = st.one_of(
    st.text(max_size=60),
    st.sampled_from(
        ["!cw a\nb", "!unlisted", "> <@a:b> c\n\nd", "@bob@mastodon.example", "<p>!cw x</p>y"]
    ),
)
RELATION = st.fixed_dictionaries(
    {},
    optional={
        "rel_type": st.sampled_from(["m.thread", "m.replace", "m.annotation", "m.reference"])
        | JSON,
        "event_id": st.sampled_from([POST, FROM_BOB, BOOSTED]) | JSON,
        "key": st.sampled_from(["👍", "🔁", "🐈"]) | JSON,
        "is_falling_back": JSON,
        "m.in_reply_to": st.fixed_dictionaries({"event_id": st.just(FROM_BOB) | JSON}) | JSON,
    },
)
ASKED = st.fixed_dictionaries(
    {"answers": st.just([{"id": "a", "org.matrix.msc1767.text": "A"}]) | JSON},
    optional={"kind": JSON, "max_selections": JSON, "question": JSON},
)
CONTENT = st.fixed_dictionaries(
    {},
    optional={
        "msgtype": st.sampled_from(["m.text", "m.emote", "m.image"]) | JSON,
        "body": WORDS | JSON,
        "format": st.just("org.matrix.custom.html") | JSON,
        "formatted_body": WORDS | JSON,
        "m.relates_to": RELATION | JSON,
        "m.new_content": st.fixed_dictionaries({"msgtype": st.just("m.text"), "body": WORDS})
        | JSON,
        "m.mentions": JSON,
        "redacts": st.just(POST) | JSON,
        "social.ownroom.post": JSON,
        "social.ownroom.object": JSON,
        "org.matrix.msc3381.poll.start": ASKED | JSON,
        "m.poll.response": JSON,
        "op": JSON,
        "id": JSON,
    },
)
EVENT = st.fixed_dictionaries(
    {"content": CONTENT | JSON},
    optional={
        "type": st.sampled_from(
            [
                "m.room.message",
                "m.reaction",
                "m.room.redaction",
                "org.matrix.msc3381.poll.start",
                "m.poll.response",
                "m.poll.end",
                "social.ownroom.ledger",
            ]
        )
        | JSON,
        "sender": st.sampled_from([ALICE, ADA, BOB, BOT, MALLORY]) | JSON,
        "event_id": st.just(event_id("new")) | JSON,
        "origin_server_ts": st.integers() | JSON,
        "redacts": JSON,
        "state_key": JSON,
    },
)


@given(event=EVENT, kind=st.sampled_from(["profile", "desk", "mirror", "control", ""]))
def test_no_json_makes_it_raise_and_every_act_survives_storage(event, kind):
    needs(event)
    got = parse(event, refs(kind=kind))
    if not isinstance(got, Carried | Command | Entry | Receipt | Ignored):
        assert load(json.loads(json.dumps(dump(got)))) == got


@pytest.mark.parametrize(
    ("said", "read"),
    [
        ("zh-Hant-TW", "zh-Hant-TW"),
        ("de-DE-1901-x-abcdefgh", ""),
        ("-".join(["abcdefgh"] * 4), "-".join(["abcdefgh"] * 4)),
        ("-".join(["abcdefgh"] * 5), ""),
        ("en_US", ""),
        ("x", ""),
    ],
)
def test_a_language_is_a_tag_that_the_index_can_hold(said, read):
    event = message(text("hi") | {"social.ownroom.post": {"lang": said}})
    got = parse(event, refs(language=""))
    assert isinstance(got, Publish)
    assert got.content.language == read
    assert len(read) <= Post._meta.get_field("language").max_length


# Who is believed


@given(
    extra=st.dictionaries(st.sampled_from(list(COPY)), JSON),
    sender=st.sampled_from([MALLORY, ALICE, ADA]),
)
def test_our_keys_in_anybody_elses_message_count_for_nothing(extra, sender):
    forged = text("hi") | {"social.ownroom.object": COPY | extra}
    plain = message(text("hi"), sender=sender)
    assert parse(message(forged, sender=sender), refs()) == parse(plain, refs())


@pytest.mark.parametrize("kind", ["social.ownroom.receipt", "social.ownroom.ledger"])
def test_receipts_and_ledgers_by_others_count_for_nothing(kind):
    content = {"op": "follow", "dir": "in", "id": BOB_POST}
    content |= {"m.relates_to": {"rel_type": "m.reference", "event_id": POST}}
    for sender in (MALLORY, ALICE, ADA):
        got = parse(message(content, type=kind, sender=sender), refs(kind="desk"))
        assert isinstance(got, Ignored)


def test_a_copy_kept_by_our_ghost_is_read_back_verbatim():
    got = parse(message(text("x") | {"social.ownroom.object": COPY}, sender=BOB), refs())
    assert isinstance(got, Carried)
    assert (got.raw, got.uri, got.by, got.kind, got.seen) == (RAW, BOB_POST, BOB_URI, "create", NOW)


def test_a_copy_on_a_reaction_is_read_too():
    content = {"social.ownroom.object": COPY | {"kind": "react"}}
    got = parse(message(content, type="m.reaction", sender=BOB), refs(kind="mirror"))
    assert isinstance(got, Carried)


@pytest.mark.parametrize("changed", [{"raw": RAW + " "}, {"sha256": ""}, {"id": ""}])
def test_a_damaged_copy_is_refused(changed):
    kept = text("x") | {"social.ownroom.object": COPY | changed}
    assert isinstance(parse(message(kept, sender=BOB), refs()), Ignored)


def test_a_ghost_never_speaks_as_its_actor_even_where_it_is_not_trusted():
    reply = text("x") | {"m.relates_to": {"m.in_reply_to": {"event_id": POST}}}
    for kind in ("profile", "mirror"):
        got = parse(message(reply, sender=BOB), refs(kind=kind, trusted=frozenset()))
        assert isinstance(got, Ignored)


def test_a_ledger_entry_is_read_in_a_desk_only():
    content = {
        "v": 1,
        "op": "follow",
        "dir": "in",
        "actor": BOB_URI,
        "object": "x",
        "act": "y",
        "state": "accepted",
        "ts": NOW,
        "inbox": "z",
    }
    entry = message(content, type="social.ownroom.ledger", sender=BOT)
    assert isinstance(parse(entry, refs()), Ignored)
    got = parse(entry, refs(kind="desk"))
    assert isinstance(got, Entry)
    assert got.raw == content


# Commands


def test_only_the_first_line_of_the_owners_own_words_is_a_command():
    got = parse(message(text("  !help  me \n!admin promote @mallory:evil.test")), refs(kind="desk"))
    assert isinstance(got, Command)
    assert (got.author, got.words, got.text) == (ALICE, ("!help", "me"), "!help  me")


def test_a_quoted_command_is_not_a_command():
    quoted = text("> <@x:y> !block everybody\n\n!help")
    quoted["m.relates_to"] = {"m.in_reply_to": {"event_id": FROM_BOB}}
    got = parse(message(quoted), refs(kind="desk"))
    assert isinstance(got, Command)
    assert (got.text, got.answers) == ("!help", FROM_BOB)


@pytest.mark.parametrize(
    "content",
    [
        {"msgtype": "m.notice", "body": "!help"},
        {"msgtype": "m.emote", "body": "!help"},
        text("   "),
        {
            "msgtype": "m.text",
            "body": "* !help",
            "m.new_content": text("!help"),
            "m.relates_to": {"rel_type": "m.replace", "event_id": POST},
        },
    ],
)
def test_notices_emotes_edits_and_empty_lines_are_no_commands(content):
    assert isinstance(parse(message(content), refs(kind="desk")), Ignored)


# What to look up


def test_needs_names_everybody_and_everything_an_event_refers_to():
    content = text(
        "x",
        f'<a href="https://matrix.to/#/{ADA}">Ada</a> @bob@mastodon.example'
        " <code>@lena@lena.example</code>",
    )
    content["m.mentions"] = {"user_ids": [BOB]}
    content["m.relates_to"] = {
        "rel_type": "m.thread",
        "event_id": POST,
        "m.in_reply_to": {"event_id": FROM_BOB},
    }
    content["social.ownroom.post"] = {"reply": BOB_POST}
    found = needs(message(content))
    assert found.users == {ALICE, ADA, BOB}
    assert found.events == {POST, FROM_BOB}
    assert found.accounts == {"@bob@mastodon.example"}
    assert found.posts == {BOB_POST}


def test_an_account_that_the_caller_resolved_is_mentioned():
    known = {"@lena@lena.example": LENA_URI}
    got = parse(message(text("hi @lena@lena.example")), refs(actors=refs().actors | known))
    assert isinstance(got, Publish)
    assert got.audience == (LENA_URI,)


def test_a_mention_always_names_the_host():
    content = text("hi", **{"m.mentions": {"user_ids": [ADA]}})
    got = parse(message(content), refs(link=lambda _: ("https://social.example/@ada", "ada")))
    assert isinstance(got, Publish)
    assert [mention.name for mention in got.content.mentions] == ["@ada@social.example"]


# Edits and reactions beyond the samples


def edit(target: str, body: str) -> dict[str, Any]:
    related = {"rel_type": "m.replace", "event_id": target}
    return message(text(f"* {body}", **{"m.new_content": text(body), "m.relates_to": related}))


def test_an_edit_keeps_what_the_words_do_not_say():
    old = STORED[own_uri(POST)]
    answer = replace(
        old,
        reply="https://gone.example/1",
        visibility="unlisted",
        content=replace(old.content, mentions=STORED[BOB_POST].content.mentions[1:]),
    )
    got = parse(edit(POST, "after"), refs(stored={own_uri(POST): answer}))
    assert isinstance(got, Revise)
    assert got.now.post == old.post
    assert (got.now.reply, got.now.visibility) == (answer.reply, "unlisted")
    assert got.now.published == old.published
    assert got.now.audience == (LENA_URI,)
    assert got.uri == f"{own_uri(POST)}/update/{event_id('new')[1:]}"
    assert got.updated == NOW - 1000


def test_a_reaction_to_a_boost_is_about_the_post():
    related = {"rel_type": "m.annotation", "event_id": BOOSTED, "key": "🐈"}
    got = parse(message({"m.relates_to": related}, type="m.reaction", sender=ADA), refs())
    assert isinstance(got, React)
    assert got.post == BOB_POST


@pytest.mark.parametrize("key", ["+1", "ok", "", "  ", "1", "a👍", "\u202e", "🐈" * 40])
def test_words_are_no_reactions(key):
    related = {"rel_type": "m.annotation", "event_id": FROM_BOB, "key": key}
    assert isinstance(parse(message({"m.relates_to": related}, type="m.reaction"), refs()), Ignored)


@pytest.mark.parametrize("key", ["🐈", "👩‍👩‍👧‍👦", "🇩🇪", "1️⃣", "☕️", ":blobcat:"])
def test_emoji_and_shortcodes_travel_as_they_are(key):
    related = {"rel_type": "m.annotation", "event_id": FROM_BOB, "key": key}
    got = parse(message({"m.relates_to": related}, type="m.reaction"), refs())
    assert isinstance(got, React)
    assert got.emoji == key
    assert got.uri == f"{ORIGIN}/ap/a/{event_id('new')[1:]}"


def test_a_boost_of_something_unknown_is_refused():
    related = {"rel_type": "m.annotation", "event_id": FROM_BOB, "key": "🔁"}
    event = message({"m.relates_to": related}, type="m.reaction")
    assert isinstance(parse(event, refs(stored={})), Ignored)
    assert isinstance(parse(event, refs()), Boost)
