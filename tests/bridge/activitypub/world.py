"""A small known world: local alice, remote bob, and what is kept of what they wrote."""

import time
from typing import Any

import orjson
from django.test import Client

from bridge.activitypub import render, signatures
from bridge.models import Document
from social.acts import Boost as BoostAct
from social.models import Actor, Boost, Post
from social.models import Follow as FollowRow
from social.profiles import publish_of
from tests.social.web.cast import local

ORIGIN = "http://social.test"
ALICE = f"{ORIGIN}/ap/u/alice"
AT = 1_795_162_530_000
JSON = "application/activity+json; charset=utf-8"
BOB_KEY = signatures.generate_rsa()
BOB_PUBLIC = signatures.public_pem(signatures.load_private(BOB_KEY))


def resident(**values: Any) -> Actor:
    return local(
        **{
            "followers": f"{ALICE}/followers",
            "public_key": "-----BEGIN PUBLIC KEY-----\nMIIB\n-----END PUBLIC KEY-----\n",
            "published": AT,
        }
        | values
    )


def remote(name: str, **values: Any) -> Actor:
    uri = f"https://mastodon.example/users/{name}"
    return Actor.objects.create(
        uri=uri,
        handle=name,
        domain="mastodon.example",
        host="mastodon.example",
        key_id=f"{uri}#main-key",
        **values,
    )


def written(author: Actor, name: str, visibility: str = "public", **values: Any) -> Post:
    """A post with the documents that are kept of it."""
    uri = f"{ORIGIN}/ap/o/{name:x<16}"
    post = Post.objects.create(
        **{
            "uri": uri,
            "author": author,
            "visibility": visibility,
            "html": f"<p>{name}</p>",
            "url": f"{ORIGIN}/@alice/{name:x<16}",
            "published": AT,
            **values,
        }
    )
    refs = render.Refs(origin=ORIGIN, followers=author.followers)
    keep(uri, render.note(publish_of(post), refs), author)
    keep(f"{uri}/create", render.render(publish_of(post), refs), author)
    return post


def keep(uri: str, body: dict[str, Any], author: Actor, *, gone: bool = False) -> Document:
    text = orjson.dumps(body).decode()
    return Document.objects.create(uri=uri, body=text, author=author.uri, gone=gone)


def signed(path: str, who: Actor) -> dict[str, str]:
    key = signatures.SigningKey(who.key_id, signatures.load_private(BOB_KEY))
    headers = signatures.sign_cavage("GET", f"{ORIGIN}{path}", b"", key, now=time.time())
    return {**headers, "Host": "social.test"}


def get(client: Client, path: str, who: Actor | None = None, **headers: str) -> Any:
    path = path.removeprefix(ORIGIN)
    return client.get(path, headers={**(signed(path, who) if who else {}), **headers})


def boosted(author: Actor, post: Post, name: str, at: int) -> Boost:
    uri = f"{ORIGIN}/ap/a/{name:x<16}"
    act = BoostAct(author=author.uri, post=post.uri, uri=uri, at=at)
    refs = render.Refs(origin=ORIGIN, followers=author.followers)
    keep(uri, render.render(act, refs), author)
    return Boost.objects.create(uri=uri, author=author, post=post, at=at)


def follow(follower: Actor, target: Actor, at: int, state: str = "accepted") -> FollowRow:
    return FollowRow.objects.create(
        uri=f"{follower.uri}/f", follower=follower, target=target, at=at, state=state
    )
