"""One row goes out: what its event needs, who says it, and what goes with it or goes away.

Each function sends all of one wish ("event …", "receipt …", as places.py writes them) and leaves
in `row.made` what is kept of it.
"""

import functools
import hashlib
from contextlib import suppress
from dataclasses import replace
from typing import Any, NamedTuple

import orjson

from bridge.errors import Gone
from bridge.loop import in_database
from bridge.matrix import (
    anchors,
    cards,
    client,
    conversations,
    desks,
    emoticons,
    hearing,
    ledger,
    lookups,
    order,
    overflow,
    parts,
    places,
    registration,
    render,
    requoting,
    rooms,
    speakers,
    traces,
    unediting,
)
from bridge.models import Anchor, Room
from social import actions, acts, once, profiles
from social.acts import (
    Act,
    Boost,
    Ignored,
    Introduce,
    Publish,
    Report,
    Retract,
    Revise,
    Tally,
    Undo,
)
from social.measures import Lock, Remove
from social.models import Actor, Delivery


async def again(act: Act | traces.Words, target: str, row: Delivery) -> None:
    """What quotes it, and the cards of it."""
    room, txn = await places.standing(target), functools.partial(transaction_id, row)
    await requoting.say(act, room, txn)
    clear = functools.partial(_clear_edited, room, row=row)
    row.made = await cards.say(act, room, txn, clear)


async def event(
    act: Act, target: str, row: Delivery, clear: order.Clear, *, ts: int | None = None
) -> None:
    known = await in_database(_known, act, target, row)
    if known is None:
        await places.room_at(target)  # makes it, or says that there is none
        known = await in_database(_known, act, target, row)
    if known is None:
        raise Gone("its room is gone again")
    pictures = await emoticons.of(known.act, known.refs)
    known = known._replace(refs=replace(known.refs, emoticons=pictures))
    told = row.to.startswith("tally ")
    written = _written(known.act, known.refs, told=told)
    if isinstance(written, Ignored):
        raise Gone(written.reason)
    known = await _spoken(known)
    if files := parts.of(known.act, known.refs):
        found = await parts.brought(files, known.sender)
        known = known._replace(refs=replace(known.refs, files=found))
        written = render.render(known.act, known.refs)
    if _tells_in_secret(known.act, known.room):
        await conversations.gather(known.room)
    await clear()
    if isinstance(written, render.Redact):
        await _take_out(known, written, row)
    elif isinstance(written, render.Send):
        await _say(known, written, row, ts)


def _tells_in_secret(act: Act, room: Room) -> bool:
    words = isinstance(act, Publish | Revise)
    return words and room.kind == Room.Kind.DIRECT and not room.is_let_go


async def _say(known: "Known", written: render.Send, row: Delivery, ts: int | None) -> None:
    """The words, and what follows them: its further files."""
    act, room, refs, sender = known.act, known.room, known.refs, known.sender

    async def put(send: render.Send, number: int = 0) -> str:
        said = known.in_its_name(send)
        return await put_event(room.room_id, said, number, row=row, user=sender, room=room, ts=ts)

    where = {"user": sender, "room_id": room.room_id}
    key = transaction_id(row, room.room_id, sender)
    event_id = await overflow.send(written, refs.raw, put, key=key, **where)
    if not event_id:
        return
    first = refs.event if isinstance(act, Revise) else event_id
    clear = functools.partial(_clear_edited, room, row=row, by=sender)
    more = await parts.follow(act, refs, first, room, put=put, clear=clear)
    uri = anchors.sent_as(act, refs, told=row.to.startswith("tally "))
    if uri:
        more = [Anchor(event_id=event_id, file=render.first_file(act, refs)), *more]
    for one in more:
        one.room, one.root, one.sender = room, refs.root or render.root(written), sender
        about, one.at = anchors.said_at(act)
        one.uri = uri or about
    row.made = tuple(more)


async def _take_out(known: "Known", written: render.Redact, row: Delivery) -> None:
    """With its edits and its files; the event with its words last."""
    room, refs, sender = known.room, known.refs, known.sender
    if isinstance(known.act, Remove):
        await in_database(anchors.forget, room, known.act.post)
        if await client.is_redacted(room.room_id, refs.event):
            return  # by who moderates, in this room
    for part in refs.parts:
        await _clear_edited(room, part.event, row=row, by=sender)
    if isinstance(known.act, Retract | Revise | Remove):
        for edit in await client.edits(room.room_id, refs.event, by=room.reader):
            await _clear(room.room_id, edit, row, by=sender)
    told = {"redacts": written.event, "reason": written.reason, **written.content}
    send = render.Send("m.room.redaction", told)
    await put_event(room.room_id, send, row=row, user=sender, room=room)
    await in_database(_redacted, written.event)


