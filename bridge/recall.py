"""Conversations read on: what was said in them elsewhere, put where the rest of them stands. And
what somebody wrote before, whose room here is empty.
"""

import time
from collections import Counter
from collections.abc import Collection
from datetime import timedelta

from django.db.models import Q
from django.utils import timezone

from bridge import enacting, errands, names
from bridge.activitypub import actors, threads
from bridge.activitypub.network import written_before
from bridge.models import Anchor, Errand, Room
from social import conversations, policy
from social.models import Post

HOUR = 3600.0
AGAIN = (2 * HOUR, 12 * HOUR)  # after the first time and the second; then only when asked
FIRST = timedelta(minutes=15)  # after a post came: before that nobody has answered
YOUNG = timedelta(hours=24)  # later than that, only where somebody still answers
MANY = 200  # conversations begun at a time
SEEN = timedelta(hours=1)  # between two visits because somebody looks at a page
OF_ONE_HOST, OF_ALL = (
    10,
    100,
)  # such visits in that time: whoever looks at all pages aims us at nobody


def read_on(errand: Errand) -> float | None:
    """One visit; answers in how many seconds to come again."""
    begun = Post.objects.select_related("author").filter(uri=errand.about).first()
    if begun is None or not conversations.concerns_us(begun):
        return None
    now = timezone.now()
    enacting.recall(begun.uri, threads.rest(begun, at=int(now.timestamp() * 1000)))
    young = begun.published > (now - 2 * YOUNG).timestamp() * 1000
    return AGAIN[errand.times] if young and errand.times < len(AGAIN) else None


def fill(errand: Errand) -> None:
    """What somebody wrote before they were followed, while nothing of it stands in their room."""
    stands = Anchor.objects.filter(room__kind=Room.Kind.MIRROR, room__actor__uri=errand.about)
    followed = conversations.followed().filter(uri=errand.about)
    if stands.exists() or not followed.exists():
        return
    author = actors.fetch(errand.about)  # a server in trouble is asked again
    at, deadline = int(timezone.now().timestamp() * 1000), time.monotonic() + threads.READING
    enacting.fill(author.uri, written_before(author, at, deadline))


def plan() -> None:
    """What was begun lately by those whom somebody here follows is looked after once or twice."""
    now = timezone.now()
    since, until = (int((now - ago).timestamp() * 1000) for ago in (YOUNG, FIRST))
    known = Errand.objects.filter(kind=Errand.Kind.CONVERSATION).values("about")
    begun = conversations.begun_by_followed(since, until).exclude(uri__in=known)
    errands.put_new(Errand.Kind.CONVERSATION, list(begun.values_list("uri", flat=True)[:MANY]))


def seen(uris: Collection[str]) -> None:
    """Somebody looked at pages on which these stand. Nobody outside decides how much we ask: what
    was read lately is not read again, and no server is asked more often than so many times.
    """
    now, kind = timezone.now(), Errand.objects.filter(kind=Errand.Kind.CONVERSATION)
    soon = kind.filter(about__in=uris).filter(Q(done__gt=now - SEEN) | Q(due__isnull=False))
    known = set(soon.values_list("about", flat=True))
    lately = kind.filter(Q(done__gt=now - SEEN) | Q(due__lte=now)).values_list("about", flat=True)
    asked = Counter(map(names.host_of, lately))
    for uri in sorted(set(uris) - known):
        host = names.host_of(uri)
        if asked[host] < OF_ONE_HOST and asked.total() < OF_ALL and not policy.host_refused(host):
            asked[host] += 1
            errands.put(Errand.Kind.CONVERSATION, uri)
