"""Writes what people keep away from themselves: others, whole servers, and for a while.

A part of `actions.record`, which alone calls it: see there.
"""

from django.db.models import Q, QuerySet

from social import reach
from social.acts import Act, Block, BlockHost, Follow, Mute, Reject, Undo
from social.models import Actor, HostBlock, shut_out
from social.models import Block as BlockRow
from social.models import Follow as FollowRow
from social.models import Mute as MuteRow


def block(act: Block, author: Actor, target: Actor) -> bool:
    created = BlockRow.objects.get_or_create(
        author=author, target=target, defaults={"uri": act.uri, "at": act.at}
    )[1]
    if not author.is_local:  # our own side says Reject and Undo for each, see `parting`
        either = Q(follower=author, target=target) | Q(follower=target, target=author)
        reach.end(FollowRow.objects.filter(either), act.at)
    return created


def block_host(act: BlockHost, author: Actor) -> bool:
    return HostBlock.objects.get_or_create(
        author=author, host=act.host, defaults={"uri": act.uri, "at": act.at}
    )[1]


def mute(act: Mute, author: Actor, target: Actor) -> bool:
    """Said again, it lasts as long as was said last."""
    said = {"uri": act.uri, "at": act.at, "until": act.until}
    known = MuteRow.objects.filter(author=author, target=target).first()
    if known and known.at >= act.at:
        return False
    MuteRow.objects.update_or_create(author=author, target=target, defaults=said)
    return True


def parting(author: Actor, act: Block | BlockHost) -> list[Act]:
    """Some servers ignore Block, so who follows is also removed in so many words; and nobody but
    us tells anybody of a server that one person blocks.
    """
    if not author.is_local:
        return []
    out: list[Act] = [
        Reject(author=author.uri, follower=row.follower.uri, uri=row.uri, at=act.at)
        for row in _with(author.follows_in.all(), act, "follower").select_related("follower")
    ]
    for row in _with(author.follows_out.all(), act, "target").select_related("target"):
        said = Follow(author=author.uri, target=row.target.uri, uri=row.uri, at=row.at)
        out.append(Undo(author=author.uri, uri=row.uri, at=act.at, undone=said))
    return out


def _with(rows: "QuerySet[FollowRow]", act: Block | BlockHost, other: str) -> "QuerySet[FollowRow]":
    if isinstance(act, Block):
        return rows.filter(**{f"{other}__uri": act.target})
    return rows.filter(shut_out(f"{other}__", author__uri=act.author), **{f"{other}__owner": None})