async def _clear_edited(room: Room, event_id: str, *, row: Delivery, by: str) -> None:
    for one in [*await client.edits(room.room_id, event_id, by=room.reader), event_id]:
        await _clear(room.room_id, one, row, by=by)


async def receipt(act: Act, target: str, row: Delivery) -> None:
    room = await places.room_at(target)
    post = act.now.post if isinstance(act, Revise | Tally) else getattr(act, "post", "")
    text, typed, visibility = await in_database(lookups.receipt_of, row.document, post)
    if not text:
        raise Gone("what it said is no longer here")
    activity: dict[str, Any] = orjson.loads(text)
    written = render.receipt(
        typed.event_id if typed else "",
        post,
        row.document,
        text,
        visibility=visibility,
        to=activity.get("to", []),
        cc=activity.get("cc", []),
        at=acts.when(act),
        beside=typed is not None and typed.room_id == room.pk,
    )
    bot = registration.load().bot
    event_id = await _put_whole(written, text, room, row)
    at = written.content["at"]
    row.made = (anchors.at(event_id, room, row.document, sender=bot, when=at),)
    if isinstance(act, Retract):
        for old_room, old, reader in await in_database(lookups.old_words, act.post):
            await _clear(old_room, old, row, by=reader)
    if isinstance(act, Revise) and act.unsaid:
        for edit in (act.unsaid, *await unediting.said_back(act)):
            for old_room, old, reader in await in_database(lookups.receipts_of, edit):
                await _clear(old_room, old, row, by=reader)


async def clear_all(act: Act, target: str, row: Delivery) -> None:
    room = await places.standing(target)
    for anchor in await in_database(traces.to_clear, act, room):
        await _clear_edited(room, anchor.event_id, row=row, by=anchor.sender)
        if isinstance(act, Introduce):  # whoever asks to be left alone may ask otherwise one day
            await in_database(anchors.forget, room, anchor.uri)


async def _clear(room_id: str, event_id: str, row: Delivery, *, by: str = "") -> None:
    """Words that are gone go from all that repeats them: by the bot where it has the power,
    else by whoever said it there.
    """
    content = {"redacts": event_id, "reason": "taken back by its author"}
    for user in filter(None, [registration.load().bot, by]):
        txn = transaction_id(row, f"{room_id}{event_id}", user)
        with suppress(client.MatrixError):
            await client.send(room_id, "m.room.redaction", content, txn=txn, user=user)
            await in_database(_redacted, event_id)
            return


async def desk(act: Act, target: str, row: Delivery, what: str) -> None:
    admins, mirror = target == places.CONTROL, target.startswith("mirror ")
    room, raw = await places.room_at(target if admins or mirror else f"desk {target}"), ""
    if what == "ledger":
        written: render.Send | None = await in_database(ledger.line, act, target, row.document)
    else:
        if why := await in_database(_untold, act, target):
            raise Gone(why)
        in_group = isinstance(act, Report) and not admins
        if isinstance(act, Report) and in_group:
            act = await in_database(desks.for_moderator, act, target)
        refs = await in_database(lookups.for_act, act, room, row.document)
        emoticons_ = await emoticons.of(act, refs)
        refs = replace(refs, emoticons=emoticons_, as_moderator=in_group)
        written, raw = render.notice_for(act, refs), refs.raw
        if isinstance(act, Revise) and not refs.event:
            act = act.now  # named for the first time: from here on it stands here
    if written is None:
        raise Gone("there is nothing to say about it")
    event_id = await _put_whole(written, raw, room, row)
    if isinstance(act, Publish):
        bot = registration.load().bot
        row.made = (anchors.at(event_id, room, act.post, sender=bot, when=act.published),)


async def _put_whole(written: render.Send, raw: str, room: Room, row: Delivery) -> str:
    """By the bot, with a file of what does not fit."""
    bot, room_id = registration.load().bot, room.room_id
    put = functools.partial(put_event, room_id, row=row, user=bot)
    key = transaction_id(row, room_id, bot)
    return await overflow.send(written, raw, put, user=bot, room_id=room_id, key=key)


