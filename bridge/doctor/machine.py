"""The machine: settings, secret, disk, database, Redis."""

import difflib
import errno
import os
import shutil
import stat
import tempfile
from pathlib import Path

from cryptography.exceptions import InvalidTag
from django.conf import settings
from django.core.checks import run_checks
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor

from bridge import keys
from bridge.doctor.findings import Finding, fail, ok, warn
from bridge.models import Key

KNOWN = (
    "OWNROOM_DOMAIN",
    "OWNROOM_SCHEME",
    "OWNROOM_HANDLE_DOMAIN",
    "OWNROOM_HOMESERVER_URL",
    "OWNROOM_SERVER_NAME",
    "OWNROOM_REGISTRATION",
    "OWNROOM_SECRET_KEY",
    "OWNROOM_DATA",
    "OWNROOM_ALLOW_PRIVATE",
    "OWNROOM_SECURE_FETCH",
    "OWNROOM_ADMINS",
    "OWNROOM_SIGNUPS",
    "OWNROOM_MEDIA_LIMIT",
    "OWNROOM_MEDIA_HOST",
    "OWNROOM_ROOM_GHOSTS",
    "OWNROOM_HOMESERVER_ADMIN_TOKEN",
    "OWNROOM_MEDIA_DAYS",
    "OWNROOM_MEDIA_QUOTA",
    "OWNROOM_ENV_FILE",
    "OWNROOM_LOG_LEVEL",
    # not for admins: demo, tests, and what one part tells another
    "OWNROOM_PARTS",
    "OWNROOM_SYNAPSE_VENV",
    "OWNROOM_SURVIVE",
    "OWNROOM_TEST_SERVICES",
)
SHORT = 32  # characters: a secret below it can be guessed
LOW, EMPTY = 1024**3, 100 * 1024**2  # bytes free


def right_settings() -> Finding:
    problems = run_checks(tags=["ownroom"])
    if problems:
        first = problems[0]
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        return fail(f"{first.msg}{more}", first.hint or "See the settings in docs/admin.md.")
    if odd := [name for name in os.environ if name.startswith("OWNROOM_") and name not in KNOWN]:
        return warn(f"nobody knows the setting {odd[0]}", _meant(odd[0]))
    if settings.OWNROOM_SCHEME == "http" and not _is_local(settings.OWNROOM_DOMAIN):
        return warn("OWNROOM_SCHEME is http: no other server will speak with this one", _HTTPS)
    return ok(f"{settings.OWNROOM_DOMAIN} beside the homeserver {settings.OWNROOM_SERVER_NAME}")


_HTTPS = "Leave OWNROOM_SCHEME out; http is only for a laptop or a test."


def _meant(name: str) -> str:
    near = difflib.get_close_matches(name, KNOWN, 1)
    return f"Did you mean {near[0]}?" if near else "Remove it; docs/admin.md lists what there is."


def _is_local(domain: str) -> bool:
    host = domain.split(":", maxsplit=1)[0]
    return host == "localhost" or host.endswith((".localhost", ".test")) or host.startswith("127.")


def secret() -> Finding:
    path = settings.OWNROOM_DATA / "secret_key"
    if os.environ.get("OWNROOM_SECRET_KEY"):
        path = Path(os.environ.get("OWNROOM_ENV_FILE") or settings.BASE_DIR / ".env")
    if path.is_file() and (loose := _loose(path)):
        return fail(f"others on this machine can read it ({loose} on {path})", f"chmod 600 {path}")
    if len(settings.SECRET_KEY) < SHORT:
        text = f"it is short: {len(settings.SECRET_KEY)} characters"
        return warn(
            text, f"A new server needs {SHORT} or more. In use already? Keep it: it opens the keys."
        )
    return _opens_the_keys()


def _loose(path: Path) -> str:
    mode = stat.S_IMODE(path.stat().st_mode)
    # A group of its own may read it: that is how a unit's environment file is kept.
    return f"{mode:04o}" if mode & 0o007 else ""


def _opens_the_keys() -> Finding:
    try:
        row = Key.objects.select_related("actor").first()
        if row:
            keys.open_sealed(row.actor.uri, row.sealed)
    except InvalidTag:
        cure = "Put back the secret from the backup: without it these people lose their identity."
        return fail("the signing keys were sealed with another secret", cure)
    except DatabaseError:
        return ok("it is private (the database was not asked whether it opens the keys)")
    return ok("it is private and opens the signing keys" if row else "it is private")


def data_folder() -> Finding:
    folder = settings.OWNROOM_DATA
    try:
        with tempfile.NamedTemporaryFile(dir=folder, prefix=".doctor"):
            pass
    except OSError as error:
        cure = f"It must belong to the user who runs Ownroom: chown -R ownroom {folder}"
        if error.errno == errno.EROFS:
            cure = "Mount it so that it can be written, or let OWNROOM_DATA name another folder."
        return fail(f"{folder} cannot be written ({error.strerror})", cure)
    free = shutil.disk_usage(folder).free
    text = f"{folder}, {free / 1024**3:.1f} GB free"
    if free < EMPTY:
        return fail(f"the disk is full: {text}", "Make room before anything is lost.")
    return warn(text, "Make room soon.") if free < LOW else ok(text)


def database() -> Finding:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        executor = MigrationExecutor(connection)
        missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
        newer = set(executor.loader.applied_migrations) - set(executor.loader.graph.nodes)
    except DatabaseError as error:
        reason = " ".join(str(error).split())[:200]
        cure = "Is it running? Are address, name and password in DATABASE_URL right?"
        if connection.vendor == "sqlite":
            cure = f"It is a file. Is there room, and may we write, in {settings.OWNROOM_DATA}?"
        return fail(f"it does not answer: {reason}", cure)
    if missing:
        return fail(f"{len(missing)} migrations are missing", "python manage.py migrate")
    if ours := sorted(name for app, name in newer if app in {"bridge", "social"}):
        cure = "Install that version again, or restore the backup from before."
        return fail(f"it was made by a newer version ({ours[-1]})", cure)
    return ok(f"{connection.vendor}, all migrations are there")


def redis() -> Finding:
    if not settings.REDIS_URL:
        return ok("none: everything runs in one process")
    from redis import Redis, RedisError
    from redis.exceptions import ResponseError

    try:
        server = Redis.from_url(settings.REDIS_URL, socket_timeout=5, socket_connect_timeout=5)
        server.ping()
        policy = str(server.config_get("maxmemory-policy").get("maxmemory-policy", ""))
    except ResponseError:
        return warn("it does not tell its eviction policy", "Look yourself: it must be noeviction.")
    except (RedisError, ValueError) as error:
        cure = "Is it running? Is REDIS_URL right? Nothing is lost meanwhile: the tables hold it."
        return fail(f"it does not answer: {error}", cure)
    if policy != "noeviction":
        cure = "Set maxmemory-policy noeviction in redis.conf."
        return warn(f"when full it forgets by {policy}: work then waits for the next sweep", cure)
    return ok("it answers and evicts nothing")
