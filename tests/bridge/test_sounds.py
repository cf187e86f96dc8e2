"""Sounds as containers: what is heard stays, and of what their tags say the names of a song."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge import filetypes, films, matroska, pieces, sounds
from bridge.errors import Unreadable
from tests.fakes.pictures import SECRET
from tests.fakes.sounds import (
    APE,
    FORM,
    FRAMES,
    HEARD,
    NOTES,
    SAMPLES,
    SLEEVE,
    SONG,
    SONGS,
    TAGGED,
    TOLD,
    block,
    comments,
    flac,
    frame,
    id3,
    mpeg,
    ogg,
    paged,
    riff,
    sleeve,
    summed,
    webm,
)


def passed(data: bytes, chunk: int) -> bytes:
    through: films.Passing = matroska.Blanked()
    if filetypes.filmed(data):
        through = films.Blanked(song=filetypes.of(data) == "audio/mp4")
    parts = [through.feed(data[at : at + chunk]) for at in range(0, len(data), chunk)]
    return b"".join(parts) + through.end()


def cleaned(data: bytes) -> bytes:
    kind = filetypes.tagged(data)
    if not kind:
        return passed(data, 50)
    return b"".join(pieces.written(data, sounds.read(data, kind), chunk=700))


@pytest.mark.parametrize("kind", TAGGED)
def test_of_a_recording_nothing_is_said_but_what_is_heard(kind: str) -> None:
    clean = cleaned(TAGGED[kind])
    assert SECRET in TAGGED[kind]
    assert SECRET not in clean
    assert not any(name in clean for name in SLEEVE)
    assert clean.count(HEARD) == TAGGED[kind].count(HEARD)
    assert filetypes.of(clean) == filetypes.of(TAGGED[kind]) or kind == "flac in mp3's"
    assert cleaned(clean) == clean


@pytest.mark.parametrize("kind", SONGS)
def test_a_song_keeps_its_names_and_nothing_else(kind: str) -> None:
    clean = cleaned(SONGS[kind])
    assert SECRET not in clean
    assert [clean.count(name) for name in SLEEVE] == [1, 1, 1]
    assert clean.count(HEARD) == 1
    assert cleaned(clean) == clean


@pytest.mark.parametrize("data", [mpeg(), riff(FORM, SAMPLES), mpeg(id3(*sleeve(*SLEEVE)))])
def test_a_clean_one_stays_as_it_is(data: bytes) -> None:
    assert cleaned(data) == data


@pytest.mark.parametrize("codec", ["opus", "vorbis", "theora", "speex", "flac"])
def test_in_ogg_each_page_keeps_its_place_and_its_sum_is_right(codec: str) -> None:
    noted = ogg(codec, SONG)
    clean = cleaned(noted)
    starts = [at for at in range(len(noted)) if noted.startswith(b"OggS", at)]
    assert len(starts) > 3
    assert [at for at in range(len(clean)) if clean.startswith(b"OggS", at)] == starts
    for at, end in zip(starts, [*starts[1:], len(clean)], strict=True):
        page = clean[at:end]
        said = int.from_bytes(page[22:26], "little")
        assert summed(page[:22] + bytes(4) + page[26:]) == said


@pytest.mark.parametrize("chunk", [1, 7, 64, 100_000])
@pytest.mark.parametrize("kind", ["m4a", "webm", "webm, live"])
def test_what_passes_keeps_its_place(kind: str, chunk: int) -> None:
    noted = TAGGED[kind]
    clean = passed(noted, chunk)
    assert (len(clean), clean.index(HEARD)) == (len(noted), noted.index(HEARD))
    assert SECRET[:8] not in clean
    assert clean.count(b"rate and length") == noted.count(b"rate and length")
    assert passed(clean, chunk) == clean


@pytest.mark.parametrize(
    "rest",
    [
        b"\x12\x54\xc3\x67\x01" + b"\xff" * 7 + SECRET,
        b"\0" + SECRET,
        b"\x12\x54\xc3\x67\0" + SECRET,
    ],
)
def test_what_is_no_element_or_has_no_end_says_nothing(rest: bytes) -> None:
    whole = webm(after=rest)
    clean = passed(whole, 50)
    assert (SECRET in clean, len(clean)) == (False, len(whole))


@pytest.mark.parametrize(
    "data",
    [
        id3(*NOTES)[:30],
        b"ID3\4\0\0\xff\xff\xff\xff" + FRAMES,
        mpeg(behind=APE.replace((len(SECRET) + 32).to_bytes(4, "little"), b"\xff\xff\0\0")),
        id3(*NOTES) * 5_000,
        id3(*NOTES),
        mpeg(id3(frame(b"APIC", SECRET)), SECRET),
        flac(block(4, TOLD)).replace(b"\xff\xf8", SECRET[:2]),
        flac(block(0, SECRET)),
        b"fLaC" + block(0x80, SECRET) + HEARD,
        flac()[:20],
        flac(block(4, comments(b"LOCATION=" + SECRET)[:-1])),
        flac(block(4, b"\xff\xff\xff\xff")),
        flac(block(4, bytes(4) + b"\xff\xff\xff\x7f")),
        b"fLaC" + block(1, b"") * 5_000,
        riff((b"fact", b"")),
        riff(FORM),
        riff(FORM, (b"data", b""), (b"LIST", SECRET)),
        riff(FORM, SAMPLES, *[(b"LIST", b"")] * 5_000),
        b"OggS",
        ogg("opus", TOLD)[:60],
        ogg("opus", TOLD).replace(b"OpusTags", b"OpusTags"[::-1]),
        ogg("opus", TOLD).replace(b"OpusHead", b"CELT    "),
        ogg("opus", TOLD)[len(paged(b"OpusHead\1\2")) :],
        ogg("opus", TOLD) + b"junk of some length, longer than a head",
        ogg("vorbis", comments()[:-1]),
        ogg("speex", b"\xff\xff\xff\x7f"),
        paged(b"OpusHead\1\2", flags=2) + paged(b"OpusTags" + SONG, first=1, flags=1),
        paged(b"\x7fFLAC\1\0", flags=2) + paged(b"\xff\xf8", first=1),
    ],
)
def test_a_broken_sound_is_refused(data: bytes) -> None:
    kind = filetypes.tagged(data)
    assert kind
    with pytest.raises(Unreadable):
        sounds.read(data, kind)


@pytest.mark.parametrize(
    "head",
    [
        b"FORM\0\0\1\0AIFF",
        b"FORM\0\0\1\0AIFC",
        b"caff\0\1",
        b"RF64\xff\xff\xff\xffWAVE",
        b"wvpk",
        b"MAC \x96",
    ],
)
def test_of_other_sounds_nobody_can_tell(head: bytes) -> None:
    assert filetypes.unclean(head + SECRET)


@given(st.sampled_from([*TAGGED.values(), *SONGS.values()]), st.data())
def test_whatever_is_broken_in_it_is_refused_or_read(whole: bytes, draw: st.DataObject) -> None:
    data = bytearray(whole)
    for _ in range(draw.draw(st.integers(1, 8))):
        data[draw.draw(st.integers(4, len(data) - 1))] = draw.draw(st.integers(0, 255))
    try:
        clean = cleaned(bytes(data))
    except Unreadable:
        return
    assert cleaned(clean)
