"""The only way out: every request to a stranger passes here, and nothing else uses aiohttp.

Runs on the loop of bridge/loop.py. Where it goes is judged by bridge/addresses.py, at each hop;
how long, how far and how much is bounded here. Errors: Refused (never go there), Unreachable (the
host does not answer now), Unreadable (too large, or not what it says it is).
"""

import asyncio
import atexit
import contextlib
import email.utils
import os
import re
import ssl
import time
import urllib.parse
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import IO, Any, TypeVar

import aiohttp  # noqa: TID251  this is the one module that may
from django.conf import settings
from multidict import CIMultiDict
from yarl import URL

from bridge import addresses, flights, pace
from bridge.activitypub import jsonld
from bridge.addresses import Refused, checked
from bridge.errors import Busy, Forbidden, Gone, Later, Unreadable
from bridge.loop import loop, run

__all__ = [
    "Crowded",
    "Refused",
    "Response",
    "Sign",
    "Unreachable",
    "activity_json",
    "checked",
    "close",
    "download",
    "fetch",
    "get",
    "post",
    "retry_after",
    "used_up",
]

NO_SUCH_NAME = "no connection: its name is not found in the DNS"
CONNECT = 5.0  # seconds
TOTAL = 10.0
LIMIT = 1_048_576  # bytes, after decompression
ANSWER = 4_096  # bytes of an answer to a POST
REDIRECTS = 3
PER_HOST = 4  # GETs at once
ENOUGH = 60.0  # seconds for which a host is left alone that answers 429 and no more
_CHUNK = 65_536
T = TypeVar("T")
_DAY = 86_400.0
_EPOCH = 1_000_000_000  # more seconds than anybody asks for: such a number is a moment
_REDIRECTING = frozenset({301, 302, 303, 307, 308})
_PROFILE = re.compile(r';\s*profile\s*=\s*(?:"([^"]*)"|([^\s;"]+))', re.IGNORECASE)

Sign = Callable[[str, str, bytes], Mapping[str, str]]  # method, URL, body -> headers


class Unreachable(Busy):
    """No connection, no answer in time, or one that breaks off."""


class Crowded(Busy):
    """We ask this host for enough at this moment."""


@dataclass(frozen=True, slots=True)
class Response:
    status: int
    url: str  # after redirects
    headers: Mapping[str, str]  # names in any case
    body: bytes


@dataclass
class _Lane:
    places: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(PER_HOST))
    users: int = 0


@dataclass
class _Corner:
    """What lives as long as its loop: kept-alive connections, and who fetches from where."""

    session: aiohttp.ClientSession
    process: int
    lanes: dict[str, _Lane] = field(default_factory=dict)


_corners: dict[asyncio.AbstractEventLoop, _Corner] = {}


def _corner() -> _Corner:
    here = asyncio.get_running_loop()
    corner = _corners.get(here)
    if corner is None:
        for old in [known for known in _corners if known.is_closed()]:
            del _corners[old]
        # The default pool has few threads: a dozen names that nobody answers for would stop all.
        here.set_default_executor(ThreadPoolExecutor(32, thread_name_prefix="names"))
        corner = _corners[here] = _Corner(_session(), os.getpid())
    return corner


def _session() -> aiohttp.ClientSession:
    connector = aiohttp.TCPConnector(
        socket_factory=addresses.open_socket,
        ssl=ssl.create_default_context(),  # the system's authorities, or SSL_CERT_FILE
        limit=512,
        keepalive_timeout=30,
    )
    origin = f"{settings.OWNROOM_SCHEME}://{settings.OWNROOM_DOMAIN}"
    return aiohttp.ClientSession(
        connector=connector,
        headers={"User-Agent": f"Ownroom/{settings.VERSION} (+{origin}/)"},
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT),
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,  # bounded in `_body`
        trust_env=False,  # a proxy would resolve names behind the back of `open_socket`
    )


async def close() -> None:
    """Closes this loop's connections; the next request opens new ones."""
    corner = _corners.pop(asyncio.get_running_loop(), None)
    if corner:
        await corner.session.close()


@atexit.register
def _close_at_exit() -> None:
    if any(corner.process == os.getpid() for corner in _corners.values()):
        with contextlib.suppress(TimeoutError):
            asyncio.run_coroutine_threadsafe(close(), loop()).result(1)


@contextlib.asynccontextmanager
async def _bounded(total: float) -> AsyncIterator[None]:
    """One deadline over everything, and one error for whatever the network does."""
    try:
        async with asyncio.timeout(total):
            yield
    except TimeoutError:
        raise Unreachable("no answer in time") from None
    except aiohttp.ClientConnectorError as error:
        if isinstance(error.os_error, addresses.RefusedAddress):
            raise Refused(str(error.os_error)) from None
        raise Unreachable(_no_connection(error)) from None
    except (aiohttp.ClientError, OSError, UnicodeError) as error:
        raise Unreachable(f"no answer: {type(error).__name__}") from None


