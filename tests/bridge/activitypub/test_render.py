"""What we say to the fediverse: everything `parse` can read comes back as it was."""

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.activitypub.jsonld import PUBLIC
from bridge.activitypub.parse import parse, post, profile
from bridge.activitypub.render import Refs, actor, instance_actor, note, render, tombstone
from social import acts, framing
from social.acts import LIKE, Content, Mention, Publish, React, Revise, Undo, Visibility

ORIGIN = "https://social.test"
ALICE = f"{ORIGIN}/ap/u/alice"
BOB = "https://mastodon.example/users/bob"
LENA = "https://gts.example/users/lena"
POST = f"{ORIGIN}/ap/o/abcdefghijklmnopqrst"
AT = 1_795_162_530_123
REFS = Refs(origin=ORIGIN, followers=f"{ALICE}/followers", post_author=BOB)


def publish(**changes: Any) -> Publish:
    values: dict[str, Any] = {
        "author": ALICE,
        "post": POST,
        "content": Content(html="<p>hi</p>"),
        "visibility": "public",
        "published": AT,
    }
    return Publish(**{**values, **changes})


@pytest.mark.parametrize(
    ("visibility", "to", "cc"),
    [
        ("public", [PUBLIC], [f"{ALICE}/followers", BOB]),
        ("unlisted", [f"{ALICE}/followers"], [PUBLIC, BOB]),
        ("private", [f"{ALICE}/followers"], [BOB]),
        ("limited", [BOB], []),
        ("direct", [BOB], []),
        ("local", [], []),
    ],
)
def test_addresses_stand_in_full_on_activity_and_object(
    visibility: Visibility, to: list[str], cc: list[str]
) -> None:
    create = render(publish(visibility=visibility, audience=(BOB,)), REFS)
    assert (create["to"], create["cc"]) == (to, cc)
    assert (create["object"]["to"], create["object"]["cc"]) == (to, cc)


def test_the_bytes_are_always_the_same() -> None:
    act = publish(content=Content(html="x", language="en", hashtags=("Rain",)))
    assert json.dumps(render(act, REFS)) == json.dumps(render(act, REFS))
    assert next(iter(render(act, REFS))) == "@context"


def test_a_hashtag_keeps_its_case_and_leads_to_one_page_in_whatever_case() -> None:
    act = publish(content=Content(html="x", hashtags=("Rain", "ÖL/")))
    tags = render(act, REFS)["object"]["tag"]
    assert [(tag["name"], tag["href"]) for tag in tags] == [
        ("#Rain", f"{ORIGIN}/tags/rain"),
        ("#ÖL/", f"{ORIGIN}/tags/%C3%B6l%2F"),
    ]


def test_ids_follow_from_what_is_spoken_of() -> None:
    follow = acts.Follow(author=ALICE, target=BOB, uri=f"{ORIGIN}/ap/a/f", at=AT)
    revise = Revise(author=ALICE, now=publish(), uri=f"{POST}/update/e", updated=AT + 1)
    undo = Undo(author=ALICE, uri=follow.uri, at=AT, undone=follow)
    assert render(publish(), REFS)["id"] == f"{POST}/create"
    assert render(revise, REFS)["id"] == f"{POST}/update/e"
    assert render(acts.Retract(author=ALICE, post=POST, at=AT), REFS)["id"] == f"{POST}/delete"
    assert render(undo, REFS)["id"] == f"{follow.uri}/undo"
    assert render(acts.Leave(author=ALICE, at=AT), REFS)["id"] == f"{ALICE}#delete"


def test_each_answer_has_its_own_id_and_embeds_plain_ids() -> None:
    first = acts.Accept(author=ALICE, follower=BOB, uri=f"{BOB}/f/1", at=AT)
    again = acts.Accept(author=ALICE, follower=BOB, uri=f"{BOB}/f/1", at=AT + 1)
    rendered = render(first, REFS)
    assert re.fullmatch(re.escape(ALICE) + r"#accepts/[0-9a-f]{24}", rendered["id"])
    assert rendered["id"] == render(first, REFS)["id"] != render(again, REFS)["id"]
    assert rendered["object"] == {
        "id": f"{BOB}/f/1",
        "type": "Follow",
        "actor": BOB,
        "object": ALICE,
    }
    removed = acts.Reject(author=ALICE, follower=BOB, uri="", at=AT)
    assert "id" not in render(removed, REFS)["object"]


