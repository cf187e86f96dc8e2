"""What a group passes on (FEP-1b12): its members' words and acts, in an Announce of its own.

The group's signature says what the group said, and nothing of whom it names. Another's words are
fetched from where they live, or proven by their author's signature inside; another's act counts
only where it concerns somebody here, and its own address or its proof confirms it.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from bridge import inbox as store
from bridge import names
from bridge.activitypub import actors, fetched, jsonld, measures, parse, proofs, quotes
from bridge.activitypub.parse_post import sane
from bridge.activitypub.vocabulary import ACTIVITIES
from bridge.errors import Forbidden, Unreadable
from bridge.models import Received
from bridge.network import Said
from social import actions
from social.acts import OPEN, Boost, Ignored, Introduce, Publish, Retract, Revise, Undo
from social.measures import Measure, Remove
from social.models import Actor
from social.models import Boost as BoostRow
from social.models import Reaction as ReactionRow

MANY = 50  # activities in one batch
_WORDS = frozenset({"Create", "Update"})
_ACTS = frozenset({"Like", "Dislike", "EmojiReact", "Undo"})

Json = dict[str, Any]


def is_read(activity: Json, group: Actor) -> bool:
    """Whether it is read here: whatever a group passes on, and batches of several such things."""
    if "Announce" not in jsonld.types(activity):
        return False
    return group.kind == "group" or any(map(_is_activity, jsonld.as_list(activity.get("object"))))


def _is_activity(thing: Any) -> bool:
    return not ACTIVITIES.isdisjoint(jsonld.types(thing))


def read(activity: Json, group: Actor, row: Received, deadline: float) -> Sequence[Said]:
    """What is passed on may be a post of anybody, or what somebody did. Raises Trouble."""
    if group.kind != "group":
        raise Forbidden("only groups pass on what others do")
    if not group.follows_in.filter(follower__owner__isnull=False, state="accepted").exists():
        raise Forbidden("nobody here follows the group")
    told = jsonld.as_list(activity.get("object"))
    if len(told) > 1:
        return _split(activity, told[:MANY], row)
    at = int(row.created.timestamp() * 1000)
    inner = jsonld.first(told)
    if not isinstance(inner, dict) or not _is_activity(inner):
        return passed_on(activity, jsonld.id_of(inner), group, at, deadline)
    return _done(activity, inner, group, at, deadline)


def _done(activity: Json, inner: Json, group: Actor, at: int, deadline: float) -> Sequence[Said]:
    author, kind = jsonld.id_of(inner.get("actor")), jsonld.types(inner)[0]
    if kind == "Announce":
        raise Forbidden("a group passes on no boosts: they would go round for ever")
    if author == group.uri:
        raise Forbidden("what a group does itself it says itself")
    if kind in _WORDS:
        return _words(activity, inner, group, at, deadline)
    if act := measures.passed_on(inner, group, at):
        return _measure(act, activity, inner, group, at=at, deadline=deadline)
    if kind == "Delete":
        return [_deletion(inner, author, at)]
    if kind in _ACTS:
        return [_act(inner, author, at)]
    raise Unreadable(f"no act for {kind[:50]} activities passed on by a group")


def _split(activity: Json, told: Sequence[Any], row: Received) -> Sequence[Said]:
    """PieFed passes on many at once: each is worked on, refused and tried again by itself."""
    uri = jsonld.id_of(activity) or row.key
    store.receive(
        row.network,
        [
            store.Arrival(
                key=f"{row.key}+{number}",
                lane=row.lane,
                body=jsonld.dumps({**activity, "id": f"{uri}#{number}", "object": one}),
                signer=row.signer,
            )
            for number, one in enumerate(told)
        ],
    )
    return [Said(None)]


# ---- posts


def _words(activity: Json, inner: Json, group: Actor, at: int, deadline: float) -> Sequence[Said]:
    about = jsonld.first(inner.get("object"))
    uri = jsonld.id_of(about)
    if uri == group.uri:  # which says itself what it is called now
        document, wire = actors.document_at(uri)
        return [Said(_introduced(document, at), wire)]
    if "Update" not in jsonld.types(inner) or actions.post(uri) is None:
        return passed_on(activity, uri, group, at, deadline, inner=inner)
    author = actors.find(jsonld.id_of(inner.get("actor")))
    if author.is_local:
        raise Forbidden("somebody here said so, and it is known")
    if proofs.check(inner, author.multikey):
        said, wire = inner, jsonld.dumps(inner)
    else:
        document, _ = actors.document_at(uri)
        said = {**inner, "object": document}
        wire = jsonld.dumps(said)
    act = parse.parse(said, at=at, followers=author.followers)
    if not isinstance(act, Revise) or act.author != author.uri:
        raise Unreadable(act.reason if isinstance(act, Ignored) else "it is no edit of a post")
    return [quotes.unproven(Said(act, wire))]


def _introduced(document: Json, at: int) -> Introduce:
    act = parse.parse(document, at=at)
    if not isinstance(act, Introduce):
        raise Unreadable("its own document is no profile")
    return actors.confirmed(act)


def passed_on(
    activity: Json, uri: str, group: Actor, at: int, deadline: float, *, inner: Json | None = None
) -> Sequence[Said]:
    """The post, as its author has it, and that the group passes it on.

    The text that is kept for the room is what was believed, not what the group wrote.
    """
    announced = jsonld.id_of(activity)
    if not names.origin_of(uri) or not announced:
        raise Unreadable("the activity does not say what it is about")
    made = min(at, sane(at, activity.get("published")))
    boost = Boost(author=group.uri, post=uri, uri=announced, at=made)
    dated = {**activity, "published": jsonld.iso(made)}  # Lemmy says no time
    known = actions.post(uri)
    if known and (known.author.is_local or _ispassed_on(group, uri)):
        return [Said(boost, jsonld.dumps({**dated, "object": uri}))]
    proof = _proven_words(inner, at) if inner else None
    said = proof or fetched.post(uri, at)
    if not isinstance(said.act, Publish) or said.act.post != uri:
        raise Unreadable("it passes on no post")
    wire = jsonld.dumps({**dated, "object": jsonld.loads(said.wire.encode())})
    return [*fetched.ancestors(said.act, at, deadline), said, Said(boost, wire)]


def _ispassed_on(group: Actor, uri: str) -> bool:
    """Lemmy says everything twice, once for those who read only ids."""
    return BoostRow.objects.filter(author=group, post__uri=uri).exists()


def _proven_words(inner: Json, at: int) -> Said | None:
    """FEP-8b32: an activity that carries its author's own signature needs no asking."""
    if "proof" not in inner:
        return None
    author = actors.find(jsonld.id_of(inner.get("actor")))
    if author.is_local or not proofs.check(inner, author.multikey):
        return None
    act = parse.parse(inner, at=at, followers=author.followers)
    now = act.now if isinstance(act, Revise) else act
    if not isinstance(now, Publish) or now.author != author.uri or now.visibility not in OPEN:
        return None
    return quotes.unproven(Said(now, jsonld.dumps(inner)))


