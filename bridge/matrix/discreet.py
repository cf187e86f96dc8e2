"""What people here took and recorded, as the world gets it: without the place where they did.

A client sends what its camera or recorder wrote. The room has it so, among those who are there. A
picture or a sound for anybody passes through an unnamed file on disk, where its notes stay behind;
of a film they are blanked as it passes. What it is its first bytes say, whatever it is called; what
cannot be cleaned is given to nobody.
"""

import mmap
import tempfile
from dataclasses import dataclass
from typing import IO

from django.conf import settings

from bridge import filetypes, films, matroska, pictures, pieces, sounds
from bridge.errors import Busy, Gone, Unreadable
from bridge.loop import run
from bridge.matrix import client

LARGEST = 200 * 1024 * 1024  # bytes; homeservers take less
_CHUNK = 64 * 1024


@dataclass(frozen=True, slots=True)
class Cleaned:
    """As `client.Download`, from disk."""

    type: str
    size: int
    file: IO[bytes]

    async def read(self, most: int) -> bytes:
        return self.file.read(most)

    async def close(self) -> None:
        self.file.close()


@dataclass(slots=True)
class Begun:
    """A `client.Download` whose first bytes were looked at."""

    found: client.Download
    head: bytes

    @property
    def type(self) -> str:
        return self.found.type

    @property
    def size(self) -> int:
        return self.found.size

    async def read(self, most: int) -> bytes:
        if not self.head:
            return await self.found.read(most)
        first, self.head = self.head[:most], self.head[most:]
        return first

    async def close(self) -> None:
        await self.found.close()


@dataclass(slots=True)
class Film:
    """A download of which the notes are blanked as it passes."""

    begun: Begun
    blanked: films.Passing

    @property
    def type(self) -> str:
        return self.begun.type

    @property
    def size(self) -> int:
        return self.begun.size

    async def read(self, most: int) -> bytes:
        """Now and then more than that: what was held back."""
        while chunk := await self.begun.read(most):
            if done := self.blanked.feed(chunk):
                return done
        return self.blanked.end()

    async def close(self) -> None:
        await self.begun.close()


def without_notes(found: client.Download) -> Begun | Cleaned | Film:
    """Other files stay as they are. Raises Busy and Gone."""
    try:
        begun = Begun(found, run(_head(found)))
        if blanked := _blanked(begun.head):
            return Film(begun, blanked)
        kind = filetypes.noted(begun.head) or filetypes.tagged(begun.head)
        return _cleaned(begun, kind) if kind else begun
    except BaseException as error:
        run(found.close())
        if isinstance(error, OSError):  # a full disk: what was not cleaned is given to nobody
            raise Busy(f"it cannot be put on disk: {error.strerror}") from error
        raise


async def _head(found: client.Download) -> bytes:
    head = b""
    while len(head) < filetypes.HEAD and (more := await found.read(filetypes.HEAD - len(head))):
        head += more
    if filetypes.unclean(head):
        raise Gone("a kind of picture or sound whose notes cannot be told apart")
    return head


def _blanked(head: bytes) -> films.Passing | None:
    if filetypes.filmed(head):
        return films.Blanked(song=filetypes.of(head) == "audio/mp4")
    return matroska.Blanked() if head.startswith(matroska.EBML) else None


def _cleaned(begun: Begun, kind: str) -> Cleaned:
    file = _draft()
    try:
        _save(begun, file)
        file = _without(file, kind)
    except BaseException:
        file.close()
        raise
    size = file.seek(0, 2)
    file.seek(0)
    return Cleaned(begun.type, size, file)


def _save(begun: Begun, file: IO[bytes]) -> None:
    size = 0
    while chunk := run(begun.read(_CHUNK)):
        size += len(chunk)
        if size > LARGEST:
            raise Gone("a picture or sound larger than any")
        file.write(chunk)
    run(begun.close())
    file.flush()


def _without(file: IO[bytes], kind: str) -> IO[bytes]:
    with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        try:
            kept = _kept(data, kind)
        except Unreadable as error:
            raise Gone(f"its notes cannot be told apart: {error}") from None
        if not pieces.changed(kept, len(data)):
            return file
        clean = _draft()
        clean.writelines(pieces.written(data, kept))
    file.close()
    return clean


def _kept(data: pieces.Data, kind: str) -> pieces.Pieces:
    if filetypes.kind(kind) == "audio":
        return sounds.read(data, kind)
    return pictures.container(data, kind).pieces


def _draft() -> IO[bytes]:
    return tempfile.TemporaryFile(dir=settings.OWNROOM_DATA)
