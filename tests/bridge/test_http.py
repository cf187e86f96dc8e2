"""The way out, against real servers on loopback: bounds on time, size, hops and places."""

import asyncio
import gzip
import ipaddress
import json
import socket
import ssl
import tempfile
import threading
import time
import tracemalloc
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from bridge import http
from bridge.errors import Busy, Forbidden, Gone, Later, Unreadable
from bridge.http import Refused, Response, Unreachable
from bridge.loop import run

AS2 = "https://www.w3.org/ns/activitystreams"
ACCEPT = "application/activity+json"
MEGABYTE = 1_048_576


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: "Server"

    def do_GET(self) -> None:
        self.server.asked.append((self.command, self.path, dict(self.headers.items())))
        self.server.sockets.add(self.client_address)
        try:
            getattr(self, "on_" + self.path.split("/")[1].partition("?")[0], self.on_ok)()
        except (ConnectionError, ssl.SSLError):
            self.close_connection = True

    def do_POST(self) -> None:
        self.body = self.rfile.read(int(self.headers["Content-Length"]))
        self.do_GET()

    def answer(self, status: Any = 200, body: Any = b"{}", **headers: Any) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": ACCEPT, **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def endless(self, piece: Any, **headers: Any) -> None:
        self.send_response(200)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.close_connection = True
        for _ in range(2_000):
            if self.server.over.is_set():
                return
            self.wfile.write(piece)
            self.server.written += len(piece)

    def on_ok(self) -> None:
        self.answer(body=json.dumps({"id": self.path}).encode())

    def on_go(self) -> None:
        self.answer(302, Location=self.server.places[self.path])

    def on_round(self) -> None:
        hop = int(self.path.split("/")[2])
        self.answer(302, Location=f"/round/{hop + 1}" if hop < self.server.hops else "/ok")

    def on_hang(self) -> None:
        self.server.over.wait(10)
        self.close_connection = True

    def on_drip(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.close_connection = True
        while not self.server.over.wait(0.02):
            self.wfile.write(b" ")

    def on_endless(self) -> None:
        self.endless(b"x" * 65_536)

    def on_exactly(self) -> None:
        self.answer(body=b"x" * MEGABYTE)

    def on_zip(self) -> None:
        self.answer(body=gzip.compress(b'{"id":"zipped"}'), Content_Encoding="gzip")

    def on_cut(self) -> None:
        self.answer(body=gzip.compress(b"x" * 5_000)[:-12], Content_Encoding="gzip")

    def on_nozip(self) -> None:
        self.answer(body=b"plain", Content_Encoding="gzip")

    def on_bomb(self) -> None:
        self.answer(body=self.server.bomb, Content_Encoding="gzip")

    def on_brotli(self) -> None:
        self.answer(body=b"x", Content_Encoding="br")

    def on_short(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "100")
        self.end_headers()
        self.wfile.write(b"x")
        self.close_connection = True

    def on_nonsense(self) -> None:
        self.wfile.write(b"SSH-2.0-OpenSSH\r\n\r\n")
        self.close_connection = True

    def on_headers(self) -> None:
        self.answer(X_Long="x" * 100_000)

    def on_cookie(self) -> None:
        self.answer(Set_Cookie="a=b")

    def on_gate(self) -> None:
        with self.server.lock:
            self.server.inside += 1
            self.server.most = max(self.server.most, self.server.inside)
            if self.server.inside == http.PER_HOST:
                self.server.full.set()
        self.server.gate.wait(10)
        with self.server.lock:
            self.server.inside -= 1
        self.answer()

    def log_message(self, *args: Any) -> None:
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, host: Any = "127.0.0.2") -> None:
        super().__init__((host, 0), Handler)
        self.asked: list[Any] = []
        self.sockets: set[Any] = set()
        self.places: dict[str, str] = {}
        self.hops = self.written = self.inside = self.most = 0
        self.over, self.gate, self.full = (threading.Event() for _ in range(3))
        self.lock = threading.Lock()
        self.bomb = b""
        self.certificate, self.base = Path(), ""

    def handle_error(self, request: Any, client_address: Any) -> None:
        pass

    def url(self, path: Any = "/ok", host: Any = "") -> Any:
        return f"http://{host or str(self.server_address[0])}:{self.server_address[1]}{path}"


