"""Sounds read as containers: what is heard is kept, and of their tags the names of a song. Pure.

Nothing is decoded, and nothing held but tables. Those in boxes pass as films do (bridge/films.py).
"""

from bridge import filetypes, ogg, songs
from bridge.errors import Unreadable
from bridge.pieces import Data, Piece, Pieces, joined

_BLOCKS = 4_096  # of a FLAC; chunks of a WAV; tags one after another
_SPACE = 65_536  # bytes that some leave behind a tag
_WAV = frozenset({b"fmt ", b"fact", b"data"})
_BROKEN = "a broken sound"


def read(data: Data, media_type: str) -> Pieces:
    """All that is kept, in order. Raises Unreadable for what is broken."""
    return joined(_READERS[media_type](data))


# ---- MPEG audio: frames, and tags in front of them and behind


def _mpeg(data: Data) -> list[Piece]:
    start, named = 0, b""
    for _ in range(_BLOCKS):
        if data[start : start + 3] != b"ID3":
            break
        head = data[start : start + 10]
        foot = 10 if len(head) == 10 and head[5] & 0x10 else 0
        end = start + 10 + songs.syncsafe(head[6:]) + foot
        if end > len(data):
            raise Unreadable(_BROKEN)
        named = named or songs.id3(data, start, end)
        start = end
    else:
        raise Unreadable(_BROKEN)
    if data[start : start + 4] == b"fLaC":
        return _flac(data, start)
    start += _empty(data[start : start + _SPACE])
    if filetypes.of(data[start : start + 4]) not in {"audio/mpeg", "audio/aac"}:
        raise Unreadable(_BROKEN)  # be it a tag that says of itself that it is shorter
    return [named, slice(start, _end(data, start))]


def _empty(data: bytes) -> int:
    return len(data) - len(data.lstrip(b"\0"))


def _end(data: Data, start: int) -> int:
    """Where the tags begin that stand behind the sound."""
    end = len(data)
    for _ in range(_BLOCKS):
        cut = _behind(data, end)
        if not cut:
            return end
        end -= cut
        if end < start:
            break
    raise Unreadable(_BROKEN)


def _behind(data: Data, end: int) -> int:
    """The length of the tag that ends here: ID3v1, APE, Lyrics3, or ID3v2 with a foot."""
    last = data[max(0, end - 355) : end]
    if last[-128:].startswith(b"TAG") and len(last) >= 128:
        return 355 if last[:4] == b"TAG+" and len(last) == 355 else 128
    if last[-32:].startswith(b"APETAGEX"):
        size, flags = (int.from_bytes(last[at:][:4], "little") for at in (-20, -12))
        return max(size, 32) + (32 if flags >> 31 else 0)
    if last.endswith(b"LYRICS200"):
        said = last[-15:-9]
        return int(said) + 15 if said.isdigit() else 15
    if last.endswith(b"LYRICSEND"):
        begun = data[max(0, end - 5_200) : end].rfind(b"LYRICSBEGIN")
        return min(end, 5_200) - max(begun, 0)
    if last[-10:].startswith(b"3DI"):
        return 20 + songs.syncsafe(last[-4:])
    return 0


# ---- FLAC (RFC 9639), WAV


def _flac(data: Data, at: int = 0) -> list[Piece]:
    """What a decoder needs to know, where to jump, the names of a song, and the frames."""
    blocks: list[tuple[int, Piece, int]] = []
    end, at = _end(data, at), at + 4
    for _ in range(_BLOCKS):
        head = data[at : at + 4]
        after = at + 4 + int.from_bytes(head[1:], "big")
        if len(head) < 4 or after > end:
            break
        kind, size = head[0] & 0x7F, after - at - 4
        if (kind == 0) == bool(blocks) or (kind == 0 and size != 34):
            break
        if kind == 0 or (kind == 3 and size % 18 == 0):
            blocks.append((kind, slice(at + 4, after), size))
        elif kind == 4:
            said = songs.comments(data, at + 4, after)
            blocks.append((4, said, len(said)))
        at = after
        if head[0] & 0x80 and data[at : at + 2] in {b"\xff\xf8", b"\xff\xf9"}:
            return [b"fLaC", *_blocks(blocks), slice(at, end)]
    raise Unreadable(_BROKEN)


def _blocks(blocks: list[tuple[int, Piece, int]]) -> list[Piece]:
    done: list[Piece] = []
    for left, (kind, body, size) in zip(reversed(range(len(blocks))), blocks, strict=True):
        last = 0 if left else 0x80
        done += [bytes((kind | last,)) + size.to_bytes(3, "big"), body]
    return done


def _wav(data: Data) -> list[Piece]:
    """Its form, its length, its samples; a recorder writes beside them who it is, and where."""
    size, at, kept, found = len(data), 12, list[Piece](), set[bytes]()
    for _ in range(_BLOCKS):
        head = data[at : at + 8]
        if len(head) < 8:
            break
        name, length = head[:4], int.from_bytes(head[4:], "little")
        after = min(at + 8 + length + (length & 1), size)
        if name == b"data" and not length and after < size:  # it never came to an end
            raise Unreadable(_BROKEN)
        if name in _WAV and name not in found:
            kept.append(slice(at, after))
            found.add(name)
        at = after
    if not {b"fmt ", b"data"} <= found or at + 8 <= size:
        raise Unreadable(_BROKEN)
    total = 4 + sum(piece.stop - piece.start for piece in kept if isinstance(piece, slice))
    if data[4:8] == total.to_bytes(4, "little") and total + 8 == size:
        return [slice(0, 12), *kept]
    return [b"RIFF" + min(total, 0xFFFFFFFF).to_bytes(4, "little") + b"WAVE", *kept]


_READERS = {
    "audio/mpeg": _mpeg,
    "audio/aac": _mpeg,
    "audio/flac": _flac,
    "audio/wav": _wav,
    "audio/ogg": ogg.read,
}
