"""What the events of a room say, put into the index again."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import orjson
from django.conf import settings

from bridge import bans, documents, errands, filetypes, html, names
from bridge.activitypub import actors, groups
from bridge.activitypub.network import replayed
from bridge.matrix import (
    enclosed,
    registration,
    shapes,
    traces,
    uploads,
)
from bridge.matrix import polls as matrix_polls
from bridge.matrix.parse import Carried, Entry, Part, Receipt
from bridge.matrix.vocabulary import OBJECT, TOMBSTONE
from bridge.models import Errand, Room
from bridge.rebuild import people, receipts
from bridge.rebuild.batch import Batch, Event
from social import actions, acts, polls, quoting, replay
from social.acts import (
    AllowQuote,
    Boost,
    Emoji,
    Leave,
    Publish,
    React,
    RefuseQuote,
    Revise,
    Tally,
    Undo,
)
from social.measures import Lock
from social.models import Actor

_WRITTEN = {"m.room.message", *matrix_polls.STARTS}  # whose events may be somebody's posts


def record(  # noqa: C901  one line an act
    event: Event, read: Any, batch: Batch
) -> None:
    ours, kind = registration.load().ours(event["sender"]), event["type"]
    if ours and (source := enclosed.source(event["content"])):
        uploads.remember(*source)
    match read:
        case Part(uri=uri, number=number, shows=shows):
            batch.place(event, uri, number, shows)
        case Receipt():
            receipts.put_back(read, event, batch)
        case Entry():
            with batch.alone():
                _entry(read)
        case Carried(kind="tally" | "end"):
            with batch.alone():
                _counted(read, event, batch)
        case Carried(kind="lock" | "unlock"):
            with batch.alone():
                _locked(read, batch.room)
        case Carried(role="copy", raw=raw) if raw:
            with batch.alone():
                _remembered(read, event, batch)
        case Carried(raw=raw) if raw:
            _carried(read, event, batch)
        case Carried(kind="create" | "card"):
            _wordless(read, event, batch)
        case Carried(kind="quote"):
            with batch.alone():
                author = _speaker(read, event)
                quoting.mark(read.uri, author.uri if author else "", read.stamp)
        case _ if ours and kind == "m.room.redaction":
            with batch.alone():
                _tombstone(event)
        case _ if not ours and kind in _WRITTEN and batch.room.kind != Room.Kind.DESK:
            # Where somebody's own post stands: its receipt may be in another room.
            batch.place(event, names.post_uri(settings.OWNROOM_ORIGIN, event["event_id"]))
        case _ if not ours and kind in matrix_polls.ENDS:
            batch.end(event)


def _locked(carried: Carried, room: Room) -> None:
    """In a group elsewhere; of one here its ledger tells it."""
    group = room.actor
    if group is None or group.is_local:
        return
    at, by = carried.seen, group.uri
    act = Lock(author=by, post=carried.uri, group=by, uri=carried.act, at=at)
    undone = Undo(author=by, uri="", at=at, undone=act)
    actions.record(act if carried.kind == "lock" else undone)


def _carried(carried: Carried, event: Event, batch: Batch) -> None:
    """What a ghost said here. Its author is whom the ghost stands for, whatever the copy says."""
    author = _speaker(carried, event)
    if author is None:
        return
    act = replayed(carried.raw, at=carried.seen, followers=author.followers)
    if isinstance(act, Boost) and carried.uri != act.uri:
        _passed_on(act, author, carried, event, batch)
        return
    act = quoting.believed(polls.as_kept(act, carried.kind), carried.stamp)
    if act.author != author.uri:
        return
    _pictures(act, event)
    if isinstance(act, Publish):
        published = carried.published or act.published
        act = replace(act, group=_group(act, batch.room), published=published)
        batch.post(act, carried.raw)
    else:
        with batch.alone():
            _stand_in(event["content"][OBJECT])
            actions.record(act)
            documents.keep(act, carried.raw)
    match act:
        case Publish(post=uri) | Revise(now=Publish(post=uri)) | React(uri=uri) | Boost(uri=uri):
            batch.place(event, uri)  # also of what was edited before it stood there
        case _:
            pass


def _wordless(carried: Carried, event: Event, batch: Batch) -> None:
    """Its first words were a file that is gone, and what it says now came with an edit; or a card,
    which says nothing of its own.
    """
    author = people.from_card(event["content"][OBJECT].get("who")) or _speaker(carried, event)
    if author and author.uri == carried.by and names.same_origin(carried.uri, carried.by):
        batch.place(event, carried.uri)


def _pictures(act: Any, event: Event) -> None:
    """Custom emoji that the homeserver has, as the event shows them."""
    content, emojis, found = event["content"], tuple[Emoji, ...](), dict[str, str]()
    match act:
        case Publish(content=said) | Revise(now=Publish(content=said)) if said.emojis:
            now = shapes.new_content(content) or content
            shown = html.from_matrix("", shapes.text(now.get("formatted_body")), lambda _: None)
            emojis, found = said.emojis, dict(shown.emoticons)
        case React(custom=Emoji() as emoji):
            key = shapes.text(shapes.relation(content).get("key"))
            emojis, found = (emoji,), {emoji.shortcode: key}
        case _:
            return
    for emoji in emojis:
        mxc = found.get(emoji.shortcode, "")
        if mxc.startswith("mxc://") and emoji.media_type in filetypes.PICTURES:
            uploads.remember(emoji.url, enclosed.File(mxc, emoji.media_type))


def _group(act: Publish, room: Room) -> str:
    """In a group's room here everything is said in that group, and elsewhere nothing is."""
    if room.actor and room.actor.is_local and room.actor.kind == "group":
        return room.actor.uri
    return "" if names.same_origin(act.group, settings.OWNROOM_ORIGIN) else act.group


