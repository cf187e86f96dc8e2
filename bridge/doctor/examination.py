"""All questions on one page, in the order in which their answers depend on each other."""

import logging
from collections.abc import Callable, Iterator

from bridge.doctor import homeserver, machine, public, work
from bridge.doctor.findings import Finding, fail, warn

log = logging.getLogger("ownroom.doctor")
Question = Callable[[], Finding]

# name: the question, and what must be well before it can be asked
QUESTIONS: dict[str, tuple[Question, tuple[str, ...]]] = {
    "settings": (machine.right_settings, ()),
    "secret": (machine.secret, ()),
    "data": (machine.data_folder, ()),
    "database": (machine.database, ()),
    "redis": (machine.redis, ()),
    "homeserver": (homeserver.answers, ("settings",)),
    "registration": (homeserver.registered, ("settings",)),
    "token": (homeserver.token, ("homeserver", "registration")),
    "ping": (homeserver.ping, ("token",)),
    "clock": (homeserver.clock, ("homeserver",)),
    "webfinger": (public.webfinger, ("settings", "database")),
    "actor": (public.actor, ("settings", "database")),
    "files": (public.files, ("settings", "database")),
    "scheduler": (work.scheduler, ("database",)),
    "backlog": (work.backlog, ("database",)),
}


def examine() -> Iterator[tuple[str, Finding]]:
    ill: set[str] = set()
    for name, (ask, needs) in QUESTIONS.items():
        missing = [need for need in needs if need in ill]
        finding = _untold(missing[0]) if missing else _answer(ask)
        if finding.state == "fail" or missing:
            ill.add(name)
        yield name, finding


def _untold(need: str) -> Finding:
    return warn(f"not asked, because {need} is not well", f"Cure {need} first.")


def _answer(ask: Question) -> Finding:
    try:
        return ask()
    except Exception as error:  # a doctor who falls ill helps nobody
        log.debug("the question failed", exc_info=True)
        text = f"our own error: {type(error).__name__}: {error}"[:300]
        return fail(text, "Please report it, with what stands above.")
