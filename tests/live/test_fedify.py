"""Fedify as a peer: another implementation, both directions, over both kinds of signature."""

import contextlib
import fcntl
import hashlib
import json
import shutil
import subprocess
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

import pytest

from bridge.demo.person import Event
from bridge.demo.server import ACTIVITY
from tests.live.stage import OBJECT, Resident, Stage, after, containing, until

pytestmark = pytest.mark.live

SOURCE = Path(__file__).parent / "fedify"


class Fedify:
    """The peer's process; it ends with us, for it reads its standard input to the end."""

    def __init__(self, folder: Path, first_knock: str) -> None:
        node = folder / "node_modules" / ".bin" / "node"
        self.process = subprocess.Popen(
            [node, "peer.mjs", first_knock],
            cwd=folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout
        self.url = self.process.stdout.readline().strip()
        self.actor = f"{self.url}/users/fay"
        self.mark = f"peer{self.url.rsplit(':', 1)[1]}"  # a word that no other peer has
        self.acct = f"fay@{self.url.removeprefix('http://')}"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        self.process.communicate()

    def do(self, verb: str, **told: str) -> Any:
        url, body = f"{self.url}/control/{verb}", json.dumps(told).encode()
        try:
            with urllib.request.urlopen(urllib.request.Request(url, body), timeout=30) as answer:
                return json.loads(answer.read())
        except urllib.error.HTTPError as error:
            with error:
                pytest.fail(f"Fedify could not {verb}: {error.read().decode()[:2000]}")

    def wait_for(self, kind: str, contains: str = "", timeout: float = 20) -> Any:
        def found() -> Any:
            fits = (
                one
                for one in self.do("received")
                if one["type"] == kind and contains in json.dumps(one)
            )
            return next(fits, None)

        return until(found, timeout)


@pytest.fixture(scope="session")
def installed() -> Path:
    """Fedify and the Node it wants, as the lock file says; once on a machine."""
    if not shutil.which("npm"):
        pytest.skip("not run: npm (Node) is not on this machine")
    pins = [SOURCE / "package.json", SOURCE / "package-lock.json"]
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in pins)).hexdigest()[:16]
    folder = Path(tempfile.gettempdir()) / f"ownroom-fedify-{digest}"
    folder.mkdir(exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        shutil.copy(SOURCE / "peer.mjs", folder)
        if not (folder / "complete").exists():
            for path in pins:
                shutil.copy(path, folder)
            done = subprocess.run(
                ["npm", "ci", "--no-audit", "--no-fund"],
                cwd=folder,
                capture_output=True,
                text=True,
                check=False,
            )
            if done.returncode:
                pytest.skip(f"not run: npm could not install Fedify: {done.stderr[-500:]}")
            (folder / "complete").touch()
    return folder


@pytest.fixture(params=["rfc9421", "draft-cavage-http-signatures-12"])
def fay(installed: Path, request: pytest.FixtureRequest) -> Iterator[Fedify]:
    with Fedify(installed, request.param) as peer:
        yield peer


@pytest.fixture(scope="session")
def form() -> str:
    """What the peer sees is the same in both forms."""
    return "embedded"


@pytest.fixture
def follower(alice: Resident, fay: Fedify) -> Fedify:
    fay.do("follow", whom=alice.actor)
    assert fay.wait_for("Accept")["actor"] == alice.actor
    return fay


def mirrored(alice: Resident, fay: Fedify) -> str:
    """The room in which alice reads what is written there."""
    alice.ask(f"follow @{fay.acct}", "I asked")
    assert fay.wait_for("Follow")["actor"] == alice.actor
    alice.told(f"{fay.acct}) accepted your follow")
    return alice.room_with(fay.acct)


def reacts(event: Event) -> bool:
    return bool(event["type"] == "m.reaction")


def redacts(event: Event) -> bool:
    return bool(event["type"] == "m.room.redaction")


# ---- posts


def test_a_follower_on_fedify_gets_posts_and_answers_them(
    alice: Resident, follower: Fedify
) -> None:
    fay = follower
    event = alice.post(f"to {fay.mark} with love")
    create = fay.wait_for("Create", fay.mark)
    assert create["object"]["id"] == alice.uri(event)
    assert "with love" in create["object"]["content"]
    fay.do("post", text=f"from {fay.mark}", replyTo=alice.uri(event), to=alice.actor)
    answer = alice.sees(f"from {fay.mark}")
    assert answer["content"]["m.relates_to"]["event_id"] == event


def test_edits_and_deletions_reach_fedify(alice: Resident, follower: Fedify) -> None:
    event = alice.post(f"first for {follower.mark}")
    follower.wait_for("Create", follower.mark)
    alice.person.edit(alice.room, event, f"second for {follower.mark}")
    update = follower.wait_for("Update", f"second for {follower.mark}")
    assert update["object"]["id"] == alice.uri(event)
    alice.person.redact(alice.room, event)
    follower.wait_for("Delete", alice.uri(event))


def test_edits_and_deletions_come_from_fedify(alice: Resident, fay: Fedify) -> None:
    event = alice.post(f"talk, {fay.mark}")
    told = {"replyTo": alice.uri(event), "to": alice.actor}
    until(lambda: alice_shows(alice, event))
    said = fay.do("post", text=f"a slip by {fay.mark}", **told)["object"]["id"]
    carried = alice.sees(f"a slip by {fay.mark}")
    fay.do("edit", post=said, text=f"mended by {fay.mark}", to=alice.actor)
    edit = alice.sees(f"mended by {fay.mark}")
    assert edit["content"]["m.relates_to"]["event_id"] == carried["event_id"]
    fay.do("retract", post=said, to=alice.actor)
    alice.person.wait_for(alice.room, after(edit["event_id"], redacts))


def alice_shows(alice: Resident, event: str) -> bool:
    with contextlib.suppress(urllib.error.HTTPError):
        url = urllib.request.Request(alice.uri(event), headers={"Accept": ACTIVITY})
        with urllib.request.urlopen(url, timeout=20) as answer:
            return bool(answer.status == 200)
    return False


def test_what_is_for_followers_or_for_one_stays_with_them(
    town: Stage, alice: Resident, follower: Fedify
) -> None:
    fay, mirror = follower, mirrored(alice, follower)
    fay.do("post", text=f"for followers of {fay.mark}", audience="followers")
    seen = alice.sees(f"for followers of {fay.mark}", room=mirror)
    assert seen["content"][OBJECT]["vis"] == "private"
    fay.do(
        "post",
        text=f"for alice by {fay.mark}",
        to=alice.actor,
        audience="direct",
        handle=alice.handle,
    )
    room = alice.room_with("Fay")
    alice.sees(f"for alice by {fay.mark}", room=room)
    event = alice.person.send(room, f"for fay at {fay.mark}")
    answer = fay.wait_for("Create", f"for fay at {fay.mark}")
    assert fay.actor in json.dumps(answer["to"])
    assert town.server.document(alice.uri(event))[0] == 404


# ---- reactions and boosts


@pytest.mark.parametrize("verb", ["like", "react"])
def test_a_reaction_from_fedify_comes_and_goes(alice: Resident, fay: Fedify, verb: str) -> None:
    event = alice.post(f"for {fay.mark} to {verb}")
    until(lambda: alice_shows(alice, event))
    made = fay.do(verb, post=alice.uri(event), emoji="🦊")
    reaction = alice.person.wait_for(alice.room, after(event, reacts))
    key = reaction["content"]["m.relates_to"]["key"]
    assert key == ("🦊" if verb == "react" else "👍\ufe0f")
    fay.do("undo", what=json.dumps(made), to=alice.actor)
    alice.person.wait_for(alice.room, after(reaction["event_id"], redacts))


def test_a_boost_from_fedify_comes_and_goes(alice: Resident, fay: Fedify) -> None:
    event = alice.post(f"for {fay.mark} to boost")
    until(lambda: alice_shows(alice, event))
    made = fay.do("boost", post=alice.uri(event))
    card = alice.person.wait_for(alice.room, after(event, containing("boosted")))
    fay.do("undo", what=json.dumps(made), to=alice.actor)
    alice.person.wait_for(alice.room, after(card["event_id"], redacts))


def test_alice_reads_reacts_and_boosts_and_takes_it_back(alice: Resident, fay: Fedify) -> None:
    mirror = mirrored(alice, fay)
    fay.do("post", text=f"news from {fay.mark}")
    seen = alice.sees(f"news from {fay.mark}", room=mirror)
    for key, kind in (("👍", "Like"), ("🦊", "Like"), ("🔁", "Announce")):
        reaction = alice.person.react(mirror, seen["event_id"], key)
        made = fay.wait_for(kind, reaction[1:])
        assert made["actor"] == alice.actor
        alice.person.redact(mirror, reaction)
        fay.wait_for("Undo", made["id"])


# ---- relations


def test_follows_end_on_either_side(alice: Resident, fay: Fedify) -> None:
    follow = fay.do("follow", whom=alice.actor)
    fay.wait_for("Accept")
    fay.do("undo", what=json.dumps(follow), to=alice.actor)
    until(lambda: fay.acct not in alice.ask("followers", "ollow"))
    fay.do("follow", whom=alice.actor)
    until(lambda: fay.acct in alice.ask("followers", "ollow"))
    alice.ask(f"reject @{fay.acct}", "does not follow you")
    fay.wait_for("Reject")
    mirror = mirrored(alice, fay)
    alice.ask(f"unfollow @{fay.acct}", "no longer follow")
    fay.wait_for("Undo", "Follow")
    until(lambda: mirror not in alice.person.rooms())


def test_a_follow_that_fedify_takes_back_its_yes_to_is_over(alice: Resident, fay: Fedify) -> None:
    mirror = mirrored(alice, fay)
    follow = fay.wait_for("Follow")
    fay.do("reject", follow=json.dumps(follow), to=alice.actor)
    alice.told(f"{fay.acct}) does not let you follow them")
    until(lambda: mirror not in alice.person.rooms())


def test_blocks_are_told_and_end(alice: Resident, follower: Fedify) -> None:
    fay = follower
    alice.ask(f"block @{fay.acct}", "is blocked")
    fay.wait_for("Block")
    fay.wait_for("Reject")
    alice.ask(f"unblock @{fay.acct}", "no longer blocked")
    fay.wait_for("Undo", "Block")
    mirror = mirrored(alice, fay)
    block = fay.do("block", whom=alice.actor)
    until(lambda: mirror not in alice.person.rooms())
    fay.do("undo", what=json.dumps(block), to=alice.actor)
    alice.ask(f"follow @{fay.acct}", "I asked")
    until(lambda: fay.acct in alice.ask("following", "ou follow"))


def test_a_report_goes_both_ways_and_hers_without_her_name(
    town: Stage, alice: Resident, fay: Fedify
) -> None:
    fay.do("report", whom=alice.actor, words=f"reported by {fay.mark}")
    alice.ask(f"report @{fay.acct} nasty words of {fay.mark}", "forward")
    alice.ask("forward", "It goes to")
    flag = fay.wait_for("Flag", f"nasty words of {fay.mark}")
    assert alice.actor not in json.dumps(flag)
    assert flag["actor"].startswith(town.server.url)


# ---- profiles


def test_new_names_travel_both_ways(town: Stage, alice: Resident, follower: Fedify) -> None:
    fay, mirror = follower, mirrored(alice, follower)
    alice.ask(f"set name Alice for {fay.mark}", "is changed")
    fay.wait_for("Update", f"Alice for {fay.mark}", 60)  # what else changes goes along
    fay.do("post", text=f"who is {fay.mark}?")
    ghost = alice.sees(f"who is {fay.mark}?", room=mirror)["sender"]
    fay.do("rename", name=f"Fay of {fay.mark}", to=alice.actor)
    until(lambda: alice.person.profile(ghost)["displayname"] == f"Fay of {fay.mark}")


def test_who_moves_on_fedify_takes_alice_along(alice: Resident, fay: Fedify) -> None:
    mirrored(alice, fay)
    fay.do("move", to=alice.actor)
    follow = until(
        lambda: next((one for one in fay.do("received") if "/users/faye" in str(one)), None)
    )
    assert (follow["type"], follow["actor"]) == ("Follow", alice.actor)
    alice.told("has moved to")


def test_somebody_here_moves_to_fedify(town: Stage, fay: Fedify) -> None:
    mover = town.resident(f"mover{fay.mark}")
    fay.do("follow", whom=mover.actor)
    fay.wait_for("Accept")
    fay.do("alias", of=mover.actor)
    name = mover.handle[1:].split("@")[0]
    mover.ask(f"move @{fay.acct} {name}", "are being told")
    move = fay.wait_for("Move")
    assert (move["object"], move["target"]) == (mover.actor, fay.actor)


def test_who_leaves_is_gone_on_the_other_side(
    town: Stage, alice: Resident, follower: Fedify
) -> None:
    fay = follower
    leaver = town.resident(f"leaver{fay.mark}")
    fay.do("follow", whom=leaver.actor)
    until(lambda: fay.acct in leaver.ask("followers", "ollow"))
    leaver.ask(f"profile delete {leaver.handle[1:].split('@')[0]}", "is deleted")
    fay.wait_for("Delete", leaver.actor)
    fay.do("leave", to=alice.actor)
    until(lambda: fay.acct not in alice.ask("followers", "ollow"))
