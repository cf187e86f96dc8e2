"""Posts asked for at their own address: how long one that could not be had is left alone."""

import time

import pytest

from bridge.activitypub import fetched
from bridge.activitypub.actors import Absent
from bridge.errors import Busy, Forbidden, Gone, Trouble, Unreadable

LOST = "https://far.example/notes/lost"


@pytest.mark.parametrize(
    ("error", "seconds"),
    [
        (Busy("answered 503"), 60),
        (Unreadable("not JSON"), 3_600),
        (Forbidden("the post is not public"), 3_600),
        (Absent("its origin answers 404"), 86_400),
        (Gone("its origin answers 410"), 86_400),
    ],
)
def test_the_plainer_the_no_the_longer_nobody_asks_again(
    error: Trouble, seconds: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = time.time()
    fetched.miss(LOST, error)
    for later, known in ((seconds - 5, True), (seconds + 5, False)):
        with monkeypatch.context() as clock:
            clock.setattr(time, "time", lambda at=now + later: at)
            assert fetched.missed(LOST) is known
