"""The JSON that stands at the URIs of local actors' posts and acts: rendered once, then kept.

Everything that leaves, by delivery or by request, is these bytes. The composition root: it lets
one network's receipts carry what the other one serves, without the two knowing each other.
"""

from collections.abc import Collection
from typing import Any

import orjson
from django.conf import settings
from django.db.models import Exists, OuterRef, Q

from bridge import keys
from bridge.activitypub import jsonld, proofs, render
from bridge.models import Document
from social import actions, profiles
from social.acts import (
    OPEN,
    Act,
    AllowQuote,
    AskQuote,
    Boost,
    Introduce,
    Leave,
    PassOn,
    Publish,
    React,
    RefuseQuote,
    Report,
    Retract,
    Revise,
    Tally,
    Undo,
    Vote,
    is_quiet,
    when,
)
from social.models import Actor, Delivery, Post


def keep(act: Act, wire: str = "") -> str:
    """Stores what the act puts on the web; returns the URI of its document.

    Of another server's actor, the text it sent is kept for the rooms that will carry a copy, and
    for those it is passed on to: what is said last of a post takes the place of its words.
    """
    author = actions.actor(act.author)
    if author is None or is_quiet(act):
        return ""
    if author.is_local:
        speaker = actions.actor(keys.instance().uri) if isinstance(act, Report) else author
        return keep_activity(act, speaker or author, activity(act, author, wire))
    if isinstance(act, Leave):
        Document.objects.filter(author=author.uri).delete()
    uri = address(act) if wire else ""
    if uri:
        _put(uri, wire, author.uri)
    return uri


def said(act: Act, document: str, wire: str) -> str:
    """The activity in the words in which the fediverse hears it: of one of ours, what was kept."""
    author = actions.actor(act.author)
    if author is None or not author.is_local:
        return wire
    return Document.objects.filter(uri=document).values_list("body", flat=True).first() or ""


def text(uri: str) -> str:
    """What is kept under it."""
    return Document.objects.filter(uri=uri).values_list("body", flat=True).first() or ""


def unheard(act: Act) -> bool:
    """Whether a post was only fetched until now, because others stand on it: nobody was told."""
    if not isinstance(act, Publish) or Document.objects.filter(uri=act.post).exists():
        return False
    author = actions.actor(act.author)
    return author is not None and not author.is_local


def address(act: Act) -> str:
    """The URI under which a remote act is remembered; empty for those that no room carries."""
    match act:
        case Publish() | Retract():
            return act.post
        case Revise() | Tally():
            return act.now.post
        case React() | Boost():
            return act.uri
        case _:
            return ""


def activity(act: Act, author: Actor, wire: str = "") -> dict[str, Any]:
    refs = render.Refs(
        origin=settings.OWNROOM_ORIGIN,
        followers=author.followers,
        post_author=_other(act),
        group=_group(act),
        readers=_readers(act, author),
        passed=orjson.loads(wire) if wire and isinstance(act, PassOn) else None,
        edited=_edited(act),
        quoting=_plain(act.quoting) if isinstance(act, AskQuote) else {},
    )
    if isinstance(act, Introduce):
        act = Introduce(author=act.author, profile=profiles.profile_of(author), at=act.at)
    document = render.render(act, refs)
    pair = keys.instance() if isinstance(act, Report) else keys.of(author)
    return proofs.add(
        document, pair.ed25519, verification_method=pair.proof_id, created=jsonld.iso(when(act))
    )


def _edited(act: Act) -> int | None:
    """A poll that is counted stays edited when it was."""
    if not isinstance(act, Tally):
        return None
    return Post.objects.filter(uri=act.now.post).values_list("updated", flat=True).first()


def _plain(uri: str) -> dict[str, Any]:
    """A kept document as it stands within another."""
    body = Document.objects.filter(uri=uri, gone=False).values_list("body", flat=True).first()
    document: dict[str, Any] = orjson.loads(body) if body else {}
    return {key: value for key, value in document.items() if key != "@context"}


def _readers(act: Act, author: Actor) -> tuple[str, ...]:
    """Whom a post was for that goes now; empty where anybody could read it."""
    post = Post.objects.filter(uri=act.post).first() if isinstance(act, Retract) else None
    if post is None or post.visibility in OPEN:
        return ()
    followers = [author.followers] if post.visibility == "private" else []
    return (*followers, *post.audience)


def _other(act: Act) -> str:
    """The author of the post that a reaction, boost or vote is about."""
    said = act.undone if isinstance(act, Undo) else act
    if not isinstance(said, React | Boost | Vote | AskQuote):
        return ""
    uri = said.poll if isinstance(said, Vote) else said.post
    return Post.objects.filter(uri=uri).values_list("author__uri", flat=True).first() or ""


def _group(act: Act) -> str:
    """Where the post that a reaction is about was said."""
    said = act.undone if isinstance(act, Undo) else act
    found = actions.post(said.post) if isinstance(said, React) else None
    return found.group if found else ""


