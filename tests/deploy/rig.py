"""A tiny real backend and the real proxies in front of it, on loopback, from the very samples."""

import json
import os
import re
import shutil
import socket
import ssl
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPResponse, HTTPSConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

TOP = Path(__file__).resolve().parents[2]
DEPLOY = TOP / "deploy"


def tool(name: str) -> str:
    """The path of a program of this machine, or a skipped test that says which one is missing."""
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/sbin:/usr/local/sbin")
    if not found:
        pytest.skip(f"{name} is not installed")
    return found


def run(
    *command: str | Path, env: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """A program of this machine, without the settings of the test run unless they are given."""
    return subprocess.run(
        command, capture_output=True, text=True, timeout=60, check=False, env=bare(env)
    )


def bare(more: dict[str, str] | None = None) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "HOME": tempfile.gettempdir(), **(more or {})}


def until(found: Callable[[], str], timeout: float = 10) -> str:
    """Waits for a text that nobody announces; its first that is not empty."""
    end = time.monotonic() + timeout
    while not (text := found()):
        assert time.monotonic() < end, "waited for nothing"
        time.sleep(0.02)
    return text


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


class _Echo(BaseHTTPRequestHandler):
    """Answers with what arrived, so that a test sees what the application would."""

    protocol_version = "HTTP/1.1"

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        body = b""
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def _answer(self) -> None:
        try:
            self._echo(self._body())
        except (ValueError, ConnectionError):
            self.close_connection = True  # the proxy hung up in the middle of too long a body

    def _echo(self, body: bytes) -> None:
        seen = {
            "name": self.server.server_name,
            "method": self.command,
            "path": self.path,
            "headers": [[key.lower(), value] for key, value in self.headers.items()],
            "body": body.decode("latin-1"),
        }
        answer = json.dumps(seen).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    do_GET = do_POST = do_PUT = _answer  # noqa: N815  # http.server calls them by these names

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # its own spelling
        """Keep the test's output clean."""


@contextmanager
def backend(name: str) -> Iterator[int]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Echo)
    server.server_name = name
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def seen(self) -> dict[str, Any]:
        """What the backend says it received."""
        seen: dict[str, Any] = json.loads(self.body)
        return seen

    def header(self, name: str) -> list[str]:
        return [value for key, value in self.seen["headers"] if key == name]


@dataclass(frozen=True, slots=True)
class Proxy:
    """A running proxy and the name asked for; `tls` when the sample's own TLS lines are in use."""

    port: int
    tls: bool
    host: str = ""

    def _connection(self) -> HTTPConnection:
        if not self.tls:
            return HTTPConnection("127.0.0.1", self.port, timeout=10)
        # The certificate is made for this test; it is the proxy's routing that is looked at.
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return HTTPSConnection("127.0.0.1", self.port, timeout=10, context=context)

    def ask(
        self,
        method: str,
        path: str,
        *,
        body: bytes | None = None,
        chunked: bool = False,
        headers: tuple[tuple[str, str], ...] = (),
    ) -> Answer:
        connection = self._connection()
        try:
            connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
            for name, value in (("Host", self.host), *headers):
                connection.putheader(name, value)
            if body is not None and chunked:
                connection.putheader("Transfer-Encoding", "chunked")
            elif body is not None:
                connection.putheader("Content-Length", str(len(body)))
            connection.endheaders()
            _send(connection, body or b"", chunked=chunked)
            return _read(connection.getresponse())
        finally:
            connection.close()


def _send(connection: HTTPConnection, body: bytes, *, chunked: bool) -> None:
    try:
        for start in range(0, len(body), 65536):
            piece = body[start : start + 65536]
            connection.send(b"%x\r\n%b\r\n" % (len(piece), piece) if chunked else piece)
        if chunked:
            connection.send(b"0\r\n\r\n")
    except (BrokenPipeError, ConnectionResetError):
        """A proxy may refuse before it has read all; its answer is still there to be read."""


