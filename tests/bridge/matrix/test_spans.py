"""Times as people write and read them."""

import pytest

from bridge.matrix import spans

HOUR = 3_600_000


@pytest.mark.parametrize(
    ("said", "span"),
    [("30m", HOUR // 2), ("12h", 12 * HOUR), ("7D", 168 * HOUR), ("2w", 336 * HOUR)]
    + [(odd, 0) for odd in ("", "7", "d", "-1d", "1.5d", "7 d", "7days", "3mo", "123456d", "٣d")],
)
def test_a_time_is_a_number_and_a_letter_and_nothing_else_is_one(said: str, span: int) -> None:
    assert spans.read(said) == span


@pytest.mark.parametrize(
    ("span", "words"),
    [
        ("1w", "1 week"),
        ("3d", "3 days"),
        ("36h", "36 hours"),
        ("1h", "1 hour"),
        ("90m", "90 minutes"),
    ],
)
def test_it_is_said_in_the_largest_unit_that_is_exact(span: str, words: str) -> None:
    assert spans.words(spans.read(span)) == words


def test_a_moment_is_said_in_words_whatever_number_it_is() -> None:
    assert spans.moment(0) == "1 January 1970, 00:00 UTC"
    assert spans.moment(1_796_306_400_000) == "3 December 2026, 14:00 UTC"
    assert spans.moment(-5) == spans.moment(0)
    assert spans.moment(10**18).endswith("9999, 23:59 UTC")
