"""Whom people see when the bot speaks: its name and its face. What the admin gave it stays."""

import asyncio
import io
from contextlib import suppress
from pathlib import Path
from typing import Any

from django.contrib.staticfiles import finders

from bridge.errors import Trouble
from bridge.matrix import client, registration

NAME = "Ownroom"
FACE = "web/ownroom.png"  # the door of web/ownroom.svg, with air around it: clients cut a circle
PATIENCE = 10.0  # seconds: other work of a start waits behind it


async def introduce() -> None:
    """At a start, and when the homeserver is back. What it refuses is done without."""
    bot = registration.load().bot
    shown = await client.profile(bot) or {}
    if shown.get("displayname", "") in {"", registration.BOT}:
        with suppress(client.MatrixError):  # a homeserver may forbid it
            await client.set_profile_key(bot, "displayname", NAME)
            shown = await client.profile(bot) or {}
    with suppress(Trouble, TimeoutError):  # of files many homeservers take few, or none
        async with asyncio.timeout(PATIENCE):
            await _show_face(bot, shown)


async def _show_face(bot: str, shown: dict[str, Any]) -> None:
    """Once: where a profile cannot be read, it would be sent again at each start."""
    if shown.get("displayname") and not shown.get("avatar_url"):
        mxc = await client.upload(_face(), "image/png", Path(FACE).name, user=bot)
        await client.set_profile_key(bot, "avatar_url", mxc)


def _face() -> io.BytesIO:
    return io.BytesIO(Path(str(finders.find(FACE))).read_bytes())
