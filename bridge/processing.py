"""The straight line: a received row is read, admitted, recorded and told."""

import logging
import time
from collections import deque
from collections.abc import Collection, Sequence
from contextlib import nullcontext, suppress
from dataclasses import replace
from datetime import timedelta

from django.db import DatabaseError, IntegrityError, connection
from django.utils import timezone

from bridge import bans, documents, errands, lanes, outage, partings, turns
from bridge.errors import Later, Trouble
from bridge.loop import Elsewhere, nobody_asked
from bridge.models import Errand, Received
from bridge.network import UNCHANGED, Network, Said
from bridge.networks import NETWORKS
from social import (
    actions,
    acts,
    admission,
    again,
    answers,
    audience,
    backlinks,
    conversations,
    groups,
    once,
    outbox,
    polls,
    profiles,
)
from social.acts import (
    OPEN,
    Accept,
    Act,
    AllowQuote,
    Block,
    Boost,
    Follow,
    Introduce,
    Pin,
    Publish,
    Undo,
    Vote,
)
from social.measures import Appoint, Expel, Feature, Measure
from social.models import Actor, Post, Queued

log = logging.getLogger("ownroom.processing")
ANSWERED = 60.0  # seconds after which more answers are looked for
SOON, APART = 5.0, 30.0  # seconds to the first conversation of a group new here; between two
GATHERED = 30.0  # seconds in which changes of a profile become one
STINT = 25  # rows of one transaction, and
MOMENT = 0.025  # seconds: for so long, at least, others who want to write wait for it
AS_IT_WAS = 1.0  # seconds for which they see the index so, however busy the machine is
TRIES = 5  # then a row is set aside with its reason, for the admin to look at


def drain(lane: str) -> None:
    """Everything that waits in one lane, in order; another holder's lane is left alone."""
    holder = lanes.Holder()
    while holder.claim([lane]):
        try:
            _work_off(lane, holder)
        finally:
            holder.release([lane])
        if not _waiting(lane):  # nothing came just before the release
            return


def _waiting(lane: str) -> Sequence[Received]:
    return lanes.waiting(Received, [lane]).get(lane, ())


def _work_off(lane: str, holder: lanes.Holder) -> None:
    held = time.monotonic()
    while rows := _waiting(lane):
        if NETWORKS[rows[0].network].ahead(lane):
            rows = _waiting(lane)
        with once.remembered():
            for row in rows:
                if time.monotonic() - held > lanes.LEASE.total_seconds() / 4:
                    held = time.monotonic()
                    if not holder.renew([lane]):
                        return  # somebody else goes on with it
                with turns.working():
                    process(row)
    _speak_again([lane])


def _speak_again(names: Collection[str]) -> None:
    """Whoever speaks to us can hear us again."""
    lanes.wake([name.removeprefix("from ") for name in names])


def drain_together(names: Collection[str]) -> list[str]:
    """What waits in many lanes and asks nobody elsewhere, many rows to a transaction.

    Answers the lanes that go on alone, by `drain`: a slow host holds up no other.
    """
    alone = {name for name in names if _looks_ahead(name)}
    names, holder = [name for name in names if name not in alone], lanes.Holder()
    while held := holder.claim(names):
        try:
            alone |= _work_off_together(held)
        finally:
            holder.release(held)
        names = lanes.remaining(Received, [name for name in held if name not in alone])
    return sorted(alone)


def _looks_ahead(lane: str) -> bool:
    network = NETWORKS.get(lane.removeprefix("from ").partition(" ")[0])
    return network is None or network.looks_ahead


def _work_off_together(names: Collection[str]) -> set[str]:
    """One batch; answers the lanes that must go on alone."""
    found = lanes.waiting(Received, names, most=lanes.BATCH)
    rows = sorted((row for waiting in found.values() for row in waiting), key=lambda row: row.pk)
    # Where some fill a whole batch there was no place for the others.
    alone = set(names) - set(found) if len(rows) == lanes.BATCH else set[str]()
    held = time.monotonic()
    with once.remembered(once.Memory(AS_IT_WAS)):
        while rows and time.monotonic() - held < lanes.LEASE.total_seconds() / 4:
            done, stopped = _stint(rows[:STINT])
            alone |= stopped
            rows = [row for row in rows[done:] if row.lane not in stopped]
    _speak_again(list(found))
    return alone


