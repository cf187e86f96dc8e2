"""Pictures read as containers: how large they are, and what to keep of them. Pure.

No picture is decoded, so none can blow up here. Kept is what shows it; where and with which camera
it was taken, comments, and whatever is hidden behind its end are not.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from bridge import boxes
from bridge.errors import Unreadable
from bridge.pieces import Data, Piece, Pieces, joined

PIXELS = 64_000_000  # in one picture; a homeserver makes thumbnails of less
SIDE = 30_000
_SEGMENTS = 4_000  # of a JPEG
_CHUNKS = 200_000  # of a PNG or WebP
_ENTRIES = 200  # of a directory of tags

# What shows a picture, besides what no reader may pass over; and so in a WebP.
_PNG = frozenset(
    {b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"iCCP", b"sBIT", b"cICP", b"mDCV", b"cLLI", b"bKGD"}
    | {b"hIST", b"pHYs", b"sPLT", b"acTL", b"fcTL", b"fdAT"}
)
_WEBP = frozenset({b"VP8X", b"VP8 ", b"VP8L", b"ALPH", b"ANIM", b"ANMF", b"ICCP"})
_NEXT_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")  # within the data of a scan
_BARE = frozenset({0x01, *range(0xD0, 0xD8)})
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_ORIENTATION = 0x0112
_TURNED = range(5, 9)  # orientations that swap width and height


@dataclass(frozen=True, slots=True)
class Picture:
    width: int
    height: int
    pieces: Pieces = field(default=())  # all that is kept, in order


def read(data: Data, media_type: str) -> Picture:
    """Raises Unreadable for what is broken, or too large to be shown."""
    found = container(data, media_type)
    if not 0 < found.width <= SIDE or not 0 < found.height <= SIDE:
        raise Unreadable("a picture of no size, or longer than any screen")
    if found.width * found.height > PIXELS:
        raise Unreadable("a picture of too many pixels")
    return found


def container(data: Data, media_type: str) -> Picture:
    """However large it is. Raises Unreadable for what is broken."""
    return _READERS[media_type](data)


def _number(data: bytes, *, little: bool = False) -> int:
    return int.from_bytes(data, "little" if little else "big")


# ---- JPEG (ITU-T T.81, annex B)


def _jpeg(data: Data) -> Picture:
    size = len(data)
    width = height = turn = 0
    pieces: list[Piece] = [slice(0, 2)]
    for marker, start, end in _segments(data):
        head = data[start + 4 : min(end, start + 64)]
        if marker in _FRAMES and not width:
            height, width = _number(head[1:3]), _number(head[3:5])
        if marker == 0xE1 and head.startswith(b"Exif\0\0"):
            turn = turn or _orientation(data[start + 10 : end])
        if _shows(marker, head):
            pieces.append(slice(start, end))
    pieces.append(slice(size - 2, size) if data[size - 2 :] == b"\xff\xd9" else b"\xff\xd9")
    if turn > 1:
        pieces.insert(1, _turned(turn))
    sides = (height, width) if turn in _TURNED else (width, height)
    return Picture(*sides, joined(pieces))


def _segments(data: Data) -> Iterator[tuple[int, int, int]]:
    """Marker, beginning and end of each, up to the end of the picture; scans with their data."""
    at = 2
    for _ in range(_SEGMENTS):
        marker, at = _marker(data, at)
        if marker in {0, 0xD9}:
            return
        end = at if marker in _BARE else at + max(2, _number(data[at : at + 2]))
        if end > len(data):
            raise Unreadable("a broken picture")
        if marker == 0xDA:
            end = _scan(data, end)
        yield marker, at - 2, end
        at = end
    raise Unreadable("a broken picture")


def _marker(data: Data, at: int) -> tuple[int, int]:
    """The marker here, and where it ends; 0 at the end of the file."""
    while data[at : at + 1] == b"\xff" and data[at + 1 : at + 2] == b"\xff":
        at += 1
    found = data[at : at + 2]
    if len(found) < 2:
        return 0, at
    if found[0] != 0xFF:
        raise Unreadable("a broken picture")
    return found[1], at + 2


def _scan(data: Data, at: int) -> int:
    """Where the coded data ends that begins here."""
    found = _NEXT_MARKER.search(data, at)  # type: ignore[call-overload]  # bytes, or a map of them
    return found.start() if found else len(data)


def _shows(marker: int, head: bytes) -> bool:
    """Tables, frames and scans; of applications' segments the sizes and colours."""
    if marker == 0xE2:
        return head.startswith(b"ICC_PROFILE\0")
    return not (0xE1 <= marker <= 0xEF or marker == 0xFE) or marker == 0xEE


