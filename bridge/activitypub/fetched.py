"""Posts asked for at their own address, since others stand on them or speak of them.

Nobody's word stands in for the origin's: what it does not show to everybody is not had.
"""

import functools
import time
from dataclasses import replace

from django.core.cache import cache

from bridge import names
from bridge.activitypub import actors, jsonld, parse, quotes
from bridge.errors import Forbidden, Gone, Later, Trouble, Unreadable
from bridge.network import Said
from social import actions
from social.acts import OPEN, Ignored, Publish
from social.models import Post

HEIGHT = 20  # how far up a conversation is fetched
# Seconds until a post that could not be had is asked for again: its server is in trouble, says no
# for whatever reason, or has no such post.
SOON, LATE, LATEST = 60, 3600, 86_400


def post(uri: str, at: int) -> Said:
    """As others stand on it: what it claims to have the right to quote nobody has looked at."""
    return quotes.unproven(claimed(uri, at))


def whole(uri: str, at: int, deadline: float) -> list[Said]:
    """As it will be shown: with what it quotes, where it may."""
    said = claimed(uri, at)
    if not isinstance(said.act, Publish):
        return []
    fetch = functools.partial(claimed, at=at)
    quoted, act = quotes.checked(said.act, fetch=fetch, deadline=deadline)
    return [*quoted, replace(said, act=act)]


def around(act: Publish, at: int, deadline: float) -> tuple[list[Said], Publish]:
    """What a post stands on, before it: what it answers, and what it quotes with a right to."""
    above = ancestors(act, at, deadline)
    quoted, act = quotes.checked(act, fetch=functools.partial(claimed, at=at), deadline=deadline)
    return [*above, *quoted], act


def claimed(uri: str, at: int) -> Said:
    """As its author has it. What it says it may quote nobody has looked at."""
    document, wire = actors.document_at(uri, joins=True)
    return read(document, wire, uri, at)


def read(document: dict[str, object], wire: str, uri: str, at: int) -> Said:
    """What stands at `uri`, as an open post by somebody of that server, with what it claims. Raises
    Trouble.
    """
    by = jsonld.id_of(jsonld.first(document.get("attributedTo")))
    if not names.same_origin(by, uri):
        raise Forbidden("the post's author is on another server")
    author = actors.find(by)
    act = parse.post(document, at=at, followers=author.followers)
    if isinstance(act, Ignored):
        raise Unreadable(act.reason)
    if act.post != uri or act.visibility not in OPEN:
        raise Forbidden("the post is not public")
    return Said(act, wire)


def ancestors(act: Publish, at: int, deadline: float) -> list[Said]:
    """The posts above, oldest first, as far as they can be had."""
    found: list[Said] = []
    seen, uri = {act.post}, act.reply
    while uri and uri not in seen and len(found) < HEIGHT and time.monotonic() < deadline:
        seen.add(uri)
        if actions.post(uri) or missed(uri):
            break
        try:
            said = post(uri, at)
        except Trouble as error:
            miss(uri, error)
            break
        found.append(said)
        uri = said.act.reply if isinstance(said.act, Publish) else ""
    return found[::-1]


def missed(uri: str) -> bool:
    """Whether it could not be had a moment ago."""
    return bool(cache.get(names.mark("post-miss", uri)))


def miss(uri: str, error: Trouble) -> None:
    """A thousand answers to it must not ask a thousand times."""
    match error:
        case Later():
            wait = SOON
        case Gone():
            wait = LATEST
        case _:
            wait = LATE
    cache.set(names.mark("post-miss", uri), 1, wait)


def confirm_gone(uri: str) -> None:
    """Somebody else says that a post was deleted. Raises Forbidden where it was not."""
    try:
        actors.document_at(uri)
    except actors.Absent as error:  # which says something only of what everybody could see
        seen = Post.objects.filter(uri=uri, visibility__in=OPEN).exists()
        if not (seen or quotes.is_stamp(uri)):
            raise Forbidden("somebody else says it was deleted: nobody sees it") from error
        return
    except Gone:
        return
    raise Forbidden("somebody else says it was deleted, but it is still there")
