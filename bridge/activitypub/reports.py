"""What other servers report: what of it is about people here, or stands in a group here."""

from dataclasses import replace

from social import reports
from social.acts import Report
from social.models import Actor, Post


def about_us(act: Report) -> Report:
    """Whatever else is named is not ours to look at, and its links are nobody's to follow."""
    people = Actor.objects.local().filter(uri__in=act.about)
    posts = Post.objects.filter(uri__in=act.about, author__owner__isnull=False)
    found = (people, posts, reports.in_groups_here(act.about))
    ours = {uri for rows in found for uri in rows.values_list("uri", flat=True)}
    return replace(act, about=tuple(uri for uri in act.about if uri in ours))