@contextmanager
def running(server: Server) -> Any:
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.over.set()
        server.gate.set()
        server.shutdown()
        server.server_close()


@pytest.fixture
def server() -> Any:
    with running(Server()) as one:
        yield one


@pytest.fixture(autouse=True)
def _fresh(settings: Any) -> Any:
    settings.OWNROOM_SCHEME = "http"
    settings.OWNROOM_DOMAIN = "social.test"
    settings.OWNROOM_ALLOW_PRIVATE = (ipaddress.ip_network("127.0.0.0/30"),)
    yield
    run(http.close())


def get(url: Any, **options: Any) -> Any:
    return http.get(url, accept=ACCEPT, **{"total": 5, **options})


def post(url: Any, body: Any = b"{}", headers: Any = None, **options: Any) -> Any:
    return run(http.post(url, body, headers or {}, **{"total": 5, **options}))


# Where it does not go


def test_a_name_that_resolves_to_loopback_is_refused_and_nobody_is_asked(settings: Any) -> None:
    settings.OWNROOM_ALLOW_PRIVATE = ()
    with running(Server("127.0.0.1")) as server:
        for work in (get, post):
            with pytest.raises(Refused):
                work(server.url(host="localhost"))
        assert not server.asked


@pytest.mark.parametrize("work", [get, post])
def test_a_private_literal_is_refused(work: Any) -> None:
    for url in ("http://127.0.66.6/", "http://10.0.0.1/", "http://[::1]/", "ftp://127.0.0.2/"):
        with pytest.raises(Refused):
            work(url)


@pytest.mark.parametrize(
    "place",
    [
        "http://127.0.66.6/",
        "http://169.254.169.254/latest/meta-data/",
        "http://[::ffff:10.0.0.1]/",
        "http://2130706433/",
        "//127.1/",
        "file:///etc/passwd",
        "http://a:b@127.0.0.2/",
        "http://[::1",
        "http://remote.test\\@127.0.0.2/",
    ],
)
def test_a_redirect_to_where_we_never_go_is_refused(server: Server, place: Any) -> None:
    server.places["/go"] = place
    with pytest.raises(Refused):
        get(server.url("/go"))
    assert len(server.asked) == 1


def test_a_redirect_to_a_name_for_a_private_address_is_refused(
    server: Server, settings: Any
) -> None:
    settings.OWNROOM_ALLOW_PRIVATE = (ipaddress.ip_network("127.0.0.2/32"),)
    with running(Server("127.0.0.1")) as inner:
        server.places["/go"] = inner.url(host="localhost")
        with pytest.raises(Refused):
            get(server.url("/go"))
        assert not inner.asked


def test_three_redirects_are_followed_and_four_are_not(server: Server) -> None:
    server.hops = 2
    assert get(server.url("/round/0")).url == server.url("/ok")
    server.asked.clear()
    server.hops = 99
    with pytest.raises(Refused):
        get(server.url("/round/0"))
    assert len(server.asked) == 4


def test_a_redirect_without_place_is_an_answer(server: Server) -> None:
    server.places["/go"] = ""
    assert get(server.url("/go")).status == 302


def test_a_post_follows_no_redirect(server: Server) -> None:
    server.places["/go"] = server.url("/ok")
    assert post(server.url("/go")).status == 302
    assert len(server.asked) == 1


