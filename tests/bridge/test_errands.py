"""Errands: done once for many who ask, never lost, put off where nobody answers."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from bridge import bans, errands, lanes, rounds
from bridge.errors import Gone, Later
from bridge.models import Errand
from social.measures import Expel
from social.models import Block
from tests.social.web.cast import local, remote

pytestmark = pytest.mark.django_db
ABOUT = "https://far.example/posts/1"


def seconds(errand: Errand) -> float:
    assert errand.due
    return (errand.due - timezone.now()).total_seconds()


def only() -> Errand:
    return Errand.objects.get()


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What the next runs come to: an error, or when to come again."""
    outcomes: list[Any] = []

    def run(errand: Errand) -> float | None:
        found = outcomes.pop(0)
        if isinstance(found, BaseException):
            raise found
        return found() if callable(found) else found

    monkeypatch.setitem(rounds.RUNS, "conversation", run)
    return outcomes


def test_whoever_asks_first_says_when_and_nobody_later_puts_it_off() -> None:
    errands.put("profile", ABOUT, after=30)
    errands.put("profile", ABOUT, after=500)
    assert 25 < seconds(only()) <= 30
    errands.put("profile", ABOUT, after=5)
    assert seconds(only()) <= 5


def test_what_was_done_is_left_alone_for_a_while(runs: list[Any]) -> None:
    errands.put("conversation", ABOUT)
    runs.append(None)
    (lane,) = errands.due()
    rounds.drain(lane)
    assert only().due is None
    assert only().times == 1
    errands.put("conversation", ABOUT)
    assert 880 < seconds(only()) <= 900


def test_what_is_asked_for_while_it_is_done_is_done_again(runs: list[Any]) -> None:
    errands.put("profile", ABOUT)
    Errand.objects.update(kind="conversation")
    (errand,) = errands.waiting(only().lane)

    def asked_meanwhile() -> None:
        Errand.objects.update(due=timezone.now() + timedelta(seconds=7))

    runs.append(asked_meanwhile)
    rounds.run(errand)
    assert seconds(only()) <= 7


def test_a_host_in_trouble_is_asked_some_times_and_then_left(runs: list[Any]) -> None:
    errands.put("conversation", ABOUT)
    runs += [Later("busy", after=77), *[Later("busy")] * 4]
    rounds.run(only())
    assert 70 < seconds(only()) <= 77
    for _ in range(errands.TRIES - 1):
        rounds.run(only())
    assert only().due is None
    assert only().note == "busy"
    errands.put("conversation", ABOUT)  # until somebody asks anew
    assert only().due


def test_what_will_never_work_is_done(runs: list[Any]) -> None:
    errands.put("conversation", ABOUT)
    runs.append(Gone("its origin answers 410"))
    rounds.run(only())
    assert (only().due, only().note) == (None, "its origin answers 410")


def test_an_error_of_ours_stops_nobody_else(runs: list[Any]) -> None:
    errands.put("conversation", ABOUT)
    errands.put("conversation", ABOUT + "/2")
    runs += [ValueError("ours"), None]
    (lane,) = errands.due()
    rounds.drain(lane)
    assert not runs
    assert Errand.objects.filter(failures=1, note="our own error: ValueError").count() == 1


def test_a_lane_that_somebody_else_works_on_is_left_alone(runs: list[Any]) -> None:
    errands.put("conversation", ABOUT)
    (lane,) = errands.due()
    assert lanes.Holder().claim([lane])
    assert errands.due() == []
    rounds.drain(lane)
    assert only().times == 0


def test_who_dies_over_it_leaves_it_to_be_done(runs: list[Any]) -> None:
    errands.put("conversation", ABOUT)
    runs.append(KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        rounds.run(only())
    assert only().due
    assert only().times == 0


def test_what_asks_strangers_waits_for_one_host_and_what_asks_nobody_for_none() -> None:
    hosts = [f"https://host{number}.example" for number in range(20)]
    for host in hosts:
        errands.put("conversation", f"{host}/a")
        errands.put("links", f"{host}/a")
        errands.put("profile", f"{host}/a")
    rows = Errand.objects.all()
    assert set(rows.filter(kind="profile").values_list("lane", flat=True)) == {"errands here"}
    asking = rows.exclude(kind="profile")
    assert asking.values("lane").distinct().count() == errands.SLOTS
    for host in hosts:
        assert asking.filter(about__startswith=f"{host}/").values("lane").distinct().count() == 1


def test_what_was_done_long_ago_is_forgotten_and_what_is_meant_is_not() -> None:
    now = timezone.now()
    for about, due, done in (
        ("a", None, now),
        ("b", None, now - timedelta(days=9)),
        ("c", now, None),
    ):
        errands.put("links", about)
        Errand.objects.filter(about=about).update(due=due, done=done)
    assert errands.prune(now - timedelta(days=7)) == 1
    assert set(Errand.objects.values_list("about", flat=True)) == {"a", "c"}


def test_what_no_row_can_hold_whole_is_not_meant_at_all() -> None:
    long = f"{ABOUT}/{'x' * errands.LONGEST}"
    errands.put("conversation", long)
    errands.put_new("conversation", [long, ABOUT])
    errands.drop("conversation", long)
    assert only().about == ABOUT


def test_the_end_of_a_ban_lets_in_whom_it_is_about_however_long_their_address_is() -> None:
    rafts = local("rafts", kind="group")
    far = f"https://far.example/{'x' * 2000}"
    who = [remote(f"who{number}", uri=f"{far}/{number}") for number in (1, 2)]
    soon = int((timezone.now() + timedelta(days=2)).timestamp() * 1000)
    for number, one in enumerate(who):
        Block.objects.create(author=rafts, target=one, uri=f"{rafts.uri}#{number}", at=number)
        expel = Expel(author=rafts.uri, target=one.uri, group=rafts.uri, uri="u", at=1, until=soon)
        bans.expire(expel)
    ends = [bans.ending(errand) for errand in Errand.objects.order_by("pk")]
    assert [end.undone.target for end in ends] == [one.uri for one in who]
