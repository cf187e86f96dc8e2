"""`python -m bridge.demo.neighbour`: a small fediverse server, or many; for demo and tests.

Says `{"url": …, "port": …}` on its first line when it is ready; everything is kept in memory.
"""

import argparse
import asyncio
import contextlib
import json
import resource
import signal
import socket

from aiohttp import web

from bridge.demo.neighbour.control import Control
from bridge.demo.neighbour.courier import Courier
from bridge.demo.neighbour.server import Server
from bridge.demo.neighbour.signing import BOTH, Dialect
from bridge.demo.neighbour.world import Settings, World

_ACCEPTS: dict[str, frozenset[Dialect]] = {
    "both": BOTH,
    "cavage": frozenset({"cavage"}),
    "rfc9421": frozenset({"rfc9421"}),
}
_BACKLOG = 1024
_ATTEMPTS = 20


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bridge.demo.neighbour", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1", help="its name in ids: 127.0.0.1, localhost")
    parser.add_argument("--port", type=int, default=0, help="0: any that is free")
    parser.add_argument("--hosts", type=int, default=0, help="further hosts, from 127.0.0.2 on")
    parser.add_argument("--signatures", choices=sorted(_ACCEPTS), default="both")
    parser.add_argument("--sends", choices=["cavage", "rfc9421"], default="cavage")
    parser.add_argument("--sink", action="store_true", help="count what comes, verify nothing")
    parser.add_argument("--secure", action="store_true", help="show things to signed requests only")
    return parser.parse_args()


def _listen(settings: Settings, port: int) -> list[socket.socket]:
    """One socket for each host, all on one port. Raises OSError when it is taken."""
    with contextlib.ExitStack() as opened:
        found = []
        for name in settings.names:
            one = opened.enter_context(socket.socket())
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            one.bind(("127.0.0.1" if name == "localhost" else name, port))
            port = one.getsockname()[1]
            found.append(one)
        opened.pop_all()
        return found


def _sockets(settings: Settings, port: int) -> list[socket.socket]:
    for _ in range(_ATTEMPTS - 1 if port == 0 else 0):
        with contextlib.suppress(OSError):
            return _listen(settings, port)
    return _listen(settings, port)


async def _serve(settings: Settings, port: int) -> None:
    sockets = _sockets(settings, port)
    world = World(settings, int(sockets[0].getsockname()[1]))
    courier = Courier(world)
    app = Server(world, courier).application()
    app.add_subapp("/control/", Control(world, courier).application())
    runner = web.AppRunner(
        app, access_log=None, handler_cancellation=True, shutdown_timeout=0.5, keepalive_timeout=300
    )
    await runner.setup()
    for one in sockets:
        await web.SockSite(runner, one, backlog=_BACKLOG).start()
    print(json.dumps({"url": world.origins[0], "port": world.port}), flush=True)
    stopped = asyncio.Event()
    for sign in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(sign, stopped.set)
    await stopped.wait()
    await runner.cleanup()
    await courier.session.close()


def main() -> None:
    told = _arguments()
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    settings = Settings(
        host=told.host,
        hosts=told.hosts,
        accepts=_ACCEPTS[told.signatures],
        sends=told.sends,
        sink=told.sink,
        secure=told.secure,
    )
    asyncio.run(_serve(settings, told.port))


if __name__ == "__main__":
    main()
