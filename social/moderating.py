"""Writes what moderators do in a group, and what of it is taken back.

A part of `actions.record`, which alone calls it: see there. Who may do so was asked before.
"""

import hashlib
from typing import assert_never

from django.db.models import Q, QuerySet

from social import once, pins
from social.acts import OPEN
from social.measures import Appoint, Expel, Feature, Lock, Measure, Remove
from social.models import Actor, Block, Boost, Follow, Pin, Post, Tombstone
from social.policy import Refused

REMOVED = "removed "  # begins what is kept of a post that a group elsewhere wants no more


def record(act: Measure) -> bool:
    once.forget()
    group = _group(act)
    if is_only_asked(act, group):
        return True
    match act:
        case Remove():
            return _remove(act, group)
        case Feature():
            return _feature(act, group)
        case Lock():
            return bool(Post.objects.filter(uri=act.post, locked=None).update(locked=act.at))
        case Appoint():
            return _list(group, {*group.moderators, act.target}) or not group.is_local
        case Expel():
            return _expel(act, group)
    assert_never(act)


def undo(act: Measure) -> bool:
    once.forget()
    group = _group(act)
    if is_only_asked(act, group):
        return True
    match act:
        case Remove():
            gone = Post.objects.filter(uri=act.post, group="", deleted=None)
            kept = Tombstone.objects.filter(uri=_stone(group.uri, act.post)).delete()[0]
            return bool(gone.update(group=group.uri) or kept)
        case Feature():
            return bool(Pin.objects.filter(author=group, post__uri=act.post).delete()[0])
        case Lock():
            return bool(Post.objects.filter(uri=act.post).exclude(locked=None).update(locked=None))
        case Appoint():
            return _list(group, set(group.moderators) - {act.target}) or not group.is_local
        case Expel():
            if group.is_local:  # which says so itself: see `groups.follow_up`
                return is_out(group, act.target)
            return bool(_blocks(group, act.target).delete()[0])
    assert_never(act)


def is_only_asked(act: Measure, group: Actor) -> bool:
    """Who lives here and moderates a group elsewhere tells it so: then the group says it itself."""
    here = Actor.objects.filter(uri=act.author, owner__isnull=False)
    return not group.is_local and here.exists()


def is_removed(group: str, post: str) -> bool:
    """Whether who moderates a group elsewhere took it out, or will not have it."""
    return Tombstone.objects.filter(uri=_stone(group, post)).exists()


def _stone(group: str, post: str) -> str:
    """No URI: the post may stand everywhere else, and its author take it back besides."""
    return f"{REMOVED}{hashlib.sha256(f'{group} {post}'.encode()).hexdigest()}"


def is_out(group: Actor, target: str) -> bool:
    return _blocks(group, target).exists()


def said_in(group: Actor, target: str) -> QuerySet[Post]:
    """What somebody wrote in a group, and is still for everybody."""
    there = Q(group=group.uri) | Q(boosts__author=group)
    mine = Post.objects.filter(there, author__uri=target, deleted=None, visibility__in=OPEN)
    return mine.distinct()


def _group(act: Measure) -> Actor:
    group = Actor.objects.filter(uri=act.group, kind="group").first()
    if group is None:
        raise Refused("the group is not known here")
    return group


def _blocks(group: Actor, target: str) -> QuerySet[Block]:
    return Block.objects.filter(author=group, target__uri=target)


def _remove(act: Remove, group: Actor) -> bool:
    """Of a group elsewhere also what it said of it goes; one of ours takes that back itself."""
    said = Post.objects.filter(uri=act.post, group=act.group)
    told = Boost.objects.filter(post__uri=act.post, author=group)
    gone = told.filter(author__owner=None).delete()[0]
    Pin.objects.filter(author=group, post__uri=act.post).delete()
    if not group.is_local:  # which may list it nevertheless, as its author's server does
        uri, defaults = _stone(group.uri, act.post), {"author": group.uri, "at": act.at}
        gone += Tombstone.objects.get_or_create(uri=uri, defaults=defaults)[1]
    return bool(said.update(group="") or gone)


def _feature(act: Feature, group: Actor) -> bool:
    post = Post.objects.filter(uri=act.post, deleted=None).first()
    if post is None:
        raise Refused("what it is about is not known here")
    created = Pin.objects.get_or_create(
        author=group, post=post, defaults={"uri": act.uri, "at": act.at}
    )[1]
    rows = Pin.objects.filter(author=group, post__deleted=None).order_by("-at", "-pk")
    kept = list(rows.values_list("pk", flat=True)[: pins.MOST])
    Pin.objects.filter(author=group).exclude(pk__in=kept).delete()
    return created


def _list(group: Actor, wanted: set[str]) -> bool:
    """Of a group elsewhere its own list is known already: whom it is about hears of it."""
    if set(group.moderators) == wanted:
        return False
    return bool(Actor.objects.filter(pk=group.pk).update(moderators=sorted(wanted)))


def _expel(act: Expel, group: Actor) -> bool:
    """A group here says Block itself. Of one elsewhere only who lives here is told apart."""
    target = Actor.objects.filter(uri=act.target).first()
    if target is None:
        raise Refused("whom it is about is not known here")
    said = act.wipe and said_in(group, act.target).exists()
    if group.is_local:
        return said or not is_out(group, act.target)
    if not target.is_local:
        return said
    Follow.objects.filter(follower=target, target=group).delete()
    defaults = {"uri": act.uri, "at": act.at}
    return Block.objects.get_or_create(author=group, target=target, defaults=defaults)[1] or said
