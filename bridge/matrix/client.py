"""The homeserver, as an application service sees it: the only user of nio.

nio has no application-service mode; one overridden `send` adds whom we act as. Coroutines run on
bridge.loop. Failures are bridge.errors: Busy while the homeserver is away, MatrixError otherwise.
"""

import asyncio
import atexit
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from typing import IO, Any
from urllib.parse import quote, urlencode

import nio  # noqa: TID251  this is the one module
import orjson
from aiohttp import ClientError  # noqa: TID251  nio's own transport errors
from django.conf import settings

from bridge.errors import Busy, Forbidden, Gone
from bridge.matrix import registration

DEVICE = "OWNROOM"  # one for each ghost: without it a homeserver forgets transaction ids at restart
TIMEOUT = 30.0  # seconds
WHOLE = 600.0  # seconds for all of a large file


class MatrixError(Gone):
    """The homeserver said no; `code` is its errcode."""

    def __init__(self, code: str, message: str, status: int = 0) -> None:
        super().__init__(f"the homeserver answered {code}: {message}"[:500].rstrip("."))
        self.code, self.status = code, status


@dataclass(frozen=True, slots=True)
class Acting:
    user: str
    device: str = ""
    ts: int | None = None


_acting: ContextVar[Acting | None] = ContextVar("acting", default=None)


class _Client(nio.AsyncClient):  # type: ignore[misc]  # nio ships no types
    async def send(self, method: str, path: str, *rest: Any, **more: Any) -> Any:
        return await super().send(method, _masked(path), *rest, **more)


def _masked(path: str) -> str:
    """Client-Server API, "Identity assertion" (user_id) and MSC4326 (device_id)."""
    acting = _acting.get()
    if acting is None:
        return path
    query = {"user_id": acting.user}
    if acting.device:
        query["device_id"] = acting.device
    if acting.ts is not None:
        query["ts"] = str(acting.ts)
    return f"{path}{'&' if '?' in path else '?'}{urlencode(query)}"


@contextmanager
def acting_as(user: str, *, device: str = "", ts: int | None = None) -> Iterator[None]:
    token = _acting.set(Acting(user, device, ts))
    try:
        yield
    finally:
        _acting.reset(token)


_client: tuple[tuple[str, str], asyncio.AbstractEventLoop, _Client] | None = None


def _ours() -> _Client:
    global _client  # noqa: PLW0603  one connection pool per process
    reg, loop = registration.load(), asyncio.get_running_loop()
    door = (settings.OWNROOM_HOMESERVER_URL, reg.as_token)
    if _client is None or _client[0] != door or _client[1] is not loop:
        config = nio.AsyncClientConfig(
            max_limit_exceeded=0,
            max_timeouts=0,
            request_timeout=TIMEOUT,
            encryption_enabled=False,
        )
        if _client and _client[1] is loop:
            asyncio.run_coroutine_threadsafe(_client[2].close(), loop)
        client = _Client(door[0], reg.bot, config=config)
        client.access_token, client.user_id = reg.as_token, reg.bot
        _client = (door, loop, client)
    return _client[2]


@atexit.register
def _close_at_exit() -> None:
    if _client:
        with suppress(TimeoutError):
            asyncio.run_coroutine_threadsafe(_client[2].close(), _client[1]).result(1)


def _why(error: Exception) -> str:
    code = getattr(error, "errno", None) or 0  # the resolver's own codes are below zero
    return os.strerror(code) if code > 0 else type(error).__name__


async def _answer(call: Any) -> Any:
    """Nio returns its errors; here they are raised."""
    try:
        response = await call
    except (ClientError, TimeoutError, OSError) as error:
        raise Busy(f"the homeserver does not answer ({_why(error)})") from error
    if not isinstance(response, nio.ErrorResponse):
        return response
    status = getattr(response.transport_response, "status", 0)
    _refuse(status, response.status_code or "", response.message, response.retry_after_ms)
    raise AssertionError  # _refuse always raises


def _refuse(status: int, code: str, message: str, retry_ms: int | None) -> None:
    if status == 429 or code == "M_LIMIT_EXCEEDED":
        raise Busy("the homeserver asks us to slow down", after=(retry_ms or 1000) / 1000)
    if status >= 500 and code != "M_TOO_LARGE":
        raise Busy(f"the homeserver answered {status}")
    raise MatrixError(code or str(status), message, status)


async def call(method: str, path: str, body: Any = None) -> dict[str, Any]:
    """What nio has no method for. `path` is below /_matrix/client."""
    client = _ours()
    headers = {
        "Authorization": f"Bearer {client.access_token}",
        "Content-Type": "application/json",
    }
    data = orjson.dumps(body) if body is not None else None
    try:
        response = await client.send(method, f"/_matrix/client{path}", data, headers)
        async with response:
            raw = await response.read()
    except (ClientError, TimeoutError, OSError) as error:
        raise Busy(f"the homeserver does not answer ({_why(error)})") from error
    return _read(response.status, raw)


