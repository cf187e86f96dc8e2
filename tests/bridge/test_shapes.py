"""Each shape that peers and clients are known for has its sample, or a test where none can say it.

A shape is what a kind of software does that others do not. Whoever takes a sample away is asked
here which other one shows the same.
"""

import re
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]

ACTIVITYPUB = {
    "Mastodon: a whole context, replies inline": "mastodon_note",
    "Mastodon: direct, with empty and null fields": "mastodon_direct",
    "Mastodon: a poll, its counts": "mastodon_question mastodon_question_counts",
    "Mastodon: a vote": "mastodon_vote",
    "Mastodon: a deletion with a Tombstone and an LD signature": "mastodon_delete",
    "Mastodon: an actor who deletes themselves": "mastodon_leave",
    "Mastodon: a report by the server": "mastodon_flag",
    "Mastodon: a move": "mastodon_move",
    "Mastodon: a quote and its older names": "mastodon_quote",
    "Mastodon: asking for a quote, one that is gone": "mastodon_quote_request mastodon_quote_gone",
    "Mastodon: an actor of 4.6": "mastodon_profile",
    "Mastodon: collections of people": (
        "mastodon_featured_collection mastodon_feature_request mastodon_feature_authorization"
    ),
    "Mastodon: pins, and a pinned hashtag": "mastodon_pin mastodon_unpin mastodon_pin_hashtag",
    "Mastodon: suspended, in memory of": "mastodon_suspended mastodon_memorial",
    "Mastodon: focal points and blurhash": "mastodon_media",
    "GoToSocial: the key stands in a document of its own": "gotosocial_profile",
    "GoToSocial: single values in place of lists, policies by two names": "gotosocial_note",
    "GoToSocial: a ballot in one array": "gotosocial_vote_array",
    "GoToSocial: approval of an answer": "gotosocial_policy_accept gotosocial_approved_reply",
    "Pleroma: source as text, sensitive null, microseconds": "pleroma_note",
    "Pleroma, Akkoma: emoji reactions": "pleroma_emoji_react akkoma_custom_emoji",
    "Pleroma: chats": "pleroma_chat_message",
    "Akkoma: Answers, polls that say only `closed`": "akkoma_answer akkoma_question",
    "Akkoma: contentMap alone": "akkoma_content_map",
    "Akkoma: Delete of a plain id": "akkoma_delete",
    "Misskey: its own markup, quoteUrl": "misskey_note",
    "Misskey: reactions with a host in the name": "misskey_reaction",
    "Sharkey: cats, mentions without a host": "sharkey_profile sharkey_mention",
    "Iceshrimp: the conversation written out": "iceshrimp_note",
    "Mitra: proofs, bare ids, nanoseconds": "mitra_note mitra_accept_id",
    "Lemmy: a group passes on a Create without a context": "lemmy_announce",
    "Lemmy: a Page with a link, a picture and a tag of its own": "lemmy_page",
    "Lemmy: votes, locks, removals and pins passed on": (
        "lemmy_announce_like lemmy_announce_dislike lemmy_lock lemmy_announce_remove"
        " lemmy_announce_pin"
    ),
    "Lemmy: a group with moderators": "lemmy_group",
    "Lemmy: private messages of both types, removeData": (
        "lemmy_private_note lemmy_chat_message lemmy_leave"
    ),
    "Mbin: a report with an audience, an id with a fragment": "mbin_flag mbin_accept mbin_page",
    "PieFed: several activities at once": "piefed_batch",
    "PeerTube: a film with a playlist": "peertube_video",
    "PeerTube: Markdown, views, copies": "peertube_comment peertube_view peertube_cache_file",
    "Pixelfed: albums and stories": "pixelfed_album pixelfed_story",
    "Loops: a film without words": "loops_video",
    "Friendica: bbcode, a nonce in the signature": "friendica_note",
    "Hubzilla: containers": "hubzilla_add",
    "GNU social: a context within the object": "gnusocial_note",
    "Smithereen: floats, mentions without a name": "smithereen_note smithereen_profile",
    "lotide: scalar addresses, former_type": "lotide_page lotide_delete",
    "WordPress: 77 KB, entities, an Update passed on": (
        "wordpress_article wordpress_article_large wordpress_announced_update"
    ),
    "Ghost: an excerpt that is no warning": "ghost_article",
    "NodeBB, Discourse: categories, names, no `to`": "nodebb_topic discourse_note",
    "Mobilizon: events, joins, members": "mobilizon_event mobilizon_join mobilizon_group",
    "Gancio: only a start, an application": "gancio_event gancio_profile",
    "BookWyrm: reviews, ratings, quotations": (
        "bookwyrm_review bookwyrm_rating bookwyrm_quotation"
    ),
    "Funkwhale, Castopod: sounds": "funkwhale_audio castopod_episode",
    "Threads: a quote as a Link": "threads_quote",
    "Bridgy Fed: an actor on a subdomain": "bridgyfed_profile",
    "Guppe: a group boosts ids": "guppe_boost",
    "Relays": "relay_announce relay_follow",
    "snac, honk: as little as can be": "snac_profile snac_unfollow honk_undo_by_id",
    "Liars: ids elsewhere, other people's actors": (
        "hostile_id_elsewhere hostile_update_profile hostile_announce_forgery"
    ),
}
MATRIX = {
    "plain text": "text-plain",
    "nested lists, code, a table": "text-html text-table",
    "emotes and notices": "emote notice server-notice",
    "an empty body": "body-empty",
    "pills, in code too, and @room": "pill pill-in-code room-mention",
    "replies with and without the old fallback": "reply reply-legacy",
    "threads": "thread-fallback thread-reply thread-unmapped",
    "edits of every kind": "edit edit-of-edit edit-by-another edit-to-emote edit-cw",
    "redactions": ("redaction-v11 redaction-v10 redaction-by-moderator redaction-of-reaction"),
    "reactions": "reaction-skin reaction-mxc reaction-long",
    "pictures, films, sounds, files": (
        "image image-animated video voice file-without-type file-encrypted"
    ),
    "stickers and emoticons": "sticker emoticon emoticon-https",
    "places": "location location-uncertain",
    "galleries": "gallery",
    "polls, both kinds of keys": (
        "poll poll-stable poll-vote poll-vote-stable poll-vote-guest poll-end poll-end-stable"
    ),
    "spoilers, formulas, warnings": "spoiler-whole spoiler-partial maths warning-msc4193",
    "quotes and reposts": "quote-msc4501 repost-permalink repost-inline",
    "what is no message": "encrypted msgtype-unknown msgtype-missing body-number",
    "odd letters, and very many": "body-large body-odd-letters body-zalgo",
    "who comes and goes": (
        "member-invite-bot member-knock member-ban member-ghost-kicked member-rejoin member-profile"
    ),
    "what a room says of itself": (
        "state-name-cleared state-topic state-avatar-removed state-join-rules state-tombstone"
        " state-create state-power state-lease-forged"
    ),
    "ghosts of another bridge": "ghost-of-another-bridge",
}
TESTED = {
    "a key that answers 410 with its actor's goodbye": (
        "test_goodbyes_of_people_nobody_met_are_answered_and_nobody_is_asked"
    ),
    "a signature without the query, hs2019, Ed25519": "test_cavage_is_believed_with",
    "RFC 9421 alone": "test_rfc9421_is_believed_with",
    "a vote after the end": "test_a_vote_after_the_end_or_for_nothing_that_was_asked_is_refused",
    "transactions replayed, split, of unknown rooms": (
        "test_a_transaction_seen_twice_is_stored_once"
        " test_a_transaction_that_comes_split_is_stored_once_in_order"
        " test_events_of_unknown_rooms_are_kept_until_they_are_read"
    ),
    "transactions in another order": (
        "test_what_the_homeserver_pushes_before_the_post_it_is_about_waits_for_it"
    ),
    "contexts that redefine, depth, doubled keys, half letters": (
        "test_a_context_that_redefines_our_terms_is_refused"
        " test_what_could_be_read_in_two_ways_or_never_ends_is_refused"
    ),
    "redirects inside, documents of another type": (
        "test_a_redirect_to_a_name_for_a_private_address_is_refused"
        " test_other_media_types_are_not_believed"
    ),
    "an HMAC with the public key": "test_the_public_key_as_a_shared_secret_is_refused",
}


@pytest.mark.parametrize(("network", "shapes"), [("activitypub", ACTIVITYPUB), ("matrix", MATRIX)])
def test_each_shape_has_its_sample(network: str, shapes: dict[str, str]) -> None:
    there = {path.stem for path in (TESTS / "wire" / network).glob("*.json")}
    wanted = {name: shape for shape, names in shapes.items() for name in names.split()}
    assert not wanted.keys() - there, {wanted[name] for name in wanted.keys() - there}


def test_what_no_sample_can_say_a_test_does() -> None:
    sources = "\n".join(path.read_text() for path in TESTS.rglob("test_*.py"))
    there = set(re.findall(r"def (test_\w+)\(", sources))
    assert not set(" ".join(TESTED.values()).split()) - there
