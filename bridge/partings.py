"""Who parts from somebody sees nothing of them from then on, whichever process works on it.

Answers are remembered for up to a second (social/once.py). So whatever keeps somebody away, or ends
a relation, raises a number in its own transaction; who records something looks at the number first,
in theirs. Where it is another than before, nothing is remembered any more.
"""

from django.db.models import F

from bridge.models import Parting
from social import once
from social.acts import Act, Block, BlockHost, Follow, Leave, Mute, Reject, Undo
from social.measures import Expel

_KEY = ("parted",)


def parts(act: Act) -> bool:
    match act:
        case Block() | BlockHost() | Mute() | Reject() | Leave() | Expel():
            return True
        case Undo(undone=Block() | BlockHost() | Mute() | Follow() | Expel()):
            return True
        case _:
            return False


def note() -> None:
    """Inside the transaction that records it."""
    if not Parting.objects.filter(pk=1).update(number=F("number") + 1):
        Parting.objects.get_or_create(pk=1, defaults={"number": 1})
    once.forget()


def look() -> None:
    """Before anything is asked: what is remembered from here on is known to be of this number."""
    if once.known(_KEY) is None:
        heed()


def heed() -> None:
    """At the beginning of a transaction."""
    number = Parting.objects.filter(pk=1).values_list("number", flat=True).first() or 0
    if once.known(_KEY) != number:
        once.forget()
        once.know(_KEY, number)