def kept_words(raw: str, *, at: int, followers: str) -> Publish | None:
    """The post inside an Announce that a room kept."""
    inner = jsonld.first(jsonld.loads(raw.encode()).get("object"))
    act = parse.parse(inner, at=at, followers=followers) if isinstance(inner, dict) else None
    now = act.now if isinstance(act, Revise) else act
    return quotes.unclaimed(now) if isinstance(now, Publish) else None


# ---- what others did


def _measure(
    act: Measure | Undo, activity: Json, inner: Json, group: Actor, *, at: int, deadline: float
) -> Sequence[Said]:
    """What is put back into the group is passed on anew, as it is now."""
    undone = act.undone if isinstance(act, Undo) else None
    if not (isinstance(act, Undo) and isinstance(undone, Remove)):
        return [Said(act, jsonld.dumps(inner))]
    *around, told = passed_on(activity, undone.post, group, at, deadline)
    named = replace(undone, uri=jsonld.id_of(activity))
    return [*around, Said(replace(act, undone=named), told.wire)]


def _deletion(inner: Json, author: str, at: int) -> Said:
    uri = jsonld.id_of(jsonld.first(inner.get("object")))
    known = actions.post(uri)
    if known is None or known.deleted:
        raise Forbidden("what was deleted is not known here")
    if known.author.uri != author:
        raise Forbidden("only its author can take something back, or who moderates the group")
    if known.author.is_local:
        raise Forbidden("it is by somebody here, who would have said so")
    fetched.confirm_gone(uri)
    return Said(Retract(author=author, post=uri, at=at), jsonld.dumps(inner))


def _act(inner: Json, author: str, at: int) -> Said:
    """Votes come by the thousand: only those about posts of people here are asked after."""
    if not _concerns_us(inner, author):
        raise Forbidden("it concerns nobody here")
    who = actors.find(author)
    if who.is_local:
        raise Forbidden("somebody here said so, and it is known")
    uri = jsonld.id_of(inner)
    if proofs.check(inner, who.multikey):
        said, wire = inner, jsonld.dumps(inner)
    else:
        said, wire = actors.document_at(uri)
    act = parse.parse(said, at=at, followers=who.followers)
    if isinstance(act, Ignored):
        raise Unreadable(act.reason)
    if act.author != who.uri or said.get("type") != inner.get("type"):
        raise Forbidden("its origin says something else")
    return Said(act, wire)


def _concerns_us(inner: Json, author: str) -> bool:
    """A reaction to a post of somebody here, or the end of one."""
    about = jsonld.first(inner.get("object"))
    if "Undo" in jsonld.types(inner):
        rows = ReactionRow.objects.filter(author__uri=author, post__author__owner__isnull=False)
        return rows.filter(uri=jsonld.id_of(about)).exists()
    known = actions.post(jsonld.id_of(about))
    return known is not None and known.author.is_local
