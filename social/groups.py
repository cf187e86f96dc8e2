"""Groups that live here: who may speak in one, and what it tells its members.

A group tells others what was done in it; it says nothing in anybody's name. Knows no network.
"""

import hashlib

from social import actions, policy
from social.acts import (
    OPEN,
    Act,
    Boost,
    PassOn,
    Publish,
    React,
    Remove,
    Retract,
    Revise,
    Undo,
    when,
)
from social.models import Actor, Post

NOT_A_MEMBER = "only who follows a group writes in it"


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
    that understand nothing else.
    """
    if isinstance(act, Publish) and not act.group:
        return []  # most posts: they are not to cost a question
    found = _about(act)
    group = here(act.group if isinstance(act, Remove) else found.group) if found else None
    if found is None or group is None or found.visibility not in OPEN:
        return []
    author = actions.actor(act.author)
    if author is None or not (_takes_back(act) or author.is_local or is_member(author, group)):
        return []
    mark = hashlib.sha256(f"{_name(act)} {found.uri}".encode()).hexdigest()[:24]
    at = when(act)
    passed = PassOn(
        author=group.uri,
        post=found.uri,
        said=_name(act),
        uri=f"{group.uri}#announces/{mark}",
        at=at,
    )
    if isinstance(act, Remove):
        return [passed, *_taken_back(found, group, at)]
    if not isinstance(act, Publish):
        return [passed]
    boost = Boost(author=group.uri, post=found.uri, uri=f"{group.uri}#boosts/{mark}", at=at)
    return [passed, boost]


def _taken_back(post: Post, group: Actor, at: int) -> list[Act]:
    row = post.boosts.filter(author=group).first()
    if row is None:
        return []
    said = Boost(author=group.uri, post=post.uri, uri=row.uri, at=row.at)
    return [Undo(author=group.uri, uri=row.uri, at=at, undone=said)]


def _takes_back(act: Act) -> bool:
    """Which also who has gone, or was shut out, may."""
    return isinstance(act, Retract | Undo)


def _about(act: Act) -> Post | None:
    match act:
        case Publish() | Retract() | React() | Remove():
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
        case Undo():
            return f"{act.uri} {act.at}"
        case _:
            return str(getattr(act, "uri", ""))
