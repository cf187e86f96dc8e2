"""Finding people by handle or URL, whichever network they live in."""

from bridge.activitypub import actors
from bridge.errors import Gone, Unreadable
from social.models import Actor


def find(written: str) -> Actor:
    """`@bob@example.org`, or the URL of a profile. May fetch. Raises Trouble."""
    word = written.strip().strip("<>,;")
    if word.startswith(("https://", "http://")):
        known = Actor.objects.filter(url=word).first()
        return known or actors.find(word)
    if "@" not in word.lstrip("@"):
        local = Actor.objects.local().filter(handle__iexact=word.lstrip("@")).first()
        if local is None:
            raise Unreadable(f"“{word}” is not a handle; one looks like @name@server")
        return local
    found = actors.lookup(word)
    if found.left:
        raise Gone(f"@{found.acct} is gone")
    return found


def fresh(actor: Actor) -> Actor:
    """As its origin shows it just now. Raises Trouble."""
    return actor if actor.is_local else actors.fetch(actor.uri)
