"""Who is speaking: HTTP signatures, draft-cavage-12 and RFC 9421, on the way out and in.

The only user of httpsig and http_message_signatures, and only for their text. What must be
covered, how fresh it must be and which algorithm is meant is decided here: by us and by the type
of the key, never by the sender's header. Whatever is odd ends in BadSignature.
"""

import base64
import binascii
import calendar
import datetime as dt
import email.utils
import hashlib
import hmac
import re
import sys
import types
import urllib.parse
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal, cast

import http_message_signatures as rfc9421
import http_sf
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from http_message_signatures import algorithms

from bridge.activitypub.keys import (
    BadSignature,
    PublicKey,
    generate_ed25519,
    generate_rsa,
    load_private,
    load_public,
    public_pem,
)


def _import_httpsig() -> types.ModuleType:
    """Asks for httpsig, which wants setuptools at import: no longer there."""
    stand_in: Any = types.ModuleType("pkg_resources")
    stand_in.DistributionNotFound = LookupError
    stand_in.get_distribution = lambda _name: types.SimpleNamespace(version="1.3.0")
    before = sys.modules.get("pkg_resources")
    sys.modules["pkg_resources"] = stand_in
    try:
        import httpsig.utils  # noqa: TID251  this is the one module that may
    finally:
        del sys.modules["pkg_resources"]
        if before is not None:
            sys.modules["pkg_resources"] = before
    return httpsig.utils  # type: ignore[no-any-return]


_httpsig = _import_httpsig()

__all__ = [
    "BadSignature",
    "Request",
    "SigningKey",
    "covers",
    "generate_ed25519",
    "generate_rsa",
    "key_id_of",
    "kind_of",
    "load_private",
    "load_public",
    "mark_of",
    "public_pem",
    "sign_cavage",
    "sign_rfc9421",
    "verify",
]

MEDIA_TYPE = "application/activity+json"
OLDEST, NEWEST = 3_600, 300  # seconds: how far back and ahead of us a signature may be made
_MAX_HEADER = 8_192
_MAX_URI = 2_048
_HASHES = {
    "sha-256": lambda body: hashlib.sha256(body).digest(),
    "sha-512": lambda body: hashlib.sha512(body).digest(),
}
_BODILESS = frozenset({"GET", "HEAD"})
_METHOD = re.compile(r"[A-Z]{1,16}")
_URL = re.compile(r"https?://[\x21-\x7e]+")
_DATE = re.compile(
    r"[A-Z][a-z]{2}, (\d{1,2}) ([A-Z][a-z]{2}) (\d{4}) (\d\d):(\d\d):(\d\d) (?:GMT|UTC|\+0000)",
    re.ASCII,
)
_MONTHS = {name: number for number, name in enumerate(calendar.month_abbr) if name}
_PARAMETER = re.compile(r"(?:^|,)\s*([A-Za-z]+)\s*=")
_COVERED = re.compile(r"[a-z0-9-]+|\((?:request-target|created|expires)\)")
_SECONDS = re.compile(r"\d{1,12}(?:\.\d{1,9})?", re.ASCII)


Headers = Mapping[str, str]
NONE: Headers = types.MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Request:
    """A request as it came in. `headers` keeps repeated lines; their names are lower case.

    `url` is absolute: our own origin (not the Host header) and the path and query as sent.
    """

    method: str
    url: str
    headers: tuple[tuple[str, str], ...]
    body: bytes


@dataclass(frozen=True)
class SigningKey:
    key_id: str
    private: RSAPrivateKey


# Reading


def kind_of(request: Request) -> Literal["cavage", "rfc9421"]:
    """Raises BadSignature when the request is not signed at all."""
    names = {name for name, _ in request.headers}
    if "signature-input" in names:
        return "rfc9421"
    if "signature" in names or _only(request, "authorization").startswith("Signature "):
        return "cavage"
    raise BadSignature("not signed")


def key_id_of(request: Request) -> str:
    """Who claims to have signed: not yet believed. Raises BadSignature."""
    if kind_of(request) == "cavage":
        found = _cavage_parameters(request).get("keyid", "")
    else:
        found = _chosen(request).key_id
    if not found.startswith(("https://", "http://")) or len(found) > _MAX_URI:
        raise BadSignature("keyId is not a URL")
    return found


