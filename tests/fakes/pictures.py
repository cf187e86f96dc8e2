"""Pictures and films, made box by box, with what they may say of where they were taken."""

import zlib

SECRET = b"GPS 52.5N 13.4E"


def segment(marker: int, body: bytes) -> bytes:
    return bytes((0xFF, marker)) + (len(body) + 2).to_bytes(2, "big") + body


def exif(turn: int) -> bytes:
    entry = b"\x01\x12\x00\x03\x00\x00\x00\x01" + bytes((0, turn, 0, 0))
    return b"Exif\0\0MM\0\x2a\0\0\0\x08\0\x01" + entry + b"\0\0\0\0" + SECRET


def jpeg(*notes: bytes, width: int = 64, height: int = 48, after: bytes = b"") -> bytes:
    frame = b"\x08" + height.to_bytes(2, "big") + width.to_bytes(2, "big") + b"\x01\x01\x11\x00"
    scan = segment(0xDA, b"\x01\x01\x00\x00\x3f\x00") + b"data\xff\x00with\xff\xd0marks"
    head = b"\xff\xd8" + segment(0xE0, b"JFIF\0\x01\x01\0\0\x01\0\x01\0\0")
    return head + b"".join(notes) + segment(0xC0, frame) + scan + b"\xff\xd9" + after


def chunk(kind: bytes, data: bytes) -> bytes:
    crc = zlib.crc32(kind + data).to_bytes(4, "big")
    return len(data).to_bytes(4, "big") + kind + data + crc


def png(*notes: bytes, width: int = 64, height: int = 48, after: bytes = b"") -> bytes:
    head = width.to_bytes(4, "big") + height.to_bytes(4, "big") + b"\x08\x02\x00\x00\x00"
    body = chunk(b"IDAT", zlib.compress(b"pixels"))
    first = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head)
    return first + b"".join(notes) + body + chunk(b"IEND", b"") + after


def piece(kind: bytes, data: bytes) -> bytes:
    return kind + len(data).to_bytes(4, "little") + data + b"\0" * (len(data) & 1)


def webp(*notes: bytes, flags: int = 0, after: bytes = b"") -> bytes:
    canvas = bytes((flags, 0, 0, 0)) + (63).to_bytes(3, "little") + (47).to_bytes(3, "little")
    body = b"WEBP" + piece(b"VP8X", canvas) + piece(b"VP8L", b"\x2fxxxxx") + b"".join(notes)
    return b"RIFF" + len(body).to_bytes(4, "little") + body + after


def gif(width: int = 64, height: int = 48) -> bytes:
    return b"GIF89a" + width.to_bytes(2, "little") + height.to_bytes(2, "little") + b"\0\0\0;"


def box(kind: bytes, *inside: bytes) -> bytes:
    body = b"".join(inside)
    return (len(body) + 8).to_bytes(4, "big") + kind + body


def item(number: int, kind: bytes, more: bytes = b"\0") -> bytes:
    return box(b"infe", b"\2\0\0\0", number.to_bytes(2, "big"), b"\0\0", kind, more)


def avif(
    width: int = 64,
    height: int = 48,
    *,
    brand: bytes = b"avif",
    notes: dict[bytes, bytes] | None = None,
    inside: bool = False,
    after: bytes = b"",
) -> bytes:
    """One picture, and items of each kind with what they say: after it, or `inside` of `idat`."""
    told = notes or {}
    sides = width.to_bytes(4, "big") + height.to_bytes(4, "big")
    items = [item(1, b"av01")]
    items += [item(at, kind, b"\0a/b\0\0") for at, kind in enumerate(told, 2)]
    count = len(items).to_bytes(2, "big")

    def meta(start: int) -> bytes:
        places, at, within = b"", start + 6, 0
        for number, text in enumerate([b"pixels", *told.values()], 1):
            method = int(inside and number > 1)
            where, within = (within, within + len(text)) if method else (0, within)
            base = where if method else start if number == 1 else at
            at += len(text) if number > 1 and not method else 0
            extent = base.to_bytes(4, "big") + len(text).to_bytes(4, "big")
            head = number.to_bytes(2, "big") + bytes((0, method, 0, 0)) + b"\0\1"
            places += head + extent
        return box(
            b"meta",
            b"\0\0\0\0",
            box(b"hdlr", b"\0\0\0\0\0\0\0\0pict" + bytes(13)),
            box(b"iinf", b"\0\0\0\0", count, *items),
            box(b"iloc", b"\1\0\0\0\x44\0", count, places),
            box(b"iprp", box(b"ipco", box(b"ispe", b"\0\0\0\0", sides))),
            box(b"idat", *(told.values() if inside else ())),
        )

    first = box(b"ftyp", brand, b"\0\0\0\0avifmif1")
    start = len(first) + len(meta(0)) + 8
    shown = box(b"mdat", b"pixels", *(() if inside else told.values()))
    return first + meta(start) + shown + after


def nested(kind: bytes, times: int) -> bytes:
    whole = b""
    for _ in range(times):
        whole = box(kind, whole)
    return whole


FRAMES = b"sound and pictures" * 40


def film(*after: bytes, first: bytes = b"ftyp") -> bytes:
    """As telephones write it: where it was taken in three places of the table, and beside it."""
    tkhd = box(b"tkhd", b"turned")
    keys = box(b"meta", box(b"keys", b"mdtacom.apple.quicktime.location.ISO6709"), SECRET)
    table = box(
        b"moov",
        box(b"mvhd", b"length"),
        box(b"trak", tkhd, box(b"mdia", box(b"minf", box(b"stbl"))), box(b"udta", SECRET)),
        box(b"udta", box(b"\xa9xyz", SECRET)),
        keys,
    )
    head = box(b"ftyp", b"isom\0\0\0\0") if first == b"ftyp" else box(first)
    return head + box(b"mdat", FRAMES) + table + box(b"uuid", SECRET) + b"".join(after)
