"""What the samples of one network became can be said on either, and is read there as it was.

Each sample is rendered back to its own network and to the other one; what differs then, or has no
way, stands below with its reason.
"""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bridge import names
from bridge.activitypub import parse_measures
from bridge.activitypub.parse import parse
from bridge.activitypub.render import Refs, render
from bridge.matrix import parse as matrix
from bridge.matrix import render as events
from social import acts
from social.acts import Ignored
from tests.bridge.matrix import cast
from tests.bridge.matrix.sent import OBJECT, SENT
from tests.bridge.matrix.typed import typed
from tests.bridge.test_translation import (
    NEVER_TOLD,
    NOT_IN_ACTIVITYPUB,
    NOT_TYPED,
    READ_OTHERWISE,
)
from tests.schemas.documents import unmet
from tests.schemas.events import problems
from tests.social.everything import differing

WIRE = Path(__file__).parents[1] / "wire"
AT = 1_795_459_500_000  # when all samples came
CUT = 16_384  # bytes of a text in a room
LARGEST = 56_000  # bytes of an event of ours; what is longer is a file beside it
PILLS = {cast.ADA_URI: cast.ADA, **SENT.pills}
EVENTS = {uri: event for event, uri in cast.CARRIED.items()}


def sampled(network: str) -> Iterator[tuple[str, Any]]:
    for path in sorted((WIRE / network).glob("*.json")):
        sample = json.loads(path.read_text())
        for number, act in enumerate(sample.get("acts", [sample.get("act")])):
            if act:
                yield path.stem + "′" * number, {**sample, "act": act}


TYPED, FOUND = dict(sampled("matrix")), dict(sampled("activitypub"))
HEARD = {name: sample for name, sample in FOUND.items() if "group" not in sample}
DECIDED = {name: sample for name, sample in FOUND.items() if "group" in sample}


# ---- typed in Matrix


@pytest.mark.parametrize("sample", TYPED.values(), ids=TYPED)
def test_what_is_typed_in_matrix_is_told_whole_and_as_others_demand_it(sample: Any) -> None:
    act = acts.load(sample["act"])
    if type(act).__name__ in NEVER_TOLD or "://" not in act.author:
        return  # who has no profile here speaks to nobody elsewhere
    refs = Refs(origin=cast.ORIGIN, followers=f"{act.author}/followers", post_author=cast.BOB_URI)
    wire = json.loads(json.dumps(render(act, refs)))
    assert not unmet(wire)
    again = parse(wire, at=acts.when(act), followers=refs.followers)
    if type(act).__name__ in READ_OTHERWISE:
        assert type(again) is not type(act)
        return
    assert not isinstance(again, Ignored), again.reason
    assert differing(act, again) <= {*NOT_IN_ACTIVITYPUB, *_goes_without_saying(act)}


def _goes_without_saying(act: acts.Act) -> set[str]:
    if isinstance(act, acts.Undo):  # when it was done what is taken back
        return {f"{type(act.undone).__name__}.at"}
    wordless = isinstance(act, acts.Publish) and not act.content.html
    return {"Content.language"} if wordless else set()


# How an act of somebody here is written into a room where it is not an event of theirs already.
AS_TYPED = (acts.Publish, acts.Revise, acts.React)
TAKEN_BACK = (acts.Retract, acts.Undo, acts.Remove)  # redactions
SHOWN_OTHERWISE = {
    acts.Boost: "a card with the words, which is no boost if somebody else types it",
    acts.Tally: "its end is said by the author's own client",
    acts.Vote: "who voted for what is told to nobody",
}
FROM_THE_EVENT = {
    **NOT_TYPED,
    "React.custom": "the picture is at the homeserver, which only its uploads know",
}


@pytest.mark.parametrize("sample", TYPED.values(), ids=TYPED)
def test_what_is_typed_in_matrix_can_be_typed_again_and_is_read_as_it_was(sample: Any) -> None:
    act = acts.load(sample["act"])
    written = _written(act)
    if isinstance(act, TAKEN_BACK):
        assert isinstance(written, events.Redact)
        return
    if not isinstance(act, AS_TYPED):
        assert type(act) in SHOWN_OTHERWISE
        return
    content = act.now.content if isinstance(act, acts.Revise) else getattr(act, "content", None)
    if content and (content.attachments or content.poll or content.place):
        return  # they are events of their own, and the originals
    if content and len(content.html) > CUT:
        return  # what somebody typed stands whole; what is written for them is cut, with a link
    if isinstance(act, acts.Revise) and act.now.content.summary:
        return  # a ghost's edit stands behind a spoiler, the original in front of none
    assert isinstance(written, events.Send), written
    changed = dict(sample.get("refs", {}))
    if isinstance(act, acts.Publish) and act.content.quote:
        changed["quotable"] = {act.content.quote: act.content.quote}
    said = {key: value for key, value in written.content.items() if key != OBJECT}
    event = {**sample["event"], "type": written.type, "content": said}
    again = matrix.parse(event, cast.refs(**changed))
    assert type(again) is type(act), again
    linked = {"Content.html"} if content and content.hashtags else set()
    assert differing(act, again) <= FROM_THE_EVENT.keys() | linked


