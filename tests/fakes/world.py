"""The small known world of the stories: people here, people next door, and time that tests move.

Everything goes through the public edges: a homeserver and a fediverse server on loopback talk HTTP
with ours. Only the clock and the workers are ours to turn: `settle` does what waits, to the end.
"""

import itertools
import json
import urllib.error
import urllib.request
from dataclasses import dataclass
from functools import cache
from typing import Any

import orjson
from django.apps import apps
from django.conf import settings
from django.core import serializers
from django.utils import timezone

from bridge import delivering, errands, keys, lanes, names, processing, rounds
from bridge.demo.neighbourhood import Actor as Neighbour
from bridge.demo.neighbourhood import Neighbour as Neighbourhood
from bridge.demo.person import Event, Person
from bridge.matrix import linking
from bridge.models import Errand, Key, Lane, Parting, Received, Room
from social.models import Actor, Delivery, Post
from tests.fakes.homeserver import SERVER, Homeserver

ACTIVITY = "application/activity+json"
PUBLIC = "https://www.w3.org/ns/activitystreams#Public"
PATIENCE = 30  # seconds for what takes milliseconds, unless something hangs
_numbers = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Resident:
    """Somebody who lives here, with a Matrix client, a profile room and a desk."""

    person: Person
    actor: str  # URI
    handle: str  # @alice@host
    room: str
    desk: str

    def post(self, text: str, html: str | None = None, **content: Any) -> str:
        return self.person.send(self.room, text, html, **content)

    def tell_bot(self, text: str) -> str:
        return self.person.send(self.desk, text)

    def answers(self) -> list[str]:
        """What the bot said in the desk, oldest first."""
        return [
            str(event["content"].get("body", ""))
            for event in self.person.messages(self.desk, 200)[::-1]
            if event["type"] == "m.room.message" and event["sender"] != self.person.user_id
        ]

    def timeline(self, room: str = "", kind: str = "m.room.message") -> list[Event]:
        """What stands in the room, oldest first; what was redacted is not there."""
        found = self.person.messages(room or self.room, 500)[::-1]
        return [event for event in found if event["type"] == kind and event["content"]]

    def seen(self, words: str, room: str = "") -> list[Event]:
        return [e for e in self.timeline(room) if words in str(e["content"].get("body", ""))]

    def row(self) -> Actor:
        return Actor.objects.get(uri=self.actor)


class World:
    def __init__(self, home: Homeserver, neighbours: Neighbourhood, url: str) -> None:
        self.home, self.neighbours, self.url = home, neighbours, url
        self.twice = False  # whether all that is read is read a second time

    # ---- who is there

    def resident(self, name: str) -> Resident:
        person = self.person(name)
        uri = names.actor_uri(settings.OWNROOM_ORIGIN, name)
        # Keys take a tenth of a second each: one pair a name is made and used in all stories.
        draft = linking.drafted(person.user_id, name, name.title(), 1, sealed=sealed(uri))
        linking.begin(draft)
        linked = linking.create(person.user_id)
        person.join(linked.room_id)
        person.join(linked.desk_id)
        handle = f"@{linked.actor.acct}"
        return Resident(person, linked.actor.uri, handle, linked.room_id, linked.desk_id)

    def person(self, name: str) -> Person:
        return Person(self.home.url, f"@{name}:{SERVER}", self.home.person(name))

    def neighbour(self, name: str, *, host: int = 0, **more: Any) -> Neighbour:
        """Somebody new each time: what one did in a story is not remembered in the next."""
        more = {"shared_key": True, **more}
        return self.neighbours.actor(f"{name}{next(_numbers)}", host=host, **more)

    def friends(self, one: Neighbour, resident: Resident) -> None:
        """Each follows the other."""
        one.follow(resident.handle)
        resident.tell_bot(f"follow {one.handle}")
        self.settle()
        assert one.id in followers(resident.actor)
        assert resident.actor in followers(one.id)

    def mirror(self, one: Neighbour, reader: Resident) -> str:
        """The room in which what somebody next door writes is read here."""
        found = self.home.rooms.values()
        (room,) = (r.id for r in found if r.content("social.ownroom.mirror").get("id") == one.id)
        reader.person.join(room)
        return str(room)

    # ---- what waits is done

    def settle(self) -> None:
        """Until nothing moves any more, on no side."""
        for _ in range(200):
            pushed = self.home.push()
            rows = list(Received.objects.filter(state="waiting").values_list("pk", flat=True))
            received = lanes.due(Received)
            for lane in processing.drain_together(received):
                processing.drain(lane)
            delivered = self._deliver()
            if received and self.twice:
                self._again(rows)
            dealt = self.neighbours.quiet()
            run = errands.due()
            for lane in run:
                rounds.drain(lane)
            if not (pushed or received or delivered or dealt or run):
                return
        raise AssertionError("it never comes to rest")

    def _deliver(self) -> int:
        count = 0
        while waiting := lanes.due(Delivery):
            delivering.drain(waiting).result(PATIENCE)
            count += len(waiting)
        return count

    def _again(self, rows: list[int]) -> None:
        """Two runs equal one: the same index, and the same events in all rooms but the desks."""
        if self.home.trouble or Delivery.objects.filter(state="waiting").exists():
            return
        before = set(self._all())
        for first in Received.objects.exclude(state="waiting").filter(pk__in=rows).order_by("pk"):
            again = Received.objects.filter(pk=first.pk)
            again.update(state="waiting", due=timezone.now(), tries=0)
            processing.process(again.get())
            again.update(state=first.state, note=first.note)
        self._deliver()
        changed = before ^ set(self._all())
        assert not changed, sorted(line[:600] for line in changed)

    def _all(self) -> list[str]:
        desks = set(Room.objects.filter(kind=Room.Kind.DESK).values_list("room_id", flat=True))
        said = self.home.everything()
        return index() + [e for room, events in said.items() if room not in desks for e in events]

    def cut_off(self, *, after: int) -> bool:
        """Settles while the homeserver answers so many requests and then none; whether it came to
        that. Then it answers again.
        """
        self.home.good_for = after
        self.settle()
        met = self.home.met > 0
        self.home.recover()
        self.home.met = 0
        return met

    def let_time_pass(self) -> None:
        """Whatever was put off until later is due now."""
        now = timezone.now()
        Lane.objects.filter(holder="").update(due=now)
        Received.objects.filter(state="waiting").update(due=now)
        Delivery.objects.filter(state="waiting").update(due=now)
        Errand.objects.exclude(due=None).update(due=now)

    # ---- as anybody sees it

    def get(self, url: str, accept: str = ACTIVITY) -> tuple[int, bytes]:
        url = url if url.startswith("http") else f"{self.url}{url}"
        request = urllib.request.Request(url, headers={"Accept": accept})
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read()

    def json(self, url: str) -> dict[str, Any]:
        status, body = self.get(url)
        assert status == 200, (url, status)
        return dict(json.loads(body))

    def page(self, url: str) -> str:
        return self.get(url, "text/html")[1].decode()

    @property
    def inbox(self) -> str:
        return f"{self.url}/inbox"

    def hear(self, one: Neighbour, activity: dict[str, Any], **more: Any) -> int:
        """Posts an activity to the shared inbox just as it is; returns the status."""
        return one.raw(self.inbox, activity, **more).statuses[0]

    def status(self, body: bytes, headers: dict[str, str], path: str = "/inbox") -> int:
        """Posts bytes to an inbox, without a word more than the headers given."""
        request = urllib.request.Request(f"{self.url}{path}", body, headers, method="POST")
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            with error:
                return error.code


