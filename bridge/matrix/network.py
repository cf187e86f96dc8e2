"""Matrix as a network: read stored events, know the rooms, send as ghosts and as the bot."""

from collections.abc import Collection, Sequence
from dataclasses import replace

import orjson

from bridge.errors import Forbidden, Gone, Unreadable
from bridge.matrix import (
    anchors,
    answering,
    asking,
    attachments,
    decided,
    gaps,
    meeting,
    membership,
    misplaced,
    order,
    outgoing,
    overflow,
    parse_lookups,
    pinning,
    places,
    registration,
    render,
    showing,
    unediting,
)
from bridge.matrix.commands import desk, moderation
from bridge.matrix.parse import ECHO, Command, parse
from bridge.matrix.readings import Ballot, Carried, Entry, Part, Receipt
from bridge.matrix.traces import Words
from bridge.models import Received, Room
from bridge.network import Network, Said, Settle
from social import actions, acts, once, polls
from social.acts import (
    OPEN,
    Act,
    Boost,
    Ignored,
    Publish,
    Tally,
    Vote,
)
from social.models import Actor, Delivery
from social.outbox import Address

HIDDEN = {"circle", "outgrown", "direct"}  # who publishes no profile publishes none of these
BATCH = 2.0  # seconds for which whoever speaks, and where, is known without asking again


class Matrix(Network):
    name = "matrix"
    calm = 30.0  # our own homeserver: it comes back
    knows_again = True  # by the transaction id
    gathers = False
    sends_documents = False
    looks_ahead = True

    # ---- read

    def ahead(self, lane: str) -> bool:
        return gaps.close_one(lane)

    def foresee(self, rows: Sequence[Received]) -> None:
        """Its rows are read one by one."""

    def read(self, row: Received) -> Sequence[Said]:
        event = orjson.loads(row.body)
        if membership.concerns(event):
            return membership.read(event)
        room = Room.objects.filter(room_id=event.get("room_id")).select_related("actor").first()
        if room is None or asking.hears(event, room):
            return asking.read(event, room)
        if "state_key" in event:
            return membership.state(event, room)
        if decided := moderation.typed(event, room):
            return decided
        misplaced.refuse(event, room)
        event, taken = unediting.read(event, room)
        met = meeting.meet(event, room)
        found = parse(event, parse_lookups.for_event(event, room, met.found))
        match found:
            case Ignored(reason=reason):
                parse_lookups.wait_for_target(event, row.tries)
                raise Unreadable(reason)
            case Carried() | Entry() | Part() | Receipt():
                raise Unreadable(ECHO)
            case Command():
                return desk.run(found, room)
            case Ballot(votes=votes):
                self._may_publish(room, event["sender"])
                return [Said(vote, row.body) for vote in votes]
            case _:
                self._may_publish(room, event["sender"])
                act = unediting.without(found, taken) if taken else found
                told = met.told() + attachments.left_out(event["content"])
                return [Said(_with_link(act), row.body, answer=told)]

    def _may_publish(self, room: Room, sender: str) -> None:
        profile = Room.objects.filter(kind=Room.Kind.PROFILE, owner=sender, leased=False)
        if not room.leased or (room.kind in HIDDEN and profile.exists()):
            raise Forbidden("the room's owner has ended the lease of this server")

    def closed(self, row: Received, said: Said | None, problem: str) -> None:
        event = orjson.loads(row.body)
        room = Room.objects.filter(room_id=event.get("room_id")).first()
        if room is None:
            return
        overflow.doubted(event)
        answering.answer(event, room, said, problem, row.key)
        showing.follow(said, problem)
        if said and said.act and not problem and not isinstance(said.act, Vote):
            anchors.typed(event, said.act, room)

    # ---- where

    def where(self, act: Act, hearers: Collection[Actor]) -> list[Address]:
        return places.of(act, hearers)

    def past(self, act: Publish | Boost) -> list[Address]:
        return places.past(act)

    # ---- send

    def load(self, rows: Sequence[Delivery]) -> None:
        """Little ahead: what a row needs may be the event that the row before it makes."""
        memory = once.Memory(BATCH)
        for row in rows:
            row.load = memory

    async def send(self, rows: Sequence[Delivery], settle: Settle) -> None:
        await order.send(rows, self._one, settle)

    async def _one(self, row: Delivery, clear: order.Clear) -> None:  # noqa: C901  one line a wish
        what, _, target = row.to.partition(" ")
        if what not in {"event", "past"} or (row.act or {}).get("act") != "Publish":
            await clear()  # what it shows, or does, is as it is when its turn has come
        if what in {"say", "part", "decision", "words", *showing.KINDS}:  # no act of anybody
            await self._aside(what, target, row)
            return
        act = acts.load(row.act or {})
        match what:
            case "event" | "tally":
                await outgoing.event(act, target, row, clear)
            case "past":
                await outgoing.event(act, target, row, clear, ts=acts.when(act))
            case "receipt":
                await outgoing.receipt(act, target, row)
            case "ledger" | "notice":
                await outgoing.desk(act, target, row, what)
            case "pins":
                await pinning.show(target)
            case "clear":
                await outgoing.clear_all(act, target, row)
            case "requote":
                await outgoing.again(act, target, row)
            case "open" | "close" | "introduce" | "unmask" | "ban" | "unban":
                await membership.mirror(what, act, target)
            case _:
                raise Gone(f"nobody knows what {what} means")

    async def _aside(self, what: str, target: str, row: Delivery) -> None:
        if what == "part":
            await membership.part(target, row.sender)
        elif what == "words":
            await outgoing.again(Words(row.sender), target, row)
        elif what == "decision":
            await decided.say(row.act or {})
        elif what in showing.KINDS:
            await showing.show(what, target, row)
        else:
            said = render.notice((row.act or {})["say"])
            await outgoing.put_event(target, said, row=row, user=registration.load().bot)


def _with_link(act: Act) -> Act:
    """A post typed in a room gets the address of its page, the end of a poll its counts."""
    if isinstance(act, Tally):
        return _closing(act)
    if not isinstance(act, Publish):
        return act
    author = outgoing.author_of(act.author)
    content = act.content
    if not content.quotable and act.visibility in OPEN:
        content = replace(content, quotable=author.quotes)
    url = f"{author.url}/{act.post.rsplit('/', 1)[-1]}"
    return replace(act, url=url, content=content)


def _closing(act: Tally) -> Tally:
    post = actions.post(act.now.post)
    return polls.tally(post, act.at, closed=act.at, uri=act.uri) if post else act
