"""The small known world of these tests: alice and ada own rooms here, bob is on Mastodon."""

from dataclasses import replace
from typing import Any

from bridge.matrix.parse import Refs
from social.acts import LIKE, Attachment, Boost, Content, Mention, Option, Poll, Publish, React
from social.geography import Place

ORIGIN = "https://social.example"
NOW = 1_790_000_000_000
NOON = NOW + 3_600_000
ALICE, ADA = "@alice:hs.test", "@ada:hs.test"
MALLORY = "@mallory:evil.test"
BOT = "@_ap_bot:hs.test"
BOB = "@_ap_bob=40mastodon.example:hs.test"
ALICE_URI, ADA_URI = f"{ORIGIN}/ap/u/alice", f"{ORIGIN}/ap/u/ada"
BOB_URI = "https://mastodon.example/users/bob"
LENA_URI = "https://lena.example/u/lena"
ACTORS = {ALICE: ALICE_URI, ADA: ADA_URI, BOB: BOB_URI}


def event_id(name: str) -> str:
    return f"${name:-<43}"


POST, QUIET = event_id("alice-post"), event_id("alice-quiet")
SHOT = event_id("alice-shot")
FROM_BOB, SECRET = event_id("bob-post"), event_id("bob-secret")
OWN_POLL, BOBS_POLL = event_id("alice-poll"), event_id("bob-poll")
LIKED, BOOSTED, EDIT = event_id("alice-like"), event_id("alice-boost"), event_id("alice-edit")


def own_uri(event: str) -> str:
    return f"{ORIGIN}/ap/o/{event[1:]}"


def post(uri: str, author: str, **changed: Any) -> Publish:
    values: dict[str, Any] = {
        "author": author,
        "post": uri,
        "content": Content(html="<p>before</p>"),
        "visibility": "public",
        "published": NOW - 60_000,
    }
    return Publish(**(values | changed))


BOB_POST = "https://mastodon.example/users/bob/statuses/1"
BOB_SECRET = "https://mastodon.example/users/bob/statuses/2"
BOB_ASKS = "https://mastodon.example/users/bob/statuses/3"
LIKE_URI, BOOST_URI = f"{ORIGIN}/ap/a/{LIKED[1:]}", f"{ORIGIN}/ap/a/{BOOSTED[1:]}"
CARRIED = {
    POST: own_uri(POST),
    QUIET: own_uri(QUIET),
    SHOT: own_uri(SHOT),
    FROM_BOB: BOB_POST,
    SECRET: BOB_SECRET,
    OWN_POLL: own_uri(OWN_POLL),
    BOBS_POLL: BOB_ASKS,
    LIKED: LIKE_URI,
    BOOSTED: BOOST_URI,
    EDIT: f"{own_uri(POST)}/update/{EDIT[1:]}",
}
DRINKS = Poll(options=(Option(name="Tea"), Option(name="Coffee")), closes=NOON)
ANSWERS = {OWN_POLL: {"aaaa": 0, "bbbb": 1}, BOBS_POLL: {"0": 0, "1": 1}}
STORED = {
    own_uri(OWN_POLL): post(
        own_uri(OWN_POLL), ALICE_URI, content=Content(html="<p>What?</p>", poll=DRINKS)
    ),
    BOB_ASKS: post(
        BOB_ASKS,
        BOB_URI,
        content=Content(html="<p>What?</p>", poll=replace(DRINKS, multiple=True)),
    ),
    own_uri(POST): post(own_uri(POST), ALICE_URI),
    own_uri(SHOT): post(
        own_uri(SHOT),
        ALICE_URI,
        content=Content(
            html="<p>before</p>",
            attachments=(
                Attachment(
                    url=f"{ORIGIN}/media/{SHOT[1:]}/hs.test/cat",
                    media_type="image/png",
                    alt="a cat",
                ),
            ),
            place=Place(name="here", latitude="1", longitude="2"),
        ),
    ),
    own_uri(QUIET): post(own_uri(QUIET), ALICE_URI, visibility="unlisted"),
    BOB_POST: post(
        BOB_POST,
        BOB_URI,
        content=Content(
            html="<p>hi</p>",
            mentions=(
                Mention(actor=ALICE_URI, name="@alice@social.example"),
                Mention(actor=LENA_URI, name="@lena@lena.example"),
            ),
        ),
    ),
    BOB_SECRET: post(BOB_SECRET, BOB_URI, visibility="private"),
}
ACTS = {
    LIKE_URI: React(author=ALICE_URI, post=BOB_POST, uri=LIKE_URI, emoji=LIKE, at=NOW),
    BOOST_URI: Boost(author=ALICE_URI, post=BOB_POST, uri=BOOST_URI, at=NOW),
}


def link(key: str) -> tuple[str, str] | None:
    known = {
        ALICE: (ALICE_URI, "alice@social.example"),
        ADA: (ADA_URI, "ada@social.example"),
        BOB: (BOB_URI, "bob@mastodon.example"),
        "@bob@mastodon.example": (BOB_URI, "bob@mastodon.example"),
        BOB_URI: (BOB_URI, "bob@mastodon.example"),
    }
    if key.startswith("#"):
        return f"{ORIGIN}/tags/{key[1:].lower()}", key
    return known.get(key)


def refs(**changed: Any) -> Refs:
    values: dict[str, Any] = {
        "kind": "profile",
        "owner": ALICE,
        "origin": ORIGIN,
        "bot": BOT,
        "trusted": frozenset({BOT, BOB}),
        "actors": ACTORS,
        "carried": CARRIED,
        "stored": STORED,
        "acts": ACTS,
        "answers": ANSWERS,
        "link": link,
        "language": "en",
        "name": "Alice",
        "now": NOW,
    }
    return Refs(**(values | changed))


def message(content: Any, **changed: Any) -> dict[str, Any]:
    return {
        "type": "m.room.message",
        "event_id": event_id("new"),
        "room_id": "!profile:hs.test",
        "sender": ALICE,
        "origin_server_ts": NOW - 1000,
        "content": content,
    } | changed


def text(body: str, formatted: str = "", **more: Any) -> dict[str, Any]:
    content: dict[str, Any] = {"msgtype": "m.text", "body": body} | more
    if formatted:
        content |= {"format": "org.matrix.custom.html", "formatted_body": formatted}
    return content
