"""Where things stand on the web. Pure but for the settings: values in, addresses out."""

import re
from urllib.parse import quote, urlsplit

from django.conf import settings

from social.models import Actor, Post

_PLAIN = re.compile(r"[!-~]{1,2048}")  # an address without blanks, controls and bidi marks
_POSTS = "/ap/o/"  # permanent: bridge/names.py, post_uri


def web(address: str) -> str:
    """`address` if a browser may be sent there, otherwise nothing."""
    if not _PLAIN.fullmatch(address):
        return ""
    try:
        parts = urlsplit(address)
    except ValueError:
        return ""
    return address if parts.scheme in {"http", "https"} and parts.hostname else ""


def here(path: str) -> str:
    """A path of ours as a whole address; the Host header has no say in it."""
    return f"{settings.OWNROOM_ORIGIN}{path}"


def profile(actor: Actor) -> str:
    """Our page of an actor of ours, or the page at its origin."""
    if actor.is_local:
        return f"/@{quote(actor.handle)}"
    return web(actor.url) or web(actor.uri)


def post(shown: Post) -> str:
    if shown.author.is_local:
        return f"{profile(shown.author)}/{quote(_name(shown.uri), safe=':')}"
    return web(shown.url) or web(shown.uri)


def post_uri(author: Actor, name: str) -> str:
    """The only URI a post of `author` can have if its page ends in `name`: ids share an origin."""
    parts = urlsplit(author.uri)
    return f"{parts.scheme}://{parts.netloc}{_POSTS}{name}"


def picture(address: str) -> str:
    """An image the Content-Security-Policy lets through, otherwise nothing."""
    ours = address.startswith(f"{settings.OWNROOM_ORIGIN}/")
    return web(address) if ours or address.startswith("https://") else ""


def _name(uri: str) -> str:
    return uri.rsplit("/", 1)[-1]