def _no_connection(error: aiohttp.ClientConnectorError) -> str:
    """In words for whoever typed the name of the host."""
    match error:
        case aiohttp.ClientConnectorDNSError():
            return NO_SUCH_NAME
        case aiohttp.ClientConnectorCertificateError():
            return "no connection: its certificate is not valid"
        case aiohttp.ClientSSLError():
            return "no connection: it does not speak TLS as it should"
        case _:
            return f"no connection: {os.strerror(error.os_error.errno or 0)}"


@contextlib.asynccontextmanager
async def _place(host: str, wait: float) -> AsyncIterator[None]:
    """One of the host's few places. A host that nobody asks is forgotten."""
    lanes = _corner().lanes
    lane = lanes.setdefault(host, _Lane())
    lane.users += 1
    try:
        await _entered(lane, wait)
        try:
            yield
        finally:
            lane.places.release()
    finally:
        lane.users -= 1
        if not lane.users:
            del lanes[host]


async def _entered(lane: _Lane, wait: float) -> None:
    try:
        async with asyncio.timeout(wait):
            await lane.places.acquire()
    except TimeoutError:
        raise Crowded("enough is being fetched from this host already") from None


async def fetch(
    url: str,
    *,
    accept: str,
    sign: Sign | None = None,
    total: float = TOTAL,
    limit: int = LIMIT,
    wait: float = TOTAL,
) -> Response:
    """GET, with at most three redirects. `total` covers all of it, waiting for a place included.

    Raises Refused, Unreachable, Unreadable (too large), and Crowded where the host's places are
    still taken after `wait` seconds. Every status comes back as a Response.
    """

    def headers(hop: str) -> Mapping[str, str]:
        # Signed anew at each hop: a signature for one URL is none of another host's business.
        signed = sign("GET", hop, b"") if sign else {}
        return {**signed, "Accept": accept, "Accept-Encoding": "gzip"}

    async def whole(answer: aiohttp.ClientResponse, hop: str) -> Response:
        body = await _body(answer, limit)
        return Response(answer.status, hop, CIMultiDict(answer.headers), body)

    url = checked(url)
    async with _bounded(total):
        return await _followed(url, headers, wait, whole)


async def _followed(
    url: str,
    headers: Callable[[str], Mapping[str, str]],
    wait: float,
    take: Callable[[aiohttp.ClientResponse, str], Awaitable[T]],
) -> T:
    """Where a GET ends: each hop is looked at, and waits for a place of its own host."""
    for _ in range(REDIRECTS + 1):
        said = headers(url)
        async with (
            _place(urllib.parse.urlsplit(url).netloc, wait),
            _corner().session.get(
                URL(url, encoded=True), headers=said, allow_redirects=False
            ) as answer,
        ):
            place = answer.headers.get("Location")
            if answer.status not in _REDIRECTING or not place:
                return await take(answer, url)
            answer.close()
        url = _redirected(url, place)
    raise Refused("too many redirects")


@dataclass(frozen=True, slots=True)
class Downloaded:
    status: int
    headers: Mapping[str, str]
    size: int


async def download(url: str, into: IO[bytes], *, limit: int, total: float) -> Downloaded:
    """GET of a file, a piece at a time, into an open one; what is no 200 is not read.

    Unsigned: what is attached to a post is there for whoever knows its address. Errors as `fetch`.
    """

    async def saved(answer: aiohttp.ClientResponse, _: str) -> Downloaded:
        size = await _saved(answer, into, limit) if answer.status == 200 else 0
        return Downloaded(answer.status, answer.headers, size)

    url, asks = checked(url), {"Accept": "*/*", "Accept-Encoding": "identity"}
    async with _bounded(total):
        return await _followed(url, lambda _: asks, total, saved)


async def _saved(answer: aiohttp.ClientResponse, into: IO[bytes], limit: int) -> int:
    """Writes go to the page cache: a thread for each would take longer than they do."""
    if answer.headers.get("Content-Encoding", "identity").strip().lower() != "identity":
        raise Unreadable("an encoding that was not asked for")
    if (answer.content_length or 0) > limit:
        answer.close()
        raise Unreadable(f"more than {limit} bytes")
    size = 0
    async for chunk in answer.content.iter_chunked(_CHUNK):
        size += len(chunk)
        if size > limit:
            answer.close()
            raise Unreadable(f"more than {limit} bytes")
        into.write(chunk)
    return size


def _redirected(url: str, place: str) -> str:
    try:
        target = checked(urllib.parse.urljoin(url, place))
    except ValueError:
        raise Refused("the redirect is malformed") from None
    if url.startswith("https:") and not target.startswith("https:"):
        raise Refused("redirected from https to http")
    return target


async def _body(answer: aiohttp.ClientResponse, limit: int) -> bytes:
    """Never holds more than `limit` and one chunk, whatever the sender packed."""
    packed = answer.headers.get("Content-Encoding", "").strip().lower()
    if packed not in {"", "identity", "gzip", "x-gzip"}:
        raise Unreadable("an encoding that was not asked for")
    unpack = zlib.decompressobj(zlib.MAX_WBITS | 16) if packed.endswith("gzip") else None
    body = bytearray()
    async for chunk in answer.content.iter_chunked(_CHUNK):
        try:
            body += unpack.decompress(chunk, limit + 1 - len(body)) if unpack else chunk
        except zlib.error:
            raise Unreadable("broken gzip") from None
        if len(body) > limit:
            answer.close()
            raise Unreadable(f"more than {limit} bytes")
    if unpack and body and not unpack.eof:
        raise Unreadable("broken gzip")
    return bytes(body)


