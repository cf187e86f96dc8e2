"""Strangers' activities: what is refused, what each sample says, and no raising on anything."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.activitypub import parse_measures
from bridge.activitypub.parse import claimed, parse, post, profile, split
from social import acts
from social.acts import LIKE, Ignored, Publish, React

AT = 1_795_459_500_000
WIRE = Path(__file__).parents[2] / "wire" / "activitypub"
SAMPLES = sorted(WIRE.glob("*.json"))
PUBLIC = "https://www.w3.org/ns/activitystreams#Public"
BOB = "https://mastodon.example/users/bob"
POST = "https://social.test/ap/o/abcdefghijklmnopqrst"

Json = dict[str, Any]


def note(**changes: Any) -> Json:
    written = {"id": f"{BOB}/1", "type": "Note", "attributedTo": BOB, "content": "hi", "to": PUBLIC}
    return {**written, **changes}


def create(obj: Any, **changes: Any) -> Json:
    return {"id": f"{BOB}/1/activity", "type": "Create", "actor": BOB, "object": obj, **changes}


def like(**changes: Any) -> Json:
    return {"id": f"{BOB}#likes/1", "type": "Like", "actor": BOB, "object": POST, **changes}


def published(obj: Any) -> Publish:
    act = parse(create(obj), at=AT)
    assert isinstance(act, Publish)
    return act


def test_there_are_samples_of_many_kinds_of_software() -> None:
    assert len(SAMPLES) >= 40
    assert len({json.loads(path.read_text())["software"] for path in SAMPLES}) >= 25


def read(activity: Json, sample: Json) -> Any:
    if "group" not in sample:
        return parse(activity, at=AT, followers=sample.get("followers", ""))
    lists = tuple(sample["lists"])
    return parse_measures.read(activity, activity["actor"], AT, sample["group"], lists)


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_a_sample_is_read_as_it_says(path: Path) -> None:
    sample = json.loads(path.read_text())
    found = [read(one, sample) for one in split(sample["activity"])]
    act = found[0]
    if "acts" in sample:
        assert found == [acts.load(one) for one in sample["acts"]]
    elif "ignored" in sample:
        assert isinstance(act, Ignored)
        assert sample["ignored"] in act.reason
    else:
        assert act == acts.load(sample["act"])


@pytest.mark.parametrize(
    ("activity", "reason"),
    [
        (None, "no type"),
        ([], "no type"),
        ({"type": {}}, "no type"),
        ({"type": "Create"}, "names no actor"),
        ({"type": "Follow", "actor": "javascript:alert(1)"}, "names no actor"),
        ({"type": "Follow", "actor": "https://a@mastodon.example/"}, "names no actor"),
        (like(id=7), "on another server"),
        (like(id="https://mastodon.example.evil.example/1"), "on another server"),
        (like(id=f"{BOB}/\0"), "on another server"),
        (like(id=None), "has no id"),
        (like(object=[POST, f"{POST}x"]), "does not say what it is about"),
        (like(object=3), "does not say what it is about"),
        (like(type="EmojiReact"), "no emoji"),
        (like(type="EmojiReact", content="words"), "no emoji"),
        (like(type="Follow", object=BOB), "themselves"),
        (like(type="Follow", object="as:Public"), "relays"),
        (like(type="Undo", object={}), "nothing is taken back"),
        (like(type="Undo", object={"type": "Create", "id": f"{BOB}/9"}), "taking back Create"),
        (like(type="Accept", object={"type": "Join", "id": POST}), "answering Join"),
        (like(type="Accept", object={"type": "Follow"}), "to which follow"),
        (
            like(type="Accept", object={"type": "Follow", "id": f"{BOB}/f", "actor": POST}),
            "on another server",
        ),
        (like(type="Move"), "nobody can move somebody else"),
        (create(f"{BOB}/1"), "only its id"),
        (create([note(), note(id=f"{BOB}/2")]), "several posts"),
        (create(note(id=None)), "no id"),
        (create(note(type=None)), "no type"),
        (create(note(type="Person")), "not posts"),
        (create(note(type="Like")), "not posts"),
        (create(note(type="Gadget", content=None)), "type Gadget"),
        (create(note(id=f"{BOB}/\0")), "no id"),
        (create(note(attributedTo=[f"{BOB}2", BOB])), "by somebody else"),
        (create(note(id="http://mastodon.example/users/bob/1")), "on another server"),
        (create(note(id="https://mastodon.example:8443/1")), "on another server"),
        ({**create(f"{BOB}/1"), "type": "Update"}, "only its id"),
        ({**create(BOB), "type": "Update"}, "only its id"),
        (note(attributedTo=None), "no author"),
        (note(attributedTo="https://elsewhere.example/u"), "on another server"),
    ],
)
def test_what_cannot_be_an_act_is_refused_with_the_reason(activity: Any, reason: str) -> None:
    act = parse(activity, at=AT)
    assert isinstance(act, Ignored)
    assert reason in act.reason


@pytest.mark.parametrize(
    "words", [{"content": "Tea!"}, {"content": ""}, {"contentMap": {"en": "x"}}]
)
def test_an_answer_with_a_name_is_a_vote_only_without_any_content(words: Json) -> None:
    answer = {**note(inReplyTo=POST, name="Tea", content=None), "to": "https://social.test/ap/u/a"}
    assert isinstance(parse(create(answer), at=AT), acts.Vote)
    assert isinstance(parse(create({**answer, **words}), at=AT), Publish)


@pytest.mark.parametrize(
    ("to", "cc", "visibility"),
    [
        ([PUBLIC], [], "public"),
        ("as:Public", None, "public"),
        ({"id": "Public"}, None, "public"),
        ([f"{BOB}/followers"], "as:Public", "unlisted"),
        ([], [f"{BOB}/followers"], "private"),
        (f"{BOB}/followers", [], "private"),
        ([f"{BOB}/following"], [], "limited"),
        ([POST], [], "direct"),
        ([POST], ["https://third.example/u"], "limited"),
        ([], [], "direct"),
        (5, {"a": 1}, "direct"),
    ],
)
def test_the_addresses_decide_who_may_read(to: Any, cc: Any, visibility: str) -> None:
    tag = {"type": "Mention", "href": POST, "name": "@alice"}
    act = post(note(to=to, cc=cc, tag=tag), at=AT, followers=f"{BOB}/followers")
    assert isinstance(act, Publish)
    assert act.visibility == visibility


def test_the_objects_addresses_win_over_the_activitys() -> None:
    act = parse(create(note(to=[POST], cc=[]), to=[PUBLIC]), at=AT)
    assert isinstance(act, Publish)
    assert act.visibility == "limited"


def test_sizes_are_bounded() -> None:
    tags = [{"type": "Mention", "href": f"{BOB}{i}", "name": f"@{i}"} for i in range(5_000)]
    files = [{"type": "Image", "url": f"{BOB}/{i}.png", "name": "x" * 9_000} for i in range(5_000)]
    to = [PUBLIC, *(f"https://h{i}.example/u" for i in range(100_000))]
    act = published(note(tag=tags, attachment=files, to=to, summary="x" * 9_000))
    assert len(act.content.mentions) == 50
    assert len(act.content.attachments) == 16
    assert len(act.content.attachments[0].alt) == 5_000
    assert len(act.audience) < 1_001
    assert len(act.content.summary) == 500
    assert len(published(note(content="<p>" + "x" * 1_000_000)).content.html) <= 300_000


def test_hashtags_and_the_answers_of_a_poll_are_bounded() -> None:
    tags = [{"type": "Hashtag", "name": f"#t{i}"} for i in range(5_000)]
    answers = [{"type": "Note", "name": f"answer{i}."} for i in range(5_000)]
    assert len(published(note(tag=tags)).content.hashtags) == 100
    asked = published(note(type="Question", oneOf=answers)).content.html
    assert "answer99." in asked
    assert "answer100." not in asked
    assert "…" in asked


def test_a_profile_is_bounded() -> None:
    fields = [{"type": "PropertyValue", "name": "n" * 9_000, "value": "v"} for _ in range(5_000)]
    aliases = [f"{BOB}/{number}" for number in range(5_000)]
    read = profile(actor(name="x" * 9_000, attachment=fields, alsoKnownAs=aliases), at=AT)
    assert isinstance(read, acts.Profile)
    assert len(read.name) <= 500
    assert len(read.fields) == 16
    assert len(read.fields[0].name) <= 500
    assert len(read.aliases) == 20


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("2026-11-20T08:15:30.123Z", 1_795_162_530_123),
        ("2015-01-01T00:00:00Z", 1_420_070_400_000),
        ("2026-11-24T08:00:00Z", AT),
        ("2027-01-01T00:00:00Z", AT),
        ("1969-12-31T23:59:59Z", AT),
        ("12026-01-01T00:00:00Z", AT),
        ("yesterday", AT),
        (["2026-11-20T08:15:30Z"], AT),
        (None, AT),
    ],
)
def test_a_date_far_off_becomes_the_time_of_receipt(written: Any, read: int) -> None:
    assert published(note(published=written)).published == read
    boost = parse(like(type="Announce", published=written), at=AT)
    assert isinstance(boost, acts.Boost)
    assert boost.at == read


def test_edits_by_a_clock_that_is_ahead_keep_their_order() -> None:
    ahead = note(published="2026-11-24T08:00:00Z", updated="2026-11-24T08:00:05Z")
    act = parse({**create(ahead), "type": "Update"}, at=AT)
    assert isinstance(act, acts.Revise)
    assert (act.now.published, act.updated) == (AT, 1_795_507_205_000)


@pytest.mark.parametrize(
    ("content", "emoji"),
    [
        (None, LIKE),
        ("🔥", "🔥"),
        ("👍🏽", "👍🏽"),
        ("❤️", "❤️"),
        ("🏳️‍🌈", "🏳️‍🌈"),
        ("1️⃣", "1️⃣"),
        (":blob@misskey.example:", ":blob:"),
        ("well said", LIKE),
        ("<b>", LIKE),
        ("7", LIKE),
        ("🔥" * 40, LIKE),
        (":../..:", LIKE),
        (["🔥"], "🔥"),
        ({"a": 1}, LIKE),
    ],
)
def test_only_emoji_make_a_like_more_than_a_like(content: Any, emoji: str) -> None:
    act = parse(like(content=content), at=AT)
    assert isinstance(act, React)
    assert act.emoji == emoji


def test_a_reply_to_itself_is_no_reply() -> None:
    assert published(note(inReplyTo=f"{BOB}/1")).reply == ""


def test_a_type_nobody_knows_is_shown_as_a_card_with_a_link() -> None:
    act = published(note(type="Gadget", name="A <b>", content=None))
    assert act.content.html.startswith("<p><strong>A &lt;b&gt;</strong></p>")
    assert f'href="{BOB}/1"' in act.content.html


def actor(**changes: Any) -> Json:
    written = {"id": BOB, "type": "Person", "preferredUsername": "bob", "inbox": f"{BOB}/inbox"}
    return {**written, **changes}


KEY = {"id": f"{BOB}#key", "owner": BOB, "publicKeyPem": "-----BEGIN PUBLIC KEY-----\nx"}


@pytest.mark.parametrize(
    ("key", "key_id", "has_pem"),
    [
        (KEY, f"{BOB}#key", True),
        ([{**KEY, "publicKeyPem": "z6Mk"}, KEY], f"{BOB}#key", True),
        (f"{BOB}/main-key", f"{BOB}/main-key", False),
        ({**KEY, "owner": "https://victim.example/u"}, "", False),
        ({**KEY, "id": "https://victim.example/u#key"}, "", False),
        ({**KEY, "publicKeyPem": 5}, "", False),
        (None, "", False),
        ([[], {}, 5], "", False),
    ],
)
def test_a_key_counts_only_for_its_owner(key: Any, key_id: str, *, has_pem: bool) -> None:
    found = profile(actor(publicKey=key), at=AT)
    assert isinstance(found, acts.Profile)
    assert (found.key_id, bool(found.public_key)) == (key_id, has_pem)


def test_the_handle_on_another_domain_is_only_a_claim() -> None:
    doc = actor(webfinger="bob@harbour.example")
    found = profile(doc, at=AT)
    assert isinstance(found, acts.Profile)
    assert found.domain == "mastodon.example"
    assert claimed(doc) == ("bob", "harbour.example")
    assert claimed(actor()) is None


def test_an_unknown_type_of_actor_is_a_person_if_it_has_an_inbox() -> None:
    act = parse(actor(type="Robot"), at=AT)
    assert isinstance(act, acts.Introduce)
    assert act.profile.kind == "person"


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from([BOB, POST, PUBLIC, f"{BOB}/1", "2026-11-20T08:15:30Z", "Note", "Like"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["id", "type", "actor", "object", "href", "name", "url", "content"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=8,
)
TYPES = [
    "Create Update Delete Undo Follow Accept Reject Like Dislike EmojiReact Announce Block Add",
    "Note Article Question Video Event Page Image Tombstone Person Group",
]
FIELDS = [
    "id actor object attributedTo to cc target published updated inReplyTo content contentMap name",
    "summary mediaType url tag attachment image icon location oneOf anyOf sensitive language",
    "publicKey assertionMethod endpoints inbox followers alsoKnownAs preferredUsername webfinger",
]


def shaped(types: list[str]) -> st.SearchStrategy[Json]:
    """A plausible document in which any field may be anything."""
    fields = dict.fromkeys(" ".join(FIELDS).split(), JSON)
    whole = {"id": st.just(f"{BOB}/1"), "actor": st.just(BOB), "attributedTo": st.just(BOB)}
    return st.fixed_dictionaries(
        {"type": st.sampled_from(" ".join(types).split())}, optional={**fields, **whole}
    )


@given(activity=shaped(TYPES), obj=shaped(TYPES[1:]) | JSON)
def test_no_json_whatever_makes_it_raise(activity: Json, obj: Any) -> None:
    read = (
        parse(activity, at=AT, followers=POST),
        parse({**activity, "object": obj}, at=AT),
        post(activity, at=AT),
    )
    for act in read:
        if not isinstance(act, Ignored):
            assert acts.load(json.loads(json.dumps(acts.dump(act)))) == act
    assert isinstance(profile(activity, at=AT), Ignored | acts.Profile)
    assert claimed(activity) is None or len(str(activity["webfinger"])) > 0
