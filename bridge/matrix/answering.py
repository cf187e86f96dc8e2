"""What whoever wrote something in a room hears of it from the bot, in their own desk."""

from typing import Any

from bridge import html, names
from bridge.matrix import (
    attachments,
    linking,
    misplaced,
    places,
    powers,
    profile_state,
    registration,
    replies,
    succession,
)
from bridge.matrix import polls as matrix_polls
from bridge.matrix.parse import ENCRYPTED, NO_REPLY
from bridge.models import Room
from bridge.network import UNCHANGED, Said
from social import actions, admission
from social.acts import Act, Vote
from social.models import Delivery

UNREAD = {ENCRYPTED, attachments.ENCRYPTED, *matrix_polls.UNSENT}
SHUT = (
    '<p>Not everybody can come into <a href="{link}">your room</a> and read there any more.'
    " What you write in it I publish for everybody all the same. To end that, remove me from"
    " it; what is for your followers alone you write in your <code>circle</code>.</p>"
)
OPENED = (
    '<p>Anybody can come into <a href="{link}">your circle</a> now, or read in it: so what you'
    " write there, and what your followers here answer, is for your followers alone on other"
    " servers only. Let people in by invitation, or when they knock, to change that.</p>"
)
WEAK = (
    '<p>In <a href="{link}">your circle</a> I can let nobody in or out any more: whoever follows'
    " you no longer, or is blocked, reads on there. Give me the power to invite and to remove"
    " people (50).</p>"
)
OUTRANKED = (
    '<p>Somebody else has more power than you in <a href="{link}">your room</a> now, and can remove'
    " you and what you write from it. It stays yours here: what you write there is published as"
    " before, and what others say of the room is not.</p>"
)
UPGRADED: dict[str, str] = {
    Room.Kind.PROFILE: "Ask me in there and type <code>!ownroom link</code>: your profile goes on",
    Room.Kind.GROUP: "Ask me in there and type <code>!ownroom group</code>: the group goes on",
    Room.Kind.CIRCLE: "Ask me in there: your circle goes on",
    Room.Kind.DIRECT: "Ask whom you write to in there: the conversation goes on",
}
REPLACED = (
    '<p>You upgraded <a href="{link}">your room</a>. What you write in'
    ' <a href="{new}">the new one</a> goes nowhere yet. %s.</p>'
)
PLAINLY = "Please write without encryption what people on other servers shall get."


def answer(event: dict[str, Any], room: Room, said: Said | None, problem: str, key: str) -> None:
    if room.kind == Room.Kind.DESK and _typed(event, room):
        text = replies.refusal(problem) if problem else (said.answer if said else "")
        places.say(room, text, subject=key)
    elif room.kind == Room.Kind.DESK:
        _tell_guest(event, room)
    elif problem and _meant_the_bot(event, problem):
        _tell_typed(event, problem, key)
    if problem in UNREAD:
        _tell_unread(event, room, problem)
    _tell_of_door(event, room)
    if problem == NO_REPLY and room.kind == Room.Kind.MIRROR:
        _tell_unheard(event, room)
    if problem in admission.NOT_TAKEN:
        _tell_not_taken(event, problem, key)
    if said and isinstance(said.act, Vote):
        _tell_voter(said.act, problem, key)
    elif said and said.act and not problem and said.answer and room.kind != Room.Kind.DESK:
        _tell_author(said.act, said.answer, key)


def _tell_author(act: Act, answer: str, key: str) -> None:
    """What is written in a room for all is answered in the desk of whoever wrote it."""
    author = actions.actor(act.author)
    desk = places.desk_of(author) if author else None
    if desk:
        places.say(desk, answer, subject=key)


def _tell_voter(vote: Vote, problem: str, key: str) -> None:
    """Their client shows every vote as if it counted."""
    if problem and problem != UNCHANGED and actions.actor(vote.author):
        why = html.escape(replies.to_you(problem))
        _tell_author(vote, f"<p>Your vote did not count: {why}.</p>", key)


def _tell_guest(event: dict[str, Any], desk: Room) -> None:
    """Somebody else whom the owner let into their desk; once is enough."""
    guest = event["sender"]
    subject = f"guest {desk.room_id} {guest}"
    if event.get("type") != "m.room.message" or registration.load().ours(guest):
        return
    if guest == desk.owner or Delivery.objects.filter(subject=subject).exists():
        return
    link = names.matrix_link(desk.owner)
    text = (
        f'<p>Here I listen to <a href="{link}">{html.escape(desk.owner)}</a> alone. Begin a'
        " conversation with me that is yours, and I listen to you there.</p>"
    )
    places.say(desk, text, subject=subject)


