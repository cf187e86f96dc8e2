"""Who is speaking. The signer here is written by hand, so that any part of it can lie."""

import base64
import datetime as dt
import email.utils
import hashlib
import hmac
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from hypothesis import given
from hypothesis import strategies as st

from bridge.activitypub import signatures
from bridge.activitypub.signatures import BadSignature, Request

NOW = 1_795_459_510.5  # 2026-11-23T18:45:10.5Z
INBOX = "https://social.test/ap/u/alice/inbox"
BODY = b'{"type":"Follow","actor":"https://remote.test/u/bob"}'
KEY_ID = "https://remote.test/u/bob#main-key"
BOB = rsa.generate_private_key(public_exponent=65_537, key_size=2_048)
MALLORY = rsa.generate_private_key(public_exponent=65_537, key_size=2_048)
EDDIE = Ed25519PrivateKey.generate()
PEM = signatures.public_pem(BOB)


def b64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def date(offset: float = 0) -> str:
    return email.utils.formatdate(NOW + offset, usegmt=True)


def sha256(body: bytes) -> str:
    return b64(hashlib.sha256(body).digest())


def with_rsa(key: RSAPrivateKey, text: bytes) -> bytes:
    return key.sign(text, padding.PKCS1v15(), hashes.SHA256())


by_bob = partial(with_rsa, BOB)
by_mallory = partial(with_rsa, MALLORY)


def cavage(
    *,
    method: str = "POST",
    url: str = INBOX,
    body: bytes = BODY,
    covered: str = "(request-target) host date digest",
    algorithm: str = "rsa-sha256",
    target: str = "",
    created: Any = None,
    expires: Any = None,
    signer: Callable[[bytes], bytes] = by_bob,
    signature: str | None = None,
    key_id: str = KEY_ID,
    drop: str = "",
    more: tuple[tuple[str, str], ...] = (),
    **headers: str,
) -> Request:
    host, _, path = url.removeprefix("https://").partition("/")
    lines = {"host": host, "date": date(), "content-type": "application/activity+json"}
    if body or method == "POST":
        lines["digest"] = f"SHA-256={sha256(body)}"
    lines |= {name.replace("_", "-"): value for name, value in headers.items()}
    values = {
        **lines,
        "(request-target)": target or f"{method.lower()} /{path}",
        "(created)": str(created),
        "(expires)": str(expires),
    }
    text = "\n".join(f"{name}: {values.get(name, '')}" for name in covered.split())
    parts = [f'keyId="{key_id}"']
    if algorithm:
        parts.append(f'algorithm="{algorithm}"')
    if created is not None:
        parts.append(f"created={created}")
    if expires is not None:
        parts.append(f"expires={expires}")
    if covered:
        parts.append(f'headers="{covered}"')
    made = b64(signer(text.encode())) if signature is None else signature
    lines["signature"] = ",".join([*parts, f'signature="{made}"'])
    kept = tuple((name, value) for name, value in lines.items() if name != drop)
    return Request(method, url, kept + more, body)


def rfc9421(
    *,
    method: str = "POST",
    url: str = INBOX,
    body: bytes = BODY,
    covered: tuple[str, ...] = ("@method", "@target-uri", "content-digest"),
    created: Any = int(NOW),
    expires: Any = None,
    alg: str = "rsa-v1_5-sha256",
    digest: str = "",
    label: str = "sig1",
    extra: str = "",
    signer: Callable[[bytes], bytes] = by_bob,
    before: tuple[str, str] = ("", ""),
    drop: str = "",
    more: tuple[tuple[str, str], ...] = (),
) -> Request:
    host, _, path = url.removeprefix("https://").partition("/")
    path, _, query = path.partition("?")
    digest = digest or f"sha-256=:{sha256(body)}:"
    values = {
        "@method": method,
        "@target-uri": url,
        "@authority": host,
        "@path": f"/{path}",
        "@query": f"?{query}",
        "@request-target": f"/{path}?{query}" if query else f"/{path}",
        "@scheme": "https",
        "content-digest": digest,
        "host": host,
        "date": date(),
    }
    params = "(" + " ".join(f'"{name}"' for name in covered) + ")"
    params += f";created={created}" if created is not None else ""
    params += f";expires={expires}" if expires is not None else ""
    params += f';keyid="{KEY_ID}"' + (f';alg="{alg}"' if alg else "") + extra
    text = "".join(f'"{name}": {values[name]}\n' for name in covered)
    made = b64(signer(f'{text}"@signature-params": {params}'.encode()))
    lines = {
        "host": host,
        "date": date(),
        "signature-input": f"{before[0]}{label}={params}",
        "signature": f"{before[1]}{label}=:{made}:",
    }
    if body or "content-digest" in covered:
        lines["content-digest"] = digest
    kept = tuple((name, value) for name, value in lines.items() if name != drop)
    return Request(method, url, kept + more, body)


