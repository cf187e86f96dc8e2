"""Films and sounds in boxes (MP4, QuickTime), as they pass: where they were taken is blanked. Pure.

Nothing changes its place, so parts can be asked for. Sound and pictures pass as they are, and with
them whatever a camera wrote between them.
"""

from abc import ABC, abstractmethod

from bridge import boxes, songs
from bridge.errors import Unreadable

LARGEST = 32 * 1024 * 1024  # bytes of the table of contents
_NOTES = frozenset({b"udta", b"meta", b"uuid", b"free", b"skip"})
ENDLESS = 1 << 62


class Passing(ABC):
    """Give it the bytes in order; it answers with as many, some a little later."""

    def __init__(self) -> None:
        self._held = bytearray()
        self._left = 0  # bytes of the present box
        self._shown = True  # whether they pass
        self._before = b""  # what stands at their beginning, where they do not

    def feed(self, data: bytes) -> bytes:
        self._held += data
        done = bytearray()
        while self._held:
            if not self._left and not self._begin(done):
                break
            part = bytes(self._held[: self._left])
            del self._held[: self._left]
            self._left -= len(part)
            done += part if self._shown else self._blank(len(part))
        return bytes(done)

    def end(self) -> bytes:
        """What was held back: of a box that breaks off nobody knows what it would have said."""
        rest, self._held = bytes(len(self._held)), bytearray()
        return rest

    def _blank(self, size: int) -> bytes:
        first, self._before = self._before[:size], self._before[size:]
        return first + bytes(size - len(first))

    def _pass(self, size: int, *, shown: bool) -> None:
        self._left, self._shown, self._before = size, shown, b""

    @abstractmethod
    def _begin(self, done: bytearray) -> bool:
        """Whether it is known how the next box passes."""


class Blanked(Passing):
    """`song`: a sound, whose names stay."""

    def __init__(self, *, song: bool = False) -> None:
        super().__init__()
        self._song = song

    def _begin(self, done: bytearray) -> bool:
        held, head = self._held, 8
        if len(held) < head:
            return False
        size, name = int.from_bytes(held[:4], "big"), bytes(held[4:8])
        if size == 1:
            head = 16
            if len(held) < head:
                return False
            size = int.from_bytes(held[8:16], "big")
        self._pass(size or ENDLESS, shown=True)
        if size and size < head:
            self._pass(ENDLESS, shown=False)  # no box: neither is what follows
        elif name == b"moov":
            return self._contents(size)
        elif name in _NOTES:
            done += held[:4] + b"free" + held[8:head]
            del held[:head]
            self._pass(self._left - head, shown=False)
        return True

    def _contents(self, size: int) -> bool:
        """The table of contents, once all of it is there."""
        if not size or size > LARGEST:
            self._shown = False
            return True
        if len(self._held) < size:
            self._left = 0
            return False
        whole = bytes(self._held[:size])
        try:
            for start, end, instead in boxes.notes(whole):
                self._held[start:end] = instead or bytes(end - start)
            if self._song and (named := songs.boxed(whole)):
                self._held[named[0] : named[0] + len(named[1])] = named[1]
        except Unreadable:
            self._shown = False
        return True
