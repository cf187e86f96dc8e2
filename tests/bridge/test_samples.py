"""What the samples of one network became can be said on the other, and is read there as it was."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bridge import names
from bridge.activitypub.parse import parse
from bridge.activitypub.render import Refs, render
from bridge.matrix import parse as matrix
from bridge.matrix import render as events
from social import acts
from social.acts import Ignored
from tests.bridge.matrix import cast
from tests.bridge.matrix.sent import SENT
from tests.bridge.test_translation import NEVER_TOLD, NOT_IN_ACTIVITYPUB, READ_OTHERWISE
from tests.schemas.documents import unmet
from tests.schemas.events import problems
from tests.social.everything import differing

WIRE = Path(__file__).parents[1] / "wire"


def sampled(network: str) -> dict[str, Any]:
    found = {path.stem: json.loads(path.read_text()) for path in (WIRE / network).glob("*.json")}
    return {name: sample for name, sample in sorted(found.items()) if "act" in sample}


TYPED, HEARD = sampled("matrix"), sampled("activitypub")


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
    assert found.raw == raw


@pytest.mark.parametrize("sample", HEARD.values(), ids=HEARD)
def test_each_act_of_the_fediverse_can_be_said_again(sample: Any) -> None:
    """Posts field by field in activitypub/test_samples.py; here no act of any kind is lost."""
    act = acts.load(sample["act"])
    if type(act).__name__ in NEVER_TOLD or not getattr(act, "uri", "has one"):
        return  # what is without an id others take back by what it said, and we never send
    refs = Refs(origin=names.origin_of(act.author), followers=sample.get("followers", ""))
    again = parse(json.loads(json.dumps(render(act, refs))), at=acts.when(act))
    assert type(again) is type(act), again
