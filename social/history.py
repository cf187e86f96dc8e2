"""What a post said before it was edited, kept as `actions` records the edit.

Whoever may read a post may read its history, so what made a post be for fewer, or for others, ends
its history: the earlier words were not for those who read it now, or are no longer for all.
"""

from django.db.models import QuerySet

from social.acts import OPEN, Publish, Revise
from social.models import Post, Version

MOST = 20  # versions of one post, the newest


def keep(post: Post, act: Revise, visibility: str) -> None:
    """Call before `post` changes into what it says now, as it will be shown."""
    if visibility != post.visibility or _tells_others(post, act.now):
        post.versions.all().delete()
        return
    if act.unsaid:
        return  # what changes are the words that were taken out
    if not (post.html or post.summary or post.attachments):
        return  # it was known by its address alone
    Version.objects.get_or_create(  # what a rebuild reads a second time is there already
        post=post,
        html=post.html,
        summary=post.summary,
        at=post.updated or post.published,
        defaults={
            "sensitive": post.sensitive,
            "language": post.language,
            "attachments": post.attachments,
            "emojis": post.emojis,
        },
    )
    newest = post.versions.order_by("-at", "-pk").values("pk")[:MOST]
    post.versions.exclude(pk__in=list(newest.values_list("pk", flat=True))).delete()


def unsay(post: Post, act: Revise) -> bool:
    """Call before the edit back is recorded. Without the edit that it takes back the post said what
    it says then, since when it said so first.
    """
    if not act.unsaid:
        return False
    gone = post.versions.filter(at=act.unsaid_at).delete()[0]
    before = post.versions.order_by("-at", "-pk").first()
    if before and (before.html, before.summary) == (act.now.content.html, act.now.content.summary):
        before.delete()
    return bool(gone)


def _tells_others(post: Post, now: Publish) -> bool:
    return post.visibility not in OPEN and not set(now.audience) <= set(post.audience)


def forget(posts: QuerySet[Post]) -> None:
    Version.objects.filter(post__in=posts).delete()
