"""HTTP signatures of the neighbour, both dialects, written apart from the product's on purpose.

Pure: draft-cavage-http-signatures-12 and RFC 9421 with RSASSA-PKCS1-v1_5 and SHA-256.
"""

import base64
import binascii
import hashlib
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import formatdate, parsedate_to_datetime
from typing import Literal
from urllib.parse import urlsplit

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

Dialect = Literal["cavage", "rfc9421"]
BOTH: frozenset[Dialect] = frozenset({"cavage", "rfc9421"})
WINDOW = 3600  # seconds a clock may differ

_CAVAGE = re.compile(r'(\w+)=(?:"([^"]*)"|(\d+))')
_INPUT = re.compile(
    r"\s*(?P<label>[a-z*][a-z0-9_.*-]*)=(?P<rest>\((?P<names>[^()]*)\)"
    r'(?P<params>(?:;[a-z]+=(?:"[^"]*"|-?\d+))*))'
)
_PARAM = re.compile(r';([a-z]+)=(?:"([^"]*)"|(-?\d+))')


class Doubt(Exception):
    """Why a request is not believed; the sender is told."""


@dataclass(frozen=True, slots=True)
class Request:
    method: str
    url: str
    headers: Mapping[str, str]  # any mapping that does not mind the case, or lower-case names
    body: bytes | None = None


@dataclass(frozen=True, slots=True)
class Claim:
    """What a request says of itself, not yet proven."""

    dialect: Dialect
    key_id: str
    base: bytes
    signature: bytes


def sign(dialect: Dialect, key: rsa.RSAPrivateKey, key_id: str, request: Request) -> dict[str, str]:
    """All headers to send; `request.headers` adds to them or overrules the date."""
    made = _sign_cavage if dialect == "cavage" else _sign_rfc9421
    return made(key, key_id, request)


def claim(request: Request, accepted: frozenset[Dialect]) -> Claim:
    """Reads the signature and checks all that needs no key. Raises Doubt."""
    dialect: Dialect = "rfc9421" if request.headers.get("signature-input") else "cavage"
    if not request.headers.get("signature"):
        raise Doubt("Request not signed")
    if dialect not in accepted:
        raise Doubt(f"Signatures of the kind {dialect} are not understood here")
    try:
        return _claim_cavage(request) if dialect == "cavage" else _claim_rfc9421(request)
    except (ValueError, TypeError, KeyError, binascii.Error) as error:
        raise Doubt(f"Signature not readable: {error}") from None


def check(made: Claim, pem: str) -> None:
    """Raises Doubt unless the key behind `pem` made the signature."""
    try:
        key = serialization.load_pem_public_key(pem.encode())
        if not isinstance(key, rsa.RSAPublicKey):
            raise Doubt("Not an RSA key")
        key.verify(made.signature, made.base, padding.PKCS1v15(), hashes.SHA256())
    except (InvalidSignature, ValueError) as error:
        raise Doubt(f"Signature does not fit the key: {type(error).__name__}") from None


def pem(key: rsa.RSAPrivateKey) -> str:
    spki = serialization.PublicFormat.SubjectPublicKeyInfo
    return key.public_key().public_bytes(serialization.Encoding.PEM, spki).decode()


def _sha256(body: bytes) -> str:
    return base64.b64encode(hashlib.sha256(body).digest()).decode()


def _seal(key: rsa.RSAPrivateKey, text: str) -> str:
    return base64.b64encode(key.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256())).decode()


# draft-cavage-http-signatures-12


def _sign_cavage(key: rsa.RSAPrivateKey, key_id: str, request: Request) -> dict[str, str]:
    headers = {
        "host": urlsplit(request.url).netloc,
        "date": formatdate(usegmt=True),
        **request.headers,
    }
    names = ["(request-target)", "host", "date"]
    if request.body is not None:
        headers.setdefault("digest", "SHA-256=" + _sha256(request.body))
        names.append("digest")
    sealed = _seal(key, _cavage_text(names, request.method, request.url, headers))
    headers["signature"] = (
        f'keyId="{key_id}",algorithm="rsa-sha256",headers="{" ".join(names)}",signature="{sealed}"'
    )
    return headers


def _cavage_text(names: list[str], method: str, url: str, values: Mapping[str, str]) -> str:
    lines = []
    for name in names:
        if name == "(request-target)":
            parts = urlsplit(url)
            query = f"?{parts.query}" if parts.query else ""
            lines.append(f"(request-target): {method.lower()} {parts.path or '/'}{query}")
        else:
            lines.append(f"{name}: {values[name]}")
    return "\n".join(lines)


