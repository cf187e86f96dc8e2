"""Names of people, posts and servers in both networks, and the one normaliser of hosts.

Pure. Whatever compares two hosts or two origins does so through this module, so that no two
places can disagree about what is the same.
"""

import hashlib
import ipaddress
import re
import unicodedata
from urllib.parse import quote, unquote

import idna


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_MAX_URI = 2048  # what the columns hold
_MAX_ID = 255  # bytes; Matrix appendices, "Common identifier format"
_PORTS = {"http": 80, "https": 443}

_URI = re.compile(r"(https?)://([^/?#]*)([^?#]*)", re.IGNORECASE)
_UNCLEAN = re.compile(r"[\x00-\x20\x7f\\]")
_NETLOC = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[^\[\]:@%]+)(?::([0-9]{0,5}))?")
_LABELS = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")

_GHOST_LIMIT = 200
_GHOST_PLAIN = frozenset(b"abcdefghijklmnopqrstuvwxyz0123456789.-")
_GHOST_TEXT = re.compile(rb"(?:__|=[0-9a-f]{2}|[a-z0-9.-])*")
_GHOST_ESCAPE = re.compile(rb"__|=([0-9a-f]{2})")

_HANDLE = re.compile(r"[a-z0-9_](?:[a-z0-9_.-]*[a-z0-9_])?")
_HANDLE_LIMIT = 64
_LIKE_A_DOMAIN = re.compile(r".+\.[a-z0-9-]+\.[a-z]{2,}")
RESERVED = _words(
    "about abuse acct actor admin administrator ap api app auth bot everyone hostmaster help here"
    " inbox instance internal login logout me media moderator nobody nodeinfo null oauth outbox"
    " owner ownroom postmaster register relay root room security server settings setup shared"
    " static support system undefined webfinger webmaster"
)

_EVENT = re.compile(r"\$([A-Za-z0-9_-]{16,254})")
_OURS = re.compile(r"/ap/[oa]/([A-Za-z0-9_-]{16,254})")
_USER = re.compile(r"@([^:]+):(.+)", re.DOTALL)
_ROOM = re.compile(r"!([^:]+)(?::(.+))?", re.DOTALL)
_SERVER = re.compile(r"([A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?")

_ACCT = re.compile(r"(?:acct:)?@?([^\s@/:?#<>\"&%]{1,255})@([^\s@/?#]{1,260})", re.IGNORECASE)
_MATRIX_TO = re.compile(r"https?://matrix\.to/#/([^/?]+)", re.IGNORECASE)
_MATRIX_URI = re.compile(
    r"matrix:(?:/{0,2})(u|user|r|room|roomid)/([^/?#]+)(?:/(?:e|event)/([^/?#]+))?", re.IGNORECASE
)
_SIGILS = {"u": "@", "user": "@", "r": "#", "room": "#", "roomid": "!"}


# Hosts and origins


def host_of(uri: str) -> str:
    """The host, with its port unless that is the default one: `example.org`, `localhost:8000`.

    Empty for anything but a plain http(s) URL.
    """
    return _split(uri)[1]


def origin_of(uri: str) -> str:
    """`https://example.org`, in the one form that may be compared. Empty like `host_of`."""
    scheme, netloc = _split(uri)
    return f"{scheme}://{netloc}" if netloc else ""


def same_origin(one: str, other: str) -> bool:
    origin = origin_of(one)
    return origin != "" and origin == origin_of(other)


def same_host(one: str, other: str) -> bool:
    host = host_of(one)
    return host != "" and host == host_of(other)


def _split(uri: str) -> tuple[str, str]:
    if len(uri) > _MAX_URI or _UNCLEAN.search(uri):
        return "", ""
    found = _URI.match(uri)
    if not found:
        return "", ""
    scheme = found[1].lower()
    return scheme, _netloc(found[2], scheme)


def _netloc(text: str, scheme: str) -> str:
    found = _NETLOC.fullmatch(text)
    if not found:
        return ""
    host = _host(found[1])
    port = int(found[2] or _PORTS[scheme])
    if not host or not 0 < port < 65536:
        return ""
    return host if port == _PORTS[scheme] else f"{host}:{port}"


