"""The door of the homeserver in memory: its paths on loopback, and the trouble it is in."""

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, quote, unquote, urlsplit

from tests.fakes.homeserver import OURS, PREFIX, SERVER, Event, Homeserver, Refused

Endpoint = Callable[[Homeserver, str, list[str], dict[str, str], Event], Any]
_H = Homeserver
_ROUTES: dict[tuple[str, str], Endpoint] = {
    ("POST", "register"): _H.register,
    ("PUT", "devices/*"): _H.device,
    ("PUT", "profile/*/*"): _H.set_profile,
    ("GET", "profile/*"): _H.profile,
    ("POST", "createRoom"): _H.create,
    ("GET", "directory/room/*"): _H.resolve,
    ("GET", "joined_rooms"): _H.joined,
    ("POST", "join/*"): _H.join,
    ("POST", "knock/*"): _H.knock,
    ("POST", "rooms/*/leave"): _H.leave,
    ("POST", "rooms/*/invite"): _H.invite,
    ("POST", "rooms/*/kick"): _H.kick,
    ("POST", "rooms/*/ban"): _H.ban,
    ("POST", "rooms/*/unban"): _H.unban,
    ("PUT", "rooms/*/send/*/*"): _H.send,
    ("PUT", "rooms/*/redact/*/*"): _H.redact,
    ("PUT", "rooms/*/state/*"): _H.put_state,
    ("PUT", "rooms/*/state/*/*"): _H.put_state,
    ("GET", "rooms/*/state"): _H.get_state,
    ("GET", "rooms/*/state/*"): _H.get_state,
    ("GET", "rooms/*/state/*/*"): _H.get_state,
    ("GET", "rooms/*/event/*"): _H.event,
    ("GET", "rooms/*/messages"): _H.messages,
    ("GET", "rooms/*/relations/*/*"): _H.relations,
    ("GET", "rooms/*/members"): _H.members,
    ("GET", "rooms/*/joined_members"): _H.joined_members,
    ("POST", "appservice/*/ping"): _H.ping,
    ("GET", "media/download/*/*"): _H.download,
    ("POST", "media/upload"): _H.upload,
    ("DELETE", "_synapse/admin/media/*/*"): _H.remove_media,
    ("GET", "versions"): lambda home, user, parts, query, body: {"versions": ["v1.11"]},
    ("GET", "account/whoami"): lambda home, user, parts, query, body: {"user_id": user},
}


def _route(method: str, path: str) -> tuple[Endpoint, list[str]]:
    asked = [part for part in path.split("/") if part not in {"", "_matrix", "client", "v1", "v3"}]
    asked += [""] if path.endswith("/") else []
    for (verb, pattern), endpoint in _ROUTES.items():
        known = pattern.split("/")
        if verb == method and len(known) == len(asked):
            pairs = list(zip(known, asked, strict=True))
            if all(k in {"*", a} for k, a in pairs):
                return endpoint, [unquote(a) for k, a in pairs if k == "*"]
    raise Refused(404, "M_UNRECOGNIZED", f"{method} {quote(path)}")


class _Handler(BaseHTTPRequestHandler):
    home: Homeserver
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # head and body in one segment, or each answer waits for an acknowledgement

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  http.server's name
        """Quiet."""

    def _answer(self) -> None:
        size = int(self.headers.get("Content-Length") or 0)
        raw, said = self.rfile.read(size), self.headers.get("Content-Type") or ""
        try:
            is_file = urlsplit(self.path).path.endswith("/media/v3/upload")
            told = (said, raw) if is_file else json.loads(raw) if raw else {}
            status, body = 200, self._do(told)
        except Refused as refused:
            status, body = refused.status, refused.body
        if body is None:
            self.close_connection = True
            return
        kind, data = body if isinstance(body, tuple) else ("application/json", b"")
        data = data or json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)
        self.wfile.flush()

    do_GET = do_PUT = do_POST = do_DELETE = _answer  # noqa: N815  http.server's names

    def _do(self, body: Any) -> Any:
        """None: the connection ends without an answer."""
        url = urlsplit(self.path)
        query = {key: values[-1] for key, values in parse_qs(url.query).items()}
        token = (self.headers.get("Authorization") or "").removeprefix("Bearer ")
        user = query.get("user_id", f"{PREFIX}bot:{SERVER}")
        if token != OURS:
            user = token.removeprefix("token-")
        elif self.home.trouble or self._had_enough():
            return self._trouble()
        endpoint, parts = _route(self.command, url.path)
        if not token and url.path == "/_matrix/client/versions":  # open to everybody
            return endpoint(self.home, user, parts, query, body)
        if endpoint is _H.ping:
            return endpoint(self.home, user, parts, query, body)
        with self.home.lock:
            if endpoint is not _H.register and user not in self.home.users:
                raise Refused(403, "M_FORBIDDEN", f"{user} is not registered")
            self.home.asked_by_app = token == OURS
            try:
                return endpoint(self.home, user, parts, query, body)
            finally:
                self.home.asked_by_app = False

    def _had_enough(self) -> bool:
        if self.home.good_for is None:
            return False
        self.home.good_for -= 1
        return self.home.good_for < 0

    def _trouble(self) -> Any:
        self.home.met += 1
        self.home.troubled.set()
        if self.home.trouble == "hang":
            self.home.released.wait(60)
            return None
        if self.home.trouble == "429":
            raise Refused(429, "M_LIMIT_EXCEEDED", retry_after_ms=50)
        raise Refused(500, "M_UNKNOWN", "it broke")


def serve() -> Iterator[Homeserver]:
    home = Homeserver()
    handler = type("Handler", (_Handler,), {"home": home})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    home.url = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield home
    finally:
        home.recover()
        server.shutdown()
        server.server_close()