def test_no_proxy_of_the_environment_is_used(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.3:1")
    assert get(server.url()).status == 200


def test_who_cannot_be_reached_is_told_of_in_words() -> None:
    with pytest.raises(Unreachable, match="no connection: Connection refused"):
        get("http://127.0.0.1:1/")


# How long and how much


@pytest.mark.parametrize("path", ["/hang", "/drip"])
def test_the_deadline_covers_everything(server: Server, path: Any) -> None:
    start = time.monotonic()
    with pytest.raises(Unreachable):
        get(server.url(path), total=0.3)
    with pytest.raises(Unreachable):
        post(server.url(path), total=0.3)
    assert time.monotonic() - start < 3


def test_the_deadline_covers_redirects(server: Server) -> None:
    server.places["/go"] = "/hang"
    start = time.monotonic()
    with pytest.raises(Unreachable):
        get(server.url("/go"), total=0.3)
    assert time.monotonic() - start < 3


def test_an_endless_body_is_cut_off(server: Server) -> None:
    with pytest.raises(Unreadable):
        get(server.url("/endless"))
    assert server.written < 30 * MEGABYTE


def test_the_limit_is_exact(server: Server) -> None:
    assert len(get(server.url("/exactly")).body) == MEGABYTE
    with pytest.raises(Unreadable):
        get(server.url("/exactly"), limit=MEGABYTE - 1)


def test_a_gzip_bomb_costs_no_memory(server: Server) -> None:
    server.bomb = gzip.compress(bytes(200 * MEGABYTE), 9)
    tracemalloc.start()
    with pytest.raises(Unreadable):
        get(server.url("/bomb"))
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 8 * MEGABYTE


def test_gzip_is_read_and_broken_gzip_is_not(server: Server) -> None:
    assert get(server.url("/zip")).body == b'{"id":"zipped"}'
    for path in ("/cut", "/nozip", "/brotli"):
        with pytest.raises(Unreadable):
            get(server.url(path))


@pytest.mark.parametrize("path", ["/short", "/nonsense", "/headers"])
def test_a_broken_answer_is_a_broken_host(server: Server, path: Any) -> None:
    with pytest.raises(Unreachable):
        get(server.url(path))


def test_nobody_there_is_unreachable() -> None:
    with socket.create_server(("127.0.0.2", 0)) as closed:
        port = closed.getsockname()[1]
    for work in (get, post):
        with pytest.raises(Unreachable):
            work(f"http://127.0.0.2:{port}/")
    with pytest.raises(Unreachable):
        get("http://nobody.invalid/")


def test_the_answer_to_a_post_is_read_in_part(server: Server) -> None:
    assert post(server.url("/exactly")).body == b"x" * 4_096
    assert post(server.url("/endless")).status == 200
    assert server.written < 30 * MEGABYTE


def download(url: Any, limit: int = MEGABYTE, total: float = 5.0) -> Any:
    with tempfile.TemporaryFile() as file:
        found = run(http.download(url, file, limit=limit, total=total))
        file.seek(0)
        return found, file.read()


@pytest.mark.parametrize(("path", "limit"), [("/endless", MEGABYTE), ("/exactly", MEGABYTE - 1)])
def test_a_file_is_read_up_to_the_limit_and_no_further(
    server: Server, path: str, limit: int
) -> None:
    with pytest.raises(Unreadable, match="more than"):
        download(server.url(path), limit)


def test_a_file_that_drips_for_ever_ends_with_the_deadline(server: Server) -> None:
    with pytest.raises(Unreachable):
        download(server.url("/drip"), total=0.3)


def test_a_packed_file_is_refused_for_none_was_asked_for(server: Server) -> None:
    with pytest.raises(Unreadable, match="encoding"):
        download(server.url("/bomb"))


def test_a_file_is_not_sought_at_private_addresses(server: Server) -> None:
    server.places["/go"] = "http://127.0.66.6/"
    with pytest.raises(Refused):
        download(server.url("/go"))
    assert len(server.asked) == 1


def test_a_file_passes_in_pieces(server: Server) -> None:
    tracemalloc.start()
    found, body = download(server.url("/exactly"))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (found.status, found.size, body) == (200, MEGABYTE, b"x" * MEGABYTE)
    assert peak < 4 * MEGABYTE  # the two copies of this test among it


def together(*work: Any) -> Any:
    async def all_of_them() -> Any:
        return await asyncio.gather(*work, return_exceptions=True)

    return run(all_of_them())


def test_four_at_once_are_asked_of_one_host(server: Server) -> None:
    timer = threading.Timer(0.3, server.gate.set)
    timer.start()
    found = together(*(http.fetch(server.url("/gate"), accept=ACCEPT) for _ in range(12)))
    assert [answer.status for answer in found] == [200] * 12
    assert server.most == 4


def test_who_does_not_wait_is_told_busy_and_other_hosts_are_free(server: Server) -> Any:
    async def crowd() -> Any:
        first = [
            asyncio.create_task(http.fetch(server.url("/gate"), accept=ACCEPT)) for _ in range(4)
        ]
        await asyncio.to_thread(server.full.wait, 5)
        with pytest.raises(Busy):
            await http.fetch(server.url(), accept=ACCEPT, wait=0)
        assert (await http.fetch(other.url(), accept=ACCEPT, wait=0)).status == 200
        server.gate.set()
        await asyncio.gather(*first)
        return await http.fetch(server.url(), accept=ACCEPT, wait=0)

    with running(Server("127.0.0.3")) as other:
        assert run(crowd()).status == 200


# What it says


def test_a_fetch_says_who_asks_and_for_what(server: Server) -> None:
    get(server.url())
    _, _, headers = server.asked[0]
    assert headers["User-Agent"] == "Ownroom/0.1.0 (+http://social.test/)"
    assert headers["Accept"] == ACCEPT
    assert headers["Accept-Encoding"] == "gzip"


def test_each_hop_is_signed_for_itself(server: Server) -> Any:
    def sign(method: Any, url: Any, body: Any) -> Any:
        return {"Signature": f"{method} {url} {body!r}"}

    with running(Server("127.0.0.3")) as other:
        server.places["/go"] = other.url("/ok?a=%2F#fragment")
        response = get(server.url("/go#fragment"), sign=sign)
        first, second = server.asked[0][2], other.asked[0][2]
        assert first["Signature"] == f"GET {server.url('/go')} b''"
        assert second["Signature"] == f"GET {other.url('/ok?a=%2F')} b''"
        assert other.asked[0][1] == "/ok?a=%2F"
        assert response.url == other.url("/ok?a=%2F")


def test_the_path_goes_out_as_it_was_spelled(server: Server) -> None:
    for path in ("/ok/%7Ebob/%2e%2E/a?x=%20&y=+&z=[1]", "/ok/@bob;v=1,2", "/ok/%E2%82%AC"):
        get(server.url(path))
        assert server.asked[-1][1] == path


def test_a_post_sends_body_and_headers_on_one_kept_connection(server: Server) -> None:
    for _ in range(3):
        assert post(server.url("/ok"), b"hello", {"Digest": "x", "Host": "remote.test"}).body
    assert len(server.sockets) == 1
    method, path, headers = server.asked[-1]
    assert (method, path, headers["Digest"]) == ("POST", "/ok", "x")
    assert headers["Host"] == "remote.test"
    assert headers["User-Agent"].startswith("Ownroom/")


def test_no_cookie_is_kept(server: Server) -> None:
    get(server.url("/cookie"))
    get(server.url("/ok"))
    assert "Cookie" not in server.asked[-1][2]


def test_headers_are_found_in_any_case(server: Server) -> None:
    assert get(server.url()).headers["content-TYPE"] == ACCEPT


# TLS


def certificate(folder: Any, name: Any) -> Any:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / "server.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return path


@pytest.fixture
def secure(tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    settings.OWNROOM_ALLOW_PRIVATE = (
        ipaddress.ip_network("127.0.0.0/8"),
        ipaddress.ip_network("::1"),
    )
    path = certificate(tmp_path, "localhost")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    server = Server("127.0.0.1")
    server.socket = context.wrap_socket(server.socket, server_side=True)
    with running(server):
        server.certificate = path
        server.base = f"https://localhost:{server.server_address[1]}"
        yield server


def test_an_unknown_authority_is_not_believed(secure: Server) -> None:
    with pytest.raises(Unreachable):
        get(f"{secure.base}/ok")
    assert not secure.asked


def test_an_authority_the_admin_names_is_believed(
    secure: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(secure.certificate))
    assert get(f"{secure.base}/ok").status == 200


def test_a_redirect_from_https_to_http_is_refused(
    secure: Server, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(secure.certificate))
    secure.places["/go"] = server.url()
    with pytest.raises(Refused):
        get(f"{secure.base}/go")
    assert not server.asked


# Reading answers


def answered(
    body: Any = b'{"id":"x"}', status: Any = 200, kind: Any = ACCEPT, **headers: Any
) -> Any:
    lines = {"Content-Type": kind, **{n.replace("_", "-"): v for n, v in headers.items()}}
    return Response(status, "https://remote.test/", lines, body)


@pytest.mark.parametrize(
    "kind",
    [
        "application/json",
        "application/ld+json",
        'application/ld+json; profile="https://evil.test/"',
        f'application/ld+json; profile="{AS2}/not"',
        f'application/json; profile="{AS2}"',
        f"text/html; x={AS2}",
        f"text/plain, {ACCEPT}",
        f"{ACCEPT}, text/html",
        "application/activity+jsonx",
        "",
    ],
)
def test_other_media_types_are_not_believed(kind: Any) -> None:
    with pytest.raises(Unreadable):
        http.activity_json(answered(kind=kind))


def test_no_media_type_or_two_are_not_believed() -> None:
    for lines in ({}, {"Content-Type": ACCEPT, "content-type": ACCEPT}):
        with pytest.raises(Unreadable):
            http.activity_json(Response(200, "https://remote.test/", lines, b"{}"))


@pytest.mark.parametrize(
    "kind",
    [
        ACCEPT,
        "Application/Activity+JSON; charset=utf-8",
        f'application/ld+json; profile="{AS2}"',
        f"application/ld+json;profile={AS2}",
        f'application/ld+json; charset=utf-8; Profile="https://a.test/ {AS2}"',
    ],
)
def test_activitystreams_is_read(kind: Any) -> None:
    assert http.activity_json(answered(kind=kind)) == {"id": "x"}


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (404, Gone),
        (410, Gone),
        (401, Forbidden),
        (403, Forbidden),
        (429, Later),
        (500, Later),
        (503, Later),
        (302, Unreadable),
        (400, Unreadable),
        (202, Unreadable),
    ],
)
def test_a_status_becomes_an_error(status: Any, error: Any) -> None:
    with pytest.raises(error):
        http.activity_json(answered(status=status))


