"""A homeserver in memory: the part of the Client-Server API that we and our people use.

It keeps the rules that matter to a bridge (membership, power, transaction ids, aliases) and pushes
to its application service when a test says so. `trouble` makes it answer 429 or 500, or hang.
"""

import json
import secrets
import threading
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from typing import Any

from tests.schemas.events import problems

Event = dict[str, Any]
SERVER = "hs.test"
PREFIX = "@_ap_"
OURS = "as-token"
THEIRS = "hs-token"
_PUBLIC = {"public_chat": "public", "private_chat": "invite", "trusted_private_chat": "invite"}


class Refused(Exception):
    def __init__(self, status: int, code: str, why: str = "", **more: Any) -> None:
        self.status, self.body = status, {"errcode": code, "error": why or code, **more}


@dataclass(slots=True)
class Room:
    id: str
    events: list[Event] = field(default_factory=list)
    state: dict[tuple[str, str], Event] = field(default_factory=dict)

    def content(self, kind: str, key: str = "") -> dict[str, Any]:
        found = self.state.get((kind, key))
        return found["content"] if found else {}

    def membership(self, user: str) -> str:
        return str(self.content("m.room.member", user).get("membership", "leave"))

    def power(self, user: str) -> int:
        levels = self.content("m.room.power_levels")
        return int(levels.get("users", {}).get(user, levels.get("users_default", 0)))

    def needed(self, kind: str, *, state: bool) -> int:
        levels = self.content("m.room.power_levels")
        default = levels.get("state_default", 50) if state else levels.get("events_default", 0)
        return int(levels.get("events", {}).get(kind, default))

    def may(self, user: str, deed: str) -> None:
        if self.power(user) < int(self.content("m.room.power_levels").get(deed, 50)):
            raise Refused(403, "M_FORBIDDEN", f"{user} may not {deed}")


