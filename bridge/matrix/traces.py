"""Where in the rooms something stands, and what repeats it: cards of boosts, notices in desks.

A room is named by its place, as in bridge/matrix/places.py.
"""

from dataclasses import dataclass

from django.db.models import Q, QuerySet

from bridge.matrix import registration
from bridge.models import Anchor, Ghost, Room
from social import actions, policy
from social.acts import (
    OPEN,
    Act,
    AllowQuote,
    Introduce,
    Leave,
    Publish,
    RefuseQuote,
    Retract,
    Revise,
)
from social.models import Actor, Delivery, Post
from social.models import Boost as BoostRow


@dataclass(frozen=True, slots=True)
class Words:
    """All that somebody wrote, whom the admins suspended, or suspend no more."""

    author: str


CLIMB = 50  # how far up a conversation its first post is looked for


def tally_of(poll: str) -> str:
    """What the event is called that tells how a poll stands."""
    return f"{poll}/tally"


def end_of(poll: str) -> str:
    return f"{poll}/end"


def began_with(uri: str) -> Actor | None:
    """The local author at the root of a conversation that anybody may read."""
    post = actions.post(uri)
    for _ in range(CLIMB):
        if post is None or post.visibility not in OPEN:
            return None
        if post.parent_id is None:
            return post.author if post.author.is_local else None
        post = Post.objects.select_related("author").get(pk=post.parent_id)
    return None


def carrying(uri: str, *, about: str = "") -> set[str]:
    """Every room that carries it, or will once the row before has gone.

    `about`: the post behind which the row of a reaction or boost waits.
    """
    waiting = _waiting("event", about or uri)
    if about:
        waiting = waiting.filter(act__uri=uri)
    shared = Room.objects.exclude(kind=Room.Kind.DESK)
    return _places(shared.filter(anchors__uri=uri)) | _targets(waiting)


def repeating(act: Act, author: Actor) -> set[str]:
    """Rooms with words that are gone now, besides those of the post itself."""
    match act:
        case Retract():
            return _cards(act.post) | told_in(act.post) | _counted(act.post)
        case Revise(now=Publish(visibility=shown)) if shown not in OPEN:
            return _cards(act.now.post) | _counted(act.now.post)
        case Introduce() if policy.opted_out(author):
            own = Room.objects.filter(kind=Room.Kind.MIRROR, actor=author)
            cards = Room.objects.filter(anchors__uri__in=_boosts_of(author.uri))
            return _places(own | cards)
        case Leave() if not author.is_local:
            theirs = Q(anchors__sender__in=_ghost(author.uri))
            theirs |= Q(anchors__uri__in=_posts(author.uri))  # or said by the bot for them
            return _places(Room.objects.filter(theirs))
        case _:
            return set()


def told_in(post: str) -> set[str]:
    """Desks with a notice that has its words, or will have."""
    waiting = {f"desk {uri}" for uri in _targets(_waiting("notice", post))}
    return _places(Room.objects.filter(kind=Room.Kind.DESK, anchors__uri=post)) | waiting


def requoting(act: Act | Words) -> set[str]:
    """Rooms in which a ghost shows words, by quoting them, that it may no longer show there, or
    may from now on; or repeats, in a card, what says something else now.
    """
    shared, found = Room.objects.exclude(kind=Room.Kind.DESK), set[str]()
    if isinstance(act, Words):  # what stands in a room of theirs is theirs
        shared = shared.exclude(actor__uri=act.author)
    for rows in (_posts_quoting(act), _boosts_showing(act)):
        if rows is not None:
            found |= _places(shared.filter(anchors__uri__in=rows.values("uri")))
    return found


def to_requote(act: Act | Words, room: Room) -> list[tuple[Anchor, Post]]:
    """Each of these posts in one room, where it was said by a ghost, or by the bot for one."""
    rows = _posts_quoting(act)
    posts = {post.uri: post for post in rows.select_related("author")} if rows is not None else {}
    speakers = [
        *Ghost.objects.filter(actor__posts__in=posts.values()).values_list("mxid", flat=True)
    ]
    stands = Anchor.objects.filter(room=room, uri__in=posts, part=0)
    stands = stands.filter(sender__in=[*speakers, registration.load().bot])
    return [(anchor, posts[anchor.uri]) for anchor in stands.order_by("at", "id")]


