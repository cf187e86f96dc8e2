"""The application-service registration: tokens and namespaces that homeserver and bridge share."""

import secrets
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml
from django.conf import settings

PREFIX = "_ap_"  # of every ghost, of every alias, and of the bot
BOT = "_ap_bot"


RESTORE = "Restore it from a backup, or move it away and run: python manage.py registration"


class RegistrationMissing(Exception):
    """There is none, or none that can be read; its text is for the admin."""


@dataclass(frozen=True, slots=True)
class Registration:
    id: str
    as_token: str
    hs_token: str
    bot: str  # Matrix ID
    server: str

    def ours(self, mxid: str) -> bool:
        return mxid.startswith(f"@{PREFIX}") and mxid.endswith(f":{self.server}")

    def mxid(self, localpart: str) -> str:
        return f"@{localpart}:{self.server}"

    def alias(self, localpart: str) -> str:
        return f"#{localpart}:{self.server}"


def load() -> Registration:
    """Raises RegistrationMissing with the command to run."""
    path = settings.OWNROOM_REGISTRATION
    try:
        changed = path.stat().st_mtime_ns
        return _read(path, changed, settings.OWNROOM_SERVER_NAME)
    except FileNotFoundError as error:
        raise RegistrationMissing(
            f"There is no registration at {path}. Run: python manage.py registration"
        ) from error
    except (OSError, UnicodeError, yaml.YAMLError, KeyError, TypeError) as error:
        raise RegistrationMissing(f"{_unread(path, error)}. {RESTORE}") from error


def _unread(path: Path, error: Exception) -> str:
    why = error.strerror if isinstance(error, OSError) else "it is no registration"
    return f"The registration at {path} cannot be read: {why}"


@lru_cache(maxsize=4)
def _read(path: Path, _changed: int, server: str) -> Registration:
    data = yaml.safe_load(path.read_text())
    return Registration(
        id=data["id"],
        as_token=data["as_token"],
        hs_token=data["hs_token"],
        bot=f"@{data['sender_localpart']}:{server}",
        server=server,
    )


def namespaces() -> dict[str, Any]:
    server = settings.OWNROOM_SERVER_NAME.replace(".", "\\.")
    return {
        "users": [{"exclusive": True, "regex": f"@{PREFIX}.*:{server}"}],
        "aliases": [{"exclusive": True, "regex": f"#{PREFIX}.*:{server}"}],
        "rooms": [],
    }


def _old(path: Path) -> dict[str, Any]:
    try:
        found = yaml.safe_load(path.read_text()) if path.exists() else {}
    except (OSError, UnicodeError, yaml.YAMLError) as error:
        raise RegistrationMissing(f"{_unread(path, error)}. {RESTORE}") from error
    if not isinstance(found, dict):
        raise RegistrationMissing(f"The registration at {path} has nothing in it. {RESTORE}")
    return found


def write(url: str) -> str:
    """Writes the file where the settings say, keeping the tokens it has; returns its text.

    Raises RegistrationMissing where what is there cannot be read: tokens that are lost by mistake
    lock us out of the homeserver.
    """
    path: Path = settings.OWNROOM_REGISTRATION
    old = _old(path)
    data = {
        "id": old.get("id", "ownroom"),
        "url": url,
        "as_token": old.get("as_token") or f"as_{secrets.token_hex(24)}",
        "hs_token": old.get("hs_token") or f"hs_{secrets.token_hex(24)}",
        "sender_localpart": BOT,
        "rate_limited": False,
        "receive_ephemeral": False,
        "namespaces": namespaces(),
        "protocols": ["activitypub"],
    }
    text = yaml.safe_dump(data, sort_keys=False)
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.new")
    draft.touch(mode=0o600)
    draft.write_text(text)
    draft.replace(path)  # atomic: a homeserver never reads half a file
    return text
