"""Who is in the control room: the admins whom the settings name now, and nobody else."""

import logging
from collections.abc import Coroutine
from typing import Any

from django.conf import settings

from bridge import names
from bridge.errors import Trouble
from bridge.loop import in_database, run
from bridge.matrix import client, registration
from bridge.models import Room

log = logging.getLogger("ownroom.admins")
NO_ADMIN = "no admin of this server any more"


def look_after() -> None:
    """At a start, and when the homeserver is back. What fails is tried again then."""
    run(_look_after())


async def _look_after() -> None:
    room = await in_database(_control)
    if not room:
        return  # it is made with the first profile, and whoever is an admin then is asked into it
    wanted, bot = set(settings.OWNROOM_ADMINS), registration.load().bot
    there = set(await client.invited_or_joined(room))
    for user in sorted(there - wanted - {bot}):
        await _each(client.kick(room, user, NO_ADMIN), user)
    for user in sorted(wanted - there):
        if names.is_user_id(user):
            await _each(client.invite(room, user), user)
        else:
            log.warning("OWNROOM_ADMINS: %s is no Matrix ID; one looks like @name:server", user)


async def _each(change: Coroutine[Any, Any, None], user: str) -> None:
    try:
        await change
    except Trouble as error:
        log.warning("%s is not in the control room as OWNROOM_ADMINS says: %s", user, error)


def _control() -> str:
    found = Room.objects.filter(kind=Room.Kind.CONTROL, ready=True)
    return found.values_list("room_id", flat=True).first() or ""
