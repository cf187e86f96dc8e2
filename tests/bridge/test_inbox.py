"""What came over a wire is stored once."""

import pytest

from bridge.inbox import Arrival, receive
from bridge.models import Received

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
