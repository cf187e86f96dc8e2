"""Each act, and each field of it, has its way over both networks, or a reason to have none.

The examples below say something in every field of every act; the tables say what is not carried
and why. Whoever adds an act or a field to social/acts.py is asked here how it travels.
"""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given

from bridge.activitypub import parse as activitypub
from bridge.activitypub import parse_measures
from bridge.activitypub import render as activities
from bridge.matrix import parse as matrix
from bridge.matrix import render as events
from social import acts, measures
from social.acts import Ignored
from social.habits import Habits
from tests.bridge.matrix import cast
from tests.bridge.matrix.sent import SENT
from tests.bridge.matrix.typed import typed
from tests.schemas.events import problems
from tests.social.everything import KINDS, all_fields, differing, every_act, said

HERE = cast.ORIGIN
ALICE, BOB, LENA = cast.ALICE_URI, cast.BOB_URI, cast.LENA_URI
POST = cast.own_uri(cast.event_id("new"))
AT = cast.NOW - 1000
REFS = activities.Refs(origin=HERE, followers=f"{ALICE}/followers", post_author=BOB)

CONTENT = acts.Content(
    html="<p>Hello <strong>you</strong></p>",
    summary="Food",
    sensitive=True,
    language="fr",
    mentions=(acts.Mention(actor=BOB, name="@bob@mastodon.example"),),
    hashtags=("Rain",),
    emojis=(acts.Emoji(shortcode="heron", url=f"{HERE}/e/1", media_type="image/png"),),
    attachments=(
        acts.Attachment(
            url=f"{HERE}/media/1",
            media_type="image/png",
            alt="a heron",
            width=640,
            height=480,
            blurhash="UBL_:rOpGG-oBUNG",
            focus="0.5,-0.25",
        ),
        acts.Attachment(url=f"{HERE}/media/2", media_type="audio/ogg", duration=4_500, voice=True),
    ),
    poll=acts.Poll(
        options=(acts.Option(name="Tea", votes=2), acts.Option(name="Coffee", votes=1)),
        multiple=True,
        closes=AT,
        closed=AT - 1,
        voters=2,
    ),
    quote=cast.BOB_POST,
    stamp=f"{BOB}/stamps/1",
    quotable="followers",
    place=acts.Place(name="the quay", latitude="48.2", longitude="-16.37", radius="35"),
)
PUBLISH = acts.Publish(
    author=ALICE,
    post=POST,
    content=CONTENT,
    visibility="unlisted",
    published=AT,
    url=f"{HERE}/@alice/1",
    reply=cast.own_uri(cast.QUIET),
    audience=(BOB,),
    group=LENA,
)
HIDDEN = acts.Poll(options=(acts.Option(name="Tea"),), closes=AT + 1, voters=2, hidden=True)
PROFILE = acts.Profile(
    uri=ALICE,
    handle="alice",
    domain="social.example",
    kind="service",
    name="Alice :heron:",
    summary="<p>writes</p>",
    url=f"{HERE}/@alice",
    icon=f"{HERE}/a.png",
    header=f"{HERE}/h.png",
    fields=(acts.Field(name="web", value="x.example"),),
    locked=True,
    discoverable=False,
    indexable=True,
    hide_network=True,
    restricted=True,
    moderators=(BOB,),
    aliases=(LENA,),
    moved_to=BOB,
    inbox=f"{ALICE}/inbox",
    shared_inbox=f"{HERE}/inbox",
    followers=f"{ALICE}/followers",
    key_id=f"{ALICE}#main-key",
    public_key="-----BEGIN PUBLIC KEY-----\nMIIB\n-----END PUBLIC KEY-----\n",
    multikey="z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK",
    published=86_400_000,
    emojis=(acts.Emoji(shortcode="heron", url=f"{HERE}/e/1", media_type="image/png"),),
    quotes="followers",
    voting=3_600_000,
    memorial=True,
    attribution_domains=("paper.example",),
    habits=Habits(visibility="unlisted", language="fr", warning="Food", notices=True),
)
ABOUT: dict[str, Any] = {"author": ALICE, "uri": f"{HERE}/ap/a/1", "at": AT}
FOLLOW = acts.Follow(target=BOB, **ABOUT)
QUOTED: dict[str, Any] = {
    "author": ALICE,
    "asker": BOB,
    "post": POST,
    "quoting": cast.BOB_POST,
    "uri": f"{cast.BOB_POST}#quote",
    "at": AT,
}
EXAMPLES: list[acts.Act] = [
    acts.Introduce(author=ALICE, profile=PROFILE, at=AT),
    PUBLISH,
    acts.Revise(
        author=ALICE,
        now=PUBLISH,
        uri=f"{POST}/update/e",
        updated=AT + 1000,
        unsaid=f"{POST}/update/d",
        unsaid_at=AT + 500,
    ),
    acts.Tally(
        author=ALICE,
        now=replace(PUBLISH, content=replace(CONTENT, poll=HIDDEN)),
        uri=f"{POST}/update/1",
        at=AT,
    ),
    acts.Vote(poll=cast.BOB_ASKS, option="Tea", ballot=("Tea",), **ABOUT),
    acts.Retract(author=ALICE, post=POST, at=AT),
    acts.React(
        post=cast.BOB_POST,
        emoji=":heron:",
        custom=acts.Emoji(shortcode="heron", url=f"{HERE}/e/1", media_type="image/png"),
        **ABOUT,
    ),
    acts.Boost(post=cast.BOB_POST, **ABOUT),
    FOLLOW,
    acts.Accept(author=ALICE, follower=BOB, uri=f"{BOB}/f/1", at=AT),
    acts.Reject(author=ALICE, follower=BOB, uri=f"{BOB}/f/1", at=AT),
    acts.Block(target=BOB, **ABOUT),
    acts.BlockHost(host="far.example", **ABOUT),
    acts.Mute(target=BOB, until=AT + 1, **ABOUT),
    acts.Pin(post=POST, collection=f"{ALICE}/featured", **ABOUT),
    acts.Report(about=(BOB, cast.BOB_POST), words="spam", forward=True, **ABOUT),
    acts.Decide(author=ALICE, about=POST, allowed=True, at=AT),
    acts.Undo(undone=FOLLOW, **ABOUT),
    acts.Leave(author=ALICE, at=AT),
    acts.Move(target=BOB, **ABOUT),
    acts.PassOn(post=POST, said=f"{BOB}/a/1", corrects=True, **ABOUT),
    measures.Remove(post=cast.BOB_POST, group=BOB, reason="spam", **ABOUT),
    measures.Feature(post=cast.BOB_POST, group=BOB, collection=f"{BOB}/featured", **ABOUT),
    measures.Lock(post=cast.BOB_POST, group=BOB, reason="enough", **ABOUT),
    measures.Appoint(target=LENA, group=BOB, collection=f"{BOB}/moderators", **ABOUT),
    measures.Expel(target=LENA, group=BOB, until=AT, wipe=True, reason="spam", **ABOUT),
    acts.AskQuote(author=ALICE, post=cast.BOB_POST, quoting=POST, uri=f"{POST}#quote", at=AT),
    acts.AllowQuote(stamp=f"{HERE}/ap/stamps/1", **QUOTED),
    acts.RefuseQuote(stamp=f"{HERE}/ap/stamps/1", **QUOTED),
]
BY_KIND = {type(act).__name__: act for act in EXAMPLES}