def test_an_undo_embeds_the_whole_activity() -> None:
    like = React(author=ALICE, post=f"{BOB}/1", uri=f"{ORIGIN}/ap/a/l", emoji="🔥", at=AT)
    undo = render(Undo(author=ALICE, uri=like.uri, at=AT, undone=like), REFS)
    whole = render(like, REFS)
    del whole["@context"]
    assert undo["object"] == whole
    assert undo["to"] == [BOB]


@pytest.mark.parametrize("emoji", [LIKE, "❤", "❤️", "⭐"])
def test_hearts_thumbs_and_stars_are_plain_likes(emoji: str) -> None:
    like = render(React(author=ALICE, post=f"{BOB}/1", uri=f"{ORIGIN}/l", emoji=emoji, at=AT), REFS)
    assert like["type"] == "Like"
    assert "content" not in like


def test_other_emoji_are_likes_with_content() -> None:
    like = render(React(author=ALICE, post=f"{BOB}/1", uri=f"{ORIGIN}/l", emoji="🔥", at=AT), REFS)
    assert (like["type"], like["content"], like["_misskey_reaction"]) == ("Like", "🔥", "🔥")


def test_a_description_stands_in_name_and_in_summary() -> None:
    picture = acts.Attachment(url=f"{ORIGIN}/m/1.png", media_type="image/png", alt="a heron")
    (written,) = note(publish(content=Content(html="", attachments=(picture,))), REFS)["attachment"]
    assert (written["type"], written["name"], written["summary"]) == ("Image", "a heron", "a heron")


def test_in_a_group_no_file_is_of_a_type_with_which_lemmy_refuses_the_post() -> None:
    files = ("image/png", "video/mp4", "audio/ogg", "text/plain", "")
    kinds = tuple(acts.Attachment(url=f"{ORIGIN}/m/1", media_type=kind) for kind in files)
    topic = publish(content=Content(html="", attachments=kinds), group=LENA)
    alone = publish(content=Content(html="", attachments=kinds))
    told = [[file["type"] for file in note(one, REFS)["attachment"]] for one in (topic, alone)]
    assert told[0] == ["Image", *["Document"] * 4]
    assert told[1] == ["Image", "Video", "Audio", "Document", "Document"]


@pytest.mark.parametrize(("words", "told"), [("", "……"), ("x", "x…"), ("x" * 9_000, "x" * 3_000)])
def test_a_report_is_as_long_as_all_who_read_it_take(words: str, told: str) -> None:
    report = acts.Report(author=ALICE, about=(BOB,), words=words, uri="u", at=AT, forward=True)
    assert render(report, REFS)["content"] == told


def test_an_edit_is_never_older_than_the_post() -> None:
    revise = Revise(author=ALICE, now=publish(), uri=f"{POST}/update/e", updated=AT - 5)
    update = render(revise, REFS)
    assert update["object"]["updated"] == update["object"]["published"]


def test_a_document_of_its_own_carries_the_context() -> None:
    document = note(publish(), REFS, updated=AT + 1_000)
    assert document["@context"] == render(publish(), REFS)["@context"]
    assert document["updated"] == "2026-11-20T08:15:31.123Z"
    assert document["replies"] == f"{POST}/replies"
    assert tombstone(POST, AT)["type"] == "Tombstone"


def test_nothing_is_null() -> None:
    assert "null" not in json.dumps(render(publish(), REFS))
    assert "null" not in json.dumps(actor(ALICES))


ALICES = acts.Profile(
    uri=ALICE,
    handle="alice",
    domain="social.test",
    discoverable=True,
    inbox=f"{ALICE}/inbox",
    shared_inbox=f"{ORIGIN}/inbox",
    followers=f"{ALICE}/followers",
    key_id=f"{ALICE}#main-key",
    public_key="-----BEGIN PUBLIC KEY-----\nMIIB\n-----END PUBLIC KEY-----\n",
    multikey="z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK",
)


