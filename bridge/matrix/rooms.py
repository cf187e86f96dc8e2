"""Rooms and ghosts: made when first needed, with power that never outranks their owner.

Every creation is idempotent (an alias in our namespace names the room), so a kill in the middle
leaves nothing behind that the next try does not find again.
"""

import hashlib
from dataclasses import asdict
from functools import partial
from typing import Any
from urllib.parse import quote

from django.conf import settings
from django.utils.crypto import salted_hmac

from bridge import html, names
from bridge.errors import Forbidden
from bridge.loop import in_database
from bridge.matrix import client, enclosed, registration, uploads
from bridge.matrix.enclosed import File
from bridge.matrix.vocabulary import (
    ACTOR,
    BANNER,
    BRIDGE,
    BRIDGED,
    GHOST,
    GROUP_ROOM_TYPE,
    MIRROR,
    NS,
    PROFILE,
    PROFILE_ROOM_TYPE,
    PROFILE_USER,
)
from bridge.models import Ghost, Room
from social import once, profiles
from social.models import Actor

VERSION = (
    "11"  # in 12 a room's creator can never be removed: a bot must not be one in an owner's room
)

TOPIC, TOPIC_HTML = 1_000, 16_000  # letters of what somebody says of themselves
TAKEN = "the handle {} is taken; try another one"
GLANCE = 5.0  # seconds for an avatar or a header: words wait for no picture of who speaks

# Everything the default map protects is said again: an override replaces the whole of it.
OWNER_ONLY = (
    BRIDGE,
    PROFILE,
    PROFILE_USER,
    "m.room.join_rules",
    "m.room.history_visibility",
    "m.room.power_levels",
    "m.room.encryption",
    "m.room.server_acl",
    "m.room.tombstone",
)
BOT_TOO = (
    ACTOR,
    *BRIDGED,
    BANNER,
    "m.room.pinned_events",
    "m.room.canonical_alias",
    "m.room.name",
    "m.room.topic",
    "m.room.avatar",
    "social.ownroom.receipt",
    "social.ownroom.ledger",
)
ANYBODY = ("m.room.message", "m.reaction", "m.room.redaction")


def power(owner: str, *, bot: int) -> dict[str, Any]:
    return {
        "users": {owner: 100, registration.load().bot: bot},
        "users_default": 0,
        "events_default": 0,
        "state_default": 100,
        "ban": 50,
        "kick": 50,
        "redact": 50,
        "invite": 50,
        "events": dict.fromkeys(OWNER_ONLY, 100)
        | dict.fromkeys(BOT_TOO, 50)
        | dict.fromkeys(ANYBODY, 0),
    }


def alias(kind: str, name: str) -> str:
    """Anybody may ask a homeserver whether an alias is there: only who has our secret can tell
    which is whose, or they would learn who writes to whom.
    """
    digest = salted_hmac(f"room {kind}", name, algorithm="sha256").hexdigest()
    return f"{registration.PREFIX}{kind}_{digest[:32]}"


def _state(kind: str, content: dict[str, Any], key: str = "") -> dict[str, Any]:
    return {"type": kind, "state_key": key, "content": content}


def bridged(actor: Actor) -> list[dict[str, Any]]:
    """MSC2346: clients say with what a room is bridged, and lead there."""
    place = {"id": actor.host, "external_url": f"{settings.OWNROOM_SCHEME}://{actor.host}"}
    whose = {"id": f"@{actor.handle}".lower(), "displayname": actor.title}
    content = {
        "bridgebot": registration.load().bot,
        "protocol": {"id": "activitypub", "displayname": "Fediverse"},
        "network": place,
        "channel": whose | {"external_url": actor.url or actor.uri},
    }
    key = f"{NS}://activitypub/{actor.host}/{quote(whose['id'], safe='@')}"
    return [_state(kind, content, key[:255]) for kind in BRIDGED]


# ---- rooms of an owner


async def create_profile(actor: Actor) -> str:
    """v11, the owner at 100; the bot makes it, then steps down to 50 and can never climb back."""
    owner = actor.owner or ""
    room = await client.create_room(
        alias=alias("profile", actor.uri),
        preset="public_chat",
        room_version=VERSION,
        room_type=PROFILE_ROOM_TYPE,
        name=actor.title,
        invite=[owner],
        power_level_override=power(owner, bot=100),
        initial_state=[
            _state("m.room.history_visibility", {"history_visibility": "world_readable"}),
            _state("m.room.guest_access", {"guest_access": "forbidden"}),
            _state(PROFILE_USER, {"user_id": owner}),
            _state(BRIDGE, lease()),
            _state(PROFILE, {"v": 1, "handle_wish": actor.handle, "kind": "person"}),
            *bridged(actor),
        ],
    )
    await _hand_over(room, owner, actor.handle)
    return room


