"""Whether the pages that a profile names lead back to it: microformats' rel=me.

A page is a stranger's HTML: fetched like anything else of theirs, read for its links only.
"""

import time

from django.conf import settings
from django.utils import timezone

from bridge import errands, html_tree, http, names, turns
from bridge.errors import Trouble
from bridge.models import Errand
from social import backlinks, policy
from social.models import Actor

ACCEPT = "text/html, application/xhtml+xml"
TYPES = frozenset({"text/html", "application/xhtml+xml"})
WHOLE = 8.0  # seconds for one page
READING = 25.0  # and for all of one profile
WEEK = 7 * 86_400.0
DAY = 86_400.0


def check(errand: Errand) -> float | None:
    """All pages that an actor here names; answers when to look again."""
    actor = Actor.objects.local().shown().filter(uri=errand.about).first()
    if actor is None:
        return None
    homes = {actor.url, actor.uri} - {""}
    deadline = time.monotonic() + READING
    found = {url: _leads_back(url, homes, deadline) for url in backlinks.wanted(actor)}
    with turns.writing():
        backlinks.record(actor, found, int(timezone.now().timestamp() * 1000))
    if not found:
        return None
    return DAY if None in found.values() else WEEK


def plan() -> None:
    """After a rebuild nobody knows when the pages were looked at last."""
    asked = Errand.objects.filter(kind=Errand.Kind.LINKS, due__isnull=False).values("about")
    for actor in Actor.objects.local().shown().exclude(fields=[]).exclude(uri__in=asked):
        if backlinks.wanted(actor):
            errands.put(Errand.Kind.LINKS, actor.uri)


def _leads_back(url: str, homes: set[str], deadline: float) -> bool | None:
    """None where it cannot be told now."""
    host = names.host_of(url)
    if not host or host == settings.OWNROOM_DOMAIN or policy.host_refused(host):
        return False
    left = deadline - time.monotonic()
    if left <= 0:
        return None
    try:
        answer = http.get(url, accept=ACCEPT, total=min(WHOLE, left))
    except http.Refused:
        return False
    except Trouble:
        return None
    if answer.status != 200:
        return False if answer.status in {404, 410} else None
    kind = answer.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    return kind in TYPES and names_one_of(answer.body.decode("utf-8", "replace"), homes)


def names_one_of(page: str, homes: set[str]) -> bool:
    """Whether a link of the page says "this is me" of one of these addresses."""
    wanted = {_plain(home) for home in homes}
    return any(
        "me" in link.get("rel", "").lower().split() and _plain(link.get("href", "")) in wanted
        for link in html_tree.links(page)
    )


def _plain(address: str) -> str:
    """As far as two spellings are the same: the host's case, and a slash at the end."""
    address = address.strip()
    origin = names.origin_of(address)
    path = address.split("//", 1)[-1].partition("/")[2].split("#", 1)[0].rstrip("/")
    return f"{origin}/{path}" if origin else ""
