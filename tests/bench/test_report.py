"""The bench's table: what is printed follows from the figures, and a missed budget is said."""

import pytest

from bridge.demo.bench import machine, report
from bridge.demo.bench.report import Row


def test_a_share_is_ours_beside_the_limit():
    assert Row(name="writes", ours=45, unit="/s", limit=90).share == 0.5


def test_without_a_limit_there_is_no_share():
    assert Row(name="memory", ours=45, unit="MB").share is None


@pytest.mark.parametrize(
    ("ours", "at_most", "kept"),
    [(10, False, True), (9.9, False, False), (10, True, True), (10.1, True, False)],
)
def test_a_budget_points_up_or_down(ours, at_most, kept):
    assert Row(name="x", ours=ours, unit="", budget=10, at_most=at_most).kept is kept


def test_what_has_no_budget_is_neither_kept_nor_missed():
    assert Row(name="x", ours=1, unit="").kept is None


def test_the_table_says_which_budget_was_missed():
    slow = Row(name="deliveries", ours=400, unit="/s", limit=4000, budget=1000)
    line = report.table("sqlite", [slow]).splitlines()[-1]
    assert line.split() == ["deliveries", "400", "/s", "4,000", "0.10", "≥", "1,000", "MISSED"]


def test_every_budget_stands_in_the_table():
    rows = [row for row in report.rows(_figures()) if row.budget is not None]
    assert len(rows) == 11


def test_a_process_that_has_ended_uses_nothing():
    assert machine.cpu([2**22 + 1]) == 0
    assert machine.memory([2**22 + 1]) == {"rss": 0, "pss": 0}


def _figures():
    numbers = dict.fromkeys(
        (
            *("accepted", "p50_ms", "p95_ms", "indexed", "indexed_cpu_ms"),
            *("in_room", "in_room_alone", "in_room_cpu_ms", "indexed_ms", "in_room_ms"),
            *("last_s", "per_second", "cpu_ms", "one room", "in order", "many rooms"),
            *("signs", "verifies", "first", "again", "pss", "rss"),
        ),
        1.0,
    )
    parts = ("incoming", "single", "outgoing", "homeserver", "rsa", "start")
    return dict.fromkeys((*parts, "memory at rest", "memory after"), numbers)