def _host(text: str) -> str:
    if text.startswith("["):
        return _ipv6(text[1:-1])
    host = text.lower() if text.isascii() else _punycode(text)
    host = host.removesuffix(".")
    if len(host) > 253 or not _LABELS.fullmatch(host):
        return ""
    # WHATWG URL, "ends in a number": browsers read 127.1 and 0x7f.1 as addresses. We refuse the
    # odd spellings instead, so that an address has one name.
    if _NUMBER.fullmatch(host.rpartition(".")[2]):
        return _ipv4(host)
    return host


def _punycode(host: str) -> str:
    try:
        return idna.encode(host, uts46=True).decode("ascii").lower()
    except UnicodeError:  # idna.IDNAError is one
        return ""


def _ipv4(host: str) -> str:
    try:
        return str(ipaddress.IPv4Address(host))
    except ValueError:
        return ""


def _ipv6(host: str) -> str:
    try:
        return f"[{ipaddress.IPv6Address(host).compressed}]"
    except ValueError:
        return ""


# Ghosts: the Matrix users who stand for remote actors


def ghost_localpart(user: str, host: str, uri: str = "") -> str:
    """Injective over lower-case users and the hosts that `host_of` gives.

    A name that would be too long is a digest of the actor's URI. It has no `=`, which every other
    ghost has, so the two kinds cannot meet.
    """
    if "@" in host:
        raise ValueError("a host has no @")
    name = f"_ap_{_escape(user)}=40{_escape(host)}"
    if len(name) <= _GHOST_LIMIT:
        return name
    digest = hashlib.sha256((uri or f"{user}@{host}").encode("utf-8", "surrogatepass"))
    return f"_ap_h_{digest.hexdigest()[:32]}"


def mark(what: str, uri: str) -> str:
    """Under which a cache remembers something about somebody. By their URI: the number of a row is
    somebody else's once the database was lost, and the cache was not.
    """
    return f"{what}:{hashlib.sha256(uri.encode('utf-8', 'surrogatepass')).hexdigest()}"


def read_ghost(localpart: str) -> tuple[str, str] | None:
    """(user, host) of a ghost; None for other users and for names that are digests."""
    user, separator, host = localpart.removeprefix("_ap_").rpartition("=40")
    if not separator:
        return None
    name, server = _unescape(user), _unescape(host)
    if not name or not server or "@" in server:
        return None
    # Only the spelling that we would have made counts; it also answers for the prefix.
    return (name, server) if ghost_localpart(name, server) == localpart else None


def _escape(text: str) -> str:
    data = text.lower().encode("utf-8", "surrogatepass")
    return "".join(_escaped_byte(byte) for byte in data)


def _escaped_byte(byte: int) -> str:
    if byte in _GHOST_PLAIN:
        return chr(byte)
    return "__" if byte == ord("_") else f"={byte:02x}"


def _unescape(text: str) -> str | None:
    data = text.encode("utf-8", "surrogatepass")
    if not _GHOST_TEXT.fullmatch(data):
        return None
    raw = _GHOST_ESCAPE.sub(lambda m: bytes.fromhex(m[1].decode()) if m[1] else b"_", data)
    try:
        return raw.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return None


# Handles


def is_handle(text: str) -> bool:
    """Accepted by all fediverse software (GoToSocial answers 500 to `:`, `=` and `/`), and free."""
    return len(text) <= _HANDLE_LIMIT and bool(_HANDLE.fullmatch(text)) and text not in RESERVED


def handle_from(mxid: str) -> str:
    """A handle made from a Matrix ID. Two users may get the same one: the registry decides."""
    localpart = mxid.removeprefix("@").partition(":")[0].lower()
    handle = re.sub(r"[^a-z0-9_.-]+", "_", localpart)[:_HANDLE_LIMIT].strip(".-")
    # `alice.matrix.org` is how @alice:matrix.org is called here: nobody else may look like it.
    if _LIKE_A_DOMAIN.fullmatch(handle):
        handle = handle.replace(".", "_")
    if not handle.strip("_"):
        handle = "user"
    return f"{handle}_" if handle in RESERVED else handle


