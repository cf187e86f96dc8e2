"""Signing keys, sealed with the server's secret: AES-256-GCM, bound to the actor's URI.

Losing a key is losing an identity (some servers never ask for a new one), so the sealed text is
kept in the control room too; see bridge/rebuild/.
"""

import base64
import os
from dataclasses import dataclass
from functools import lru_cache

import orjson
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
)
from django.conf import settings

from bridge.activitypub import proofs, signatures
from bridge.models import Key
from social.models import Actor

INSTANCE = "instance"  # the handle of the server's own actor


@dataclass(frozen=True, slots=True)
class Pair:
    uri: str  # of the actor
    rsa: RSAPrivateKey
    ed25519: Ed25519PrivateKey

    @property
    def key_id(self) -> str:
        return f"{self.uri}#main-key"

    @property
    def proof_id(self) -> str:
        return f"{self.uri}#ed25519-key"

    @property
    def public_pem(self) -> str:
        return (
            self.rsa.public_key()
            .public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
            .decode()
        )

    @property
    def multikey(self) -> str:
        return proofs.multikey(self.ed25519.public_key())

    @property
    def signing(self) -> signatures.SigningKey:
        return signatures.SigningKey(self.key_id, self.rsa)


@lru_cache(maxsize=1)
def _cipher(secret: str) -> AESGCM:
    derived = HKDF(hashes.SHA256(), length=32, salt=None, info=b"ownroom signing keys")
    return AESGCM(derived.derive(secret.encode()))


def make(uri: str) -> str:
    """A new sealed pair."""
    pair = {
        "rsa": signatures.generate_rsa().decode(),
        "ed25519": signatures.generate_ed25519().decode(),
    }
    nonce = os.urandom(12)
    sealed = _cipher(settings.SECRET_KEY).encrypt(nonce, orjson.dumps(pair), uri.encode())
    return base64.b64encode(nonce + sealed).decode()


def open_sealed(uri: str, sealed: str) -> Pair:
    """Raises cryptography's InvalidTag when the secret key is another one."""
    data = base64.b64decode(sealed)
    pair = orjson.loads(_cipher(settings.SECRET_KEY).decrypt(data[:12], data[12:], uri.encode()))
    rsa = signatures.load_private(pair["rsa"].encode())
    ed25519 = signatures.load_private(pair["ed25519"].encode())
    if not isinstance(rsa, RSAPrivateKey) or not isinstance(ed25519, Ed25519PrivateKey):
        raise TypeError("not a key pair of ours")
    return Pair(uri, rsa, ed25519)


@lru_cache(maxsize=1000)
def _pair(uri: str, sealed: str) -> Pair:
    return open_sealed(uri, sealed)


def of(actor: Actor) -> Pair:
    return _pair(actor.uri, Key.objects.only("sealed").get(actor=actor).sealed)


def instance() -> Pair:
    """The server's own actor signs fetches; it is made at first use."""
    uri = instance_uri()
    row = Key.objects.filter(actor__uri=uri).first() or restore_instance(make(uri))
    return _pair(uri, row.sealed)


def instance_sealed() -> str:
    """For keeping beside the other keys in the control room."""
    instance()
    return Key.objects.get(actor__uri=instance_uri()).sealed


def instance_uri() -> str:
    return f"{settings.OWNROOM_ORIGIN}/ap/actor"


def restore_instance(sealed: str) -> Key:
    """The server's own actor with this key, unless it has one already."""
    actor, _ = Actor.objects.get_or_create(
        uri=instance_uri(),
        defaults={
            "handle": INSTANCE,
            "domain": settings.OWNROOM_HANDLE_DOMAIN,
            "host": settings.OWNROOM_DOMAIN,
            "kind": "application",
        },
    )
    return Key.objects.get_or_create(actor=actor, defaults={"sealed": sealed})[0]
