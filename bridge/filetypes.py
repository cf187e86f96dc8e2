"""What a file is by its own first bytes, whatever its sender calls it. Pure.

An allow-list: pictures, sounds and films that browsers and Matrix clients show, and a few kinds of
file that are saved. What is none of these has no type here, and goes nowhere.
"""

HEAD = 4_096  # bytes that tell
PICTURES = frozenset({"image/jpeg", "image/png", "image/gif", "image/webp", "image/avif"})
NOTED = PICTURES - {"image/gif"}  # what cameras write

_FIRST = (
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"fLaC", "audio/flac"),
    (b"ID3", "audio/mpeg"),
    (b"%PDF-", "application/pdf"),
    (b"PK\x03\x04", "application/zip"),
    (b"\x1f\x8b\x08", "application/gzip"),
)
_RIFF = {b"WEBP": "image/webp", b"WAVE": "audio/wav"}
_BRANDS = {b"avif": "image/avif", b"avis": "image/avif", b"M4A ": "audio/mp4"}
# Pictures that hardly anybody shows (ISO/IEC 23008-12, "Brands"): HEVC, AVC, JPEG or VVC in boxes.
_OTHER_BRANDS = frozenset(
    {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"mif2"}
    | {b"miaf", b"msf1", b"avci", b"avcs", b"jpeg", b"jpgs", b"vvic", b"vvis", b"unif"}
)
_TAGGED = frozenset({"audio/mpeg", "audio/aac", "audio/flac", "audio/wav", "audio/ogg"})
# TIFF and what cameras make of it, JPEG XL and JPEG 2000 in boxes; sounds that are neither MPEG,
# FLAC, WAV, Ogg nor in boxes: Windows Media, Core Audio, large WAVs, WavPack, Monkey's, DSD.
_UNCLEAN = (
    *(b"II*\0", b"MM\0*", b"II+\0", b"MM\0+", b"IIRO", b"IIRS", b"IIU\0", b"FUJIFILMCCD-RAW"),
    *(b"\0\0\0\x0cJXL ", b"\0\0\0\x0cjP  "),
    *(b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", b"caff", b"RF64", b"BW64", b"wvpk", b"MAC ", b"DSD "),
)
_OLD_FILMS = (b"moov", b"mdat", b"wide", b"free", b"skip")
# Containers for sounds and films alike, and zipped documents: the sender says which it is.
_EITHER = {
    "video/mp4": frozenset({"audio/mp4", "audio/x-m4a", "video/quicktime", "video/x-m4v"}),
    "video/webm": frozenset({"audio/webm", "video/x-matroska"}),
    "audio/ogg": frozenset({"video/ogg", "audio/opus", "application/ogg"}),
    "application/zip": frozenset(
        {
            "application/epub+zip",
            "application/vnd.oasis.opendocument.text",
            "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        }
    ),
}


def of(head: bytes, said: str = "") -> str:
    """The media type of a file that begins with `head`; empty for what is not on the list."""
    found = _by_first(head) or _by_container(head) or _by_frame(head)
    return said if said in _EITHER.get(found, ()) else found


def noted(head: bytes) -> str:
    """The media type of a picture that may say where it was taken; also of those that hardly
    anybody shows, and whatever it is called.
    """
    found = of(head)
    boxed = head[4:8] == b"ftyp" and head[8:12] in _OTHER_BRANDS
    return "image/heic" if boxed else found if found in NOTED else ""


def unclean(head: bytes) -> bool:
    """Whether it is a picture or a sound that may say where it was taken, and nobody here can
    tell.
    """
    return head.startswith(_UNCLEAN) or (head[:4] == b"FORM" and head[8:11] == b"AIF")


def tagged(head: bytes) -> str:
    """The media type of a sound with tags in front of it, between or behind; whatever it is
    called.
    """
    found = of(head)
    return found if found in _TAGGED else ""


def filmed(head: bytes) -> bool:
    """Whether it is a film or sound in boxes, which may say where it was taken; old ones begin
    anyhow.
    """
    if head[4:8] == b"ftyp":
        return of(head) in {"video/mp4", "audio/mp4"}
    return head[4:8] in _OLD_FILMS


def kind(media_type: str) -> str:
    """image, video, audio, or file."""
    first = media_type.partition("/")[0]
    return first if first in {"image", "video", "audio"} else "file"


def _by_first(head: bytes) -> str:
    return next((name for first, name in _FIRST if head.startswith(first)), "")


def _by_container(head: bytes) -> str:
    if head[:4] == b"RIFF":
        return _RIFF.get(head[8:12], "")
    if head[4:8] == b"ftyp":
        brand = head[8:12]
        return "" if brand in _OTHER_BRANDS else _BRANDS.get(brand, "video/mp4")
    if head[:4] == b"\x1aE\xdf\xa3":  # Matroska
        return "video/webm"
    return "audio/ogg" if head[:4] == b"OggS" else ""


def _by_frame(head: bytes) -> str:
    """MPEG audio without a tag in front of it."""
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
        return ""
    layer, rate = head[1] >> 1 & 3, head[2] >> 4
    if layer == 0:
        return "audio/aac" if head[1] & 0xF6 == 0xF0 else ""
    return "audio/mpeg" if rate not in {0, 15} else ""