def edited(request: Request, old: str, new: str) -> Request:
    lines = tuple((name, value.replace(old, new)) for name, value in request.headers)
    assert lines != request.headers
    return Request(request.method, request.url, lines, request.body)


def refuses(request: Request, key: Any = None) -> None:
    with pytest.raises(BadSignature):
        signatures.verify(request, key or BOB.public_key(), now=NOW)


def believes(request: Request, key: Any = None) -> None:
    signatures.verify(request, key or BOB.public_key(), now=NOW)


def keyed(secret: bytes, text: bytes) -> bytes:
    return hmac.digest(secret, text, "sha256")


def sha1(text: bytes) -> bytes:
    return BOB.sign(text, padding.PKCS1v15(), hashes.SHA1())  # noqa: S303  a liar's choice


CAVAGE_REFUSED: dict[str, Callable[[], Request]] = {
    "unsigned": lambda: cavage(drop="signature"),
    "another key": lambda: cavage(signer=by_mallory),
    "hmac with the public key": lambda: cavage(
        algorithm="hmac-sha256", signer=partial(keyed, PEM.encode())
    ),
    "hmac with the stripped public key": lambda: cavage(
        algorithm="hmac-sha256", signer=partial(keyed, PEM.strip().encode())
    ),
    "rsa-sha1": lambda: cavage(algorithm="rsa-sha1", signer=sha1),
    "an empty signature": lambda: cavage(signature=""),
    "a signature that is no base64": lambda: cavage(signature="%%%%"),
    "junk inside the base64": lambda: edited(cavage(), 'signature="', 'signature="!'),
    "date only": lambda: cavage(covered="date"),
    "no headers parameter": lambda: cavage(covered=""),
    "no target covered": lambda: cavage(covered="host date digest"),
    "no host covered": lambda: cavage(covered="(request-target) date digest"),
    "no date covered": lambda: cavage(covered="(request-target) host digest"),
    "no digest covered": lambda: cavage(covered="(request-target) host date"),
    "no digest": lambda: cavage(covered="(request-target) host date", drop="digest"),
    "a digest covered but gone": lambda: cavage(drop="digest"),
    "a header covered twice": lambda: cavage(covered="(request-target) host date date digest"),
    "a covered header with an odd name": lambda: cavage(
        covered="(request-target) host date digest x:y"
    ),
    "the digest of another body": lambda: cavage(digest=f"SHA-256={sha256(b'{}')}"),
    "a digest by MD5": lambda: cavage(digest=f"MD5={b64(b'x' * 16)}"),
    "a digest by SHA-512 alone": lambda: cavage(
        digest=f"SHA-512={b64(hashlib.sha512(BODY).digest())}"
    ),
    "two digests in one line": lambda: cavage(
        digest=f"SHA-256={sha256(BODY)},SHA-256={sha256(BODY)}"
    ),
    "one of two digests wrong": lambda: cavage(
        digest=f"SHA-256={sha256(BODY)},SHA-512={b64(b'x' * 64)}"
    ),
    "a digest that is no base64": lambda: cavage(digest="SHA-256=:::"),
    "two digest headers": lambda: cavage(more=(("digest", f"SHA-256={sha256(BODY)}"),)),
    "two hosts": lambda: cavage(more=(("host", "other.test"),)),
    "two dates": lambda: cavage(more=(("date", date()),)),
    "two signatures": lambda: cavage(more=(("signature", 'keyId="x"'),)),
    "two signatures that a proxy joined": lambda: cavage(key_id=f'{KEY_ID}",keyId="x'),
    "61 minutes old": lambda: cavage(date=date(-3_660)),
    "48 hours old": lambda: cavage(date=date(-172_800)),
    "6 minutes ahead": lambda: cavage(date=date(360)),
    "48 hours ahead": lambda: cavage(date=date(172_800)),
    "a date in words": lambda: cavage(date="yesterday"),
    "the 31st of February": lambda: cavage(date="Tue, 31 Feb 2026 00:00:00 GMT"),
    "two dates in one line": lambda: cavage(date=f"{date()}, {date()}"),
    "no date": lambda: cavage(drop="date"),
    "created in the future": lambda: cavage(
        covered="(request-target) (created) host digest", created=int(NOW) + 86_400
    ),
    "created long ago": lambda: cavage(
        covered="(request-target) (created) host digest", created=int(NOW) - 7_200
    ),
    "created that is no number": lambda: cavage(
        covered="(request-target) (created) host digest", created="soon"
    ),
    "created covered but absent": lambda: cavage(covered="(request-target) (created) host digest"),
    "created given but not covered": lambda: cavage(
        covered="(request-target) host digest", created=int(NOW)
    ),
    "expired": lambda: cavage(
        covered="(request-target) (created) (expires) host digest",
        created=int(NOW) - 120,
        expires=int(NOW) - 60,
    ),
    "expired, not covered": lambda: cavage(expires=int(NOW) - 60),
    "expires that is no number": lambda: cavage(expires="never"),
    "another path": lambda: cavage(target="post /ap/u/ada/inbox"),
    "another method": lambda: cavage(target="get /ap/u/alice/inbox"),
    "another host": lambda: cavage(host="other.test"),
    "an absolute target": lambda: cavage(target=f"post {INBOX}"),
    "garbage": lambda: cavage(drop="signature", more=(("signature", 'keyId="",,,=;headers=((('),)),
    "a header without end": lambda: cavage(drop="signature", more=(("signature", 'keyId="x'),)),
    "9,000 characters": lambda: cavage(key_id="https://remote.test/" + "x" * 9_000),
    "a letter beyond ASCII": lambda: cavage(key_id="https://remote.test/ü"),
    "a letter beyond ASCII, covered": lambda: cavage(
        covered="(request-target) host date digest user-agent", user_agent="ü"
    ),
    "a line break in a covered header": lambda: cavage(
        covered="(request-target) host date digest accept", accept="x\ndigest: y"
    ),
    "a GET without target": lambda: cavage(method="GET", body=b"", covered="host date"),
    "a GET without host": lambda: cavage(method="GET", body=b"", covered="(request-target) date"),
    "a GET with a body but no digest": lambda: cavage(
        method="GET", covered="(request-target) host date"
    ),
    "another query": lambda: cavage(url=f"{INBOX}?page=2", target="post /ap/u/alice/inbox?page=1"),
}
RFC9421_REFUSED: dict[str, Callable[[], Request]] = {
    "another key": lambda: rfc9421(signer=by_mallory),
    "hmac with the public key": lambda: rfc9421(
        alg="hmac-sha256", signer=partial(keyed, PEM.encode())
    ),
    "hmac with the public key, unnamed": lambda: rfc9421(
        alg="", signer=partial(keyed, PEM.encode())
    ),
    "another algorithm named": lambda: rfc9421(alg="rsa-pss-sha512"),
    "the body not covered": lambda: rfc9421(covered=("@method", "@target-uri")),
    "the method not covered": lambda: rfc9421(covered=("@target-uri", "content-digest")),
    "no target": lambda: rfc9421(covered=("content-digest",)),
    "a path without host": lambda: rfc9421(covered=("@method", "@path", "content-digest")),
    "a path without its query": lambda: rfc9421(
        url=f"{INBOX}?page=1", covered=("@method", "@authority", "@path", "content-digest")
    ),
    "the digest of another body": lambda: rfc9421(digest=f"sha-256=:{b64(b'0' * 32)}:"),
    "a weak digest": lambda: rfc9421(digest=f"md5=:{b64(b'0' * 16)}:"),
    "a digest that is no list": lambda: rfc9421(digest="sha-256=???"),
    "no digest header": lambda: rfc9421(drop="content-digest"),
    "48 hours old": lambda: rfc9421(created=int(NOW) - 172_800),
    "6 minutes ahead": lambda: rfc9421(created=int(NOW) + 360),
    "never created": lambda: rfc9421(created=None),
    "created as text": lambda: rfc9421(created='"now"'),
    "expired": lambda: rfc9421(expires=int(NOW) - 1),
    "expires as text": lambda: rfc9421(expires='"never"'),
    "an unknown parameter": lambda: rfc9421(extra=";trust=1"),
    "keyid twice": lambda: rfc9421(extra=';keyid="x"'),
    "a component twice": lambda: rfc9421(
        covered=("@method", "@method", "@target-uri", "content-digest")
    ),
    "another host": lambda: rfc9421(drop="host", more=(("host", "other.test"),)),
    "two hosts": lambda: rfc9421(more=(("host", "other.test"),)),
    "two digests": lambda: rfc9421(more=(("content-digest", f"sha-256=:{sha256(BODY)}:"),)),
    "two inputs": lambda: rfc9421(more=(("signature-input", "sig1=()"),)),
    "two signatures": lambda: rfc9421(more=(("signature", "sig1=:eA==:"),)),
    "one label twice": lambda: rfc9421(before=('sig1=("@method");keyid="x", ', "")),
    "no signature": lambda: rfc9421(drop="signature"),
    "garbage": lambda: rfc9421(drop="signature-input", more=(("signature-input", "((("),)),
    "no list": lambda: rfc9421(drop="signature-input", more=(("signature-input", "sig1=3"),)),
}