async def put_event(
    room_id: str,
    written: render.Send,
    part: int = 0,
    *,
    row: Delivery,
    user: str,
    room: Room | None = None,
    ts: int | None = None,
) -> str:
    send = functools.partial(
        client.send,
        room_id,
        written.type,
        written.content,
        txn=f"{transaction_id(row, room_id, user)}{f'.{part}' if part else ''}",
        user=user,
        ts=ts,
    )
    try:
        return await send()
    except client.MatrixError as error:
        if error.code == "M_DUPLICATE_ANNOTATION":
            return ""  # the same reaction stands there already
        if error.code != "M_FORBIDDEN" or room is None:
            raise
    await rooms.bring_in(room, user)
    return await send()


def _redacted(event_id: str) -> None:
    """What it showed is shown by it no more."""
    overflow.dropped(event_id)
    parts.emptied(event_id)


def transaction_id(row: Delivery, room_id: str, user: str) -> str:
    """The same for every try of the same act at the same place by the same user, and for no other.

    Homeservers remember it per application service, not per user, so the user is part of it.
    """
    said = orjson.dumps(row.act, option=orjson.OPT_SORT_KEYS)
    parts = b"\0".join(
        (said, row.to.encode(), row.subject.encode(), room_id.encode(), user.encode())
    )
    return f"ap{hashlib.sha256(parts).hexdigest()[:32]}"


class Known(NamedTuple):
    act: Act
    room: Room
    author: Actor
    refs: render.Refs
    ghost: str  # who speaks; empty where it must be made or renamed first
    named: speakers.Name | None  # in whose name the bot says it, where no ghost does

    @property
    def sender(self) -> str:
        return registration.load().bot if self.named else self.ghost

    def in_its_name(self, written: render.Send) -> render.Send:
        if self.named is None:
            return written
        return speakers.in_the_name_of(self.named, written, self.ghost)


def _known(act: Act, place: str, row: Delivery) -> Known | None:
    """All that one event needs, in one visit; None where its room is not made yet."""
    if not isinstance(act, Publish):
        row.load.clear()  # it shows another's words: as they are now
    with once.remembered(row.load):
        room, author = places.room_now(place), author_of(act.author)
        meant = room or places.meant(place)
        if meant and (why := hearing.why_unheard(act, meant, author)):
            row.load.clear()
            places.tell_the_others(act, place, row)
            raise Gone(why)
        if room is None:
            return None
        if isinstance(act, Boost) and author.kind == "group" and author == room.actor:
            act = _passed_on(act)
            author = author_of(act.author)
        if isinstance(act, Undo) and isinstance(act.undone, Remove):
            act = _passed_on(act.undone)
            author, row.document = author_of(act.author), act.post
        refs = lookups.for_act(act, room, row.document)
        if isinstance(act, Revise) and not refs.event and refs.fits:
            act = act.now  # it overtook its post, or belongs here only since: here it is the post
            refs = lookups.for_act(act, room, row.document)
        by_bot = speakers.by_bot(act, room, author, refs.redact or refs.event)
        named = speakers.name_of(author) if by_bot else None
        return Known(act, room, author, refs, _speaker(act, author), named)


def _speaker(act: Act, author: Actor) -> str:
    """How a poll of ours stands the bot tells, and what was decided of a topic."""
    said = act.undone if isinstance(act, Undo) else act
    if isinstance(said, Lock) or (author.is_local and isinstance(act, Tally)):
        return registration.load().bot
    return rooms.ghost_now(author)


async def _spoken(known: Known) -> Known:
    """With the ghost of its author, who is there now. Raises Gone where nobody says it."""
    if known.named and speakers.keeps_silent(known.act):
        raise Gone("the room has as many ghosts as it may")
    if known.ghost or known.author.is_local:
        return known
    return known._replace(ghost=await rooms.ghost_of(known.author))


def _passed_on(act: Boost | Remove) -> Publish:
    """What a group passes on, or has again, is told in its room as its author said it."""
    found = actions.post(act.post)
    if found is None or found.deleted:
        raise Gone("it was taken back meanwhile")
    return profiles.publish_of(found)


def _written(act: Act, refs: render.Refs, *, told: bool) -> render.Send | render.Redact | Ignored:
    if told and isinstance(act, Tally):
        return render.tally(act, refs)
    return render.render(act, refs)


def _untold(act: Act, target: str) -> str:
    """Why its owner hears nothing of it in the desk any more; empty where they do."""
    if target == places.CONTROL or isinstance(act, desks.HEARD_THROUGH_A_BLOCK):
        return ""
    return hearing.why_untold(act, target, author_of(act.author))


def author_of(uri: str) -> Actor:
    actor = actions.actor(uri)
    if actor is None:
        raise Gone("its author is no longer known")
    return actor