def test_the_examples_say_something_in_every_field_of_every_act() -> None:
    """Add the act, or a value for the field, to the examples above; then see what becomes of it."""
    assert {type(act) for act in EXAMPLES} == set(KINDS)
    silent = all_fields() - set().union(*map(said, EXAMPLES))
    assert not silent, f"no example says anything in {sorted(silent)}"


# ---- ActivityPub keeps all that the other side can express

NEVER_TOLD = {
    "BlockHost": "whom one keeps away is one's own business",
    "Mute": "who is muted must not learn of it",
    "Decide": "who may read a post here may answer it: nothing waits for its author's word",
}
READ_OTHERWISE = {
    "PassOn": "what a group passes on is read as the act of who did it",
    **dict.fromkeys(
        ("Remove", "Feature", "Lock", "Appoint", "Expel"),
        "it counts only where the group is known (bridge/activitypub/measures.py)",
    ),
}
NOT_IN_ACTIVITYPUB = {
    "Profile.moderators": "they stand in a collection of their own",
    "Profile.restricted": "only a group says it, see below",
    "Profile.hide_network": "it shows in the collections, which are then empty",
    "Profile.quotes": "each post says it of itself",
    "Profile.voting": "each poll says when it ends",
    "Revise.unsaid": "who was told of an edit is told of the next, whatever it takes back",
    "Revise.unsaid_at": "the same",
    "Vote.ballot": "a vote cannot be changed there",
    "Habits.visibility": "each post says it of itself",
    "Habits.language": "each post says it of itself",
    "Habits.warning": "each post says it of itself",
    "Habits.notices": "it is the owner's own business",
    "RefuseQuote.asker": "the stamp that is taken back says for which post it was",
    "RefuseQuote.uri": "the same",
    "Report.author": "reports go in the server's own name, so that nobody learns who reported them",
    "Report.forward": "that it arrives says so",
    "Report.uri": "it would name the author's event",
}


