"""Who must hear of an act. Actors, not addresses: each network knows its own."""

from collections.abc import Iterable
from typing import assert_never

from django.db.models import Q

from social.acts import (
    Accept,
    Act,
    Block,
    Boost,
    Follow,
    Introduce,
    Leave,
    Publish,
    React,
    Reject,
    Retract,
    Revise,
    Undo,
)
from social.models import Actor, Post


def hearers(act: Act) -> list[Actor]:
    """Everybody whom the act concerns, here and elsewhere, except its author."""
    everybody = Actor.objects.exclude(uri=act.author).filter(left=None)
    return list(everybody.filter(_concerned(act)).distinct())


def _concerned(act: Act) -> Q:  # noqa: PLR0911  one line an act
    match act:
        case Publish():
            return _readers(act)
        case Revise():
            return _readers(act.now) | _touched(act.now.post)
        case Retract():
            post = Post.objects.filter(uri=act.post).first()
            follow = _followers(act.author) if post and post.visibility != "direct" else Q(pk=None)
            return follow | _touched(act.post) | Q(uri__in=post.audience if post else ())
        case React():
            return Q(posts__uri=act.post)
        case Boost():
            return _followers(act.author) | Q(posts__uri=act.post)
        case Undo():
            return _concerned(act.undone) if act.undone else Q(pk=None)
        case Follow() | Block():
            return Q(uri=act.target)
        case Accept() | Reject():
            return Q(uri=act.follower)
        case Introduce() | Leave():
            return _followers(act.author) | Q(follows_in__follower__uri=act.author)
    assert_never(act)


def _followers(author: str) -> Q:
    """Whoever is suspended here is sent nothing either."""
    following = Q(follows_out__target__uri=author, follows_out__state="accepted")
    return following & Q(suspended=False)


def _readers(act: Publish) -> Q:
    named = Q(uri__in=act.audience)
    if act.visibility in {"public", "unlisted", "private"}:
        named |= _followers(act.author)
    if act.reply and act.visibility in {"public", "unlisted"}:
        named |= Q(posts__uri=act.reply)
    return named


def _touched(post: str) -> Q:
    """Those who took part: what changes under them must reach them, followers or not."""
    return (
        Q(posts__parent__uri=post)
        | Q(reactions__post__uri=post)
        | Q(boosts__post__uri=post)
        | Q(addressed_by__uri=post)
        | Q(posts__replies__uri=post)
    )


def inboxes(actors: Iterable[Actor]) -> list[str]:
    """One address for each server where it offers a shared one."""
    return sorted({actor.shared_inbox or actor.inbox for actor in actors if actor.inbox})


def subject(act: Act) -> str:
    """What must stay in order within a lane: a post, an act, or two actors."""
    match act:
        case Publish() | Retract() | React() | Boost():
            return act.post
        case Revise():
            return act.now.post
        case Undo():
            return subject(act.undone) if act.undone else act.uri
        case Follow() | Block():
            return f"{act.author} {act.target}"[:2048]
        case Accept() | Reject():
            return f"{act.follower} {act.author}"[:2048]
        case Introduce() | Leave():
            return act.author
    assert_never(act)
