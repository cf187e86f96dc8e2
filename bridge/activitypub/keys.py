"""Keys: strangers' public ones are doubted, our own private ones are made here and kept parsed."""

from functools import lru_cache

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey

from bridge.errors import Trouble

PublicKey = RSAPublicKey | Ed25519PublicKey
PrivateKey = RSAPrivateKey | Ed25519PrivateKey

_MAX_PEM = 16_384
_RSA_BITS = range(1_024, 8_193)
_MAX_EXPONENT_BITS = 64  # a longer one only makes every check slow


class BadSignature(Trouble):
    """Nobody is believed to have sent this request. Answer 401; the text is for admins."""


@lru_cache(maxsize=4_096)
def load_public(pem: str) -> PublicKey:
    """A stranger's key: RSA (SPKI or PKCS#1) or Ed25519. Raises BadSignature for any other."""
    if len(pem) > _MAX_PEM:
        raise BadSignature("the key is too long")
    try:
        key = serialization.load_pem_public_key(pem.encode())
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise BadSignature("the key is not readable") from None
    if isinstance(key, Ed25519PublicKey):
        return key
    if not isinstance(key, RSAPublicKey):
        raise BadSignature("the key is neither RSA nor Ed25519")
    if key.key_size not in _RSA_BITS:
        raise BadSignature("the RSA key is too short or too long")
    if key.public_numbers().e.bit_length() > _MAX_EXPONENT_BITS:
        raise BadSignature("the RSA key has an absurd exponent")
    return key


@lru_cache(maxsize=1_024)
def load_private(pem: bytes) -> PrivateKey:
    """A key that we generated and stored: never a stranger's, since it is not checked again."""
    key = serialization.load_pem_private_key(
        pem, password=None, unsafe_skip_rsa_key_validation=True
    )
    if not isinstance(key, RSAPrivateKey | Ed25519PrivateKey):
        raise TypeError("our keys are RSA or Ed25519")
    return key


def generate_rsa() -> bytes:
    return _private_pem(rsa.generate_private_key(public_exponent=65_537, key_size=2_048))


def generate_ed25519() -> bytes:
    return _private_pem(Ed25519PrivateKey.generate())


def _private_pem(key: PrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def public_pem(private: PrivateKey) -> str:
    """SPKI, as `publicKeyPem` wants it."""
    return (
        private.public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        .decode()
    )
