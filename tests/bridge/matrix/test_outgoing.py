"""What goes into rooms: under which transaction a homeserver knows a second try for the first."""

from bridge.matrix.outgoing import transaction_id
from social.models import Delivery

ROOM, GHOST = "!mirror:hs.test", "@_ap_bob=40far.example:hs.test"


def row(**values: object) -> Delivery:
    told = {"to": "event mirror u", "subject": "s", "act": {"act": "Leave", "at": 1}}
    return Delivery(**{**told, **values})


def test_each_try_of_the_same_has_one_transaction_and_whatever_differs_another() -> None:
    """Synapse remembers it for the whole application service: another ghost with the same one would
    get the first one's event, and say nothing.
    """
    first = transaction_id(row(), ROOM, GHOST)
    assert transaction_id(row(pk=9, tries=3), ROOM, GHOST) == first
    others = {
        transaction_id(row(), ROOM, "@_ap_lena=40far.example:hs.test"),
        transaction_id(row(), "!other:hs.test", GHOST),
        transaction_id(row(to="tally mirror u"), ROOM, GHOST),
        transaction_id(row(subject="t"), ROOM, GHOST),
        transaction_id(row(act={"act": "Leave", "at": 2}), ROOM, GHOST),
    }
    assert len(others - {first}) == 5
