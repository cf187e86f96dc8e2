"""Where things stand on the web. Pure but for the settings: values in, addresses out."""

import re
from urllib.parse import quote, urlsplit

from django.conf import settings
from django.utils.crypto import salted_hmac

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


def media_origin() -> str:
    """Where files are served: on a host of their own, if there is one."""
    host = settings.OWNROOM_MEDIA_HOST
    return f"{settings.OWNROOM_SCHEME}://{host}" if host else str(settings.OWNROOM_ORIGIN)


def ours(address: str) -> bool:
    """Whether it is the address of a file that we serve, also one from before the host changed."""
    origins = {media_origin(), settings.OWNROOM_ORIGIN}
    return any(address.startswith(f"{origin}/media/") for origin in origins)


def mark(address: str) -> str:
    """Stands for a stranger's address in ours: another file has another address. Nobody else can
    make it, and so find out whose files are here, which is who is read or written to.
    """
    return salted_hmac("mark", address, algorithm="sha256").hexdigest()[:24]


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


def face(actor: Actor, address: str) -> str:
    """An actor's own picture as our pages load it: never from where others live, or their servers
    would learn who reads here.
    """
    if not web(address):
        return ""
    if ours(address):
        return address
    return f"{media_origin()}/media/face/{actor.pk}/{mark(address)}"


def attached(post: Post, address: str) -> str:
    """A file of a post, as our pages load it."""
    if not web(address):
        return ""
    return address if ours(address) else f"{media_origin()}/media/of/{post.pk}/{mark(address)}"


def _name(uri: str) -> str:
    return uri.rsplit("/", 1)[-1]
