"""How long somebody is out of a group: the end of a ban is an errand, kept until it has come."""

from datetime import UTC, datetime, timedelta

from django.utils import timezone

from bridge import errands
from bridge.models import Errand
from social import groups, moderating
from social.acts import Act, Block, Undo
from social.measures import Expel
from social.models import Actor

SAME = timedelta(seconds=1)  # two ends that are nearer to one another are one


def expire(act: Act) -> None:
    """Who was put out of a group for some time may come back by themselves then. Whatever was
    decided before of the same person ends nothing any more.
    """
    match act:
        case Expel(group=group, target=target) | Undo(undone=Expel(group=group, target=target)):
            about = _about(group, target)
        case Undo(undone=Block(author=group, target=target)):
            about = _about(group, target)
        case _:
            return
    errands.drop(Errand.Kind.BAN, about)
    if isinstance(act, Expel) and act.until and about:
        after = max(0.0, act.until / 1000 - timezone.now().timestamp())
        errands.put(Errand.Kind.BAN, about, after=after)


def lengthens(act: Act) -> bool:
    """Whether somebody who is out already comes back later than was decided before, or never.

    One that would end sooner is no such decision: it may be an old one, told once more.
    """
    if not isinstance(act, Expel):
        return False
    standing = Errand.objects.filter(kind=Errand.Kind.BAN, about=_about(act.group, act.target))
    end = standing.exclude(due=None).values_list("due", flat=True).first()
    group = Actor.objects.filter(uri=act.group).first()
    if end is None or group is None or not moderating.is_out(group, act.target):
        return False
    return not act.until or datetime.fromtimestamp(act.until / 1000, UTC) > end + SAME


def ending(errand: Errand) -> Undo | None:
    """What the group says when the time has come."""
    uris = dict(Actor.objects.filter(pk__in=errand.about.split()).values_list("pk", "uri"))
    group, target = (uris.get(int(key), "") for key in errand.about.split())
    return groups.ends(group, target, int(timezone.now().timestamp() * 1000))


def _about(group: str, target: str) -> str:
    """By their rows: two long addresses together would not fit, and cut they are somebody else's.

    Empty where one of them is not known here.
    """
    keys = dict(Actor.objects.filter(uri__in=(group, target)).values_list("uri", "pk"))
    return f"{keys[group]} {keys[target]}" if {group, target} <= keys.keys() else ""