async def create_circle(actor: Actor) -> str:
    """For followers alone: who is approved is invited, and nobody else reads."""
    owner = actor.owner or ""
    room = await client.create_room(
        alias=alias("circle", actor.uri),
        room_version=VERSION,
        name=f"{actor.title}: for followers"[:255],
        topic="What is written here goes to approved followers only, on both networks.",
        invite=[owner],
        power_level_override=power(owner, bot=100),
        initial_state=[
            _state("m.room.join_rules", {"join_rule": "knock"}),
            _state("m.room.history_visibility", {"history_visibility": "shared"}),
            _state("m.room.guest_access", {"guest_access": "forbidden"}),
            _state(PROFILE_USER, {"user_id": owner}),
            _state(BRIDGE, lease()),
        ],
    )
    await _hand_over(room, owner)
    return room


async def create_group(uri: str, handle: str, owner: str) -> str:
    """For whoever comes: its members here, and the ghosts of those elsewhere who speak in it."""
    room = await client.create_room(
        alias=alias("group", uri),
        preset="public_chat",
        room_version=VERSION,
        room_type=GROUP_ROOM_TYPE,
        name=handle,
        invite=[owner],
        power_level_override=power(owner, bot=100),
        initial_state=[
            _state("m.room.history_visibility", {"history_visibility": "world_readable"}),
            _state("m.room.guest_access", {"guest_access": "forbidden"}),
            _state(BRIDGE, lease()),
            _state(PROFILE, {"v": 1, "handle_wish": handle, "kind": "group"}),
        ],
    )
    await _hand_over(room, owner, handle)
    return room


async def create_desk(owner: str, group: str = "") -> str:
    """Of a person, or of a `group` of theirs, named by its URI."""
    handle = group.rsplit("/", 1)[-1]
    room = await client.create_room(
        alias=alias("desk", group or owner),
        room_version=VERSION,
        name=f"Desk of {handle}" if group else "Desk",
        topic="Between you and Ownroom: commands, follows, notifications. Type: help",
        invite=[owner],
        is_direct=True,
        power_level_override=power(owner, bot=100),
        initial_state=[
            _state("m.room.history_visibility", {"history_visibility": "shared"}),
            _state("m.room.guest_access", {"guest_access": "forbidden"}),
            _state(BRIDGE, lease()),
        ],
    )
    await _hand_over(room, owner, handle)
    return room


async def _hand_over(room: str, owner: str, handle: str = "") -> None:
    """To whom it was made for, and to nobody else who wants the same handle. What ended us before,
    or a homeserver that refused to invite them, left a room in which the owner is not: they are
    asked in anew. The bot steps down once: later the owner may have set other levels.
    """
    levels = (await client.state(room, "m.room.power_levels")).get("users", {})
    if handle and levels.get(owner) != 100:
        raise Forbidden(TAKEN.format(handle))
    if await client.membership(room, owner) not in {"join", "invite"}:
        await client.invite(room, owner)
    if levels.get(registration.load().bot) == 100:
        await client.put_state(room, "m.room.power_levels", power(owner, bot=50))


def lease() -> dict[str, Any]:
    return {"v": 1, "bot": registration.load().bot, "base": settings.OWNROOM_ORIGIN, "prev": []}


def public_face(actor: Actor) -> dict[str, Any]:
    """What the world saw: enough to serve the same actor again after the database is lost."""
    return {
        "v": 1,
        "id": actor.uri,
        "handle": actor.handle,
        "acct": actor.acct,
        "key_id": actor.key_id,
        "public_key_pem": actor.public_key,
        "multikey": actor.multikey,
        "created": actor.published or 0,
    }


# ---- rooms of the bridge


async def control() -> str:
    """The instance's own room: sealed keys, and which rooms belong to whom."""
    return await client.create_room(
        alias=f"{registration.PREFIX}control",
        room_version=VERSION,
        name="Ownroom control",
        federate=False,
        invite=list(settings.OWNROOM_ADMINS),
    )


