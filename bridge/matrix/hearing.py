"""Whether somebody is heard in a room: by people there who want nothing of them, they are not.

Asked twice: when it is decided where something is told, and again, about how it is now, when a row
goes out. What was told may have waited for the homeserver, or behind others, while somebody
blocked its author.
"""

from django.db.models import Exists, Q, QuerySet

from bridge.models import Room
from social import policy
from social.acts import OPEN, Act, Boost, Publish, React, Revise
from social.models import Actor, Post, shutting_out
from social.models import Follow as FollowRow
from social.models import Mute as MuteRow

SHUT = (
    "taken back since, or for fewer; or one of author and reader blocked the other, or is suspended"
)
UNREAD = "nobody here reads it any more, or it was taken back, or is for fewer"


# ---- where something is told


def readers_of(author: Actor) -> QuerySet[Actor]:
    """Those here who follow somebody."""
    return Actor.objects.local().filter(follows_out__target=author, follows_out__state="accepted")


def is_read_here(author: Actor, boosted: str = "") -> bool:
    """By somebody who mutes neither, and has no block between them and the author of what is
    boosted. Who asks not to be bridged is read nowhere.
    """
    shown = Actor.objects.filter(posts__uri=boosted).first() if boosted else None
    unheard = [author, shown] if shown else [author]
    if any(policy.opted_out(one) or one.suspended for one in unheard):
        return False
    muting = MuteRow.objects.standing().filter(target__in=unheard)
    readers = readers_of(author).exclude(pk__in=muting.values("author"))
    if shown:
        readers = readers.exclude(shutting_out(shown)).exclude(blocks_in__author=shown)
    return readers.exists()


def is_apart(author: Actor, place: str) -> bool:
    """Whether somebody who reads there blocks or mutes the author, or is blocked by them."""
    kind, _, uri = place.partition(" ")
    people = Actor.objects.local().filter(follows_out__target__uri=uri)
    if kind == Room.Kind.PROFILE:
        people = Actor.objects.filter(uri=uri)
    blocked = shutting_out(author) | Q(blocks_in__author=author)
    return people.filter(blocked | Q(pk__in=policy.muting(author))).exists()


def is_heard(author: Actor, place: str) -> bool:
    """False where all who read in a hidden room want to hear nothing of its author: nobody else
    would miss it.
    """
    muting = policy.muting(author)
    kind, _, uri = place.partition(" ")
    if not muting or kind not in {Room.Kind.DIRECT, Room.Kind.CIRCLE}:
        return True
    readers = Q(conversations__key=uri)
    if kind == Room.Kind.CIRCLE:
        follows = FollowRow.objects.filter(target__uri=uri, state="accepted")
        readers = Q(uri=uri) | Q(pk__in=follows.values("follower"))
    return Actor.objects.local().filter(readers).exclude(pk__in=muting).exists()


# ---- when it goes out


def why_unheard(act: Act, room: Room, author: Actor) -> str:
    """Why it is shown there no more; empty where it is. What takes something away always goes."""
    own = room.actor_id == author.pk
    match act:
        case Boost(post=post) if room.kind == Room.Kind.MIRROR:
            return "" if is_read_here(author, post) else UNREAD
        case Publish() if own:
            shown = Actor.objects.filter(Exists(readers_of(author)), pk=author.pk, suspended=False)
            return "" if shown.exclude(Exists(_closed(act))).exists() else UNREAD
        case Publish() | Revise() | React() | Boost():
            # Of what stands in a mirror already there may be others who read on.
            alone = own or (room.kind == Room.Kind.MIRROR and not isinstance(act, Publish))
            return _why_shut(Q(pk__in=()) if alone else _people(room), author, _closed(act))
        case _:
            return ""


def _closed(act: Act) -> QuerySet[Post]:
    """The post itself, where its words would be shown to whom they are not for any more."""
    said = act.now if isinstance(act, Revise) else act
    if not isinstance(said, Publish):
        return Post.objects.none()
    found = Post.objects.filter(uri=said.post)
    if said is act and said.visibility in OPEN:
        return found.exclude(deleted=None, visibility__in=OPEN)
    return found.exclude(deleted=None)


def why_untold(act: Act, reader: str, author: Actor) -> str:
    """The same of a word in somebody's desk."""
    return _why_shut(Q(uri=reader), author, _closed(act))


def _why_shut(people: Q, author: Actor, closed: QuerySet[Post] | None = None) -> str:
    blocked = Actor.objects.filter(blocks_in__author=author)
    apart = shutting_out(author) | Q(pk__in=blocked.values("pk"))
    gone = Q(suspended=True) if closed is None else Q(suspended=True) | Q(Exists(closed))
    found = Actor.objects.filter((Q(pk=author.pk) & gone) | (people & apart))
    return SHUT if found.exists() else ""


def _people(room: Room) -> Q:
    """Whose room it is, or who reads in it."""
    match room.kind:
        case Room.Kind.DIRECT:
            return Q(conversations=room, owner__isnull=False)
        case Room.Kind.MIRROR if room.actor:
            return Q(pk__in=readers_of(room.actor).values("pk"))
        case _:
            return Q(pk=room.actor_id)
