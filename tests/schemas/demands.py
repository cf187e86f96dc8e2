"""What the readers of other servers demand of each kind of document: field, shape, who, why. Pure.

Read in their sources, and said in our words:
Mastodon `app/services/activitypub`, `app/lib/activitypub/{activity,parser}`;
Misskey `packages/backend/src/core/activitypub` (`models`, `ApInboxService`, `type.ts`);
Lemmy `crates/apub` (`objects/src/protocol`, `activities/src/protocol`), whose types refuse a whole
document for one odd field;
PeerTube `server/core/helpers/custom-validators/activitypub`, `server/core/lib/activitypub/process`;
GoToSocial `internal/ap`, `internal/typeutils`, `internal/federation`, and measured on a server.
"""

from typing import Any, NamedTuple

Json = dict[str, Any]
AS2 = "https://www.w3.org/ns/activitystreams"
PUBLIC = f"{AS2}#Public"

TEXT: Json = {"type": "string"}
SOME: Json = {"type": "string", "minLength": 1}
FLAG: Json = {"type": "boolean"}
URL: Json = {"type": "string", "pattern": r"^https?://[^\s/]+"}
URLS: Json = {"type": "array", "items": URL}
DATE: Json = {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$"}
COUNT: Json = {"type": "integer", "minimum": 0}
LIST: Json = {"type": "array"}
CONTEXT: Json = {"anyOf": [{"const": AS2}, {"type": "array", "contains": {"const": AS2}}]}
# GoToSocial reads the short name of the public as somebody's.
ADDRESSES: Json = {"type": "array", "items": {**URL, "not": {"enum": ["Public", "as:Public"]}}}
READERS: Json = {**ADDRESSES, "minItems": 1}
# Mastodon's pattern, within Misskey's (`^\w([\w-.]*\w)?$`) and the alphabet of PeerTube.
NAME: Json = {
    "type": "string",
    "pattern": r"^[A-Za-z0-9_]+([.-]+[A-Za-z0-9_]+)*$",
    "maxLength": 128,
}


def thing(*must: str, **shapes: Json) -> Json:
    return {"type": "object", "required": list(must), "properties": shapes}


def several(shape: Json) -> Json:
    return {"type": "array", "items": shape}


KEY = thing(
    "id",
    "owner",
    "publicKeyPem",
    id=URL,
    owner=URL,
    publicKeyPem={
        "type": "string",
        "pattern": r"^-----BEGIN PUBLIC KEY-----\n[\s\S]+-----END PUBLIC KEY-----",
    },
)
PICTURE = thing("type", "url", "mediaType", type={"const": "Image"}, url=URL)
FIELDS = several(thing("type", "name", "value", name=TEXT, value=TEXT))
FILES = several(
    thing(
        "type",
        "url",
        type={"enum": ["Image", "Video", "Audio", "Document"]},
        url=URL,
        mediaType=SOME,
        name=TEXT,
        summary=TEXT,
        blurhash=SOME,
        focalPoint={
            "type": "array",
            "items": {"type": "number", "minimum": -1, "maximum": 1},
            "minItems": 2,
            "maxItems": 2,
        },
    )
)
ICON = thing("type", "url", type={"const": "Image"}, url=URL)
KINDS_OF_TAGS = {
    "Mention": thing("href", "name", href=URL, name={"type": "string", "pattern": "^@."}),
    "Hashtag": thing("href", "name", href=URL, name={"type": "string", "pattern": "^#."}),
    "Emoji": thing(
        "id", "name", "icon", id=URL, icon=ICON, name={"type": "string", "pattern": "^:.+:$"}
    ),
    "Link": thing("href", "mediaType", href=URL),
}
TAGS = several(
    {
        **thing("type", "name", type={"enum": [*KINDS_OF_TAGS]}),
        "allOf": [
            {"if": {"properties": {"type": {"const": kind}}}, "then": shape}
            for kind, shape in KINDS_OF_TAGS.items()
        ],
    }
)
CHOICES = {
    **several(
        thing(
            "type",
            "name",
            "replies",
            type={"const": "Note"},
            name=SOME,
            # Null is a count that is kept back, for Mastodon and GoToSocial; Misskey reads none.
            replies=thing("totalItems", totalItems={"type": ["integer", "null"], "minimum": 0}),
        )
    ),
    "minItems": 1,
}
SAID_OF_QUOTES = {
    **thing(automaticApproval=READERS, manualApproval=READERS),
    "minProperties": 1,
    "additionalProperties": False,
}
# Whoever names another kind of interaction promises to judge each of them: GoToSocial.
POLICY = {**thing(canQuote=SAID_OF_QUOTES), "additionalProperties": False}
ASKED = {"enum": ["Follow", "QuoteRequest"]}
WHOLE = thing("id", "type", "actor", "object", id=URL, type=ASKED, actor=URL, object=URL)
STONE: Json = {"anyOf": [URL, thing("id", "type", id=URL)]}
PASSED: Json = {"anyOf": [URL, thing("id", "type", "actor", "object")]}
PAGE: Json = {"anyOf": [URL, thing("id", "type", "partOf", id=URL, partOf=URL, items=LIST)]}
COUNTED: Json = {"anyOf": [URL, thing("totalItems", totalItems=COUNT)]}
SELF: Json = {
    "type": "array",
    "contains": thing(
        "rel",
        "type",
        "href",
        rel={"enum": ["self", f"{AS2}#Service"]},  # FEP-d556: of a server itself
        type={"pattern": r"^application/(activity\+json|ld\+json; *profile=)"},
        href=URL,
    ),
}
TEMPLATE = {"type": "string", "pattern": r"^https?://[^\s]+\{uri\}$"}


class Demand(NamedTuple):
    field: str
    shape: Json
    who: str
    why: str
    must: bool = True  # else: only as it is there


LISTED = [
    Demand("object", URL, "Mastodon, Misskey", "which post"),
    Demand("target", URL, "Mastodon, Misskey", "compared with `featured` as it stands"),
]
ANSWERED = [
    Demand("object", WHOLE, "Lemmy, Takahē, Misskey", "what was asked, in plain ids"),
    Demand("to", {**READERS, "maxItems": 1}, "Lemmy", "one, where it is given"),
]
DEMANDS: dict[str, list[Demand]] = {
    "document": [
        Demand("@context", CONTEXT, "Mastodon, Misskey, GoToSocial", "else no ActivityStreams"),
        Demand("id", URL, "all", "what it is known by"),
        Demand("type", SOME, "all", "which reader it is given to"),
    ],
    "actor": [
        Demand("inbox", URL, "Mastodon, Lemmy, Misskey, PeerTube", "refused: nowhere to deliver"),
        Demand("outbox", URL, "Lemmy", "mandatory in ActivityPub, so its reader has no other way"),
        Demand("followers", URL, "Mastodon, Misskey", "else private looks direct", must=False),
        Demand("following", URL, "PeerTube, Misskey", "an address where it is given", must=False),
        Demand("featured", URL, "Mastodon, Misskey, GoToSocial", "where pins are", must=False),
        Demand("preferredUsername", NAME, "all", "refused, or GoToSocial answers 500"),
        Demand("publicKey", KEY, "Lemmy, PeerTube, GoToSocial", "nothing we sign is believed"),
        Demand("name", TEXT, "Misskey, Lemmy", "refused where it is no text", must=False),
        Demand("summary", TEXT, "Misskey, Lemmy", "refused where it is no text", must=False),
        Demand("url", URL, "Misskey", "refused where it is no web address", must=False),
        Demand("icon", PICTURE, "Lemmy, GoToSocial", "a picture is an Image", must=False),
        Demand("image", PICTURE, "Lemmy, GoToSocial", "a picture is an Image", must=False),
        Demand("attachment", FIELDS, "Mastodon, Misskey, GoToSocial", "name and value", must=False),
        Demand("tag", TAGS, "Misskey, Mastodon", "a name without its picture", must=False),
        Demand(
            "endpoints",
            thing("sharedInbox", sharedInbox=URL),
            "Lemmy, PeerTube, Misskey",
            "refused where it names no shared inbox",
            must=False,
        ),
        Demand("manuallyApprovesFollowers", FLAG, "Mastodon, GoToSocial, Lemmy", "a flag"),
        Demand("discoverable", FLAG, "GoToSocial, Mastodon, Lemmy", "a flag", must=False),
        Demand("indexable", FLAG, "Mastodon", "a flag", must=False),
        Demand("published", DATE, "Lemmy, GoToSocial", "an odd date refuses it all", must=False),
        Demand(
            "webfinger",
            {"type": "string", "pattern": "^[^@]+@[^@]+$"},
            "Mastodon",
            "goes before preferredUsername (FEP-2c59)",
            must=False,
        ),
        Demand("alsoKnownAs", URLS, "Mastodon, Misskey, GoToSocial", "addresses", must=False),
        Demand("movedTo", URL, "Mastodon, Misskey", "an address, not an actor", must=False),
    ],
    "Application": [Demand("name", SOME, "Lemmy", "the server's own actor is a site with a name")],
    "Group": [
        Demand("attributedTo", URL, "PeerTube, Lemmy", "refused without; who moderates"),
        Demand("postingRestrictedToMods", FLAG, "Lemmy", "who may begin a topic", must=False),
    ],
    "post": [
        Demand("attributedTo", URL, "all", "refused: by nobody; Misskey compares the text"),
        Demand("content", TEXT, "Lemmy", "no comment, and no letter, without it"),
        Demand("published", DATE, "PeerTube, GoToSocial, Mastodon", "no comment; or dated as now"),
        Demand("to", READERS, "Lemmy, PeerTube, GoToSocial", "whom it is for"),
        Demand("cc", ADDRESSES, "PeerTube", "it looks for the public there and breaks without"),
        Demand("inReplyTo", URL, "PeerTube, Lemmy", "an address, not an object", must=False),
        Demand("url", URL, "Misskey, PeerTube", "refused where it is no web address", must=False),
        Demand("tag", TAGS, "Lemmy, GoToSocial, Misskey", "each kind as its reader wants it"),
        Demand("attachment", FILES, "Mastodon, Misskey, GoToSocial", "a file is at one address"),
        Demand("sensitive", FLAG, "Mastodon, Misskey, Lemmy", "whether files are hidden"),
        Demand("summary", TEXT, "Misskey, GoToSocial", "the warning is plain text", must=False),
        Demand("name", SOME, "Lemmy, Mastodon", "the title of a topic", must=False),
        Demand(
            "contentMap",
            {"type": "object", "minProperties": 1, "additionalProperties": TEXT},
            "Mastodon, GoToSocial",
            "where its language is: of one entry, equal to content",
            must=False,
        ),
        Demand("updated", DATE, "Mastodon, GoToSocial, Lemmy", "or the edit is unseen", must=False),
        Demand("audience", URL, "Lemmy", "the group, an address", must=False),
        Demand("context", URL, "Lemmy", "refused where it is written out", must=False),
        Demand("replies", PAGE, "Mastodon, GoToSocial", "where answers are", must=False),
        Demand("likes", COUNTED, "Mastodon", "how many", must=False),
        Demand("shares", COUNTED, "Mastodon", "how many", must=False),
        Demand("interactionPolicy", POLICY, "Mastodon, GoToSocial", "who may quote", must=False),
        Demand("quote", URL, "Mastodon", "an address", must=False),
        Demand("quoteAuthorization", URL, "Mastodon", "an address", must=False),
        Demand("quoteUrl", URL, "Misskey", "looked up as it stands", must=False),
        Demand("_misskey_quote", URL, "Misskey", "looked up as it stands", must=False),
    ],
    "Question": [
        Demand("oneOf", CHOICES, "Misskey, Mastodon, GoToSocial", "Notes with counts", must=False),
        Demand("anyOf", CHOICES, "Misskey, Mastodon, GoToSocial", "Notes with counts", must=False),
        Demand("endTime", DATE, "Mastodon, Misskey, GoToSocial", "when it ends", must=False),
        Demand("closed", DATE, "Mastodon, GoToSocial", "that it has ended", must=False),
        Demand("votersCount", COUNT, "Mastodon, GoToSocial", "a number", must=False),
    ],
    "activity": [
        Demand("id", URL, "PeerTube, Lemmy, GoToSocial", "without it 202, and nothing happens"),
        Demand("actor", URL, "PeerTube, Lemmy, Misskey", "who signs it, in one text"),
        Demand("to", ADDRESSES, "Lemmy, GoToSocial", "arrays, in full: the short name is direct"),
        Demand("cc", ADDRESSES, "PeerTube, Lemmy", "an array", must=False),
    ],
    "Create": [
        Demand("object", {"type": "object"}, "GoToSocial, Lemmy", "by id it is ignored"),
    ],
    "Update": [
        Demand("object", {"type": "object"}, "GoToSocial, Lemmy", "by id GoToSocial answers 500"),
    ],
    "Delete": [
        Demand("object", STONE, "Lemmy, Misskey, GoToSocial", "an address, or a Tombstone"),
        Demand("to", READERS, "Lemmy", "whom it is for"),
    ],
    "Announce": [
        # A group also passes on whole activities, for Lemmy: GoToSocial refuses them, and gets the
        # address in an Announce of its own.
        Demand("object", PASSED, "GoToSocial", "an embedded post is refused with 400"),
        Demand("to", READERS, "GoToSocial, Misskey", "else refused with 400, or seen by nobody"),
        Demand("cc", ADDRESSES, "Lemmy", "refused without"),
        Demand("published", DATE, "Misskey, GoToSocial", "when it was shared"),
    ],
    "Like": [
        Demand("object", URL, "Lemmy, Misskey, PeerTube", "an address"),
        Demand("content", SOME, "Misskey", "the reaction, if it is another", must=False),
        Demand("_misskey_reaction", SOME, "Misskey", "the reaction", must=False),
        Demand("tag", TAGS, "Misskey, Mastodon", "the picture of the reaction", must=False),
    ],
    "Follow": [Demand("object", URL, "Lemmy, Takahē, Misskey", "an address")],
    "Block": [Demand("object", URL, "Mastodon, Misskey, GoToSocial", "an address")],
    "Dislike": [
        Demand("object", URL, "Lemmy, PeerTube", "an address"),
        Demand("audience", URL, "Lemmy", "the group"),
    ],
    "Lock": [
        Demand("object", URL, "Lemmy", "which post"),
        Demand("cc", ADDRESSES, "Lemmy", "the group"),
        Demand("audience", URL, "Lemmy", "the group"),
    ],
    "Flag": [
        Demand("object", {**URLS, "minItems": 1}, "Mastodon, Misskey, Lemmy", "addresses alone"),
        Demand("to", {**READERS, "maxItems": 1}, "Lemmy", "refused where it is for several"),
        Demand(
            "content",
            {"type": "string", "minLength": 2, "maxLength": 3_000},
            "PeerTube",
            "refused without words, or with too many",
        ),
    ],
    "Move": [
        Demand("object", URL, "Mastodon, GoToSocial", "who moves, once"),
        Demand("target", URL, "Mastodon, Misskey, GoToSocial", "where to, one address"),
    ],
    "Add": LISTED,
    "Remove": LISTED,
    "Accept": [
        *ANSWERED,
        Demand("result", URL, "Mastodon", "where the consent to a quote is", must=False),
    ],
    "Reject": ANSWERED,
    "Undo": [
        Demand(
            "object",
            thing("id", "type", "actor", "object", id=URL, actor=URL, object=URL),
            "GoToSocial, Misskey, PeerTube, Lemmy",
            "whole: by id it does nothing",
        ),
    ],
    "QuoteRequest": [
        Demand("object", URL, "Mastodon", "which post would be quoted"),
        Demand("instrument", STONE, "Mastodon", "the post that quotes, or its address"),
    ],
    "QuoteAuthorization": [
        Demand("attributedTo", URL, "Mastodon", "who allows it"),
        Demand("interactingObject", URL, "Mastodon", "an address: nothing is embedded (FEP-044f)"),
        Demand("interactionTarget", URL, "Mastodon", "an address, the same"),
    ],
    "collection": [
        Demand("totalItems", COUNT, "PeerTube, Mastodon", "what a profile counts", must=False),
        Demand("first", PAGE, "Mastodon, PeerTube, GoToSocial", "the way in", must=False),
        Demand("next", URL, "Mastodon, PeerTube, GoToSocial", "the way on", must=False),
        Demand("items", LIST, "Mastodon, PeerTube", "a list", must=False),
        Demand("orderedItems", LIST, "Mastodon, Misskey, Lemmy", "a list", must=False),
    ],
    "OrderedCollection": [Demand("totalItems", COUNT, "PeerTube", "a number, else refused")],
    "OrderedCollectionPage": [
        Demand("partOf", URL, "Mastodon, GoToSocial", "whose page it is"),
        Demand("orderedItems", LIST, "PeerTube, GoToSocial", "what it is read for"),
    ],
    "CollectionPage": [
        Demand("partOf", URL, "Mastodon, GoToSocial", "whose page it is"),
        Demand("items", LIST, "Mastodon, GoToSocial", "what it is read for"),
    ],
    "Tombstone": [Demand("id", URL, "Mastodon, Lemmy", "what is gone")],
    "webfinger": [
        Demand("subject", SOME, "Mastodon, GoToSocial, Misskey", "decides the handle"),
        Demand("links", SELF, "Mastodon, Lemmy, Misskey, PeerTube", "the way to the actor"),
        Demand("aliases", URLS, "Mastodon", "a list", must=False),
    ],
    "host-meta": [
        Demand(
            "links",
            {"type": "array", "contains": thing("rel", "template", template=TEMPLATE)},
            "Mastodon, GoToSocial",
            "where to ask for people, with a place for whom",
        ),
    ],
    "nodeinfo links": [
        Demand(
            "links",
            {**several(thing("rel", "href", rel=SOME, href=URL)), "minItems": 1},
            "Misskey, Lemmy",
            "where the forms are",
        ),
    ],
    "nodeinfo": [
        Demand("version", {"enum": ["2.0", "2.1"]}, "Misskey, Lemmy", "which form it has"),
        Demand(
            "software",
            thing("name", "version", name={"type": "string", "pattern": "^[a-z0-9-]+$"}),
            "Misskey, Lemmy, GoToSocial",
            "who we are",
        ),
        Demand("protocols", {**LIST, "contains": {"const": "activitypub"}}, "Lemmy", "that we are"),
        Demand("services", thing("inbound", "outbound"), "its schema", "lists"),
        Demand(
            "usage",
            thing("users", users=thing(total=COUNT), localPosts=COUNT),
            "Misskey, Lemmy",
            "counts",
        ),
        Demand("openRegistrations", FLAG, "Misskey, Lemmy", "a flag"),
        Demand("metadata", {"type": "object"}, "its schema", "an object"),
    ],
}
