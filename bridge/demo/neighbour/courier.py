"""How the neighbour goes out: look up, fetch, believe or not, sign and deliver."""

import asyncio
import ipaddress
import ssl
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import orjson

from bridge.demo.neighbour import signing
from bridge.demo.neighbour.cast import AS2, MEDIA_TYPE, Actor, Json
from bridge.demo.neighbour.signing import Claim, Dialect, Doubt
from bridge.demo.neighbour.world import World

AGENT = "neighbour/1 (a small demo server)"
ACCEPT = f'{MEDIA_TYPE}, application/ld+json; profile="{AS2}"'
_LIMIT = 1024 * 1024
_TRUST = 300.0  # seconds an actor's document is believed
_TIMEOUT = aiohttp.ClientTimeout(total=15)
_FINE, _UNAUTHORISED, _GONE = 200, 401, 410


class Unreachable(Exception):
    def __init__(self, reason: str, status: int = 0) -> None:
        super().__init__(reason)
        self.status = status


@dataclass(frozen=True, slots=True)
class Delivered:
    inbox: str
    status: int  # 0: no answer at all
    why: str = ""


class Courier:
    def __init__(self, world: World) -> None:
        self.world = world
        self.session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0), timeout=_TIMEOUT, auto_decompress=True
        )
        self._known: dict[str, tuple[float, Json]] = {}

    async def fetch(self, url: str, *, accept: str = ACCEPT, signed: bool = True) -> Json:
        """GET as the keeper (the instance actor), if need be in both dialects. Or Unreachable."""
        first = self.world.settings.sends
        if not signed:
            return await self._get(url, {"accept": accept})
        try:
            return await self._get(url, self._signed(first, url, accept))
        except Unreachable as error:
            if error.status != _UNAUTHORISED:
                raise
        second: Dialect = "cavage" if first == "rfc9421" else "rfc9421"
        return await self._get(url, self._signed(second, url, accept))

    async def look(self, actor: Actor, url: str) -> tuple[int, Json]:
        """GET as somebody who lives here: the status, and the document if there is one."""
        headers = self._signed(self.world.settings.sends, url, ACCEPT, actor)
        try:
            return _FINE, await self._get(url, headers)
        except Unreachable as error:
            return error.status, {}

    def _signed(
        self, dialect: Dialect, url: str, accept: str, actor: Actor | None = None
    ) -> dict[str, str]:
        who = actor or self.world.keeper
        request = signing.Request("GET", url, {"accept": accept})
        return signing.sign(dialect, who.key, who.key_id, request)

    async def _get(self, url: str, headers: Mapping[str, str]) -> Json:
        try:
            async with self.session.get(url, headers={"user-agent": AGENT, **headers}) as answer:
                raw = await answer.content.read(_LIMIT)
                status = answer.status
        except (aiohttp.ClientError, TimeoutError) as error:
            raise Unreachable(f"{url}: {type(error).__name__} {error}") from None
        if status != _FINE:
            raise Unreachable(f"{url} answered {status}", status)
        try:
            return dict(orjson.loads(raw))
        except (ValueError, TypeError):
            raise Unreachable(f"{url} is no JSON object") from None

    async def actor(self, uri: str, *, fresh: bool = False) -> Json:
        """The document of an actor, or of a key, without its fragment."""
        uri = uri.partition("#")[0]
        until, found = self._known.get(uri, (0.0, {}))
        if fresh or until < time.monotonic():
            found = await self.fetch(uri)
            self._known[uri] = (time.monotonic() + _TRUST, found)
        return found

    def forget(self, uri: str) -> None:
        self._known.pop(uri, None)

    async def find(self, target: str) -> Json:
        """By handle, with or without the first @, through WebFinger; or by URI."""
        if target.startswith(("http://", "https://")):
            return await self.actor(target)
        name, _, domain = target.removeprefix("@").rpartition("@")
        scheme = "http" if _on_loopback(domain) else "https"
        url = f"{scheme}://{domain}/.well-known/webfinger?resource=acct:{name}@{domain}"
        found = await self.fetch(url, accept="application/jrd+json", signed=False)
        for link in found.get("links", ()):
            kind = str(link.get("type", ""))
            if link.get("rel") == "self" and (kind == MEDIA_TYPE or AS2 in kind):
                return await self.actor(str(link["href"]))
        raise Unreachable(f"{url} names no actor")

    async def believe(self, request: signing.Request) -> tuple[str, Claim]:
        """The actor who signed. Raises Doubt."""
        made = signing.claim(request, self.world.settings.accepts)
        known = made.key_id.partition("#")[0] in self._known
        try:
            owner, pem = await self._key(made.key_id, fresh=False)
            try:
                signing.check(made, pem)
            except Doubt:
                if not known:
                    raise
                # The key may have been changed since we looked: ask once more.
                owner, pem = await self._key(made.key_id, fresh=True)
                signing.check(made, pem)
        except Unreachable as error:
            raise Doubt(f"The key cannot be had: {error}") from error
        return owner, made

    async def _key(self, key_id: str, *, fresh: bool) -> tuple[str, str]:
        """Owner and PEM; the owner's own document must name the key, or anybody could."""
        found = await self.actor(key_id, fresh=fresh)
        if "publicKeyPem" in found:
            found = await self.actor(str(found.get("owner", "")), fresh=fresh)
        keys = found.get("publicKey")
        for key in keys if isinstance(keys, list) else [keys]:
            if isinstance(key, dict) and key.get("id") == key_id:
                if key.get("owner") != found.get("id"):
                    raise Doubt("The key belongs to somebody else")
                return str(found["id"]), str(key.get("publicKeyPem", ""))
        raise Doubt("The owner does not name this key")

    async def deliver(
        self, actor: Actor, inboxes: Collection[str], activity: Mapping[str, Any]
    ) -> list[Delivered]:
        body = orjson.dumps(activity)
        sends = self.world.settings.sends

        async def one(inbox: str) -> Delivered:
            request = signing.Request("POST", inbox, {"content-type": MEDIA_TYPE}, body)
            return await self.post(
                inbox, body, signing.sign(sends, actor.key, actor.key_id, request)
            )

        return list(await asyncio.gather(*(one(inbox) for inbox in dict.fromkeys(inboxes))))

    async def post(self, inbox: str, body: bytes, headers: Mapping[str, str]) -> Delivered:
        sent = {"user-agent": AGENT, **headers}
        try:
            async with self.session.post(inbox, data=body, headers=sent) as answer:
                text = (await answer.content.read(300)).decode(errors="replace")
                return Delivered(inbox, answer.status, "" if answer.ok else text)
        except (aiohttp.ClientError, TimeoutError, ssl.SSLError) as error:
            return Delivered(inbox, 0, f"{type(error).__name__} {error}")


def gone(doubt: Doubt) -> bool:
    cause = doubt.__cause__
    return isinstance(cause, Unreachable) and cause.status == _GONE


def _on_loopback(domain: str) -> bool:
    host = urlsplit(f"//{domain}").hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith((".localhost", ".test"))
