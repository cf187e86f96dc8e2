"""Runs errands: a lane's one after another, each bounded by itself, none on the line of a row."""

import logging
import time
from collections.abc import Callable

from bridge import (
    consents,
    enacting,
    errands,
    following,
    lanes,
    links,
    pace,
    recall,
    turns,
    wordless,
)
from bridge.activitypub import renewal
from bridge.errors import Later, Trouble
from bridge.models import Errand
from social import actions, once

log = logging.getLogger("ownroom.errands")
# What each does; it answers in how many seconds it wants to be done again, or None.
RUNS: dict[str, Callable[[Errand], float | None]] = {
    Errand.Kind.QUOTE: consents.look,
    Errand.Kind.POST: wordless.ask,
    Errand.Kind.PAST: recall.fill,
    Errand.Kind.PROFILE: enacting.tell_profile,
    Errand.Kind.CONVERSATION: recall.read_on,
    Errand.Kind.FOLLOWERS: following.compare,
    Errand.Kind.LINKS: links.check,
    Errand.Kind.BAN: enacting.end_ban,
    Errand.Kind.ACTOR: renewal.look,
    Errand.Kind.NAMED: renewal.meet,
}


def drain(lane: str) -> None:
    """What is due in one lane; another holder's lane is left alone."""
    holder = lanes.Holder()
    if not holder.claim([lane]):
        return
    try:
        held = time.monotonic()
        for errand in errands.waiting(lane):
            if time.monotonic() - held > lanes.LEASE.total_seconds() / 4:
                held = time.monotonic()
                if not holder.renew([lane]):
                    return  # somebody else goes on with it
            run(errand)
    finally:
        holder.release([lane])


def run(errand: Errand) -> None:
    try:
        with turns.working(), once.remembered(), pace.unhurried():
            again = RUNS[errand.kind](errand)
    except Later as error:
        errands.put_off(errand, str(error), error.after)
    except (Trouble, actions.Refused) as error:
        errands.finish(errand, note=str(error))
    except Exception as error:  # the task boundary: one odd errand must not stop the others
        log.exception("errand %s failed", errand.pk)
        errands.put_off(errand, f"our own error: {type(error).__name__}", None)
    else:
        errands.finish(errand, again=again)