@cache
def sealed(uri: str) -> str:
    return keys.make(uri)


def make_keeper() -> None:
    """The server's own actor, with a key that was made once."""
    uri = f"{settings.OWNROOM_ORIGIN}/ap/actor"
    row = Actor.objects.create(
        uri=uri,
        handle=keys.INSTANCE,
        domain=settings.OWNROOM_HANDLE_DOMAIN,
        host=settings.OWNROOM_DOMAIN,
        kind="application",
    )
    Key.objects.create(actor=row, sealed=sealed(uri))


def followers(uri: str) -> set[str]:
    accepted = Actor.objects.filter(follows_out__target__uri=uri, follows_out__state="accepted")
    return set(accepted.values_list("uri", flat=True))


def post_of(event_id: str) -> str:
    """The URI of what was typed."""
    return names.post_uri(settings.OWNROOM_ORIGIN, event_id)


def post(uri: str) -> Post:
    return Post.objects.get(uri=uri)


def outcome(key: str) -> Received:
    """What became of an activity or of an event."""
    return Received.objects.filter(key__startswith=key).latest("id")


_VOLATILE = {"fetched", "introduced", "noted", "seen", "used"}  # when somebody last looked


def index() -> list[str]:
    """Every row but those of the queues, in an order of its own."""
    queues = {Received, Delivery, Lane, Errand, Parting}
    tables = (apps.get_app_config(label).get_models() for label in ("social", "bridge"))
    models = [model for some in tables for model in some if model not in queues]
    rows = [row for model in models for row in serializers.serialize("python", model.objects.all())]
    for row in rows:
        row["fields"] = {k: v for k, v in row["fields"].items() if k not in _VOLATILE}
    return sorted(orjson.dumps(row, option=orjson.OPT_SORT_KEYS).decode() for row in rows)


# ---- what a peer writes by hand, where order or form matter


def note(author: Neighbour, text: str, **values: Any) -> dict[str, Any]:
    return {
        "id": f"{author.id}/notes/{next(_numbers)}",
        "type": "Note",
        "attributedTo": author.id,
        "content": f"<p>{text}</p>",
        "published": "2026-01-01T12:00:00Z",
        "to": [PUBLIC],
        "cc": [f"{author.id}/followers"],
        **values,
    }


def said(author: Neighbour, kind: str, about: Any, **values: Any) -> dict[str, Any]:
    """An activity; of a note it has the note's audience."""
    addressed = {
        key: about[key] for key in ("to", "cc") if isinstance(about, dict) and key in about
    }
    return {
        "@context": "https://www.w3.org/ns/activitystreams",
        "id": f"{author.id}/activities/{next(_numbers)}",
        "type": kind,
        "actor": author.id,
        "object": about,
        **addressed,
        **values,
    }
