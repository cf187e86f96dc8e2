"""Who may drain what, and when: leases, back-off, order."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from bridge import lanes
from bridge.models import Lane, Received

pytestmark = pytest.mark.django_db


def row(name: str, lane: str = "one", **values: Any) -> Received:
    return Received.objects.create(network="matrix", key=name, lane=lane, body="{}", **values)


def names(rows: list[Received]) -> list[str]:
    return [one.key for one in rows]


def later(seconds: float = 60) -> Any:
    return timezone.now() + timedelta(seconds=seconds)


def test_a_held_lane_is_given_to_nobody_else() -> None:
    assert lanes.claim(["one", "two"]) == ["one", "two"]
    assert lanes.claim(["one"]) == []
    assert lanes.claim(["two", "three"]) == ["three"]


def test_a_released_lane_is_free_again() -> None:
    lanes.claim(["one"])
    lanes.release(["one"])
    assert lanes.claim(["one"]) == ["one"]


def test_a_lease_that_ran_out_is_given_to_the_next() -> None:
    lanes.claim(["one"])
    Lane.objects.update(due=timezone.now())
    assert lanes.claim(["one"]) == ["one"]


def test_the_leases_of_dead_processes_end_at_once() -> None:
    lanes.claim(["alive", "dead"])
    mine = Lane.objects.get(name="dead").holder.split(":")
    dead = ":".join([mine[0], "4194305", "1", "0"])
    Lane.objects.filter(name="dead").update(holder=dead)
    assert lanes.free_the_dead() == 1
    assert lanes.claim(["alive", "dead"]) == ["dead"]


def test_a_reborn_process_number_is_not_its_ancestor() -> None:
    lanes.claim(["one"])
    host, pid, _, count = Lane.objects.get().holder.split(":")
    Lane.objects.update(holder=f"{host}:{pid}:1:{count}")
    assert lanes.free_the_dead() == 1


def test_a_paused_lane_rests_and_remembers_why() -> None:
    row("a")
    lanes.claim(["one"])
    lanes.pause("one", "answered 503", after=None)
    assert lanes.due(Received) == []
    lane = Lane.objects.get()
    assert (lane.failures, lane.note) == (1, "answered 503")
    assert lane.failing_since is not None


def test_a_pause_grows_up_to_its_limit() -> None:
    lanes.claim(["one"])
    pauses = []
    for _ in range(12):
        lanes.pause("one", "", after=None, calm=3600)
        pauses.append((Lane.objects.get().due - timezone.now()).total_seconds())
    assert pauses[0] < pauses[3] < pauses[6]
    assert max(pauses) <= 3600


def test_the_other_side_says_how_long_to_wait_within_reason() -> None:
    lanes.claim(["one"])
    lanes.pause("one", "", after=120)
    assert 110 < (Lane.objects.get().due - timezone.now()).total_seconds() <= 120
    lanes.pause("one", "", after=10**9, calm=30)
    assert (Lane.objects.get().due - timezone.now()).total_seconds() <= 30


def test_whoever_speaks_to_us_is_no_longer_waited_for() -> None:
    row("a", lane="activitypub far.example")
    lanes.claim(["activitypub far.example"])
    lanes.pause("activitypub far.example", "", after=3000)
    lanes.wake("activitypub far.example")
    assert lanes.due(Received) == ["activitypub far.example"]


def test_a_held_lane_is_not_woken_under_its_holder() -> None:
    lanes.claim(["one"])
    Lane.objects.update(failures=3)
    lanes.wake("one")
    assert lanes.claim(["one"]) == []


def test_rows_come_in_order_and_only_those_that_wait() -> None:
    row("a")
    row("b", state="done")
    row("c")
    row("d", lane="two")
    assert {k: names(v) for k, v in lanes.waiting(Received, ["one", "two"]).items()} == {
        "one": ["a", "c"],
        "two": ["d"],
    }


def test_nothing_overtakes_a_row_about_the_same_subject() -> None:
    row("create", subject="post", due=later())
    row("other", subject="another")
    row("update", subject="post")
    row("free")
    row("free too", due=later())
    row("free three")
    found = lanes.waiting(Received, ["one"])["one"]
    assert "update" not in names(found)
    assert "other" in names(found)


def test_a_row_without_a_subject_that_waits_holds_up_nobody() -> None:
    row("late", due=later())
    row("next")
    assert names(lanes.waiting(Received, ["one"])["one"]) == ["next"]


def test_only_free_lanes_with_due_rows_are_due() -> None:
    row("a", lane="held")
    lanes.claim(["held"])
    row("b", lane="later", due=later())
    row("c", lane="done", state="done")
    row("d", lane="now")
    assert lanes.due(Received) == ["now"]


def test_only_lanes_that_nobody_drains_are_idle() -> None:
    lanes.claim(["held", "free"])
    lanes.release(["free"])
    assert lanes.idle(["held", "free", "new"]) == ["free", "new"]
