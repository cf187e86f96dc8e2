"""One run of everything, in one form."""

from collections.abc import Callable
from pathlib import Path

from bridge.demo.bench import limits, machine, works
from bridge.demo.bench.stage import built

Figures = dict[str, dict[str, float]]


def everything(form: str, folder: Path, *, quick: bool, say: Callable[[str], object]) -> Figures:
    few = 5 if quick else 1
    say(f"{form}: starting the homeserver, Ownroom and a neighbour of 200 hosts")
    with built(form, folder) as stage:
        found: Figures = {"start": stage.seconds, "memory at rest": machine.memory(stage.pids())}
        post = works.first_post(stage)
        event, ghosts = works.written(stage, post)
        say("one reply at a time")
        found["single"] = works.single(stage, post, 20 // few)
        say("replies through 16 connections")
        found["incoming"] = works.incoming(stage, post, 1000 // few)
        say("one post to 200 inboxes")
        works.followed(stage)
        found["outgoing"] = works.outgoing(stage, 5, 20 // few)
        found["memory after"] = machine.memory(stage.pids())
        say("the homeserver alone")
        found["homeserver"] = {
            "one room": limits.one_room(stage, event, ghosts, 800 // few),
            "in order": limits.one_room(stage, event, ghosts, 800 // few, in_order=True),
            "many rooms": limits.many_rooms(stage, event, 50 // few, 800 // few),
        }
    found["rsa"] = limits.rsa_per_cpu_second()
    return found
