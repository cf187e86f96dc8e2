"""What the power levels of a room allow the bot, and leave its owner."""

from collections.abc import Mapping
from typing import Any

from bridge.matrix import registration, shapes

KIND = "m.room.power_levels"


def is_weak(levels: Mapping[str, Any]) -> bool:
    """Whether the bot can let nobody in, or nobody out."""
    needed = max(_number(levels.get("invite"), 0), _number(levels.get("kick"), 50))
    return _of(registration.load().bot, levels) < needed


def weakens(event: Mapping[str, Any]) -> bool:
    now, before = _levels(event)
    return bool(now) and is_weak(now) and not is_weak(before)


def outranks(event: Mapping[str, Any], owner: str) -> bool:
    """Whether somebody has more power than the owner, and had not before. Room version 12: whoever
    made the room stands in no list, and nobody outranks them.
    """
    now, before = _levels(event)
    listed = owner in shapes.mapping(before.get("users"))
    return listed and _is_outranked(owner, now) and not _is_outranked(owner, before)


def _levels(event: Mapping[str, Any]) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """(now, before)"""
    if (event.get("type"), event.get("state_key")) != (KIND, ""):
        return {}, {}
    before = shapes.mapping(event.get("unsigned")).get("prev_content")
    return shapes.mapping(event.get("content")), shapes.mapping(before)


def _is_outranked(owner: str, levels: Mapping[str, Any]) -> bool:
    mine = _of(owner, levels)
    return any(_of(one, levels) > mine for one in shapes.mapping(levels.get("users")))


def _of(user: str, levels: Mapping[str, Any]) -> int:
    usual = _number(levels.get("users_default"), 0)
    return _number(shapes.mapping(levels.get("users")).get(user), usual)


def _number(value: object, usual: int) -> int:
    return value if isinstance(value, int) else usual
