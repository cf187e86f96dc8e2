"""Quotes looked at again: those whose right to quote nobody could look at when they came, and those
whose quoted post is not here (any more).
"""

from django.utils import timezone

from bridge import enacting, errands, turns
from bridge.activitypub import consents
from bridge.errors import Later
from bridge.models import Errand
from social import quoting
from social.models import Post

# Seconds from one try to the next, while somebody who is asked is away: a day and a half in all.
AGAIN = (300.0, 3600.0, 6 * 3600.0, 24 * 3600.0)
MANY = 50  # quotes looked for at a time


def look(errand: Errand) -> None:
    """One visit. What turns out to be a quote is shown as one, wherever the post stands."""
    rows = Post.objects.filter(uri=errand.about, deleted=None, author__owner=None)
    post = rows.exclude(quote="").select_related("author").first()
    if post is None or quoting.shown([post]):
        return
    now = int(timezone.now().timestamp() * 1000)
    try:
        found = consents.found(post, at=now)
        gone = not found and bool(post.stamp) and consents.is_gone(post)
    except Later as error:
        after = error.after or AGAIN[min(errand.failures, len(AGAIN) - 1)]
        raise Later(str(error), after=after) from None
    if found:
        enacting.consented(*found)
    elif gone:  # taken back or deleted while nothing was known of it here
        with turns.writing():
            enacting.carry_out(quoting.lapsed(post, now))


def plan() -> None:
    """What a room shows as a quote and the index knows nothing of: after a loss."""
    known = Errand.objects.filter(kind=Errand.Kind.QUOTE).values("about")
    lost = quoting.unseen().exclude(uri__in=known)
    errands.put_new(Errand.Kind.QUOTE, list(lost.values_list("uri", flat=True)[:MANY]))