def get(
    url: str,
    *,
    accept: str,
    sign: Sign | None = None,
    total: float = TOTAL,
    limit: int = LIMIT,
    wait: float = TOTAL,
    asker: str = "",
    joins: bool = False,
) -> Response:
    """`fetch`, for threads other than the loop's, at the host's pace: see bridge/pace.py.

    `asker`: in whose name, and how. Who asks for the same in the same name waits until nobody else
    does, and takes an answer that was asked for meanwhile; `joins`: or before, if it is on its way.
    """
    host, known = urllib.parse.urlsplit(url).netloc, pace.of_this_process
    if left := known.is_shut(host):
        raise Crowded("it asked us to ask for nothing now", after=left)
    ask = partial(fetch, url, accept=accept, sign=sign, total=total, limit=limit, wait=wait)
    key = f"{asker} {accept} {checked(url)}" if asker else ""
    if pace.is_unhurried() and not (joins and flights.is_on_its_way(key)):
        run(_turn(host))  # before others wait for the answer, or they would wait for this, too
    elif not pace.is_unhurried():
        ask = partial(_at_once, host, ask)
    answer = flights.asked(key, ask, joins=joins) if asker else run(ask())
    enough = retry_after(answer) or ENOUGH if answer.status == 429 else used_up(answer)
    if enough:
        known.shut(host, enough)
    return answer


async def _at_once(host: str, ask: Callable[[], Coroutine[Any, Any, Response]]) -> Response:
    pace.of_this_process.count(host)
    return await ask()


async def _turn(host: str) -> None:
    pause = pace.of_this_process.turn(host, pace.PATIENCE)
    if pause is None:
        raise Crowded("enough was asked of this host for now", after=pace.BURST / pace.RATE)
    await asyncio.sleep(pause)


async def post(
    url: str, body: bytes, headers: Mapping[str, str], *, total: float = TOTAL
) -> Response:
    """POST, without redirects; at most 4 KiB of the answer. Errors as `fetch`."""
    url = checked(url)
    async with (
        _bounded(total),
        _corner().session.post(
            URL(url, encoded=True), data=body, headers=headers, allow_redirects=False
        ) as answer,
    ):
        found = bytearray()
        async for chunk in answer.content.iter_any():
            found += chunk
            if len(found) >= ANSWER:
                answer.close()  # cheaper than to listen to the rest
                break
        return Response(answer.status, url, answer.headers, bytes(found[:ANSWER]))


def retry_after(response: Response) -> float | None:
    """Seconds until the host wants to be asked again, a day at most; None if it does not say.

    RFC 9110, section 10.2.3; some only say X-RateLimit-Reset.
    """
    said = response.headers.get("Retry-After", "").strip()
    if said.isascii() and said.isdigit():
        return min(float(said[:9]), _DAY)
    until = _reset(response.headers.get("X-RateLimit-Reset", "").strip())
    with contextlib.suppress(ValueError, OverflowError):
        until = email.utils.parsedate_to_datetime(said).timestamp()
    return None if until is None else min(max(until - time.time(), 0.0), _DAY)


def _reset(said: str) -> float | None:
    """A moment: as an ISO date (GoToSocial), in seconds since 1970, or in seconds from now."""
    if said.isascii() and said.isdigit():
        number = float(said[:12])
        return number if number > _EPOCH else time.time() + number
    moment = jsonld.millis(said)
    return None if moment is None else moment / 1_000


def used_up(response: Response) -> float | None:
    """Seconds to wait before the next request, where this was the last that the host allows."""
    if response.headers.get("X-RateLimit-Remaining", "").strip() != "0":
        return None
    return retry_after(response)


def activity_json(response: Response) -> dict[str, Any]:
    """The ActivityStreams document in `response`.

    Only what a server serves as one: a file that somebody uploaded there is not its word. Raises
    Gone, Forbidden, Later or Unreadable.
    """
    status = response.status
    if status in {404, 410}:
        raise Gone(f"the answer is {status}")
    if status in {401, 403}:
        raise Forbidden(f"the answer is {status}")
    if status == 429 or status >= 500:
        raise Later(f"the answer is {status}", after=retry_after(response))
    if status != 200:
        raise Unreadable(f"the answer is {status}")
    if not _is_activity(response.headers):
        raise Unreadable("not served as ActivityStreams")
    return jsonld.loads(response.body)


def _is_activity(headers: Mapping[str, str]) -> bool:
    """ActivityPub, section 3.2: either of two media types, and only one of them."""
    if len([name for name in headers if name.lower() == "content-type"]) != 1:
        return False
    value = headers["Content-Type"]
    kind = value.partition(";")[0].strip().lower()
    if kind == "application/ld+json":
        return any(
            jsonld.AS2 in (quoted or bare).split() for quoted, bare in _PROFILE.findall(value)
        )
    return kind == "application/activity+json"