def _stint(rows: Sequence[Received]) -> tuple[int, set[str]]:
    """Some rows in one transaction, in which each can fail by itself: how many, and whose lanes
    must go on alone. Those of all rows, if together they could not be kept.
    """
    try:
        with turns.working(), turns.writing(), outbox.gathered(), nobody_asked():
            return _some(rows)
    except DatabaseError as error:
        log.warning("%s rows go on one by one: %s", len(rows), type(error).__name__)
        once.forget()
        return len(rows), {row.lane for row in rows}


def _some(rows: Sequence[Received]) -> tuple[int, set[str]]:
    """As many as there is time for: who knocks at the door wants to write, too."""
    keys = [row.pk for row in rows]
    waiting = Received.objects.select_for_update().filter(pk__in=keys, state="waiting")
    mine, end = set(waiting.values_list("pk", flat=True)), time.monotonic() + MOMENT
    partings.heed()
    for name, network in NETWORKS.items():
        network.foresee([row for row in rows if row.network == name and row.pk in mine])
    through, stopped, left = list[int](), set[str](), deque(rows)
    while left and not stopped:
        row = left.popleft()
        row.held = True
        try:
            if row.pk in mine and process(row):
                through.append(row.pk)
        except Elsewhere:
            once.forget()
            stopped.add(row.lane)
        if turns.wanted() and time.monotonic() > end:
            break
    _through(through)
    return len(rows) - len(left), stopped


def _through(keys: Collection[int]) -> bool:
    """Whether a row waited until now. What has another end already keeps it."""
    waiting = Received.objects.filter(pk__in=keys, state="waiting")
    return bool(waiting.update(state=Queued.State.DONE, ended=timezone.now(), note=""))


def process(row: Received) -> bool:
    """Answers whether it went through; else it ended, or waits, with a reason."""
    try:
        perform(row)
    except Later as error:
        _wait(row, str(error), error.after)
    except (Trouble, actions.Refused) as error:
        close(row, str(error))
    except IntegrityError:  # the other one has committed by now
        _wait(row, "another lane was recording the same", 0)
    except Exception as error:  # the task boundary: one odd row must not stop the others
        if _is_away(error):
            raise  # the row stays before those behind it
        log.exception("received %s failed", row.pk)
        _wait(row, f"our own error: {type(error).__name__}", None)
    else:
        return True
    once.forget()  # what a transaction that was undone had made
    return False


def _is_away(error: Exception) -> bool:
    """The database, from everybody; else the row may be to blame, and is tried a few times."""
    lost = outage.is_away(error) and not connection.is_usable()
    return lost or outage.takes_nothing(error)


@once.remembered()
def perform(row: Received) -> None:
    """Reads outside, records inside one transaction that also ends the row: all or nothing."""
    partings.look()
    *context, said = NETWORKS[row.network].read(row)
    if isinstance(said.act, Publish) and not said.act.content.quote:
        _record(row, context, said)
        return
    once.forget()  # all other acts change what is asked about,
    outbox.flush()  # and some ask what was told
    _record(row, context, said)
    once.forget()


def _record(row: Received, context: Sequence[Said], said: Said) -> None:
    with nullcontext() if row.held else turns.writing(), outbox.gathered():
        if not row.held:
            if not _through([row.pk]):
                return
            partings.heed()
        for earlier in context:
            _remember(earlier.act)
        if isinstance(said.act, Pin):
            for earlier in context:
                _show(earlier)  # before it can be pinned in a room it stands there
        several = isinstance(said.act, Vote | Pin | Undo | Follow | Feature | Appoint)
        note = _each([*context, said]) if several else _main(said)
        if isinstance(said.act, Accept) and not note:
            for earlier in context:
                _show_past(earlier, said.act.author)
            _read_below(context)
        if note:
            _end(row, Queued.State.IGNORED, note)
        NETWORKS[row.network].closed(row, said, note)


