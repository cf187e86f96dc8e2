"""Groups that live here: who may speak in one, and what it tells its members.

A group tells others what was done in it; it says nothing in anybody's name. Knows no network.
"""

import hashlib

from social import actions, moderating, policy
from social.acts import (
    OPEN,
    Act,
    Block,
    Boost,
    PassOn,
    Publish,
    React,
    Retract,
    Revise,
    Undo,
    when,
)
from social.measures import AboutPost, Expel, Measure, Remove
from social.models import Actor, Post

WIPED = 200  # posts of somebody who is shut out, the newest


def here(uri: str) -> Actor | None:
    """The group of this server that has this URI."""
    found = actions.actor(uri) if uri else None
    return found if found and found.is_local and found.kind == "group" and not found.left else None


def of(act: Publish, author: Actor) -> str:
    """In which group of ours somebody elsewhere says it: where the post answered stands, where a
    topic is addressed to. Empty where they may not, and the URI of another's group as it is.
    """
    if act.group and not _is_ours(act.group):
        return act.group
    parent = actions.post(act.reply)
    named = [parent.group] if parent else [act.group, *act.audience]
    for uri in dict.fromkeys(filter(None, named)):
        group = here(uri)
        if group and act.visibility in OPEN and is_member(author, group):
            return uri
    return ""


def _is_ours(uri: str) -> bool:
    found = actions.actor(uri)
    return found is not None and found.is_local


def is_member(author: Actor, group: Actor) -> bool:
    follows = group.follows_in.filter(follower=author, state="accepted").exists()
    return follows and not policy.blocked_between(author, group)


def follow_up(act: Act) -> list[Act]:
    """What a group tells its members of an act in it: of a new post also its bare id, for servers
    that understand nothing else, and that it takes that back when the post is deleted.
    """
    if isinstance(act, Publish) and not act.group:
        return []  # most posts: they are not to cost a question
    measure = act.undone if isinstance(act, Undo) else act
    if isinstance(measure, Measure):
        return _of_measure(act, measure)
    found = _about(act)
    group = here(found.group) if found else None
    if found is None or group is None:
        return []
    if found.visibility not in OPEN and not _ends_what_was_told(act, group):
        return []
    author = actions.actor(act.author)
    if author is None or not (_takes_back(act) or author.is_local or is_member(author, group)):
        return []
    passed = _passed_on(act, found.uri, group)
    match act:
        case Publish():
            return [passed, _boost(act, found.uri, group)]
        case Retract():
            return [passed, *_taken_back(found.uri, group, act.at)]
        case _:
            return [passed]


def _ends_what_was_told(act: Act, group: Actor) -> bool:
    """Its members have the words from before an edit that made them for fewer."""
    return isinstance(act, Retract) and group.boosts.filter(post__uri=act.post).exists()


def _passed_on(act: Act, about: str, group: Actor) -> PassOn:
    mark, at = _mark(act, about), when(act)
    uri = f"{group.uri}#announces/{mark}"
    corrects = isinstance(act, Retract | Revise)
    said = _name(act)
    return PassOn(author=group.uri, post=about, said=said, uri=uri, at=at, corrects=corrects)


def _boost(act: Act, post: str, group: Actor) -> Boost:
    uri = f"{group.uri}#boosts/{_mark(act, post)}"
    return Boost(author=group.uri, post=post, uri=uri, at=when(act))


def _mark(act: Act, about: str) -> str:
    return hashlib.sha256(f"{_name(act)} {about}".encode()).hexdigest()[:24]


# ---- measures


def _of_measure(act: Act, measure: Measure) -> list[Act]:
    """Passed on in the words of who moderates; what the group does by itself it says itself."""
    group, at = here(measure.group), when(act)
    about = measure.post if isinstance(measure, AboutPost) else measure.target
    told: list[Act] = []
    if group and act.author != group.uri:
        told.append(_passed_on(act, about, group))
    if group and isinstance(measure, Remove):
        back = isinstance(act, Undo)
        told += [_boost(act, about, group)] if back else _taken_back(about, group, at)
    elif isinstance(measure, Remove) and isinstance(act, Undo):
        uri = measure.uri  # under which the group passed it on again
        told.append(Boost(author=measure.group, post=about, uri=uri, at=at))
    if isinstance(measure, Expel):
        told += _shut_out(act, measure, at)
    return told


def _shut_out(act: Act, measure: Expel, at: int) -> list[Act]:
    """A group here says Block too, which is all that most servers understand."""
    group = actions.actor(measure.group)
    if group is None or moderating.is_only_asked(measure, group):
        return []
    row = group.blocks_out.filter(target__uri=measure.target).first()
    mark = _mark(act, measure.target)
    uri = row.uri if row else f"{group.uri}#blocks/{mark}"
    block = Block(author=group.uri, target=measure.target, uri=uri, at=row.at if row else at)
    if isinstance(act, Undo):
        undone = Undo(author=group.uri, uri=uri, at=at, undone=block)
        return [undone] if group.is_local and row else []
    gone: list[Act] = [
        Remove(
            author=group.uri,
            post=post.uri,
            group=group.uri,
            uri=f"{group.uri}#removals/{_mark(act, post.uri)}",
            at=at,
            reason=measure.reason,
        )
        for post in moderating.said_in(group, measure.target).order_by("-published")[:WIPED]
        if measure.wipe
    ]
    return [*([block] if group.is_local else []), *gone]


def ends(group: str, target: str, at: int) -> Undo | None:
    """Of somebody who was shut out for so long, by the word of the group itself."""
    found = actions.actor(group)
    if found is None or not moderating.is_out(found, target):
        return None
    mark = hashlib.sha256(f"{group} {target} {at}".encode()).hexdigest()[:24]
    uri = f"{group}#ends/{mark}"
    said = Expel(author=group, target=target, group=group, uri=uri, at=at)
    return Undo(author=group, uri="", at=at, undone=said)


def _taken_back(post: str, group: Actor, at: int) -> list[Act]:
    row = group.boosts.filter(post__uri=post).first()
    if row is None:
        return []
    said = Boost(author=group.uri, post=post, uri=row.uri, at=row.at)
    return [Undo(author=group.uri, uri=row.uri, at=at, undone=said)]


def _takes_back(act: Act) -> bool:
    """Which also who has gone, or was shut out, may."""
    return isinstance(act, Retract | Undo)


def _about(act: Act) -> Post | None:
    match act:
        case Publish() | Retract() | React():
            return actions.post(act.post)
        case Revise():
            return actions.post(act.now.post)
        case Undo(undone=React(post=uri)):
            return actions.post(uri)
        case _:
            return None


def _name(act: Act) -> str:
    """What tells it from every other."""
    match act:
        case Publish():
            return act.post
        case Retract():
            return f"{act.post} {act.at}"
        case Undo() if not act.uri:
            return f"undo {type(act.undone).__name__} {act.at}"
        case Undo():
            return f"{act.uri} {act.at}"
        case _:
            return str(getattr(act, "uri", ""))
