"""Actor documents → profiles. Pure: what an actor says of itself, as far as its id bears it out.

The domain of the handle is the host of the id. A `webfinger` property may name another one: that is
a claim, and `claimed` hands it to whoever can ask there.
"""

import re
from typing import Any

from bridge import html, names
from bridge.activitypub import jsonld, parse_emoji
from bridge.activitypub.parse_post import Json, sane
from bridge.activitypub.vocabulary import ACTIVITIES, KINDS
from social.acts import Field, Ignored, Kind, Profile

MAX_FIELDS = 16
MAX_NAME = 500
MAX_ALIASES = 20
MAX_PEM = 16_384
MAX_PICTURES = 8  # one picture in several sizes
WIDE = 1_500  # pixels: what is wider is larger than anybody shows it

_HANDLE = re.compile(r"[\w.~+=-]{1,255}")
_MULTIKEY = re.compile(r"z6Mk[1-9A-HJ-NP-Za-km-z]{40,60}")  # Ed25519, base58


def profile(doc: Any, *, at: int) -> Profile | Ignored:
    """`at`: when it was received, in milliseconds."""
    if not isinstance(doc, dict):
        return Ignored(reason="the actor was not sent along, only its id")
    if refusal := _unfit(doc):
        return Ignored(reason=refusal)
    uri = jsonld.id_of(doc)
    key_id, public_key = _rsa(doc, uri)
    endpoints = doc.get("endpoints")
    emojis = parse_emoji.tagged(doc)
    shared = endpoints.get("sharedInbox") if isinstance(endpoints, dict) else None
    return Profile(
        uri=uri,
        handle=jsonld.text(doc.get("preferredUsername")),
        domain=names.host_of(uri),
        kind=_kind(doc),
        name=parse_emoji.renamed(html.warning(jsonld.text(doc.get("name"))), emojis)[:MAX_NAME],
        summary=parse_emoji.renamed(html.from_fediverse(jsonld.text(doc.get("summary"))), emojis),
        url=_web(jsonld.link(doc.get("url"))),
        icon=_picture(doc.get("icon")),
        header=_picture(doc.get("image")),
        fields=_fields(doc),
        locked=doc.get("manuallyApprovesFollowers") is True,
        discoverable=doc.get("discoverable") is True,
        indexable=doc.get("indexable") is True,
        restricted=doc.get("postingRestrictedToMods") is True,
        aliases=_aliases(doc),
        moved_to=_web(jsonld.id_of(doc.get("movedTo"))),
        inbox=jsonld.id_of(doc.get("inbox")),
        shared_inbox=_near(jsonld.id_of(shared), uri),
        followers=_own(jsonld.id_of(doc.get("followers")), uri),
        key_id=key_id,
        public_key=public_key,
        multikey=_ed25519(doc, uri),
        published=_born(doc, at),
        emojis=tuple(emojis.values()),
        memorial=doc.get("memorial") is True,
        attribution_domains=_domains(doc),
    )


def claimed(doc: Json) -> tuple[str, str] | None:
    """FEP-2c59: the handle that the actor prefers, still to be confirmed by that domain."""
    return names.parse_acct(jsonld.text(doc.get("webfinger"))[:600])


def is_actor(doc: Any) -> bool:
    """By type; of unknown types, whatever has an inbox."""
    types = jsonld.types(doc)
    return any(kind in KINDS for kind in types) or (
        isinstance(doc, dict) and "inbox" in doc and ACTIVITIES.isdisjoint(types)
    )


def _unfit(doc: Json) -> str:
    uri = jsonld.id_of(doc)
    if not names.origin_of(uri):
        return "the actor's id is not a web address"
    if not is_actor(doc):
        return "the object is not an actor"
    if not _HANDLE.fullmatch(jsonld.text(doc.get("preferredUsername"))):
        return "the actor has no readable preferredUsername"
    if not _near(jsonld.id_of(doc.get("inbox")), uri):
        return "the actor has no inbox on its own server"
    return ""


def _kind(doc: Json) -> Kind:
    return next((KINDS[kind] for kind in jsonld.types(doc) if kind in KINDS), "person")


