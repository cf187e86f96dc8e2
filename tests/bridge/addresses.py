"""Every address that we have, and whoever asks there."""

from pathlib import Path
from typing import Any

from django.core.cache import cache
from django.test import Client
from pytest_django import Settings as SettingsWrapper

from bridge.loop import run
from bridge.matrix import client as homeserver
from bridge.matrix.registration import BOT
from social.models import Actor
from tests.bridge.activitypub.world import get
from tests.fakes.homeserver import SERVER, Homeserver

PICTURE = "https://far.example/cat.png"
NAME = "post".ljust(16, "x")
# Those of one post, which is shown to fewer and fewer.
OF_A_POST = {
    "ap/o/<str:name>": f"/ap/o/{NAME}",
    "ap/o/<str:name>/create": f"/ap/o/{NAME}/create",
    "ap/o/<str:name>/update/<str:edit>": f"/ap/o/{NAME}/update/edit",
    "ap/o/<str:name>/delete": f"/ap/o/{NAME}/delete",
    "ap/o/<str:name>/replies": f"/ap/o/{NAME}/replies?page=others",
    "ap/o/<str:name>/context": f"/ap/o/{NAME}/context?page=true",
    "ap/o/<str:name>/likes": f"/ap/o/{NAME}/likes",
    "ap/o/<str:name>/shares": f"/ap/o/{NAME}/shares",
    "ap/stamps/<str:name>": "/ap/stamps/stamp",
    "ap/a/<str:name>": f"/ap/a/{'like':x<16}",
    "ap/a/<str:name>/undo": f"/ap/a/{'like':x<16}/undo",
    "media/<str:name>/<str:server>/<str:key>": f"/media/{NAME}/{SERVER}/abc.png",
    "media/of/<int:key>/<str:mark>": "",  # filled in below
    "@<str:handle>/<str:name>": f"/@alice/{NAME}",
}
ELSE = {
    "": "/",
    "livez": "/livez",
    "health": "/health",
    "readyz": "/readyz",
    "metrics": "/metrics",
    "inbox": "/inbox",
    "favicon.ico": "/favicon.ico",
    "@<str:handle>": "/@alice",
    "@<str:handle>/feed.atom": "/@alice/feed.atom",
    "tags/<str:tag>": "/tags/bell",
    "authorize_interaction": "/authorize_interaction?uri=@alice@social.test",
    ".well-known/webfinger": "/.well-known/webfinger?resource=acct:alice@social.test",
    ".well-known/host-meta": "/.well-known/host-meta",
    ".well-known/host-meta.json": "/.well-known/host-meta.json",
    ".well-known/nodeinfo": "/.well-known/nodeinfo",
    "nodeinfo/2.0": "/nodeinfo/2.0",
    "nodeinfo/2.1": "/nodeinfo/2.1",
    "media/face/<int:key>/<str:mark>": "",
    "ap/actor": "/ap/actor",
    "ap/actor/inbox": "/ap/actor/inbox",
    "ap/actor/outbox": "/ap/actor/outbox",
    "ap/u/<str:key>": "/ap/u/alice",
    "ap/u/<str:key>/inbox": "/ap/u/alice/inbox",
    "ap/u/<str:key>/outbox": "/ap/u/alice/outbox?page=true",
    "ap/u/<str:key>/followers": "/ap/u/alice/followers?page=true",
    "ap/u/<str:key>/followers_synchronization": "/ap/u/alice/followers_synchronization",
    "ap/u/<str:key>/following": "/ap/u/alice/following?page=true",
    "ap/u/<str:key>/featured": "/ap/u/alice/featured",
    "ap/u/<str:key>/moderators": "/ap/u/alice/moderators",
    "ap/": "/ap/",
    "ap/<path:rest>": "/ap/nothing/here",
}


def opened(settings: SettingsWrapper, home: Homeserver) -> None:
    """So that each of them has something to answer with."""
    Path(settings.STATIC_ROOT).mkdir(exist_ok=True)
    settings.OWNROOM_HOMESERVER_URL, settings.OWNROOM_SERVER_NAME = home.url, SERVER
    home.files[f"{SERVER}/abc"] = ("image/gif", b"GIF89a" + bytes(64))
    run(homeserver.register(BOT))
    cache.clear()


def ask(client: Client, path: str, reader: str, people: dict[str, Actor], **more: str) -> Any:
    """As a person or server would; a liar only claims to be who is blocked."""
    if reader == "liar":
        more["Signature"] = f'keyId="{people["mallory"].key_id}",signature="x"'
    if not path.startswith(("/ap/", "/.well", "/nodeinfo")):
        more.setdefault("Accept", "text/html")
    answer = get(client, path, people.get(reader), **more)
    answer.body = b"".join(answer.streaming_content) if answer.streaming else answer.content
    return answer
