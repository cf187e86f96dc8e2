"""Which event stands for what: noted when something was typed, or sent into a room."""

from typing import Any

from django.conf import settings
from django.db.models import Exists, F, OuterRef, Value
from django.db.models.functions import Concat, Substr

from bridge import names
from bridge.matrix import polls, shapes, traces
from bridge.matrix.render import Refs
from bridge.models import Anchor, Room
from social import acts
from social.acts import Act, Boost, Publish, React, Revise, Tally
from social.models import Post


def at(event_id: str, room: Room, uri: str, *, root: str = "", sender: str, when: int) -> Anchor:
    return Anchor(event_id=event_id, room=room, uri=uri, root=root, sender=sender, at=when)


def typed(event: dict[str, Any], act: Act, room: Room) -> None:
    """What somebody typed stands where they typed it."""
    related = shapes.relation(event["content"])
    answers = polls.places(event["content"])
    if isinstance(act, Revise) and answers:  # the answers of an edited poll are called anew
        rename_answers(shapes.replaced(event["content"]), answers, by=event["sender"])
    uri = _stands_for(act)
    if not uri:
        return
    root = (
        shapes.event_ref(related.get("event_id")) if related.get("rel_type") == "m.thread" else ""
    )
    when = shapes.number(event.get("origin_server_ts"))
    anchor = at(event["event_id"], room, uri, root=root, sender=event["sender"], when=when)
    anchor.answers = answers
    Anchor.objects.bulk_create([anchor], ignore_conflicts=True)


def forget(room: Room, uri: str) -> None:
    """It no longer stands there; put back, it does so in another event."""
    Anchor.objects.filter(room=room, uri=uri).delete()


def forget_unposted() -> None:
    """Once a rebuild has read all receipts: what somebody typed in a room of ours, and no post of
    theirs became of it, stands for nothing that could be answered.
    """
    named = Concat(Value(names.post_uri(settings.OWNROOM_ORIGIN, "$")), Substr("event_id", 2))
    typed = Anchor.objects.annotate(named=named).filter(uri=F("named"))
    typed.exclude(Exists(Post.objects.filter(uri=OuterRef("uri")))).delete()


def rename_answers(event_id: str, answers: dict[str, int], *, by: str) -> None:
    """Votes may name them as before, and as they are called since. Client-Server API, "Validity of
    replacement events": only who asked can call them anew.
    """
    for anchor in Anchor.objects.filter(event_id=event_id, sender=by):
        Anchor.objects.filter(pk=anchor.pk).update(answers=anchor.answers | answers)


def sent_as(act: Act, refs: Refs, *, told: bool) -> str:
    """What the event stands for that was just sent; empty for what only changes another."""
    if told and isinstance(act, Tally):
        return "" if refs.tally else traces.tally_of(act.now.post)
    return _stands_for(act)


def _stands_for(act: Act) -> str:
    match act:
        case Publish():
            return act.post
        case React() | Boost():
            return act.uri
        case Tally():
            return traces.end_of(act.now.post)
        case _:
            return ""


def said_at(act: Act) -> tuple[str, int]:
    """What an event is about, and its place in time: an edit makes nothing newer."""
    match act:
        case Publish(post=uri, published=at) | Revise(now=Publish(post=uri, published=at)):
            return uri, at
        case _:
            return getattr(act, "uri", ""), acts.when(act)