@pytest.mark.parametrize("make", CAVAGE_REFUSED.values(), ids=CAVAGE_REFUSED.keys())
def test_cavage_is_refused_for(make: Callable[[], Request]) -> None:
    refuses(make())


@pytest.mark.parametrize("make", RFC9421_REFUSED.values(), ids=RFC9421_REFUSED.keys())
def test_rfc9421_is_refused_for(make: Callable[[], Request]) -> None:
    refuses(make())


@pytest.mark.parametrize("make", [cavage, rfc9421])
def test_another_method_path_or_body_than_signed_is_refused(make: Callable[[], Request]) -> None:
    good = make()
    refuses(Request("PUT", good.url, good.headers, good.body))
    refuses(Request(good.method, good.url.replace("alice", "ada"), good.headers, good.body))
    refuses(Request(good.method, good.url, good.headers, b'{"type":"Like"}'))
    refuses(Request(good.method, "https://other.test/inbox", good.headers, good.body))
    refuses(good, EDDIE.public_key())


@pytest.mark.parametrize("make", [cavage, rfc9421])
def test_the_same_request_is_refused_an_hour_later(make: Callable[[], Request]) -> None:
    signatures.verify(make(), BOB.public_key(), now=NOW + 3_590)
    with pytest.raises(BadSignature):
        signatures.verify(make(), BOB.public_key(), now=NOW + 3_602)


