"""Quotes in what strangers write: whom a post quotes, by what right, and who may quote it. Pure.

FEP-044f has `quote` and a stamp; older servers have one of three other names, or a Link among the
tags (FEP-e232). What they name says nothing of consent: it is read as a quote without a stamp.
"""

from typing import Any

from bridge import html, names
from bridge.activitypub import jsonld
from social.acts import AllowQuote, AskQuote, Ignored, Quotable, RefuseQuote

Json = dict[str, Any]

_OLDER = ("_misskey_quote", "quoteUri", "quoteUrl")
_RELATION = "_misskey_quote"  # the last part of the `rel` of a Link, whatever stands before it
_ASKS = "QuoteRequest"
STAMP = "QuoteAuthorization"


def quoted(obj: Json, tags: list[Json]) -> tuple[str, str]:
    """The URI of the post quoted and of the stamp; a quote whose post is gone is none."""
    if "quote" in obj:
        inner = jsonld.first(obj.get("quote"))
        if "Tombstone" in jsonld.types(inner):
            return "", ""
        uri = _elsewhere(jsonld.id_of(inner), obj)
        return uri, _web(jsonld.id_of(jsonld.first(obj.get("quoteAuthorization")))) if uri else ""
    older = [jsonld.id_of(jsonld.first(obj.get(key))) for key in _OLDER]
    older += [jsonld.link(tag) for tag in tags if _is_quote(tag)]
    return next(filter(None, (_elsewhere(uri, obj) for uri in older)), ""), ""


def _elsewhere(uri: str, obj: Json) -> str:
    return _web(uri) if uri != jsonld.id_of(obj) else ""


def _web(uri: str) -> str:
    return uri if names.origin_of(uri) else ""


def _is_quote(tag: Json) -> bool:
    rels = (jsonld.text(rel) for rel in jsonld.as_list(tag.get("rel")))
    return "Link" in jsonld.types(tag) and any(rel.endswith(_RELATION) for rel in rels)


def quotable(obj: Json, author: str, followers: str) -> Quotable:
    """By its interaction policy; empty where it says nothing of quotes."""
    policy = obj.get("interactionPolicy")
    said = policy.get("canQuote") if isinstance(policy, dict) else None
    if not isinstance(said, dict):
        return ""
    at_once = _named(said.get("automaticApproval"))
    if any(map(jsonld.is_public, at_once)):
        return "public"
    if followers and followers in at_once:
        return "followers"
    others = [*at_once, *_named(said.get("manualApproval"))]
    return "ask" if any(uri != author for uri in others) else "nobody"


def _named(value: Any) -> list[str]:
    return [jsonld.id_of(item) for item in jsonld.as_list(value)[:100]]


# ---- what is asked and answered


def asked(activity: Json, actor: str, at: int) -> AskQuote | Ignored:
    uri, post = jsonld.id_of(activity), _web(jsonld.id_of(jsonld.first(activity.get("object"))))
    inner = jsonld.first(activity.get("instrument"))
    quoting = jsonld.id_of(inner)
    if not uri or not post or not quoting:
        return Ignored(reason="the activity does not say what would quote what")
    if not names.same_origin(quoting, actor):
        return Ignored(reason="the object's id is on another server than its author")
    if isinstance(inner, dict) and "attributedTo" in inner:
        author = jsonld.id_of(jsonld.first(inner.get("attributedTo")))
        if author != actor:
            return Ignored(reason="nobody can ask for somebody else")
        if quoted(inner, [])[0] not in {"", post}:
            return Ignored(reason="the post quotes another one than was asked for")
    return AskQuote(author=actor, post=post, quoting=quoting, uri=uri, at=at)


def is_answer(obj: Any) -> bool:
    """An Accept or Reject is about a quote: by its type, or by the form of our own ids."""
    return _ASKS in jsonld.types(obj) or jsonld.id_of(obj).endswith("#quote")


def allowed(activity: Json, obj: Any, actor: str, at: int) -> AllowQuote | Ignored:
    stamp = jsonld.id_of(jsonld.first(activity.get("result")))
    if not names.same_origin(stamp, actor):
        return Ignored(reason="the consent does not say where it can be read")
    found = _answered(obj)
    if isinstance(found, Ignored):
        return found
    return AllowQuote(author=actor, stamp=stamp, at=at, **found)


def refused(obj: Any, actor: str, at: int) -> RefuseQuote | Ignored:
    found = _answered(obj)
    if isinstance(found, Ignored):
        return found
    return RefuseQuote(author=actor, stamp="", at=at, **found)


def _answered(obj: Any) -> dict[str, str] | Ignored:
    uri = jsonld.id_of(obj)
    said = obj if isinstance(obj, dict) else {}
    quoting = jsonld.id_of(jsonld.first(said.get("instrument"))) or uri.removesuffix("#quote")
    if not names.origin_of(quoting):
        return Ignored(reason=f"the answer does not say to which {_ASKS}")
    return {
        "asker": _web(jsonld.id_of(said.get("actor"))),
        "post": _web(jsonld.id_of(jsonld.first(said.get("object")))),
        "quoting": quoting,
        "uri": uri if names.origin_of(uri) else "",
    }


def revoked(obj: Json, actor: str, at: int) -> RefuseQuote:
    """Delete of a stamp that says what it was for."""
    return RefuseQuote(
        author=actor,
        asker="",
        post=_web(jsonld.id_of(obj.get("interactionTarget"))),
        quoting=_web(jsonld.id_of(obj.get("interactingObject"))),
        uri="",
        stamp=jsonld.id_of(obj),
        at=at,
    )


def holds(stamp: Json, *, quoting: str, post: str, author: str) -> bool:
    """FEP-044f, "Verifying a QuoteAuthorization"; that it came from its own address the caller
    knows.
    """
    named = ("interactingObject", "interactionTarget", "attributedTo")
    said = tuple(jsonld.id_of(jsonld.first(stamp.get(key))) for key in named)
    return STAMP in jsonld.types(stamp) and said == (quoting, post, author)


def without_fallback(written: str) -> str:
    """The "RE:" line that servers add for those who know no quotes."""
    return html.without(written, "quote-inline")
