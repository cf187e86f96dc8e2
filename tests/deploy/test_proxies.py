"""Each sample of each proxy, really started in front of a real backend."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from tests.deploy import rig

MIB = 1 << 20
OWN = ("Caddyfile", "ownroom.conf")
SAME = ("same-domain.Caddyfile", "same-domain.conf")
SPLIT = ("split-domain.Caddyfile", "split-domain.conf")
NAMES = {  # sample -> the name Ownroom answers to in it
    **dict.fromkeys((*OWN, *SPLIT), "social.example.org"),
    **dict.fromkeys(SAME, "example.org"),
}


def start(stack: ExitStack, sample: str, folder: Path) -> rig.Proxy:
    web = stack.enter_context(rig.backend("web"))
    homeserver = stack.enter_context(rig.backend("homeserver"))
    log = folder / "out.log"
    if sample.endswith(".conf"):
        command, port = rig.nginx(sample, web, homeserver, folder)
        return stack.enter_context(rig.started(command, port, log, tls=True))
    command = rig.caddy(sample, web, homeserver, folder)
    port = rig.caddy_port(folder)
    return stack.enter_context(rig.started(command, port, log, tls=False))


@pytest.fixture(scope="module")
def proxies(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, rig.Proxy]]:
    """Started when first asked for, because a missing program skips only its own tests."""
    with ExitStack() as stack:

        class Running(dict[str, rig.Proxy]):
            def __missing__(self, sample: str) -> rig.Proxy:
                self[sample] = start(stack, sample, tmp_path_factory.mktemp("proxy"))
                return self[sample]

        yield Running()


@pytest.fixture(params=sorted(NAMES))
def sample(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def proxy(sample: str, proxies: dict[str, rig.Proxy]) -> rig.Proxy:
    return replace(proxies[sample], host=NAMES[sample])


@pytest.fixture
def handles(sample: str, proxies: dict[str, rig.Proxy]) -> rig.Proxy:
    """The other name of a split domain: the one in the handles."""
    return replace(proxies[sample], host="example.org")


@pytest.mark.parametrize(
    "path",
    [
        "/metrics",
        "/metrics/",
        "/metrics?x=1",
        "//metrics",
        "/%6Detrics",
        "/x/../metrics",
        "/_matrix/app/v1/transactions/1",
        "/_matrix//app/v1/ping",
        "/_matrix/%61pp/v1/ping",
        "/_matrix/x/../app/v1/users/@a:b",
    ],
)
def test_what_is_not_for_the_world_is_not_found(proxy: rig.Proxy, path: str) -> None:
    assert proxy.ask("GET", path).status == 404


@pytest.mark.parametrize("path", ["/inbox", "/ap/u/alice/inbox", "/ap/actor/inbox", "/inbox/"])
def test_an_inbox_body_over_one_mebibyte_is_too_large(proxy: rig.Proxy, path: str) -> None:
    assert proxy.ask("POST", path, body=b"x" * (MIB + 1)).status == 413


def test_an_inbox_body_that_hides_its_length_is_cut_off(proxy: rig.Proxy) -> None:
    answer = proxy.ask("POST", "/inbox", body=b"x" * (MIB + 1), chunked=True)
    # Caddy finds out while it passes the body on, and may lose the connection to the application
    # before it can answer 413.
    assert answer.status in {413, 502}


def test_an_inbox_body_of_exactly_one_mebibyte_passes_unchanged(proxy: rig.Proxy) -> None:
    body = bytes(range(256)) * (MIB // 256)
    answer = proxy.ask("POST", "/ap/u/alice/inbox", body=body)
    assert answer.status == 200
    assert answer.seen["body"].encode("latin-1") == body


def test_a_picture_may_be_larger_than_an_inbox_body(proxy: rig.Proxy) -> None:
    assert proxy.ask("POST", "/api/v2/media", body=b"x" * (3 * MIB)).status == 200


def test_what_a_signature_covers_arrives_as_it_was_sent(proxy: rig.Proxy) -> None:
    signed = (
        ("Date", "Mon, 23 Nov 2026 18:00:00 GMT"),
        ("Digest", "SHA-256=X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE="),
        ("Content-Type", "application/activity+json"),
        ("Signature", 'keyId="https://a.example/k",headers="(request-target) host date digest"'),
        ("Signature-Input", 'sig1=("@method" "@target-uri");created=1'),
        ("Accept", 'application/ld+json; profile="https://www.w3.org/ns/activitystreams"'),
    )
    path = "/ap/u/%40alice/inbox?a=%20b&c=d%2Fe"
    answer = proxy.ask("POST", path, body=b"{}", headers=signed)
    assert answer.seen["name"] == "web"
    assert answer.seen["path"] == path
    assert answer.header("host") == [proxy.host]
    for name, value in signed:
        assert answer.header(name.lower()) == [value]


def test_forwarding_headers_of_a_stranger_do_not_get_through(proxy: rig.Proxy) -> None:
    lies = (
        ("X-Forwarded-For", "203.0.113.9"),
        ("X-Forwarded-Proto", "gopher"),
        ("X-Forwarded-Host", "evil.example"),
    )
    for path in ("/", "/inbox", "/api/v1/streaming"):
        answer = proxy.ask("GET", path, headers=lies)
        assert answer.header("x-forwarded-for") == ["127.0.0.1"]
        assert answer.header("x-forwarded-proto") == ["https" if proxy.tls else "http"]
        assert answer.header("x-forwarded-host") == [proxy.host]


@pytest.mark.parametrize("path", ["/", "/@alice", "/.well-known/webfinger?resource=acct:a@b"])
def test_the_rest_is_served_by_ownroom(proxy: rig.Proxy, path: str) -> None:
    seen = proxy.ask("GET", path).seen
    assert (seen["name"], seen["path"]) == ("web", path)


@pytest.fixture
def files(sample: str, proxies: dict[str, rig.Proxy]) -> rig.Proxy:
    """The name of the host that has the files."""
    host = "files.example.org" if sample.endswith(".conf") else "files.localhost"
    return replace(proxies[sample], host=host)


def test_the_host_of_the_files_has_files_and_nothing_else(files: rig.Proxy) -> None:
    seen = files.ask("GET", "/media/a/hs.test/b?x=%20", headers=(("Range", "bytes=0-9"),)).seen
    assert (seen["name"], seen["path"]) == ("web", "/media/a/hs.test/b?x=%20")
    assert ["host", files.host] in seen["headers"]
    assert ["range", "bytes=0-9"] in seen["headers"]
    lies = files.ask("GET", "/media/x", headers=(("X-Forwarded-For", "203.0.113.9"),))
    assert lies.header("x-forwarded-for") == ["127.0.0.1"]
    others = (
        "/",
        "/@alice",
        "/inbox",
        "/admin/",
        "/livez",
        "/media",
        "/media/../inbox",
        "/metrics",
    )
    for path in others:
        assert files.ask("GET", path).status == 404, path
    assert files.ask("POST", "/inbox", body=b"{}").status == 404
    assert files.ask("POST", "/media/a", body=b"{}").status in {403, 404}


@pytest.mark.parametrize("sample", SAME, indirect=True)
@pytest.mark.parametrize(
    "path",
    [
        "/.well-known/matrix/server",
        "/.well-known/matrix/client",
        "/_matrix/client/versions",
        "/_matrix/federation/v1/version",
    ],
)
def test_on_one_domain_matrix_goes_to_the_homeserver(proxy: rig.Proxy, path: str) -> None:
    assert proxy.ask("GET", path).seen["name"] == "homeserver"


@pytest.mark.parametrize("sample", SPLIT, indirect=True)
@pytest.mark.parametrize(
    "path",
    [
        "/.well-known/webfinger?resource=acct%3Aalice%40example.org",
        "/.well-known/host-meta",
        "/.well-known/host-meta.json",
        "/.well-known/nodeinfo",
    ],
)
def test_the_handle_domain_redirects_discovery_with_its_query(
    handles: rig.Proxy, path: str
) -> None:
    answer = handles.ask("GET", path)
    assert answer.status == 302
    assert answer.headers["location"] == f"https://social.example.org{path}"
    assert answer.headers["access-control-allow-origin"] == "*"


@pytest.mark.parametrize("sample", SPLIT, indirect=True)
def test_the_handle_domain_keeps_its_matrix_delegation(handles: rig.Proxy) -> None:
    server = handles.ask("GET", "/.well-known/matrix/server")
    assert (server.status, server.seen) == (200, {"m.server": "matrix.example.org:443"})
    client = handles.ask("GET", "/.well-known/matrix/client")
    assert client.seen["m.homeserver"] == {"base_url": "https://matrix.example.org"}
    assert client.headers["access-control-allow-origin"] == "*"


@pytest.mark.parametrize("sample", SPLIT, indirect=True)
@pytest.mark.parametrize("path", ["/", "/@alice", "/.well-known/security.txt", "/inbox"])
def test_the_handle_domain_gives_ownroom_nothing_else(handles: rig.Proxy, path: str) -> None:
    assert handles.ask("GET", path).status == 404


@pytest.mark.parametrize("sample", ["ownroom.conf", "same-domain.conf"], indirect=True)
def test_the_log_names_nobody_and_keeps_no_query(
    proxy: rig.Proxy, tmp_path_factory: pytest.TempPathFactory
) -> None:
    proxy.ask("GET", "/api/v1/streaming/user?access_token=sEcReT")
    base = tmp_path_factory.getbasetemp()

    def logged() -> str:
        return "".join(log.read_text() for log in base.glob("proxy*/ownroom.log"))

    # The proxy writes its line after the answer is out.
    text = rig.until(lambda: logged() if "/api/v1/streaming/user" in logged() else "")
    assert "sEcReT" not in text
    assert "127.0.0.1" not in text
