"""A process killed between an answer and the database has left a note."""

import subprocess

import pytest

from bridge import answered, lanes
from social.models import Delivery

pytestmark = pytest.mark.django_db


def row() -> Delivery:
    return Delivery.objects.create(
        network="activitypub", lane="activitypub x.test", to="https://x.test/inbox", sender="a"
    )


def ended_process() -> str:
    """The name of a process that lived on this machine and is no more."""
    host = lanes.process().split(":")[0]
    with subprocess.Popen(["true"]) as child:
        child.wait()
    return f"{host}:{child.pid}:1"


def note(process: str, line: str) -> None:
    answered.folder().mkdir(exist_ok=True)
    (answered.folder() / process).write_text(line)


def line(noted: Delivery) -> str:
    return f"{noted.pk}@{noted.created.timestamp():.6f}\n"


def state(of: Delivery) -> str:
    of.refresh_from_db()
    return of.state


def test_a_row_of_another_database_with_the_same_number_is_left_alone() -> None:
    waiting = row()
    note(ended_process(), f"{waiting.pk}@1.000000\n")
    assert answered.recover() == 0
    assert state(waiting) == "waiting"


def test_the_notes_of_the_living_are_left_alone() -> None:
    waiting = row()
    note(lanes.process(), line(waiting))
    assert answered.recover() == 0
    assert state(waiting) == "waiting"
    (answered.folder() / lanes.process()).unlink()


def test_a_torn_note_says_nothing() -> None:
    waiting = row()
    note(ended_process(), line(waiting)[:-9] + "\nrubbish\n")
    assert answered.recover() == 0
    assert state(waiting) == "waiting"


def test_what_the_dead_had_sent_is_not_sent_again() -> None:
    sent, waiting = row(), row()
    dead = ended_process()
    note(dead, line(sent))
    assert answered.recover() == 1
    assert (state(sent), state(waiting)) == ("done", "waiting")
    assert not (answered.folder() / dead).exists()