async def create_mirror(actor: Actor, ghost: str) -> str:
    """Whoever follows reads here; others knock. Never listed, never world-readable."""
    face = await _face(actor)
    room = await client.create_room(
        alias=alias("mirror", actor.uri),
        room_version=VERSION,
        name=mirror_name(actor),
        invite=[ghost],
        power_level_override={"invite": 50},  # the bot's alone: who reads here follows
        initial_state=[
            _state("m.room.join_rules", {"join_rule": "knock"}),
            _state("m.room.history_visibility", {"history_visibility": "shared"}),
            _state("m.room.guest_access", {"guest_access": "forbidden"}),
            _state(
                MIRROR,
                {
                    "v": 1,
                    "id": actor.uri,
                    "acct": actor.acct,
                    "inbox": actor.inbox,
                    "shared_inbox": actor.shared_inbox,
                    "type": actor.kind,
                },
            ),
            _state("m.room.topic", await in_database(mirror_topic, actor)),
            *(_state(kind, content) for kind, content in face.items() if content),
            *bridged(actor),
        ],
    )
    await client.join(room, ghost)
    return room


async def _face(actor: Actor) -> dict[str, dict[str, Any]]:
    """Avatar and banner of a mirror, as state; empty without one. What cannot be had (now) is not
    among them: it stays as it is.
    """
    found: dict[str, dict[str, Any]] = {}
    for kind, url in (("m.room.avatar", actor.icon), (BANNER, actor.header)):
        file = await uploads.mxc_of(url, patience=GLANCE) if url else None
        if file or not url:
            found[kind] = enclosed.copied(url, file) if file else {}
    return found


async def show_face(room_id: str, actor: Actor) -> None:
    for kind, content in (await _face(actor)).items():
        before = await client.state(room_id, kind)
        if content != before:
            await client.put_state(room_id, kind, content)
            await in_database(partial(uploads.drop, mxc=str(before.get("url", ""))))


def mirror_topic(actor: Actor) -> dict[str, Any]:
    """What they say of themselves, with the fields of their profile, and where they are now when
    they have moved.
    """
    first, fields = _first_of(actor), _listed(actor)
    said = html.to_matrix(actor.summary + fields, {})
    words = (first, html.plain(actor.summary)[:TOPIC], html.plain(fields)[:TOPIC])
    plain = "\n\n".join(filter(None, words))
    rich = f"<p>{html.escape(first)}</p>{said.formatted}" if first else said.formatted
    return topic(plain, rich)


def topic(plain: str, rich: str) -> dict[str, Any]:
    """MSC3765: in HTML as well, for clients that show it."""
    forms = [{"mimetype": "text/html", "body": rich}] if rich and len(rich) <= TOPIC_HTML else []
    return {"topic": plain, "m.topic": {"m.text": [*forms, {"body": plain}]}}


def _listed(actor: Actor) -> str:
    found = [f"<li>{html.escape(one['name'])}: {one['value']}</li>" for one in actor.fields]
    return f"<ul>{''.join(found)}</ul>" if found else ""


def _first_of(actor: Actor) -> str:
    """What everybody should know before they read on."""
    if actor.moved and actor.moved_to:
        home = Actor.objects.filter(uri=actor.moved_to).first()
        return f"Has moved to {f'@{home.acct}' if home else actor.moved_to}."
    return "In memory of somebody who died." if actor.memorial else ""


def mirror_name(actor: Actor) -> str:
    return f"{actor.title} (@{actor.acct})"[:255]


async def mirror_of(actor: Actor) -> Room:
    row = await in_database(_row, Room.Kind.MIRROR, actor)
    if row is None:
        room_id = await create_mirror(actor, await ghost_of(actor))
        row = await in_database(remember, room_id, Room.Kind.MIRROR, actor)
        await read_from_here(room_id)
    return row


async def read_from_here(room_id: str, reader: str = "") -> None:
    """The place from which missed events are read; where there is one, it stays."""
    page = await client.messages(room_id, direction="b", limit=1, by=reader)
    await in_database(_begin, room_id, str(page.get("start", ""))[:255])


def _begin(room_id: str, place: str) -> None:
    Room.objects.filter(room_id=room_id, place="").update(place=place)


def _row(kind: str, actor: Actor) -> Room | None:
    return Room.objects.filter(kind=kind, actor=actor).select_related("actor").first()


