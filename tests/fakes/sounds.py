"""Sounds as programs write them, byte by byte: with tags, and with the names of a song."""

from tests.fakes.pictures import SECRET, box

HEARD = b"heard" * 70
SLEEVE = (b"Sunrise", b"The Nets", b"Days")


# ---- ID3v2, ID3v1 and APE around MPEG audio


def frame(name: bytes, text: bytes, flags: bytes = b"\0\0") -> bytes:
    body = b"\3" + text
    return name + bytes(len(body) >> shift & 0x7F for shift in (21, 14, 7, 0)) + flags + body


def id3(*frames: bytes, version: int = 4, flags: int = 0) -> bytes:
    body = b"".join(frames)
    size = bytes(len(body) >> shift & 0x7F for shift in (21, 14, 7, 0))
    return b"ID3" + bytes((version, 0, flags)) + size + body


def sleeve(*names: bytes) -> list[bytes]:
    kinds = (b"TIT2", b"TPE1", b"TALB")
    return [frame(kind, name) for kind, name in zip(kinds, names, strict=False)]


NOTES = [frame(b"COMM", SECRET), frame(b"PRIV", SECRET), frame(b"APIC", SECRET)]
ID3V1 = b"TAG" + SECRET.ljust(125, b"\0")
APE_HEAD = b"APETAGEX" + (2000).to_bytes(4, "little") + (len(SECRET) + 32).to_bytes(4, "little")
APE = (
    APE_HEAD
    + b"\1\0\0\0\0\0\0\xa0"
    + bytes(8)
    + SECRET
    + APE_HEAD
    + b"\1\0\0\0\0\0\0\x80"
    + bytes(8)
)
LYRICS = b"LYRICSBEGIN" + SECRET + b"%06dLYRICS200" % (11 + len(SECRET))
OLD_LYRICS = b"LYRICSBEGIN" + SECRET + b"LYRICSEND"
FOOTED = id3(*NOTES, flags=0x10) + b"3DI" + id3(*NOTES, flags=0x10)[3:10]
FRAMES = b"\xff\xfb\x90\x00" + HEARD


def mpeg(*front: bytes, behind: bytes = b"") -> bytes:
    return b"".join(front) + FRAMES + behind


# ---- Vorbis comments, in FLAC and in Ogg


def comments(*said: bytes, vendor: bytes = b"") -> bytes:
    texts = [len(text).to_bytes(4, "little") + text for text in said]
    head = len(vendor).to_bytes(4, "little") + vendor
    return head + len(said).to_bytes(4, "little") + b"".join(texts)


def tags(*names: bytes) -> list[bytes]:
    kinds = (b"TITLE=", b"artist=", b"Album=")
    return [kind + name for kind, name in zip(kinds, names, strict=False)]


TOLD = comments(b"LOCATION=" + SECRET, b"COMMENT=" + SECRET, vendor=SECRET)
SONG = comments(*tags(*SLEEVE), b"METADATA_BLOCK_PICTURE=" + SECRET * 5_000, vendor=SECRET)


def block(kind: int, body: bytes) -> bytes:
    return bytes((kind,)) + len(body).to_bytes(3, "big") + body


def flac(*blocks: bytes, behind: bytes = b"") -> bytes:
    found = [bytearray(one) for one in (block(0, b"rates".ljust(34)), *blocks)]
    found[-1][0] |= 0x80
    return b"fLaC" + b"".join(found) + b"\xff\xf8" + HEARD + behind


def summed(page: bytes) -> int:
    """RFC 3533, section 6, bit by bit."""
    left = 0
    for byte in page:
        left ^= byte << 24
        for _ in range(8):
            left = (left << 1 ^ (0x04C11DB7 if left >> 31 else 0)) & 0xFFFFFFFF
    return left