def _read(status: int, raw: bytes) -> dict[str, Any]:
    try:
        answer = orjson.loads(raw) if raw else {}
    except orjson.JSONDecodeError:
        answer = {}
    if status >= 400 or not isinstance(answer, dict):
        answer = answer if isinstance(answer, dict) else {}
        _refuse(
            status,
            str(answer.get("errcode", "")),
            str(answer.get("error", "")),
            answer.get("retry_after_ms"),
        )
    return answer


def _part(text: str) -> str:
    return quote(text, safe="")


# ---- the server and its users


async def versions() -> dict[str, Any]:
    return await call("GET", "/versions")


async def whoami() -> str:
    return str((await _answer(_ours().whoami())).user_id)


async def ping() -> int:
    """Asks the homeserver to call us, and to push what it holds back. Milliseconds it took."""
    reg = registration.load()
    answer = await call("POST", f"/v1/appservice/{_part(reg.id)}/ping", {})
    return int(answer.get("duration_ms", 0))


async def register(localpart: str) -> None:
    """Makes a user of our namespace, with the device that its sends will name."""
    try:
        await call(
            "POST",
            "/v3/register",
            {
                "type": "m.login.application_service",
                "username": localpart,
                "inhibit_login": True,
            },
        )
    except MatrixError as error:
        if error.code != "M_USER_IN_USE":
            raise
    user = registration.load().mxid(localpart)
    with acting_as(user):
        await call("PUT", f"/v3/devices/{DEVICE}", {"display_name": "Ownroom"})


async def set_profile_key(user: str, key: str, value: Any) -> None:
    with acting_as(user):
        await call("PUT", f"/v3/profile/{_part(user)}/{_part(key)}", {key: value})


async def profile(user: str) -> dict[str, Any] | None:
    """None where the homeserver says that nobody has this Matrix ID; {} where it cannot tell."""
    try:
        return await call("GET", f"/v3/profile/{_part(user)}")
    except MatrixError as error:
        # Synapse finds no row, and has no better word for that.
        unknown = error.status == 404 and error.code in {"M_NOT_FOUND", "M_UNKNOWN"}
        return None if unknown else {}


# ---- rooms


async def create_room(*, alias: str, preset: str = "private_chat", **options: Any) -> str:
    """Idempotent: an alias of ours can only be taken once, so a repeated call finds the room."""
    creation = _ours().room_create(alias=alias, preset=nio.RoomPreset(preset), **options)
    try:
        response = await _answer(creation)
    except MatrixError as error:
        if error.code != "M_ROOM_IN_USE":
            raise
        response = await _answer(_ours().room_resolve_alias(registration.load().alias(alias)))
    return str(response.room_id)


async def resolve(alias: str) -> str:
    """The room behind an alias of ours, or an empty string."""
    try:
        response = await _answer(_ours().room_resolve_alias(registration.load().alias(alias)))
    except MatrixError:
        return ""
    return str(response.room_id)


async def joined_rooms() -> list[str]:
    return list((await _answer(_ours().joined_rooms())).rooms)


async def join(room: str, user: str = "", *, via: Sequence[str] = ()) -> None:
    query = "?" + urlencode([("server_name", server) for server in via]) if via else ""
    with acting_as(user or registration.load().bot):
        await call("POST", f"/v3/join/{_part(room)}{query}", {})


async def invite(room: str, user: str, *, by: str = "") -> None:
    """Somebody who is there or invited already is no error. `by`: a ghost; else the bot."""
    try:
        with acting_as(by or registration.load().bot):
            await _answer(_ours().room_invite(room, user))
    except MatrixError as error:
        there = {"join", "invite"}
        if error.code != "M_FORBIDDEN" or await membership(room, user, by=by) not in there:
            raise


async def kick(room: str, user: str, reason: str) -> None:
    if await membership(room, user) in {"join", "invite", "knock"}:
        await _answer(_ours().room_kick(room, user, reason))


async def ban(room: str, user: str, reason: str) -> None:
    await _answer(_ours().room_ban(room, user, reason))


async def unban(room: str, user: str) -> None:
    await _answer(_ours().room_unban(room, user))


async def leave(room: str, user: str = "") -> None:
    with acting_as(user or registration.load().bot):
        await _answer(_ours().room_leave(room))


async def members(room: str, *, by: str = "") -> list[str]:
    """Matrix IDs of those who are in the room."""
    with acting_as(by or registration.load().bot):
        answer = await call("GET", f"/v3/rooms/{_part(room)}/joined_members")
    return list(answer.get("joined") or {})


async def invited_or_joined(room: str, *, by: str = "") -> list[str]:
    """Matrix IDs of those who are in the room, or asked into it."""
    with acting_as(by or registration.load().bot):
        answer = await call("GET", f"/v3/rooms/{_part(room)}/members?not_membership=leave")
    return [str(event["state_key"]) for event in answer.get("chunk") or []]


async def ever_in(room: str, *, by: str = "") -> list[str]:
    """The same, and of those who were and have gone."""
    with acting_as(by or registration.load().bot):
        answer = await call("GET", f"/v3/rooms/{_part(room)}/members")
    return [str(event["state_key"]) for event in answer.get("chunk") or []]


