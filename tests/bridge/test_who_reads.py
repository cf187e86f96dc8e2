"""Who reads a post: every visibility, every reader, every address, every kind of question.

Two claims. Whoever may read it gets it, and nobody else: by the table below. And to all others the
world is, byte for byte and header for header, as if there were no such post: no count, no length,
no status, no tag of a cache tells that it is there.
"""

from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from pytest_django import Settings as SettingsWrapper

from bridge.activitypub import render
from bridge.models import Document, Upload
from social.acts import OPEN, React
from social.models import Actor, Block, Boost, HostBlock, Pin, Post, Reaction, Version, Vote
from social.web import links
from tests.bridge.activitypub.world import (
    ALICE,
    AT,
    BOB_PUBLIC,
    ORIGIN,
    follow,
    keep,
    remote,
    resident,
    written,
)
from tests.bridge.addresses import ELSE, OF_A_POST, PICTURE, ask, opened
from tests.fakes.homeserver import SERVER, Homeserver

SECRET = "psst"
NAME, ABSENT = f"{SECRET:x<16}", f"{'never':x<16}"
HIDDEN = ("private", "local", "limited", "direct")
VISIBILITIES = (*sorted(OPEN), *HIDDEN)
# All on one server but evan and the last two; who is shut out follows and is named all the same.
READERS = {
    "nobody": "unsigned",
    "liar": "claims to be who is blocked",
    "fred": "follows",
    "pat": "is named",
    "penny": "asked to follow",
    "stan": "lives where fred lives",
    "server": "the server's own actor, where fred lives",
    "mallory": "follows, is named, and is blocked",
    "evan": "follows, is named, and lives on a server that is blocked",
    "sue": "follows, is named, and is suspended here",
    "gus": "follows, is named, and has left",
}
SHUT_OUT = {"mallory", "evan", "liar"}  # the liar costs nobody but themselves anything
UNKNOWN = {"nobody", "liar", "sue", "gus"}  # whose signature says nothing
WORDS = ("", "/create", "/update/edit")  # of a post: where its words stand
LISTS = ("/replies?page=others", "/context?page=true", "/likes", "/shares")
ELSEWHERE = ("nobody", "stan", "mallory", "fred")  # who look at all the rest of the world
QUESTIONS: dict[str, dict[str, str]] = {
    "plain": {},
    "again": {"If-None-Match": '"0"'},
    "whatever": {"If-None-Match": "*"},
    "since": {"If-Modified-Since": "Thu, 01 Jan 2026 00:00:00 GMT"},
    "as a page": {"Accept": "text/html"},
    "a part": {"Range": "bytes=0-9"},
}


@pytest.fixture
def people(db: None, settings: SettingsWrapper, home: Homeserver) -> dict[str, Actor]:
    opened(settings, home)
    names = [name for name in READERS if name not in {"nobody", "liar"}]
    found = {name: remote(name, public_key=BOB_PUBLIC) for name in names}
    Actor.objects.filter(handle="sue").update(suspended=True)
    Actor.objects.filter(handle="gus").update(left=AT)
    Actor.objects.filter(handle="server").update(kind="application")
    uri, evil = "https://evil.example/users/evan", "evil.example"
    evan = {"uri": uri, "key_id": f"{uri}#main-key", "host": evil, "domain": evil}
    Actor.objects.filter(handle="evan").update(**evan)
    return {one.handle: one for one in Actor.objects.filter(pk__in=[a.pk for a in found.values()])}


@pytest.fixture
def alice(people: dict[str, Actor]) -> Actor:
    alice = resident(indexable=True)
    for name in ("fred", "mallory", "evan", "sue", "gus"):
        follow(people[name], alice, AT)
    follow(people["penny"], alice, AT, state="pending")
    block = {"author": alice, "at": AT}
    Block.objects.create(uri=f"{ORIGIN}/ap/a/block", target=people["mallory"], **block)
    HostBlock.objects.create(uri=f"{ORIGIN}/ap/a/server", host="evil.example", **block)
    return alice