def _main(said: Said) -> str:
    return carry_out(said.act, said.wire) if said.act else ""


def _each(found: Sequence[Said]) -> str:
    """The choices of a ballot, what is pinned in one list, a question that is asked once more: each
    is an act of its own. Why none of them counts; empty where one does.
    """
    notes = []
    for said in found:
        try:
            notes += [] if isinstance(said.act, Publish) else [_main(said)]
        except actions.Refused as error:
            notes.append(str(error))
    return "" if "" in notes else notes[-1]


def _remember(act: Act | None) -> None:
    """A post that the main one stands on: kept where it may be, told to nobody."""
    if isinstance(act, Publish):
        with suppress(actions.Refused):
            admission.admit_context(act)
            actions.record(act)


def recall(begun: str, found: Sequence[Said]) -> None:
    """Posts that nobody sent us, each after what it answers, and groups that pass them on; if by
    now the conversation still has to do with somebody here.
    """
    with turns.writing(), once.remembered():
        once.forget()
        top, new = actions.post(begun), list[Said]()
        if top is None or not conversations.concerns_us(top):
            return
        for said in found:
            if isinstance(said.act, Publish) and actions.post(said.act.post) is None:
                _remember(said.act)
                new.append(said)
            elif isinstance(said.act, Boost):
                _show_past(said, said.act.author)
        for said in new:
            _show(said)


def _read_below(topics: Sequence[Said]) -> None:
    """Of a group that somebody here follows from now on: later, and one after another, since most
    of it is on one server. The newest first.
    """
    told = [said.act for said in topics if isinstance(said.act, Boost)]
    newest = sorted(told, key=lambda act: -act.at)
    for number, act in enumerate(newest):
        errands.put(Errand.Kind.CONVERSATION, act.post, after=SOON + number * APART)


def consented(context: Sequence[Said], act: AllowQuote) -> None:
    """What was found out later by ourselves, with the post that it is about."""
    with turns.writing(), once.remembered():
        once.forget()
        for earlier in context:
            _remember(earlier.act)
        carry_out(act)


def _show_past(said: Said, author: str) -> None:
    """Of whom somebody here follows from now on. What others said stands in the group that passed
    it on, and nowhere else.
    """
    act = said.act
    if isinstance(act, Boost):
        with suppress(actions.Refused):
            admission.admit(act)
            if actions.record(act):
                _tell_past(act, said.wire, act.post)
    elif not isinstance(act, Publish) or act.author == author:
        _show(said)


def _show(said: Said) -> None:
    """What was said before, or elsewhere: no news to anybody, so nobody is told of it."""
    act = said.act
    if isinstance(act, Pin | Measure):
        outbox.flush()  # where it stands is asked
        _each([said])
    if not isinstance(act, Publish):
        return
    known = Post.objects.filter(uri=act.post, deleted=None).first()
    if known is None:
        return  # it was not admitted
    act = replace(act, group=known.group)  # not wherever it only claims to be said
    _tell_past(act, said.wire, act.post)


def _tell_past(act: Publish | Boost, wire: str, post: str) -> None:
    places = {network.name: network.past(act) for network in NETWORKS.values()}
    if not any(places.values()):
        return
    document = documents.keep(act, wire)
    for name, addresses in places.items():
        outbox.tell(
            name,
            addresses,
            sender=act.author,
            subject=post,
            said=acts.dump(act),
            document=document,
        )


@turns.writing()
def close(row: Received, problem: str) -> None:
    """The row ends with a reason, which its network may tell whoever asked."""
    _end(row, Queued.State.IGNORED, problem)
    NETWORKS[row.network].closed(row, None, problem)


