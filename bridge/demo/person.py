"""A person with a Matrix client: small, blocking, standard library only.

For the demo, the stories and the live tests; it shares no code with bridge/matrix.
"""

import itertools
import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import quote, urlencode

Event = dict[str, Any]
_CLIENT = "/_matrix/client/v3"
_ANSWER_LIMIT = 64 * 1024 * 1024
_NEWEST = 50  # events looked at when a wait begins


class Refused(Exception):
    def __init__(self, status: int, errcode: str, message: str) -> None:
        super().__init__(f"{status} {errcode}: {message}")
        self.status, self.errcode = status, errcode


class TooLate(AssertionError):
    """What was waited for did not come."""


def call(
    method: str,
    url: str,
    body: object = None,
    *,
    token: str = "",
    timeout: float = 60,
    kind: str = "application/octet-stream",
) -> dict[str, Any]:
    """One request with JSON on both sides; bytes are sent as they are. Raises Refused."""
    headers = {"Content-Type": "application/json"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    if isinstance(body, bytes):
        headers["Content-Type"] = kind
    data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data=data, headers=headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=timeout) as answer:
            return dict(json.loads(answer.read(_ANSWER_LIMIT) or b"{}"))
    except urllib.error.HTTPError as error:
        with error:
            raise _refusal(error.code, error.read(_ANSWER_LIMIT)) from None


def _refusal(status: int, raw: bytes) -> Refused:
    try:
        body = json.loads(raw)
        return Refused(status, str(body.get("errcode", "")), str(body.get("error", body)))
    except (ValueError, AttributeError):
        return Refused(status, "", raw[:300].decode(errors="replace"))


