"""The neighbour's handle for tests, stories and benches: starts the process and pulls its strings.

Blocking, standard library only: `neighbour.actor("bob").follow("@alice@localhost:8000")`.
"""

import base64
import contextlib
import json
import os
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlencode

from bridge.demo import leash

Json = dict[str, Any]
ROOT = Path(__file__).resolve().parents[2]


class NeighbourError(AssertionError):
    """What was asked could not be done, or what was waited for did not come."""


@dataclass(frozen=True, slots=True)
class Sent:
    activity: Json
    deliveries: list[Json]  # inbox, status, why

    @property
    def id(self) -> str:
        return str(self.activity["id"])

    @property
    def post(self) -> str:
        """The id of what it is about."""
        target = self.activity["object"]
        return str(target["id"] if isinstance(target, dict) else target)

    @property
    def statuses(self) -> list[int]:
        return [int(one["status"]) for one in self.deliveries]


class Neighbour(leash.Leashed):
    """A fediverse server next door, on loopback. `hosts` further ones share its port."""

    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        hosts: int = 0,
        signatures: str = "both",
        sends: str = "cavage",
        sink: bool = False,
        secure: bool = False,
    ) -> None:
        self.port, self.url = port, ""
        told = {"host": host, "hosts": hosts, "signatures": signatures, "sends": sends}
        self._options = [part for key, value in told.items() for part in (f"--{key}", str(value))]
        self._options += [f for f, wanted in (("--sink", sink), ("--secure", secure)) if wanted]

    @property
    def pid(self) -> int:
        if not self.process:
            raise NeighbourError("The neighbour has not been started.")
        return self.process.pid

    def start(self) -> Self:
        path = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
        self.process = leash.launch(
            "bridge.demo.neighbour",
            "--port",
            str(self.port),
            *self._options,
            environment={**os.environ, "PYTHONPATH": path},
        )
        first = self.process.stdout.readline() if self.process.stdout else b""
        if not first:
            self.stop()
            raise NeighbourError("The neighbour ended at its start; its words are above.")
        told = json.loads(first)
        self.port, self.url = int(told["port"]), str(told["url"])
        return self

    def __enter__(self) -> Self:
        return self.start()

    def actor(self, name: str, *, host: int = 0, locked: bool = False, **document: Any) -> "Actor":
        """Made when new; `document` overrules fields of its profile."""
        told = self.call("actors", {"name": name, "host": host, "locked": locked, **document})
        return Actor(self, told)

    def file(self, name: str, kind: str, body: bytes, *, host: int = 0) -> str:
        """The address of a file that stands there."""
        told = {"name": name, "kind": kind, "body": base64.b64encode(body).decode(), "host": host}
        return str(self.call("files", told)["url"])

    def fetches(self, name: str) -> int:
        """How often a file was asked for."""
        return int(self.call("files", name=name)["asked"])

    def faults(self, mode: str, *, host: int | None = None, **more: Any) -> None:
        """Modes: ok, status:NNN, hang, refuse. More: every, times, retry_after, where (inbox, get,
        file).

        `host` None means all; 0 is the first.
        """
        self.call("faults", {"mode": mode, "host": host, **more})

    def received(self, **query: Any) -> list[Json]:
        """Filters: actor, host, type, since, contains; refused=1 gives what was not believed."""
        return list(self.call("received", **query)["received"])

    def seen(self, post: str) -> Json | None:
        """A post as it stands here now, after all edits; None when unknown or deleted."""
        found = self.call("seen", id=post)["post"]
        return dict(found) if found else None

    def quiet(self) -> int:
        """Waits until it has dealt with all that came, and says how much that was."""
        return int(self.call("quiet")["dealt"])

    def stats(self, **query: Any) -> Json:
        return self.call("stats", **query)

    def reset(self) -> None:
        self.call("reset", {})

    def blast(self, inbox: str, **figures: Any) -> Json:
        """`figures`: actors, notes, concurrency, mention, follow, reply, text."""
        return self.call("blast", {"inbox": inbox, **figures}, timeout=600)

    def crowd(self, target: str, n: int, concurrency: int = 8) -> Json:
        told = {"target": target, "n": n, "concurrency": concurrency}
        return self.call("crowd", told, timeout=600)

    def wait_until(
        self, fits: Callable[[Json], bool], timeout: float = 20, pause: float = 0.02
    ) -> Json:
        """Until the stats fit."""
        end = time.monotonic() + timeout
        while not fits(found := self.stats()):
            if time.monotonic() > end:
                raise NeighbourError(f"Waited {timeout:g} s; now {found}")
            time.sleep(pause)
        return found

    def call(
        self, path: str, body: Mapping[str, Any] | None = None, *, timeout: float = 90, **query: Any
    ) -> Json:
        data = None if body is None else json.dumps(body).encode()
        asked = "?" + urlencode(query) if query else ""
        url = f"http://127.0.0.1:{self.port}/control/{path}{asked}"
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(url, data=data, headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=timeout) as answer:
                return dict(json.loads(answer.read()))
        except urllib.error.HTTPError as error:
            with error, contextlib.suppress(UnicodeDecodeError):
                raise NeighbourError(f"{error.code} {error.read().decode()[:500]}") from None
            raise


