"""The story of the demo: one post crosses both ways on a real homeserver, and survives a loss.

Told hop by hop as it happens. Everything in it is real: Synapse, this server in its embedded form,
and a small fediverse neighbour with keys of its own, each a process on loopback.
"""

import shutil
import signal
import socket
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bridge.demo.homeserver import Homeserver
from bridge.demo.neighbourhood import Actor, Neighbour
from bridge.demo.person import Event, Person
from bridge.demo.server import ROOT, Server

FOLDER = ROOT / ".demo"
PASSWORD = "secret"  # noqa: S105  a demo's password, on loopback
WAIT = 30.0  # seconds for one hop


class Broken(Exception):
    """A hop did not happen."""


@dataclass
class Story:
    server: Server
    homeserver: Homeserver
    neighbour: Neighbour
    alice: Person
    bob: Actor
    room: str = ""
    desk: str = ""
    mirror: str = ""
    actor: str = ""
    handle: str = ""
    posts: list[str] = field(default_factory=list)
    events: list[str] = field(default_factory=list)

    # ---- the hops, in order

    def alice_gets_a_profile(self) -> str:
        made = self.server.create_profile(self.alice.user_id)
        self.room, self.desk = made["room_id"], made["desk"]
        self.actor, self.handle = made["actor"], made["handle"]
        self.alice.join(self.room)
        self.alice.join(self.desk)
        return f"{self.alice.user_id} is {self.handle}; her room is {self.room}"

    def bob_follows(self) -> str:
        self.bob.follow(self.handle)
        self.bob.wait_for("Accept", timeout=WAIT)
        self.alice_hears("follows you")
        return f"bob found {self.handle} by WebFinger, followed, and was accepted"

    def alice_posts(self) -> str:
        self.write("Hello, fediverse! This comes from a room of my own. #ownroom")
        self.arrives("Create", "a room of my own")
        return "typed in Matrix, signed, and in bob's inbox"

    def bob_replies(self) -> str:
        sent = self.bob.post(
            "Welcome, alice! Nice room.", reply_to=self.posts[-1], mentions=[self.actor]
        )
        event = self.appears("Nice room")
        thread = event["content"]["m.relates_to"]["event_id"]
        if thread != self.events[-1]:
            raise Broken("the reply does not stand in the thread of the post")
        self.events.append(event["event_id"])
        name = self.alice.profile(event["sender"])["displayname"]
        return f"{name} answers in the thread ({sent.post})"

    def bob_likes_and_boosts(self) -> str:
        self.bob.like(self.posts[-1])
        self.bob.boost(self.posts[-1])
        self.alice.wait_for(self.room, lambda event: event["type"] == "m.reaction", WAIT)
        self.appears("boosted")
        return "a reaction and a boost card in her room"

    def alice_answers(self) -> str:
        root, answered = self.events[-2], self.events[-1]
        self.alice.reply(self.room, answered, "Come in, the kettle is on.", thread_root=root)
        activity = self.arrives("Create", "the kettle is on")
        return f"in reply to {activity['object']['inReplyTo']}"

    def alice_edits(self) -> str:
        self.alice.edit(
            self.room, self.events[0], "Hello, fediverse! (I wrote this in my room.) #ownroom"
        )
        self.arrives("Update", "I wrote this in my room")
        return "the same post, new words"

    def alice_deletes(self) -> str:
        event = self.write("This one I will regret.")
        self.arrives("Create", "I will regret")
        self.alice.redact(self.room, event)
        gone = self.bob.wait_for("Delete", contains=self.posts[-1], timeout=WAIT)
        status, _ = self.server.document(self.posts[-1])
        if status != 410:
            raise Broken(f"the deleted post answers {status}")
        return f"bob got {gone['type']}; its address answers 410"

    def alice_follows_bob(self) -> str:
        self.alice.send(self.desk, f"follow {self.bob.handle}")
        self.bob.wait_for("Follow", timeout=WAIT)
        self.alice_hears("accepted your follow")
        self.mirror = self.alice.wait_for_invite(timeout=WAIT)
        self.alice.join(self.mirror)
        self.bob.post("News from my own server.")
        self.alice.wait_for(self.mirror, _says("News from my own server"), WAIT)
        self.alice.send(self.desk, "home")
        self.alice_hears("News from my own server")
        return "his posts are in his mirror room and on her home"

    def everything_is_lost_and_found(self) -> str:
        self.settled()
        before = self.public()
        self.server.stop()
        for file in self.server.folder.glob("ownroom.sqlite3*"):
            file.unlink()
        self.server.manage("migrate", "--verbosity", "0")
        self.server.manage("rebuild")
        self.server.start(self.homeserver)
        after = self.public()
        changed = [url for url in before if before[url] != after.get(url)]
        if changed:
            raise Broken(f"not the same after the rebuild: {', '.join(changed)}")
        self.write("Still here, after the loss.")
        self.arrives("Create", "after the loss")
        return f"{len(before)} public documents byte for byte the same, and a new post went out"

    # ---- small helpers

    def write(self, text: str) -> str:
        event = self.alice.send(self.room, text)
        self.events.append(event)
        self.posts.append(f"{self.server.url}/ap/o/{event[1:]}")
        return event

    def arrives(self, kind: str, text: str) -> dict[str, Any]:
        found: dict[str, Any] = self.bob.wait_for(kind, contains=text, timeout=WAIT)
        return found

    def appears(self, text: str) -> Event:
        return self.alice.wait_for(self.room, _says(text), WAIT)

    def alice_hears(self, text: str) -> None:
        self.alice.wait_for(self.desk, _says(text), WAIT)

    def settled(self) -> None:
        """Until nothing waits in either queue."""
        end = time.monotonic() + WAIT
        while self.server.waiting():
            if time.monotonic() > end:
                raise Broken("something still waits in the queues")
            time.sleep(0.1)

    def public(self) -> dict[str, tuple[int, bytes]]:
        """Every public JSON document, as anybody gets it."""
        urls = [self.actor, f"{self.server.url}/ap/actor", *self.posts]
        urls += [f"{post}/{part}" for post in self.posts for part in PARTS_OF_A_POST]
        acct = self.handle.lstrip("@")
        urls += [
            f"{self.server.url}/.well-known/webfinger?resource=acct:{acct}",
            f"{self.server.url}/nodeinfo/2.0",
            f"{self.server.url}/nodeinfo/2.1",
        ]
        actor = self.server.json(self.actor)
        for name in ("outbox", "followers", "following", "featured"):
            urls += self.pages(actor[name])
        return {url: self.server.document(url) for url in urls}

    def pages(self, collection: str) -> list[str]:
        urls, page = [collection], self.server.json(collection).get("first")
        while isinstance(page, str):
            urls.append(page)
            page = self.server.json(page).get("next")
        return urls