def keep_activity(act: Act, author: Actor, document: dict[str, Any]) -> str:
    """From the rendered activity, or, in a rebuild, from the one kept in the room."""
    uri: str = document["id"]
    _store(uri, document, author.uri)
    match act:
        case Publish():
            _store(act.post, _object(document), author.uri)
        case Revise() | Tally():
            _store(act.now.post, _object(document), author.uri)
            edits = Document.objects.filter(author=author.uri, uri__startswith=_edits(act.now.post))
            edits.exclude(uri=uri).delete()
            # Old words are kept nowhere in the open, and who is asked whether it may quote, and
            # has not answered yet, is shown what it says now.
            _rewrap(f"{act.now.post}/create", "object", _object(document), author)
            _rewrap(_asked(act.now.post), "instrument", _object(document), author)
        case Retract():
            _bury(act.post, act.at, author.uri)
        case AllowQuote():
            _store(act.stamp, render.stamp(act), author.uri)
        case RefuseQuote() if act.stamp:
            keep_withdrawn(act)
        case Leave():
            keep_nothing(author, but=uri)
        case _:
            pass
    return uri


def keep_nothing(author: Actor, *, but: str = "") -> None:
    """Of who left: what they said and did is answered with 410."""
    Document.objects.filter(author=author.uri).exclude(uri=but).update(gone=True)


def keep_consent(act: AllowQuote | RefuseQuote, stamp: str) -> None:
    """In a rebuild: a proof as it was served before, or that it is gone."""
    author = actions.actor(act.author)
    if author is None or not author.is_local:
        return
    if isinstance(act, RefuseQuote):
        if act.stamp:
            keep_withdrawn(act)
    elif stamp:
        _put(act.stamp, stamp, act.author)


def keep_withdrawn(act: RefuseQuote) -> None:
    body = orjson.dumps(render.tombstone(act.stamp, act.at)).decode()
    _put(act.stamp, body, act.author, gone=True)


def keep_posts(texts: Collection[tuple[Publish, str]], *, local: bool) -> None:
    """In a rebuild: many at once, each from the text that a room kept."""
    rows: dict[str, Document] = {}
    for act, text in texts:
        kept = {act.post: text}
        if local:
            document = orjson.loads(text)
            kept = {document["id"]: text, act.post: orjson.dumps(_object(document)).decode()}
        for uri, body in kept.items():
            rows[uri] = Document(uri=uri, body=body, author=act.author)
    _put_all(rows.values())


def _object(document: dict[str, Any]) -> dict[str, Any]:
    return {"@context": document["@context"], **document["object"]}


def _rewrap(uri: str, key: str, current: dict[str, Any], author: Actor) -> None:
    """What shows a post under that key follows an edit of it."""
    row = Document.objects.filter(uri=uri).first()
    if row is None:
        return
    around = orjson.loads(row.body)
    around.pop("proof", None)
    around[key] = {name: value for name, value in current.items() if name != "@context"}
    pair, created = keys.of(author), current.get("updated", current["published"])
    signed = proofs.add(around, pair.ed25519, verification_method=pair.proof_id, created=created)
    _store(row.uri, signed, author.uri)


def keep_frame(uri: str, frame: str, author: Actor) -> None:
    """In a rebuild: a Create without its object, until an edit has filled it (`_rewrap`)."""
    if not Document.objects.filter(uri=uri).exists():
        _put(uri, frame, author.uri, gone=True)


def _bury(post: str, at: int, author: str) -> None:
    """Post and Create answer 410 with a tombstone; what edits said is gone without a trace."""
    tombstone = orjson.dumps(render.tombstone(post, at)).decode()
    for uri in (post, f"{post}/create"):
        _put(uri, tombstone, author, gone=True)
    Document.objects.filter(author=author, uri__startswith=_edits(post)).delete()
    Document.objects.filter(author=author, uri=_asked(post)).delete()  # nobody is to read it


def _edits(post: str) -> str:
    return f"{post}/update/"


def _asked(post: str) -> str:
    """Where the question stands whether it may quote."""
    return f"{post}#quote"


def _store(uri: str, document: dict[str, Any], author: str) -> None:
    _put(uri, orjson.dumps(document).decode(), author)


def _put(uri: str, body: str, author: str, *, gone: bool = False) -> None:
    _put_all([Document(uri=uri, body=body, author=author, gone=gone)])


def _put_all(rows: Collection[Document]) -> None:
    Document.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["uri"],
        update_fields=["body", "author", "gone"],
    )


def prune() -> int:
    """What nobody can ask for, because its address has a fragment, is kept while it may be sent."""
    rows = Delivery.objects.filter(document=OuterRef("uri"))
    local = Actor.objects.local().values("uri")
    sent_only = Q(uri__contains="#accepts/") | Q(uri__contains="#rejects/")
    sent_only |= Q(uri__contains="#updates/") | Q(uri__contains="#announces/")
    sent_only |= Q(uri__contains="#votes/") | Q(uri__contains="#pins/")
    sent_only |= Q(uri__endswith="#quote")
    ours = Q(author__in=local) & sent_only
    ours |= Q(author=keys.instance_uri(), uri__contains="#reports/")
    return Document.objects.filter(ours).exclude(Exists(rows)).delete()[0]
