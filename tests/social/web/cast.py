"""A few rows to look at: who lives here, who lives elsewhere, and what they wrote."""

import itertools
from typing import Any

from social.models import Actor, Boost, Follow, Post, Reaction

NOON = 1_795_435_200_000  # 23 November 2026, 12:00 UTC
_numbers = itertools.count(1)


def local(handle: str = "alice", **values: Any) -> Actor:
    return Actor.objects.create(
        **{
            "uri": f"http://social.test/ap/u/{handle.lower()}",
            "owner": f"@{handle.lower()}:hs.test",
            "handle": handle,
            "domain": "social.test",
            "host": "social.test",
            "name": handle.title(),
            "url": f"http://social.test/@{handle}",
        }
        | values
    )


def remote(handle: str = "bob", **values: Any) -> Actor:
    return Actor.objects.create(
        **{
            "uri": f"https://far.example/users/{handle}",
            "handle": handle,
            "domain": "far.example",
            "host": "far.example",
            "name": handle.title(),
            "url": f"https://far.example/@{handle}",
        }
        | values
    )


def write(author: Actor, text: str = "", **values: Any) -> Post:
    number = next(_numbers)
    name = values.pop("name", f"post{number}")
    here = "http://social.test/ap/o/" if author.owner else "https://far.example/posts/"
    return Post.objects.create(
        **{
            "uri": f"{here}{name}",
            "author": author,
            "visibility": "public",
            "html": f"<p>{text or f'Words number {number}.'}</p>",
            "language": "en",
            "published": NOON + number,
        }
        | values
    )


def answer(parent: Post, author: Actor, text: str = "", **values: Any) -> Post:
    return write(author, text, parent=parent, reply=parent.uri, **values)


def boost(author: Actor, post: Post, at: int | None = None) -> Boost:
    number = next(_numbers)
    uri = f"{author.uri}/boosts/{number}"
    return Boost.objects.create(uri=uri, author=author, post=post, at=at or NOON + number)


def react(author: Actor, post: Post, emoji: str = "\u2b50") -> Reaction:
    uri = f"{author.uri}/reactions/{next(_numbers)}"
    return Reaction.objects.create(uri=uri, author=author, post=post, emoji=emoji, at=NOON)


def follow(follower: Actor, target: Actor, state: str = "accepted") -> Follow:
    uri = f"{follower.uri}#{target.pk}"
    return Follow.objects.create(uri=uri, follower=follower, target=target, state=state, at=NOON)


def path(post: Post) -> str:
    return f"/@{post.author.handle}/{post.uri.rsplit('/', 1)[-1]}"
