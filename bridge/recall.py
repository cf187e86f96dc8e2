"""Conversations read on: what was said in them elsewhere, put where the rest of them stands."""

from datetime import timedelta

from django.utils import timezone

from bridge import errands, processing
from bridge.activitypub import threads
from bridge.models import Errand
from social import conversations
from social.models import Post

HOUR = 3600.0
AGAIN = (2 * HOUR, 12 * HOUR)  # after the first time and the second; then only when asked
FIRST = timedelta(minutes=15)  # after a post came: before that nobody has answered
YOUNG = timedelta(hours=24)  # later than that, only where somebody still answers
MANY = 200  # conversations begun at a time


def read_on(errand: Errand) -> float | None:
    """One visit; answers in how many seconds to come again."""
    begun = Post.objects.select_related("author").filter(uri=errand.about).first()
    if begun is None or not conversations.concerns_us(begun):
        return None
    now = timezone.now()
    processing.recall(threads.rest(begun, at=int(now.timestamp() * 1000)))
    young = begun.published > (now - 2 * YOUNG).timestamp() * 1000
    return AGAIN[errand.times] if young and errand.times < len(AGAIN) else None


def plan() -> None:
    """What was begun lately by those whom somebody here follows is looked after once or twice."""
    now = timezone.now()
    since, until = (int((now - ago).timestamp() * 1000) for ago in (YOUNG, FIRST))
    known = Errand.objects.filter(kind=Errand.Kind.CONVERSATION).values("about")
    begun = conversations.begun_by_followed(since, until).exclude(uri__in=known)
    errands.put_new(Errand.Kind.CONVERSATION, list(begun.values_list("uri", flat=True)[:MANY]))
