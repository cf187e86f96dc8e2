"""What a person reads: the posts and boosts of whom they follow, newest first."""

from django.db.models import Q, QuerySet

from social.models import Actor, Post


def home(reader: Actor) -> QuerySet[Post]:
    followed = Q(author__follows_in__follower=reader, author__follows_in__state="accepted")
    boosted = Q(
        boosts__author__follows_in__follower=reader, boosts__author__follows_in__state="accepted"
    ) & Q(visibility__in=("public", "unlisted"))
    mine = Q(author=reader) | Q(addressed=reader)
    return (
        Post.objects.visible_to(reader)
        .filter(followed | boosted | mine)
        .select_related("author")
        .order_by("-published", "-uri")
    )
