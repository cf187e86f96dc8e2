"""How long, and until when, as people write and read it: 30m, 12h, 7d, 2w. Pure."""

import re
from datetime import UTC, datetime

from bridge.matrix.shapes import LONGEST_TIME

LONGEST = 3650 * 86_400_000  # a mute or a ban may last so long and still end
PATTERN = r"[0-9]{1,5}[mhdw]"
_SPAN = re.compile(r"(?P<count>[0-9]{1,5})(?P<unit>[mhdw])")
_UNITS = {"m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 7 * 86_400_000}
_NAMES = {"w": "week", "d": "day", "h": "hour", "m": "minute"}


def read(said: str) -> int:
    """Milliseconds; 0 for what says no time."""
    found = _SPAN.fullmatch(said.lower())
    return int(found["count"]) * _UNITS[found["unit"]] if found else 0


def words(span: int) -> str:
    """In the largest unit that says it exactly: 3 days."""
    unit = next((name for name in _NAMES if span % _UNITS[name] == 0), "m")
    count = span // _UNITS[unit]
    return f"{count} {_NAMES[unit]}" if count == 1 else f"{count} {_NAMES[unit]}s"


def moment(at: int) -> str:
    """3 December 2026, 14:00 UTC"""
    found = datetime.fromtimestamp(min(max(at, 0), LONGEST_TIME) / 1000, tz=UTC)
    return f"{found.day} {found:%B %Y, %H:%M} UTC"
