"""What others see of the neighbour: WebFinger, actors, posts, inboxes, NodeInfo, small pages."""

import asyncio
import html
import json
import time
from collections.abc import Awaitable, Callable, Coroutine
from itertools import islice
from typing import Any

import orjson
from aiohttp import web

from bridge.demo.neighbour import cast, manners, signing
from bridge.demo.neighbour.cast import PUBLIC, Actor, Json
from bridge.demo.neighbour.courier import Courier, Unreachable, gone
from bridge.demo.neighbour.signing import Doubt
from bridge.demo.neighbour.world import Fault, Received, World

_BODY = 1024 * 1024
_SHOWN = 50  # of what came, on a page
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Server:
    def __init__(self, world: World, courier: Courier) -> None:
        self.world, self.courier = world, courier

    def application(self) -> web.Application:
        app = web.Application(client_max_size=_BODY)
        inbox = self._sink if self.world.settings.sink else self._inbox
        app.add_routes(
            [
                web.post("/inbox", inbox),
                web.post("/users/{name}/inbox", inbox),
                web.get("/.well-known/webfinger", self._webfinger),
                web.get("/.well-known/nodeinfo", self._nodeinfo_links),
                web.get("/nodeinfo/2.1", self._nodeinfo),
                web.get("/users/{name}", self._actor),
                web.get("/users/{name}/{list:outbox|followers|following}", self._collection),
                web.get("/users/{name}/statuses/{number}", self._object),
                web.get("/users/{name}/statuses/{number}/activity", self._object),
                web.get("/files/{name}", self._file),
                web.get("/@{name}", self._page),
                web.get("/@{name}/{number}", self._post_page),
            ]
        )
        return app

    def later(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self.world.work.add(task)
        task.add_done_callback(self.world.work.discard)

    # Reading.

    async def _webfinger(self, request: web.Request) -> web.Response:
        await self._suffer(request, "get")
        resource = request.query.get("resource", "")
        if not resource:
            raise web.HTTPBadRequest(text="Which resource?")
        host = self._host(request)
        name = resource.removeprefix("acct:").removeprefix("@").partition("@")[0]
        found = self.world.find(resource) or self.world.find(name, host)
        if found is None or resource not in (f"acct:{found.acct}", f"acct:@{found.acct}", found.id):
            raise web.HTTPNotFound
        if found.gone:
            raise web.HTTPGone
        return _json(cast.webfinger(found), "application/jrd+json")

    async def _actor(self, request: web.Request) -> web.Response:
        await self._suffer(request, "get")
        actor = self._named(request)
        if actor is not self.world.keeper:
            await self._must_be_signed(request)
        return _json(cast.document(actor))

    async def _object(self, request: web.Request) -> web.Response:
        await self._suffer(request, "get")
        await self._must_be_signed(request)
        path = request.path.removesuffix("/activity")
        found = self.world.objects.get(self.world.origins[self._host(request)] + path)
        if found is None:
            raise web.HTTPNotFound
        if found["type"] == "Tombstone":
            return _json(found, status=410)
        if not await self._may_see(request, found):
            raise web.HTTPNotFound
        if path != request.path:
            made = {"id": f"{found['id']}/activity", "type": "Create"}
            shown = {"actor": found["attributedTo"], "to": found["to"], "cc": found["cc"]}
            return _json({"@context": cast.CONTEXT, **made, **shown, "object": found})
        return _json({"@context": cast.CONTEXT, **found})

    async def _may_see(self, request: web.Request, found: Json) -> bool:
        """Private posts go to servers that house one of those addressed."""
        audience = [*found["to"], *found["cc"]]
        if PUBLIC in audience:
            return True
        author = self.world.find(str(found["attributedTo"]))
        if author and author.follower_list in audience:
            audience += author.followers
        try:
            reader, _ = await self.courier.believe(_signed(request, None))
        except Doubt:
            return False
        return any(uri.startswith(_origin_of(reader) + "/") for uri in audience)

    async def _collection(self, request: web.Request) -> web.Response:
        await self._suffer(request, "get")
        await self._must_be_signed(request)
        actor = self._named(request)
        name = request.match_info["list"]
        lists: dict[str, list[Any]] = {
            "outbox": actor.public[::-1],
            "followers": list(actor.followers),
            "following": list(actor.accepted),
        }
        items = lists[name]
        uri = f"{actor.id}/{name}"
        made = cast.page if "page" in request.query else cast.collection
        return _json(made(uri, items))

    async def _file(self, request: web.Request) -> web.Response:
        found = self.world.files.get(request.match_info["name"])
        if found is None:
            raise web.HTTPNotFound
        found.asked += 1
        await self._suffer(request, "file")
        return web.Response(body=found.body, headers={"Content-Type": found.kind})

    async def _nodeinfo_links(self, request: web.Request) -> web.Response:
        origin = self.world.origins[self._host(request)]
        rel = "http://nodeinfo.diaspora.software/ns/schema/2.1"
        link = {"rel": rel, "href": f"{origin}/nodeinfo/2.1"}
        return _json({"links": [link]}, "application/json")

    async def _nodeinfo(self, request: web.Request) -> web.Response:
        people = sum(actor.origin == self._origin(request) for actor in self.world.actors.values())
        info = {
            "version": "2.1",
            "software": {"name": "neighbour", "version": "1.0.0"},
            "protocols": ["activitypub"],
            "services": {"inbound": [], "outbound": []},
            "openRegistrations": False,
            "usage": {"users": {"total": people}},
            "metadata": {},
        }
        return _json(info, "application/json")

    async def _page(self, request: web.Request) -> web.Response:
        """For a person who follows a link in the demo's browser."""
        actor = self._named(request)
        posts = [one["object"] for one in reversed(actor.public) if isinstance(one["object"], dict)]
        shown = "".join(f"<article>{one.get('content', '')}</article>" for one in posts)
        name = html.escape(str(cast.document(actor)["name"]))
        return _html(
            f"<h1>{name}</h1><p>@{html.escape(actor.acct)}</p>{shown}"
            f"<h2>What came, newest first</h2>{self._came()}"
        )

    def _came(self) -> str:
        return "".join(
            f"<details><summary>{html.escape(one.type)} from {html.escape(one.actor)}</summary>"
            f"<pre>{html.escape(json.dumps(one.activity, indent=2))}</pre></details>"
            for one in islice(
                (one for one in reversed(self.world.received) if one.verified), _SHOWN
            )
        )

    async def _post_page(self, request: web.Request) -> web.Response:
        uri = f"{self._named(request).id}/statuses/{request.match_info['number']}"
        found = self.world.objects.get(uri)
        if not found or PUBLIC not in (*found.get("to", ()), *found.get("cc", ())):
            raise web.HTTPNotFound
        return _html(str(found["content"]))

    # Inboxes.

    async def _inbox(self, request: web.Request) -> web.Response:
        await self._suffer(request, "inbox")
        if "name" in request.match_info:
            self._named(request)
        body = await request.read()
        try:
            activity = orjson.loads(body)
        except ValueError:
            raise web.HTTPBadRequest(text="Not JSON") from None
        if not isinstance(activity, dict):
            raise web.HTTPBadRequest(text="Not an object")
        one = self._record(request, activity)
        await self._verify(request, body, one)
        self.world.keep(one)
        if one.status >= 300:
            raise web.HTTPUnauthorized(text=one.why)
        if one.verified:
            self.later(self._heed(activity))
        return web.Response(status=202)

    def _record(self, request: web.Request, activity: Json) -> Received:
        return Received(
            n=self.world.number(),
            at=time.time(),
            host=self._host(request),
            path=request.path,
            status=202,
            type=str(activity.get("type", "")),
            id=str(activity.get("id", "")),
            actor=manners.id_of(activity.get("actor")),
            activity=activity,
            text=orjson.dumps(activity).decode(),
            headers={name.lower(): value for name, value in request.headers.items()},
        )

    async def _verify(self, request: web.Request, body: bytes, one: Received) -> None:
        try:
            signer, made = await self.courier.believe(_signed(request, body))
        except Doubt as doubt:
            one.why = str(doubt)
            # Who is gone for good has taken the key along: its own Delete is polite, not proven.
            leaving = (
                one.type == "Delete" and manners.id_of(one.activity.get("object")) == one.actor
            )
            one.status = 202 if leaving and gone(doubt) else 401
        else:
            one.verified, one.dialect = signer == one.actor, made.dialect
            if not one.verified:
                one.status, one.why = 401, f"Signed by {signer}, not by the actor"

    async def _heed(self, activity: Json) -> None:
        try:
            await manners.heed(self.world, self.courier, activity)
        except (Unreachable, KeyError) as error:
            print(f"not heeded: {error}", flush=True)

    async def _sink(self, request: web.Request) -> web.Response:
        await self._suffer(request, "inbox")
        activity = orjson.loads(await request.read())
        self.world.received.append(
            Received(
                n=self.world.number(),
                at=time.time(),
                host=self._host(request),
                path=request.path,
                status=202,
                type=activity["type"],
                id=activity["id"],
            )
        )
        self.world.news.set()
        return web.Response(status=202)

    # Common to all.

    async def _suffer(self, request: web.Request, where: str) -> None:
        """The planned fault, if it is the turn of this request."""
        host = self._host(request)
        fault = self.world.next_fault(host, where) if self.world.faults else None
        if fault is None:
            return
        if fault.mode == "hang":
            await fault.over.wait()
        if fault.mode in {"hang", "refuse"}:
            if request.transport:
                request.transport.abort()
            raise web.HTTPServiceUnavailable
        self._note_fault(request, host, fault)
        raise _planned(fault)

    def _note_fault(self, request: web.Request, host: int, fault: Fault) -> None:
        status = int(fault.mode.rpartition(":")[2])
        one = Received(self.world.number(), time.time(), host, request.path, status, why="planned")
        if request.method == "POST":
            self.world.keep(one)

    async def _must_be_signed(self, request: web.Request) -> None:
        if not self.world.settings.secure:
            return
        try:
            await self.courier.believe(_signed(request, None))
        except Doubt as doubt:
            raise web.HTTPUnauthorized(text=str(doubt)) from None

    def _host(self, request: web.Request) -> int:
        return self.world.host_of(request.headers.get("Host", ""))

    def _origin(self, request: web.Request) -> str:
        return self.world.origins[self._host(request)]

    def _named(self, request: web.Request) -> Actor:
        found = self.world.find(request.match_info["name"], self._host(request))
        if found is None:
            raise web.HTTPNotFound
        if found.gone:
            raise web.HTTPGone
        return found


def _origin_of(uri: str) -> str:
    return "/".join(uri.split("/", 3)[:3])


def _signed(request: web.Request, body: bytes | None) -> signing.Request:
    url = f"http://{request.headers.get('Host', '')}{request.raw_path}"
    return signing.Request(request.method, url, request.headers, body)


def _planned(fault: Fault) -> web.HTTPException:
    class Planned(web.HTTPException):
        status_code = int(fault.mode.rpartition(":")[2])
        empty_body = True

    headers = {"Retry-After": str(fault.retry_after)} if fault.retry_after is not None else None
    return Planned(headers=headers)


def _json(document: Json, kind: str = cast.MEDIA_TYPE, status: int = 200) -> web.Response:
    return web.Response(
        body=orjson.dumps(document), status=status, content_type=kind, charset="utf-8"
    )


def _html(inner: str) -> web.Response:
    text = f'<!doctype html><meta charset="utf-8"><title>Next door</title><main>{inner}</main>'
    policy = {"Content-Security-Policy": "default-src 'none'; img-src *"}
    return web.Response(text=text, content_type="text/html", headers=policy)
