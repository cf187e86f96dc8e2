"""What a person reads: the posts and boosts of whom they follow, newest first."""

from django.db.models import Q, QuerySet

from social.models import Actor, Follow, Mute, Post

_NO_GROUPS = ("person", "service", "organization", "application")


def home(reader: Actor) -> QuerySet[Post]:
    muted = Mute.objects.standing().filter(author=reader).values("target")
    heard = Follow.objects.filter(follower=reader, state="accepted").exclude(target__in=muted)
    followed = Q(author__follows_in__follower=reader, author__follows_in__state="accepted")
    boosted = Q(boosts__author__in=heard.values("target"))
    boosted &= Q(visibility__in=("public", "unlisted"))
    # Of a group the topics: the talk below them is read where it is had.
    boosted &= Q(reply="") | Q(boosts__author__kind__in=_NO_GROUPS)
    mine = Q(author=reader) | Q(addressed=reader)
    return (
        Post.objects.visible_to(reader)
        .filter(followed | boosted | mine)
        .exclude(author__in=muted)
        .select_related("author")
        .order_by("-published", "-uri")
    )
