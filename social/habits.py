"""What goes for all that somebody here writes from now on, unless a post says otherwise. Pure."""

from dataclasses import asdict, dataclass
from typing import Any, Literal

Default = Literal["public", "unlisted", "private"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Habits:
    visibility: Default = "public"
    language: str = ""  # BCP 47
    warning: str = ""  # plain text, in front of every post
    notices: bool = False  # of a bot: what it says as a notice is a post too


USUAL = Habits()


def unusual(habits: Habits) -> dict[str, Any]:
    """Those that are not everybody's, as a table keeps them."""
    usual = asdict(USUAL)
    return {key: value for key, value in asdict(habits).items() if value != usual[key]}