def _written(act: acts.Act) -> events.Send | events.Redact | Ignored:
    if isinstance(act, acts.Publish):
        return typed(act, replace(SENT, pills=PILLS))
    about = act.now.post if isinstance(act, acts.Revise) else getattr(act, "post", "")
    event = EVENTS.get(about, cast.FROM_BOB)
    return events.render(act, replace(SENT, raw="", event=event, redact=cast.LIKED, pills=PILLS))


# ---- heard from the fediverse


@pytest.mark.parametrize("sample", HEARD.values(), ids=HEARD)
def test_what_comes_from_the_fediverse_is_a_proper_event_that_keeps_its_bytes(sample: Any) -> None:
    act, raw = acts.load(sample["act"]), json.dumps(sample["activity"])
    refs = replace(SENT, raw=raw, event=cast.FROM_BOB, redact=cast.LIKED)
    written = events.render(act, refs)
    if isinstance(written, Ignored):  # it is noted in a ledger or shown in a profile instead
        noted = events.ledger(
            "op", direction="in", actor="", object="", act="", state="", ts=0, said=acts.dump(act)
        )
        assert acts.load(json.loads(json.dumps(noted.content["said"]))) == act
        return
    if isinstance(written, events.Redact):
        assert written.content
        return
    event = cast.message(written.content, type=written.type, sender=cast.BOB)
    assert not problems(event)
    found = matrix.parse(event, cast.refs(kind="mirror"))
    assert isinstance(found, matrix.Carried)
    if len(raw.encode()) < LARGEST:
        assert found.raw == raw
    else:  # a file of the homeserver: bridge/matrix/overflow.py
        assert written.content[OBJECT]["sha256"] == hashlib.sha256(raw.encode()).hexdigest()


AS_OURS = {
    "Pin.uri": "a Remove says what is taken out, not by which Add it came in",
    "Undo.uri": "the same",
    **NOT_IN_ACTIVITYPUB,
    "Profile.followers": "our actors have one where theirs had none",
    "Profile.published": "of whom we show, the day alone",
    "Publish.visibility": "only a ChatMessage without a mention is direct",
}


@pytest.mark.parametrize("sample", HEARD.values(), ids=HEARD)
def test_what_comes_from_the_fediverse_can_be_said_there_again_as_it_was(sample: Any) -> None:
    act = _with_an_id(acts.load(sample["act"]))
    if type(act).__name__ in NEVER_TOLD:
        return
    followers = sample.get("followers", "")
    refs = Refs(origin=names.origin_of(act.author), followers=followers)
    wire = json.loads(json.dumps(render(act, refs)))
    again = parse(wire, at=AT, followers=followers)
    assert type(again) is type(act), again
    assert differing(act, again) <= set(AS_OURS)


def _with_an_id(act: acts.Act) -> acts.Act:
    """What others take back by what it said we take back by its id too."""
    if not isinstance(act, acts.Undo) or act.uri or not isinstance(act.undone, acts.Undoable):
        return act
    uri = f"{act.author}/1"
    return replace(act, uri=uri, undone=replace(act.undone, uri=uri))


@pytest.mark.parametrize("sample", DECIDED.values(), ids=DECIDED)
def test_what_moderators_decide_can_be_said_again_and_noted(sample: Any) -> None:
    act, lists = acts.load(sample["act"]), tuple(sample["lists"])
    wire = json.loads(json.dumps(render(act, Refs(origin=names.origin_of(act.author)))))
    assert not unmet(wire)
    again = parse_measures.read(wire, act.author, acts.when(act), sample["group"], lists)
    assert type(again) is type(act), again
    noted = events.ledger(
        "op", direction="in", actor="", object="", act="", state="", ts=0, said=acts.dump(act)
    )
    assert acts.load(json.loads(json.dumps(noted.content["said"]))) == act


# ---- how many


def test_there_are_samples_of_each_shape_that_peers_and_clients_are_known_for() -> None:
    assert len({one.stem for one in (WIRE / "activitypub").glob("*.json")}) >= 135
    assert len({one.stem for one in (WIRE / "matrix").glob("*.json")}) >= 130
