"""What people here took, as the world gets it: without the place where it was taken.

A client sends what its camera wrote. The room has it so, among those who are there; a picture for
anybody passes through an unnamed file on disk, where its notes stay behind, and of a film they are
blanked as it passes. What it is its first bytes say, whatever it is called; a picture that cannot
be cleaned is given to nobody.
"""

import mmap
import tempfile
from dataclasses import dataclass, field
from typing import IO

from django.conf import settings

from bridge import filetypes, films, pictures
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
    blanked: films.Blanked = field(default_factory=films.Blanked)

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
        kind = filetypes.noted(begun.head)
        if filetypes.filmed(begun.head):
            return Film(begun)
        return _cleaned(begun, kind) if kind else begun
    except BaseException as error:
        run(found.close())
        if isinstance(error, OSError):  # a full disk: what was not cleaned is given to nobody
            raise Busy(f"a picture cannot be put on disk: {error.strerror}") from error
        raise


async def _head(found: client.Download) -> bytes:
    head = b""
    while len(head) < filetypes.HEAD and (more := await found.read(filetypes.HEAD - len(head))):
        head += more
    if filetypes.unclean(head):
        raise Gone("a kind of picture whose notes cannot be told apart")
    return head


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
            raise Gone("a picture larger than any")
        file.write(chunk)
    run(begun.close())
    file.flush()


def _without(file: IO[bytes], kind: str) -> IO[bytes]:
    with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        try:
            picture = pictures.container(data, kind)
        except Unreadable as error:
            raise Gone(f"its notes cannot be told apart: {error}") from None
        if not pictures.changed(picture, len(data)):
            return file
        clean = _draft()
        clean.writelines(pictures.written(data, picture))
    file.close()
    return clean


def _draft() -> IO[bytes]:
    return tempfile.TemporaryFile(dir=settings.OWNROOM_DATA)
