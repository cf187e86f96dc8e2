"""What came over a wire is stored once."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connections

from bridge.inbox import Arrival, receive
from bridge.models import Received

HALF = "\ud800"  # of a character: no database takes it

pytestmark = pytest.mark.django_db


def arrival(key: str, body: str = "{}") -> Arrival:
    return Arrival(key=key, lane="from test", body=body)


def test_a_key_is_stored_once_and_its_first_body_stays() -> None:
    receive("matrix", [arrival("a", "first"), arrival("b")])
    receive("matrix", [arrival("a", "second"), arrival("c")])
    assert [row.key for row in Received.objects.order_by("id")] == ["a", "b", "c"]
    assert Received.objects.get(key="a").body == "first"


def test_a_key_twice_in_one_go_is_stored_once() -> None:
    receive("matrix", [arrival("a"), arrival("a")])
    assert Received.objects.count() == 1


def test_networks_do_not_share_keys() -> None:
    receive("matrix", [arrival("a")])
    receive("activitypub", [arrival("a")])
    assert Received.objects.count() == 2


def test_nothing_is_nothing() -> None:
    receive("matrix", [])
    assert not Received.objects.exists()


def _brought(key: str) -> bool:
    """By a thread of its own, with its own connection."""
    try:
        receive("matrix", [arrival(key)])
    except UnicodeEncodeError:
        return False
    else:
        return True
    finally:
        connections.close_all()


@pytest.mark.django_db(transaction=True)
def test_what_comes_at_the_same_moment_is_stored_and_nobody_pays_for_another() -> None:
    keys = [f"k{n}" if n % 4 else f"{n}{HALF}" for n in range(40)]
    with ThreadPoolExecutor(8) as threads:
        taken = list(threads.map(_brought, keys))
    assert taken == [HALF not in key for key in keys]
    stored = Received.objects.values_list("key", flat=True)
    assert sorted(stored) == sorted(key for key in keys if HALF not in key)
