"""Ogg (RFC 3533): the comments of each stream are written over where they stand. Pure.

So no page changes its place, its number or its length; those that were written over are summed
anew. A stream of which it is not known where it keeps its comments is Unreadable.
"""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field

from bridge import songs
from bridge.errors import Unreadable
from bridge.pieces import Data, Piece

PAGES = 500_000
LARGEST = 32 * 1024 * 1024  # bytes of all headers
_BEGINS, _GOES_ON = 2, 1  # flags of a page
# How the first packet of a stream begins, and the one with its comments. Of a FLAC each packet
# after the first is a block of its own, until one is the last.
_FLAC = b"\x7fFLAC"
_CODECS = {
    b"\x01vorbis": b"\x03vorbis",
    b"OpusHead": b"OpusTags",
    b"\x80theora": b"\x81theora",
    b"Speex   ": b"",
    _FLAC: b"",
}
_SILENT = b"fishead\0"  # says where the others are
_BROKEN = "a broken sound"
_TURNED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


@dataclass(slots=True)
class _Page:
    start: int
    body: int
    end: int
    flags: int
    stream: bytes
    table: bytes
    written: list[tuple[int, bytes]] = field(default_factory=list)  # where, and what


@dataclass(slots=True)
class _Stream:
    codec: bytes = b""
    done: bool = False  # its comments were seen
    parts: list[tuple[_Page, int, int]] = field(default_factory=list)  # of the packet that comes


def read(data: Data) -> list[Piece]:
    """All of it, in order, with other comments. Raises Unreadable."""
    streams: dict[bytes, _Stream] = {}
    pieces: list[Piece] = []
    pages: list[_Page] = []
    held = end = 0
    for page in _pages(data):
        end = page.end
        stream = streams.get(page.stream)
        if page.flags & _BEGINS and (stream is None or stream.done):
            stream = streams[page.stream] = _Stream()
        if stream is None:
            raise Unreadable(_BROKEN)
        if not stream.done:
            pages.append(page)
            held += page.end - page.start
            if held > LARGEST:
                raise Unreadable("a sound with more words than sound")
            _look(data, page, stream)
    if not streams or not all(stream.done for stream in streams.values()):
        raise Unreadable(_BROKEN)
    at = 0
    for page in pages:
        if page.written:
            pieces += [slice(at, page.start), _rewritten(data, page)]
            at = page.end
    return [*pieces, slice(at, end)]


def _pages(data: Data) -> Iterator[_Page]:
    """Up to the last that is whole."""
    at, size = 0, len(data)
    for _ in range(PAGES):
        head = data[at : at + 27]
        if len(head) < 27:
            return
        if head[:4] != b"OggS":
            raise Unreadable(_BROKEN)
        body = at + 27 + head[26]
        table = data[at + 27 : body]
        end = body + sum(table)
        if end > size:
            return
        yield _Page(at, body, end, head[5], head[14:18], table)
        at = end
    raise Unreadable(_BROKEN)


def _look(data: Data, page: _Page, stream: _Stream) -> None:
    """The packets that end here, until the comments were seen."""
    at = page.body
    if bool(stream.parts) != bool(page.flags & _GOES_ON):
        raise Unreadable(_BROKEN)
    for number, size in enumerate(page.table):
        if number and page.table[number - 1] == 255:
            last, start, _ = stream.parts[-1]
            stream.parts[-1] = last, start, at + size
        else:
            stream.parts.append((page, at, at + size))
        at += size
        if size < 255:
            packet = b"".join(data[start:end] for _, start, end in stream.parts)
            _write(stream.parts, packet, _instead(stream, packet))
            stream.parts = []
        if stream.done:
            return


def _instead(stream: _Stream, packet: bytes) -> bytes:
    """What stands in the place of a packet, as long as it."""
    if not stream.codec:
        stream.done = packet.startswith(_SILENT)
        stream.codec = next((first for first in _CODECS if packet.startswith(first)), b"")
        if not stream.codec and not stream.done:
            raise Unreadable("a stream whose tags cannot be told apart")
        return packet
    if stream.codec == _FLAC:
        return _block(stream, packet)
    stream.done, head = True, _CODECS[stream.codec]
    if not packet.startswith(head):
        raise Unreadable(_BROKEN)
    framing = b"\x01" if stream.codec == b"\x01vorbis" else b""
    return _filled(head + songs.comments(packet, len(head), len(packet)) + framing, len(packet))


def _block(stream: _Stream, packet: bytes) -> bytes:
    """Comments, or what a decoder needs; in the place of others stands nothing."""
    kind = packet[0] & 0x7F if packet else 0x7F
    if kind == 0x7F or len(packet) < 4:
        raise Unreadable(_BROKEN)
    stream.done = bool(packet[0] & 0x80)
    if kind == 3:
        return packet
    if kind == 4:
        return _filled(packet[:4] + songs.comments(packet, 4, len(packet)), len(packet))
    return _filled(bytes((packet[0] & 0x80 | 1,)) + packet[1:4], len(packet))


def _filled(said: bytes, size: int) -> bytes:
    """With zeros, which every reader of comments passes over."""
    if len(said) > size:
        raise Unreadable(_BROKEN)
    return said + bytes(size - len(said))


def _write(parts: list[tuple[_Page, int, int]], packet: bytes, instead: bytes) -> None:
    at = 0
    for page, start, end in parts if packet != instead else ():
        page.written.append((start, instead[at : at + end - start]))
        at += end - start


def _rewritten(data: Data, page: _Page) -> bytes:
    whole = bytearray(data[page.start : page.end])
    for start, said in page.written:
        at = start - page.start
        whole[at : at + len(said)] = said
    whole[22:26] = bytes(4)
    whole[22:26] = _sum(bytes(whole)).to_bytes(4, "little")
    return bytes(whole)


def _sum(page: bytes) -> int:
    """RFC 3533, section 6: the polynomial of zlib's, from the other end of each byte, bare."""
    found = zlib.crc32(page.translate(_TURNED), 0xFFFFFFFF) ^ 0xFFFFFFFF
    return int(f"{found:032b}"[::-1], 2)
