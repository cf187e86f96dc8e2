"""What follows from an act by itself, in the name of people here: accepting, refusing, following
along. Acts come out, and walk the same line as all others.
"""

import hashlib

from social import actions, distance, policy, quoting
from social.acts import (
    Accept,
    Act,
    Block,
    BlockHost,
    Consent,
    Follow,
    Introduce,
    Move,
    Publish,
    Reject,
    Undo,
)
from social.models import Actor
from social.models import Follow as FollowRow


def answers(act: Act) -> list[Act]:
    """Acts that this server does in its people's name: accepting, refusing, following along."""
    if isinstance(act, Move):
        return _answers_to_move(act)
    if isinstance(act, Publish | Consent):
        return quoting.answers(act)
    author = actions.actor(act.author)
    if isinstance(act, Introduce):
        return _left_alone(author, act.at) if author and policy.opted_out(author) else []
    if isinstance(act, Block | BlockHost):
        return [*distance.parting(author, act), *quoting.parting(author, act)] if author else []
    if not isinstance(act, Follow):
        return []
    target = actions.actor(act.target)
    if author is None or target is None or not target.is_local:
        return []
    if policy.blocked_between(author, target):
        return [Reject(author=target.uri, follower=author.uri, uri=act.uri, at=act.at)]
    if _is_left_behind(author, target):
        return [Reject(author=target.uri, follower=author.uri, uri=act.uri, at=act.at)]
    if target.locked and not author.follows_out.filter(target=target, state="accepted").exists():
        return []
    return [Accept(author=target.uri, follower=author.uri, uri=act.uri, at=act.at)]


def _is_left_behind(author: Actor, target: Actor) -> bool:
    """Who has moved away lets nobody new in, who would never hear where to; those who followed
    before stay. Asked anew: that may have been just now, see `actions.hold`.
    """
    moved = Actor.objects.filter(pk=target.pk).exclude(moved_to="").exists()
    return moved and not author.follows_out.filter(target=target, state="accepted").exists()


def _left_alone(author: Actor, at: int) -> list[Act]:
    """Who asks from now on not to be bridged is followed by nobody here any more."""
    rows = author.follows_in.filter(follower__owner__isnull=False).select_related("follower")
    return [_unfollowing(row, at) for row in rows]


def _unfollowing(row: FollowRow, at: int) -> Undo:
    who, target = row.follower.uri, row.target.uri
    undone = Follow(author=who, target=target, uri=row.uri, at=row.at)
    return Undo(author=who, uri=row.uri, at=at, undone=undone)


def _answers_to_move(act: Move) -> list[Act]:
    """Whoever here followed the old home follows the new one instead. Who asked to and waits is
    refused: let in later, they would never hear where to.
    """
    old, new = actions.actor(act.author), actions.actor(act.target)
    if old is None or new is None:
        return []
    waiting = old.follows_in.filter(state="pending", follower__owner=None).order_by("pk")
    out: list[Act] = [
        Reject(author=old.uri, follower=row.follower.uri, uri=row.uri, at=act.at)
        for row in (waiting.select_related("follower") if old.is_local else ())
    ]
    for row in old.follows_in.filter(
        follower__owner__isnull=False, follower__suspended=False, follower__left=None
    ).select_related("follower"):
        who = row.follower
        if _may_follow_along(who, new):
            said = f"{who.uri} {act.target} {act.uri}"
            digest = hashlib.sha256(said.encode()).hexdigest()[:24]
            uri = f"{who.uri}#follows/{digest}"  # the same, however often the move is read
            out.append(Follow(author=who.uri, target=new.uri, uri=uri, at=act.at))
        out.append(_unfollowing(row, act.at))
    return out


def _may_follow_along(who: Actor, new: Actor) -> bool:
    if who == new or policy.blocked_between(who, new):
        return False
    return not who.follows_out.filter(target=new).exists()