class Actor:
    """Somebody next door; every verb answers when the deliveries were tried."""

    def __init__(self, home: Neighbour, told: Mapping[str, Any]) -> None:
        self.home = home
        self.id, self.acct, self.name = str(told["id"]), str(told["acct"]), str(told["name"])
        self.inbox, self.key_id = str(told["inbox"]), str(told["key_id"])

    @property
    def handle(self) -> str:
        return f"@{self.acct}"

    def do(self, verb: str, **told: Any) -> Sent:
        return Sent(**self.home.call("do", {"verb": verb, "actor": self.id, **told}))

    def follow(self, target: str) -> Sent:
        """By handle (WebFinger) or by id."""
        return self.do("follow", target=target)

    def unfollow(self, target: str) -> Sent:
        return self.do("unfollow", target=target)

    def block(self, target: str) -> Sent:
        return self.do("block", target=target)

    def accept(self, follower: str) -> Sent:
        return self.do("accept", follower=follower)

    def reject(self, follower: str) -> Sent:
        return self.do("reject", follower=follower)

    def post(
        self, text: str = "", *, to: str = "public", mentions: Sequence[str] = (), **more: Any
    ) -> Sent:
        """`to`: public, unlisted, private, direct. `more`: html, reply_to, cw, extra."""
        return self.do("post", text=text, to=to, mentions=mentions, **more)

    def update(self, post: str, text: str = "", **more: Any) -> Sent:
        return self.do("update", post=post, text=text, **more)

    def delete(self, post: str) -> Sent:
        return self.do("delete", post=post)

    def like(self, post: str) -> Sent:
        return self.do("like", post=post)

    def react(self, post: str, emoji: str, style: str = "EmojiReact") -> Sent:
        return self.do("react", post=post, emoji=emoji, style=style)

    def boost(self, post: str) -> Sent:
        return self.do("boost", post=post)

    def undo(self, activity: str) -> Sent:
        return self.do("undo", activity=activity)

    def resend(self, activity: str) -> Sent:
        """The same activity, signed anew, to the same inboxes."""
        return self.do("resend", activity=activity)

    def update_profile(self, **fields: Any) -> Sent:
        return self.do("update_profile", **fields)

    def delete_actor(self) -> Sent:
        return self.do("delete_actor")

    def look(self, url: str) -> int:
        """The status of a signed GET."""
        return self.do("look", url=url).statuses[0]

    def raw(self, inbox: str, activity: Mapping[str, Any] | None = None, **more: Any) -> Sent:
        """`more`: body, headers, late_headers, sign (cavage, rfc9421, none), key_id."""
        return self.do("raw", inbox=inbox, activity=activity, **more)

    def state(self) -> Json:
        """followers, following, asked, asking, blocked, document."""
        return self.home.call("actors", name=self.id)

    def received(self, kind: str = "", *, contains: str = "", since: int = 0) -> list[Json]:
        return self.home.received(actor=self.id, type=kind, contains=contains, since=since)

    def wait_for(
        self, kind: str, *, contains: str = "", since: int = 0, timeout: float = 20
    ) -> Json:
        """The activity itself, the first that fits; earlier ones count unless `since` says not."""
        asked: Json = {"actor": self.id, "type": kind, "contains": contains, "since": since}
        end = time.monotonic() + timeout
        while (left := end - time.monotonic()) > 0:
            if one := self.home.call("wait", patience=min(left, 30), **asked)["found"]:
                return dict(one["activity"])
        raise NeighbourError(f"No {kind} with {contains!r} for {self.id} within {timeout:g} s")
