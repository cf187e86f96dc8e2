"""What may stay of the tags of a sound: the names on a record's sleeve. Pure.

A song names who plays it; then its title, artist, album, numbers and genre stay. A recording names
nobody, and nothing of what its tags say stays: telephones call one by the street where it was made.
"""

from collections.abc import Iterator

from bridge import boxes
from bridge.errors import Unreadable
from bridge.pieces import Data

LONGEST = 1_000  # bytes of one name
MOST = 64  # names
_TAGS = 100_000  # looked at

# As each kind of tag calls them; the artist first.
_COMMENTS = (b"ARTIST", b"TITLE", b"ALBUM", b"ALBUMARTIST", b"TRACKNUMBER", b"DISCNUMBER", b"GENRE")
_FRAMES = (b"TPE1", b"TIT2", b"TALB", b"TPE2", b"TRCK", b"TPOS", b"TCON")
_ITEMS = (b"\xa9ART", b"\xa9nam", b"\xa9alb", b"aART", b"trkn", b"disk", b"\xa9gen", b"gnre")


def _named(found: Iterator[tuple[bytes, bytes]], names: tuple[bytes, ...]) -> list[bytes]:
    """Those of these names, where one of them is an artist's."""
    kept = [(name, text) for name, text in found if name in names and len(text) <= LONGEST]
    return [text for _, text in kept[:MOST]] if names[0] in dict(kept) else []


def comments(data: Data, start: int, end: int) -> bytes:
    """Of a list of Vorbis comments: another, by nobody's program. Raises Unreadable."""
    kept = _named(_comments(data, start, end), _COMMENTS)
    texts = (len(text).to_bytes(4, "little") + text for text in kept)
    return bytes(4) + len(kept).to_bytes(4, "little") + b"".join(texts)


def _comments(data: Data, at: int, end: int) -> Iterator[tuple[bytes, bytes]]:
    at += 4 + _little(data, at, end)  # who wrote it
    count = _little(data, at, end)
    at += 4
    if count > _TAGS:
        raise Unreadable("a sound with more tags than anybody reads")
    for _ in range(count):
        start, at = at + 4, at + 4 + _little(data, at, end)
        if at > end:
            raise Unreadable("broken tags")
        text = data[start : min(at, start + LONGEST + 1)]
        yield text.partition(b"=")[0].upper(), text


def _little(data: Data, at: int, end: int) -> int:
    if at + 4 > end:
        raise Unreadable("broken tags")
    return int.from_bytes(data[at : at + 4], "little")


def id3(data: Data, start: int, end: int) -> bytes:
    """Of an ID3v2 tag: a smaller one, or nothing; of one that is stored unusually, nothing."""
    version, flags = data[start + 3 : start + 6 : 2]
    if version not in {3, 4} or flags:
        return b""
    body = b"".join(_named(_frames(data, start + 10, end, version), _FRAMES))
    size = bytes(len(body) >> shift & 0x7F for shift in (21, 14, 7, 0))
    return b"ID3" + bytes((version, 0, 0)) + size + body if body else b""


def _frames(data: Data, at: int, end: int, version: int) -> Iterator[tuple[bytes, bytes]]:
    for _ in range(_TAGS):
        head = data[at : at + 10]
        if at + 10 > end or not head[:4].isalnum():  # what follows fills the space
            return
        size = syncsafe(head[4:8]) if version == 4 else int.from_bytes(head[4:8], "big")
        start, at = at, at + 10 + size
        if at > end:
            return
        if head[8:] == b"\0\0":
            yield head[:4], data[start : min(at, start + LONGEST + 1)]


def syncsafe(number: bytes) -> int:
    """Seven bits of each byte (ID3v2.4, section 6.2). Raises Unreadable."""
    if len(number) < 4 or max(number) > 0x7F:
        raise Unreadable("broken tags")
    return sum(byte << shift for byte, shift in zip(number, (21, 14, 7, 0), strict=True))


def boxed(contents: Data) -> tuple[int, bytes] | None:
    """Of the table of contents of an MP4: where the names may stand, and what stands there then."""
    for place in _within(contents, 0, len(contents), (b"moov", b"udta")):
        kept: list[bytes] = []
        for tags in _within(contents, place.body, place.end, (b"meta", b"ilst")):
            items = boxes.inside(contents, tags.body, tags.end)
            texts = ((one.name, contents[one.named - 4 : one.end]) for one in items)
            kept = kept or _named(texts, _ITEMS)
        if kept:
            handler = _box(b"hdlr", bytes(8) + b"mdirappl" + bytes(9))
            named = _box(b"udta", _box(b"meta", bytes(4) + handler + _box(b"ilst", b"".join(kept))))
            start = place.named - 4
            return _filling(start, named, place.end - start - len(named))
    return None


def _filling(start: int, named: bytes, rest: int) -> tuple[int, bytes] | None:
    if rest and rest < 8:  # there is no box so small
        return None
    return start, named + (_box(b"free", bytes(rest - 8)) if rest else b"")


def _within(data: Data, start: int, end: int, path: tuple[bytes, ...]) -> Iterator[boxes.Box]:
    for box in boxes.inside(data, start, end):
        if box.name == path[0]:
            body = box.body + (4 if box.name == b"meta" else 0)
            if path[1:]:
                yield from _within(data, body, box.end, path[1:])
            else:
                yield box


def _box(name: bytes, body: bytes) -> bytes:
    return (len(body) + 8).to_bytes(4, "big") + name + body