CAVAGE_BELIEVED: dict[str, Callable[[], Request]] = {
    "rsa-sha256": cavage,
    "hs2019": lambda: cavage(algorithm="hs2019"),
    "no algorithm": lambda: cavage(algorithm=""),
    "an unknown algorithm (the key decides)": lambda: cavage(algorithm="rot13"),
    "more headers, in another order": lambda: cavage(
        covered="host date (request-target) content-type digest"
    ),
    "header names in capitals": lambda: edited(cavage(), "host date", "Host DATE"),
    "4 minutes ahead": lambda: cavage(date=date(240)),
    "59 minutes old": lambda: cavage(date=date(-3_540)),
    "created and expires": lambda: cavage(
        algorithm="hs2019",
        covered="(request-target) (created) (expires) host digest",
        created=int(NOW),
        expires=int(NOW) + 300,
    ),
    "a digest named in lower case": lambda: cavage(digest=f"sha-256={sha256(BODY)}"),
    "several digests": lambda: cavage(
        digest=f"unixsum=30637, SHA-256={sha256(BODY)}, "
        f"SHA-512={b64(hashlib.sha512(BODY).digest())}"
    ),
    "a query": lambda: cavage(url=f"{INBOX}?a=1&b=%2F"),
    "a query left out": lambda: cavage(url=f"{INBOX}?a=1", target="post /ap/u/alice/inbox"),
    "a GET": lambda: cavage(method="GET", body=b"", covered="(request-target) host date"),
    "a GET with accept and agent": lambda: cavage(
        method="GET",
        body=b"",
        covered="(request-target) accept date host user-agent",
        accept="application/activity+json",
        user_agent="Fedify/2.3.6 (Node.js/v24)",
    ),
    "a per cent sign in the key id": lambda: cavage(key_id="https://remote.test/%40bob#key"),
    "the default port in Host": lambda: cavage(host="social.test:443"),
    "a Host in capitals": lambda: cavage(host="Social.Test"),
}
RFC9421_BELIEVED: dict[str, Callable[[], Request]] = {
    "the target URI": rfc9421,
    "no algorithm": lambda: rfc9421(alg=""),
    "authority and path": lambda: rfc9421(
        covered=("@method", "@authority", "@path", "content-digest")
    ),
    "authority, path and query": lambda: rfc9421(
        url=f"{INBOX}?a=1", covered=("@method", "@authority", "@path", "@query", "content-digest")
    ),
    "authority and request target": lambda: rfc9421(
        url=f"{INBOX}?a=1", covered=("@method", "@authority", "@request-target", "content-digest")
    ),
    "what Fedify covers": lambda: rfc9421(
        covered=("@method", "@target-uri", "@authority", "host", "date", "content-digest")
    ),
    "a query": lambda: rfc9421(url=f"{INBOX}?a=1"),
    "expires": lambda: rfc9421(expires=int(NOW) + 60),
    "a GET": lambda: rfc9421(method="GET", body=b"", covered=("@method", "@target-uri")),
    "another label": lambda: rfc9421(label="x-9"),
    "a proxy's label without key before it": lambda: rfc9421(
        before=("proxy=(), ", "proxy=:eA==:, ")
    ),
    "a nonce and a tag": lambda: rfc9421(extra=';nonce="n";tag="t"'),
}


