"""Who hears in their desk of what others do, where no room of theirs shows it.

"ledger" is a line that a rebuild reads, "notice" the bot's words to the person.
"""

from collections.abc import Collection, Iterator

from bridge.errors import Gone
from bridge.matrix import traces
from social import actions, groups, policy, quoting, reports
from social.acts import (
    FOLLOWED,
    OPEN,
    Accept,
    Act,
    AllowQuote,
    AskQuote,
    Block,
    Decide,
    Follow,
    Introduce,
    Leave,
    Move,
    Publish,
    RefuseQuote,
    Reject,
    Report,
    Revise,
    Undo,
    Vote,
)
from social.measures import Appoint, Expel, Measure
from social.models import Actor, Post

# A block begins or ends with it, or it answers what the hearer asked: a rebuild must know of it.
HEARD_THROUGH_A_BLOCK = (Block, Undo, Accept, Reject, Expel)


def towards(act: Act, author: Actor, hearers: Collection[Actor]) -> Iterator[tuple[str, Actor]]:
    """What is written, and in whose desk."""
    told = _told_of_edit(act, hearers) if isinstance(act, Revise) else hearers
    for hearer in told:
        if not hearer.is_local or hearer == author:
            continue
        if policy.blocked_between(hearer, author) and not isinstance(act, HEARD_THROUGH_A_BLOCK):
            continue
        left = isinstance(act, Leave) and not author.is_local  # or it stands in the author's own
        if left or _is_relation(act) or _is_kept(act, hearer):
            yield "ledger", hearer
        if _is_told(act, hearer) and hearer.pk not in policy.muting(author):
            yield "notice", hearer


def _told_before(act: Revise) -> Collection[Actor]:
    """Those who have a notice of the post with words that are changed now."""
    desks = [place.partition(" ")[2] for place in traces.told_in(act.now.post)]
    return Actor.objects.local().filter(uri__in=desks) if desks else []


def _told_of_edit(act: Revise, hearers: Collection[Actor]) -> Collection[Actor]:
    """And those whom it names only now, or who never heard of the post before."""
    before = _told_before(act)
    known = {one.pk for one in before}
    return [*before, *(one for one in hearers if one.pk not in known and _is_named(act.now, one))]


def _is_relation(act: Act) -> bool:
    match act:
        case Follow() | Accept() | Reject() | Block() | Move() | Decide() | Vote():
            return True
        case AllowQuote() | RefuseQuote():
            return True
        case Undo(undone=Follow() | Block()):
            return True
        case _:
            return False


def _is_kept(act: Act, hearer: Actor) -> bool:
    """What is done in a group here stands in its own ledger alone; of one elsewhere whom it put out
    remembers. Who moderates is read from the room.
    """
    said = act.undone if isinstance(act, Undo) else act
    if not isinstance(said, Measure) or isinstance(said, Appoint):
        return False
    out = isinstance(said, Expel) and said.target == hearer.uri
    return said.group == hearer.uri or (out and groups.here(said.group) is None)


def _is_told(act: Act, hearer: Actor) -> bool:
    match act:
        case Follow() | Accept() | Reject() | Move() | RefuseQuote():
            return True
        case Introduce():
            author = actions.actor(act.author)
            left_alone = author is not None and policy.opted_out(author)
            return left_alone and hearer.follows_out.filter(target__uri=act.author).exists()
        case Decide():
            return not act.allowed and Post.objects.filter(uri=act.about).exists()
        case AskQuote():
            quoted, asker = actions.post(act.post), actions.actor(act.author)
            return bool(quoted and asker and quoting.allowed(asker, quoted))
        case Appoint(target=uri) | Expel(target=uri):
            return uri == hearer.uri
        case Undo(undone=Appoint(target=uri) | Expel(target=uri)):
            return uri == hearer.uri
        case Publish():
            return _is_named(act, hearer)
        case Revise():
            post = actions.post(act.now.post)
            return bool(post and (post.visibility in OPEN or hearer.uri in act.now.audience))
        case _:
            return False


def _is_named(act: Publish, hearer: Actor) -> bool:
    if hearer.uri not in act.audience:
        return False
    if act.visibility not in OPEN:
        return _is_outside(act, hearer)
    # In one's own room one sees it anyway.
    return hearer.kind != "group" and traces.began_with(act.reply) != hearer


def _is_outside(act: Publish, hearer: Actor) -> bool:
    """What is not for everybody stands in a room that the hearer is in: of somebody elsewhere one
    is made for it, but what is written here stands where it was typed.
    """
    author, above = actions.actor(act.author), actions.post(act.reply)
    if author is None or not author.is_local:
        return False
    if act.visibility not in FOLLOWED:
        if above is None or above.visibility not in FOLLOWED:
            return False  # a conversation: all whom it names are in it
        author = above.author
    follows = author.follows_in.filter(follower=hearer, state="accepted")
    return hearer != author and not follows.exists()


def for_moderator(act: Report, reader: str) -> Report:
    """What of a report somebody reads who moderates a group. Raises Gone where that is nothing."""
    seen = reports.for_moderator(act, reader)
    if not seen.about:
        raise Gone("what was reported is in no group any more that they moderate")
    return seen
