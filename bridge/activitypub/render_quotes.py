"""Quotes as other servers read them: by FEP-044f, by the three older names, and as a link. Pure."""

import hashlib
import html
from typing import Any

from bridge.activitypub.jsonld import AS2, PUBLIC
from social.acts import AllowQuote, AskQuote, Content, Publish, RefuseQuote

Json = dict[str, Any]

# Whoever reads one of our documents as JSON-LD finds what the words mean.
CONTEXT: Json = {
    "gts": "https://gotosocial.org/ns#",
    "interactionPolicy": {"@id": "gts:interactionPolicy", "@type": "@id"},
    "canQuote": {"@id": "gts:canQuote", "@type": "@id"},
    "automaticApproval": {"@id": "gts:automaticApproval", "@type": "@id"},
    "manualApproval": {"@id": "gts:manualApproval", "@type": "@id"},
    "interactingObject": {"@id": "gts:interactingObject", "@type": "@id"},
    "interactionTarget": {"@id": "gts:interactionTarget", "@type": "@id"},
    "QuoteAuthorization": "https://w3id.org/fep/044f#QuoteAuthorization",
    "QuoteRequest": "https://w3id.org/fep/044f#QuoteRequest",
    "quote": {"@id": "https://w3id.org/fep/044f#quote", "@type": "@id"},
    "quoteAuthorization": {
        "@id": "https://w3id.org/fep/044f#quoteAuthorization",
        "@type": "@id",
    },
    "quoteUri": "http://fedibird.com/ns#quoteUri",
    "quoteUrl": "as:quoteUrl",
    "_misskey_quote": "misskey:_misskey_quote",
}
_LINK = {
    "type": "Link",
    "mediaType": f'application/ld+json; profile="{AS2}"',
    "rel": "https://misskey-hub.net/ns#_misskey_quote",
}


def fields(publish: Publish, followers: str) -> Json:
    content = publish.content
    said: Json = {}
    if uri := content.quote:
        said = {"quote": uri, "quoteUri": uri, "quoteUrl": uri, "_misskey_quote": uri}
    if content.stamp:
        said["quoteAuthorization"] = content.stamp
    match content.quotable:
        case "":
            return said
        case "public":
            policy = {"automaticApproval": [PUBLIC]}
        case "followers" if followers:
            policy = {"automaticApproval": [followers]}
        case "ask":
            policy = {"manualApproval": [PUBLIC]}
        case _:  # an empty list would say nothing, FEP-044f
            policy = {"automaticApproval": [publish.author]}
    return said | {"interactionPolicy": {"canQuote": policy}}


def tags(content: Content) -> list[Json]:
    """FEP-e232."""
    uri = content.quote
    return [{**_LINK, "href": uri, "name": f"RE: {uri}"}] if uri else []


def with_fallback(content: Content, text: str) -> str:
    """With a line for those who know no quotes, in the form that the others leave out."""
    if not content.quote:
        return text
    shown = html.escape(content.quote)
    line = f'<span class="quote-inline"><br>RE: <a href="{shown}">{shown}</a></span>'
    if text.endswith("</p>"):
        return f"{text.removesuffix('</p>')}{line}</p>"
    return f"{text}<p>{line}</p>"


def ask(act: AskQuote, to: list[str], instrument: Json) -> Json:
    return {
        "id": act.uri,
        "type": "QuoteRequest",
        "actor": act.author,
        "to": to,
        "cc": [],
        "object": act.post,
        "instrument": instrument or act.quoting,
    }


def answer(act: AllowQuote | RefuseQuote) -> Json:
    """A fresh id each time, and plain ids inside, as in all answers."""
    kind, path = ("Accept", "accepts") if isinstance(act, AllowQuote) else ("Reject", "rejects")
    digest = hashlib.sha256(f"{act.uri}|{act.quoting}|{act.at}".encode()).hexdigest()
    return {
        "id": f"{act.author}#{path}/{digest[:24]}",
        "type": kind,
        "actor": act.author,
        "to": [act.asker],
        "cc": [],
        "object": {
            "id": act.uri,
            "type": "QuoteRequest",
            "actor": act.asker,
            "object": act.post,
            "instrument": act.quoting,
        },
        **({"result": act.stamp} if isinstance(act, AllowQuote) else {}),
    }


def revoke(act: RefuseQuote) -> Json:
    return {
        "id": f"{act.stamp}#delete",
        "type": "Delete",
        "actor": act.author,
        "to": [PUBLIC],
        "cc": [act.asker],
        "object": _stamp(act.stamp, act),
    }


def stamp(act: AllowQuote) -> Json:
    """Nothing is embedded: who reads this need not be one for whom the posts are."""
    return _stamp(act.stamp, act)


def _stamp(uri: str, act: AllowQuote | RefuseQuote) -> Json:
    return {
        "id": uri,
        "type": "QuoteAuthorization",
        "attributedTo": act.author,
        "interactingObject": act.quoting,
        "interactionTarget": act.post,
    }