def _orientation(tiff: bytes) -> int:
    """Exif: how the camera was held; 0 when it does not say."""
    little = tiff[:2] == b"II"
    start = _number(tiff[4:8], little=little)
    count = min(_number(tiff[start : start + 2], little=little), _ENTRIES)
    for at in range(start + 2, start + 2 + 12 * count, 12):
        if _number(tiff[at : at + 2], little=little) == _ORIENTATION:
            turn = _number(tiff[at + 8 : at + 10], little=little)
            return turn if 1 <= turn <= 8 else 0
    return 0


def _turned(turn: int) -> bytes:
    """A segment that says nothing but how to hold the picture."""
    tag = _ORIENTATION.to_bytes(2, "big") + b"\0\x03\0\0\0\x01" + bytes((0, turn, 0, 0))
    tiff = b"MM\0\x2a\0\0\0\x08" + b"\0\x01" + tag + b"\0\0\0\0"
    body = b"Exif\0\0" + tiff
    return b"\xff\xe1" + (len(body) + 2).to_bytes(2, "big") + body


# ---- PNG, WebP, GIF, and those in boxes


def _png(data: Data) -> Picture:
    size, at, pieces = len(data), 8, [slice(0, 8)]
    for _ in range(_CHUNKS):
        length, name = _number(data[at : at + 4]), data[at + 4 : at + 8]
        end = at + 12 + length
        if len(name) < 4 or end > size or (at == 8 and name != b"IHDR"):
            raise Unreadable("a broken picture")
        if name[:1].isupper() or name in _PNG:
            pieces.append(slice(at, end))
        at = end
        if name == b"IEND":
            kept = joined([*pieces])
            return Picture(_number(data[16:20]), _number(data[20:24]), kept)
    raise Unreadable("a broken picture")


def _webp(data: Data) -> Picture:
    end, at = min(len(data), 8 + _number(data[4:8], little=True)), 12
    found, pieces, total = (0, 0), list[Piece](), 4
    for _ in range(_CHUNKS):
        if at >= end:
            break
        name, length = data[at : at + 4], _number(data[at + 4 : at + 8], little=True)
        after = at + 8 + length
        if len(name) < 4 or after > end or (name == b"VP8X" and length < 10):
            raise Unreadable("a broken picture")
        found = found if found[0] else _webp_size(name, data[at + 8 : min(after, at + 18)])
        after += length & 1
        if name in _WEBP:
            flags = data[at + 8 : at + 9]
            piece: list[Piece] = [slice(at, min(after, end))]
            if name == b"VP8X" and flags[0] & 0x0C:
                clear = data[at : at + 8] + bytes((flags[0] & ~0x0C,))
                piece = [clear, slice(at + 9, after)]
            pieces += piece
            total += min(after, end) - at
        at = after
    kept = joined([data[:4] + total.to_bytes(4, "little") + data[8:12], *pieces])
    whole = total + 8 == len(data) and kept[1:] == (slice(12, len(data)),)
    return Picture(*found, (slice(0, len(data)),) if whole else kept)


def _webp_size(name: bytes, head: bytes) -> tuple[int, int]:
    match name:
        case b"VP8X":
            return _number(head[4:7], little=True) + 1, _number(head[7:10], little=True) + 1
        case b"VP8 ":
            width, height = (_number(side, little=True) for side in (head[6:8], head[8:10]))
            return width & 0x3FFF, height & 0x3FFF
        case b"VP8L":
            bits = _number(head[1:5], little=True)
            return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
        case _:
            return 0, 0


def _gif(data: Data) -> Picture:
    head = data[6:10]
    sides = _number(head[:2], little=True), _number(head[2:], little=True)
    return Picture(*sides, (slice(0, len(data)),))


def _boxed(data: Data) -> Picture:
    sides, blanks = boxes.read(data)
    pieces, at = list[Piece](), 0
    for first, last, instead in blanks:
        start, end = max(first, at), max(last, at)  # two may share bytes
        written = instead or bytes(end - start)
        if start < end and data[start:end] != written:
            pieces += [slice(at, start), written]
            at = end
    return Picture(*sides, joined([*pieces, slice(at, len(data))]))


_READERS = {
    "image/jpeg": _jpeg,
    "image/png": _png,
    "image/webp": _webp,
    "image/gif": _gif,
    "image/avif": _boxed,
    "image/heic": _boxed,
}