def test_an_actor_shows_its_rsa_key_first_and_ed25519_as_a_multikey() -> None:
    document = actor(ALICES)
    assert document["publicKey"]["owner"] == ALICE
    assert "BEGIN PUBLIC KEY" in document["publicKey"]["publicKeyPem"]
    (multikey,) = document["assertionMethod"]
    assert (multikey["id"], multikey["controller"]) == (f"{ALICE}#ed25519-key", ALICE)
    assert document["webfinger"] == "alice@social.test"
    assert document["generator"]["implements"][0]["href"].endswith("rfc9421")


def test_only_the_day_of_birth_is_shown() -> None:
    born = acts.Profile(uri=ALICE, handle="alice", domain="social.test", published=AT)
    assert actor(born)["published"] == "2026-11-20T00:00:00Z"


def test_the_servers_own_actor_can_be_read_as_an_actor() -> None:
    document = instance_actor(ORIGIN, "social.test", f"{ORIGIN}/ap/actor#main-key", "PEM", "z6Mk")
    found = profile(document, at=AT)
    assert isinstance(found, acts.Profile)
    assert (found.kind, found.handle) == ("application", "instance")


# ---- parse(render(act)) == act, for all that ActivityPub can express

TIMES = st.integers(min_value=0, max_value=AT)
WORDS = st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=12)
HASHTAGS = st.lists(WORDS, max_size=4, unique_by=str.lower).map(tuple)
OTHERS = st.lists(
    st.sampled_from([BOB, LENA, "https://misskey.example/users/9abc", f"{ORIGIN}/ap/u/ada"]),
    unique=True,
    max_size=4,
)
FILES = st.builds(
    acts.Attachment,
    url=WORDS.map(lambda word: f"{ORIGIN}/media/{word.encode().hex()}"),
    media_type=st.sampled_from(["", "image/png", "video/mp4", "audio/ogg", "application/pdf"]),
    alt=WORDS | st.just(""),
    focus=st.just("") | st.builds(framing.focus, st.floats(-1, 1), st.floats(-1, 1)),
    duration=st.integers(0, 86_400_000),
)
URIS = WORDS.map(lambda word: f"{ORIGIN}/ap/a/{word.encode().hex()}")
ABROAD = st.sampled_from([f"{BOB}/1", f"{LENA}/01J", POST])


POLLS = st.builds(
    acts.Poll,
    options=st.lists(
        st.builds(acts.Option, name=WORDS, votes=st.integers(0, 99)),
        min_size=1,
        max_size=4,
        unique_by=lambda option: option.name,
    ).map(tuple),
    multiple=st.booleans(),
    closes=st.none() | TIMES,
    closed=st.none() | TIMES,
    voters=st.none() | st.integers(0, 99),
)


@st.composite
def posts(draw: st.DrawFn) -> Publish:
    visibility = draw(st.sampled_from(["public", "unlisted", "private", "limited", "direct"]))
    named = draw(OTHERS)
    mentioned = [] if visibility == "limited" else named
    if visibility == "limited" and not named:
        named = [BOB]
    cats = "https://lemmy.example/c/cats"
    group = draw(st.sampled_from(["", cats])) if visibility in acts.OPEN else ""
    title = draw(st.sampled_from(["", "<p><strong>A cat &amp; a box</strong></p>"]))
    content = Content(
        html=title + draw(WORDS).join(["<p>", "</p>"]),
        summary=draw(WORDS | st.just("")),
        sensitive=draw(st.booleans()),
        language=draw(st.sampled_from(["", "en", "pt-BR"])),
        mentions=tuple(Mention(actor=uri, name=f"@{draw(WORDS)}@x.example") for uri in mentioned),
        hashtags=draw(HASHTAGS),
        attachments=draw(st.lists(FILES, max_size=3, unique_by=lambda f: f.url).map(tuple)),
        poll=draw(st.none() | POLLS),
    )
    return publish(
        content=content,
        visibility=visibility,
        published=draw(TIMES),
        url=draw(st.sampled_from(["", f"{ORIGIN}/@alice/abc"])),
        reply=draw(st.sampled_from(["", f"{BOB}/1"])),
        audience=(group, *named) if group else tuple(named),
        group=group,
    )


