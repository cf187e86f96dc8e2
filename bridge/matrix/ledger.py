"""The ledger in a desk: what people did and what was done towards them, to be recorded again."""

from bridge.matrix import lookups, render
from bridge.matrix.places import CONTROL
from bridge.models import Document
from social import acts, audience, polls, profiles
from social.acts import (
    Accept,
    Act,
    AllowQuote,
    Block,
    BlockHost,
    Boost,
    Follow,
    Move,
    Mute,
    React,
    RefuseQuote,
    Reject,
    Report,
    Undo,
    Vote,
)
from social.measures import Appoint, Expel, Measure
from social.models import Actor

# Whose documents are served again after a loss.
_SAID = AllowQuote | Follow | React | Boost | Block | Undo | Move | Measure


def line(act: Act, owner: str, document: str) -> render.Send:
    """One line that says enough to record the act again after the database is lost."""
    ours = owner == CONTROL and Actor.objects.local().filter(uri=act.author).exists()
    direction = "out" if ours or act.author == owner else "in"
    if direction == "in" and isinstance(act, Vote):
        act, document = polls.nameless(act), ""  # its address names the event in which it was cast
    other = _other(act)
    who = Actor.objects.filter(uri=_whom(act, other, direction, owner)).first()
    more: dict[str, object] = {"said": acts.dump(act)}
    if direction == "out" and isinstance(act, AllowQuote):
        document = act.stamp  # served as long as the quote may stand
    if isinstance(act, _SAID) and (direction == "out" or _is_in_group(act, owner)):
        more["raw"] = Document.objects.filter(uri=document).values_list("body", flat=True).first()
    if who and not who.is_local:
        more["who"] = profiles.card(who)
    if direction == "out":
        more |= lookups.lone(act)
    return render.ledger(
        _op(act),
        direction=direction,
        actor=act.author,
        object=other,
        act=getattr(act, "uri", "") or document,
        state=_state(act),
        ts=getattr(act, "at", 0),
        **more,
    )


def _whom(act: Act, other: str, direction: str, owner: str) -> str:
    """Who must be known again before it can be recorded: of a ban who is out, or in the desk of
    whoever that is the group.
    """
    said = act.undone if isinstance(act, Undo) else act
    if isinstance(said, Expel):
        return said.group if said.target == owner else said.target
    return act.author if direction == "in" else other


def _is_in_group(act: Act, owner: str) -> bool:
    """By somebody here, who moderates the group whose desk it is."""
    said = act.undone if isinstance(act, Undo) else act
    ours = Actor.objects.local().filter(uri=act.author)
    return isinstance(said, Measure) and said.group == owner and ours.exists()


def _op(act: Act) -> str:
    said = act.undone if isinstance(act, Undo) and act.undone else act
    match said:
        case Follow() | Accept() | Reject():
            return "follow"
        case AllowQuote() | RefuseQuote():
            return "quote"
        case React():
            return "like"
        case BlockHost():
            return "domain_block"
        case _:
            return type(said).__name__.lower()


def _other(act: Act) -> str:
    match act:
        case Follow() | Block() | Mute() | Move() | Appoint() | Expel():
            return act.target
        case BlockHost():
            return act.host
        case Report():
            return act.about[0]
        case Accept() | Reject():
            return act.follower
        case AllowQuote() | RefuseQuote():
            return act.asker
        case Undo():
            return _other(act.undone) if act.undone else ""
        case _:
            return audience.subject(act)


def _state(act: Act) -> str:
    match act:
        case Accept() | AllowQuote():
            return "accepted"
        case Reject() | RefuseQuote():
            return "rejected"
        case Undo():
            return "undone"
        case _:
            return "pending" if isinstance(act, Follow) else "done"
