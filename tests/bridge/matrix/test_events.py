"""Which events are stored, and how: only whole ones, not our own, each as it came."""

from typing import Any

import pytest
import yaml
from django.conf import settings

from bridge.matrix import events
from bridge.matrix.registration import BOT
from bridge.models import Received
from tests.bridge.matrix.cast import event_id, message, text
from tests.fakes.homeserver import OURS, THEIRS

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _registered() -> None:
    told = {"id": "ownroom", "as_token": OURS, "hs_token": THEIRS, "sender_localpart": BOT}
    settings.OWNROOM_REGISTRATION.write_text(yaml.safe_dump(told))


def said(name: str, content: Any = None, **changed: Any) -> dict[str, Any]:
    return message(content or text(name), event_id=event_id(name), **changed)


@pytest.mark.parametrize(
    "odd",
    [
        said("big", text("x" * 300_000)),
        said("nul", text("a\0b")),
        said("sender", sender="nobody"),
        said("room", room_id="room"),
        said("ledger") | {"type": "social.ownroom.ledger"},
        said("receipt") | {"type": "social.ownroom.receipt"},
        said("ghost", sender="@_ap_bob=40far.example:hs.test"),
    ],
    ids=lambda odd: odd["event_id"],
)
def test_what_can_never_be_an_act_is_not_stored(odd: dict[str, Any]) -> None:
    events.receive([odd, said("good")])
    assert [row.key for row in Received.objects.all()] == [event_id("good")]


def test_the_order_of_a_room_is_kept_in_its_lane() -> None:
    events.receive([said("one"), said("two"), said("far", room_id="!other:hs.test")])
    rows = Received.objects.order_by("id")
    assert [row.lane for row in rows] == [
        "from matrix !profile:hs.test",
        "from matrix !profile:hs.test",
        "from matrix !other:hs.test",
    ]


def test_the_age_of_an_event_is_not_part_of_it() -> None:
    events.receive([said("one", age=5)])
    assert '"age"' not in Received.objects.get().body