def remember(room_id: str, kind: str, actor: Actor | None, owner: str = "") -> Room:
    return Room.objects.update_or_create(
        room_id=room_id, defaults={"kind": kind, "actor": actor, "owner": owner}
    )[0]


def lease_again(room_id: str) -> None:
    """Its owner has just said that it may be published."""
    Room.objects.filter(room_id=room_id).update(leased=True)


# ---- ghosts


async def ghost_of(actor: Actor) -> str:
    """The Matrix ID that speaks for a remote actor; registered and named when needed."""
    row = await in_database(_ghost_row, actor)
    if not row.registered:
        await client.register(row.mxid[1:].split(":", 1)[0])
        await in_database(_ghost_update, row.pk, {"registered": True})
    name = _name(actor)
    if row.named != name:
        await client.set_profile_key(row.mxid, "displayname", name)
        await in_database(_ghost_update, row.pk, {"named": name})
    if row.introduced != actor.introduced:
        await _carry_card(row, actor)
    if row.pictured != actor.icon:
        await _show_picture(row, actor)
    return row.mxid


async def _carry_card(row: Ghost, actor: Actor) -> None:
    """Whom it speaks for, as a rebuild finds it again; with the file of the face it shows."""
    face = await in_database(uploads.held, actor.icon) if actor.icon else None
    await client.set_profile_key(row.mxid, GHOST, card(actor, face))
    await in_database(_ghost_update, row.pk, {"introduced": actor.introduced})


async def _show_picture(row: Ghost, actor: Actor) -> None:
    """As the actor's own server shows it; what cannot be had now is asked for again later."""
    file = None
    if actor.icon:
        file = await uploads.mxc_of(actor.icon, by=row.mxid, patience=GLANCE)
        if file is None:
            return
    await client.set_profile_key(row.mxid, "avatar_url", file.mxc if file else "")
    await _carry_card(row, actor)
    await in_database(_ghost_update, row.pk, {"pictured": actor.icon})
    await in_database(uploads.drop, row.pictured)
    mirror = await in_database(_row, Room.Kind.MIRROR, actor)
    if mirror:
        await show_face(mirror.room_id, actor)


async def unmask(uri: str) -> None:
    """Who is gone for good has no face here, and says nothing of themselves."""
    row = await in_database(_ghost_at, uri)
    if row and row.registered:
        await _show_picture(row, row.actor)


def _ghost_at(uri: str) -> Ghost | None:
    return Ghost.objects.filter(actor__uri=uri).select_related("actor").first()


def ghost_now(actor: Actor) -> str:
    """Its Matrix ID, if it is there with its name and picture; else an empty string."""
    row = once.ask(("ghost", actor.pk), lambda: Ghost.objects.filter(actor=actor).first())
    told = (row.named, row.pictured, row.introduced) if row and row.registered else ()
    ready = told == (_name(actor), actor.icon, actor.introduced)
    return row.mxid if row and ready else ""


def _name(actor: Actor) -> str:
    return actor.title[:250]


def card(actor: Actor, face: File | None = None) -> dict[str, Any]:
    """A remote actor as a rebuild needs it: the whole profile, and when we last saw it change."""
    shown = {"face": enclosed.copied(actor.icon, face)} if face else {}
    profile = asdict(profiles.profile_of(actor))
    return {"v": 1, "profile": profile, "at": actor.introduced, **shown}


def _ghost_row(actor: Actor) -> Ghost:
    row = Ghost.objects.filter(actor=actor).first()
    if row:
        return row
    reg = registration.load()
    localpart = names.ghost_localpart(actor.handle, actor.domain, actor.uri)
    mxid = reg.mxid(localpart)
    if Ghost.objects.filter(mxid=mxid).exists():  # another actor had this handle before
        mxid = reg.mxid(f"_ap_h_{hashlib.sha256(actor.uri.encode()).hexdigest()[:32]}")
    return Ghost.objects.get_or_create(actor=actor, defaults={"mxid": mxid})[0]


def _ghost_update(pk: int, values: dict[str, Any]) -> None:
    Ghost.objects.filter(pk=pk).update(**values)


async def bring_in(room: Room, mxid: str) -> None:
    """Lets a ghost into a room: by itself where anybody may, else invited by the bot."""
    try:
        await client.join(room.room_id, mxid)
    except client.MatrixError:
        await client.invite(room.room_id, mxid, by=room.reader)
        await client.join(room.room_id, mxid)