class Person:
    def __init__(self, url: str, user_id: str, token: str) -> None:
        self.url, self.user_id, self.token = url, user_id, token
        # The Matrix client-server API, "Transaction identifiers": unique per device and request.
        self._transactions: Iterator[int] = itertools.count(time.time_ns())

    def call(self, method: str, path: str, body: object = None, **query: object) -> dict[str, Any]:
        asked = "?" + urlencode(query) if query else ""
        return call(method, self.url + path + asked, body, token=self.token, timeout=90)

    # What one says.

    def send(self, room: str, text: str, html: str | None = None, **content: Any) -> str:
        body: Event = {"msgtype": "m.text", "body": text, **content}
        if html is not None:
            body |= {"format": "org.matrix.custom.html", "formatted_body": html}
        return self.send_event(room, "m.room.message", body)

    def send_event(self, room: str, kind: str, content: Mapping[str, Any]) -> str:
        path = f"{_room(room)}/send/{quote(kind)}/{next(self._transactions)}"
        return str(self.call("PUT", path, content)["event_id"])

    def reply(self, room: str, parent_event: str, text: str, thread_root: str | None = None) -> str:
        relation: Event = {"m.in_reply_to": {"event_id": parent_event}}
        if thread_root:
            relation |= {"rel_type": "m.thread", "event_id": thread_root, "is_falling_back": False}
        return self.send(room, text, None, **{"m.relates_to": relation})

    def edit(self, room: str, event: str, text: str, html: str | None = None) -> str:
        new: Event = {"msgtype": "m.text", "body": text}
        if html is not None:
            new |= {"format": "org.matrix.custom.html", "formatted_body": html}
        relation = {"rel_type": "m.replace", "event_id": event}
        content: Event = {"m.new_content": new, "m.relates_to": relation}
        return self.send(room, f"* {text}", html and f"* {html}", **content)

    def redact(self, room: str, event: str, reason: str = "") -> str:
        path = f"{_room(room)}/redact/{quote(event, safe='')}/{next(self._transactions)}"
        return str(self.call("PUT", path, {"reason": reason} if reason else {})["event_id"])

    def react(self, room: str, event: str, emoji: str) -> str:
        relation = {"rel_type": "m.annotation", "event_id": event, "key": emoji}
        return self.send_event(room, "m.reaction", {"m.relates_to": relation})

    # Where one is.

    def join(self, room: str, via: str = "") -> str:
        query = {"via": via, "server_name": via} if via else {}
        return str(
            self.call("POST", f"{_CLIENT}/join/{quote(room, safe='')}", {}, **query)["room_id"]
        )

    def knock(self, room: str) -> None:
        self.call("POST", f"{_CLIENT}/knock/{quote(room, safe='')}", {})

    def leave(self, room: str) -> None:
        self.call("POST", f"{_room(room)}/leave", {})

    def invite(self, room: str, user: str) -> None:
        self.call("POST", f"{_room(room)}/invite", {"user_id": user})

    def kick(self, room: str, user: str, reason: str = "") -> None:
        self.call("POST", f"{_room(room)}/kick", {"user_id": user, "reason": reason})

    def ban(self, room: str, user: str, reason: str = "") -> None:
        self.call("POST", f"{_room(room)}/ban", {"user_id": user, "reason": reason})

    def unban(self, room: str, user: str) -> None:
        self.call("POST", f"{_room(room)}/unban", {"user_id": user})

    def create_room(self, **options: Any) -> str:
        return str(self.call("POST", f"{_CLIENT}/createRoom", options)["room_id"])

    def upload(self, kind: str, data: bytes) -> str:
        """The mxc address of a file."""
        url = f"{self.url}/_matrix/media/v3/upload"
        return str(call("POST", url, data, token=self.token, kind=kind)["content_uri"])

    def dm(self, user: str) -> str:
        """A new direct room with `user`, also noted in the account as such."""
        room = self.create_room(is_direct=True, preset="trusted_private_chat", invite=[user])
        path = f"{_CLIENT}/user/{quote(self.user_id, safe='')}/account_data/m.direct"
        try:
            known = self.call("GET", path)
        except Refused:
            known = {}
        self.call("PUT", path, {**known, user: [*known.get(user, []), room]})
        return room

    def rooms(self) -> list[str]:
        return list(self.call("GET", f"{_CLIENT}/joined_rooms")["joined_rooms"])

    def resolve(self, alias: str) -> str:
        return str(self.call("GET", f"{_CLIENT}/directory/room/{quote(alias, safe='')}")["room_id"])

    def invites(self) -> dict[str, list[Event]]:
        """Room id → the stripped state that came with the invitation."""
        found = self._sync(None, {"room": {"timeline": {"limit": 1}}}, 0)["rooms"].get("invite", {})
        return {room: one["invite_state"]["events"] for room, one in found.items()}

    # What one sees.

    def state(self, room: str, kind: str, key: str = "") -> Event | None:
        try:
            return self.call("GET", _state(room, kind, key))
        except Refused as refused:
            if refused.errcode == "M_NOT_FOUND":
                return None
            raise

    def put_state(self, room: str, kind: str, content: Mapping[str, Any], key: str = "") -> str:
        return str(self.call("PUT", _state(room, kind, key), content)["event_id"])

    def messages(self, room: str, limit: int = 50, direction: str = "b") -> list[Event]:
        """Newest first, unless `direction` is "f"."""
        answer = self.call("GET", f"{_room(room)}/messages", dir=direction, limit=limit)
        return list(answer["chunk"])

    def event(self, room: str, event: str) -> Event:
        return self.call("GET", f"{_room(room)}/event/{quote(event, safe='')}")

    def members(self, room: str, membership: str = "join") -> set[str]:
        found = self.call("GET", f"{_room(room)}/members", membership=membership)["chunk"]
        return {str(event["state_key"]) for event in found}

    def profile(self, user: str = "") -> dict[str, Any]:
        path = f"{_CLIENT}/profile/{quote(user or self.user_id, safe='')}"
        return self.call("GET", path)

    # Waiting.

    def wait_for(self, room: str, predicate: Callable[[Event], bool], timeout: float = 20) -> Event:
        """The first event that fits, be it among the newest already or yet to come.

        A member waits in /sync; who only may read (world-readable rooms) asks again and again.
        """
        end = time.monotonic() + timeout
        only = {"room": {"rooms": [room], "timeline": {"limit": _NEWEST}}}
        since: str | None = None
        while True:
            left = end - time.monotonic()
            answer = self._sync(since, only, min(left, 10) if since else 0)
            found = self._seen(room, answer, first=since is None)
            for event in found:
                if predicate(event):
                    return event
            if left < 0:
                raise TooLate(f"{self.user_id} waited {timeout:g} s in {room} for nothing")
            since = str(answer["next_batch"])
            if room not in answer["rooms"].get("join", {}) and room not in self.rooms():
                since = None
                time.sleep(0.1)

    def wait_for_invite(self, timeout: float = 20) -> str:
        end = time.monotonic() + timeout
        since: str | None = None
        while True:
            answer = self._sync(since, {"room": {"timeline": {"limit": 1}}}, 1 if since else 0)
            for room in answer["rooms"].get("invite", {}):
                return str(room)
            if time.monotonic() > end:
                raise TooLate(f"nobody invited {self.user_id} within {timeout:g} s")
            since = str(answer["next_batch"])

    def _seen(self, room: str, answer: Mapping[str, Any], *, first: bool) -> list[Event]:
        joined = answer["rooms"].get("join", {}).get(room)
        if joined and not joined["timeline"]["limited"]:
            return list(joined["timeline"]["events"])
        if joined or first:
            return self.messages(room, _NEWEST)[::-1]
        return []

    def _sync(self, since: str | None, only: Mapping[str, Any], seconds: float) -> dict[str, Any]:
        quiet = {"presence": {"types": []}, "account_data": {"types": []}, **only}
        query = {"filter": json.dumps(quiet), "timeout": max(0, int(seconds * 1000))}
        if since:
            query["since"] = since
        answer = self.call("GET", f"{_CLIENT}/sync", **query)
        return {"rooms": {}, **answer}


def _room(room: str) -> str:
    return f"{_CLIENT}/rooms/{quote(room, safe='')}"


def _state(room: str, kind: str, key: str) -> str:
    return f"{_room(room)}/state/{quote(kind)}/{quote(key, safe='')}"