def mark_of(request: Request) -> bytes:
    """The signature itself, however its header is spelled. Only of a request that was verified."""
    if kind_of(request) == "cavage":
        return _decoded(_cavage_parameters(request).get("signature", ""))
    return _chosen(request).signature


def verify(request: Request, public_key: PublicKey, *, now: float) -> None:
    """Raises BadSignature unless the owner of `public_key` sent just this request just now."""
    _check_host(request)
    if kind_of(request) == "cavage":
        _verify_cavage(request, public_key, now)
    else:
        _verify_rfc9421(request, public_key, now)


def covers(request: Request, name: str) -> bool:
    """Whether the signature is also about a header, which is there once. Raises BadSignature."""
    if kind_of(request) == "rfc9421":
        covered: tuple[Any, ...] = _chosen(request).components
    else:
        covered = tuple(_cavage_parameters(request).get("headers", "").lower().split())
    return name in covered and bool(_only(request, name))


def _only(request: Request, name: str) -> str:
    """The value of a header that must not be there twice; empty when it is absent.

    A second line, or two values that a front server joined, would be read by us and checked by
    nobody.
    """
    found = [value for line, value in request.headers if line == name]
    if len(found) > 1:
        raise BadSignature(f"the header {name} is there twice")
    value = found[0].strip(" \t") if found else ""
    if len(value) > _MAX_HEADER or not value.isascii() or not value.isprintable():
        raise BadSignature(f"the header {name} is malformed")
    return value


def _check_host(request: Request) -> None:
    """A request meant for another server may be shown to us: its Host then is not ours."""
    if not _METHOD.fullmatch(request.method) or not _URL.fullmatch(request.url):
        raise BadSignature("the method or the URL is malformed")
    try:
        asked = urllib.parse.urlsplit(request.url)
        ours, default = asked.netloc.lower(), {"https": ":443", "http": ":80"}.get(asked.scheme, "")
    except ValueError:
        raise BadSignature("the URL is malformed") from None
    if not ours or _only(request, "host").lower().removesuffix(default) != ours:
        raise BadSignature("meant for another host")


def _check_time(made: float, now: float) -> None:
    if not now - OLDEST <= made <= now + NEWEST:
        raise BadSignature("signed too long ago, or in the future")


def _seconds(value: str) -> float:
    if not _SECONDS.fullmatch(value):
        raise BadSignature("created or expires is not a number")
    return float(value)


def _date(value: str) -> float:
    """RFC 9110, section 5.6.7, IMF-fixdate: one date and nothing around it."""
    found = _DATE.fullmatch(value)
    if not found or found[2] not in _MONTHS:
        raise BadSignature("the Date is malformed")
    day, year, hour, minute, second = (int(found[group]) for group in (1, 3, 4, 5, 6))
    try:
        moment = dt.datetime(
            year, _MONTHS[found[2]], day, hour, minute, min(second, 59), tzinfo=dt.UTC
        )
    except ValueError:
        raise BadSignature("the Date is malformed") from None
    return moment.timestamp()


def _decoded(value: str) -> bytes:
    try:
        return base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        raise BadSignature("malformed base64") from None


# draft-cavage-http-signatures-12


def _cavage_parameters(request: Request) -> Mapping[str, str]:
    header = _only(request, "signature")
    if not header:
        scheme, _, header = _only(request, "authorization").partition(" ")
        if scheme != "Signature":
            raise BadSignature("not signed")
    return _parsed(header)


@lru_cache(maxsize=64)
def _parsed(header: str) -> Mapping[str, str]:
    """Each request is asked twice: for its key's id, and with the key."""
    names = Counter(name.lower() for name in _PARAMETER.findall(header))
    if not names or max(names.values()) > 1:
        raise BadSignature("the Signature header is malformed")
    found: dict[str, str] = _httpsig.parse_signature_header(header)
    return found


