"""What was meant to be done later is in no room: after a loss it is meant again, as far as rooms
show that it was not done. So much at a time, and nothing twice.

Ends of bans come with the ledger, words of posts with what repeats them, and by themselves what is
looked at again now and then: pages, lists of followers, somebody's profile.
"""

from datetime import timedelta

from django.conf import settings
from django.db.models import Exists, OuterRef
from django.utils import timezone

from bridge import enacting, errands, names, turns
from bridge.models import Anchor, Errand, Room
from social import conversations, quoting, replay

MANY = 200  # of each
TOPICS = 20  # of one group
LATELY = timedelta(hours=24)


def mean_again() -> None:
    now = timezone.now()
    _named()
    since = int((now - LATELY).timestamp() * 1000)
    _pasts()
    _conversations(since)
    errands.put_new(Errand.Kind.QUOTE, [post.uri for post in quoting.unproven(since)[:MANY]])


def _named() -> None:
    """Who could read what a post here says, though they never answered. All of them: they are told
    of what becomes of it.
    """
    with turns.writing():
        strangers = replay.readdress()
    here = settings.OWNROOM_ORIGIN
    wanted = [uri for uri in sorted(strangers) if not names.same_origin(uri, here)]
    errands.put_new(Errand.Kind.NAMED, wanted)


def _pasts() -> None:
    """Of whom somebody here follows and whose room is empty, or not there."""
    stands = Anchor.objects.filter(room__kind=Room.Kind.MIRROR, room__actor=OuterRef("pk"))
    followed = conversations.followed().filter(~Exists(stands)).order_by("-pk")
    errands.put_new(Errand.Kind.PAST, list(followed.values_list("uri", flat=True)[:MANY]))


def _conversations(since: int) -> None:
    """Below topics of groups of which no answer is here; and where somebody answered lately."""
    answers = conversations.answers_since(since)[:MANY]
    wanted = [uri for post in answers if (uri := conversations.top(post.reply))]
    for group in conversations.followed().filter(kind="group").order_by("-pk")[:MANY]:
        wanted += conversations.unanswered(group)[:TOPICS]
    known = Errand.objects.filter(kind=Errand.Kind.CONVERSATION, about__in=wanted)
    asked = set(known.values_list("about", flat=True))
    for number, uri in enumerate([uri for uri in dict.fromkeys(wanted) if uri not in asked][:MANY]):
        after = enacting.SOON + number * enacting.APART
        errands.put(Errand.Kind.CONVERSATION, uri, after=after)
