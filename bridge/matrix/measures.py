"""Where in the rooms it is shown, or done, what moderators of a group decide."""

from bridge.matrix import hearing, traces
from bridge.models import Room
from social import actions, moderating, pins
from social.acts import Act, Retract, Undo
from social.measures import Expel, Feature, Lock, Measure, Remove
from social.models import Actor


def of(act: Act) -> list[tuple[str, str]]:
    """What is done, and at which place."""
    if isinstance(act, Retract):
        return [("pins", _place(group)) for group in pins.groups_with(act.post) if _is_there(group)]
    measure = act.undone if isinstance(act, Undo) else act
    group = actions.actor(measure.group) if isinstance(measure, Measure) else None
    if group is None or not isinstance(measure, Measure):
        return []
    if moderating.is_only_asked(measure, group):
        return []
    return _steps(measure, _place(group), group, back=isinstance(act, Undo))


def _place(group: Actor) -> str:
    kind = Room.Kind.GROUP if group.is_local else Room.Kind.MIRROR
    return f"{kind} {group.uri}"


def _steps(measure: Measure, place: str, group: Actor, *, back: bool) -> list[tuple[str, str]]:
    match measure:
        case Remove() if back:  # what a group elsewhere puts back it passes on anew
            return [("event", place)] if group.is_local else _remembered(place, group)
        case Remove():
            pins_ = [("pins", place)] if _is_there(group) else []
            kept = [] if group.is_local else _remembered(place, group)
            return [*_where_it_stands(measure.post, place, group), *pins_, *kept]
        case Lock():
            return _where_it_stands(measure.post, place, group)
        case Feature():
            return [("pins", place)] if _is_there(group) else []
        case Expel() if group.is_local:
            return [("unban" if back else "ban", place)]
        case Expel() if not back and _is_there(group):
            return [("close", place)]
        case _:
            return []


def _remembered(place: str, group: Actor) -> list[tuple[str, str]]:
    """Where a rebuild finds it: of what is gone, or never was here, no event tells."""
    return [("ledger", place)] if _is_there(group) else []


def _where_it_stands(post: str, place: str, group: Actor) -> list[tuple[str, str]]:
    inside = {place, *_former(group)}
    return [("event", one) for one in sorted(traces.carrying(post) & inside)]


def _former(group: Actor) -> set[str]:
    rows = Room.objects.filter(kind=Room.Kind.FORMER, actor=group).select_related("actor")
    return {room.place_name for room in rows}


def _is_there(group: Actor) -> bool:
    """At the first follow the mirror is only about to be made."""
    if not group.is_local and hearing.readers_of(group).exists():
        return True
    return group.rooms.filter(kind__in=[Room.Kind.GROUP, Room.Kind.MIRROR]).exists()
