"""Pages that a profile here names in its fields, and whether they name it back (rel=me)."""

import re
from collections.abc import Mapping

from social.models import Actor, Backlink

_HREF = re.compile(r'<a [^<>]*?href="(https?://[^"<>\s]{1,2000})"', re.IGNORECASE)
PATIENCE = 30 * 24 * 3_600_000  # milliseconds for which a page may be away and still count


def named(value: str) -> str:
    """The one address that a field's value links to, or nothing."""
    found = _HREF.findall(value)
    return found[0].replace("&amp;", "&") if len(found) == 1 else ""


def wanted(actor: Actor) -> list[str]:
    found = (named(field.get("value", "")) for field in actor.fields)
    return list(dict.fromkeys(url for url in found if url))


def verified(actor: Actor) -> set[str]:
    """Those that led back when they were looked at last, of those that are named now."""
    now = wanted(actor)
    rows = Backlink.objects.filter(actor=actor, url__in=now) if now else Backlink.objects.none()
    return set(rows.values_list("url", flat=True))


def record(actor: Actor, found: Mapping[str, bool | None], at: int) -> None:
    """`found`: whether each leads back; None where nobody knows, since it did not answer."""
    leading = [url for url, leads in found.items() if leads]
    unsure = [url for url, leads in found.items() if leads is None]
    rows = Backlink.objects.filter(actor=actor)
    rows.exclude(url__in=[*leading, *unsure]).delete()
    rows.filter(url__in=unsure, verified__lt=at - PATIENCE).delete()
    for url in leading:
        Backlink.objects.update_or_create(actor=actor, url=url, defaults={"verified": at})
