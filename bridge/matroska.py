"""Matroska and WebM (RFC 9559), as they pass: their tags are blanked. Pure.

Nothing changes its place, so parts can be asked for. Pictures, sounds and tables pass as they are.
"""

from bridge import films

EBML = b"\x1aE\xdf\xa3"
_OPENED = frozenset({b"\x18\x53\x80\x67", b"\x1f\x43\xb6\x75", b"\x15\x49\xa9\x66"})
_TAGS = frozenset({b"\x12\x54\xc3\x67", b"\x19\x41\xa4\x69"})  # and what is attached
# A title, names of files, the program that wrote it, space that is free.
_NOTES = frozenset(
    {b"\x7b\xa9", b"\x73\x84", b"\x3c\x83\xab", b"\x3e\x83\xbb", b"\x57\x41", b"\xec"}
)
_DATE, _SUM = b"\x44\x61", b"\xbf"  # when it was made; of what may have changed
_VOID = b"\xec"


class Blanked(films.Passing):
    def _begin(self, done: bytearray) -> bool:
        held = bytes(self._held[:12])
        name = held[: _length(held[:1], 4)]
        wide = _length(held[len(name) : len(name) + 1], 8)
        head = len(name) + wide
        if not held[0] >> 4 or (len(held) > len(name) and not wide):
            self._pass(films.ENDLESS, shown=False)  # no element: neither is what follows
            return True
        if not wide or len(held) < head:
            return False
        said = int.from_bytes(held[len(name) : head], "big") & ((1 << 7 * wide) - 1)
        size = films.ENDLESS if said == (1 << 7 * wide) - 1 else said
        if name in _OPENED:
            size = 0  # what is in it comes one by one
        done += _renamed(name, said, held[:head])
        del self._held[:head]
        self._pass(size, shown=name not in _NOTES | _TAGS | {_DATE, _SUM})
        if name in _TAGS and 2 <= size < films.ENDLESS:
            self._before = _void(size)
        return True


def _length(first: bytes, most: int) -> int:
    """How many bytes a number has that begins so; 0 for none."""
    return next((at for at in range(1, most + 1) if first and first[0] >> (8 - at)), 0)


def _renamed(name: bytes, size: int, head: bytes) -> bytes:
    """Its head, or one as long of an element that says nothing, where zeros would say something."""
    if name == _DATE and len(head) == 3:
        return _VOID + (0x4000 | size).to_bytes(2, "big")
    return _VOID + head[1:] if name == _SUM else head


def _void(size: int) -> bytes:
    """How an element begins that says nothing and is so long."""
    if size < 129:
        return _VOID + bytes((0x80 | size - 2,))
    return _VOID + (1 << 56 | size - 9).to_bytes(8, "big")
