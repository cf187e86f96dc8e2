"""Consent to quotes, asked for at its origin: when a post that quotes arrives, and again later.

A stamp that a post claims counts only once the quoted author's own server shows it, for just these
two posts (FEP-044f). Where that cannot be asked just now, or nobody looks, an errand does later:
see consents.py. What it once showed is looked at again, since it may be taken back unheard.
"""

import logging
import time
from collections.abc import Callable
from dataclasses import replace

from django.utils import timezone

from bridge import errands, names
from bridge import inbox as store
from bridge.activitypub import actors, parse_quotes
from bridge.errors import Forbidden, Gone, Later, Trouble
from bridge.models import Errand
from bridge.network import Said
from social import actions, quoting
from social.acts import AllowQuote, Publish, RefuseQuote, Retract, Revise
from social.models import Post, Stamp

log = logging.getLogger("ownroom.quotes")
DAY = 24 * 3_600_000  # milliseconds
MOST = 50  # stamps looked at in one go
LOOKING = 60.0  # seconds for all of them
SOON = 60.0  # seconds until what could not be looked at is looked at

Fetch = Callable[[str], Said]


# ---- as a post arrives


def checked(act: Publish, *, fetch: Fetch, deadline: float) -> tuple[list[Said], Publish]:
    """The post it quotes, if that had to be fetched, and the post without a stamp that is none.

    What is quoted without consent is a link, so it is not asked for; who quotes themselves needs
    none, and lives where they quote.
    """
    if not _claims(act):
        return [], act
    context: list[Said] = []
    try:
        context, author = quoted(act.content.quote, fetch, deadline)
        proven = bool(author) and proves(act, author, deadline)
    except Later:
        return context, put_off(act)
    return context, act if proven else unclaimed(act)


def _claims(act: Publish) -> bool:
    content = act.content
    return bool(content.quote and (content.stamp or names.same_origin(content.quote, act.author)))


def quoted(uri: str, fetch: Fetch, deadline: float) -> tuple[list[Said], str]:
    """What had to be fetched, and the author; empty where it cannot be had. Raises Later."""
    known = actions.post(uri)
    if known:
        return [], known.author.uri
    if time.monotonic() > deadline:
        raise Later("there was no time to ask for it")
    try:
        said = fetch(uri)
    except Later:
        raise
    except Trouble:  # it is a link then
        return [], ""
    if not isinstance(said.act, Publish):
        return [], ""
    # What it quotes itself is shown by nobody here.
    return [replace(said, act=unclaimed(said.act))], said.act.author


def unproven(said: Said) -> Said:
    """Nobody looks now at what a post claims to prove: later, then."""
    match said.act:
        case Publish() as act:
            return replace(said, act=_later(act))
        case Revise(now=now) as act:
            return replace(said, act=replace(act, now=_later(now)))
        case _:
            return said


def _later(act: Publish) -> Publish:
    if not _claims(act):
        return unclaimed(act)
    known = actions.post(act.content.quote)
    if known and (not act.content.stamp or _proven_before(act)):
        return act
    return put_off(act)


def put_off(act: Publish) -> Publish:
    errands.put(Errand.Kind.QUOTE, act.post, after=SOON)
    return unclaimed(act)


def unclaimed(act: Publish) -> Publish:
    return replace(act, content=replace(act.content, stamp=""))


def proves(act: Publish, author: str, deadline: float) -> bool:
    """Whether it may quote what `author` wrote. Raises Later."""
    stamp = act.content.stamp
    if not stamp or _proven_before(act):
        return True
    if not names.same_origin(stamp, author) or quoting.taken_away(stamp):
        return False
    if time.monotonic() > deadline:
        raise Later("there was no time to ask for the stamp")
    try:
        return _shows(stamp, act.post, act.content.quote, author)
    except Later:
        raise
    except Trouble:
        return False


def _proven_before(act: Publish) -> bool:
    """By somebody here, or as it was before an edit."""
    stamp, quote = act.content.stamp, act.content.quote
    if quoting.taken_away(stamp):
        return False
    rows = Post.objects.filter(uri=act.post, quote=quote, stamp=stamp)
    return quoting.stands(stamp, quoting=act.post, quoted=quote) or rows.exists()


def _shows(stamp: str, post: str, quote: str, author: str) -> bool:
    """Raises Trouble."""
    found = actors.get(stamp)
    return parse_quotes.holds(found, quoting=post, post=quote, author=author)


# ---- as an answer arrives


def answered(
    act: AllowQuote | RefuseQuote | Retract,
) -> AllowQuote | RefuseQuote | Retract:
    """What was asked here is answered in full; whom somebody elsewhere lets quote them, that post
    and its stamp must say. Raises Forbidden.
    """
    if isinstance(act, Retract):
        return taken_back(act)
    found = completed(act)
    if isinstance(found, AllowQuote):
        post = actions.post(found.quoting)
        if post and not post.author.is_local:
            raise Forbidden("no quote here waits for this answer")
    return found


def completed(act: AllowQuote | RefuseQuote) -> AllowQuote | RefuseQuote:
    """An answer may name no more than what was asked; our own posts say the rest."""
    if act.stamp and isinstance(act, RefuseQuote):
        rows = Post.objects.filter(stamp=act.stamp)
    else:
        rows = Post.objects.filter(uri=act.quoting)
    post = rows.exclude(quote="").select_related("author").first()
    if post is None:
        return act
    return replace(act, asker=post.author.uri, post=act.post or post.quote, quoting=post.uri)


def taken_back(act: Retract) -> Retract | RefuseQuote:
    """A bare id does not say that it is a stamp's: the posts that claim it do."""
    if not Post.objects.filter(stamp=act.post).exists():
        return act
    said = RefuseQuote(
        author=act.author, asker="", post="", quoting="", uri="", stamp=act.post, at=act.at
    )
    found = completed(said)
    return found if isinstance(found, RefuseQuote) else act


def is_stamp(uri: str) -> bool:
    return Post.objects.filter(stamp=uri).exists()


# ---- again, later


def look_again() -> int:
    """What was taken back is received as if its author had said so. Answers how many were."""
    now = int(timezone.now().timestamp() * 1000)
    until, gone = time.monotonic() + LOOKING, 0
    for post in quoting.to_look_at(now, age=DAY, most=MOST):
        if time.monotonic() > until:
            break
        if _still_stands(post):
            quoting.looked_at(post, now)
        else:
            gone += 1
            store.receive("activitypub", [_withdrawal(post)])
    return gone


def _still_stands(post: Post) -> bool:
    """In doubt it does: a server that is away has taken nothing back."""
    if Stamp.objects.filter(uri=post.stamp).exists():
        return True
    quoted = actions.post(post.quote)
    if quoted is None:
        return True
    try:
        return _shows(post.stamp, post.uri, post.quote, quoted.author.uri)
    except (Later, Forbidden):
        return True
    except Gone:
        return False
    except Trouble as error:
        log.info("a stamp of post %s cannot be read: %s", post.pk, error)
        return True


def _withdrawal(post: Post) -> store.Arrival:
    quoted = actions.post(post.quote)
    author = quoted.author if quoted else post.author
    activity = {
        "id": f"{post.stamp}#gone",
        "type": "Delete",
        "actor": author.uri,
        "object": {
            "id": post.stamp,
            "type": parse_quotes.STAMP,
            "interactingObject": post.uri,
            "interactionTarget": post.quote,
        },
    }
    return actors.as_from(author, activity)
