"""The documents about actors, and the context that all our documents share. Pure."""

import mimetypes
from typing import Any

from bridge.activitypub import render_measures, render_quotes
from bridge.activitypub.jsonld import AS2, iso
from social.acts import Emoji, Kind, Profile

Json = dict[str, Any]

CONTEXT: tuple[Any, ...] = (
    AS2,
    "https://w3id.org/security/v1",
    "https://w3id.org/security/data-integrity/v1",
    {
        "toot": "http://joinmastodon.org/ns#",
        "schema": "http://schema.org#",
        "misskey": "https://misskey-hub.net/ns#",
        "Hashtag": "as:Hashtag",
        "sensitive": "as:sensitive",
        "votersCount": "toot:votersCount",
        "manuallyApprovesFollowers": "as:manuallyApprovesFollowers",
        "movedTo": {"@id": "as:movedTo", "@type": "@id"},
        "alsoKnownAs": {"@id": "as:alsoKnownAs", "@type": "@id"},
        "PropertyValue": "schema:PropertyValue",
        "value": "schema:value",
        "featured": {"@id": "toot:featured", "@type": "@id"},
        "discoverable": "toot:discoverable",
        "indexable": "toot:indexable",
        "memorial": "toot:memorial",
        "attributionDomains": {"@id": "toot:attributionDomains", "@container": "@set"},
        "Emoji": "toot:Emoji",
        "blurhash": "toot:blurhash",
        "focalPoint": {"@id": "toot:focalPoint", "@container": "@list"},
        "voice": "urn:social.ownroom:voice",
        **render_measures.CONTEXT,
        "_misskey_reaction": "misskey:_misskey_reaction",
        "webfinger": "https://purl.archive.org/socialweb/webfinger#webfinger",
        "implements": {"@id": "https://w3id.org/fep/844e#implements", "@type": "@id"},
        "assertionMethod": {
            "@id": "https://w3id.org/security#assertionMethod",
            "@type": "@id",
            "@container": "@set",
        },
        "Multikey": "https://w3id.org/security#Multikey",
        "publicKeyMultibase": {
            "@id": "https://w3id.org/security#publicKeyMultibase",
            "@type": "https://w3id.org/security#multibase",
        },
        **render_quotes.CONTEXT,
    },
)

_TYPES: dict[Kind, str] = {
    "person": "Person",
    "service": "Service",
    "group": "Group",
    "organization": "Organization",
    "application": "Application",
}
# FEP-844e: what a peer may try at once instead of finding out.
_GENERATOR = {
    "type": "Application",
    "name": "Ownroom",
    "implements": [
        {
            "href": "https://datatracker.ietf.org/doc/html/rfc9421",
            "name": "RFC-9421: HTTP Message Signatures",
        }
    ],
}


def actor(profile: Profile) -> Json:
    return {"@context": list(CONTEXT), **plain_actor(profile)}


def instance_actor(origin: str, domain: str, key_id: str, public_key: str, multikey: str) -> Json:
    """The server itself: it signs fetches, follows nobody and may be read by anybody."""
    uri = f"{origin}/ap/actor"
    return {
        "@context": list(CONTEXT),
        "id": uri,
        "type": "Application",
        "preferredUsername": "instance",
        "name": "Ownroom",
        "url": f"{origin}/",
        "inbox": f"{uri}/inbox",
        "outbox": f"{uri}/outbox",
        "endpoints": {"sharedInbox": f"{origin}/inbox"},
        "manuallyApprovesFollowers": True,
        "discoverable": False,
        "indexable": False,
        "webfinger": f"instance@{domain}",
        **_keys(uri, key_id, public_key, multikey),
        "generator": _GENERATOR,
    }


def emoji_tag(emoji: Emoji) -> Json:
    kind = {"mediaType": emoji.media_type} if emoji.media_type else {}
    return {
        "id": emoji.url,
        "type": "Emoji",
        "name": f":{emoji.shortcode}:",
        "icon": {"type": "Image", **kind, "url": emoji.url},
    }


def _tags(profile: Profile) -> Json:
    """Of a whole pack those that are seen."""
    said = [profile.name, profile.summary]
    said += [text for field in profile.fields for text in (field.name, field.value)]
    text = "\n".join(said)
    used = [emoji_tag(one) for one in profile.emojis if f":{one.shortcode}:" in text]
    return {"tag": used} if used else {}


def plain_actor(profile: Profile) -> Json:
    """Without a context: as it stands inside an Update."""
    uri = profile.uri
    shared = {"endpoints": {"sharedInbox": profile.shared_inbox}} if profile.shared_inbox else {}
    return {
        "id": uri,
        "type": _TYPES[profile.kind],
        "preferredUsername": profile.handle,
        "name": profile.name,
        "summary": profile.summary,
        **({"url": profile.url} if profile.url else {}),
        "inbox": profile.inbox or f"{uri}/inbox",
        "outbox": f"{uri}/outbox",
        "followers": profile.followers or f"{uri}/followers",
        "following": f"{uri}/following",
        "featured": f"{uri}/featured",
        **shared,
        **(_group(profile) if profile.kind == "group" else {}),
        "manuallyApprovesFollowers": profile.locked,
        "discoverable": profile.discoverable,
        "indexable": profile.indexable,
        **({"memorial": True} if profile.memorial else {}),
        **_written_on(profile.attribution_domains),
        **_born(profile.published),
        "webfinger": f"{profile.handle}@{profile.domain}",
        **_picture("icon", profile.icon),
        **_picture("image", profile.header),
        **_tags(profile),
        "attachment": [
            {"type": "PropertyValue", "name": field.name, "value": field.value}
            for field in profile.fields
        ],
        **({"alsoKnownAs": list(profile.aliases)} if profile.aliases else {}),
        **({"movedTo": profile.moved_to} if profile.moved_to else {}),
        **_keys(uri, profile.key_id, profile.public_key, profile.multikey),
        "generator": _GENERATOR,
    }


def _group(profile: Profile) -> Json:
    """FEP-1b12 and Lemmy: who moderates, and whether every member may begin a topic."""
    by = f"{profile.uri}/moderators"
    return {"attributedTo": by, "postingRestrictedToMods": profile.restricted}


def _written_on(domains: tuple[str, ...]) -> Json:
    """Mastodon names an author below a link only where the author names the link's site too."""
    return {"attributionDomains": list(domains)} if domains else {}


def _born(published: int | None) -> Json:
    """The day only: the hour of signing up is nobody's business."""
    return {} if published is None else {"published": f"{iso(published)[:10]}T00:00:00Z"}


def _picture(key: str, url: str) -> Json:
    """Some servers refuse a picture without its media type, whatever the picture really is."""
    if not url:
        return {}
    media_type = mimetypes.guess_type(url)[0] or ""
    if not media_type.startswith("image/"):
        media_type = "image/png"
    return {key: {"type": "Image", "mediaType": media_type, "url": url}}


def _keys(uri: str, key_id: str, public_key: str, multikey: str) -> Json:
    """`publicKey` is the RSA key, the one that everybody knows; Ed25519 stands by FEP-521a."""
    rsa = {"id": key_id or f"{uri}#main-key", "owner": uri, "publicKeyPem": public_key}
    ed25519 = {
        "id": f"{uri}#ed25519-key",
        "type": "Multikey",
        "controller": uri,
        "publicKeyMultibase": multikey,
    }
    return {
        **({"publicKey": rsa} if public_key else {}),
        **({"assertionMethod": [ed25519]} if multikey else {}),
    }