@pytest.mark.parametrize("make", CAVAGE_BELIEVED.values(), ids=CAVAGE_BELIEVED.keys())
def test_cavage_is_believed_with(make: Callable[[], Request]) -> None:
    believes(make())


@pytest.mark.parametrize("make", RFC9421_BELIEVED.values(), ids=RFC9421_BELIEVED.keys())
def test_rfc9421_is_believed_with(make: Callable[[], Request]) -> None:
    believes(make())


def test_an_ed25519_key_is_checked_as_one_whatever_the_header_says() -> None:
    believes(cavage(signer=EDDIE.sign), EDDIE.public_key())
    believes(rfc9421(signer=EDDIE.sign, alg="ed25519"), EDDIE.public_key())
    refuses(cavage(algorithm="ed25519"), EDDIE.public_key())


def test_authorization_can_carry_the_signature() -> None:
    request = cavage()
    value = dict(request.headers)["signature"]
    bare = cavage(drop="signature", more=(("authorization", f"Signature {value}"),))
    assert signatures.key_id_of(bare) == KEY_ID
    believes(bare)
    with pytest.raises(BadSignature):
        signatures.kind_of(cavage(drop="signature", more=(("authorization", "Bearer x"),)))


def test_the_key_id_is_read_without_believing_it() -> None:
    assert signatures.key_id_of(cavage(signature="eA==")) == KEY_ID
    assert signatures.key_id_of(rfc9421()) == KEY_ID
    assert signatures.kind_of(cavage()) == "cavage"
    assert signatures.kind_of(rfc9421()) == "rfc9421"