async def membership(room: str, user: str, *, by: str = "") -> str:
    content = await state(room, "m.room.member", user, by=by)
    return str(content.get("membership", "leave"))


async def state(room: str, kind: str, key: str = "", *, by: str = "") -> dict[str, Any]:
    """One state event's content; empty when there is none."""
    try:
        with acting_as(by or registration.load().bot):
            return await call("GET", f"/v3/rooms/{_part(room)}/state/{_part(kind)}/{_part(key)}")
    except MatrixError as error:
        if error.code == "M_NOT_FOUND":
            return {}
        raise


async def all_state(room: str, *, by: str = "") -> list[dict[str, Any]]:
    with acting_as(by or registration.load().bot):
        response = await _answer(_ours().room_get_state(room))
    return list(response.events)


async def put_state(room: str, kind: str, content: dict[str, Any], key: str = "") -> str:
    response = await _answer(_ours().room_put_state(room, kind, content, key))
    return str(response.event_id)


# ---- events


async def send(
    room: str,
    kind: str,
    content: dict[str, Any],
    *,
    txn: str,
    user: str,
    ts: int | None = None,
) -> str:
    """Client-Server API, "Sending events to a room": idempotent per transaction id and device."""
    with acting_as(user, device=DEVICE, ts=ts):
        path = f"/v3/rooms/{_part(room)}/send/{_part(kind)}/{_part(txn)}"
        return str((await call("PUT", path, content)).get("event_id", ""))


@dataclass(frozen=True, slots=True)
class Download:
    """A file on its way: `size` is 0 where the homeserver does not say it."""

    type: str
    size: int
    response: Any

    async def read(self, most: int) -> bytes:
        try:
            return bytes(await self.response.content.read(most))
        except (ClientError, TimeoutError, OSError) as error:
            raise Busy("the homeserver broke off") from error

    async def close(self) -> None:
        self.response.close()


async def download(server: str, key: str) -> Download:
    """Client-Server API, "Content repository": with our token, for without one nobody gets it."""
    client = _ours()
    path = f"/_matrix/client/v1/media/download/{_part(server)}/{_part(key)}"
    headers = {"Authorization": f"Bearer {client.access_token}"}
    try:
        response = await client.send("GET", path, None, headers, None, WHOLE)
    except (ClientError, TimeoutError, OSError) as error:
        raise Busy(f"the homeserver does not answer ({_why(error)})") from error
    if response.status >= 400:
        response.close()
        _refuse(response.status, "", "it has no such file", None)
    kind = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    return Download(kind, response.content_length or 0, response)


async def upload(file: IO[bytes], media_type: str, name: str, *, user: str) -> str:
    """The mxc address of a file, which is read and sent a piece at a time."""
    client = _ours()
    headers = {"Authorization": f"Bearer {client.access_token}", "Content-Type": media_type}
    path = f"/_matrix/media/v3/upload?{urlencode({'filename': name})}"
    with acting_as(user):
        try:
            response = await client.send("POST", path, file, headers, None, WHOLE)
            async with response:
                raw = await response.read()
        except (ClientError, TimeoutError, OSError) as error:
            raise Busy(f"the homeserver does not answer ({_why(error)})") from error
    return str(_read(response.status, raw).get("content_uri", ""))


async def remove_media(server: str, key: str) -> None:
    """Synapse's admin API, "Delete a specific local media": for the token of an admin only."""
    token = settings.OWNROOM_HOMESERVER_ADMIN_TOKEN
    if not token:
        raise Forbidden("only an admin of the homeserver removes files there")
    path = f"/_synapse/admin/v1/media/{_part(server)}/{_part(key)}"
    headers = {"Authorization": f"Bearer {token}"}
    try:
        response = await _ours().send("DELETE", path, None, headers)
        async with response:
            raw = await response.read()
    except (ClientError, TimeoutError, OSError) as error:
        raise Busy(f"the homeserver does not answer ({_why(error)})") from error
    _read(response.status, raw)


async def event(room: str, event_id: str, *, by: str = "") -> dict[str, Any]:
    with acting_as(by or registration.load().bot):
        return await call("GET", f"/v3/rooms/{_part(room)}/event/{_part(event_id)}")


async def is_redacted(room: str, event_id: str) -> bool:
    return "redacted_because" in (await event(room, event_id)).get("unsigned", {})


async def edits(room: str, event_id: str, *, by: str = "") -> list[str]:
    """Client-Server API, "Relationships API": the edits of an event."""
    path = f"/v1/rooms/{_part(room)}/relations/{_part(event_id)}/m.replace?limit=100"
    with acting_as(by or registration.load().bot):
        found = (await call("GET", path)).get("chunk", [])
    return [str(edit["event_id"]) for edit in found]


async def messages(
    room: str, *, start: str = "", direction: str = "f", limit: int = 100, by: str = ""
) -> dict[str, Any]:
    """Raw: {"start", "end"?, "chunk": [...]}."""
    query = {"dir": direction, "limit": str(limit)} | ({"from": start} if start else {})
    with acting_as(by or registration.load().bot):
        return await call("GET", f"/v3/rooms/{_part(room)}/messages?{urlencode(query)}")
