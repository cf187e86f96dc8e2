"""What one page of a room puts into the index while it is made anew (bridge/rebuild/)."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.db import transaction

from bridge import documents, names
from bridge.matrix import anchors, enclosed, parts, registration, shapes, traces
from bridge.matrix import polls as matrix_polls
from bridge.models import Anchor, Room
from social import replay
from social.acts import Publish

Event = dict[str, Any]


@dataclass(slots=True)
class Batch:
    """What one page of a room puts into the index. Posts and places are most of it: they are
    written together, before whatever stands on them.
    """

    room: Room
    posts: dict[str, tuple[Publish, str]] = field(default_factory=dict)  # with the text kept
    places: list[Anchor] = field(default_factory=list)
    renamed: list[tuple[str, dict[str, int], str]] = field(default_factory=list)  # and who says so
    edited: list[tuple[str, str, str]] = field(default_factory=list)  # event, digest and file

    def post(self, act: Publish, text: str) -> None:
        if act.post in self.posts:
            self.write_posts()
        self.posts[act.post] = (act, text)

    def place(self, event: Event, uri: str, part: int = 0, shows: str = "") -> None:
        content, sender = event["content"], event["sender"]
        related = shapes.relation(content)
        ours = registration.load().ours(sender)  # what its own answers are called is known anyway
        answers = {} if ours else matrix_polls.places(content)
        source = enclosed.source(content) if ours else None
        about = shapes.event_ref(related.get("event_id"))
        if related.get("rel_type") == "m.replace":
            if answers:
                self.renamed.append((about, answers, sender))
            if ours:
                self.edited.append((about, shows, source[0] if source else ""))
            return
        anchor = Anchor(
            event_id=event["event_id"],
            room=self.room,
            uri=uri,
            root=about if related.get("rel_type") == "m.thread" else "",
            sender=sender,
            at=shapes.number(event["origin_server_ts"]),
            part=part,
            shows=shows,
            answers=answers,
            file=source[0] if source else "",
        )
        self.places.append(anchor)

    def end(self, event: Event) -> None:
        """Of a poll, by who began it: anybody who reads a room can say so of any."""
        begun = shapes.referred(event["content"])
        self.write_places()
        if Anchor.objects.filter(event_id=begun, sender=event["sender"]).exists():
            uri = names.post_uri(settings.OWNROOM_ORIGIN, begun)
            self.place(event, traces.end_of(uri))

    @contextmanager
    def alone(self) -> Iterator[None]:
        """For all that is no post: it may stand on those before it, and undo nothing but itself."""
        self.write_posts()
        with transaction.atomic():
            yield

    def write_posts(self) -> None:
        if not self.posts:
            return
        standing = replay.record_posts([act for act, _ in self.posts.values()])
        kept = [(act, text) for act, text in self.posts.values() if act.post in standing]
        actor = self.room.actor
        mine = actor.uri if actor and actor.is_local else ""
        documents.keep_posts([one for one in kept if one[0].author == mine], local=True)
        documents.keep_posts([one for one in kept if one[0].author != mine], local=False)
        self.posts.clear()

    def write_places(self) -> None:
        Anchor.objects.bulk_create(self.places, ignore_conflicts=True)
        self.places.clear()
        for event, answers, sender in self.renamed:
            anchors.rename_answers(event, answers, by=sender)
        for event, digest, file in self.edited:
            parts.shows(event, digest, file)
        self.renamed.clear()
        self.edited.clear()