def test_a_body_that_is_no_object_is_unreadable() -> None:
    with pytest.raises(Unreadable):
        http.activity_json(answered(b"[]"))


@pytest.mark.parametrize(
    ("headers", "least", "most"),
    [
        ({"Retry-After": "120"}, 120, 120),
        ({"Retry-After": "9" * 40}, 86_400, 86_400),
        ({"Retry-After": "Mon, 01 Jan 2001 00:00:00 GMT"}, 0, 0),
        ({"Retry-After": "Fri, 01 Jan 2999 00:00:00 GMT"}, 86_400, 86_400),
        ({"X-RateLimit-Reset": "2999-01-01T00:00:00Z"}, 86_400, 86_400),
        ({"X-RateLimit-Reset": "2001-01-01T00:00:00Z"}, 0, 0),
        ({"X-RateLimit-Reset": "32472144000"}, 86_400, 86_400),
        ({"X-RateLimit-Reset": "90"}, 89, 91),
        ({"X-RateLimit-Reset": "90", "Retry-After": "7"}, 7, 7),
    ],
)
def test_a_host_can_ask_for_patience_of_a_day_at_most(headers: Any, least: Any, most: Any) -> None:
    found = http.retry_after(Response(429, "https://remote.test/", headers, b""))
    assert found is not None
    assert least <= found <= most


@pytest.mark.parametrize("said", ["", "soon", "-1", "1.5", "²", "Mon, 99 Jan 2001 00:00:00 GMT"])
def test_a_host_that_mumbles_asks_for_nothing(said: Any) -> None:
    response = Response(429, "https://remote.test/", {"Retry-After": said}, b"")
    assert http.retry_after(response) is None
