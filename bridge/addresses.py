"""Where we may be sent: the one judge of URLs and of the addresses behind their names.

`checked` looks at the spelling before anything is resolved; `open_socket` at the address itself,
at the last moment before connecting, so that no answer of the DNS can change in between.
"""

import ipaddress
import re
import socket
import urllib.parse
from functools import lru_cache
from typing import Any

from django.conf import settings
from yarl import URL

from bridge.errors import Forbidden

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_MAX_URL = 2_048
_HTTPS = 443
_SHAPE = re.compile(
    r"(?P<scheme>https?)://"
    r"(?P<host>\[[0-9a-f:.]{2,45}\]|[^\s/?#@:\\\[\]%\"<>^`{|}]{1,253})"
    r"(?::(?P<port>[0-9]{1,5}))?"
    r"(?P<rest>(?:[/?][^\s\\#]*)?)"
    r"(?:\#.*)?",
    re.IGNORECASE | re.DOTALL,
)
_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)", re.ASCII)
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*", re.ASCII)
_SAFE = "%/?:@!$&'()*+,;=-._~[]"  # left as it is: other servers spell their own ids so

# What Python 3.11 calls global, or what carries another address inside itself.
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_NEVER = tuple(
    ipaddress.ip_network(text)
    for text in (
        "0.0.0.0/8",
        "100.64.0.0/10",  # shared between a carrier and its customers
        "192.0.0.0/24",
        "192.88.99.0/24",  # 6to4 relays
        "198.18.0.0/15",  # benchmarks
        "224.0.0.0/3",  # multicast, reserved, broadcast
        "::/96",  # v4-compatible, unspecified, loopback
        "64:ff9b:1::/48",  # NAT64 inside one network
        "100::/64",
        "2001::/32",  # Teredo
        "2002::/16",  # 6to4
        "5f00::/16",
        "fc00::/7",
        "fe80::/10",
        "fec0::/10",
        "ff00::/8",
    )
)


class Refused(Forbidden):
    """A URL or an address that we do not go to."""


class RefusedAddress(OSError):
    """What `open_socket` raises: asyncio understands nothing else there."""


@lru_cache(maxsize=4_096)
def _spelled(url: str, scheme: str) -> str:
    found = _SHAPE.fullmatch(url) if len(url) <= _MAX_URL else None
    if not found or not url.isprintable():
        raise Refused("the URL is malformed or too long")
    asked = found["scheme"].lower()
    if asked not in {"https", scheme}:
        raise Refused("the URL is not https")
    host, port = _host(found["host"].lower()), int(found["port"] or 0)
    if found["port"] and not 0 < port < 1 << 16:
        raise Refused("the port is none")
    where = host if port in {0, 443 if asked == "https" else 80} else f"{host}:{port}"
    rest = urllib.parse.quote(found["rest"], safe=_SAFE)
    spelled = f"{asked}://{where}{rest if rest.startswith('/') else f'/{rest}'}"
    if len(spelled) > _MAX_URL:
        raise Refused("the URL is malformed or too long")
    return spelled


def checked(url: str) -> str:
    """The URL as we ask for it: host in lower case and ASCII, no default port, no fragment.

    Raises Refused. To be signed is what this returns.
    """
    spelled = _spelled(url, settings.OWNROOM_SCHEME)
    literal = _literal(spelled.split("/")[2])
    if literal is not None and not _exempt(literal):
        raise Refused("the host is an address, not a name")
    return spelled


def _host(host: str) -> str:
    if host.startswith("["):
        try:
            return f"[{ipaddress.IPv6Address(host[1:-1])}]"
        except ValueError:
            raise Refused("the host is malformed") from None
    ascii_host = host
    if not host.isascii():
        try:
            ascii_host = (URL.build(scheme="https", host=host).raw_host or "").lower()
        except (ValueError, UnicodeError):
            raise Refused("the host is malformed") from None
    labels = ascii_host.split(".")
    if not all(_LABEL.fullmatch(label) for label in labels):
        raise Refused("the host is malformed")
    if _NUMBER.fullmatch(labels[-1]):
        # The system's resolver reads 2130706433, 0x7f.1 and 127.1 as addresses: we read one form.
        try:
            return str(ipaddress.IPv4Address(host))
        except ValueError:
            raise Refused("the host is an address in disguise") from None
    return ascii_host


def _literal(authority: str) -> Address | None:
    if authority.startswith("["):
        return ipaddress.IPv6Address(authority[1 : authority.index("]")])
    try:
        return ipaddress.IPv4Address(authority.partition(":")[0])
    except ValueError:
        return None


def _unwrapped(address: Address) -> Address:
    """The IPv4 address that will be reached in the end."""
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped:
            return address.ipv4_mapped
        if address in _NAT64:
            return ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
    return address


def _exempt(address: Address) -> bool:
    """Whether the admin opened this network to us, for a trial or a private federation."""
    address = _unwrapped(address)
    return any(address in network for network in settings.OWNROOM_ALLOW_PRIVATE)


def allowed(address: Address, port: int) -> bool:
    if _exempt(address):
        return True
    address = _unwrapped(address)
    if settings.OWNROOM_SCHEME == "https" and port != _HTTPS:
        return False
    return (
        address.is_global
        and not (address.is_multicast or address.is_reserved)
        and not any(address in network for network in _NEVER)
    )


def open_socket(info: tuple[Any, ...]) -> socket.socket:
    """A socket for one of `getaddrinfo`'s answers. Raises RefusedAddress."""
    family, kind, protocol, _, (host, port, *_) = info
    if not allowed(ipaddress.ip_address(host.partition("%")[0]), port):
        # Without the address: several refusals must read the same to be told from other failures.
        raise RefusedAddress("an address that we do not connect to")
    return socket.socket(family, kind, protocol)
