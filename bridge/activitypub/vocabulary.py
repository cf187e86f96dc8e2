"""Which type names are activities, actors and posts (Activity Vocabulary, and what peers add)."""

from social.acts import Kind


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


ACTIVITIES = _set(
    "Accept Activity Add Announce AnnounceRequest ApproveReply Arrive Block Create Delete Dislike"
    " EmojiReact Flag Follow Ignore Invite Join Leave Like LikeRequest Listen Lock Move Offer"
    " QuoteRequest Read Reject RejectReply Remove ReplyRequest TentativeAccept TentativeReject"
    " Travel Undo Update View"
)
KINDS: dict[str, Kind] = {
    "Person": "person",
    "Service": "service",
    "Group": "group",
    "Organization": "organization",
    "Application": "application",
}
# Written like a Note: `summary` is a warning, `content` the whole of it.
NOTES = _set("Note ChatMessage Question")
CARDS = _set(
    "Article Audio Comment Document Event Image Page PodcastEpisode Quotation Rating Review Story"
    " Torrent Track Video"
)
NOT_POSTS = (
    ACTIVITIES
    | KINDS.keys()
    | _set(
        "Collection CollectionPage Emoji FeaturedCollection FeaturedItem Hashtag Key Link Mention"
        " Multikey OrderedCollection OrderedCollectionPage Place Profile PropertyValue Relationship"
        " Tombstone"
    )
)