@pytest.mark.parametrize("key_id", ["", "acct:bob@remote.test", "file:///etc/passwd", "x" * 3_000])
def test_a_key_id_that_is_no_web_address_is_refused(key_id: str) -> None:
    with pytest.raises(BadSignature):
        signatures.key_id_of(cavage(key_id=key_id))


# Keys


def spki(key: Any) -> str:
    pem: bytes = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return pem.decode()


SMALL = rsa.generate_private_key(public_exponent=65_537, key_size=1_024)  # noqa: S505  old peers have them
BAD_PEMS = {
    "nothing": "",
    "no PEM": "bob",
    "a broken PEM": PEM.replace("A", "B"),
    "a cut PEM": PEM[: len(PEM) // 2],
    "a private key": signatures.generate_ed25519().decode(),
    "an elliptic curve": spki(ec.generate_private_key(ec.SECP256R1())),
    "a megabyte": PEM + "\n" * 1_000_000,
    "surrogates": "\ud800",
}


@pytest.mark.parametrize("pem", BAD_PEMS.values(), ids=BAD_PEMS.keys())
def test_a_key_that_is_no_key_is_refused(pem: str) -> None:
    with pytest.raises(BadSignature):
        signatures.load_public(pem)


def test_keys_too_short_or_with_an_absurd_exponent_are_refused() -> None:
    modulus = SMALL.public_key().public_numbers().n
    short = rsa.RSAPublicNumbers(65_537, (1 << 767) + 1).public_key()
    odd = rsa.RSAPublicNumbers((1 << 1_000) + 1, modulus).public_key()
    for key in (short, odd):
        pem = key.public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        with pytest.raises(BadSignature):
            signatures.load_public(pem.decode())


def test_rsa_in_both_spellings_and_ed25519_are_read() -> None:
    pkcs1 = BOB.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.PKCS1
    )
    assert signatures.load_public(pkcs1.decode()) == BOB.public_key()
    assert signatures.load_public(PEM.replace("\n", "\r\n")) == BOB.public_key()
    assert signatures.load_public(spki(SMALL)) == SMALL.public_key()
    assert signatures.load_public(spki(EDDIE)) == EDDIE.public_key()


def test_keys_we_make_can_be_loaded_and_published() -> None:
    own = signatures.load_private(signatures.generate_rsa())
    assert isinstance(own, RSAPrivateKey)
    assert own.key_size == 2_048
    assert signatures.load_public(signatures.public_pem(own)) == own.public_key()
    assert isinstance(signatures.load_private(signatures.generate_ed25519()), Ed25519PrivateKey)


# Signing


def received(method: str, url: str, body: bytes, headers: dict[str, str]) -> Request:
    lines = {"Host": url.split("/")[2], **headers}
    return Request(method, url, tuple((n.lower(), v) for n, v in lines.items()), body)


@pytest.mark.parametrize("sign", [signatures.sign_cavage, signatures.sign_rfc9421])
@pytest.mark.parametrize("key_id", [KEY_ID, "https://social.test/ap/u/%40alice%%s#main-key"])
@pytest.mark.parametrize("url", [INBOX, f"{INBOX}?a=1&b=%2F", "https://remote.test"])
def test_what_we_sign_is_believed(sign: Any, key_id: str, url: str) -> None:
    key = signatures.SigningKey(key_id, BOB)
    for method, body in (("POST", BODY), ("POST", b""), ("GET", b"")):
        request = received(method, url, body, sign(method, url, body, key, now=NOW))
        assert signatures.key_id_of(request) == key_id
        believes(request)
        refuses(request, MALLORY.public_key())


def test_cavage_signs_what_peers_demand() -> None:
    key = signatures.SigningKey(KEY_ID, BOB)
    post = signatures.sign_cavage("POST", INBOX, BODY, key, now=NOW)
    assert list(post) == ["Host", "Date", "Digest", "Content-Type", "Signature"]
    assert post["Date"] == "Mon, 23 Nov 2026 18:45:10 GMT"
    assert 'headers="(request-target) host date digest content-type"' in post["Signature"]
    assert 'algorithm="rsa-sha256"' in post["Signature"]
    get = signatures.sign_cavage("GET", INBOX, b"", key, now=NOW)
    assert 'headers="(request-target) host date"' in get["Signature"]