def _read(response: HTTPResponse) -> Answer:
    headers = {key.lower(): value for key, value in response.getheaders()}
    return Answer(response.status, headers, response.read())


@contextmanager
def started(command: list[str], port: int, log: Path, *, tls: bool) -> Iterator[Proxy]:
    with log.open("wb") as sink:
        process = subprocess.Popen(
            command, stdout=sink, stderr=sink, env=bare({"HOME": str(log.parent)})
        )
    try:
        _wait(process, port, log)
        yield Proxy(port, tls)
    finally:
        process.terminate()
        process.wait(10)


def _wait(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    for _ in range(500):
        if process.poll() is not None:
            break
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    pytest.fail(f"the proxy did not come up: {log.read_text()[-2000:]}")


def caddy(sample: str, web: int, homeserver: int, folder: Path) -> list[str]:
    """The sample, adapted by Caddy itself; only listener and upstreams are changed."""
    adapted = run(
        tool("caddy"), "adapt", "--adapter", "caddyfile", "--config", DEPLOY / "caddy" / sample
    )
    assert adapted.returncode == 0, adapted.stderr
    text = adapted.stdout.replace("127.0.0.1:8000", f"127.0.0.1:{web}")
    config = json.loads(text.replace("127.0.0.1:8008", f"127.0.0.1:{homeserver}"))
    server = config["apps"]["http"]["servers"]["srv0"]
    server["listen"] = [f"127.0.0.1:{free_port()}"]
    server["automatic_https"] = {"disable": True}
    config["admin"] = {"disabled": True}
    written = folder / "caddy.json"
    written.write_text(json.dumps(config))
    return [tool("caddy"), "run", "--config", str(written)]


def caddy_port(folder: Path) -> int:
    config = json.loads((folder / "caddy.json").read_text())
    return int(config["apps"]["http"]["servers"]["srv0"]["listen"][0].rsplit(":")[-1])


def certificate(folder: Path) -> tuple[Path, Path]:
    chain, key = folder / "cert.pem", folder / "key.pem"
    made = run(
        *(tool("openssl"), "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"),
        *("-nodes", "-days", "1", "-subj", "/CN=test", "-keyout", key, "-out", chain),
    )
    assert made.returncode == 0, made.stderr
    return chain, key


def nginx(sample: str, web: int, homeserver: int, folder: Path) -> tuple[list[str], int]:
    """The sample inside a small wrapper; only ports, certificates, upstreams and paths change."""
    chain, key = certificate(folder)
    plain, port = free_port(), free_port()
    text = "".join((DEPLOY / "nginx" / one).read_text() for one in (sample, "ownroom-files.conf"))
    for pattern, new in (
        (r"listen \[::\].*;", ""),
        (r"listen 80;", f"listen 127.0.0.1:{plain};"),
        (r"listen 443 ssl", f"listen 127.0.0.1:{port} ssl"),
        (r"ssl_certificate .*;", f"ssl_certificate {chain};"),
        (r"ssl_certificate_key .*;", f"ssl_certificate_key {key};"),
        (r"server 127.0.0.1:8000;", f"server 127.0.0.1:{web};"),
        (r"server 127.0.0.1:8008;", f"server 127.0.0.1:{homeserver};"),
        (r"/etc/nginx/snippets/", f"{DEPLOY}/nginx/"),
        (r"/var/log/nginx/", f"{folder}/"),
    ):
        text = re.sub(pattern, new, text)
    (folder / "site.conf").write_text(text)
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    temp = "".join(f"{kind}_temp_path {folder}/{kind};" for kind in kinds)
    wrapper = folder / "nginx.conf"
    wrapper.write_text(
        f"daemon off; master_process off; pid {folder}/pid; error_log {folder}/error.log;"
        f"events {{}} http {{ {temp} access_log off; include {folder}/site.conf; }}"
    )
    return [tool("nginx"), "-p", str(folder), "-c", str(wrapper), "-e", f"{folder}/error.log"], port
