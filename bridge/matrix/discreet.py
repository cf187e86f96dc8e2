"""Pictures of people here as the world gets them: without the place where they were taken.

A client sends what its camera wrote. The room has it so, among those who are there; what is given
to anybody passes through an unnamed file on disk, where its notes stay behind.
"""

import mmap
import tempfile
from dataclasses import dataclass
from typing import IO

from django.conf import settings

from bridge import filetypes, pictures
from bridge.errors import Gone, Unreadable
from bridge.loop import run
from bridge.matrix import client

NOTED = frozenset({"image/jpeg", "image/png", "image/webp"})
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


def without_notes(found: client.Download) -> client.Download | Cleaned:
    """Other files, and pictures that cannot be read, stay as they are. Raises Busy and Gone."""
    if found.type not in NOTED:
        return found
    file = _draft()
    try:
        _saved(found, file)
        file = _cleaned(found.type, file)
    except BaseException:
        file.close()
        raise
    size = file.seek(0, 2)
    file.seek(0)
    return Cleaned(found.type, size, file)


def _saved(found: client.Download, file: IO[bytes]) -> None:
    size = 0
    try:
        while chunk := run(found.read(_CHUNK)):
            size += len(chunk)
            if size > LARGEST:
                raise Gone("a picture larger than any")
            file.write(chunk)
    finally:
        run(found.close())
    file.flush()


def _cleaned(media_type: str, file: IO[bytes]) -> IO[bytes]:
    file.seek(0)
    if filetypes.of(file.read(filetypes.HEAD)) != media_type:
        return file
    with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        try:
            picture = pictures.container(data, media_type)
        except Unreadable:
            return file
        if not pictures.changed(picture, len(data)):
            return file
        clean = _draft()
        clean.writelines(pictures.written(data, picture))
    file.close()
    return clean


def _draft() -> IO[bytes]:
    return tempfile.TemporaryFile(dir=settings.OWNROOM_DATA)
