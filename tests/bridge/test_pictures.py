"""Pictures as containers: their size is read, their notes stay behind, nothing is decoded."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge import filetypes, pictures, pieces
from bridge.errors import Unreadable
from tests.fakes.pictures import (
    SECRET,
    avif,
    box,
    chunk,
    exif,
    gif,
    jpeg,
    nested,
    piece,
    png,
    segment,
    webp,
)


def cleaned(data: bytes, kind: str) -> bytes:
    return b"".join(pieces.written(data, pictures.read(data, kind).pieces, chunk=7))


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("image/jpeg", b"\xff\xd8"),
        ("image/png", png().replace(b"IHDR", b"iHDR")),
        ("image/jpeg", jpeg()[:30]),
        ("image/jpeg", b"\xff\xd8" + segment(0xFE, b"x") * 5_000),
        ("image/jpeg", b"\xff\xd8junk"),
        ("image/png", png()[:40]),
        ("image/png", png().replace(b"IEND", b"NONE")),
        ("image/webp", webp()[:14] + b"\xff\xff\xff\x7f"),
        ("image/webp", b"RIFF\x0c\0\0\0WEBPVP8X\0\0\0\0"),
        ("image/gif", b"GIF89a"),
        ("image/avif", avif()[:28]),
        ("image/avif", avif()[:-1]),
        ("image/avif", avif(after=b"junk")),
        ("image/avif", avif().replace(b"iloc", b"xxxx")),
        ("image/avif", avif() + avif()[24:]),
        ("image/avif", avif(after=box(b"moov", b"")[:4] + b"moov" + b"\0\0\0\x09moov\0")),
        ("image/avif", avif(after=nested(b"moov", 2_000))),
        ("image/avif", avif(after=b"\0\0\0\1uuid" + b"\xff" * 8)),
        ("image/avif", avif(notes={b"Exif": b""})),
    ],
)
def test_a_broken_picture_is_refused(kind: str, data: bytes) -> None:
    with pytest.raises(Unreadable):
        pictures.read(data, kind)


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("image/png", png(width=20_000, height=20_000)),
        ("image/png", png(width=1, height=2**31 - 1)),
        ("image/jpeg", jpeg(width=65_535, height=65_535)),
        ("image/gif", gif(65_535, 65_535)),
        ("image/avif", avif(40_000, 40_000)),
    ],
)
def test_a_picture_that_would_fill_the_memory_is_refused_unopened(kind: str, data: bytes) -> None:
    with pytest.raises(Unreadable, match=r"pixels|longer"):
        pictures.read(data, kind)


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("image/jpeg", jpeg()),
        ("image/png", png()),
        ("image/webp", webp()),
        ("image/gif", gif()),
        ("image/avif", avif()),
    ],
)
def test_its_size_is_read_and_a_clean_one_stays_as_it_is(kind: str, data: bytes) -> None:
    assert filetypes.of(data) == kind
    found = pictures.read(data, kind)
    assert (found.width, found.height) == (64, 48)
    assert not pieces.changed(found.pieces, len(data))
    assert cleaned(data, kind) == data


@pytest.mark.parametrize(
    ("kind", "noted", "clean"),
    [
        ("image/jpeg", jpeg(segment(0xE1, exif(1))), jpeg()),
        ("image/jpeg", jpeg(segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + SECRET)), jpeg()),
        ("image/jpeg", jpeg(segment(0xED, SECRET), segment(0xFE, SECRET)), jpeg()),
        ("image/jpeg", jpeg(segment(0xE2, b"MPF\0" + SECRET), after=jpeg() + SECRET), jpeg()),
        ("image/png", png(chunk(b"eXIf", SECRET), chunk(b"iTXt", SECRET)), png()),
        ("image/png", png(chunk(b"caBX", SECRET), chunk(b"zxIf", SECRET)), png()),
        ("image/png", png(after=SECRET), png()),
        ("image/webp", webp(piece(b"EXIF", SECRET), flags=0x08), webp()),
        ("image/webp", webp(piece(b"C2PA", SECRET)), webp()),
        ("image/webp", webp(after=SECRET), webp()),
    ],
)
def test_where_it_was_taken_stays_behind(kind: str, noted: bytes, clean: bytes) -> None:
    assert SECRET in noted
    assert cleaned(noted, kind) == clean
    assert cleaned(clean, kind) == clean


@pytest.mark.parametrize("brand", [b"avif", b"avis", b"heic", b"mif1", b"heim", b"avci"])
@pytest.mark.parametrize("inside", [False, True])
def test_what_a_picture_in_boxes_notes_is_blanked_and_the_rest_keeps_its_place(
    brand: bytes, *, inside: bool
) -> None:
    notes = {b"Exif": b"\0\0\0\0MM\0*" + SECRET, b"mime": b"<x:xmpmeta>" + SECRET}
    hidden = box(b"moov", box(b"trak", box(b"udta", SECRET))) + box(b"uuid", SECRET)
    noted = avif(brand=brand, notes=notes, inside=inside, after=hidden)
    kind = filetypes.noted(noted)
    clean = cleaned(noted, kind)
    assert noted.count(SECRET) == 4
    assert SECRET not in clean
    assert (len(clean), clean.index(b"pixels")) == (len(noted), noted.index(b"pixels"))
    assert b"Exif" not in clean
    assert not pieces.changed(pictures.read(clean, kind).pieces, len(clean))


def test_a_picture_with_more_notes_than_picture_is_refused() -> None:
    with pytest.raises(Unreadable, match="notes"):
        pictures.read(avif(after=box(b"uuid", bytes(17_000_000))), "image/avif")


def test_colours_stay() -> None:
    data = jpeg(segment(0xE2, b"ICC_PROFILE\0colours"), segment(0xEE, b"Adobe"))
    assert cleaned(data, "image/jpeg") == data
    moving = png(chunk(b"iCCP", b"colours"), chunk(b"acTL", b"two"), chunk(b"fcTL", b"first"))
    assert cleaned(moving, "image/png") == moving
    colourful = webp(piece(b"ICCP", b"colours"), piece(b"ANIM", b"for ever"))
    assert cleaned(colourful, "image/webp") == colourful


def test_how_it_is_to_be_held_stays_alone() -> None:
    data = jpeg(segment(0xE1, exif(6)))
    found = pictures.read(data, "image/jpeg")
    assert (found.width, found.height) == (48, 64)
    kept = cleaned(data, "image/jpeg")
    assert SECRET not in kept
    assert pictures.read(kept, "image/jpeg").width == 48
    assert cleaned(kept, "image/jpeg") == kept


@given(
    st.sampled_from(
        [jpeg(segment(0xE1, exif(6))), png(), webp(), gif(), avif(notes={b"Exif": SECRET})]
    ),
    st.data(),
)
def test_whatever_is_broken_in_it_is_refused_or_read(whole: bytes, draw: st.DataObject) -> None:
    data = bytearray(whole)
    for _ in range(draw.draw(st.integers(1, 8))):
        data[draw.draw(st.integers(8, len(data) - 1))] = draw.draw(st.integers(0, 255))
    kind = filetypes.of(bytes(data))
    if kind not in filetypes.PICTURES:
        return
    try:
        again = cleaned(bytes(data), kind)
    except Unreadable:
        return
    assert pictures.read(again, kind)


@pytest.mark.parametrize(
    ("head", "said", "found"),
    [
        (b"<svg xmlns='http://www.w3.org/2000/svg'>", "image/png", ""),
        (b"<!doctype html><p>", "image/png", ""),
        (b"\x7fELF\x02\x01", "image/png", ""),
        (b"MZ\x90\x00", "video/mp4", ""),
        (b"plain words", "text/plain", ""),
        (b"", "image/png", ""),
        (b"\0\0\0\x18ftypheic", "image/heic", ""),
        (b"\0\0\0\x18ftypmp42", "", "video/mp4"),
        (b"\0\0\0\x18ftypmp42", "audio/mp4", "audio/mp4"),
        (b"\0\0\0\x18ftypmp42", "text/html", "video/mp4"),
        (b"\0\0\0\x18ftypM4A ", "", "audio/mp4"),
        (b"\x1aE\xdf\xa3....webm", "audio/webm", "audio/webm"),
        (b"OggS\0\x02", "", "audio/ogg"),
        (b"ID3\x04", "audio/mpeg", "audio/mpeg"),
        (b"\xff\xfb\x90\x64", "", "audio/mpeg"),
        (b"\xff\xf1\x50\x80", "", "audio/aac"),
        (b"RIFF\0\0\0\0WAVE", "", "audio/wav"),
        (b"RIFF\0\0\0\0AVI ", "", ""),
        (b"%PDF-1.7", "image/png", "application/pdf"),
        (b"PK\x03\x04", "application/epub+zip", "application/epub+zip"),
    ],
)
def test_a_file_is_what_its_bytes_say(head: bytes, said: str, found: str) -> None:
    assert filetypes.of(head, said) == found