def _claim_cavage(request: Request) -> Claim:
    found = {
        key: text or number for key, text, number in _CAVAGE.findall(request.headers["signature"])
    }
    names = found["headers"].split()
    needed = {"(request-target)", "host", "date"} | ({"digest"} if request.body else set())
    if lacking := needed - set(names):
        raise Doubt(f"Not covered by the signature: {', '.join(sorted(lacking))}")
    if found.get("algorithm", "hs2019") not in ("rsa-sha256", "hs2019"):
        raise Doubt("Algorithm not accepted")
    if abs(parsedate_to_datetime(request.headers["date"]).timestamp() - time.time()) > WINDOW:
        raise Doubt("Date too far from now")
    if request.body:
        _check_digest(request.headers["digest"], _sha256(request.body))
    text = _cavage_text(names, request.method, request.url, request.headers)
    signature = base64.b64decode(found["signature"], validate=True)
    return Claim("cavage", found["keyId"], text.encode(), signature)


def _check_digest(header: str, wanted: str) -> None:
    told = [part.strip().partition("=") for part in header.split(",")]
    if not any(name.lower() == "sha-256" and value == wanted for name, _, value in told):
        raise Doubt("Digest differs from the body")


# RFC 9421, HTTP Message Signatures


def _sign_rfc9421(key: rsa.RSAPrivateKey, key_id: str, request: Request) -> dict[str, str]:
    headers = {"host": urlsplit(request.url).netloc, "date": formatdate(usegmt=True)}
    headers |= request.headers
    names = ["@method", "@target-uri"]
    if request.body is not None:
        headers.setdefault("content-digest", f"sha-256=:{_sha256(request.body)}:")
        names.append("content-digest")
    covered = " ".join(f'"{name}"' for name in names)
    rest = f'({covered});created={int(time.time())};keyid="{key_id}"'
    sent = Request(request.method, request.url, headers, request.body)
    headers["signature-input"] = f"sig1={rest}"
    headers["signature"] = f"sig1=:{_seal(key, _rfc9421_text(names, rest, sent))}:"
    return headers


def _rfc9421_text(names: list[str], rest: str, request: Request) -> str:
    lines = [f'"{name}": {_component(name, request)}' for name in names]
    return "\n".join([*lines, f'"@signature-params": {rest}'])


def _component(name: str, request: Request) -> str:
    """RFC 9421, section 2.2: derived components."""
    parts = urlsplit(request.url)
    derived = {
        "@method": request.method.upper(),
        "@target-uri": request.url,
        "@authority": parts.netloc.lower(),
        "@scheme": parts.scheme,
        "@path": parts.path or "/",
        "@query": f"?{parts.query}",
        "@request-target": (parts.path or "/") + (f"?{parts.query}" if parts.query else ""),
    }
    if name.startswith("@"):
        return derived[name]
    return request.headers[name].strip()


def _claim_rfc9421(request: Request) -> Claim:
    found = _INPUT.match(request.headers["signature-input"])
    if not found:
        raise Doubt("Signature-Input not readable")
    names = [name.strip('"') for name in found["names"].split()]
    params = {key: text or number for key, text, number in _PARAM.findall(found["params"])}
    _check_rfc9421(set(names), params, request)
    sealed = re.search(
        rf"(?:^|[\s,]){re.escape(found['label'])}=:([^:]*):", request.headers["signature"]
    )
    if not sealed:
        raise Doubt("No signature under the label of the input")
    text = _rfc9421_text(names, found["rest"], request)
    signature = base64.b64decode(sealed[1], validate=True)
    return Claim("rfc9421", params["keyid"], text.encode(), signature)


def _check_rfc9421(names: set[str], params: Mapping[str, str], request: Request) -> None:
    if "@method" not in names or not ("@target-uri" in names or {"@authority", "@path"} <= names):
        raise Doubt("The signature covers neither method nor target")
    if params.get("alg", "rsa-v1_5-sha256") != "rsa-v1_5-sha256":
        raise Doubt("Algorithm not accepted")
    if abs(int(params["created"]) - time.time()) > WINDOW:
        raise Doubt("Created too far from now")
    if int(params.get("expires", time.time() + 1)) < time.time():
        raise Doubt("Expired")
    if request.body:
        if "content-digest" not in names:
            raise Doubt("Not covered by the signature: content-digest")
        _check_digest(request.headers["content-digest"], f":{_sha256(request.body)}:")
