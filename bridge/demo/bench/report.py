"""The figures as a table for people: ours, the limit, the share, the budget. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

Figures = Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line; `at_most` says which way the budget points."""

    name: str
    ours: float
    unit: str
    limit: float | None = None
    budget: float | None = None
    at_most: bool = False

    @property
    def share(self) -> float | None:
        return self.ours / self.limit if self.limit else None

    @property
    def kept(self) -> bool | None:
        if self.budget is None:
            return None
        return self.ours <= self.budget if self.at_most else self.ours >= self.budget


def rows(found: Mapping[str, Figures]) -> list[Row]:
    """The figures of one form, beside the budgets and the limits of the same run."""
    came, one, went = found["incoming"], found["single"], found["outgoing"]
    homeserver, rsa, start = found["homeserver"], found["rsa"], found["start"]
    rest, after = found["memory at rest"], found["memory after"]
    direct = homeserver["one room"]
    less = {"at_most": True}
    return [
        Row(
            name="signed Create accepted",
            ours=came["accepted"],
            unit="/s",
            limit=rsa["verifies"],
            budget=700,
        ),
        Row(name="  95 of 100 within", ours=came["p95_ms"], unit="ms", budget=80, **less),
        Row(name="… recorded in the index", ours=came["indexed"], unit="/s", budget=250),
        Row(
            name="  CPU of ours for each", ours=came["indexed_cpu_ms"], unit="ms", budget=6, **less
        ),
        Row(name="  a single one", ours=one["indexed_ms"], unit="ms", budget=50, **less),
        Row(
            name="… an event in the room, all in all",
            ours=came["in_room"],
            unit="/s",
            limit=direct,
            budget=0.9 * direct,
        ),
        Row(name="  once indexed", ours=came["in_room_alone"], unit="/s", limit=direct),
        Row(
            name="  the same, of the homeserver in order",
            ours=came["in_room_alone"],
            unit="/s",
            limit=homeserver["in order"],
        ),
        Row(name="  CPU of ours for each", ours=came["in_room_cpu_ms"], unit="ms"),
        Row(name="  a single one", ours=one["in_room_ms"], unit="ms"),
        Row(
            name="one post to 200 inboxes, the last",
            ours=went["last_s"],
            unit="s",
            budget=0.25,
            **less,
        ),
        Row(
            name="  deliveries",
            ours=went["per_second"],
            unit="/s",
            limit=rsa["signs"],
            budget=1000,
        ),
        Row(name="  CPU of ours for each", ours=went["cpu_ms"], unit="ms", budget=1.0, **less),
        Row(name="homeserver alone, one room", ours=direct, unit="/s"),
        Row(name="  one at a time of each author", ours=homeserver["in order"], unit="/s"),
        Row(name="homeserver alone, many rooms", ours=homeserver["many rooms"], unit="/s"),
        Row(name="RSA-2048 signatures per CPU second", ours=rsa["signs"], unit="/s"),
        Row(name="RSA-2048 checks per CPU second", ours=rsa["verifies"], unit="/s"),
        Row(name="start to ready, database made anew", ours=start["first"], unit="s"),
        Row(name="start to ready", ours=start["again"], unit="s", budget=3, **less),
        Row(
            name="memory at rest (shared pages divided)",
            ours=rest["pss"],
            unit="MB",
            budget=150,
            **less,
        ),
        Row(name="  shared pages counted again and again", ours=rest["rss"], unit="MB"),
        Row(name="memory after all this", ours=after["pss"], unit="MB"),
    ]


def table(title: str, lines: Iterable[Row]) -> str:
    head = f"{title:<42}{'ours':>10}      {'limit':>9}{'share':>7}{'budget':>11}"
    return "\n".join([head, "-" * len(head), *map(_line, lines)])


def _line(row: Row) -> str:
    limit = _number(row.limit) if row.limit else ""
    share = f"{row.share:.2f}" if row.share is not None else ""
    sign = "≤" if row.at_most else "≥"
    budget = f"{sign} {_number(row.budget)}" if row.budget is not None else ""
    mark = {None: "", True: " kept", False: " MISSED"}[row.kept]
    measured = f"{row.name:<42}{_number(row.ours):>10} {row.unit:<4}"
    return f"{measured} {limit:>9}{share:>7}{budget:>11}{mark}"


def _number(value: float) -> str:
    if value >= 1000:
        return f"{value:,.0f}"
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"
