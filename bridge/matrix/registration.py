"""The application-service registration: tokens and namespaces that homeserver and bridge share."""

import os
import secrets
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml
from django.conf import settings

PREFIX = "_ap_"  # of every ghost, of every alias, and of the bot
BOT = "_ap_bot"


class RegistrationMissing(Exception):
    pass


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
    except FileNotFoundError as error:
        raise RegistrationMissing(
            f"There is no registration at {path}. Run: python manage.py registration"
        ) from error
    return _read(path, changed, settings.OWNROOM_SERVER_NAME)


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


def write(url: str) -> str:
    """Writes the file where the settings say, keeping the tokens it has; returns its text."""
    path: Path = settings.OWNROOM_REGISTRATION
    old: dict[str, Any] = yaml.safe_load(path.read_text()) if path.exists() else {}
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
    os.replace(draft, path)  # noqa: PTH105  atomic: a homeserver never reads half a file
    return text
