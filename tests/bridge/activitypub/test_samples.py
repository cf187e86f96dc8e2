"""What strangers' posts became can be said again, and is then read as it was."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bridge import names
from bridge.activitypub.parse import parse
from bridge.activitypub.render import Refs, render
from social import acts

AT = 1_795_459_500_000
WIRE = Path(__file__).parents[2] / "wire" / "activitypub"
SAMPLES = {path.stem: json.loads(path.read_text()) for path in sorted(WIRE.glob("*.json"))}
POSTS = {
    name: sample
    for name, sample in SAMPLES.items()
    if sample.get("act", {}).get("act") in {"Publish", "Revise"}
}


def test_there_are_samples_of_sixty_shapes() -> None:
    assert len(SAMPLES) >= 60
    assert len(POSTS) >= 25


@pytest.mark.parametrize("sample", POSTS.values(), ids=POSTS)
def test_each_post_is_read_again_as_it_was(sample: dict[str, Any]) -> None:
    act = acts.load(sample["act"])
    refs = Refs(
        origin=names.origin_of(act.author),
        followers=sample.get("followers", ""),
        post_author="",
    )
    again = parse(render(act, refs), at=AT, followers=refs.followers)
    assert again == (_unnamed(act) if isinstance(act, acts.Publish) else act)


def _unnamed(act: acts.Publish) -> acts.Publish:
    """Whom a Note is for but does not mention makes it limited: only a ChatMessage says direct."""
    if act.visibility == "direct" and act.audience and not act.content.mentions:
        return replace(act, visibility="limited")
    return act
