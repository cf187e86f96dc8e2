"""Starting the web server: granian, blocking threads, one worker process (see decision 0007)."""

import errno
import gc
import ipaddress
import os
import socket
import sys
import time
from contextlib import suppress
from importlib import import_module

from django.core.management.base import CommandError
from django.db import connections
from granian import Granian
from granian.constants import Interfaces
from granian.log import LogLevels

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
PATIENCE = 3.0  # seconds for one that was killed just now to let go of its port
THREADS = 12  # requests at a time; those that fetch a stranger's key may take seconds


def demand(host: str, port: int) -> str:
    """The address to listen on, where nobody listens yet. The server itself would share the port,
    and each of two would get half of what comes. Raises CommandError.
    """
    address = _address(host)
    if not 0 < port < 1 << 16:
        raise CommandError(f"--port is a number from 1 to 65535, not {port}")
    family = {4: socket.AF_INET, 6: socket.AF_INET6}[address.version]
    end = time.monotonic() + PATIENCE
    while error := _problem(family, str(address), port):
        if error.errno != errno.EADDRINUSE or time.monotonic() > end:
            why = f"{error.strerror}. Stop what is there, or try another --port or --host"
            raise CommandError(f"cannot listen on {host}:{port}: {why}")
        time.sleep(0.1)
    return str(address)


def _address(host: str) -> Address:
    """A name counts where nobody but this machine could be meant. Raises CommandError."""
    with suppress(ValueError):
        return ipaddress.ip_address(host)
    found = list[Address]()
    with suppress(OSError, UnicodeError):  # nobody knows it, or it is none
        for *_, (name, *_) in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM):
            found.append(ipaddress.ip_address(name))
    if not found or not all(one.is_loopback for one in found):
        raise CommandError(
            f"--host is an address of this machine, such as 127.0.0.1, or localhost, not {host}"
        )
    return min(found, key=lambda one: one.version)


def _problem(family: socket.AddressFamily, host: str, port: int) -> OSError | None:
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the server will
        try:
            probe.bind((host, port))
        except OSError as error:
            return error
    return None


def serve(host: str, port: int, *, everything: bool) -> None:
    """Stays until a supervisor's signal ends it, which this process takes itself.

    All code is loaded here, before the worker is forked off: once, and in memory that both share.
    """
    os.environ["OWNROOM_PARTS"] = "all" if everything else "web"
    for module in ("bridge.urls", "bridge.tasks"):
        import_module(module)
    connections.close_all()
    gc.collect()
    gc.freeze()  # what is loaded stays: looking through it again and again finds nothing
    server = Granian(
        "bridge.wsgi:application",
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        blocking_threads=THREADS,
        backlog=1024,
        websockets=False,
        log_level=LogLevels.error,
        workers_kill_timeout=20,
    )
    server.on_startup(lambda: _say(host, port))
    try:
        server.serve()
    except RuntimeError as error:
        if "(os error" not in str(error):
            raise
        why = str(error).partition("\n")[0]  # a backtrace follows, of a language of its own
        raise CommandError(f"cannot listen on {host}:{port}: {why}. Try another --port") from None


def _say(host: str, port: int) -> None:
    sys.stdout.write(f"Ownroom listens on http://{host}:{port}/ – stop it with Ctrl-C.\n")
    sys.stdout.flush()
