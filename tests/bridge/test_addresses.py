"""Where we never go, however it is spelled and whatever a name resolves to."""

import ipaddress
import socket
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge import addresses
from bridge.addresses import Refused, RefusedAddress


@pytest.fixture(autouse=True)
def _production(settings: Any) -> None:
    settings.OWNROOM_SCHEME = "https"
    settings.OWNROOM_ALLOW_PRIVATE = ()


REFUSED_ADDRESSES = {
    "loopback": ["127.0.0.1", "127.0.66.6", "127.255.255.255", "::1"],
    "unspecified": ["0.0.0.0", "0.1.2.3", "::"],
    "private": ["10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "fd00::1", "fc00::1"],
    "link-local": ["169.254.0.1", "fe80::1", "febf::1"],
    "metadata": ["169.254.169.254", "fd00:ec2::254", "100.100.100.200"],
    "carrier": ["100.64.0.1", "100.127.255.255"],
    "benchmark": ["198.18.0.1", "198.19.255.255"],
    "documentation": ["192.0.2.1", "198.51.100.1", "203.0.113.1", "2001:db8::1"],
    "protocols": ["192.0.0.1", "192.0.0.170"],
    "6to4 relay": ["192.88.99.1"],
    "multicast": ["224.0.0.1", "239.255.255.250", "ff02::1", "ff0e::1"],
    "reserved": ["240.0.0.1", "255.255.255.255", "5f00::1", "4000::1"],
    "site-local": ["fec0::1", "feff::1"],
    "v4-mapped": ["::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254"],
    "v4-compatible": ["::127.0.0.1", "::10.0.0.1", "::9.9.9.9"],
    "v4-translated": ["::ffff:0:127.0.0.1"],
    "NAT64": ["64:ff9b::7f00:1", "64:ff9b::a00:1", "64:ff9b::a9fe:a9fe"],
    "NAT64 in one network": ["64:ff9b:1::1", "64:ff9b:1:7f00:0:100::", "64:ff9b:1::909:909"],
    "6to4": ["2002:7f00:1::", "2002:a00:1::1", "2002:909:909::1"],
    "Teredo": ["2001:0:7f00:1::1", "2001:0:909:909:0:0:80ff:fffe"],
    "discard": ["100::1"],
    "a scope": ["fe80::1%lo"],
}
ALL_REFUSED = [(kind, text) for kind, texts in REFUSED_ADDRESSES.items() for text in texts]


def info(text: str, port: int = 443) -> Any:
    if ":" in text:
        return (socket.AF_INET6, socket.SOCK_STREAM, 6, "", (text, port, 0, 0))
    return (socket.AF_INET, socket.SOCK_STREAM, 6, "", (text, port))


@pytest.mark.parametrize(("kind", "text"), ALL_REFUSED)
def test_no_socket_is_opened_to(kind: Any, text: Any) -> None:
    with pytest.raises(RefusedAddress):
        addresses.open_socket(info(text))


@pytest.mark.parametrize(("kind", "text"), ALL_REFUSED)
def test_http_and_other_ports_do_not_open_them_either(kind: Any, text: Any, settings: Any) -> None:
    settings.OWNROOM_SCHEME = "http"
    assert not addresses.allowed(ipaddress.ip_address(text.partition("%")[0]), 8080)


@pytest.mark.parametrize("text", ["9.9.9.9", "45.10.0.10", "2620:fe::fe", "::ffff:9.9.9.9"])
def test_public_addresses_are_open(text: Any) -> None:
    addresses.open_socket(info(text)).close()


def test_nat64_of_a_public_address_is_open() -> None:
    assert addresses.allowed(ipaddress.ip_address("64:ff9b::909:909"), 443)


@pytest.mark.parametrize("port", [22, 80, 444, 8443])
def test_only_443_is_open(port: Any) -> None:
    with pytest.raises(RefusedAddress):
        addresses.open_socket(info("9.9.9.9", port))


def test_what_the_admin_opened_is_open_on_any_port_and_in_any_wrapping(settings: Any) -> None:
    settings.OWNROOM_ALLOW_PRIVATE = (
        ipaddress.ip_network("127.0.0.0/8"),
        ipaddress.ip_network("fd00::/8"),
    )
    for text in ("127.0.0.1", "::ffff:127.0.0.1", "fd00::1"):
        assert addresses.allowed(ipaddress.ip_address(text), 8008)
    for text in ("10.0.0.1", "::1", "fc00::1", "::127.0.0.1"):
        assert not addresses.allowed(ipaddress.ip_address(text), 8008)


@given(st.ip_addresses(v=4))
def test_nothing_wrapped_is_more_open_than_its_core(core: Any) -> None:
    number = int(core)
    for base in ("::ffff:0:0", "::", "64:ff9b::", "64:ff9b:1::"):
        wrapped = ipaddress.IPv6Address(int(ipaddress.IPv6Address(base)) + number)
        assert addresses.allowed(core, 443) or not addresses.allowed(wrapped, 443)
    assert not addresses.allowed(ipaddress.IPv6Address((0x2002 << 112) | number << 80), 443)


REFUSED_URLS = {
    "nothing": "",
    "words": "remote",
    "no scheme": "//remote.test/",
    "http": "http://remote.test/",
    "ftp": "ftp://remote.test/",
    "file": "file:///etc/passwd",
    "gopher": "gopher://remote.test/",
    "javascript": "javascript:alert(1)",
    "no host": "https:///path",
    "a name and a password": "https://a:b@remote.test/",
    "a name": "https://remote.test@127.0.0.1/",
    "an empty name": "https://@remote.test/",
    "a backslash": "https://remote.test\\@127.0.0.1/",
    "backslashes for slashes": "https:\\\\remote.test/",
    "a backslash in the path": "https://remote.test/a\\b",
    "a space": "https://remote.test/a b",
    "a space before": " https://remote.test/",
    "a tab": "https://remote.test/\ta",
    "a line break": "https://remote.test/a\r\nHost: x",
    "NUL": "https://remote.test/\0",
    "a space of no width": "https://remote.test/\u200b",
    "2,049 characters": "https://remote.test/" + "x" * 2_029,
    "700 letters beyond ASCII": "https://remote.test/" + "ü" * 700,
    "a trailing dot": "https://remote.test./",
    "an empty label": "https://remote..test/",
    "a label of 64": f"https://{'a' * 64}.test/",
    "a hyphen first": "https://-remote.test/",
    "port 0": "https://remote.test:0/",
    "port 65536": "https://remote.test:65536/",
    "a port in words": "https://remote.test:https/",
    "a port in Arabic": "https://remote.test:٤٤٣/",
    "an escaped host": "https://remote%2etest/",
    "dotted": "https://127.0.0.1/",
    "a public address": "https://9.9.9.9/",
    "one number": "https://2130706433/",
    "hexadecimal": "https://0x7f.1/",
    "hexadecimal in one": "https://0x7f000001/",
    "0x alone": "https://0x/",
    "octal": "https://0177.0.0.1/",
    "short": "https://127.1/",
    "a name that ends in a number": "https://remote.1/",
    "too large": "https://256.256.256.256/",
    "circled digits": "https://①②⑦.⓪.⓪.①/",
    "full-width digits": "https://１２７.０.０.１/",
    "ideographic stops": "https://127。0。0。1/",
    "IPv6": "https://[::1]/",
    "IPv6, public": "https://[2620:fe::fe]/",
    "IPv6, mapped": "https://[::ffff:127.0.0.1]/",
    "IPv6 with a scope": "https://[fe80::1%25lo]/",
    "IPv6 without end": "https://[::1/",
    "IPv6, malformed": "https://[::1::]/",
}


@pytest.mark.parametrize("url", REFUSED_URLS.values(), ids=REFUSED_URLS.keys())
def test_a_url_is_refused_for(url: Any) -> None:
    with pytest.raises(Refused):
        addresses.checked(url)


def test_disguised_addresses_are_refused_even_where_loopback_is_open(settings: Any) -> None:
    settings.OWNROOM_ALLOW_PRIVATE = (ipaddress.ip_network("127.0.0.0/8"),)
    assert addresses.checked("https://127.0.0.1:8443/x") == "https://127.0.0.1:8443/x"
    assert addresses.checked("https://[::ffff:127.0.0.1]/").endswith("]/")
    for url in ("https://2130706433/", "https://127.1/", "https://①②⑦.⓪.⓪.①/"):
        with pytest.raises(Refused):
            addresses.checked(url)


@pytest.mark.parametrize(
    ("url", "spelled"),
    [
        ("https://remote.test", "https://remote.test/"),
        ("HTTPS://Remote.TEST/Users/Bob", "https://remote.test/Users/Bob"),
        ("https://remote.test:443/a", "https://remote.test/a"),
        ("https://remote.test:8443/a", "https://remote.test:8443/a"),
        ("https://remote.test/a?b=%2F&c=d#main-key", "https://remote.test/a?b=%2F&c=d"),
        ("https://remote.test?a=1", "https://remote.test/?a=1"),
        ("https://remote.test/@bob/%40x;v=1", "https://remote.test/@bob/%40x;v=1"),
        ("https://remote.test/größe", "https://remote.test/gr%C3%B6%C3%9Fe"),
        ("https://bücher.test/", "https://xn--bcher-kva.test/"),
        ("https://my_host.test/", "https://my_host.test/"),
        ("https://localhost/", "https://localhost/"),
    ],
)
def test_one_spelling_is_asked_for(url: Any, spelled: Any) -> None:
    assert addresses.checked(url) == spelled
    assert addresses.checked(spelled) == spelled


def test_http_is_asked_for_only_in_a_trial(settings: Any) -> None:
    settings.OWNROOM_SCHEME = "http"
    assert addresses.checked("http://remote.test:80/") == "http://remote.test/"
    assert addresses.checked("http://remote.test:8080/") == "http://remote.test:8080/"
    assert addresses.checked("https://remote.test/") == "https://remote.test/"


@given(st.text() | st.text().map("https://{}/".format) | st.text().map("https://a.test/{}".format))
def test_any_text_is_spelled_or_refused(text: Any) -> None:
    try:
        spelled = addresses.checked(text)
    except Refused:
        return
    assert spelled.isascii()
    assert addresses.checked(spelled) == spelled