def to_card(act: Act | Words, room: Room) -> list[tuple[Anchor, BoostRow]]:
    """Each card of it in one room."""
    rows = _boosts_showing(act)
    boosts = {row.uri: row for row in rows.select_related("author", "post")} if rows else {}
    speakers = Ghost.objects.filter(actor__in=[row.author for row in boosts.values()])
    stands = Anchor.objects.filter(room=room, uri__in=boosts, part=0)
    stands = stands.filter(sender__in=speakers.values("mxid")).order_by("at", "id")
    return [(anchor, boosts[anchor.uri]) for anchor in stands]


def _boosts_showing(act: Act | Words) -> "QuerySet[BoostRow] | None":
    match act:
        case Revise(now=Publish(visibility=shown, post=uri)) if shown in OPEN:
            return BoostRow.objects.filter(post__uri=uri, author__owner=None)
        case Words(author=uri):
            return BoostRow.objects.filter(post__author__uri=uri, author__owner=None)
        case _:
            return None


def _posts_quoting(
    act: Act | Words,
) -> "QuerySet[Post] | None":
    rows = Post.objects.filter(deleted=None, author__owner=None)
    match act:
        case Retract():
            return rows.filter(quote=act.post)
        case Revise():  # what has the right to show it; anything else is a link
            return rows.filter(~Q(stamp="") | Q(author__uri=act.author), quote=act.now.post)
        case Leave() | Introduce() if isinstance(act, Leave) or _opted_out(act.author):
            return rows.exclude(stamp="").filter(quote__in=_posts(act.author))
        case Words(author=uri):
            return rows.exclude(stamp="").filter(quote__in=_posts(uri))
        case RefuseQuote() if act.stamp:
            return rows.filter(quote=act.post, uri=act.quoting)
        case AllowQuote():  # it came after the post, which has it by now
            return rows.filter(quote=act.post, uri=act.quoting, stamp=act.stamp)
        case _:
            return None


def to_clear(act: Act, room: Room) -> list[Anchor]:
    """What of it is in one room."""
    here, desk = Anchor.objects.filter(room=room), room.kind == Room.Kind.DESK
    match act:
        case Retract() if desk:
            return list(here.filter(uri=act.post))
        case Retract():
            return list(here.filter(_repeated(act.post)))
        case Revise():
            return list(here.filter(_repeated(act.now.post)))
        case Introduce():
            shown = Q(uri__in=_boosts_of(act.author))
            own = room.kind == Room.Kind.MIRROR and room.actor and room.actor.uri == act.author
            if own:
                shown |= Q(sender__in=_ghost(act.author)) | Q(uri__in=_posts(act.author))
            return list(here.filter(shown))
        case Leave():
            told = here.filter(uri__in=_posts(act.author))
            return list(told if desk else told | here.filter(sender__in=_ghost(act.author)))
        case _:
            return []


def _cards(post: str) -> set[str]:
    waiting = _waiting("event", post).filter(act__act="Boost")
    return _places(Room.objects.filter(anchors__uri__in=_boosts(post))) | _targets(waiting)


def _counted(poll: str) -> set[str]:
    return _places(Room.objects.filter(anchors__uri__in=(tally_of(poll), end_of(poll))))


def _repeated(post: str) -> Q:
    return Q(uri__in=_boosts(post)) | Q(uri__in=(tally_of(post), end_of(post)))


def _boosts(post: str) -> QuerySet[BoostRow, str]:
    return BoostRow.objects.filter(post__uri=post).values_list("uri", flat=True)


def _boosts_of(author: str) -> QuerySet[BoostRow, str]:
    """Whatever boosts what somebody wrote."""
    return BoostRow.objects.filter(post__author__uri=author).values_list("uri", flat=True)


def _opted_out(uri: str) -> bool:
    author = actions.actor(uri)
    return author is not None and policy.opted_out(author)


def _posts(author: str) -> QuerySet[Post, str]:
    return Post.objects.filter(author__uri=author).values_list("uri", flat=True)


def _ghost(actor: str) -> QuerySet[Ghost, str]:
    return Ghost.objects.filter(actor__uri=actor).values_list("mxid", flat=True)


def _places(found: QuerySet[Room]) -> set[str]:
    rows = found.select_related("actor").distinct()
    return {room.place_name for room in rows}


def _targets(rows: QuerySet[Delivery]) -> set[str]:
    return {to.partition(" ")[2] for to in rows.values_list("to", flat=True)}


def _waiting(what: str, subject: str) -> QuerySet[Delivery]:
    spoken = Q(to__startswith=f"{what} ")
    if what == "event":
        spoken |= Q(to__startswith="past ")
    return Delivery.objects.filter(spoken, network="matrix", state="waiting", subject=subject)