def story(alice: Actor, people: dict[str, Actor], visibility: str) -> Post:
    """A post, and all that can hang on one, as far as its visibility lets it come to that."""
    post = written(alice, SECRET, visibility, hashtags=["bell"], poll_due=None)
    keep(f"{post.uri}/update/edit", {"id": post.uri, "type": "Update", "content": SECRET}, alice)
    if visibility != "local":
        post.addressed.add(*(people[one] for one in ("pat", "mallory", "evan", "sue", "gus")))
    fred, of = people["fred"], {"post": post, "at": AT}
    Reaction.objects.create(uri=f"{fred.uri}/like", author=fred, emoji="🔥", **of)
    Vote.objects.create(voter="voter:1", option="Tea", author=fred, **of)
    Version.objects.create(post=post, html=f"<p>{SECRET} before</p>", at=AT)
    if visibility in HIDDEN:  # as crossing edits may leave it
        Boost.objects.create(uri=f"{ORIGIN}/ap/a/boost", author=alice, **of)
        Pin.objects.create(uri=f"{ORIGIN}/ap/a/pin", author=alice, **of)
    return post


def reads(reader: str, visibility: str) -> bool:
    if reader in SHUT_OUT:
        return False
    if visibility in OPEN:
        return True
    if reader in UNKNOWN:
        return False
    return (reader == "fred" and visibility == "private") or (
        reader == "pat" and visibility in {"private", "limited", "direct"}
    )


def expected(reader: str, visibility: str, state: str, *, secure: bool) -> int:
    if secure and reader in UNKNOWN:
        return 401
    if state in {"suspended", "left"}:
        return 410 if visibility in OPEN else 404
    if not reads(reader, visibility):
        return 404
    return 410 if state == "deleted" else 200


GONE = ("deleted", "suspended", "left")
TABLE = [
    *((one, "stands", secure) for one in VISIBILITIES for secure in (False, True)),
    *((one, state, False) for one in ("public", "private", "direct") for state in GONE),
]


@pytest.mark.parametrize(("visibility", "state", "secure"), TABLE)
def test_a_post_is_read_by_exactly_those_it_is_for(
    client: Client,
    people: dict[str, Actor],
    alice: Actor,
    settings: SettingsWrapper,
    visibility: str,
    state: str,
    *,
    secure: bool,
) -> None:
    settings.OWNROOM_SECURE_FETCH = secure
    post = story(alice, people, visibility)
    match state:
        case "deleted":
            Post.objects.filter(pk=post.pk).update(deleted=AT, html="")
            Document.objects.filter(uri__startswith=post.uri).update(gone=True)
        case "suspended":
            Actor.objects.filter(pk=alice.pk).update(suspended=True)
        case "left":
            Actor.objects.filter(pk=alice.pk).update(left=AT)
            Document.objects.filter(author=alice.uri).update(gone=True)
    for reader in READERS:
        wanted = expected(reader, visibility, state, secure=secure)
        for path in (*WORDS, *LISTS[:1]):
            answer = ask(client, f"/ap/o/{NAME}{path}", reader, people)
            assert answer.status_code == wanted, (reader, path)
            shown = wanted == 200 and path in WORDS
            assert (SECRET.encode() in _without_name(answer.body)) is shown, (reader, path)
            if wanted in {401, 404}:
                absent = ask(client, f"/ap/o/{ABSENT}{path}", reader, people)
                assert _told(answer) == _told(absent), (reader, path)


def _without_name(body: bytes) -> bytes:
    return body.replace(NAME.encode(), b"")


def _told(answer: Any) -> tuple[Any, ...]:
    return answer.status_code, answer.body, sorted(answer.headers.items())