PARTS_OF_A_POST = ("create", "replies", "likes", "shares")
HOPS: tuple[tuple[str, Callable[[Story], str]], ...] = (
    ("alice gets a profile", Story.alice_gets_a_profile),
    ("bob follows her", Story.bob_follows),
    ("alice posts from Matrix", Story.alice_posts),
    ("bob replies", Story.bob_replies),
    ("bob likes and boosts", Story.bob_likes_and_boosts),
    ("alice replies", Story.alice_answers),
    ("alice edits", Story.alice_edits),
    ("alice deletes", Story.alice_deletes),
    ("alice follows bob", Story.alice_follows_bob),
    ("the database is lost", Story.everything_is_lost_and_found),
)


def _says(text: str) -> Callable[[Event], bool]:
    return lambda event: text in str(event.get("content", {}).get("body", ""))


def tell(*, port: int, stay: bool, folder: Path = FOLDER) -> int:
    """Runs the story; 0 when every hop happened."""
    folder /= str(port)  # two demos may run side by side
    if _taken(port):
        print(f"Port {port} is in use. Try: make demo PORT={port + 1}", file=sys.stderr)
        return 1
    shutil.rmtree(folder, ignore_errors=True)  # each telling begins with nothing
    try:
        with ExitStack() as stack:
            story = _begin(stack, port, folder)
            for title, hop in HOPS:
                _say(title, hop, story)
            print("\nEvery hop happened.", flush=True)
            if stay:
                _stay(story)
    except KeyboardInterrupt:
        print("\nStopped.")
        return 0
    except Exception as error:  # noqa: BLE001  whatever broke, the reader is told where
        print(f"\n  ✗ {error}\n\nThe logs are in {folder}.", file=sys.stderr)
        return 1
    return 0


def _taken(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the server will
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return True
    return False


def listen() -> None:
    """SIGINT too: a shell without a terminal starts what ends in `&` so that it is not heard."""

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    for sign in (signal.SIGTERM, signal.SIGINT):
        signal.signal(sign, interrupted)


def _begin(stack: ExitStack, port: int, folder: Path) -> Story:
    listen()
    print(
        "Starting a homeserver, Ownroom and a neighbour (the first time, this installs Synapse) …"
    )
    server = Server(folder / "ownroom", port=port)
    registration = server.register()
    homeserver = Homeserver(
        folder / "homeserver", server_name="hs.localhost", registrations=(registration,)
    )
    stack.callback(homeserver.stop)
    homeserver.start()
    stack.callback(server.stop)
    server.start(homeserver)
    neighbour = stack.enter_context(Neighbour())
    print(f"  homeserver {homeserver.url}   Ownroom {server.url}   neighbour {neighbour.url}\n")
    alice = homeserver.person("alice", PASSWORD)
    return Story(server, homeserver, neighbour, alice, neighbour.actor("bob"))


def _say(title: str, hop: Callable[[Story], str], story: Story) -> None:
    if sys.stdout.isatty():
        print(f"  … {title}", end="\r", flush=True)
    begun = time.monotonic()
    told = hop(story)
    print(f"  ✓ {title} ({time.monotonic() - begun:.1f} s)\n      {told}", flush=True)


def _stay(story: Story) -> None:
    page = f"{story.server.url}/@{story.handle.lstrip('@').split('@')[0]}"
    print(
        f"\nIt all stays up until you press Ctrl-C:\n"
        f"  her page           {page}\n"
        f"  her room           {story.room}\n"
        f"  homeserver         {story.homeserver.url}  (log in with any Matrix client:"
        f" alice, password {PASSWORD})\n"
        f"  her desk           {story.desk}  (type: help)\n"
        f"  the neighbour      {story.neighbour.url}/@bob  (bob is {story.bob.handle})\n"
        "\nTry these next:\n"
        f"  in her room        write something; begin with !cw cake to put it behind a warning;"
        f" attach a picture\n"
        f"  in her desk        help, home, status; mute {story.bob.handle} for 7d, then mutes\n"
        f"  in a browser       {page}/feed.atom, {story.server.url}/tags/ownroom\n"
        f"  in a terminal      curl -H 'Accept: application/activity+json' {story.actor}",
        flush=True,
    )
    while all(part.poll() is None for part in story.server.parts.values()):
        time.sleep(0.5)
    raise Broken(f"Ownroom ended:\n{story.server.log_tail()}")
