"""Where we can be sent: to no private address, in no spelling, through no entrance."""

import ipaddress
import json
import socket
from collections.abc import Callable

import pytest
from pytest_django import Settings as SettingsWrapper

from social.models import Actor, Follow
from tests.fakes.liar import AS2, PUBLIC, Liar
from tests.fakes.world import Resident, World


def forms(port: int, evil: Liar) -> dict[str, str]:
    """Loopback in all its spellings, and the places beside it."""
    own = evil.url.removeprefix("http://")
    return {
        "plain": f"http://127.0.0.1:{port}/",
        "another of its addresses": f"http://127.0.66.6:{port}/",
        "name": f"http://localhost:{port}/",
        "name with dot": f"http://localhost.:{port}/",
        "decimal": f"http://2130706433:{port}/",
        "hexadecimal": f"http://0x7f000001:{port}/",
        "octal": f"http://0177.0.0.1:{port}/",
        "short": f"http://127.1:{port}/",
        "zero": f"http://0.0.0.0:{port}/",
        "IPv6": f"http://[::1]:{port}/",
        "IPv6 zero": f"http://[::]:{port}/",
        "mapped": f"http://[::ffff:127.0.0.1]:{port}/",
        "compatible": f"http://[::127.0.0.1]:{port}/",
        "NAT64": f"http://[64:ff9b::7f00:1]:{port}/",
        "6to4": f"http://[2002:7f00:1::]:{port}/",
        "with a user": f"http://{own}@127.0.0.1:{port}/",
        "circled digits": f"http://①②⑦.⓪.⓪.①:{port}/",
        "wide dots": f"http://127。0。0。1:{port}/",
        "backslash": f"http://127.0.0.1:{port}\\@{own}/",
        "file": "file:///etc/hostname",
        "gopher": f"gopher://127.0.0.1:{port}/x",
        "redirect": evil.redirect("/away", f"http://127.0.0.1:{port}/"),
    }


Entrance = Callable[[World, Resident, Liar, str], int]


def by_key_id(world: World, alice: Resident, evil: Liar, url: str) -> int:
    eve = evil.somebody("eve")
    body = json.dumps(eve.says("Follow", alice.actor)).encode()
    headers = eve.signs(world.inbox, body)
    named = url if url.isascii() else eve.key_id  # a header has no other letters
    headers["Signature"] = headers["Signature"].replace(eve.key_id, named)
    return world.status(body, headers)


def by_actor(world: World, alice: Resident, evil: Liar, url: str) -> int:
    eve = evil.somebody("eve")
    return eve.knocks(world, {**eve.says("Follow", alice.actor), "actor": url})


def by_inbox(world: World, alice: Resident, evil: Liar, url: str) -> int:
    name = f"eve{abs(hash(url))}"
    eve = evil.somebody(name, inbox=url, endpoints={"sharedInbox": url})
    return eve.knocks(world, eve.says("Follow", alice.actor))


def by_collections(world: World, alice: Resident, evil: Liar, url: str) -> int:
    name = f"eva{abs(hash(url))}"
    places = dict.fromkeys(("outbox", "followers", "following", "featured", "movedTo"), url)
    eve = evil.somebody(name, icon={"type": "Image", "url": url}, alsoKnownAs=[url], **places)
    return eve.knocks(world, eve.says("Follow", alice.actor))


def by_object(world: World, alice: Resident, evil: Liar, url: str) -> int:
    eve = evil.somebody("eve")
    return eve.knocks(world, eve.creates(url))


def by_boost(world: World, alice: Resident, evil: Liar, url: str) -> int:
    eve = evil.somebody("eve")
    Follow.objects.get_or_create(
        follower=alice.row(),
        target=Actor.objects.get(uri=eve.id),
        defaults={"uri": f"{alice.actor}/f", "state": "accepted", "at": 1},
    )
    return eve.knocks(world, eve.says("Announce", url, to=[PUBLIC], cc=[alice.actor]))


def by_parent(world: World, alice: Resident, evil: Liar, url: str) -> int:
    eve = evil.somebody("eve")
    note = eve.note("r", to=alice.actor, inReplyTo=url, context=url, conversation=url)
    return eve.knocks(world, eve.creates(note))


def by_face(world: World, alice: Resident, evil: Liar, url: str) -> int:
    """Of somebody who is read in a room, where faces and pictures are shown."""
    image = {"type": "Image", "mediaType": "image/png", "url": url}
    eve = evil.somebody(f"evi{abs(hash(url))}", icon=image, image=image)
    status = eve.knocks(world, eve.creates(eve.note("first", to=alice.actor)))
    row = Actor.objects.get(uri=eve.id)
    uri = f"{alice.actor}/f{row.pk}"
    Follow.objects.create(uri=uri, follower=alice.row(), target=row, state="accepted", at=1)
    eve.knocks(world, eve.creates(eve.note("seen", to=alice.actor, attachment=[image])))
    return status


def by_media(world: World, alice: Resident, evil: Liar, url: str) -> int:
    eve = evil.somebody("eve")
    image = {"type": "Image", "mediaType": "image/png", "url": url}
    tag = [
        {"type": "Mention", "href": alice.actor},
        {"type": "Mention", "href": url},
        {"type": "Emoji", "id": url, "name": ":x:", "icon": image},
    ]
    words = f'<a href="{url}">a link</a>'
    note = eve.note(words, to=alice.actor, attachment=[image], tag=tag)
    return eve.knocks(world, eve.creates(note))


def by_context(world: World, alice: Resident, evil: Liar, url: str) -> int:
    eve = evil.somebody("eve")
    return eve.knocks(world, {**eve.says("Follow", alice.actor), "@context": [AS2, url]})


@pytest.mark.parametrize(
    "entrance",
    [
        by_key_id,
        by_actor,
        by_inbox,
        by_collections,
        by_object,
        by_boost,
        by_parent,
        by_face,
        by_media,
        by_context,
    ],
)
def test_no_spelling_of_a_private_address_is_contacted(
    world: World, alice: Resident, evil: Liar, settings: SettingsWrapper, entrance: Entrance
) -> None:
    settings.OWNROOM_ALLOW_PRIVATE = (ipaddress.ip_network("127.0.10.0/24"),)
    eve = evil.somebody("eve")
    assert eve.knocks(world, eve.creates(eve.note("known", to=alice.actor))) == 202
    world.settle()
    with socket.create_server(("127.0.0.1", 0)) as canary:
        canary.settimeout(0)
        for spelling, url in forms(canary.getsockname()[1], evil).items():
            assert entrance(world, alice, evil, url) != 500, spelling
        world.settle()
        with pytest.raises(BlockingIOError):  # nobody is at the door
            canary.accept()
