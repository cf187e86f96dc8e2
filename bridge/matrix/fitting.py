"""Who reads in a room, and whether what is said may stand there, or may be answered from there."""

from collections.abc import Mapping
from typing import Any

from bridge.errors import Forbidden
from bridge.matrix import shapes, vocabulary
from bridge.matrix.parse import about
from bridge.models import Anchor, Room
from social import actions
from social.acts import OPEN, Act, Publish, Revise
from social.models import Actor, Follow, Post

FITTING: dict[str, set[str]] = {
    "private": {Room.Kind.MIRROR, Room.Kind.CIRCLE, Room.Kind.OUTGROWN, Room.Kind.DIRECT},
    "local": {Room.Kind.CIRCLE, Room.Kind.OUTGROWN},
    "limited": {Room.Kind.DIRECT},
    "direct": {Room.Kind.DIRECT},
}


def fits(act: Act, room: Room) -> bool:
    """By what the post is in the index, where no edit widens whom it is for. What was said to
    everybody is asked about elsewhere (bridge/matrix/hearing.py), of each that goes out.
    """
    match act:
        case Publish(visibility=said) if said in OPEN:
            return True
        case Publish(visibility=said, post=uri) | Revise(now=Publish(visibility=said, post=uri)):
            known = actions.post(uri)
            if known is None:
                return _may_stand(said, room)
            return _may_stand(known.visibility, room) and _is_for_all(known, room)
        case _:
            return True


def _may_stand(shown: str, room: Room) -> bool:
    return shown in OPEN or room.kind in FITTING[shown]


def _is_for_all(post: Post, room: Room) -> bool:
    """Of those who read in a direct room an edit may leave somebody out."""
    if post.visibility in OPEN or room.kind != Room.Kind.DIRECT:
        return True
    if room.is_let_go:
        return False
    inside = set(Actor.objects.local().filter(conversations=room).values_list("pk", flat=True))
    readers = set(post.addressed.values_list("pk", flat=True)) | {post.author_id}
    if post.visibility == "private":
        follows = Follow.objects.filter(target=post.author_id, state="accepted")
        readers |= set(follows.filter(follower__in=inside).values_list("follower", flat=True))
    return inside <= readers


# ---- what somebody here writes


def refuse_unseen(
    event: Mapping[str, Any], room: Room, stored: Mapping[str, Publish], carried: Mapping[str, str]
) -> None:
    """An answer names whoever is named in what it answers: so nobody answers what they were never
    shown, whatever their event says that it answers. Raises Forbidden.
    """
    content = shapes.mapping(event.get("content"))
    if shapes.replaced(content):
        return  # what it answers was settled when it was written
    said = shapes.text(shapes.mapping(content.get(vocabulary.POST)).get("reply"))
    answered = {said, *(carried.get(one, "") for one in shapes.answered(content))}
    answered = {base for uri in answered for base in (uri, about(uri))}
    hidden = [uri for uri in answered if uri in stored and stored[uri].visibility not in OPEN]
    if hidden and not all(_is_shown(uri, room, event.get("sender")) for uri in hidden):
        raise Forbidden("what it answers was not for its author")


def _is_shown(uri: str, room: Room, sender: object) -> bool:
    """In the room where it is answered, or to its author wherever that stands."""
    if Anchor.objects.filter(room=room, uri=uri).exists():
        return True
    author = Actor.objects.local().filter(owner=str(sender), left=None).first()
    return author is None or Post.objects.meant_for(author).filter(uri=uri).exists()
