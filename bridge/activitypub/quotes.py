"""Consent to quotes, asked for at its origin: when a post that quotes arrives, and again later.

A stamp that a post claims counts only once the quoted author's own server shows it, for just these
two posts (FEP-044f). What it once showed is looked at again, since it may be taken back unheard.
"""

import logging
import time
from collections.abc import Callable
from dataclasses import replace

from django.utils import timezone

from bridge import inbox as store
from bridge import names
from bridge.activitypub import actors, jsonld, parse_quotes
from bridge.errors import Forbidden, Gone, Later, Trouble
from bridge.network import Said
from social import actions, quoting
from social.acts import AllowQuote, Publish, RefuseQuote, Retract, Revise
from social.models import Post, Stamp

log = logging.getLogger("ownroom.quotes")
DAY = 24 * 3_600_000  # milliseconds
MOST = 50  # stamps looked at in one go
LOOKING = 60.0  # seconds for all of them

Fetch = Callable[[str], Said]


# ---- as a post arrives


def checked(act: Publish, *, fetch: Fetch, deadline: float) -> tuple[list[Said], Publish]:
    """The post it quotes, if that had to be fetched, and the post without a stamp that is none.

    What is quoted without consent is a link, so it is not asked for; who quotes themselves needs
    none, and lives where they quote.
    """
    content = act.content
    own = names.same_origin(content.quote, act.author)
    if not content.quote or not (content.stamp or own):
        return [], act
    context, author = _quoted(content.quote, fetch, deadline)
    if content.stamp and not (author and _proven(act, author, deadline)):
        act = replace(act, content=replace(content, stamp=""))
    return context, act


def _quoted(uri: str, fetch: Fetch, deadline: float) -> tuple[list[Said], str]:
    """What had to be fetched, and the author."""
    known = actions.post(uri)
    if known:
        return [], known.author.uri
    if time.monotonic() > deadline:
        return [], ""
    try:
        said = fetch(uri)
    except Trouble:  # it is a link then
        return [], ""
    return [unproven(said)], said.act.author if said.act else ""


def unproven(said: Said) -> Said:
    """Where nobody looks at what a post claims to prove, it proves nothing."""
    match said.act:
        case Publish() as act:
            return replace(said, act=unclaimed(act))
        case Revise(now=now) as act:
            return replace(said, act=replace(act, now=unclaimed(now)))
        case _:
            return said


def unclaimed(act: Publish) -> Publish:
    return replace(act, content=replace(act.content, stamp=""))


def _proven(act: Publish, author: str, deadline: float) -> bool:
    stamp, quote = act.content.stamp, act.content.quote
    if quoting.stands(stamp, quoting=act.post, quoted=quote):
        return True
    if not names.same_origin(stamp, author) or quoting.taken_away(stamp):
        return False
    if Post.objects.filter(uri=act.post, quote=quote, stamp=stamp).exists():
        return True  # as it was before this edit
    try:
        return time.monotonic() < deadline and _shows(stamp, act.post, quote, author)
    except Trouble:
        return False


def _shows(stamp: str, post: str, quote: str, author: str) -> bool:
    """Raises Trouble."""
    found = actors.get(stamp)
    return parse_quotes.holds(found, quoting=post, post=quote, author=author)


# ---- as an answer arrives


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
    key = f"{post.stamp}#gone"
    activity = {
        "id": key,
        "type": "Delete",
        "actor": author.uri,
        "object": {
            "id": post.stamp,
            "type": parse_quotes.STAMP,
            "interactingObject": post.uri,
            "interactionTarget": post.quote,
        },
    }
    return store.Arrival(
        key=key,
        lane=f"from activitypub {author.host}"[:300],
        body=jsonld.dumps(activity),
        signer=author.uri,
    )
