"""What people put on top of their profile, kept as `actions` records it."""

from django.db.models import QuerySet

from social.acts import OPEN, Pin
from social.models import Actor, Post
from social.models import Pin as PinRow
from social.policy import Refused

SHOWN = 5  # of one's own, the newest; Mastodon allows no more either
MOST = 20  # of somebody elsewhere, and of a group


def pin(act: Pin, author: Actor) -> bool:
    post = Post.objects.filter(uri=act.post, author=author, deleted=None).first()
    if post is None:
        raise Refused("the post is not known here, or not theirs")
    created = PinRow.objects.get_or_create(
        author=author, post=post, defaults={"uri": act.uri, "at": act.at}
    )[1]
    kept = standing(author).order_by("-at", "-pk").values_list("pk", flat=True)[:MOST]
    author.pins.exclude(pk__in=list(kept)).delete()
    return created


def standing(author: Actor) -> QuerySet[PinRow]:
    """What was deleted, or is no longer for everybody, stands on top of nothing."""
    rows = PinRow.objects.filter(author=author, post__deleted=None, post__visibility__in=OPEN)
    return rows.select_related("post")


def is_read(author: Actor, uri: str) -> bool:
    """Whether something stands there because of this list, by what its pins are called."""
    return PinRow.objects.filter(author=author, uri__startswith=uri).exists()


def has_fallen(author: Actor, post: str) -> bool:
    """Pinned, and no longer to be shown so: wherever it still is, it has to go."""
    rows = PinRow.objects.filter(author=author, post__uri=post)
    return rows.exclude(pk__in=standing(author).values("pk")).exists()


def shown(author: Actor) -> QuerySet[Post]:
    """What anybody may see of them, the newest pinned first."""
    posts = Post.objects.visible_to(None).filter(pins__author=author)
    group = author.kind == "group"
    posts = posts.filter(group=author.uri) if group else posts.filter(author=author)
    newest = posts.select_related("author").order_by("-pins__at", "-uri")
    return newest[: MOST if group else SHOWN]


def groups_with(post: str) -> QuerySet[Actor]:
    """Those on top of which it stands."""
    return Actor.objects.filter(kind="group", pins__post__uri=post)