def paged(*packets: bytes, stream: bytes = b"here", first: int = 0, flags: int = 0) -> bytes:
    """Each packet begins a page; a long one goes on over more."""
    done, number = b"", first
    for packet in packets:
        table = [255] * (len(packet) // 255) + [len(packet) % 255]
        for at in range(0, len(table), 255):
            lacing, goes_on = bytes(table[at : at + 255]), 1 if at else 0
            head = b"OggS\0" + bytes((flags | goes_on,)) + bytes(8) + stream
            head += number.to_bytes(4, "little")
            rest = bytes((len(lacing),)) + lacing + packet[255 * at : 255 * at + sum(lacing)]
            done += head + summed(head + bytes(4) + rest).to_bytes(4, "little") + rest
            number += 1
    return done


def ogg(codec: str, said: bytes, after: bytes = b"") -> bytes:
    heads = {
        "opus": (b"OpusHead\1\2", [b"OpusTags" + said]),
        "vorbis": (b"\x01vorbis\0\0", [b"\x03vorbis" + said + b"\1", b"\x05vorbis books"]),
        "theora": (b"\x80theora\3\2", [b"\x81theora" + said, b"\x82theora tables"]),
        "speex": (b"Speex   1.2", [said]),
        "flac": (b"\x7fFLAC\1\0\0\2fLaC", [block(4, said), block(6 | 0x80, SECRET)]),
    }
    first, others = heads[codec]
    return paged(first, flags=2) + paged(*others, HEARD, first=1) + after


# ---- WAV, M4A, WebM


def riff(*chunks: tuple[bytes, bytes]) -> bytes:
    body = b"WAVE" + b"".join(
        name + len(data).to_bytes(4, "little") + data + bytes(len(data) & 1)
        for name, data in chunks
    )
    return b"RIFF" + len(body).to_bytes(4, "little") + body


FORM, SAMPLES = (b"fmt ", b"form".ljust(16)), (b"data", HEARD + b"!")


def m4a(*items: bytes, brand: bytes = b"M4A ") -> bytes:
    """As a telephone writes it: where it was, beside the tags of players, and in them."""
    handler = box(b"hdlr", bytes(8) + b"mdirappl" + bytes(9))
    note = box(b"\xa9cmt", box(b"data", bytes(8) + SECRET))
    listed = box(b"meta", bytes(4), handler, box(b"ilst", *items, note))
    told = box(b"udta", listed, box(b"\xa9xyz", SECRET), box(b"loci", SECRET))
    made = box(b"mvhd", bytes(4) + SECRET[:8] + b"rate and length")
    media = box(b"mdia", box(b"mdhd", b"\1\0\0\0" + SECRET + b"\0rate and length"))
    table = box(b"moov", made, box(b"trak", box(b"udta", SECRET), media), told)
    return box(b"ftyp", brand + bytes(4)) + table + box(b"mdat", HEARD)


def atoms(*names: bytes) -> list[bytes]:
    kinds = (b"\xa9nam", b"\xa9ART", b"\xa9alb")
    return [
        box(kind, box(b"data", b"\0\0\0\1\0\0\0\0" + name))
        for kind, name in zip(kinds, names, strict=False)
    ]


def element(name: bytes, *inside: bytes, live: bool = False) -> bytes:
    body = b"".join(inside)
    size = b"\x01" + b"\xff" * 7 if live else (1 << 28 | len(body)).to_bytes(4, "big")
    return name + size + body


def webm(*, live: bool = False, after: bytes = b"") -> bytes:
    info = element(
        b"\x15\x49\xa9\x66",
        element(b"\xbf", b"sum."),
        element(b"\x2a\xd7\xb1", b"scale"),
        element(b"\x7b\xa9", SECRET),
        element(b"\x57\x41", SECRET),
        b"\x44\x61\x88" + SECRET[:8],
    )
    told = element(b"\x12\x54\xc3\x67", element(b"\x73\x73", SECRET * 20))
    files = element(b"\x19\x41\xa4\x69", SECRET)
    cluster = element(
        b"\x1f\x43\xb6\x75", element(b"\xe7", b"\0"), element(b"\xa3", HEARD), live=live
    )
    segment = element(
        b"\x18\x53\x80\x67", told, info, files, element(b"\xec", SECRET), cluster, live=live
    )
    return element(b"\x1a\x45\xdf\xa3", b"webm") + segment + after


TAGGED = {
    "mp3": mpeg(id3(*NOTES), id3(*NOTES, version=3), behind=APE + ID3V1),
    "mp3, old": mpeg(behind=b"TAG+" + SECRET.ljust(223) + ID3V1),
    "mp3, compressed": mpeg(id3(*sleeve(*SLEEVE), *NOTES, flags=0x80), behind=LYRICS + ID3V1),
    "mp3, with a foot": mpeg(FOOTED, behind=FOOTED),
    "mp3, with space": mpeg(id3(*NOTES), bytes(300), behind=ID3V1),
    "mp3, lyrics": mpeg(id3(*NOTES), behind=OLD_LYRICS),
    "mp3, a title alone": mpeg(id3(frame(b"TIT2", SECRET))),
    "mp3, from no file of names": mpeg(id3(*NOTES, frame(b"TPE1", SECRET * 90))),
    "flac": flac(block(4, TOLD), block(6, SECRET), block(2, SECRET), block(1, SECRET)),
    "flac in mp3's": id3(*NOTES) + flac(block(4, TOLD), behind=ID3V1),
    "opus": ogg("opus", TOLD),
    "vorbis": ogg("vorbis", TOLD),
    "theora": ogg("theora", TOLD),
    "speex": ogg("speex", TOLD),
    "flac in ogg": ogg("flac", TOLD),
    "one after another": ogg("opus", TOLD, after=ogg("vorbis", TOLD)),
    "wav": riff(
        (b"bext", SECRET), FORM, (b"LIST", b"INFOIART" + SECRET), SAMPLES, (b"id3 ", SECRET)
    ),
    "wav, and behind it": riff(FORM, SAMPLES) + SECRET,
    "m4a": m4a(),
    "m4a, a title alone": m4a(*atoms(SECRET)),
    "m4a of a telephone": m4a(*atoms(SECRET, SECRET), brand=b"mp42"),
    "webm": webm(),
    "webm, live": webm(live=True),
}

SONGS = {
    "mp3": mpeg(id3(*NOTES, *sleeve(*SLEEVE)), behind=ID3V1),
    "mp3, version 3": mpeg(id3(*sleeve(*SLEEVE), *NOTES, bytes(90), version=3)),
    "flac": flac(block(6, SECRET), block(4, SONG)),
    "opus": ogg("opus", SONG),
    "vorbis": ogg("vorbis", SONG),
    "flac in ogg": ogg("flac", SONG),
    "m4a": m4a(*atoms(*SLEEVE)),
}
