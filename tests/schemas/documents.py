"""Whether a document that we serve or send has what its readers demand: see demands.py. Pure."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from jsonschema import Draft202012Validator

from tests.schemas.demands import DEMANDS, Json

ACTORS = {"Person", "Service", "Group", "Organization", "Application"}
POSTS = {"Note", "Question", "Article", "Page", "Video", "Event"}
COLLECTIONS = {"Collection", "OrderedCollection", "CollectionPage", "OrderedCollectionPage"}
IN_GROUPS = {"Image", "Document", "Link"}  # what Lemmy reads as a file


def unmet(document: Json) -> list[str]:
    """What is wrong with something served at its own address, or sent."""
    if "subject" in document and "links" in document:
        return _against("webfinger", document)
    if "software" in document:
        return _against("nodeinfo", document)
    if set(document) == {"links"}:  # which it is, they tell
        rels = {link.get("rel") for link in document["links"]}
        kind = {"self": "webfinger", "lrdd": "host-meta"}
        return _against(next((kind[r] for r in kind if r in rels), "nodeinfo links"), document)
    return [*_against("document", document), *_inner(document)]


def _inner(one: Json) -> Iterator[str]:
    kind = str(one.get("type"))
    if kind in ACTORS:
        yield from _against("actor", one)
        yield from _actor(one)
    elif kind == "QuoteAuthorization":
        yield from _against(kind, one)
    elif _is_vote(one):
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
    near = {name: one.get(name) for name in ("inbox", "outbox", "followers", "following", "url")}
    near["publicKey.id"] = key.get("id") if isinstance(key, dict) else None
    near["endpoints.sharedInbox"] = one.get("endpoints", {}).get("sharedInbox")
    for field, uri in near.items():
        if uri is not None and _host(uri) != _host(one["id"]):
            yield f"{one['id']}: {field}, for Misskey: on another host than the actor"
    if one["type"] != "Application" and "followers" not in one:
        yield f"{one['id']}: followers, for Mastodon: or followers-only posts look direct"


def _post(one: Json) -> Iterator[str]:
    at = f"{one.get('id')}"
    for field in ("attributedTo", "url"):
        if field in one and _host(one[field]) != _host(at):
            yield f"{at}: {field}, for Misskey: on another host than the post"
    if not (one.get("content") or one.get("attachment")):
        yield f"{at}: content, for PeerTube, Lemmy: a post without words is none"
    if one.get("updated", "9") < one.get("published", ""):
        yield f"{at}: updated, for GoToSocial: before published the post is dropped"
    said = [*one.get("contentMap", {}).values()]
    if said and said != [one.get("content")]:
        yield f"{at}: contentMap, for GoToSocial: not the same as content"
    files = {file.get("type") for file in one.get("attachment", ())}
    if "audience" in one and not files <= IN_GROUPS:
        yield f"{at}: attachment, for Lemmy: with {files - IN_GROUPS} it reads no word of the post"
    if one["type"] == "Question" and len({"oneOf", "anyOf"} & set(one)) != 1:
        yield f"{at}: oneOf or anyOf, for Misskey: a poll has one kind of choice"


def _activity(one: Json) -> Iterator[str]:
    at, kind, inner = f"{one.get('id')}", one.get("type"), one.get("object")
    if _host(one.get("actor", "")) != _host(at):
        yield f"{at}: actor, for Mastodon, Misskey: on another host than its activity"
    if kind == "Delete" and "summary" in one and "audience" not in one:
        yield f"{at}: summary, for Lemmy: by it a moderator's removal is known"
    if not isinstance(inner, dict):
        return
    if kind == "Undo" and inner.get("actor") != one.get("actor"):
        yield f"{at}: object.actor, for GoToSocial, Lemmy: of somebody else"
    if kind in {"Accept", "Reject"}:
        yield from _answer(one, inner)
    if kind in {"Create", "Update"}:
        yield from _written(one, inner)


def _answer(one: Json, asked: Json) -> Iterator[str]:
    quote = asked.get("type") == "QuoteRequest"
    if quote and "instrument" not in asked:
        yield f"{one['id']}: object.instrument, for Mastodon: which post would quote"
    if one["type"] == "Accept" and quote != ("result" in one):
        yield f"{one['id']}: result, for Mastodon: where the consent can be read"
    if one.get("to") != [asked.get("actor")]:
        yield f"{one['id']}: to, for GoToSocial: who asked"


def _written(one: Json, inner: Json) -> Iterator[str]:
    yield from _inner(inner)
    if inner.get("type") not in POSTS or _is_vote(inner):
        return
    for field in ("to", "cc"):
        if inner.get(field) != one.get(field):
            yield f"{inner.get('id')}: {field}, for GoToSocial: only the object's count"
    if "cc" not in one:
        yield f"{one['id']}: cc, for Lemmy: refused without"


def _is_vote(one: Json) -> bool:
    return one.get("type") == "Note" and "name" in one and "content" not in one


def _host(url: Any) -> str:
    return urlsplit(url).netloc if isinstance(url, str) else ""
