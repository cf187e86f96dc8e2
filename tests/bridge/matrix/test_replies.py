"""What is answered to a person whose wish cannot be done."""

import re
from pathlib import Path

import pytest

from bridge.matrix import replies
from bridge.network import UNCHANGED

ROOT = Path(__file__).parents[3]
SOURCES = [
    path.read_text()
    for folder in (
        ROOT / "social",
        ROOT / "bridge",
        ROOT / "bridge/activitypub",
        ROOT / "bridge/matrix",
    )
    for path in folder.glob("*.py")
    if path.name != "replies.py"
]


@pytest.mark.parametrize("problem", sorted(replies.TO_YOU.keys() - {UNCHANGED}))
def test_what_is_said_otherwise_to_a_person_is_a_refusal_that_there_is(problem: str) -> None:
    said, status = re.fullmatch(r"(.*?)(?: \(?(\d{3})\)?)?", problem).groups()
    assert any(f'"{problem}"' in text or (status and f'"{said} ' in text) for text in SOURCES)


@pytest.mark.parametrize(
    ("problem", "said"),
    [
        ("far.example is blocked here", "<p>far.example is blocked here.</p>"),
        ("whom?", "<p>Whom?</p>"),
        (
            "for how long? Say it like this: mute @a@b for 7d (or 2w)",
            "<p>For how long? Say it like this: <code>mute @a@b for 7d</code> (or 2w)</p>",
        ),
        (
            "which? Say it like this: a LINK, or answer with: b",
            "<p>Which? Say it like this: a LINK, or answer with: <code>b</code></p>",
        ),
        ("a < b.", "<p>A &lt; b.</p>"),
        ("that is one's own server", "<p>That is your own server.</p>"),
        (
            "whom? Say it like this: mute @a@b",
            "<p>Whom? Say it like this: <code>mute @a@b</code></p>",
        ),
    ],
)
def test_a_refusal_is_a_sentence(problem: str, said: str) -> None:
    assert replies.refusal(problem) == said