@pytest.mark.parametrize("name", BY_KIND)
def test_activitypub_carries_each_field_but_those_listed(name: str) -> None:
    act = BY_KIND[name]
    if name in NEVER_TOLD:
        with pytest.raises(ValueError, match="never"):
            activities.render(act, REFS)
        return
    wire = json.loads(json.dumps(activities.render(act, REFS)))
    at = act.updated if isinstance(act, acts.Revise) else acts.when(act)
    found = activitypub.parse(wire, at=at, followers=REFS.followers)
    if name in READ_OTHERWISE:
        assert type(found) is not type(act)
        return
    assert type(found) is type(act), found
    assert differing(act, found) == set(NOT_IN_ACTIVITYPUB) & said(act)


def test_a_group_says_who_begins_topics_in_it() -> None:
    shown = replace(PROFILE, kind="group")
    wire = json.loads(
        json.dumps(activities.render(acts.Introduce(author=ALICE, profile=shown, at=AT), REFS))
    )
    found = activitypub.parse(wire, at=AT)
    assert isinstance(found, acts.Introduce)
    assert found.profile.restricted


MEASURES = [act for act in EXAMPLES if isinstance(act, measures.Measure)]


@pytest.mark.parametrize("act", MEASURES, ids=lambda act: type(act).__name__)
def test_what_moderators_decide_is_read_by_who_knows_the_group(act: measures.Measure) -> None:
    lists = (f"{BOB}/featured", f"{BOB}/moderators")
    wire = json.loads(json.dumps(activities.render(act, REFS)))
    assert parse_measures.read(wire, ALICE, AT, BOB, lists) == act
    undo = acts.Undo(author=ALICE, uri="", at=AT, undone=act)
    wire = json.loads(json.dumps(activities.render(undo, REFS)))
    found = parse_measures.read(wire, ALICE, AT, BOB, lists)
    assert isinstance(found, acts.Undo)
    assert not differing(replace(act, uri=""), replace(found.undone, uri=""))
    assert parse_measures.read(wire, ALICE, AT, LENA, lists) != found


# ---- Matrix loses nothing

