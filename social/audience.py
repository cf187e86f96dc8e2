"""Who must hear of an act. Actors, not addresses: each network knows its own.

Each group is a query within the query, which a database answers from an index; alternatives would
make it look through everybody.
"""

import functools
import operator
from collections.abc import Collection
from typing import Any, assert_never

from django.db.models import Q, QuerySet

from social import approvals, once
from social.acts import (
    OPEN,
    Accept,
    Act,
    AllowQuote,
    AskQuote,
    Block,
    BlockHost,
    Boost,
    Decide,
    Follow,
    Introduce,
    Leave,
    Move,
    Mute,
    PassOn,
    Pin,
    Publish,
    React,
    RefuseQuote,
    Reject,
    Report,
    Retract,
    Revise,
    Tally,
    Undo,
    Vote,
)
from social.measures import Appoint, Expel, Feature, Lock, Remove
from social.models import Actor, Post, Reaction, shut_out
from social.models import Boost as BoostRow
from social.models import Follow as FollowRow
from social.models import Vote as VoteRow

# Of these also those hear whom the author has blocked: nothing is said to them, but taken away.
# And their server hears what is reported of them, which is when one blocks.
TAKEN_BACK = (Block, Reject, Undo, Retract, Leave, Report, RefuseQuote, Expel)


def hearers(act: Act) -> list[Actor]:
    """Everybody whom the act concerns, here and elsewhere, except its author."""
    if not isinstance(act, Publish):
        return _hearers(act)
    named = frozenset(act.audience)  # a new post touches nobody else
    key = ("readers", act.author, act.visibility, act.reply, act.group, named)
    return once.ask(key, lambda: _hearers(act))


def _hearers(act: Act) -> list[Actor]:
    everybody = Actor.objects.exclude(uri=act.author)
    if isinstance(act, Retract):
        everybody = everybody.exclude(_kept_from(act))
    elif not isinstance(act, Leave):  # words lie on a server, whoever has left it
        everybody = everybody.filter(left=None)
    if not isinstance(act, TAKEN_BACK):
        everybody = everybody.exclude(shut_out(author__uri=act.author))
    first, *others = _either(told := _concerned(act))
    if others:
        found = [Actor.objects.filter(one).values("pk") for one in (first, *others)]
        told = Q(pk__in=found[0].union(*found[1:]))
    return list(everybody.filter(told))


def _either(told: Q) -> list[Q]:
    """The groups of whom an act concerns, each for itself: PostgreSQL, asked for one or the other,
    looks through everybody.
    """
    if told.connector != Q.OR or told.negated:
        return [told]
    parts = [part if isinstance(part, Q) else Q(part) for part in told.children]
    return [one for part in parts for one in _either(part)]


def _concerned(act: Act) -> Q:  # noqa: C901  one line an act
    match act:
        case Publish():
            return _readers(act)
        case Revise():
            return _readers(act.now) | _edited(act.now)
        case Tally():
            return _readers(act.now) | _voters(act.now)
        case Vote():
            return _author(act.poll)
        case Pin():
            return _followers(act.author)
        case Retract():
            posts = Post.objects.filter(uri=act.post)
            named = [_given(act.author, one.visibility, one.audience, one.group) for one in posts]
            return functools.reduce(operator.or_, named, _touched(posts))
        case React():
            return _author(act.post) | _group(act.post)
        case AskQuote():
            return _author(act.post)
        case AllowQuote() | RefuseQuote():
            return Q(uri=act.asker)
        case Boost():
            return _followers(act.author) | _author(act.post)
        case PassOn():
            return _followers(act.author)
        case Remove() | Feature() | Lock():
            return Q(uri=act.group)  # which tells its members
        case Appoint() | Expel():
            # Their own server would read of a block by a person: the group says its own to it.
            return Q(uri=act.group) | Q(uri=act.target, owner__isnull=False)
        case Undo():
            return _concerned(act.undone) if act.undone else Q(pk__in=())
        case Follow() | Block():
            return Q(uri=act.target)
        case BlockHost() | Mute():
            return Q(pk__in=())
        case Accept() | Reject():
            return Q(uri=act.follower)
        case Introduce() | Leave():
            followed = FollowRow.objects.filter(follower__uri=act.author)
            told = _followers(act.author) | Q(pk__in=followed.values("target"))
            if isinstance(act, Introduce):
                return told
            return told | _touched(
                Post.objects.filter(author__uri=act.author, author__owner__isnull=False)
            )
        case Move():
            return _followers(act.author) | Q(uri=act.target)
        case Decide():
            doer = approvals.waiting(act)
            return Q(pk__in=[doer.pk] if doer else ())
        case Report():  # only their server: never whom it is about
            said_in = Post.objects.filter(uri__in=act.about).exclude(group="").values("group")
            told = Q(uri__in=act.about) | Q(uri__in=said_in)
            return told & Q(owner=None) if act.forward else Q(pk__in=())
    assert_never(act)


