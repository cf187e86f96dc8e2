"""A fediverse server that serves whatever a test tells it to, and people who sign what they like.

The neighbour keeps the rules; here nobody does. Each server has an address of its own on loopback.
"""

import json
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from bridge.activitypub import signatures
from tests.fakes.world import World

Json = dict[str, Any]
ACTIVITY = "application/activity+json"
AS2 = "https://www.w3.org/ns/activitystreams"
PUBLIC = f"{AS2}#Public"


@dataclass(frozen=True, slots=True)
class Page:
    body: bytes
    kind: str = ACTIVITY
    status: int = 200
    place: str = ""  # where it redirects to
    headers: tuple[tuple[str, str], ...] = ()


@lru_cache
def key(name: str) -> Any:
    """One pair a name, made once."""
    return signatures.load_private(signatures.generate_rsa())


@dataclass(slots=True)
class Liar:
    """One server: what stands where, and which paths were asked for."""

    url: str
    pages: dict[str, Page] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    asked_with: list[dict[str, str]] = field(default_factory=list)  # the headers, lower case
    within: Counter[str] = field(default_factory=Counter)  # questions that wait, by path
    most: Counter[str] = field(default_factory=Counter)  # of them at once
    heard: list[Json] = field(default_factory=list)
    heard_at: list[str] = field(default_factory=list)  # the paths
    gate: threading.Event = field(default_factory=threading.Event)  # shut: nothing is answered
    slow: float = 0.0  # seconds until it answers
    headers: list[dict[str, str]] = field(default_factory=list)  # of what was heard, lower case
    answers: list[Page] = field(default_factory=list)  # to what is heard next; then it is 202

    def serve(self, path: str, document: Json | bytes, kind: str = ACTIVITY) -> str:
        body = document if isinstance(document, bytes) else json.dumps(document).encode()
        self.pages[path] = Page(body, kind)
        return self.url + path

    def redirect(self, path: str, place: str) -> str:
        self.pages[path] = Page(b"", status=302, place=place)
        return self.url + path

    def fetches(self, path: str) -> int:
        return self.asked.count(path)

    def somebody(self, name: str, /, *, pair: str = "liar", **document: Any) -> "Somebody":
        """With a document at its address; `document` overrules what stands there."""
        who = Somebody(self, f"{self.url}/u/{name}", key(pair))
        self.serve(f"/u/{name}", {**who.document(), **document})
        return who


@dataclass(frozen=True, slots=True)
class Somebody:
    server: Liar
    id: str
    pair: Any

    @property
    def key_id(self) -> str:
        return f"{self.id}#main-key"

    def document(self) -> Json:
        return {
            "@context": [AS2, "https://w3id.org/security/v1"],
            "id": self.id,
            "type": "Person",
            "preferredUsername": self.id.rsplit("/", 1)[1],
            "inbox": f"{self.id}/inbox",
            "followers": f"{self.id}/followers",
            "publicKey": {
                "id": self.key_id,
                "owner": self.id,
                "publicKeyPem": signatures.public_pem(self.pair),
            },
        }

    def says(self, kind: str, about: Any, **values: Any) -> Json:
        number = f"{self.id}/a/{time.perf_counter_ns()}"
        made = {"@context": AS2, "id": number, "type": kind, "actor": self.id, "object": about}
        return {**made, **values}

    def note(self, words: str, *, to: str, **values: Any) -> Json:
        """A public post that mentions `to`; it stands at its address."""
        uri = f"{self.server.url}/n/{time.perf_counter_ns()}"
        note = {
            "@context": AS2,
            "id": uri,
            "type": "Note",
            "attributedTo": self.id,
            "content": f"<p>{words}</p>",
            "published": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            "to": [PUBLIC],
            "cc": [to],
            "tag": [{"type": "Mention", "href": to, "name": "@alice"}],
            **values,
        }
        if str(note["id"]).startswith(self.server.url):
            self.server.serve(urlsplit(str(note["id"])).path, note)
        return note

    def creates(self, note: Any) -> Json:
        return self.says("Create", note, to=[PUBLIC])

    def signs(self, url: str, body: bytes, key_id: str = "") -> dict[str, str]:
        pair = signatures.SigningKey(key_id or self.key_id, self.pair)
        return signatures.sign_cavage("POST", url, body, pair, now=time.time())

    def knocks(self, world: World, activity: Json | bytes, *, key_id: str = "") -> int:
        """At the shared inbox; returns the status."""
        body = activity if isinstance(activity, bytes) else json.dumps(activity).encode()
        return world.status(body, self.signs(world.inbox, body, key_id))


@contextmanager
def serving(address: str) -> Iterator[Liar]:
    server = ThreadingHTTPServer((address, 0), BaseHTTPRequestHandler)
    liar = Liar(f"http://{address}:{server.server_port}")
    server.RequestHandlerClass = _handler(liar)
    server.daemon_threads = True
    liar.gate.set()
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield liar
    finally:
        liar.gate.set()
        server.shutdown()
        server.server_close()


def _handler(liar: Liar) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            path = urlsplit(self.path).path
            liar.asked.append(path)
            liar.asked_with.append({name.lower(): value for name, value in self.headers.items()})
            liar.within[path] += 1
            liar.most[path] = max(liar.most[path], liar.within[path])
            page = liar.pages.get(path, Page(b"{}", status=404))  # as it is when it is asked for
            liar.gate.wait()
            time.sleep(liar.slow)
            liar.within[path] -= 1  # before the answer, or who has it may ask again too soon
            self._answer(page)

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            liar.heard.append(json.loads(body))
            liar.heard_at.append(self.path)
            liar.headers.append({name.lower(): value for name, value in self.headers.items()})
            self._answer(liar.answers.pop(0) if liar.answers else Page(b"", status=202))

        def _answer(self, page: Page) -> None:
            self.send_response(page.status)
            if page.kind:
                self.send_header("Content-Type", page.kind)
            if page.place:
                self.send_header("Location", page.place)
            for name, value in page.headers:
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(page.body)))
            self.end_headers()
            self.wfile.write(page.body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  its base names it so
            """Says nothing."""

    return Handler


def tell(world: World, somebody: Somebody, *activities: Json) -> None:
    for activity in activities:
        assert somebody.knocks(world, activity) == 202
    world.settle()