def _speaker(carried: Carried, event: Event) -> Actor | None:
    """Whose words they are; what the bot said in somebody's name names them itself."""
    if event["sender"] != registration.load().bot:
        return people.met(event["sender"])
    return people.met(carried.ghost) if carried.ghost else actors.known(carried.by)


def _passed_on(act: Boost, author: Actor, carried: Carried, event: Event, batch: Batch) -> None:
    """In a group's room its members' words stand as they said them, with what the group said."""
    group = batch.room.actor
    if group is None or act.author != group.uri:
        return
    written = groups.kept_words(carried.raw, at=carried.seen, followers=author.followers)
    with batch.alone():
        if written and written.author == author.uri:
            actions.record(replace(written, group=_group(written, batch.room)))
        actions.record(act)
        documents.keep(act, carried.raw)
    batch.place(event, act.post)


def _counted(carried: Carried, event: Event, batch: Batch) -> None:
    """How a poll stood, as a ghost told it; of ours the bot tells, and receipts hold the truth."""
    called = traces.end_of if carried.kind == "end" else traces.tally_of
    batch.place(event, called(carried.uri))
    author = _speaker(carried, event)
    if author is None or author.is_local:
        return
    if carried.raw:
        act = replayed(carried.raw, at=carried.seen, followers=author.followers)
        if act.author == author.uri and isinstance(act, Revise | Tally):
            actions.record(act)
            documents.keep(act, carried.raw)
    if carried.kind == "end":
        polls.end(carried.uri, author, carried.seen)
    polls.was_told(carried.uri)


def _remembered(carried: Carried, event: Event, batch: Batch) -> None:
    """A notice in a desk may hold the only copy of a direct post."""
    author = people.from_card(event["content"][OBJECT].get("who")) or actors.known(carried.by)
    act = replayed(carried.raw, at=carried.seen, followers=author.followers if author else "")
    act = quoting.believed(act, carried.stamp)
    if author and act.author == author.uri and isinstance(act, Publish | Revise):
        actions.record(act)
        documents.keep(act, carried.raw)
        if carried.kind != "update":
            batch.place(event, carried.uri)


def _entry(entry: Entry) -> None:
    people.from_card(entry.raw.get("who"))
    _stand_in(entry.raw)
    act = acts.load(entry.raw["said"])
    actions.record(act)
    bans.expire(act)
    author = actors.known(act.author)
    raw = entry.raw.get("raw")
    if isinstance(act, AllowQuote | RefuseQuote):
        documents.keep_consent(act, raw if isinstance(raw, str) else "")
        return
    if author and author.is_local and isinstance(act, Leave):
        documents.keep_nothing(author)
    if author and author.is_local and isinstance(raw, str) and raw:
        documents.keep_activity(act, author, orjson.loads(raw))


def _stand_in(kept: Mapping[str, Any]) -> None:
    """What a boost or reaction is about and no room has: its words are asked for later."""
    if not kept.get("about"):
        return
    author, about = people.from_card(kept.get("of")), acts.load(kept["about"])
    if not isinstance(about, Publish) or author is None or author.uri != about.author:
        return
    if names.same_origin(about.post, about.author) and replay.stand_in(about):
        errands.put_new(Errand.Kind.POST, [about.post])


def _tombstone(event: Event) -> None:
    marked = shapes.mapping(event["content"].get(TOMBSTONE))
    uri, author = shapes.text(marked.get("id")), people.met(event["sender"])
    by = author.uri if author else shapes.text(marked.get("by"))  # the bot spoke for them
    if uri and names.same_origin(by, uri):
        at = shapes.number(marked.get("at")) or int(event["origin_server_ts"])
        actions.bury(uri, by, at)
