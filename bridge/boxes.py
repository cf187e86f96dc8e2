"""AVIF and HEIC, pictures in boxes (ISO/IEC 14496-12, 23008-12): what they note is blanked. Pure.

Everything has its place in such a file by number, so nothing is taken out: what shows no picture is
overwritten where it stands. What cannot be told apart is Unreadable, and carried by nobody.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from bridge.errors import Unreadable
from bridge.pieces import Data

MOST = 4_096  # boxes within one, items, and pieces of all items
DEEPEST = 8  # boxes in boxes
BLANKED = 16 * 1024 * 1024  # bytes, at most
_ITEMS = frozenset({b"av01", b"hvc1", b"avc1", b"grid", b"iovl", b"iden", b"tmap", b"sato"})
_PARTS = frozenset(
    {b"hdlr", b"pitm", b"iinf", b"iloc", b"iprp", b"iref", b"idat", b"dinf", b"grpl"}
)
_NOTES = frozenset(
    {b"udta", b"meta", b"uuid", b"udes", b"crtt", b"mdft", b"altt", b"free", b"skip"}
)
_HEADS, _HEAD = frozenset({b"mvhd", b"tkhd", b"mdhd"}), 20  # bytes of each, at least
_NESTS = frozenset({b"moov", b"trak", b"mdia", b"minf", b"stbl", b"iprp", b"ipco"})
_BROKEN = "a broken picture"


@dataclass(frozen=True, slots=True)
class Box:
    name: bytes
    named: int  # where its name stands
    body: int
    end: int


Blank = tuple[int, int, bytes]  # from where, to where, and what stands there instead; or zeros


def read(data: Data) -> tuple[tuple[int, int], list[Blank]]:
    """The largest of the sizes that the items in it have, and what is to be blanked, in order."""
    sides, blanks, seen = (0, 0), list[Blank](), 0
    for box in inside(data, 0, len(data)):
        match box.name:
            case b"ftyp" | b"mdat":
                continue
            case b"meta":
                seen += 1
                sides = _sides(data, box)
                blanks += _meta(data, box)
            case b"moov":
                blanks += _nested(data, box)
            case _:
                blanks += _blanked(box)
    if seen != 1:
        raise Unreadable(_BROKEN)
    if sum(end - start for start, end, _ in blanks) > BLANKED:
        raise Unreadable("a picture with more notes than picture")
    return sides, sorted(blank for blank in blanks if blank[0] < blank[1])


def notes(data: Data) -> list[Blank]:
    """What is to be blanked in a box of boxes, of a film."""
    return [blank for box in inside(data, 0, len(data)) for blank in _nested(data, box)]


def _number(data: Data, at: int, size: int) -> int:
    found = data[at : at + size]
    if len(found) < size:
        raise Unreadable(_BROKEN)
    return int.from_bytes(found, "big")


def inside(data: Data, start: int, end: int) -> Iterator[Box]:
    at = start
    for _ in range(MOST):
        if at == end:
            return
        size, body = _number(data, at, 4), at + 8
        if size == 1:
            size, body = _number(data, at + 8, 8), at + 16
        elif size == 0:
            size = end - at
        if at + size < body or at + size > end:
            raise Unreadable(_BROKEN)
        yield Box(data[at + 4 : at + 8], at + 4, body, at + size)
        at += size
    raise Unreadable(_BROKEN)


def _blanked(box: Box) -> list[Blank]:
    """It keeps its length, and says nothing any more."""
    return [(box.named, box.named + 4, b"free"), (box.body, box.end, b"")]


def _nested(data: Data, box: Box, deep: int = 0) -> Iterator[Blank]:
    if deep > DEEPEST:
        raise Unreadable(_BROKEN)
    for inner in inside(data, box.body, box.end):
        if inner.name in _NESTS:
            yield from _nested(data, inner, deep + 1)
        elif inner.name in _NOTES:
            yield from _blanked(inner)
        elif inner.name in _HEADS and inner.end - inner.body >= _HEAD:
            wide = 16 if data[inner.body : inner.body + 1] == b"\1" else 8
            yield inner.body + 4, inner.body + 4 + wide, b""  # when it was made, and changed


# ---- items


def _meta(data: Data, meta: Box) -> Iterator[Blank]:
    found: dict[bytes, Box] = {}
    for box in inside(data, meta.body + 4, meta.end):
        if box.name not in _PARTS or box.name in found:
            yield from _blanked(box)
            continue
        found[box.name] = box
    if b"iinf" not in found or b"iloc" not in found:
        raise Unreadable(_BROKEN)
    if b"iprp" in found:
        yield from _nested(data, found[b"iprp"])
    places = _places(data, found[b"iloc"], found.get(b"idat"))
    for item, kind, named in _items(data, found[b"iinf"]):
        if kind not in _ITEMS:
            yield named, named + 4, b"free"
            for start, end in places.get(item, []):
                yield start, end, b""


def _sides(data: Data, meta: Box) -> tuple[int, int]:
    sizes = [(0, 0)]
    for iprp in inside(data, meta.body + 4, meta.end):
        for ipco in inside(data, iprp.body, iprp.end) if iprp.name == b"iprp" else ():
            for box in inside(data, ipco.body, ipco.end) if ipco.name == b"ipco" else ():
                if box.name == b"ispe":
                    sides = _number(data, box.body + 4, 4), _number(data, box.body + 8, 4)
                    sizes.append(sides)
    return max(sizes, key=lambda one: one[0] * one[1])


def _items(data: Data, iinf: Box) -> Iterator[tuple[int, bytes, int]]:
    """Number, kind, and where the kind stands."""
    counted = 2 if _number(data, iinf.body, 1) == 0 else 4
    for box in inside(data, iinf.body + 4 + counted, iinf.end):
        version = _number(data, box.body, 1)
        if box.name != b"infe" or version not in {2, 3}:
            raise Unreadable(_BROKEN)
        wide = 2 if version == 2 else 4
        named = box.body + 4 + wide + 2
        yield _number(data, box.body + 4, wide), data[named : named + 4], named


class _Cursor:
    def __init__(self, data: Data, at: int) -> None:
        self.data, self.at = data, at

    def take(self, size: int) -> int:
        found = _number(self.data, self.at, size) if size else 0
        self.at += size
        return found


def _places(data: Data, iloc: Box, idat: Box | None) -> Mapping[int, list[tuple[int, int]]]:
    """Where the bytes of each item are."""
    version, cursor = _number(data, iloc.body, 1), _Cursor(data, iloc.body + 4)
    sizes, bases = cursor.take(1), cursor.take(1)
    wide = 2 if version < 2 else 4
    index = bases & 15 if version else 0
    found: dict[int, list[tuple[int, int]]] = {}
    pieces = 0
    for _ in range(_few(cursor.take(wide))):
        item = cursor.take(wide)
        method = cursor.take(2) & 15 if version else 0
        cursor.take(2)  # another file: none is carried
        base = cursor.take(bases >> 4)
        for _ in range(_few(cursor.take(2))):
            cursor.take(index)
            start, length = base + cursor.take(sizes >> 4), cursor.take(sizes & 15)
            found.setdefault(item, []).append(_place(data, start, length, method, idat))
            pieces = _few(pieces + 1)
    return found


def _few(count: int) -> int:
    if count > MOST:
        raise Unreadable(_BROKEN)
    return count


def _place(data: Data, start: int, length: int, method: int, idat: Box | None) -> tuple[int, int]:
    if method == 1 and idat:
        start += idat.body
    elif method == 2:  # made of other items, and no bytes of its own
        return 0, 0
    elif method:
        raise Unreadable(_BROKEN)
    end = start + length
    if not length or end > len(data):
        raise Unreadable(_BROKEN)
    return start, end
