"""Writes what is reported to the admins: by those here, and by other servers of those here.

A part of `actions.record`, which alone calls it: see there.
"""

from collections.abc import Collection

from django.db.models import Q, QuerySet

from social.acts import Report
from social.models import Actor, Post
from social.models import Report as ReportRow

WORDS = 5_000  # characters
THINGS = 50  # posts of one report that are named


def reported(about: Collection[str], author: Actor) -> QuerySet[Actor]:
    """Who is named, or wrote what is named. Of those elsewhere only people here complain."""
    found = Actor.objects.filter(Q(uri__in=about) | Q(posts__uri__in=about), left=None)
    found = found.exclude(pk=author.pk).exclude(kind="application")
    return (found if author.is_local else found.exclude(owner=None)).distinct()


def file(act: Report, author: Actor) -> bool:
    """One row for each who is reported; what is named and unknown here is left out."""
    changed = False
    for target in reported(act.about, author):
        things = Post.objects.filter(uri__in=act.about, author=target).order_by("uri")
        row, created = ReportRow.objects.get_or_create(
            uri=act.uri,
            target=target,
            defaults={
                "author": author,
                "about": list(things.values_list("uri", flat=True)[:THINGS]),
                "words": act.words[:WORDS],
                "at": act.at,
                "forwarded": act.forward,
            },
        )
        changed |= created
        if act.forward and not row.forwarded:
            changed |= bool(ReportRow.objects.filter(pk=row.pk).update(forwarded=True))
    return changed
