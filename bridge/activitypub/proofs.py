"""FEP-8b32: a document that proves its author by itself, wherever it comes from.

Suite eddsa-jcs-2022 (W3C, Data Integrity EdDSA Cryptosuites, section 3.3) and no other. Whether
the key is one of the author's is for the caller to know.
"""

import hashlib
import time
from typing import Any

import rfc8785
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from bridge.activitypub import jsonld
from bridge.activitypub.keys import BadSignature

SUITE = "eddsa-jcs-2022"

_ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_VALUES = {letter: value for value, letter in enumerate(_ALPHABET)}
_ED25519 = b"\xed\x01"  # multicodec ed25519-pub
_MAX_MULTIBASE = 128
_SECONDS = len("2026-11-23T18:45:10")


def add(
    document: dict[str, Any], key: Ed25519PrivateKey, *, verification_method: str, created: str
) -> dict[str, Any]:
    """A copy of `document` with a proof; `created` is an ISO date in UTC."""
    plain = _unsecured(document)
    proof = {
        "type": "DataIntegrityProof",
        "cryptosuite": SUITE,
        "verificationMethod": verification_method,
        "proofPurpose": "assertionMethod",
        # Fedify writes the date anew before it checks, without zeros at the end of the fraction.
        "created": f"{created[:_SECONDS]}Z",
    }
    if "@context" in plain:
        proof["@context"] = plain["@context"]
    value = "z" + _encode(key.sign(_hashed(plain, proof)))
    return {**plain, "proof": {**proof, "proofValue": value}}


def check(document: dict[str, Any], multikey: str) -> bool:
    """Whether the owner of `multikey` proved this document. Never raises."""
    proof = _proof(document)
    if not proof:
        return False
    try:
        key, signature = from_multikey(multikey), multibase(proof["proofValue"])
        return any(
            _fits(key, signature, plain, options) for plain, options in _readings(document, proof)
        )
    except (BadSignature, ValueError, RecursionError):
        return False  # among them numbers beyond 2^53, which have no canonical form


def multikey(public: Ed25519PublicKey) -> str:
    """FEP-521a: `publicKeyMultibase`, z6Mk…"""
    return "z" + _encode(_ED25519 + public.public_bytes(Encoding.Raw, PublicFormat.Raw))


def from_multikey(text: str) -> Ed25519PublicKey:
    """Raises BadSignature for anything but an Ed25519 key in base58btc."""
    raw = multibase(text)
    if not raw.startswith(_ED25519):
        raise BadSignature("the multikey is not Ed25519")
    try:
        return Ed25519PublicKey.from_public_bytes(raw[len(_ED25519) :])
    except ValueError:
        raise BadSignature("the multikey is malformed") from None


def _proof(document: dict[str, Any]) -> dict[str, Any]:
    """The first proof of our suite: a document may carry others."""
    for proof in jsonld.as_list(document.get("proof")):
        if (
            isinstance(proof, dict)
            and proof.get("type") == "DataIntegrityProof"
            and proof.get("cryptosuite") == SUITE
            and proof.get("proofPurpose") == "assertionMethod"
            and isinstance(proof.get("proofValue"), str)
            and jsonld.millis(proof.get("created")) is not None
            and not _expired(proof.get("expires"))
        ):
            return proof
    return {}


def _expired(expires: Any) -> bool:
    if expires is None:
        return False
    until = jsonld.millis(expires)
    return until is None or until < time.time() * 1_000


def _unsecured(document: dict[str, Any]) -> dict[str, Any]:
    """Without the proof, and without the older signature that may stand beside it."""
    return {key: value for key, value in document.items() if key not in {"proof", "signature"}}


def _readings(
    document: dict[str, Any], proof: dict[str, Any]
) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """What may have been signed: pairs of a document and the proof without its value."""
    plain = _unsecured(document)
    options = {key: value for key, value in proof.items() if key != "proofValue"}
    if "@context" in options:
        # Section 3.3.2: the document may have more contexts than were signed, after those.
        signed, shown = jsonld.as_list(options["@context"]), jsonld.as_list(plain.get("@context"))
        if shown[: len(signed)] != signed:
            return []
        return [({**plain, "@context": options["@context"]}, options)]
    readings = [(plain, options)]
    if "@context" in plain:
        # Fedify signs the context in the proof's options, but does not write it there.
        readings.append((plain, {**options, "@context": plain["@context"]}))
    return readings


def _hashed(plain: dict[str, Any], options: dict[str, Any]) -> bytes:
    return b"".join(hashlib.sha256(rfc8785.dumps(part)).digest() for part in (options, plain))


def _fits(
    key: Ed25519PublicKey, signature: bytes, plain: dict[str, Any], options: dict[str, Any]
) -> bool:
    try:
        key.verify(signature, _hashed(plain, options))
    except InvalidSignature:
        return False
    return True


def multibase(text: Any) -> bytes:
    if not isinstance(text, str) or not text.startswith("z") or len(text) > _MAX_MULTIBASE:
        raise BadSignature("not base58btc")
    return _decode(text[1:])


def _encode(raw: bytes) -> str:
    number, letters = int.from_bytes(raw), ""
    while number:
        number, value = divmod(number, 58)
        letters = _ALPHABET[value] + letters
    return "1" * (len(raw) - len(raw.lstrip(b"\0"))) + letters


def _decode(text: str) -> bytes:
    number = 0
    for letter in text:
        if letter not in _VALUES:
            raise BadSignature("not base58btc")
        number = number * 58 + _VALUES[letter]
    zeros = len(text) - len(text.lstrip("1"))
    return bytes(zeros) + number.to_bytes((number.bit_length() + 7) // 8)
