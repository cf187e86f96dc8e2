"""Writes what authors elsewhere decide about what people here did under their posts.

A part of `actions.record`, which alone calls it: see there.
"""

from django.db.models import Q

from social.acts import Decide
from social.models import Actor, Boost, Post, Reaction
from social.models import Decision as DecisionRow


def waiting(act: Decide) -> Actor | None:
    """Who here did it, under a post of whoever decides; nobody where no such thing is known."""
    posts = Post.objects.filter(uri=act.about, parent__author__uri=act.author)
    under = Q(uri=act.about, post__author__uri=act.author)
    doers = Q(pk__in=posts.values("author"))
    doers |= Q(pk__in=Reaction.objects.filter(under).values("author"))
    doers |= Q(pk__in=Boost.objects.filter(under).values("author"))
    return Actor.objects.local().filter(doers).first()


def decide(act: Decide, author: Actor) -> bool:
    known = DecisionRow.objects.filter(about=act.about, author=author).first()
    if known and (known.at > act.at or known.allowed == act.allowed):
        return False
    DecisionRow.objects.update_or_create(
        about=act.about, author=author, defaults={"allowed": act.allowed, "at": act.at}
    )
    return True
