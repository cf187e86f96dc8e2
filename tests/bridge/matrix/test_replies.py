from pathlib import Path

import pytest

from bridge.matrix import replies
from bridge.network import UNCHANGED

SOCIAL = Path(__file__).parents[3] / "social"


@pytest.mark.parametrize("problem", sorted(replies._TO_YOU.keys() - {UNCHANGED}))  # noqa: SLF001
def test_what_is_said_otherwise_to_a_person_is_a_refusal_that_there_is(problem: str) -> None:
    assert any(f'"{problem}"' in path.read_text() for path in SOCIAL.glob("*.py"))


@pytest.mark.parametrize(
    ("problem", "said"),
    [
        ("far.example is blocked here", "<p>Far.example is blocked here.</p>"),
        ("whom?", "<p>Whom?</p>"),
        ("a < b.", "<p>A &lt; b.</p>"),
        ("that is one's own server", "<p>That is your own server.</p>"),
    ],
)
def test_a_refusal_is_a_sentence(problem: str, said: str) -> None:
    assert replies.refusal(problem) == said
