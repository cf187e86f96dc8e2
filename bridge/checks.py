"""System checks: a wrong or missing setting is named, with what to do, before anything starts."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register

from bridge import names

REQUIRED = {
    "OWNROOM_DOMAIN": "the host of this server as others see it, for example social.example.org",
    "OWNROOM_HOMESERVER_URL": "the client API of your homeserver, for example http://localhost:8008",
    "OWNROOM_SERVER_NAME": "the homeserver's name, the part after the colon in its Matrix IDs",
}
SIGNUPS = ("local", "anyone", "invited")


@register("ownroom")
def required_settings(**_: Any) -> list[CheckMessage]:
    found: list[CheckMessage] = [
        Error(f"{name} is not set.", hint=f"Set it to {what}.", id="ownroom.E001")
        for name, what in REQUIRED.items()
        if not getattr(settings, name)
    ]
    if settings.OWNROOM_SCHEME not in {"https", "http"}:
        found.append(Error("OWNROOM_SCHEME must be https (or http for a test).", id="ownroom.E002"))
    if settings.OWNROOM_SIGNUPS not in SIGNUPS:
        found.append(
            Error(
                f"OWNROOM_SIGNUPS must be one of {', '.join(SIGNUPS)}.",
                hint="It says who may get a profile by asking the bot.",
                id="ownroom.E005",
            )
        )
    url = settings.OWNROOM_HOMESERVER_URL
    if url and not url.startswith(("http://", "https://")):
        found.append(
            Error(
                "OWNROOM_HOMESERVER_URL is not a URL.",
                hint=f"Begin it with http:// or https://, for example http://{url}",
                id="ownroom.E004",
            )
        )
    redis = settings.REDIS_URL
    if redis and not redis.startswith(("redis://", "rediss://", "unix://")):
        found.append(
            Error(
                "REDIS_URL is not a URL of Redis.",
                hint="It looks like redis://127.0.0.1:6379/0.",
                id="ownroom.E006",
            )
        )
    return found + _hosts() + _admins()


def _hosts() -> list[CheckMessage]:
    """They are in every id and handle for ever, so a slip of the pen is found before the first."""
    found: list[CheckMessage] = []
    for name in ("OWNROOM_DOMAIN", "OWNROOM_HANDLE_DOMAIN", "OWNROOM_MEDIA_HOST"):
        value = getattr(settings, name)
        if not value or (name != "OWNROOM_DOMAIN" and value == settings.OWNROOM_DOMAIN):
            continue
        plain = names.parse_acct(f"@x@{value}")
        if "/" in value:
            hint = "Leave out https:// and any path."
            found.append(Error(f"{name} is a host, not a URL.", hint=hint, id="ownroom.E003"))
        elif plain is None:
            hint = "It looks like social.example.org."
            found.append(Error(f"{name} is no host: “{value}”.", hint=hint, id="ownroom.E007"))
        elif plain[1] != value:
            hint = f"Write {plain[1]}."
            found.append(Error(f"{name} is spelled oddly.", hint=hint, id="ownroom.E007"))
    return found


def _admins() -> list[CheckMessage]:
    return [
        Error(
            f"OWNROOM_ADMINS: “{who}” is no Matrix ID.",
            hint="One looks like @name:server; put commas between them.",
            id="ownroom.E008",
        )
        for who in settings.OWNROOM_ADMINS
        if not names.is_user_id(who)
    ]
