"""A homeserver that was away is noticed, even when it is back before anybody asks."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
from pytest_django import Settings

from bridge.demo.homeserver import free_port
from bridge.matrix.watch import Watch


@pytest.fixture
def port(settings: Settings) -> int:
    port = free_port()
    settings.OWNROOM_HOMESERVER_URL = f"http://127.0.0.1:{port}"
    return port


@pytest.fixture
def watch() -> Iterator[Watch]:
    watch = Watch()
    yield watch
    watch.hang_up()


@contextmanager
def life(port: int, *, status: int = 200, keeps: str = "keep-alive") -> Iterator[None]:
    """One life of a homeserver: at its end all its connections end."""
    open_lines: list[socket.socket] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def setup(self) -> None:
            super().setup()
            open_lines.append(self.connection)

        def do_GET(self) -> None:
            self.send_response(status)
            self.send_header("Content-Length", "2")
            self.send_header("Connection", keeps)
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  its name
            """Nothing to say."""

    with ThreadingHTTPServer(("127.0.0.1", port), Handler) as server:
        server.daemon_threads = True
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield
        server.shutdown()
        thread.join()
        for line in open_lines:
            with suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)


def test_nobody_there_is_no_return(port: int, watch: Watch) -> None:
    assert not watch.returned()


def test_each_absence_is_told_once(
    port: int, watch: Watch, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(2):
        watch.returned()
        watch.returned()
        assert len(caplog.messages) == 1
        assert "does not answer. Why: python manage.py doctor" in caplog.text
        with life(port):
            watch.returned()
        caplog.clear()


def test_an_answer_in_the_five_hundreds_is_no_return(port: int, watch: Watch) -> None:
    with life(port, status=502):
        assert not watch.returned()


def test_the_first_answer_is_a_return_and_the_next_is_none(port: int, watch: Watch) -> None:
    with life(port):
        assert [watch.returned(), watch.returned(), watch.returned()] == [True, False, False]


def test_a_second_life_is_noticed_though_nobody_asked_between(port: int, watch: Watch) -> None:
    with life(port):
        assert watch.returned()
    with life(port):
        assert [watch.returned(), watch.returned()] == [True, False]


def test_where_no_connection_is_kept_only_absence_tells(port: int, watch: Watch) -> None:
    with life(port, keeps="close"):
        assert [watch.returned(), watch.returned()] == [True, False]
    assert not watch.returned()
    with life(port, keeps="close"):
        assert watch.returned()
