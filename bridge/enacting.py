"""The straight line: an act is admitted, recorded and told, and so is what follows from it.

All of it in one transaction, in which nobody elsewhere is asked anything.
"""

from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import replace

from bridge import bans, documents, errands, partings, turns
from bridge.models import Errand
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
    Move,
    Pin,
    Publish,
    Undo,
    Vote,
)
from social.measures import Appoint, Expel, Feature, Measure
from social.models import Actor, Post

ANSWERED = 60.0  # seconds after which more answers are looked for
SOON, APART = 5.0, 30.0  # seconds to the first conversation of a group new here; between two
GATHERED = 30.0  # seconds in which changes of a profile become one


def carry_out(act: Act, wire: str = "") -> str:
    """Admits, records and tells one act and what follows from it. Returns why nothing changed."""
    admission.admit(act)
    if isinstance(act, Move):
        actions.hold(act.author)  # or who follows just now would hear nothing of it
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
            if begun := conversations.top(reply):
                errands.put(Errand.Kind.CONVERSATION, begun, after=ANSWERED)
        case _:
            pass


# ---- what came, and what it stands on


def take_in(context: Sequence[Said], said: Said) -> str:
    """What a row said, after what it stands on. Returns why nothing changed."""
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
    return note


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


def _read_below(topics: Sequence[Said]) -> None:
    """Of a group that somebody here follows from now on: later, and one after another, since most
    of it is on one server. The newest first.
    """
    told = [said.act for said in topics if isinstance(said.act, Boost)]
    newest = sorted(told, key=lambda act: -act.at)
    for number, act in enumerate(newest):
        errands.put(Errand.Kind.CONVERSATION, act.post, after=SOON + number * APART)


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


# ---- what was found out, or is due, by ourselves


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


def fill(author: str, past: Sequence[Said]) -> None:
    """What somebody wrote before, as when the first person here began to follow them."""
    with turns.writing(), once.remembered():
        once.forget()
        for said in past:
            _remember(said.act)
        for said in past:
            _show_past(said, author)
        _read_below(past)


def consented(context: Sequence[Said], act: AllowQuote) -> None:
    """What was found out later by ourselves, with the post that it is about."""
    with turns.writing(), once.remembered():
        once.forget()
        for earlier in context:
            _remember(earlier.act)
        carry_out(act)


def end_ban(errand: Errand) -> None:
    if act := bans.ending(errand):
        with suppress(actions.Refused), turns.writing():
            carry_out(act)


def tell_profile(errand: Errand) -> None:
    """All that somebody here changed in themselves within the last half minute, as one change; or
    what we found changed when we asked for somebody elsewhere, as if they had told us.
    """
    actor = Actor.objects.filter(uri=errand.about, left=None).first()
    if actor is None or (actor.is_local and actor.suspended):
        return
    act = Introduce(author=actor.uri, profile=profiles.profile_of(actor), at=actor.introduced)
    with turns.writing():
        if actor.is_local:
            gathering = [one for one in NETWORKS.values() if one.gathers]
            _tell(gathering, act, audience.hearers(act))
            return
        tell(act, audience.hearers(act))
        for answer in answers.answers(act):
            carry_out(answer)