def _near(uri: str, owner: str) -> str:
    """`uri`, if its host is the owner's, or one is a subdomain of the other.

    An inbox elsewhere would turn a popular actor into a stream of requests at a stranger's door.
    """
    one, other = names.host_of(uri), names.host_of(owner)
    if not one or not other:
        return ""
    related = one == other or one.endswith(f".{other}") or other.endswith(f".{one}")
    return uri if related and names.origin_of(uri)[:6] == names.origin_of(owner)[:6] else ""


def _own(uri: str, owner: str) -> str:
    return uri if names.same_origin(uri, owner) else ""


def _web(uri: str) -> str:
    return uri if names.origin_of(uri) else ""


def _picture(value: Any) -> str:
    """An Image, a list of them in several sizes, or (Pleroma) its bare URL. The largest that a
    room shows whole; where sizes are not told, the first.
    """
    found = [one for item in jsonld.as_list(value)[:MAX_PICTURES] for one in _sized(item)]
    if not found:
        return ""
    fitting = [one for one in found if one[0] <= WIDE]
    return max(fitting, key=lambda one: one[0])[1] if fitting else min(found)[1]


def _sized(item: Any) -> list[tuple[int, str]]:
    """Width, 0 when unknown, and address; an Image may have several links."""
    if not isinstance(item, dict):
        links: list[Any] = [item]
    else:
        links = jsonld.as_list(item.get("url"))[:MAX_PICTURES]
    addressed = [(link, jsonld.link(link)) for link in links]
    return [(_width(link) or _width(item), url) for link, url in addressed if names.origin_of(url)]


def _width(item: Any) -> int:
    wide = item.get("width") if isinstance(item, dict) else None
    return wide if isinstance(wide, int) and not isinstance(wide, bool) and wide > 0 else 0


def _domains(doc: Json) -> tuple[str, ...]:
    found = (jsonld.text(one)[:MAX_NAME] for one in jsonld.as_list(doc.get("attributionDomains")))
    return tuple(dict.fromkeys(filter(None, found)))[:MAX_ALIASES]


def _fields(doc: Json) -> tuple[Field, ...]:
    found = [
        Field(
            name=html.warning(jsonld.text(item.get("name")))[:MAX_NAME],
            value=html.from_fediverse(jsonld.text(item.get("value"))),
        )
        for item in jsonld.as_list(doc.get("attachment"))[: 4 * MAX_FIELDS]
        if "PropertyValue" in jsonld.types(item)
    ]
    return tuple(field for field in found if field.name)[:MAX_FIELDS]


def _aliases(doc: Json) -> tuple[str, ...]:
    found = (jsonld.id_of(item) for item in jsonld.as_list(doc.get("alsoKnownAs"))[:MAX_ALIASES])
    return tuple(dict.fromkeys(uri for uri in found if names.origin_of(uri)))


def _born(doc: Json, at: int) -> int | None:
    return None if jsonld.millis(doc.get("published")) is None else sane(at, doc.get("published"))


def _rsa(doc: Json, uri: str) -> tuple[str, str]:
    """The first key that this actor owns; a bare id is a key to be fetched."""
    for key in jsonld.as_list(doc.get("publicKey"))[:10]:
        key_id = _own(jsonld.id_of(key), uri)
        if isinstance(key, str) and key_id:
            return key_id, ""
        if (
            not isinstance(key, dict)
            or not key_id
            or jsonld.id_of(key.get("owner")) not in {"", uri}
        ):
            continue
        pem = jsonld.text(key.get("publicKeyPem"))
        owned = jsonld.id_of(key.get("owner")) in {"", uri}
        if owned and "PUBLIC KEY-----" in pem and len(pem) <= MAX_PEM:
            return key_id, pem
    return "", ""


def _ed25519(doc: Json, uri: str) -> str:
    """FEP-521a: the first Ed25519 Multikey that this actor controls."""
    for key in jsonld.as_list(doc.get("assertionMethod"))[:10]:
        if not isinstance(key, dict) or jsonld.id_of(key.get("controller")) != uri:
            continue
        multikey = jsonld.text(key.get("publicKeyMultibase"))
        if _own(jsonld.id_of(key), uri) and _MULTIKEY.fullmatch(multikey):
            return multikey
    return ""