def _followers(author: str) -> Q:
    """Whoever is suspended here is sent nothing either."""
    following = FollowRow.objects.filter(target__uri=author, state="accepted")
    return Q(pk__in=following.values("follower"), suspended=False)


def _author(post: str) -> Q:
    return Q(pk__in=Post.objects.filter(uri=post).values("author"))


def _group(post: str) -> Q:
    """In a group its members hear of reactions from the group alone."""
    said_in = Post.objects.filter(uri=post).exclude(group="").values("group")
    return Q(uri__in=said_in)


def _voters(poll: Publish) -> Q:
    """Of what is not open only those hear who may read it now."""
    votes = VoteRow.objects.filter(post__uri=poll.post, post__visibility__in=OPEN)
    return Q(pk__in=votes.exclude(author=None).values("author"))


def _readers(act: Publish) -> Q:
    named = _given(act.author, act.visibility, act.audience, act.group)
    if act.reply and act.visibility in OPEN:
        named |= _author(act.reply)
    return named


def _given(author: str, visibility: str, audience: Collection[str], group: str) -> Q:
    """What is said in a group is sent to the group, which tells its members."""
    if group in audience:
        return Q(uri__in=audience)
    return _sent_to(author, visibility, audience)


def _sent_to(author: str, visibility: str, audience: Collection[str]) -> Q:
    match visibility:
        case "public" | "unlisted" | "private":
            return _followers(author) | Q(uri__in=audience) if audience else _followers(author)
        case "local":
            return _followers(author) & Q(owner__isnull=False)
        case _:
            return Q(uri__in=audience)


def _kept_from(act: Retract) -> Q:
    """Whom it names though they were shut out, or had left, before it was said: of a secret they
    were never given they do not learn that there was one.
    """
    post = Post.objects.filter(uri=act.post).exclude(visibility__in=OPEN).first()
    if post is None:
        return Q(pk__in=())
    shut = shut_out(author=post.author_id, at__lt=post.published)
    return shut | Q(left__isnull=False, left__lt=post.published)


def _touched(posts: QuerySet[Post]) -> Q:
    """Those who took part: what changes under them must reach them, followers or not. Who quotes,
    and who is quoted, has what is open.
    """
    shown = posts.filter(visibility__in=OPEN)
    return _any(
        Post.objects.filter(parent__in=posts).values("author"),
        Post.objects.filter(replies__in=shown).values("author"),
        Post.objects.filter(quote__in=shown.values("uri")).values("author"),
        Post.objects.filter(uri__in=shown.exclude(quote="").values("quote")).values("author"),
        Reaction.objects.filter(post__in=posts).values("author"),
        BoostRow.objects.filter(post__in=posts).values("author"),
        VoteRow.objects.filter(post__in=posts).exclude(author=None).values("author"),
        Post.addressed.through.objects.filter(post__in=posts).values("actor"),
    )


def _any(*found: QuerySet[Any]) -> Q:
    return functools.reduce(operator.or_, (Q(pk__in=rows) for rows in found))


def _edited(now: Publish) -> Q:
    """Who took part in what is not open, or not any more, may be no follower by now: of those only
    whom it named hear what it says from now on.
    """
    posts = Post.objects.filter(uri=now.post)
    if now.visibility in OPEN and posts.filter(visibility__in=OPEN).exists():
        return _touched(posts)
    return _any(Post.addressed.through.objects.filter(post__in=posts).values("actor"))


def readers(post: Post) -> QuerySet[Actor]:
    """Who may read a post by somebody here as it is now, beside its author."""
    named = Post.addressed.through.objects.filter(post=post).values("actor")
    whom = _sent_to(post.author.uri, post.visibility, post.audience) | Q(pk__in=named)
    shown = Actor.objects.filter(left=None).exclude(shut_out(author=post.author))
    return shown.filter(whom)


def subject(act: Act) -> str:  # noqa: C901  one line an act
    """What must stay in order within a lane: a post, an act, or two actors."""
    match act:
        case Publish() | Retract() | React() | Boost() | PassOn() | Pin():
            return act.post
        case Remove() | Feature() | Lock():
            return act.post
        case Revise() | Tally():
            return act.now.post
        case Vote():
            return act.poll
        case Undo():
            return subject(act.undone) if act.undone else act.uri
        case Follow() | Block() | Mute():
            return f"{act.author} {act.target}"[:2048]
        case Appoint() | Expel():
            return f"{act.group} {act.target}"[:2048]
        case BlockHost():
            return f"{act.author} {act.host}"[:2048]
        case Accept() | Reject():
            return f"{act.follower} {act.author}"[:2048]
        case Introduce() | Leave() | Move():
            return act.author
        case Report():
            return act.uri
        case Decide():
            return act.about
        case AskQuote() | AllowQuote() | RefuseQuote():
            return act.quoting
    assert_never(act)
