"""The works that are measured: posts coming in, and one post going out to many."""

import statistics
from functools import partial
from typing import Any

from bridge.demo.bench.stage import HOSTS, Stage, until

ACTORS = 10
CONNECTIONS = 16
Figures = dict[str, float]
Event = dict[str, Any]


def incoming(stage: Stage, post: str, notes: int) -> Figures:
    """Signed replies to `post`: accepted, then in the index, then in the room."""
    before = stage.ask("SELECT coalesce(max(id), 0) FROM bridge_received")[0][0]
    sent_before = stage.ask("SELECT coalesce(max(id), 0) FROM social_delivery")[0][0]
    cpu = stage.cpu()
    report = _blast(stage, post, notes, CONNECTIONS)
    refused = {status: n for status, n in report["statuses"].items() if status != "202"}
    if refused:
        raise RuntimeError(f"the inbox answered {refused}")
    stage.settled("bridge_received", "activitypub")
    indexed_cpu = stage.cpu() - cpu
    stage.settled("social_delivery", "matrix")
    cpu = stage.cpu() - cpu
    ended = "SELECT max(ended) FROM {} WHERE id > {} AND state = 'done'"
    indexed = stage.moment(ended.format("bridge_received", before))
    told = stage.moment(ended.format("social_delivery", sent_before) + " AND network = 'matrix'")
    late = stage.ask(
        "SELECT count(*) FROM social_delivery WHERE network = 'matrix' AND state = 'done'"  # noqa: S608  numbers of ours
        f" AND id > {sent_before} AND ended > (SELECT max(ended) FROM bridge_received"
        f" WHERE id > {before})"
    )[0][0]
    began = float(report["started"])
    return {
        "accepted": float(report["per_second"]),
        "p50_ms": float(report["p50_ms"]),
        "p95_ms": float(report["p95_ms"]),
        "indexed": notes / (indexed - began),
        "indexed_cpu_ms": 1000 * indexed_cpu / notes,
        "in_room": notes / (told - began),
        "in_room_alone": late / (told - indexed) if told > indexed else 0.0,
        "in_room_cpu_ms": 1000 * cpu / notes,
    }


def single(stage: Stage, post: str, times: int) -> Figures:
    """Milliseconds from the first byte sent until the row is recorded, and until it is an event."""
    indexed, told = [], []
    for _ in range(times):
        before = stage.ask("SELECT max(id) FROM bridge_received")[0][0]
        report = _blast(stage, post, 1, 1)
        uri = report["posts"][0]
        row = f"SELECT ended FROM social_delivery WHERE subject = '{uri}' AND state = 'done'"  # noqa: S608  made by our neighbour
        until(partial(stage.ask, row), 60, lambda: "a single reply did not arrive")
        received = f"SELECT max(ended) FROM bridge_received WHERE id > {before}"  # noqa: S608
        indexed.append(1000 * (stage.moment(received) - report["started"]))
        told.append(1000 * (stage.moment(row) - report["started"]))
    return {"indexed_ms": statistics.median(indexed), "in_room_ms": statistics.median(told)}


def written(stage: Stage, post: str) -> tuple[Event, list[str]]:
    """An event as we write it, and who speaks there: for writing the same directly."""
    _blast(stage, post, ACTORS, CONNECTIONS)
    stage.settled("bridge_received", "activitypub")
    stage.settled("social_delivery", "matrix")
    found = [event for event in stage.alice.messages(stage.profile["room_id"], 100) if _is(event)]
    return dict(found[0]["content"]), sorted({str(event["sender"]) for event in found})


def _is(event: Event) -> bool:
    return bool(event["type"] == "m.room.message" and event["sender"].startswith("@_ap_"))


def _blast(stage: Stage, post: str, notes: int, concurrency: int) -> dict[str, Any]:
    return stage.neighbour.blast(
        stage.inbox,
        actors=ACTORS,
        notes=notes,
        concurrency=concurrency,
        mention=stage.profile["handle"],
        reply=post,
    )


def first_post(stage: Stage) -> str:
    """The URI of a post of alice's to answer."""
    stage.alice.send(stage.profile["room_id"], "What do you all think?")
    query = "SELECT uri FROM social_post ORDER BY id"
    return str(until(lambda: stage.ask(query), 30, lambda: "no post was recorded")[0][0])


def followed(stage: Stage) -> None:
    """200 followers on 200 hosts, all accepted."""
    stage.neighbour.crowd(stage.profile["handle"], HOSTS)
    stage.neighbour.wait_until(lambda found: found["by_type"].get("Accept", 0) >= HOSTS, 120)
    stage.settled("social_delivery", "matrix")
    _outgoing(stage, 1)  # opens the connections


def outgoing(stage: Stage, times: int, burst: int) -> Figures:
    """One post at a time to everybody, then many at once for the rate and the CPU."""
    lasts = [_outgoing(stage, 1)["seconds"] for _ in range(times)]
    many = _outgoing(stage, burst)
    return {
        "last_s": statistics.median(lasts),
        "per_second": many["per_second"],
        "cpu_ms": many["cpu_ms"],
    }


def _outgoing(stage: Stage, posts: int) -> Figures:
    stage.neighbour.reset()
    cpu, room = stage.cpu(), stage.profile["room_id"]
    keys = [stage.alice.send(room, f"To everybody, number {n}") for n in range(posts)]
    stats = stage.neighbour.wait_until(
        lambda found: found["distinct"] >= posts and found["received"] >= posts * HOSTS, 120
    )
    stage.settled("social_delivery", "activitypub")
    cpu = stage.cpu() - cpu
    stage.settled("social_delivery", "matrix")
    listed = ", ".join(f"'{key}'" for key in keys)
    pushed = stage.moment(f"SELECT min(created) FROM bridge_received WHERE key IN ({listed})")  # noqa: S608  made by our homeserver
    seconds = float(stats["last"]) - pushed
    deliveries = posts * HOSTS
    return {
        "seconds": seconds,
        "per_second": deliveries / seconds,
        "cpu_ms": 1000 * cpu / deliveries,
    }