SAID = "an event with the activity in it, byte for byte"
NOTED = "a line of the ledger with the whole act in it"
TAKEN = "a redaction with the address of what is gone"
SHOWN = "the ghost's profile, and the whole profile in the ledger of whoever knows them"
SHOWN_ON_TOP = "the pins of the mirror; of one of ours a line of the ledger with the whole act"
TOLD = "a notice below the topic; of a group here the whole act in its ledger"
IN_MATRIX = {
    acts.Introduce: SHOWN,
    acts.Publish: SAID,
    acts.Revise: SAID,
    acts.Tally: SAID,
    acts.Vote: NOTED,
    acts.Retract: TAKEN,
    acts.React: SAID,
    acts.Boost: SAID,
    acts.Follow: NOTED,
    acts.Accept: NOTED,
    acts.Reject: NOTED,
    acts.Block: NOTED,
    acts.BlockHost: NOTED,
    acts.Mute: NOTED,
    acts.Pin: SHOWN_ON_TOP,
    acts.Report: NOTED,
    acts.Undo: TAKEN,
    acts.Leave: SHOWN,
    acts.Move: NOTED,
    acts.PassOn: NOTED,
    measures.Remove: TAKEN,
    measures.Lock: TOLD,
    measures.Feature: SHOWN_ON_TOP,
    measures.Appoint: NOTED,
    measures.Expel: NOTED,
    acts.Decide: NOTED,
    acts.AskQuote: NOTED,
    acts.AllowQuote: NOTED,
    acts.RefuseQuote: NOTED,
}
RAW = '{"id":"https://mastodon.example/a/1","x":[0.10,-0.0],"y":"\\ud800"}'


def test_each_act_has_its_way_in_matrix() -> None:
    assert set(IN_MATRIX) == set(KINDS)


@given(act=every_act())
def test_what_a_ghost_says_is_carried_byte_for_byte_and_is_a_proper_event(act: acts.Act) -> None:
    refs = replace(SENT, raw=RAW, event=cast.FROM_BOB, redact=cast.LIKED)
    written = events.render(act, refs)
    if isinstance(act, acts.Undo) and isinstance(act.undone, measures.Measure):
        return  # in the ledger, as what it takes back
    match IN_MATRIX[type(act)]:
        case way if way == SAID and isinstance(written, events.Send):
            event = cast.message(written.content, type=written.type, sender=cast.BOB)
            assert not problems(event)
            found = matrix.parse(event, cast.refs(kind="mirror"))
            # What has no id cannot be found again; nothing admits it (activitypub/parse.py).
            assert isinstance(found, Ignored) or found.raw == RAW
        case way if way == TOLD:
            assert isinstance(written, events.Send)
            assert not problems(cast.message(written.content, type=written.type, sender=cast.BOT))
        case way if way == TAKEN:
            assert isinstance(written, events.Redact)
        case _:
            assert isinstance(written, Ignored)


@given(act=every_act())
def test_what_the_ledger_notes_is_read_back_as_it_was(act: acts.Act) -> None:
    written = events.ledger(
        "op", direction="in", actor=BOB, object=ALICE, act="", state="", ts=AT, said=acts.dump(act)
    )
    event = cast.message(written.content, type=written.type, sender=cast.BOT)
    assert not problems(event)
    found = matrix.parse(event, cast.refs(kind="desk"))
    assert isinstance(found, matrix.Entry)
    assert acts.load(found.raw["said"]) == act


NOT_TYPED = {
    "Content.attachments": "files are events of their own",
    "Content.emojis": "their pictures stand in the words",
    "Content.hashtags": "they are read from the words",
    "Content.place": "a place is an event of its own",
    "Content.stamp": "whom it quotes gives it",
    "Publish.group": "the room in which it is written says so",
    "Content.poll": "polls are events of their own",
    "Publish.url": "the page's address follows from the event",
}


def test_what_an_owner_says_is_in_the_event_they_send_but_for_what_is_listed() -> None:
    written = typed(PUBLISH, SENT)
    assert isinstance(written, events.Send)
    event = cast.message(written.content)
    assert not problems(event)
    found = matrix.parse(event, cast.refs(quotable={cast.BOB_POST: cast.BOB_POST}))
    assert isinstance(found, acts.Publish)
    assert differing(PUBLISH, found) == set(NOT_TYPED)
