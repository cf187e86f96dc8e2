"""Who lives at the neighbour's and how they look on the wire: values and documents, no network."""

import datetime as dt
import html
import itertools
import re
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric import rsa

from bridge.demo.neighbour import signing

Json = dict[str, Any]
Audience = Literal["public", "unlisted", "private", "direct"]
AS2 = "https://www.w3.org/ns/activitystreams"
PUBLIC = f"{AS2}#Public"
MEDIA_TYPE = "application/activity+json"
CONTEXT: list[Any] = [
    AS2,
    "https://w3id.org/security/v1",
    {
        "manuallyApprovesFollowers": "as:manuallyApprovesFollowers",
        "sensitive": "as:sensitive",
        "Hashtag": "as:Hashtag",
        "toot": "http://joinmastodon.org/ns#",
        "discoverable": "toot:discoverable",
        "Emoji": "toot:Emoji",
        "schema": "http://schema.org#",
        "PropertyValue": "schema:PropertyValue",
        "value": "schema:value",
    },
]
_HASHTAG = re.compile(r"(?<![\w&/#])#(\w+)")
_numbers = itertools.count(time.time_ns())


@dataclass(slots=True)
class Actor:
    origin: str
    name: str
    key: rsa.RSAPrivateKey
    locked: bool = False
    kind: str = "Person"
    profile: Json = field(default_factory=dict)  # overrules any field of the document
    followers: dict[str, str] = field(default_factory=dict)  # actor → where to deliver
    asking: dict[str, Json] = field(default_factory=dict)  # actor → the Follow that waits
    following: dict[str, str] = field(default_factory=dict)  # actor → id of our Follow
    accepted: set[str] = field(default_factory=set)
    blocked: set[str] = field(default_factory=set)
    outbox: list[Json] = field(default_factory=list)
    gone: bool = False

    @property
    def id(self) -> str:
        return f"{self.origin}/users/{self.name}"

    @property
    def acct(self) -> str:
        return f"{self.name}@{urlsplit(self.origin).netloc}"

    @property
    def key_id(self) -> str:
        return f"{self.id}#main-key"

    @property
    def inbox(self) -> str:
        return f"{self.id}/inbox"

    @property
    def follower_list(self) -> str:
        return f"{self.id}/followers"

    @property
    def public(self) -> list[Json]:
        """The activities anybody may see."""
        return [one for one in self.outbox if PUBLIC in (*one.get("to", ()), *one.get("cc", ()))]


def moment() -> str:
    return dt.datetime.now(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def document(actor: Actor) -> Json:
    """Shaped like Mastodon's."""
    return {
        "@context": CONTEXT,
        "id": actor.id,
        "type": actor.kind,
        "preferredUsername": actor.name,
        "name": actor.name.title(),
        "summary": f"<p>{html.escape(actor.name.title())} lives next door.</p>",
        "url": f"{actor.origin}/@{actor.name}",
        "inbox": actor.inbox,
        "outbox": f"{actor.id}/outbox",
        "followers": actor.follower_list,
        "following": f"{actor.id}/following",
        "endpoints": {"sharedInbox": f"{actor.origin}/inbox"},
        "manuallyApprovesFollowers": actor.locked,
        "discoverable": True,
        "published": "2024-01-01T00:00:00Z",
        "tag": [],
        "attachment": [],
        "publicKey": {
            "id": actor.key_id,
            "owner": actor.id,
            "publicKeyPem": signing.pem(actor.key),
        },
        **actor.profile,
    }


def webfinger(actor: Actor) -> Json:
    page = f"{actor.origin}/@{actor.name}"
    return {
        "subject": f"acct:{actor.acct}",
        "aliases": [page, actor.id],
        "links": [
            {
                "rel": "http://webfinger.net/rel/profile-page",
                "type": "text/html",
                "href": page,
            },
            {"rel": "self", "type": MEDIA_TYPE, "href": actor.id},
        ],
    }


def address(actor: Actor, to: Audience, mentions: Iterable[str]) -> tuple[list[str], list[str]]:
    """`to` and `cc` as Mastodon fills them."""
    named = list(mentions)
    match to:
        case "public":
            return [PUBLIC], [actor.follower_list, *named]
        case "unlisted":
            return [actor.follower_list], [PUBLIC, *named]
        case "private":
            return [actor.follower_list], named
        case "direct":
            return named, []


def mention(target: Json) -> Json:
    host = urlsplit(str(target["id"])).netloc
    name = f"@{target.get('preferredUsername', '')}@{host}"
    return {"type": "Mention", "href": target["id"], "name": name}


def note(actor: Actor, to: Audience, content: str, mentions: Iterable[Json] = ()) -> Json:
    """`mentions` are documents of actors; those the content does not link yet are put in front."""
    tags = [mention(target) for target in mentions]
    front = "".join(
        f'<span class="h-card"><a href="{html.escape(tag["href"])}" class="u-url mention">'
        f"{html.escape(tag['name'])}</a></span> "
        for tag in tags
        if tag["href"] not in content
    )
    if front:
        content = content.replace("<p>", f"<p>{front}", 1) if "<p>" in content else front + content
    number = next(_numbers)
    addressed, copied = address(actor, to, [tag["href"] for tag in tags])
    return {
        "id": f"{actor.id}/statuses/{number}",
        "type": "Note",
        "summary": None,
        "inReplyTo": None,
        "published": moment(),
        "url": f"{actor.origin}/@{actor.name}/{number}",
        "attributedTo": actor.id,
        "to": addressed,
        "cc": copied,
        "sensitive": False,
        "content": content,
        "attachment": [],
        "tag": tags + _hashtags(actor, content),
    }


def paragraph(text: str) -> str:
    return f"<p>{html.escape(text, quote=False)}</p>"


def _hashtags(actor: Actor, content: str) -> list[Json]:
    plain = re.sub(r"<[^>]*>", " ", content)
    return [
        {"type": "Hashtag", "name": f"#{tag}", "href": f"{actor.origin}/tags/{tag.lower()}"}
        for tag in dict.fromkeys(_HASHTAG.findall(plain))
    ]


def activity(actor: Actor, kind: str, target: Any, **more: Any) -> Json:
    """`more` overrules; a Create has the id of its note with /activity, as at Mastodon's."""
    if kind == "Create" and isinstance(target, dict):
        made = f"{target['id']}/activity"
    else:
        made = f"{actor.id}#{kind.lower()}s/{next(_numbers)}"
    return {
        "@context": CONTEXT,
        "id": made,
        "type": kind,
        "actor": actor.id,
        "published": moment(),
        "object": target,
        **more,
    }


def tombstone(uri: str) -> Json:
    return {"@context": AS2, "id": uri, "type": "Tombstone", "deleted": moment()}


def collection(uri: str, items: list[Any]) -> Json:
    return {
        "@context": AS2,
        "id": uri,
        "type": "OrderedCollection",
        "totalItems": len(items),
        "first": f"{uri}?page=1",
    }


def page(uri: str, items: list[Any]) -> Json:
    return {
        "@context": AS2,
        "id": f"{uri}?page=1",
        "type": "OrderedCollectionPage",
        "partOf": uri,
        "totalItems": len(items),
        "orderedItems": items,
    }
