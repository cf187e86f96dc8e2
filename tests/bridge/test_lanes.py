"""Who may drain what, and when: leases, back-off, order."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from bridge import lanes
from bridge.lanes import Holder
from bridge.models import Lane, Received
from social.models import Delivery

pytestmark = pytest.mark.django_db


def row(name: str, lane: str = "one", **values: Any) -> Received:
    return Received.objects.create(network="matrix", key=name, lane=lane, body="{}", **values)


def names(rows: list[Received]) -> list[str]:
    return [one.key for one in rows]


def later(seconds: float = 60) -> Any:
    return timezone.now() + timedelta(seconds=seconds)


def rest(name: str, reason: str = "", *, after: float | None = None, calm: float = 3600) -> None:
    """A holder finds the other side in trouble."""
    mine = Holder()
    assert mine.claim([name]) == [name]
    mine.pause(name, reason, after=after, calm=calm)


def test_a_held_lane_is_given_to_nobody_else() -> None:
    assert Holder().claim(["one", "two"]) == ["one", "two"]
    assert Holder().claim(["one"]) == []
    assert Holder().claim(["two", "three"]) == ["three"]


def test_a_released_lane_is_free_again() -> None:
    mine = Holder()
    mine.claim(["one"])
    mine.release(["one"])
    assert Holder().claim(["one"]) == ["one"]


def test_a_lease_that_ran_out_is_given_to_the_next() -> None:
    Holder().claim(["one"])
    Lane.objects.update(due=timezone.now())
    assert Holder().claim(["one"]) == ["one"]


def test_whoever_lost_a_lease_frees_and_keeps_nobody_elses() -> None:
    late, next_ = Holder(), Holder()
    late.claim(["one"])
    assert late.renew(["one"])
    Lane.objects.update(due=timezone.now())
    next_.claim(["one"])
    held = Lane.objects.values().get()
    late.pause("one", "trouble", after=None)
    late.forgive("one")
    late.release(["one"])
    assert not late.renew(["one"])
    assert Lane.objects.values().get() == held
    assert next_.renew(["one"])


def test_the_leases_of_dead_processes_end_at_once() -> None:
    Holder().claim(["alive", "dead"])
    mine = Lane.objects.get(name="dead").holder.split(":")
    dead = ":".join([mine[0], "4194305", "1", "0"])
    Lane.objects.filter(name="dead").update(holder=dead)
    assert lanes.free_the_dead() == 1
    assert Holder().claim(["alive", "dead"]) == ["dead"]


def test_a_reborn_process_number_is_not_its_ancestor() -> None:
    Holder().claim(["one"])
    host, pid, _, count = Lane.objects.get().holder.split(":")
    Lane.objects.update(holder=f"{host}:{pid}:1:{count}")
    assert lanes.free_the_dead() == 1


def test_a_paused_lane_rests_and_remembers_why() -> None:
    row("a")
    rest("one", "answered 503")
    assert lanes.due(Received) == []
    lane = Lane.objects.get()
    assert (lane.failures, lane.note) == (1, "answered 503")
    assert lane.failing_since is not None


def test_a_pause_grows_up_to_its_limit() -> None:
    pauses = []
    for _ in range(12):
        Lane.objects.update(due=timezone.now())
        rest("one", calm=3600)
        pauses.append((Lane.objects.get().due - timezone.now()).total_seconds())
    assert pauses[0] < pauses[3] < pauses[6]
    assert max(pauses) <= 3600


def test_the_other_side_says_how_long_to_wait_within_reason() -> None:
    rest("one", after=120)
    assert 110 < (Lane.objects.get().due - timezone.now()).total_seconds() <= 120
    Lane.objects.update(due=timezone.now())
    rest("one", after=10**9, calm=30)
    assert (Lane.objects.get().due - timezone.now()).total_seconds() <= 30


def test_whoever_speaks_to_us_is_no_longer_waited_for() -> None:
    row("a", lane="activitypub far.example")
    row("b", lane="activitypub far.example.net")
    rest("activitypub far.example")
    rest("activitypub far.example.net")
    lanes.wake(["activitypub far.example"])
    assert lanes.due(Received) == ["activitypub far.example"]


def test_a_whole_network_is_there_again() -> None:
    row("a", lane="matrix one")
    row("b", lane="matrix two")
    row("c", lane="other three")
    for name in ("matrix one", "matrix two", "other three"):
        rest(name)
    lanes.wake_all("matrix")
    assert lanes.due(Received) == ["matrix one", "matrix two"]


def test_whoever_said_how_long_to_wait_is_waited_for() -> None:
    row("a")
    rest("one", after=3000)
    lanes.wake(["one"])
    assert lanes.due(Received) == []
    Lane.objects.update(due=timezone.now())
    rest("one")
    lanes.wake(["one"])
    assert lanes.due(Received) == ["one"]


def test_a_held_lane_is_not_woken_under_its_holder() -> None:
    Holder().claim(["one"])
    Lane.objects.update(failures=3)
    lanes.wake(["one"])
    assert Holder().claim(["one"]) == []


def test_rows_come_in_order_and_only_those_that_wait() -> None:
    row("a")
    row("b", state="done")
    row("c")
    row("d", lane="two")
    assert {k: names(v) for k, v in lanes.waiting(Received, ["one", "two"]).items()} == {
        "one": ["a", "c"],
        "two": ["d"],
    }


def told(to: str, subject: str = "", **values: Any) -> Delivery:
    named: dict[str, Any] = {"network": "activitypub", "lane": "one", "sender": "s"} | values
    return Delivery.objects.create(to=to, subject=subject, **named)


def going(*names: str) -> dict[str, list[str]]:
    found = lanes.waiting(Delivery, names or ["one"])
    return {name: [row.to for row in rows] for name, rows in found.items()}


def test_nothing_overtakes_a_row_about_the_same_subject() -> None:
    told("create", "post", due=later())
    told("other", "another")
    told("update", "post")
    told("elsewhere", "post", lane="two")
    assert going("one", "two") == {"one": ["other"], "two": ["elsewhere"]}
    assert sorted(lanes.remaining(Delivery, ["one", "two"])) == ["one", "two"]
    Delivery.objects.filter(to="other").delete()
    assert lanes.remaining(Delivery, ["one", "two"]) == ["two"]
    assert lanes.due(Delivery) == ["two"]


def test_a_row_without_a_subject_that_waits_holds_up_nobody() -> None:
    told("late", due=later())
    told("next")
    assert going() == {"one": ["next"]}
    row("late", due=later())
    row("next")
    assert names(lanes.waiting(Received, ["one"])["one"]) == ["next"]


def test_however_many_wait_the_next_one_is_seen() -> None:
    many = range(lanes.PARCEL + 1)
    for number in many:
        told("late", f"post {number}", due=later())
    for _ in many:
        told("behind", "post 0")
    told("next", "another")
    assert going() == {"one": ["next"]}


def test_of_very_many_lanes_each_has_its_turn() -> None:
    for number in range(6):
        row(str(number), lane=f"lane {number}")
    seen = set[str]()
    while len(seen) < 6:  # by lot, so this ends
        some = lanes.due(Received, limit=2)
        assert len(some) == 2
        seen.update(some)


def test_only_free_lanes_with_due_rows_are_due() -> None:
    row("a", lane="held")
    Holder().claim(["held"])
    row("b", lane="later", due=later())
    row("c", lane="done", state="done")
    row("d", lane="now")
    assert lanes.due(Received) == ["now"]


def test_only_lanes_that_nobody_drains_are_idle() -> None:
    mine = Holder()
    mine.claim(["held", "free"])
    mine.release(["free"])
    assert lanes.idle(["held", "free", "new"]) == ["free", "new"]