class Homeserver:
    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.released, self.troubled = threading.Event(), threading.Event()
        self.url = self.app_url = ""  # where it is reached, and where the application service is
        self.reset()

    def reset(self) -> None:
        self.released.set()
        with self.lock:
            self.rooms: dict[str, Room] = {}
            self.aliases: dict[str, str] = {}
            self.users: dict[str, dict[str, Any]] = {}  # their profiles
            self.devices: set[tuple[str, str]] = set()
            self.said: dict[tuple[str, ...], str] = {}  # transaction → event
            self.waiting: list[Event] = []  # to be pushed
            self.pushes = 0
            self.files: dict[str, tuple[str, bytes]] = {}  # "server/key" → type and bytes
            self.uploads: list[tuple[str, str]] = []  # who uploaded which key
            self.largest = 50_000_000  # bytes of a file
            self.trouble = ""  # "429", "500" or "hang": for the application service only
            self.good_for: int | None = None  # requests until that is in trouble ("500"), if ever
            self.uninvited: set[str] = set()  # whose invitations it refuses
            self.met = 0  # requests that met trouble
            self.asked_by_app = False  # whether our application service makes the present request
            self.wrong: list[str] = []  # what it wrote against the specification

    def person(self, name: str) -> str:
        """A new user; returns the token, which is good for this server's API.

        With `name:server` of another homeserver, which federates as if it were this one.
        """
        local, _, server = name.partition(":")
        user = f"@{local}:{server or SERVER}"
        with self.lock:
            self.users[user] = {"displayname": local.title()}
        return f"token-{user}"

    def hang(self) -> None:
        self.released.clear()
        self.troubled.clear()
        self.trouble = "hang"

    def recover(self) -> None:
        self.trouble, self.good_for = "", None
        self.released.set()

    # ---- towards the application service

    def push(self) -> int:
        """One transaction with all that waits; what is not taken stays. Returns how many."""
        with self.lock:
            events, self.waiting = self.waiting, []
        if events and self.transaction(events) != 200:
            with self.lock:
                self.waiting = events + self.waiting
            return 0
        return len(events)

    def lose(self) -> int:
        """What a homeserver forgets that dies before it pushed."""
        with self.lock:
            events, self.waiting = self.waiting, []
        return len(events)

    def transaction(self, events: list[Any], *, txn: str = "", token: str = THEIRS) -> int:
        self.pushes += 1
        body = json.dumps({"events": events}).encode()
        return self.call_app("PUT", f"transactions/{txn or self.pushes}", body, token=token)

    def call_app(self, method: str, path: str, body: bytes | None, *, token: str) -> int:
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {token}"}
        url = f"{self.app_url}/_matrix/app/v1/{path}"
        request = urllib.request.Request(url, body, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            with error:
                return error.code

    # ---- events

    def append(
        self, room: Room, kind: str, sender: str, content: Any, key: str | None = None, **more: Any
    ) -> Event:
        event = {
            "type": kind,
            "event_id": f"${secrets.token_urlsafe(32)}",
            "room_id": room.id,
            "sender": sender,
            "origin_server_ts": more.pop("ts", None) or int(time.time() * 1000),
            "content": content,
            **more,
        }
        if key is not None:
            event["state_key"] = key
            if old := room.state.get((kind, key)):
                event["unsigned"] = {"prev_content": old["content"]}
            room.state[kind, key] = event
        room.events.append(event)
        if self.asked_by_app:
            self.wrong += problems(event)
        names = [who for t, who in list(room.state) if t == "m.room.member"]
        inside = {n for n in names if room.membership(n) in {"join", "invite"}}
        # Application Service API, "Registration": whatever is about its users is of interest.
        if any(name.startswith(PREFIX) for name in inside | {str(key), sender}):
            self.waiting.append(json.loads(json.dumps(event)))
        return event

    def room(self, room_id: str) -> Room:
        if room_id not in self.rooms:
            raise Refused(404, "M_NOT_FOUND", "no such room")
        return self.rooms[room_id]

    def inside(self, room_id: str, user: str) -> Room:
        room = self.room(room_id)
        if room.membership(user) != "join":
            raise Refused(403, "M_FORBIDDEN", f"{user} is not in the room")
        return room

    def member(self, room: Room, by: str, who: str, now: str, **more: Any) -> Event:
        if now == "invite" and who in self.uninvited:  # Synapse: a room just made for it stays
            raise Refused(403, "M_FORBIDDEN", f"{who} may not be invited")
        content = {"membership": now, **self.users.get(who, {}).get("shown", {}), **more}
        return self.append(room, "m.room.member", by, content, who)

    def find(self, room: Room, event_id: str) -> Event:
        for event in room.events:
            if event["event_id"] == event_id:
                return event
        raise Refused(404, "M_NOT_FOUND", "no such event")

    def everything(self) -> dict[str, list[str]]:
        """Each room with what was said in it, for comparing."""
        with self.lock:
            return {
                room.id: [f"{e['type']} {e['event_id']}" for e in room.events]
                for room in self.rooms.values()
            }

    # ---- endpoints: (acting user, path parts, query, body)

    def register(self, user: str, _: list[str], query: Any, body: Event) -> Event:
        name = f"@{body['username']}:{SERVER}"
        if not name.startswith(PREFIX):
            raise Refused(400, "M_EXCLUSIVE")
        if name in self.users:
            raise Refused(400, "M_USER_IN_USE")
        self.users[name] = {}
        return {"user_id": name}

    def device(self, user: str, parts: list[str], query: Any, body: Event) -> Event:
        self.devices.add((user, parts[0]))
        return {}

    def set_profile(self, user: str, parts: list[str], query: Any, body: Event) -> Event:
        if user != parts[0]:
            raise Refused(403, "M_FORBIDDEN", "not yours")
        self.users[user][parts[1]] = body[parts[1]]
        return {}

    def profile(self, user: str, parts: list[str], query: Any, body: Event) -> Event:
        if parts[0] not in self.users:
            raise Refused(404, "M_UNKNOWN", "No row found (profiles)")  # as Synapse says it
        return self.users[parts[0]]

    def create(self, user: str, _: list[str], query: Any, body: Event) -> Event:
        alias = f"#{body['room_alias_name']}:{SERVER}" if body.get("room_alias_name") else ""
        if alias in self.aliases:
            raise Refused(400, "M_ROOM_IN_USE")
        room = Room(f"!{secrets.token_urlsafe(14)}:{SERVER}")
        self.rooms[room.id] = room
        if alias:
            self.aliases[alias] = room.id
        creation = {
            "room_version": body.get("room_version", "11"),
            **body.get("creation_content", {}),
        }
        preset = body.get("preset", "private_chat")
        levels = {"users": {user: 100}, "users_default": 0, "state_default": 50}
        if preset == "trusted_private_chat":  # whoever is asked in at once has the same power
            levels["users"] |= dict.fromkeys(body.get("invite") or [], 100)
        self.append(room, "m.room.create", user, creation, "")
        self.member(room, user, user, "join")
        levels |= body.get("power_level_content_override") or {}
        self.append(room, "m.room.power_levels", user, levels, "")
        self.append(room, "m.room.join_rules", user, {"join_rule": _PUBLIC[preset]}, "")
        for event in body.get("initial_state") or []:
            self.append(room, event["type"], user, event["content"], event.get("state_key", ""))
        for kind in ("name", "topic"):
            if body.get(kind):
                self.append(room, f"m.room.{kind}", user, {kind: body[kind]}, "")
        for who in body.get("invite") or []:
            self.member(room, user, who, "invite", is_direct=bool(body.get("is_direct")))
        return {"room_id": room.id}

    def resolve(self, user: str, parts: list[str], query: Any, body: Event) -> Event:
        if parts[0] not in self.aliases:
            raise Refused(404, "M_NOT_FOUND")
        return {"room_id": self.aliases[parts[0]], "servers": [SERVER]}

    def joined(self, user: str, parts: list[str], query: Any, body: Event) -> Event:
        return {"joined_rooms": [r.id for r in self.rooms.values() if r.membership(user) == "join"]}

    def join(self, user: str, parts: list[str], query: Any, body: Event) -> Event:
        room = self.room(parts[0])
        open_ = room.content("m.room.join_rules").get("join_rule") == "public"
        if room.membership(user) == "ban" or not (
            open_ or room.membership(user) in {"invite", "join"}
        ):
            raise Refused(403, "M_FORBIDDEN", "you are not invited")
        if room.membership(user) != "join":
            self.member(room, user, user, "join")
        return {"room_id": room.id}

    def knock(self, user: str, parts: list[str], query: Any, body: Event) -> Event:
        room = self.room(parts[0])
        rule = room.content("m.room.join_rules").get("join_rule")
        if rule != "knock" or room.membership(user) != "leave":
            raise Refused(403, "M_FORBIDDEN", "you may not knock")
        self.member(room, user, user, "knock")
        return {"room_id": room.id}

    def leave(self, user: str, parts: list[str], query: Any, body: Event) -> Event:
        room = self.room(parts[0])
        if room.membership(user) not in {"join", "invite", "knock"}:
            raise Refused(403, "M_FORBIDDEN", "you are not there")
        self.member(room, user, user, "leave")
        return {}

    def invite(self, user: str, parts: list[str], query: Any, body: Event) -> Event:
        room, who = self.inside(parts[0], user), body["user_id"]
        room.may(user, "invite")
        if room.membership(who) in {"join", "ban"}:
            raise Refused(403, "M_FORBIDDEN", f"{who} is there already, or banned")
        self.member(room, user, who, "invite")
        return {}

    def kick(self, user: str, parts: list[str], query: Any, body: Event) -> Event:
        return self._remove(user, parts, body, "kick", "leave")

    def ban(self, user: str, parts: list[str], query: Any, body: Event) -> Event:
        return self._remove(user, parts, body, "ban", "ban")

    def unban(self, user: str, parts: list[str], query: Any, body: Event) -> Event:
        return self._remove(user, parts, body, "ban", "leave")

    def _remove(self, user: str, parts: list[str], body: Event, deed: str, now: str) -> Event:
        room, who = self.inside(parts[0], user), body["user_id"]
        room.may(user, deed)
        if room.power(who) >= room.power(user):
            raise Refused(403, "M_FORBIDDEN", "not below you")
        said = {"reason": body["reason"]} if body.get("reason") else {}
        self.member(room, user, who, now, **said)
        return {}

    def send(self, user: str, parts: list[str], query: Any, body: Event) -> Event:
        """Client-Server API, "Transaction identifiers": the same again gives the same event."""
        room_id, kind, txn = parts
        device = query.get("device_id", "")
        if device and (user, device) not in self.devices:
            raise Refused(400, "M_UNKNOWN_DEVICE", "no such device")
        mark = (OURS if user.startswith(PREFIX) else user, room_id, kind, txn)
        if mark in self.said:
            return {"event_id": self.said[mark]}
        room = self.inside(room_id, user)
        if room.power(user) < room.needed(kind, state=False):
            raise Refused(403, "M_FORBIDDEN", f"{user} may not send {kind}")
        if len(json.dumps(body)) > 65_000:
            raise Refused(413, "M_TOO_LARGE")
        self._may_relate(room, user, body)
        more = {"redacts": body["redacts"]} if kind == "m.room.redaction" else {}
        if more:
            self._redact(room, user, body["redacts"])
        ts = query.get("ts")
        event = self.append(room, kind, user, body, ts=int(ts) if ts else None, **more)
        self.said[mark] = event["event_id"]
        return {"event_id": event["event_id"]}

    def _may_relate(self, room: Room, user: str, body: Event) -> None:
        """As Synapse: only to an event that it knows, in the same room; threads do not nest, and
        nobody says the same reaction twice.
        """
        related = body.get("m.relates_to")
        about = related.get("event_id") if isinstance(related, dict) else None
        if not about or not related.get("rel_type"):
            return
        found = [e for one in self.rooms.values() for e in one.events if e["event_id"] == about]
        if not found:
            raise Refused(400, "M_UNKNOWN", "Can't send relation to unknown event")
        if found[0]["room_id"] != room.id:
            raise Refused(400, "M_UNKNOWN", "Relations must be in the same room")
        nested = (found[0]["content"].get("m.relates_to") or {}).get("rel_type")
        if related["rel_type"] == "m.thread" and nested:
            raise Refused(400, "M_UNKNOWN", "Cannot start threads from an event with a relation")
        if related["rel_type"] == "m.annotation" and any(
            event["sender"] == user and event["content"].get("m.relates_to") == related
            for event in room.events
        ):
            raise Refused(400, "M_DUPLICATE_ANNOTATION", "Can't send same reaction twice")

    def _redact(self, room: Room, user: str, event_id: str) -> None:
        target = self.find(room, event_id)
        if target["sender"] != user:
            room.may(user, "redact")
        target["content"] = {}
        target.setdefault("unsigned", {})["redacted_because"] = {"sender": user}

    def redact(self, user: str, parts: list[str], query: Any, body: Event) -> Event:
        room_id, event_id, txn = parts
        content = {**body, "redacts": event_id}
        return self.send(user, [room_id, "m.room.redaction", txn], query, content)

    def put_state(self, user: str, parts: list[str], query: Any, body: Event) -> Event:
        room_id, kind, key = parts[0], parts[1], parts[2] if len(parts) > 2 else ""
        room = self.inside(room_id, user)
        if room.power(user) < room.needed(kind, state=True):
            raise Refused(403, "M_FORBIDDEN", f"{user} may not change {kind}")
        if room.content(kind, key) == body:
            return {"event_id": room.state[kind, key]["event_id"]}
        return {"event_id": self.append(room, kind, user, body, key)["event_id"]}

    def get_state(self, user: str, parts: list[str], query: Any, body: Event) -> Any:
        room = self.room(parts[0])
        open_ = room.content("m.room.history_visibility").get("history_visibility")
        if room.membership(user) not in {"join", "leave"} and open_ != "world_readable":
            raise Refused(403, "M_FORBIDDEN", "you may not look")
        if len(parts) == 1:
            return list(room.state.values())
        kind, key = parts[1], parts[2] if len(parts) > 2 else ""
        if (kind, key) not in room.state:
            raise Refused(404, "M_NOT_FOUND", "no such state")
        return room.content(kind, key)

    def event(self, user: str, parts: list[str], query: Any, body: Event) -> Event:
        return self.find(self.inside(parts[0], user), parts[1])

    def relations(self, user: str, parts: list[str], query: Any, body: Event) -> Event:
        room_id, event_id, kind = parts
        wanted = {"rel_type": kind, "event_id": event_id}
        found = [
            event
            for event in self.inside(room_id, user).events
            if wanted.items() <= (event["content"].get("m.relates_to") or {}).items()
        ]
        return {"chunk": found[::-1]}

    def messages(self, user: str, parts: list[str], query: Any, body: Event) -> Event:
        """A token is a place between two events: "t3" stands after the third."""
        events = self.inside(parts[0], user).events
        limit, back = int(query.get("limit", 10)), query.get("dir", "b") == "b"
        start = int(query.get("from", f"t{len(events) if back else 0}")[1:])
        end = max(0, start - limit) if back else min(len(events), start + limit)
        chunk = events[end:start][::-1] if back else events[start:end]
        return {"start": f"t{start}", "chunk": chunk, **({"end": f"t{end}"} if chunk else {})}

    def members(self, user: str, parts: list[str], query: Any, body: Event) -> Event:
        shut = query.get("not_membership", "")
        wanted = query.get("membership", "" if shut else "join")
        room = self.room(parts[0])
        found = [e for (kind, _), e in room.state.items() if kind == "m.room.member"]
        now = {id(e): e["content"].get("membership") for e in found}
        return {"chunk": [e for e in found if now[id(e)] != shut and wanted in {"", now[id(e)]}]}

    def joined_members(self, user: str, parts: list[str], query: Any, body: Event) -> Event:
        found = self.members(user, parts, {}, body)["chunk"]
        return {"joined": {event["state_key"]: {} for event in found}}

    def download(self, user: str, parts: list[str], query: Any, body: Event) -> tuple[str, bytes]:
        try:
            return self.files["/".join(parts)]
        except KeyError:
            raise Refused(404, "M_NOT_FOUND") from None

    def upload(self, user: str, parts: list[str], query: Any, body: Any) -> Event:
        if not isinstance(body, tuple):
            raise Refused(400, "M_BAD_JSON", "not a file")
        if len(body[1]) > self.largest:
            raise Refused(413, "M_TOO_LARGE", "too large")
        key = f"up{len(self.uploads)}"
        self.files[f"{SERVER}/{key}"] = body
        self.uploads.append((user, key))
        return {"content_uri": f"mxc://{SERVER}/{key}"}

    def remove_media(self, user: str, parts: list[str], query: Any, body: Any) -> Event:
        """For admins only (Synapse)."""
        if not self.users[user].get("admin"):
            raise Refused(403, "M_FORBIDDEN", "you are no admin")
        if self.files.pop("/".join(parts), None) is None:
            raise Refused(404, "M_NOT_FOUND", "unknown media")
        return {"deleted_media": [parts[1]], "total": 1}

    def ping(self, user: str, parts: list[str], query: Any, body: Event) -> Event:
        if self.call_app("POST", "ping", b"{}", token=THEIRS) != 200:
            raise Refused(502, "M_BAD_STATUS")
        return {"duration_ms": 1}
