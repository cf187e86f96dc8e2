"""What caches on the way may keep of what we show: every address, for every reader.

What depends on who signs, or is not for everybody, is kept by nobody; what is kept is the same for
all who may have it.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from pytest_django import Settings as SettingsWrapper

from bridge.activitypub import answers, render
from bridge.models import Document, Upload
from social.acts import OPEN, Block, React
from social.models import Actor, Post, Stamp
from social.models import Block as BlockRow
from social.web import links
from tests.bridge.activitypub.world import (
    ALICE,
    AT,
    BOB_PUBLIC,
    ORIGIN,
    boosted,
    follow,
    get,
    keep,
    remote,
    resident,
    written,
)
from tests.bridge.addresses import ELSE, NAME, OF_A_POST, PICTURE, ask, opened
from tests.fakes.homeserver import SERVER, Homeserver

READERS = ("nobody", "fred", "stan", "mallory", "liar")
# Kept whatever the rules for other documents: finding somebody tells nobody anything.
FOUND = (".well-known/", "nodeinfo/")
# Files have addresses that are told to readers only, and never change.
FILES = "media/"


@pytest.fixture
def stage(db: None, settings: SettingsWrapper, home: Homeserver) -> dict[str, Actor]:
    opened(settings, home)
    return {name: remote(name, public_key=BOB_PUBLIC) for name in ("fred", "stan", "mallory")}


@pytest.fixture
def alice(stage: dict[str, Actor]) -> Actor:
    """Fred follows her; mallory she has blocked."""
    alice = resident()
    follow(stage["fred"], alice, AT)
    uri = f"{ORIGIN}/ap/a/{'block':x<16}"
    BlockRow.objects.create(uri=uri, author=alice, target=stage["mallory"], at=AT)
    act = Block(author=ALICE, target=stage["mallory"].uri, uri=uri, at=AT)
    keep(uri, render.render(act, render.Refs(origin=ORIGIN)), alice)
    return alice


def story(alice: Actor, fred: Actor, visibility: str) -> Post:
    """All that hangs on one post."""
    file = {"url": f"{ORIGIN}/media/{NAME}/{SERVER}/abc.png", "media_type": "image/png"}
    post = written(alice, "post", visibility, attachments=[file], hashtags=["bell"])
    post.addressed.add(fred)
    keep(f"{post.uri}/update/edit", {"id": f"{post.uri}/update/edit", "type": "Update"}, alice)
    boosted(alice, post, "boost", AT)
    stamp = f"{ORIGIN}/ap/stamps/stamp"
    Stamp.objects.create(uri=stamp, post=post, quoting=f"{fred.uri}/1", by=fred, at=AT)
    keep(stamp, {"id": stamp, "type": "QuoteAuthorization"}, alice)
    uri = f"{ORIGIN}/ap/a/{'like':x<16}"
    act = React(author=ALICE, post=post.uri, uri=uri, emoji="🔥", at=AT)
    keep(uri, render.render(act, render.Refs(origin=ORIGIN, post_author=fred.uri)), alice)
    return post


def far(fred: Actor, visibility: str) -> str:
    """The address of a picture of somebody elsewhere, in a post of that visibility."""
    mxc = f"mxc://{SERVER}/abc"
    Upload.objects.create(url=PICTURE, host="far.example", mxc=mxc, type="image/png", size=72)
    post = Post.objects.create(
        uri=f"{fred.uri}/2",
        author=fred,
        visibility=visibility,
        published=AT,
        attachments=[{"url": PICTURE, "media_type": "image/png"}],
    )
    return f"/media/of/{post.pk}/{links.mark(PICTURE)}"


def routes(found: Any = None, before: str = "") -> Iterator[str]:
    for one in (found or get_resolver()).url_patterns:
        path = before + str(one.pattern)
        if isinstance(one, URLResolver):
            yield from () if path == "admin/" else routes(one, path)
        elif isinstance(one, URLPattern):
            yield path


def kept(answer: Any) -> bool:
    """By anybody on the way, without asking again."""
    said = {word.strip().partition("=")[0] for word in answer["Cache-Control"].split(",")}
    return not said & {"no-store", "no-cache"}


def judge(answer: Any, unsigned: Any, *, open_: bool) -> None:
    """What every answer must say of how long it may be kept."""
    assert "Set-Cookie" not in answer.headers
    if answer.status_code not in {200, 302, 304, 410}:
        assert "no-store" in answer["Cache-Control"]
    if not open_:
        assert "no-store" in answer["Cache-Control"]
    if not kept(answer):
        return
    assert answer.status_code == unsigned.status_code, "it depends on who signs"
    assert answer.body == unsigned.body, "it depends on who signs"


# ---- the walk


def test_every_address_is_walked() -> None:
    here = {path for path in routes() if "_matrix/" not in path}
    assert here == set(OF_A_POST) | set(ELSE)


STATES = ("public", "unlisted", "private", "local", "limited", "direct", "deleted", "both")


@pytest.mark.parametrize("secure", [False, True])
@pytest.mark.parametrize("state", STATES)
def test_of_a_post_only_what_anybody_may_read_is_kept_on_the_way(
    client: Client,
    stage: dict[str, Actor],
    alice: Actor,
    settings: SettingsWrapper,
    state: str,
    *,
    secure: bool,
) -> None:
    settings.OWNROOM_SECURE_FETCH = secure
    shown = {"deleted": "public", "both": "private"}.get(state, state)
    post = story(alice, stage["fred"], shown)
    paths = {**OF_A_POST, "media/of/<int:key>/<str:mark>": far(stage["fred"], shown)}
    if state in {"deleted", "both"}:
        Post.objects.update(deleted=AT)
        Document.objects.filter(uri__startswith=post.uri).update(gone=True)
        keep(
            f"{ORIGIN}/ap/a/{'like':x<16}/undo", {"type": "Undo", "to": [stage["fred"].uri]}, alice
        )
    for route, path in paths.items():
        _walk(client, stage, route, path, open_=shown in OPEN)
    if (state, secure) == ("public", False):
        missing = [
            path for path in paths.values() if ask(client, path, "x", stage).status_code > 302
        ]
        assert [path.rpartition("/")[2] for path in missing] == ["delete", "undo"]


def test_of_what_is_no_post_nothing_is_kept_that_depends_on_who_asks(
    client: Client, stage: dict[str, Actor], alice: Actor, settings: SettingsWrapper
) -> None:
    story(alice, stage["fred"], "public")
    Upload.objects.create(url=PICTURE, host="far.example", mxc=f"mxc://{SERVER}/abc")
    Actor.objects.filter(pk=stage["fred"].pk).update(icon=PICTURE)
    face = f"/media/face/{stage['fred'].pk}/{links.mark(PICTURE)}"
    for settings.OWNROOM_SECURE_FETCH in (False, True):
        for route, path in {**ELSE, "media/face/<int:key>/<str:mark>": face}.items():
            _walk(client, stage, route, path, open_="synchronization" not in route)


def _walk(client: Client, stage: dict[str, Actor], route: str, path: str, *, open_: bool) -> None:
    from django.conf import settings

    unsigned = ask(client, path, "nobody", stage)
    for reader in READERS:
        answer = ask(client, path, reader, stage)
        judge(answer, unsigned if reader != "nobody" else answer, open_=open_ or route in FOUND)
        if path.startswith("/ap/") and "inbox" not in route:
            assert answer["Vary"] == answers.VARY
            if settings.OWNROOM_SECURE_FETCH:
                assert answer["Cache-Control"] == answers.UNKEPT
        head = client.head(path, headers={"Accept": "text/html"})
        assert "Cache-Control" in head.headers


def test_whatever_may_be_kept_is_so_for_three_minutes_at_most(
    client: Client, stage: dict[str, Actor], alice: Actor
) -> None:
    """But for what finds people, and for files, whose addresses only readers know."""
    story(alice, stage["fred"], "public")
    for route, path in {**ELSE, **OF_A_POST}.items():
        if not path or route.startswith((*FOUND, FILES)):
            continue
        answer = ask(client, path, "nobody", stage)
        said = answer["Cache-Control"]
        assert said in {"max-age=180", "no-cache", "no-store", answers.UNKEPT}, (route, said)


def test_who_has_these_bytes_already_hears_of_no_longer_time(
    client: Client, stage: dict[str, Actor], alice: Actor
) -> None:
    post = story(alice, stage["fred"], "private")
    for path in (post.uri, f"{post.uri}/replies", f"{post.uri}/likes"):
        first = get(client, path, stage["fred"])
        again = get(client, path, stage["fred"], **{"If-None-Match": first["ETag"]})
        assert (first.status_code, again.status_code) == (200, 304)
        assert again["Cache-Control"] == answers.UNKEPT
        assert get(client, path, **{"If-None-Match": first["ETag"]}).status_code == 404


def test_a_closed_door_is_remembered_by_nobody(client: Client, settings: SettingsWrapper) -> None:
    settings.OWNROOM_MEDIA_HOST = "files.test"
    for path, status in (("/media/x/y/z", 301), ("/@a%00", 400), ("/nowhere", 404)):
        answer = client.get(path)
        assert (answer.status_code, answer["Cache-Control"]) == (status, "no-store")
