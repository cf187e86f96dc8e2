"""What a Synapse of ours is told: pure values, and the small files it wants beside them."""

import base64
import datetime as dt
import ipaddress
import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

_FAST = {"per_second": 1_000_000, "burst_count": 1_000_000}
_NO_LIMITS: dict[str, Any] = {
    "rc_message": _FAST,
    "rc_registration": _FAST,
    "rc_admin_redaction": _FAST,
    "rc_room_creation": _FAST,
    "rc_profile": _FAST,
    "rc_media_create": _FAST,
    "rc_user_directory": _FAST,
    "rc_joins_per_room": _FAST,
    "rc_third_party_invite": _FAST,
    "rc_reports": _FAST,
    "rc_delayed_event_mgmt": _FAST,
    "rc_joins": {"local": _FAST, "remote": _FAST},
    "rc_login": {"address": _FAST, "account": _FAST, "failed_attempts": _FAST},
    "rc_invites": {"per_room": _FAST, "per_user": _FAST, "per_issuer": _FAST},
    "rc_federation": {"concurrent": 50, "reject_limit": 1000, "sleep_delay": 1},
}


def secret(folder: Path) -> str:
    path = folder / "shared_secret"
    if not path.exists():
        path.write_text(secrets.token_hex(24))
        path.chmod(0o600)
    return path.read_text()


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    server_name: str
    port: int
    federation_port: int | None = None
    registrations: Sequence[Path] = ()
    database: str | Mapping[str, Any] = "sqlite"  # or a DSN, or psycopg2's arguments


def compose(folder: Path, plan: Plan) -> dict[str, Any]:
    """The homeserver.yaml as a value (JSON is YAML); writes the files it names."""
    shared = secret(folder)
    return {
        "server_name": plan.server_name,
        "public_baseurl": f"http://127.0.0.1:{plan.port}/",
        "listeners": _listeners(plan.port, plan.federation_port),
        "database": _database(folder, plan.database),
        "log_config": str(_logging(folder)),
        "media_store_path": str(folder / "media"),
        "signing_key_path": str(_signing_key(folder)),
        "registration_shared_secret": shared,
        "macaroon_secret_key": shared + "m",
        "form_secret": shared + "f",
        "app_service_config_files": [str(path.resolve()) for path in plan.registrations],
        "enable_registration": False,
        "presence": {"enabled": False},
        # Else two equal requests of one person get one answer, be there news between them or not.
        "caches": {"sync_response_cache_duration": "0s"},
        "bcrypt_rounds": 4,  # slow hashing protects nobody on a laptop's demo
        "max_event_delay_duration": "24h",
        "report_stats": False,
        **_federation(folder, plan.server_name, plan.federation_port),
        **_NO_LIMITS,
    }


def _listeners(port: int, federation_port: int | None) -> list[dict[str, Any]]:
    open_to = {"type": "http", "bind_addresses": ["127.0.0.1"]}
    found = [{**open_to, "port": port, "resources": [{"names": ["client", "openid", "media"]}]}]
    if federation_port:
        served = [{"names": ["federation", "keys", "openid", "media"]}]
        found.append({**open_to, "port": federation_port, "tls": True, "resources": served})
    return found


def _federation(folder: Path, server_name: str, port: int | None) -> dict[str, Any]:
    if not port:
        return {"trusted_key_servers": [], "federation_domain_whitelist": []}
    certificate, key = _certificate(folder, server_name)
    # Synapse refuses private addresses by default; here everybody lives on one.
    return {
        "trusted_key_servers": [],
        "federation_verify_certificates": False,
        "ip_range_blacklist": [],
        "federation_ip_range_blacklist": [],
        "tls_certificate_path": str(certificate),
        "tls_private_key_path": str(key),
        "federation": {"client_timeout": "10s", "max_short_retries": 2},
    }


def _database(folder: Path, wanted: str | Mapping[str, Any]) -> dict[str, Any]:
    if wanted == "sqlite":
        return {"name": "sqlite3", "args": {"database": str(folder / "homeserver.db")}}
    if not isinstance(wanted, str):
        return {"name": "psycopg2", "args": {"cp_min": 5, "cp_max": 10, **wanted}}
    dsn = urlsplit(wanted)
    told = {
        "user": unquote(dsn.username or ""),
        "password": unquote(dsn.password or ""),
        "host": dsn.hostname,
        "port": dsn.port,
        "dbname": dsn.path.lstrip("/"),
    }
    return _database(folder, {key: value for key, value in told.items() if value})


def _logging(folder: Path) -> Path:
    handler = {
        "class": "logging.FileHandler",
        "formatter": "line",
        "filename": str(folder / "homeserver.log"),
    }
    config = {
        "version": 1,
        # Without this, Python's logging silences every logger Synapse has made already.
        "disable_existing_loggers": False,
        "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
        "handlers": {"file": handler},
        "root": {"level": "WARNING", "handlers": ["file"]},
    }
    path = folder / "log.yaml"
    path.write_text(json.dumps(config))
    return path


def _signing_key(folder: Path) -> Path:
    path = folder / "signing.key"
    if not path.exists():
        seed = base64.b64encode(secrets.token_bytes(32)).decode().rstrip("=")
        path.write_text(f"ed25519 a_{secrets.token_hex(2)} {seed}\n")
        path.chmod(0o600)
    return path


def _certificate(folder: Path, server_name: str) -> tuple[Path, Path]:
    """Self-made: federation on loopback checks the signing keys, not who sold the certificate."""
    certificate, private = folder / "tls.crt", folder / "tls.key"
    if certificate.exists() and private.exists():
        return certificate, private
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "loopback homeserver")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=3650))
        .add_extension(x509.SubjectAlternativeName([_subject(server_name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    private.chmod(0o600)
    return certificate, private


def _subject(server_name: str) -> x509.GeneralName:
    host = server_name.rsplit(":", 1)[0]
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)