PROFILES = st.builds(
    acts.Profile,
    uri=st.just(ALICE),
    handle=st.sampled_from(["alice", "al.ice", "al-ice_7"]),
    domain=st.just("social.test"),
    kind=st.sampled_from(["person", "service", "group", "organization", "application"]),
    name=WORDS | st.just(""),
    summary=WORDS.map(lambda word: f"<p>{word}</p>"),
    url=st.sampled_from(["", f"{ORIGIN}/@alice"]),
    icon=st.sampled_from(["", f"{ORIGIN}/a.png"]),
    header=st.sampled_from(["", f"{ORIGIN}/h"]),
    fields=st.lists(st.builds(acts.Field, name=WORDS, value=WORDS), max_size=4).map(tuple),
    locked=st.booleans(),
    discoverable=st.booleans(),
    indexable=st.booleans(),
    aliases=st.sampled_from([(), (BOB,), (BOB, LENA)]),
    moved_to=st.sampled_from(["", BOB]),
    inbox=st.just(f"{ALICE}/inbox"),
    shared_inbox=st.sampled_from(["", f"{ORIGIN}/inbox"]),
    followers=st.just(f"{ALICE}/followers"),
    key_id=st.just(f"{ALICE}#main-key"),
    public_key=st.just(ALICES.public_key),
    multikey=st.just(ALICES.multikey),
    published=st.none() | st.integers(min_value=0, max_value=20_000).map(lambda d: d * 86_400_000),
)
EMOJI = st.sampled_from([LIKE, "🔥", "👎", "🏳️‍🌈", ":blob_cat:"])
REACTS = st.builds(React, author=st.just(ALICE), post=ABROAD, uri=URIS, emoji=EMOJI, at=TIMES)
BOOSTS = st.builds(acts.Boost, author=st.just(ALICE), post=ABROAD, uri=URIS, at=TIMES)
FOLLOWS = st.builds(
    acts.Follow, author=st.just(ALICE), target=st.sampled_from([BOB, LENA]), uri=URIS, at=TIMES
)
BLOCKS = st.builds(
    acts.Block, author=st.just(ALICE), target=st.sampled_from([BOB, LENA]), uri=URIS, at=TIMES
)
UNDONE = REACTS | BOOSTS | FOLLOWS | BLOCKS
ANSWERS = {
    "author": st.just(ALICE),
    "follower": st.just(BOB),
    "uri": st.sampled_from([f"{BOB}/f/1", f"{BOB}#follows/2"]),
    "at": TIMES,
}
ACTS = st.one_of(
    posts(),
    st.builds(Revise, author=st.just(ALICE), now=posts(), uri=URIS, updated=st.just(AT)),
    posts()
    .filter(lambda post: post.content.poll)
    .map(lambda post: acts.Tally(author=ALICE, now=post, uri=f"{POST}/update/1", at=AT)),
    st.builds(
        acts.Vote,
        author=st.just(ALICE),
        poll=st.just(f"{BOB}/1"),
        option=WORDS,
        uri=URIS.map(lambda uri: f"{uri}#votes/0"),
        at=TIMES,
    ),
    st.builds(acts.Retract, author=st.just(ALICE), post=st.just(POST), at=TIMES),
    st.builds(acts.Leave, author=st.just(ALICE), at=TIMES),
    st.builds(acts.Move, author=st.just(ALICE), target=st.just(BOB), uri=URIS, at=TIMES),
    st.builds(acts.Introduce, author=st.just(ALICE), profile=PROFILES, at=TIMES),
    st.builds(acts.Accept, **ANSWERS),
    st.builds(acts.Reject, **ANSWERS),
    UNDONE,
    UNDONE.map(lambda act: Undo(author=ALICE, uri=act.uri, at=act.at, undone=act)),
)


def time_of(act: acts.Act) -> int:
    """When it would be received: an act of ours is heard of when it is done."""
    match act:
        case Publish() | Revise():
            return AT
        case acts.Introduce(profile=acts.Profile(published=int(born))):
            return max(act.at, born)
        case _:
            return act.at


@given(act=ACTS)
def test_what_is_rendered_is_read_back_as_it_was(act: acts.Act) -> None:
    wire = json.loads(json.dumps(render(act, REFS)))
    at = time_of(act)
    found = parse(wire, at=at, followers=REFS.followers)
    if isinstance(act, acts.Introduce):
        assert isinstance(found, acts.Introduce)
        assert found.profile == act.profile
    else:
        assert found == act


@given(act=posts())
def test_a_posts_own_document_says_the_same_as_its_create(act: Publish) -> None:
    assert post(note(act, REFS), at=AT, followers=REFS.followers) == act