def _meant_the_bot(event: dict[str, Any], problem: str) -> bool:
    typed = problem == misplaced.REASON or misplaced.line(event)
    return bool(typed) and linking.wish(event) is None


def _tell_typed(event: dict[str, Any], problem: str, key: str) -> None:
    desk = _desk(event["sender"])
    if desk:
        told = problem == misplaced.REASON
        text = misplaced.answer(event) if told else replies.refusal(problem)
        places.say(desk, text, subject=key)


def _desk(owner: str) -> Room | None:
    """A person's, where they can be told."""
    desks = Room.objects.filter(kind=Room.Kind.DESK, owner=owner, ready=True)
    return desks.exclude(actor__kind="group").first()


def _tell_unread(event: dict[str, Any], room: Room, problem: str) -> None:
    """Whoever writes what nobody elsewhere will get is told so; not for each encrypted word."""
    writer, poll = event["sender"], problem in matrix_polls.UNSENT
    desk = Room.objects.filter(kind=Room.Kind.DESK, owner=writer, ready=True).first()
    subject = f"unread {event['event_id']}" if poll else f"unread {room.room_id} {writer}"
    if desk is None or Delivery.objects.filter(subject=subject).exists():
        return
    link = names.matrix_link(room.room_id, event["event_id"])
    why = f"{html.escape(problem)}." if poll else f"it is {html.escape(problem)}. {PLAINLY}"
    text = f'<p><a href="{link}">What you wrote there</a> went nowhere: {why}</p>'
    places.say(desk, text, subject=subject)


def _tell_of_door(event: dict[str, Any], room: Room) -> None:
    """Whoever changes it may think that it decides who hears them on other servers, too."""
    new = succession.replacement(event)
    text = _of_upgrade(event, room, new) if new else _of_door(event, room)
    if not (text and room.leased):
        return
    subject, desk = f"door {event['event_id']}", _desk(room.owner or event["sender"])
    if desk and not Delivery.objects.filter(subject=subject).exists():
        link, goal = (html.escape(names.matrix_link(one)) for one in (room.room_id, new))
        places.say(desk, text.format(link=link, new=goal), subject=subject)


def _of_upgrade(event: dict[str, Any], room: Room, new: str) -> str:
    """It takes the owner to go on; in a conversation whoever upgraded it."""
    theirs = room.kind == Room.Kind.DIRECT or event["sender"] == room.owner
    known = Room.objects.filter(room_id=new).exists()
    return REPLACED % UPGRADED[room.kind] if theirs and not known and room.kind in UPGRADED else ""


def _of_door(event: dict[str, Any], room: Room) -> str:
    """Whoever changed it: its owner may have given others the power to."""
    match room.kind:
        case Room.Kind.PROFILE if profile_state.closes(event):
            return SHUT
        case Room.Kind.CIRCLE if profile_state.opens(event):
            return OPENED
        case Room.Kind.CIRCLE if powers.weakens(event):
            return WEAK
        case Room.Kind.PROFILE | Room.Kind.CIRCLE if powers.outranks(event, room.owner):
            return OUTRANKED
        case _:
            return ""


def _tell_unheard(event: dict[str, Any], room: Room) -> None:
    """Whoever speaks to nobody in particular where posts of somebody else are read; once."""
    subject, desk = f"unheard {room.room_id} {event['sender']}", _desk(event["sender"])
    if desk is None or Delivery.objects.filter(subject=subject).exists():
        return
    link = html.escape(names.matrix_link(room.room_id, event["event_id"]))
    text = (
        f'<p><a href="{link}">What you wrote there</a> went nowhere: in that room you answer posts,'
        " each with a reply to it. What you have to say to everybody is written in your own"
        " room.</p>"
    )
    places.say(desk, text, subject=subject)


def _tell_not_taken(event: dict[str, Any], problem: str, key: str) -> None:
    """It stands in the room, and nobody elsewhere will read it."""
    writer = event["sender"]
    if found := _desk(writer):
        link = names.matrix_link(event["room_id"], event["event_id"])
        why = html.escape(replies.to_you(problem))
        words = f'<a href="{link}">What you wrote there</a> goes nowhere: {why}.'
        places.say(found, f"<p>{words}</p>", subject=key)


def _typed(event: dict[str, Any], room: Room) -> bool:
    kinds = {"m.room.message", "m.sticker", *matrix_polls.STARTS}
    return event.get("sender") == room.owner and event.get("type") in kinds
