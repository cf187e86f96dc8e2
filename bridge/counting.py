"""What becomes due by itself: counts of polls that are told a while later, polls that close."""

import logging
import time
from contextlib import suppress

from bridge import documents, enacting, outage, turns
from social import actions, once, polls
from social.models import Post

log = logging.getLogger("ownroom.counting")


def tell_due() -> int:
    """Each in a transaction of its own, in which it can fail alone; whoever comes second finds
    nothing left of it.
    """
    at = int(time.time() * 1000)
    found = list(polls.due(at))
    for post in found:
        try:
            _tell_once(post, at)
        except Exception as error:  # the task boundary: one odd poll must not stop the others
            if outage.meets_all(error):
                raise
            log.exception("the poll of post %s cannot be told", post.pk)
            polls.put_off(post, at)
    return len(found)


def _tell_once(post: Post, at: int) -> None:
    with turns.writing(), once.remembered(), suppress(actions.Refused):
        if polls.take(post, at):
            _tell(post, at)


def _tell(post: Post, at: int) -> None:
    """With what it says now, and to those whom it is for now: it may have been edited since."""
    post = Post.objects.select_related("author").get(pk=post.pk)
    act = polls.tally(post, at)
    if post.author.is_local:
        enacting.carry_out(act)
        return
    # Its server said so before, or its time is over: here it is only passed on to the rooms.
    actions.record(act)
    enacting.tell(act, [], documents.text(post.uri))