def test_rfc9421_signs_method_target_and_body() -> None:
    key = signatures.SigningKey(KEY_ID, BOB)
    headers = signatures.sign_rfc9421("POST", INBOX, BODY, key, now=NOW)
    assert headers["Signature-Input"] == (
        'sig1=("@method" "@target-uri" "content-digest")'
        f';created={int(NOW)};keyid="{KEY_ID}";alg="rsa-v1_5-sha256"'
    )
    assert headers["Content-Digest"] == f"sha-256=:{sha256(BODY)}:"


@pytest.mark.parametrize("url", ["https://remote.test/%zz", "https://remote.test/ü", "remote"])
def test_a_url_that_is_none_cannot_be_signed(url: str) -> None:
    with pytest.raises(BadSignature):
        signatures.sign_rfc9421("GET", url, b"", signatures.SigningKey(KEY_ID, BOB), now=NOW)


# Fuzz


@pytest.mark.parametrize("make", [cavage, rfc9421])
@given(data=st.data())
def test_no_header_raises_anything_but_bad_signature(make: Any, data: st.DataObject) -> None:
    good = make()
    lines = list(good.headers)
    place = data.draw(st.integers(0, len(lines) - 1))
    name, value = lines[place]
    if data.draw(st.booleans()):
        start = data.draw(st.integers(0, len(value)))
        end = data.draw(st.integers(start, len(value)))
        junk = data.draw(st.text(st.sampled_from('"=,;:()@%\\ \n\0a9é'), max_size=8))
        value = value[:start] + junk + value[end:]
    else:
        value = data.draw(st.text(max_size=64))
    if value != dict(good.headers)[name]:
        lines[place] = (name, value)
        request = Request(good.method, good.url, tuple(lines), good.body)
        for work in (
            lambda: signatures.key_id_of(request),
            lambda: signatures.verify(request, BOB.public_key(), now=NOW),
            lambda: signatures.verify(request, EDDIE.public_key(), now=NOW),
        ):
            try:
                work()
            except BadSignature:
                continue


@given(st.text(), st.text())
def test_no_url_or_method_raises_anything_but_bad_signature(url: str, method: str) -> None:
    good = cavage()
    for asked in (url, INBOX + url, f"https://social.test:{url}/"):
        request = Request(method, asked, good.headers, good.body)
        with pytest.raises(BadSignature):
            signatures.verify(request, MALLORY.public_key(), now=NOW)


@given(st.text())
def test_no_pem_raises_anything_but_bad_signature(text: str) -> None:
    with pytest.raises(BadSignature):
        signatures.load_public(f"-----BEGIN PUBLIC KEY-----\n{text}\n-----END PUBLIC KEY-----")


# Cost


def spent(work: Callable[[], object]) -> float:
    """Milliseconds of this thread's CPU; the best of some, so that a busy machine does not lie."""
    best = 1_000.0
    for _ in range(20):
        start = time.thread_time()
        for _ in range(10):
            work()
        best = min(best, (time.thread_time() - start) * 100)
    return best


def test_signing_and_checking_are_cheap() -> None:
    key = signatures.SigningKey(KEY_ID, BOB)
    assert spent(lambda: signatures.sign_cavage("POST", INBOX, BODY, key, now=NOW)) < 1.0
    request = cavage()
    assert spent(lambda: signatures.verify(request, BOB.public_key(), now=NOW)) < 0.3


def test_httpsig_is_imported_without_setuptools_and_leaves_no_stand_in() -> None:
    code = "import bridge.activitypub.signatures, sys; assert 'pkg_resources' not in sys.modules"
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True, timeout=60)


def test_dates_in_the_tests_mean_what_they_say() -> None:
    assert dt.datetime.fromtimestamp(NOW, dt.UTC).isoformat() == "2026-11-23T18:45:10.500000+00:00"
