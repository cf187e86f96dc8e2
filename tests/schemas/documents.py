"""What other servers demand of the documents we serve and send, as their readers have it. Pure.

Read in the sources of Mastodon (`app/services/activitypub`, `app/lib/activitypub/parser`), Misskey
(`core/activitypub/models`), Lemmy (`crates/apub/src/protocol`), PeerTube
(`custom-validators/activitypub`) and GoToSocial (`internal/ap`, and measured), each in its own
words: the first column is what we owe, the last why somebody would not take it otherwise.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from jsonschema import Draft202012Validator

Json = dict[str, Any]
AS2 = "https://www.w3.org/ns/activitystreams"
PUBLIC = f"{AS2}#Public"
SHORT = {"Public", "as:Public"}

TEXT: Json = {"type": "string"}
SOME: Json = {"type": "string", "minLength": 1}
FLAG: Json = {"type": "boolean"}
URL: Json = {"type": "string", "pattern": r"^https?://[^\s/]+"}
URLS: Json = {"type": "array", "items": URL}
DATE: Json = {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$"}
COUNT: Json = {"type": "integer", "minimum": 0}
LIST: Json = {"type": "array"}
CONTEXT: Json = {"anyOf": [{"const": AS2}, {"type": "array", "contains": {"const": AS2}}]}
LINK: Json = {"type": "object", "required": ["type", "url"], "properties": {"url": URL}}
ADDRESSES: Json = {"type": "array", "items": {**URL, "not": {"enum": [*SHORT]}}}
# Mastodon's pattern, within Misskey's (`^\w([\w-.]*\w)?$`) and the alphabet of PeerTube.
NAME: Json = {
    "type": "string",
    "pattern": r"^[A-Za-z0-9_]+([.-]+[A-Za-z0-9_]+)*$",
    "maxLength": 128,
}
KEY: Json = {
    "type": "object",
    "required": ["id", "owner", "publicKeyPem"],
    "properties": {
        "id": URL,
        "owner": URL,
        "publicKeyPem": {"type": "string", "pattern": "^-----BEGIN PUBLIC KEY-----"},
    },
}
FIELDS: Json = {
    "type": "array",
    "items": {"type": "object", "properties": {"name": TEXT, "value": TEXT}},
}
PASSED: Json = {"anyOf": [URL, {"type": "object", "required": ["id", "type", "actor", "object"]}]}
PICTURE: Json = {**LINK, "required": ["type", "url", "mediaType"]}
FILES: Json = {"type": "array", "items": LINK}
TAGS: Json = {
    "type": "array",
    "items": {
        "type": "object",
        "required": ["type", "name"],
        "if": {"properties": {"type": {"enum": ["Mention", "Hashtag"]}}},
        "then": {"required": ["href"], "properties": {"href": URL}},
    },
}
WHOLE: Json = {
    "type": "object",
    "required": ["type", "actor", "object"],
    "properties": {"actor": URL, "object": URL},
}
STONE: Json = {"anyOf": [URL, {"type": "object", "required": ["id"], "properties": {"id": URL}}]}
SELF: Json = {
    "type": "array",
    "contains": {
        "type": "object",
        "required": ["rel", "type", "href"],
        "properties": {
            "rel": {"enum": ["self", f"{AS2}#Service"]},  # FEP-d556: of a server itself
            "type": {"pattern": r"^application/(activity\+json|ld\+json; *profile=)"},
            "href": URL,
        },
    },
}
ACTORS = {"Person", "Service", "Group", "Organization", "Application"}
POSTS = {"Note", "Question", "Article", "Page", "Video", "Event"}
COLLECTIONS = {"Collection", "OrderedCollection", "CollectionPage", "OrderedCollectionPage"}


class Demand(NamedTuple):
    field: str
    shape: Json
    who: str
    why: str
    must: bool = True  # else: only as it is there


DEMANDS: dict[str, list[Demand]] = {
    "document": [
        Demand("@context", CONTEXT, "Mastodon, GoToSocial", "refused as no ActivityStreams"),
        Demand("id", URL, "all", "what it is known by"),
        Demand("type", SOME, "all", "which reader it is given to"),
    ],
    "actor": [
        Demand("inbox", URL, "Lemmy, Misskey, PeerTube", "refused: nowhere to deliver to"),
        Demand("outbox", URL, "Lemmy", "mandatory in ActivityPub, so its reader has no other way"),
        Demand("followers", URL, "Mastodon, Misskey", "else private looks direct", must=False),
        Demand("following", URL, "PeerTube", "must be an address where it is given", must=False),
        Demand("preferredUsername", NAME, "all", "refused, or GoToSocial answers 500"),
        Demand("publicKey", KEY, "Lemmy, PeerTube, GoToSocial", "nothing we sign is believed"),
        Demand("name", TEXT, "Misskey", "refused where it is no text", must=False),
        Demand("summary", TEXT, "Misskey", "refused where it is no text", must=False),
        Demand("url", URL, "Misskey", "refused where it is no web address", must=False),
        Demand("icon", PICTURE, "Lemmy, Pixelfed", "a picture without type is none", must=False),
        Demand("image", PICTURE, "Lemmy, Pixelfed", "a picture without type is none", must=False),
        Demand("attachment", FIELDS, "Mastodon", "fields are name and value", must=False),
        Demand("manuallyApprovesFollowers", FLAG, "Mastodon", "how a follow is shown"),
        Demand("published", DATE, "Lemmy, GoToSocial", "an odd date refuses it all", must=False),
        Demand("webfinger", SOME, "Mastodon", "spares a request (FEP-2c59)", must=False),
        Demand("alsoKnownAs", URLS, "Mastodon", "moves compare addresses", must=False),
        Demand("movedTo", URL, "Mastodon", "an address, not an actor", must=False),
    ],
    "post": [
        Demand("attributedTo", URL, "all", "refused: by nobody"),
        Demand("published", DATE, "PeerTube, GoToSocial, Mastodon", "no comment; or dated as now"),
        Demand("to", {**ADDRESSES, "minItems": 1}, "Lemmy, PeerTube", "whom it is for"),
        Demand("cc", ADDRESSES, "PeerTube", "it looks for the public there and breaks without"),
        Demand("inReplyTo", URL, "PeerTube, Lemmy", "an address, not an object", must=False),
        Demand("url", URL, "Misskey, PeerTube", "refused where it is no web address", must=False),
        Demand("tag", TAGS, "Lemmy, GoToSocial", "a mention without href or name names nobody"),
        Demand("attachment", FILES, "Mastodon, Misskey", "a file without its address is none"),
        Demand("sensitive", FLAG, "Mastodon, Misskey", "whether files are hidden", must=False),
        Demand("summary", TEXT, "Misskey, GoToSocial", "the warning is plain text", must=False),
        Demand("contentMap", {"type": "object"}, "Mastodon", "where its language is", must=False),
        Demand("updated", DATE, "Mastodon, GoToSocial", "or the edit is not seen", must=False),
    ],
    "activity": [
        Demand("id", URL, "PeerTube, Lemmy, GoToSocial", "without it 202, and nothing happens"),
        Demand("actor", URL, "PeerTube, Lemmy", "who signs it"),
        Demand("to", ADDRESSES, "Lemmy, GoToSocial", "arrays, in full: the short name is direct"),
        Demand("cc", ADDRESSES, "PeerTube", "an array", must=False),
    ],
    "Create": [Demand("object", {"type": "object"}, "GoToSocial", "by id it is ignored")],
    "Update": [Demand("object", {"type": "object"}, "GoToSocial", "by id it answers 500")],
    "Delete": [Demand("object", STONE, "all", "by address, or a Tombstone with one")],
    "Announce": [
        # A group also passes on whole activities, for Lemmy: GoToSocial refuses them, and gets the
        # address in an Announce of its own.
        Demand("object", PASSED, "GoToSocial", "an embedded post is refused with 400"),
        Demand("to", {**ADDRESSES, "minItems": 1}, "GoToSocial", "else refused with 400"),
    ],
    "Like": [Demand("object", URL, "Lemmy, Misskey", "an address")],
    "Follow": [Demand("object", URL, "Lemmy, Takahē", "an address")],
    "Block": [Demand("object", URL, "Mastodon", "an address")],
    "Flag": [Demand("content", TEXT, "PeerTube", "a report without words breaks it")],
    "Move": [
        Demand("object", URL, "Mastodon", "who moves"),
        Demand("target", URL, "Mastodon", "where to"),
    ],
    "Accept": [Demand("object", WHOLE, "Takahē, Lemmy", "the follow, in plain ids")],
    "Reject": [Demand("object", WHOLE, "Takahē, Lemmy", "the follow, in plain ids")],
    "Undo": [
        Demand("object", {**WHOLE, "required": ["id", *WHOLE["required"]]}, "GoToSocial", "by id"),
    ],
    "QuoteAuthorization": [
        Demand("attributedTo", URL, "Mastodon", "who allows it"),
        Demand("interactingObject", URL, "Mastodon", "an address: nothing is embedded (FEP-044f)"),
        Demand("interactionTarget", URL, "Mastodon", "an address, the same"),
    ],
    "collection": [
        Demand("totalItems", COUNT, "PeerTube, Mastodon", "what a profile counts", must=False),
        Demand("first", {"anyOf": [URL, {"type": "object"}]}, "Mastodon", "the way in", must=False),
        Demand("items", LIST, "PeerTube", "a list", must=False),
        Demand("orderedItems", LIST, "Mastodon, Misskey", "a list", must=False),
    ],
    "OrderedCollection": [Demand("totalItems", COUNT, "PeerTube", "a number, else refused")],
    "OrderedCollectionPage": [Demand("partOf", URL, "Mastodon, GoToSocial", "whose page it is")],
    "CollectionPage": [Demand("partOf", URL, "Mastodon, GoToSocial", "whose page it is")],
    "Tombstone": [Demand("id", URL, "Mastodon", "what is gone")],
    "webfinger": [
        Demand("subject", SOME, "Mastodon, GoToSocial", "decides the handle"),
        Demand("links", SELF, "Mastodon, Lemmy, Misskey", "the way to the actor, with its type"),
    ],
    "nodeinfo": [
        Demand("version", SOME, "all", "which form it has"),
        Demand("software", {"type": "object", "required": ["name", "version"]}, "Misskey", "name"),
        Demand("protocols", {**LIST, "contains": {"const": "activitypub"}}, "Lemmy", "who we are"),
        Demand("usage", {"type": "object", "required": ["users"]}, "statistics", "counts"),
        Demand("openRegistrations", FLAG, "Misskey", "a flag"),
    ],
}


def unmet(document: Json) -> list[str]:
    """What is wrong with something served at its own address, or sent."""
    if "subject" in document and "links" in document:
        return _against("webfinger", document)
    if "software" in document:
        return _against("nodeinfo", document)
    return [*_against("document", document), *_inner(document)]


def _inner(one: Json) -> Iterator[str]:
    kind = str(one.get("type"))
    if kind in ACTORS:
        yield from _against("actor", one)
        yield from _actor(one)
    elif kind == "QuoteAuthorization":
        yield from _against(kind, one)
    elif kind == "Note" and "name" in one and "content" not in one:
        yield from _vote(one)
        return
    elif kind in POSTS:
        yield from _against("post", one)
        yield from _post(one)
    elif kind in COLLECTIONS:
        yield from _against("collection", one)
    elif kind != "Tombstone":
        yield from _against("activity", one)
        yield from _activity(one)
    yield from _against(kind, one)


def _against(kind: str, document: Json) -> list[str]:
    found = []
    for demand in DEMANDS.get(kind, []):
        said = f"{document.get('id', kind)}: {demand.field}, for {demand.who}: {demand.why}"
        if demand.field not in document:
            found += [f"{said}: absent"] if demand.must else []
            continue
        for error in Draft202012Validator(demand.shape).iter_errors(document[demand.field]):
            found.append(f"{said}: {error.message[:200]}")
    return found


def _vote(one: Json) -> Iterator[str]:
    """Mastodon and GoToSocial: a Note with a name and nothing to read, for one person alone."""
    if not one.get("inReplyTo") or len(one.get("to", [])) != 1 or one.get("cc"):
        yield f"{one['id']}: a vote tells its poll's author, and nobody else, which poll it is in"


def _actor(one: Json) -> Iterator[str]:
    key = one.get("publicKey", {})
    if isinstance(key, dict) and key.get("owner") != one["id"]:
        yield f"{one['id']}: publicKey.owner, for GoToSocial: whose key it is"
    for field in ("inbox", "outbox", "followers", "url"):
        if field in one and _host(one[field]) != _host(one["id"]):
            yield f"{one['id']}: {field}, for Misskey: on another host than the actor"
    if isinstance(key, dict) and _host(key.get("id", "")) != _host(one["id"]):
        yield f"{one['id']}: publicKey.id, for Misskey: on another host than the actor"
    if one["type"] != "Application" and "followers" not in one:
        yield f"{one['id']}: followers, for Mastodon: or followers-only posts look direct"
    if one["type"] == "Group" and not one.get("attributedTo"):
        yield f"{one['id']}: attributedTo, for PeerTube: a group without it is refused"


def _post(one: Json) -> Iterator[str]:
    at = f"{one.get('id')}"
    if _host(one.get("attributedTo", "")) != _host(at):
        yield f"{at}: attributedTo, for Misskey: on another host than the post"
    voted = "name" in one and "inReplyTo" in one and "content" not in one
    if not (voted or one.get("content") or one.get("attachment")):
        yield f"{at}: content, for PeerTube, Lemmy: a post without words is none"
    if one.get("updated", "9") < one.get("published", ""):
        yield f"{at}: updated, for GoToSocial: before published the post is dropped"
    kinds = {key: one[key] for key in ("oneOf", "anyOf") if key in one}
    if one["type"] == "Question" and len(kinds) != 1:
        yield f"{at}: oneOf or anyOf, for Mastodon: a poll has one kind of choice"
    for choice in (choice for choices in kinds.values() for choice in choices):
        if not (choice.get("name") and "totalItems" in choice.get("replies", {})):
            yield f"{at}: choices, for Mastodon: each has a name and its count"


def _activity(one: Json) -> Iterator[str]:
    if _host(one.get("actor", "")) != _host(str(one.get("id"))):
        yield f"{one.get('id')}: actor, for Mastodon: on another host than its activity"
    inner = one.get("object")
    if one.get("type") not in {"Create", "Update"} or not isinstance(inner, dict):
        return
    yield from _inner(inner)
    if inner.get("type") in POSTS and "name" not in inner:
        for field in ("to", "cc"):
            if inner.get(field) != one.get(field):
                yield f"{inner.get('id')}: {field}, for GoToSocial: only the object's count"


def _host(url: Any) -> str:
    return urlsplit(url).netloc if isinstance(url, str) else ""
