"""What must be told is stored with the change that made it, or not at all."""

import pytest
from django.db import transaction

from social import outbox
from social.models import Delivery

A, B = (outbox.Address(lane=f"lane {name}", to=f"https://{name}.example/inbox") for name in "ab")


def tell(*addresses: outbox.Address) -> None:
    said = {"act": "Leave", "author": "x", "at": 1}
    outbox.tell("activitypub", addresses, sender="x", subject="x", said=said, document="d")


@pytest.mark.django_db
def test_each_address_is_a_row_that_waits() -> None:
    tell(A, B)
    rows = Delivery.objects.order_by("id")
    assert [(row.lane, row.to, row.state) for row in rows] == [
        (A.lane, A.to, "waiting"),
        (B.lane, B.to, "waiting"),
    ]


@pytest.mark.django_db
def test_nobody_to_tell_is_nothing() -> None:
    tell()
    assert not Delivery.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_change_that_fails_tells_nobody() -> None:
    with transaction.atomic():
        tell(A)
        transaction.set_rollback(True)
    assert not Delivery.objects.exists()
