"""Finding people by handle or URL, and servers by name, as somebody wrote them."""

from django.conf import settings
from django.db.models import Q

from bridge import names
from bridge.activitypub import actors, moderators
from bridge.errors import Forbidden, Gone, Unreadable
from social.hosts import covers
from social.models import Actor


class Unnamed(Unreadable):
    """A name without a server, of nobody here."""


def find(written: str) -> Actor:
    """`@bob@example.org`, the URL of a profile, or a Matrix ID. May fetch. Raises Trouble."""
    word = written.strip().strip("<>,;")
    if mxid := word if names.is_user_id(word) else names.read_matrix_link(word):
        return _in_matrix(mxid)
    if word.startswith(("https://", "http://")):
        known = Actor.objects.filter(url=word).first()
        return known or actors.find_at(word)
    if "@" not in word.lstrip("@"):
        local = Actor.objects.local().filter(handle__iexact=word.lstrip("@")).first()
        if local is None:
            raise Unnamed(f"“{word}” is not a handle; one looks like @name@server")
        return local
    found = actors.lookup(word)
    if found.left:
        raise Gone(f"@{found.acct} is gone")
    return found


def _in_matrix(mxid: str) -> Actor:
    """Who lives here, or whoever speaks in rooms here through a ghost."""
    found = Actor.objects.filter(Q(owner=mxid) | Q(ghost__mxid=mxid), left=None).first()
    if found is None:
        raise Unreadable(
            f"{mxid} has no profile in the fediverse that I know of. An address there looks like"
            " @name@server"
        )
    return found


def host(written: str) -> str:
    """Another server: `far.example`, `https://far.example/about`, `@bob@far.example`.

    Raises Unreadable or Forbidden.
    """
    word = written.strip().rsplit("@", 1)[-1].removeprefix("*.")
    found = names.host_of(word if "://" in word else f"https://{word}")
    if not found:
        raise Unreadable(f"“{written}” is not the name of a server; one looks like far.example")
    if any(covers(found, own) for own in own_hosts()):
        raise Forbidden(f"{found} is this server itself, or the domain above it")
    return found


def own_hosts() -> set[str]:
    return {settings.OWNROOM_DOMAIN, settings.OWNROOM_HANDLE_DOMAIN} - {""}


def fresh(actor: Actor) -> Actor:
    """As its origin shows it just now. Raises Trouble."""
    return actor if actor.is_local else actors.fetch(actor.uri)


def moderates(person: Actor, group: Actor) -> bool:
    """As the group itself says. Raises Trouble."""
    if group.is_local:
        return person.uri in group.moderators
    return person.uri in moderators.of(group)


def lists(group: Actor) -> tuple[str, str]:
    """URIs of what stands on top of a group, and of who moderates it. Raises Trouble."""
    if group.is_local:
        return f"{group.uri}/featured", f"{group.uri}/moderators"
    return moderators.lists(group)
