"""The strings by which tests pull the neighbour: JSON under /control/, loopback only."""

import asyncio
import base64
import time
from dataclasses import asdict
from typing import Any

import orjson
from aiohttp import web
from aiohttp.typedefs import Handler

from bridge.demo.neighbour import blast, cast
from bridge.demo.neighbour.cast import Actor, Json
from bridge.demo.neighbour.courier import Courier, Unreachable
from bridge.demo.neighbour.verbs import Impossible, Verbs
from bridge.demo.neighbour.world import Fault, File, Received, World

_PATIENCE = 60.0


class Control:
    def __init__(self, world: World, courier: Courier) -> None:
        self.world, self.courier = world, courier
        self.verbs = Verbs(world, courier)

    def application(self) -> web.Application:
        app = web.Application(middlewares=[_only_us], client_max_size=16 * 1024 * 1024)
        app.add_routes(
            [
                web.post("/actors", self._make),
                web.get("/actors", self._show),
                web.post("/files", self._file),
                web.get("/files", self._asked),
                web.post("/do", self._do),
                web.get("/received", self._received),
                web.get("/wait", self._wait),
                web.get("/quiet", self._quiet),
                web.get("/seen", self._seen),
                web.get("/stats", self._stats),
                web.post("/reset", self._reset),
                web.post("/faults", self._faults),
                web.post("/blast", self._blast),
                web.post("/crowd", self._crowd),
            ]
        )
        return app

    async def _make(self, request: web.Request) -> web.Response:
        """{name, host, locked, kind, shared_key, …}: further ones overrule the actor's document."""
        told = await request.json()
        name, host = str(told.pop("name")), int(told.pop("host", 0))
        locked = bool(told.pop("locked", False))
        key = self.world.shared_key if told.pop("shared_key", False) else None
        actor = self.world.find(name, host)
        if actor is None:
            actor = self.world.add(name, host=host, kind=str(told.pop("kind", "Person")), key=key)
        actor.locked = locked
        actor.profile |= told
        return _json(_state(actor))

    async def _show(self, request: web.Request) -> web.Response:
        return _json(_state(self._actor(request.query["name"], request.query.get("host"))))

    async def _file(self, request: web.Request) -> web.Response:
        """{name, kind, body, host}: the body in base64; answers where it stands."""
        told = await request.json()
        body = base64.b64decode(told["body"])
        self.world.files[told["name"]] = File(told["kind"], body)
        origin = self.world.origins[int(told.get("host", 0))]
        return _json({"url": f"{origin}/files/{told['name']}"})

    async def _asked(self, request: web.Request) -> web.Response:
        found = self.world.files.get(request.query["name"])
        return _json({"asked": found.asked if found else 0})

    async def _do(self, request: web.Request) -> web.Response:
        """{verb, actor, host, …}: the rest are the arguments of the verb."""
        told = await request.json()
        verb = self.verbs.all.get(str(told.pop("verb")))
        if verb is None:
            raise web.HTTPNotFound(text="No such verb")
        actor = self._actor(str(told.pop("actor")), told.pop("host", 0))
        try:
            sent = await verb(actor, **told)
        except (Impossible, Unreachable, TypeError) as error:
            return _json({"error": str(error)}, status=422)
        return _json(asdict(sent))

    async def _received(self, request: web.Request) -> web.Response:
        found = [asdict(one) for one in self._matching(request)]
        if request.query.get("refused"):
            found = [asdict(one) for one in self.world.received if not one.verified]
        return _json({"received": found})

    async def _wait(self, request: web.Request) -> web.Response:
        """The first that fits, or null when none came in time."""
        end = time.monotonic() + min(float(request.query.get("patience", 20)), _PATIENCE)
        while (left := end - time.monotonic()) > 0:
            for one in self._matching(request):
                return _json({"found": asdict(one)})
            await self.world.wait_for_news(left)
        return _json({"found": None})

    async def _quiet(self, _: web.Request) -> web.Response:
        """Answers when everything that came has been dealt with, our own answers included."""
        dealt = 0
        while work := set(self.world.work):
            await asyncio.wait(work)
            dealt += len(work)
        return _json({"dealt": dealt})

    async def _seen(self, request: web.Request) -> web.Response:
        """Others' posts as they stand here now; one, when its id is asked for."""
        if uri := request.query.get("id"):
            return _json({"post": self.world.seen.get(uri)})
        return _json({"posts": self.world.seen})

    async def _stats(self, request: web.Request) -> web.Response:
        people = self.world.actors.values()
        accepted = sum(len(actor.accepted) for actor in people)
        stats = self.world.stats(ids="ids" in request.query)
        return _json({**stats, "actors": len(people), "accepted": accepted})

    async def _reset(self, _: web.Request) -> web.Response:
        """Forgets what came and what shall go wrong; actors and posts stay."""
        self.world.received.clear()
        for host in list(self.world.faults):
            self.world.heal(host)
        return _json({})

    async def _faults(self, request: web.Request) -> web.Response:
        """{mode, every, times, where, retry_after, host}; ok, status:NNN, NNN, hang or refuse."""
        told = await request.json()
        host, mode = told.pop("host", None), str(told.pop("mode"))
        self.world.heal(host)
        if mode.isdecimal():
            mode = f"status:{mode}"
        if mode != "ok":
            self.world.faults[host] = [Fault(mode, **told)]
        return _json({})

    async def _blast(self, request: web.Request) -> web.Response:
        return _json(await blast.blast(self.world, self.courier, **await request.json()))

    async def _crowd(self, request: web.Request) -> web.Response:
        return _json(await blast.crowd(self.world, self.courier, **await request.json()))

    def _actor(self, name: str, host: object) -> Actor:
        found = self.world.find(name, int(str(host or 0)))
        if found is None:
            raise web.HTTPNotFound(text=f"No actor {name} here")
        return found

    def _matching(self, request: web.Request) -> list[Received]:
        query = request.query
        actor = self._actor(query["actor"], query.get("host")) if "actor" in query else None
        found = self.world.matching(
            actor=actor,
            kind=query.get("type", ""),
            since=int(query.get("since", 0)),
            contains=query.get("contains", ""),
        )
        return list(found)


@web.middleware
async def _only_us(request: web.Request, handler: Handler) -> web.StreamResponse:
    if not (request.remote or "").startswith(("127.", "::1")):
        raise web.HTTPForbidden
    # A page in somebody's browser can post forms to loopback, but not JSON.
    if request.method == "POST" and request.content_type != "application/json":
        raise web.HTTPUnsupportedMediaType
    return await handler(request)


def _state(actor: Actor) -> Json:
    return {
        "id": actor.id,
        "acct": actor.acct,
        "name": actor.name,
        "inbox": actor.inbox,
        "key_id": actor.key_id,
        "followers": list(actor.followers),
        "following": sorted(actor.accepted),
        "asked": sorted(set(actor.following) - actor.accepted),
        "asking": list(actor.asking),
        "blocked": sorted(actor.blocked),
        "document": cast.document(actor),
    }


def _json(value: Any, status: int = 200) -> web.Response:
    return web.Response(
        body=orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS),
        status=status,
        content_type="application/json",
    )