def test_what_somebody_did_to_a_hidden_post_is_read_by_its_author_while_both_are_there(
    client: Client, people: dict[str, Actor], alice: Actor
) -> None:
    uri, fred = f"{ORIGIN}/ap/a/{'like':x<16}", people["fred"]
    act = React(author=ALICE, post=f"{fred.uri}/1", uri=uri, emoji="🔥", at=AT)
    keep(uri, render.render(act, render.Refs(origin=ORIGIN, post_author=fred.uri)), alice)

    def seen() -> dict[str, int]:
        asked = {one: ask(client, uri.removeprefix(ORIGIN), one, people) for one in READERS}
        return {one: answer.status_code for one, answer in asked.items()}

    assert seen() == dict.fromkeys(READERS, 404) | {"fred": 200}
    Actor.objects.filter(pk=alice.pk).update(suspended=True)
    assert seen() == dict.fromkeys(READERS, 404) | {"fred": 410}
    Actor.objects.filter(pk=fred.pk).update(left=AT)
    assert seen() == dict.fromkeys(READERS, 404)


# ---- as if it were not there


@pytest.mark.parametrize("visibility", HIDDEN)
def test_to_all_others_the_world_is_as_if_there_were_no_such_post(
    client: Client,
    people: dict[str, Actor],
    alice: Actor,
    settings: SettingsWrapper,
    visibility: str,
) -> None:
    fred = people["fred"]
    Upload.objects.create(url=PICTURE, host="far.example", mxc=f"mxc://{SERVER}/abc")
    top = written(alice, "open", hashtags=["bell"])
    paths = [path for path in (*ELSE.values(), *OF_A_POST.values()) if path]
    paths += [path.replace(f"{'post':x<16}", f"{'open':x<16}") for path in OF_A_POST.values()]
    paths += [f"/ap/o/{NAME}{part}" for part in (*WORDS, *LISTS)]
    paths += [f"/@alice/{NAME}", f"/media/of/{top.pk + 2}/{links.mark(PICTURE)}"]
    before = everything(client, people, paths)
    mine = story(alice, people, visibility)
    _theirs(fred, top, mine, visibility)
    after = everything(client, people, paths)
    differ = {(path, reader) for path, reader, _ in before if _differs(before, after, path, reader)}
    readers = {reader for reader in ELSEWHERE if reads(reader, visibility)}
    assert {reader for _, reader in differ} == readers
    assert all(path.startswith(f"/ap/o/{NAME}") for path, _ in differ)


def _theirs(fred: Actor, top: Post, mine: Post, visibility: str) -> None:
    """What somebody elsewhere says that is not for everybody either: below it, about it, apart."""
    for number, more in enumerate(
        (
            {"reply": top.uri, "parent": top},
            {"quote": top.uri, "stamp": f"{ORIGIN}/ap/stamps/x"},
            {"reply": mine.uri, "parent": mine},
            {"hashtags": ["bell"], "attachments": [{"url": PICTURE, "media_type": "image/png"}]},
        )
    ):
        hidden = "private" if visibility == "local" else visibility
        Post.objects.create(
            uri=f"{fred.uri}/{number}",
            author=fred,
            visibility=hidden,
            html=SECRET,
            published=AT,
            **more,
        )


Answers = dict[tuple[str, str, str], tuple[Any, ...]]


def everything(client: Client, people: dict[str, Actor], paths: list[str]) -> Answers:
    cache.clear()
    found: Answers = {}
    for path in dict.fromkeys(paths):
        for reader in ELSEWHERE:
            questions = QUESTIONS if reader == "nobody" else {"plain": {}}
            for name, more in questions.items():
                answer = ask(client, path, reader, people, **more)
                found[path, reader, name] = _told(answer)
        head, options = client.head(path), client.options(path)
        found[path, "nobody", "head"] = head.status_code, sorted(head.headers.items())
        found[path, "nobody", "options"] = options.status_code, options.content
    return found


def _differs(before: Answers, after: Answers, path: str, reader: str) -> bool:
    asked = [key for key in before if key[:2] == (path, reader)]
    return any(before[key] != after[key] for key in asked)
