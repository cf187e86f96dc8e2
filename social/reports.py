"""Writes what is reported to the admins: by those here, and by other servers of those here.

A part of `actions.record`, which alone calls it: see there.
"""

from collections.abc import Collection
from dataclasses import replace

from django.db.models import Q, QuerySet

from social.acts import OPEN, Report
from social.models import Actor, Post
from social.models import Report as ReportRow

WORDS = 5_000  # characters
THINGS = 50  # posts of one report that are named


def reported(about: Collection[str], author: Actor) -> QuerySet[Actor]:
    """Who is named, or wrote what is named. Of those elsewhere only people here complain, and of
    what they wrote in a group here anybody.
    """
    found = Actor.objects.filter(Q(uri__in=about) | Q(posts__uri__in=about), left=None)
    found = found.exclude(pk=author.pk).exclude(kind="application")
    ours = Q(owner__isnull=False) | Q(posts__in=in_groups_here(about))
    return (found if author.is_local else found.filter(ours)).distinct()


def in_groups_here(about: Collection[str]) -> QuerySet[Post]:
    groups = Actor.objects.local().filter(kind="group", left=None)
    return Post.objects.filter(uri__in=about, group__in=groups.values("uri"))


def moderators(about: Collection[str], author: str) -> list[str]:
    """URIs of those here who moderate a group in which it stands; nobody hears of themselves."""
    posts = in_groups_here(about).filter(visibility__in=OPEN)
    groups = Actor.objects.filter(uri__in=posts.values("group"))
    named = {uri for found in groups.values_list("moderators", flat=True) for uri in found}
    wrote = set(posts.values_list("author__uri", flat=True))
    here = Actor.objects.local().filter(uri__in=named - wrote - {author, *about}, left=None)
    return sorted(here.values_list("uri", flat=True))


def for_moderator(act: Report, reader: str) -> Report:
    """No more of it than what stands in a group that they moderate; that may be nothing by now."""
    posts = in_groups_here(act.about).filter(visibility__in=OPEN)
    groups = Actor.objects.filter(uri__in=posts.values("group"))
    theirs = [uri for uri, named in groups.values_list("uri", "moderators") if reader in named]
    seen = set(posts.filter(group__in=theirs).values_list("uri", flat=True))
    return replace(act, about=tuple(uri for uri in act.about if uri in seen))


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
