"""Conversations that people here have to do with, and how far above a post one goes elsewhere."""

from collections.abc import Sequence
from itertools import takewhile

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Length

from social import actions, bell
from social.acts import OPEN
from social.models import Actor, Boost, Follow, Post

HEIGHT = 50  # how far up a conversation is looked
DEEP, MANY = 10, 500  # and how far down
SEEN = 3  # answers on one page, of which what others answered is looked for
READ_ON = "bridge.tasks.read_on"


def top(reply: str) -> str:
    """The topmost of the posts from `reply` upwards that people elsewhere wrote; empty where there
    is none.

    What answers somebody here in the first place was sent to us.
    """
    above, found = actions.post(reply), ""
    for _ in range(HEIGHT):
        if above is None or above.author.is_local or above.visibility not in OPEN:
            break
        found = above.uri
        above = _above(above)
    return found


def seen(above: Sequence[Post], shown: Post, answers: Sequence[Post]) -> None:
    """Somebody looks at a page of these: what others answered may be read on, if it is time.

    Called for whoever comes, so it asks nobody and writes nothing: it rings a bell.
    """
    begun = list(takewhile(lambda post: not post.author.is_local, reversed(above)))[-1:]
    newest = sorted(answers, key=lambda post: -post.published)
    below = [post for post in newest if not post.author.is_local] if shown.author.is_local else []
    if wanted := [post.uri for post in (*begun, *below[:SEEN])]:
        bell.ring(READ_ON, wanted)


def concerns_us(begun: Post) -> bool:
    """Whether somebody here follows who began it, or a group that passed it on, or wrote in it."""
    if begun.deleted or begun.visibility not in OPEN or begun.author.is_local:
        return False
    if _followed(begun) or _local_above(begun) or groups_of(begun).exists():
        return True
    level = [begun.pk]
    for _ in range(DEEP):
        below = Post.objects.filter(parent__in=level, deleted=None)
        if below.filter(author__owner__isnull=False).exists():
            return True
        level = list(below.values_list("pk", flat=True)[:MANY])
        if not level:
            break
    return False


def groups_of(begun: Post) -> QuerySet[Actor]:
    """In whose rooms it stands: those that passed it on, and that somebody here follows."""
    passed_on = Actor.objects.filter(kind="group", owner=None, boosts__post=begun)
    return passed_on.filter(pk__in=_here().values("target"))


def _followed(post: Post) -> bool:
    return _here().filter(target=post.author_id).exists()


def _local_above(post: Post) -> bool:
    above = _above(post)
    return above is not None and above.author.is_local


def _above(post: Post) -> Post | None:
    if post.parent_id is None:
        return None
    return Post.objects.select_related("author").filter(pk=post.parent_id).first()


def _here() -> QuerySet[Follow]:
    return Follow.objects.filter(follower__owner__isnull=False, state="accepted")


def followed() -> QuerySet[Actor]:
    """Those elsewhere, groups too, whom somebody here follows."""
    return Actor.objects.filter(owner=None, left=None, suspended=False).filter(
        pk__in=_here().values("target")
    )


def answers_since(since: int) -> QuerySet[Post]:
    """What anybody answered since then, newest first."""
    posts = Post.objects.filter(published__gt=since, visibility__in=OPEN, deleted=None)
    return posts.exclude(reply="").order_by("-published")


def unanswered(group: Actor) -> list[str]:
    """What a group passed on, and nobody answered that we know of, newest first."""
    known = Post.objects.filter(parent=OuterRef("post"))
    topics = Boost.objects.filter(~Exists(known), author=group, post__reply="", post__deleted=None)
    return list(topics.order_by("-at").values_list("post__uri", flat=True)[:MANY])


def begun_by_followed(since: int, until: int) -> QuerySet[Post]:
    """What those whom somebody here follows began in that time, newest first."""
    followed = _here().filter(target__owner=None).values("target")
    lately = Q(published__gt=since, published__lte=until, visibility__in=OPEN)
    posts = Post.objects.filter(lately, author__in=followed, deleted=None)
    # By its length: an index of what posts answer would lead through all that answer nothing.
    return posts.alias(answers=Length("reply")).filter(answers=0).order_by("-published")