def carry_out(act: Act, wire: str = "") -> str:
    """Admits, records and tells one act and what follows from it. Returns why nothing changed."""
    admission.admit(act)
    hearers = audience.hearers(act)  # before an end of relations takes them out of sight
    changed = actions.record(act) or documents.unheard(act) or bans.lengthens(act)
    if changed and partings.parts(act):
        partings.note()
    if changed and polls.is_put_off(act):
        documents.keep(act, wire)
    elif changed:
        words = documents.said(act, tell(act, hearers, wire), wire)
        _intend(act)
        for told in groups.follow_up(act):
            carry_out(told, words)
        if isinstance(act, Undo) and (said := again.still_said(act)):
            _tell(_by_document(), said, audience.hearers(said))
    # Also where it changed nothing: whoever asks again may have lost the answer.
    for answer in answers.answers(act):
        carry_out(answer)
    return "" if changed else UNCHANGED


def tell(act: Act, hearers: Collection[Actor], wire: str = "") -> str:
    later = isinstance(act, Introduce)
    at_once = [one for one in NETWORKS.values() if not (later and one.gathers)]
    return _tell(at_once, act, hearers, wire)


def _by_document() -> list[Network]:
    """Those to whom an act goes as one text, the same for all; a room has it already."""
    return [one for one in NETWORKS.values() if one.sends_documents]


def _tell(
    networks: Collection[Network], act: Act, hearers: Collection[Actor], wire: str = ""
) -> str:
    document = documents.keep(act, wire)
    for network in networks:
        outbox.tell(
            network.name,
            network.where(act, hearers),
            sender=act.author,
            subject=audience.subject(act),
            said=None if network.sends_documents else acts.dump(act),
            document=document,
        )
    return document


def _intend(act: Act) -> None:
    """What is to be done later because of it."""
    author = actions.actor(act.author)
    match act:
        case Introduce() if author and author.is_local:
            errands.put(Errand.Kind.PROFILE, author.uri, after=GATHERED)
            if backlinks.wanted(author):
                errands.put(Errand.Kind.LINKS, author.uri)
        case Expel() | Undo(undone=Expel() | Block()):
            bans.expire(act)
        case Publish(reply=reply, visibility=shown) if reply and shown in OPEN:
            # Whoever answers has only those told whom they name: the others are read there.
            if begun := conversations.top(act):
                errands.put(Errand.Kind.CONVERSATION, begun, after=ANSWERED)
        case _:
            pass


def end_ban(errand: Errand) -> None:
    if act := bans.ending(errand):
        with suppress(actions.Refused), turns.writing():
            carry_out(act)


def tell_profile(errand: Errand) -> None:
    """All that somebody changed in themselves within the last half minute, as one change."""
    actor = Actor.objects.local().shown().filter(uri=errand.about).first()
    if actor is None:
        return
    act = Introduce(author=actor.uri, profile=profiles.profile_of(actor), at=actor.introduced)
    with turns.writing():
        gathering = [one for one in NETWORKS.values() if one.gathers]
        _tell(gathering, act, audience.hearers(act))


def _wait(row: Received, reason: str, after: float | None) -> None:
    tries = row.tries + 1
    if tries >= TRIES:
        _give_up(row, f"set aside after {tries} tries: {reason}")
        return
    delay = timedelta(seconds=after if after is not None else 2.0**tries)
    Received.objects.filter(pk=row.pk).update(
        tries=tries, due=timezone.now() + delay, note=reason[:500]
    )


@turns.writing()
def _give_up(row: Received, problem: str) -> None:
    _end(row, Queued.State.GONE, problem)
    try:
        with turns.writing(), outbox.gathered():
            NETWORKS[row.network].closed(row, None, problem)
    except Exception:  # its own text may be what nobody can read
        log.exception("nobody could be told of received %s", row.pk)


def _end(row: Received, state: str, note: str) -> None:
    Received.objects.filter(pk=row.pk).update(state=state, ended=timezone.now(), note=note[:500])