# Matrix identifiers


def is_event_id(text: str) -> bool:
    """Ids of room versions 1 to 3 are refused: ours stand in URIs as they are."""
    return bool(_EVENT.fullmatch(text))


def is_room_id(text: str) -> bool:
    found = _ROOM.fullmatch(text)
    if not found or not _is_clean_id(text):
        return False
    return found[2] is None or bool(_SERVER.fullmatch(found[2]))


def is_user_id(text: str) -> bool:
    """The historical grammar too (Matrix appendices, "User Identifiers"), except what misleads."""
    found = _USER.fullmatch(text)
    if not found or ("@" in found[1] and found[2].isdigit()):  # @bob@far.example:8000 is a handle
        return False
    return bool(_is_clean_id(text) and _SERVER.fullmatch(found[2]))


def server_of(mxid: str) -> str:
    return mxid.partition(":")[2]


def _is_clean_id(text: str) -> bool:
    if any(unicodedata.category(letter)[0] in "CZ" for letter in text):
        return False
    return len(text.encode()) <= _MAX_ID


# Our URIs: permanent


def actor_uri(origin: str, key: str) -> str:
    return f"{origin}/ap/u/{key}"


def media_uri(origin: str, event_id: str, server: str, key: str) -> str:
    """Where a file of a post of ours is served: the post's name, and where it lies in Matrix."""
    return f"{origin}/media/{event_id.removeprefix('$')}/{server}/{key}"


def post_uri(origin: str, event_id: str) -> str:
    return f"{origin}/ap/o/{event_id[1:]}"


def deletion_uri(post: str) -> str:
    """What only takes a post of ours back."""
    return f"{post}/delete"


def act_uri(origin: str, event_id: str) -> str:
    return f"{origin}/ap/a/{event_id[1:]}"


def event_of(uri: str, origin: str) -> str:
    """The event behind a `post_uri` or an `act_uri`; empty when it is none of ours."""
    if not same_origin(uri, origin):
        return ""
    found = _URI.fullmatch(uri)  # neither query nor fragment
    event = _OURS.fullmatch(found[3]) if found else None
    return f"${event[1]}" if event else ""


# Accounts


def parse_acct(text: str) -> tuple[str, str] | None:
    """(user, host) of `@bob@host`, `bob@host` or `acct:bob@host`; the user's case is kept."""
    found = _ACCT.fullmatch(text)
    if not found or _UNCLEAN.search(text):
        return None
    host = _netloc(found[2], "https")
    return (found[1], host) if host else None


def acct(user: str, host: str) -> str:
    """RFC 7565."""
    return f"acct:{user}@{host}"


# Links to people and rooms


def matrix_link(target: str, event: str = "", via: str = "") -> str:
    """A link that browsers and clients open (Matrix appendices, "matrix.to navigation").

    Who is on another homeserver finds a room by its id only `via` one that is in it.
    """
    parts = [target, event] if event else [target]
    link = "https://matrix.to/#/" + "/".join(quote(part, safe="@:!$") for part in parts)
    return f"{link}?via={quote(via, safe=':')}" if via and target.startswith("!") else link


def read_matrix_link(url: str) -> str:
    """The Matrix ID behind a `matrix.to` link or a `matrix:` URI; empty when it names no user."""
    found = _MATRIX_TO.match(web_link(url))
    mxid = unquote(found[1]) if found else ""
    return mxid if is_user_id(mxid) else ""


def web_link(url: str) -> str:
    """A `matrix:` URI (MSC2312) as its https twin, since the fediverse drops the former."""
    found = _MATRIX_URI.match(url)
    if not found:
        return url
    target = _SIGILS[found[1].lower()] + unquote(found[2])
    return matrix_link(target, f"${unquote(found[3])}" if found[3] else "")