def _verify_cavage(request: Request, key: PublicKey, now: float) -> None:
    parameters = _cavage_parameters(request)
    covered = parameters.get("headers", "").lower().split()
    values = {name: _covered_value(request, parameters, name) for name in covered}
    if len(values) != len(covered):
        raise BadSignature("a covered header is named twice")
    needed = {"(request-target)", "host"}
    if request.method not in _BODILESS or request.body:
        needed.add("digest")
    if not needed <= values.keys() or values.keys().isdisjoint({"date", "(created)"}):
        raise BadSignature("the signature does not cover enough")
    if "date" in values:
        _check_time(_date(values["date"]), now)
    if "(created)" in values:
        _check_time(_seconds(values["(created)"]), now)
    if "expires" in parameters and _seconds(parameters["expires"]) < now:
        raise BadSignature("the signature has expired")
    if "digest" in values:
        _check_digest(values["digest"], request.body)
    signature = _decoded(parameters.get("signature", ""))
    # The old Mastodon and GoToSocial sign the path without its query.
    targets = dict.fromkeys((_target(request.url), _target(request.url).partition("?")[0]))
    for target in targets:
        text = _httpsig.generate_message(covered, values, method=request.method, path=target)
        if _signed(key, signature, text):
            return
    raise BadSignature("the signature does not fit")


def _covered_value(request: Request, parameters: Mapping[str, str], name: str) -> str:
    if not _COVERED.fullmatch(name):
        raise BadSignature("a covered header has no proper name")
    if name == "(request-target)":
        return ""  # put in from method and path
    value = parameters.get(name[1:-1], "") if name[0] == "(" else _only(request, name)
    if not value:
        raise BadSignature(f"{name} is covered, but not there")
    return value


def _target(url: str) -> str:
    parts = urllib.parse.urlsplit(url)
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


def _signed(key: PublicKey, signature: bytes, text: bytes) -> bool:
    """The key decides the algorithm: `rsa-sha256`, `hs2019` or nothing at all mean the same."""
    try:
        if isinstance(key, Ed25519PublicKey):
            key.verify(signature, text)
        else:
            key.verify(signature, text, padding.PKCS1v15(), hashes.SHA256())
    except (InvalidSignature, ValueError, UnsupportedAlgorithm):
        return False
    return True


def _check_digest(header: str, body: bytes) -> None:
    """RFC 3230: a list of digests, their names in any case. SHA-256 is a must, all must fit."""
    seen = set()
    for item in header.split(","):
        name, _, value = item.strip().partition("=")
        name = name.lower()
        if name in seen:
            raise BadSignature("the same digest twice")
        seen.add(name)
        if name in _HASHES and not hmac.compare_digest(_HASHES[name](body), _decoded(value)):
            raise BadSignature("the digest is not that of the body")
    if "sha-256" not in seen:
        raise BadSignature("no SHA-256 digest")


# RFC 9421


class _Verifier(rfc9421.HTTPMessageVerifier):
    """Judges time by the `now` it is given."""

    now: float = 0

    def validate_created_and_expires(self, sig_input: Any, max_age: Any = None) -> None:
        created, expires = sig_input.params.get("created"), sig_input.params.get("expires")
        if type(created) is not int:
            raise BadSignature("created is missing")
        _check_time(created, self.now)
        if expires is not None and (type(expires) is not int or expires < self.now):
            raise BadSignature("the signature has expired")


@dataclass(frozen=True, slots=True)
class _Chosen:
    key_id: str
    components: tuple[Any, ...]
    headers: Mapping[str, str]  # the covered ones, and this one signature
    signature: bytes


@dataclass(frozen=True, slots=True)
class _Message:
    method: str
    url: str
    headers: Mapping[str, str]


class _OneKey(rfc9421.HTTPSignatureKeyResolver):
    def __init__(self, *, public: PublicKey | None = None, private: Any = None) -> None:
        self.public, self.private = public, private

    def resolve_public_key(self, key_id: str) -> PublicKey | None:
        return self.public

    def resolve_private_key(self, key_id: str) -> Any:
        return self.private


def _chosen(request: Request) -> _Chosen:
    """The first signature that names its key. Others (a proxy's, say) are neither read nor tried.

    RFC 9421, section 3.2, leaves the choice to the application.
    """
    inputs = _dictionary(_only(request, "signature-input"))
    signatures = _dictionary(_only(request, "signature"))
    for label, (items, parameters) in inputs.items():
        key_id = parameters.get("keyid")
        signature, _ = signatures.get(label, (None, None))
        if not isinstance(items, list) or not isinstance(key_id, str):
            continue
        if not isinstance(signature, bytes):
            continue
        headers = {name: _only(request, name) for name, _ in items if not str(name).startswith("@")}
        headers["signature-input"] = http_sf.ser({label: (items, parameters)})
        headers["signature"] = http_sf.ser({label: signatures[label]})
        components = tuple(name for name, extra in items if not extra)
        return _Chosen(key_id, components, headers, signature)
    raise BadSignature("no signature names its key")


