"""Films pass as they are, but for what they note."""

import pytest

from bridge import filetypes, films
from tests.fakes.pictures import FRAMES, SECRET, box, film, nested


def passed(data: bytes, chunk: int) -> bytes:
    blanked = films.Blanked()
    parts = [blanked.feed(data[at : at + chunk]) for at in range(0, len(data), chunk)]
    return b"".join(parts) + blanked.end()


@pytest.mark.parametrize("chunk", [1, 7, 64, 100_000])
@pytest.mark.parametrize("first", [b"ftyp", b"wide", b"free"])
def test_where_a_film_was_taken_is_blanked_and_all_else_keeps_its_place(
    chunk: int, first: bytes
) -> None:
    noted = film(first=first)
    clean = passed(noted, chunk)
    assert filetypes.filmed(noted)
    assert noted.count(SECRET) == 4
    assert SECRET not in clean
    assert len(clean) == len(noted)
    for kept in (FRAMES, b"turned", b"length", b"stbl"):
        assert clean.index(kept) == noted.index(kept)
    assert passed(clean, chunk) == clean


@pytest.mark.parametrize(
    "rest",
    [
        b"\0\0\0\x07moov" + SECRET,
        b"\0\1\0\0moov" + SECRET,
        b"\0\0\0\0moov" + SECRET,
        b"\0\0\0\1udta\0\0\0\0\0\0\0\x40" + SECRET,
        b"\0\0\0\0uuid" + SECRET,
        nested(b"moov", 30)[:-8] + SECRET[:8],
        b"moo" + SECRET[:4],
    ],
)
def test_what_breaks_off_or_is_no_box_says_nothing(rest: bytes) -> None:
    whole = film(rest)
    clean = passed(whole, 50)
    assert len(clean) == len(whole)
    assert SECRET[:8] not in clean


def test_a_film_without_end_passes() -> None:
    """As a camera leaves it that writes as it goes."""
    data = box(b"ftyp", b"isom") + b"\0\0\0\0mdat" + FRAMES
    assert passed(data, 100) == data
