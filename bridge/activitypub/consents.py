"""Quotes that were links when they came, asked after once more: of the post's own server, of the
quoted post's, and of whoever let it be quoted.
"""

import functools
import time

from bridge.activitypub import actors, fetched, jsonld, quotes
from bridge.errors import Gone, Later, Trouble
from bridge.network import Said
from social.acts import AllowQuote, Publish
from social.models import Post

READING = 20.0  # seconds for all three


def found(post: Post, *, at: int) -> tuple[list[Said], AllowQuote] | None:
    """What it quotes, if that had to be fetched, and the consent to it. Raises Later."""
    deadline = time.monotonic() + READING
    try:
        document, wire = actors.document_at(post.uri)
        said = fetched.read(document, wire, post.uri, at).act
    except Later:
        raise
    except Trouble:  # who does not show the post does not show the quote
        return None
    if not isinstance(said, Publish) or said.content.quote != post.quote:
        return None  # it was edited since: that brings its own
    fetch = functools.partial(fetched.claimed, at=at)
    context, author = quotes.quoted(post.quote, fetch, deadline)
    own = author == said.author
    if not author or not (own or (said.content.stamp and quotes.proves(said, author, deadline))):
        return None
    consent = AllowQuote(
        author=author,
        asker=said.author,
        post=post.quote,
        quoting=post.uri,
        uri="",
        stamp="" if own else said.content.stamp,
        at=at,
    )
    return context, consent


def is_gone(post: Post) -> bool:
    """Whether what it quotes, or the consent to it, is no more. In doubt it is still there."""
    return any(_is_gone(uri) for uri in (post.stamp, post.quote))


def _is_gone(uri: str) -> bool:
    """Raises Later."""
    try:
        return "Tombstone" in jsonld.types(actors.get(uri))
    except Gone:
        return True
    except Later:
        raise
    except Trouble:
        return False
