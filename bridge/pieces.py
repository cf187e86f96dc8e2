"""What is kept of a file: pieces of it where they stand, and bytes in place of others. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol


class Data(Protocol):
    """The bytes of a file: `bytes`, or a map of one on disk."""

    def __len__(self) -> int: ...
    def __getitem__(self, key: slice, /) -> bytes: ...


Piece = bytes | slice
Pieces = tuple[Piece, ...]


def joined(pieces: Iterable[Piece]) -> Pieces:
    """Neighbouring pieces as one."""
    done: list[Piece] = []
    for piece in pieces:
        last = done[-1] if done else b""
        if isinstance(piece, slice) and isinstance(last, slice) and last.stop == piece.start:
            done[-1] = slice(last.start, piece.stop)
        elif piece:
            done.append(piece)
    return tuple(done)


def changed(pieces: Sequence[Piece], size: int) -> bool:
    """Whether anything of a file of this size is left out."""
    return tuple(pieces) != (slice(0, size),)


def written(data: Data, pieces: Iterable[Piece], chunk: int = 65_536) -> Iterator[bytes]:
    for piece in pieces:
        if isinstance(piece, bytes):
            yield piece
            continue
        for start in range(piece.start, piece.stop, chunk):
            yield data[start : min(start + chunk, piece.stop)]