def _dictionary(header: str) -> dict[str, Any]:
    """RFC 8941, section 3.2: per label the value (a list of values with parameters) and its own."""

    def refuse(_key: str, _where: str) -> None:
        raise BadSignature("the same label or parameter twice")

    try:
        found = http_sf.parse(header.encode(), tltype="dictionary", on_duplicate_key=refuse)
    except (ValueError, TypeError):
        raise BadSignature("a signature header is malformed") from None
    return cast("dict[str, Any]", found)


def _verify_rfc9421(request: Request, key: PublicKey, now: float) -> None:
    chosen = _chosen(request)
    if not _covers_enough(request, set(chosen.components)):
        raise BadSignature("the signature does not cover enough")
    kind = algorithms.ED25519 if isinstance(key, Ed25519PublicKey) else algorithms.RSA_V1_5_SHA256
    verifier = _Verifier(signature_algorithm=kind, key_resolver=_OneKey(public=key))
    verifier.now = now
    try:
        verifier.verify(
            _Message(request.method, request.url, chosen.headers), max_age=None, body=request.body
        )
    except rfc9421.HTTPMessageSignaturesException as error:
        raise BadSignature(f"the signature does not fit: {error}"[:200]) from None


def _covers_enough(request: Request, components: set[Any]) -> bool:
    """What no stranger may change: method, target and body."""
    parts = {"@path", "@query"} if urllib.parse.urlsplit(request.url).query else {"@path"}
    host = not components.isdisjoint({"@authority", "host"})
    target = "@target-uri" in components or (
        host and (parts <= components or "@request-target" in components)
    )
    bare = request.method in _BODILESS and not request.body
    return "@method" in components and target and (bare or "content-digest" in components)


# Signing


def sign_cavage(
    method: str, url: str, body: bytes, key: SigningKey, *, now: float, also: Headers = NONE
) -> dict[str, str]:
    """The headers of a request signed by `key`; a body is one of ActivityPub's JSON.

    `also`: further headers, covered too.

    `url` must be spelled as it will be sent: see `bridge.http.checked`.
    """
    parts = urllib.parse.urlsplit(url)
    headers = {"host": parts.netloc, "date": email.utils.formatdate(int(now), usegmt=True)}
    if method not in _BODILESS:
        headers["digest"] = "SHA-256=" + _b64(hashlib.sha256(body).digest())
        headers["content-type"] = MEDIA_TYPE
    headers |= {name.lower(): value for name, value in also.items()}
    covered = ("(request-target)", *headers)
    text = _httpsig.generate_message(covered, headers, method=method, path=_target(url))
    signature = key.private.sign(text, padding.PKCS1v15(), hashes.SHA256())
    headers["signature"] = _template(key.key_id, covered) % _b64(signature)
    return {name.title(): value for name, value in headers.items()}


@lru_cache(maxsize=4_096)
def _template(key_id: str, covered: tuple[str, ...]) -> str:
    # The template is filled in by "%": what the key id has of it must stand twice.
    escaped = key_id.replace("%", "%%")
    made: str = _httpsig.build_signature_template(escaped, "rsa-sha256", covered, "signature")
    return made


def sign_rfc9421(
    method: str, url: str, body: bytes, key: SigningKey, *, now: float, also: Headers = NONE
) -> dict[str, str]:
    """As `sign_cavage`; Content-Digest (RFC 9530) instead of Digest.

    Raises BadSignature for a URL that RFC 3986 does not know.
    """
    headers = {"Date": email.utils.formatdate(int(now), usegmt=True)}
    if method not in _BODILESS:
        headers["Content-Type"] = MEDIA_TYPE
    headers |= also
    signer = rfc9421.HTTPMessageSigner(
        signature_algorithm=algorithms.RSA_V1_5_SHA256, key_resolver=_OneKey(private=key.private)
    )
    try:
        signer.sign(
            _Message(method, url, headers),
            key_id=key.key_id,
            created=dt.datetime.fromtimestamp(int(now), dt.UTC),
            label="sig1",
            covered_component_ids=("@method", "@target-uri", *(name.lower() for name in also)),
            body=None if method in _BODILESS else body,
        )
    except (rfc9421.HTTPMessageSignaturesException, ValueError) as error:
        raise BadSignature(f"{url[:200]} cannot be signed: {error}"[:400]) from None
    return headers


def _b64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()
