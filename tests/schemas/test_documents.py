"""The second judge is judged: a good document passes, and whatever is taken away is named."""

import json
from copy import deepcopy
from dataclasses import replace
from typing import Any

import pytest

from bridge.activitypub import render
from tests.bridge.test_translation import BY_KIND, NEVER_TOLD, REFS
from tests.schemas.demands import AS2, DEMANDS
from tests.schemas.documents import unmet

Json = dict[str, Any]
SENT: dict[str, Json] = {
    name: json.loads(json.dumps(render.render(act, REFS)))
    for name, act in BY_KIND.items()
    if name not in NEVER_TOLD
}
ACTOR = render.actor(BY_KIND["Introduce"].profile)
NOTE = render.note(BY_KIND["Publish"], REFS)


@pytest.mark.parametrize("name", SENT)
def test_whatever_we_send_has_all_that_is_demanded(name: str) -> None:
    assert not unmet(SENT[name])


ACCOUNT: Json = {
    "subject": "acct:alice@social.example",
    "links": [{"rel": "self", "type": "application/activity+json", "href": ACTOR["id"]}],
}
LIST: Json = {"@context": AS2, "id": f"{ACTOR['id']}/outbox", "totalItems": 1}
SERVED: dict[str, Json] = {
    **{document["type"]: document for document in SENT.values()},
    "actor": ACTOR,
    "Application": {**ACTOR, "type": "Application"},
    "Group": {**ACTOR, "type": "Group", "attributedTo": f"{ACTOR['id']}/moderators"},
    "post": NOTE,
    "activity": SENT["Publish"],
    "Reject": {**SENT["Accept"], "type": "Reject"},
    "Add": SENT["Pin"],
    "Remove": {**SENT["Pin"], "type": "Remove"},
    "QuoteRequest": SENT["AskQuote"],
    "QuoteAuthorization": render.stamp(BY_KIND["AllowQuote"]),
    "Tombstone": render.tombstone(NOTE["id"], 0),
    "OrderedCollection": {**LIST, "type": "OrderedCollection", "first": f"{LIST['id']}?page=true"},
    "OrderedCollectionPage": {
        **LIST,
        "type": "OrderedCollectionPage",
        "partOf": LIST["id"],
        "orderedItems": [],
    },
    "CollectionPage": {**LIST, "type": "CollectionPage", "partOf": LIST["id"], "items": []},
    "webfinger": ACCOUNT,
    "nodeinfo": {
        "version": "2.0",
        "software": {"name": "ownroom", "version": "1"},
        "protocols": ["activitypub"],
        "services": {"inbound": [], "outbound": []},
        "openRegistrations": False,
        "usage": {"users": {"total": 1}, "localPosts": 1},
        "metadata": {},
    },
}
NEEDED = [(kind, d.field) for kind in DEMANDS for d in DEMANDS[kind] if d.must and kind in SERVED]


@pytest.mark.parametrize(("kind", "field"), NEEDED, ids=str)
def test_what_lacks_a_field_that_somebody_demands_is_named(kind: str, field: str) -> None:
    whole = SERVED[kind]
    assert not unmet(whole)
    lacking = {key: value for key, value in whole.items() if key != field}
    if kind in {"webfinger", "nodeinfo"} and field in {"links", "software"}:
        assert unmet(lacking)  # it is no such document any more
    elif not (kind == "post" and field == "content"):  # without it a Note is a vote
        assert any(f": {field}, for " in line for line in unmet(lacking))


def test_each_kind_that_we_send_has_demands_of_its_own() -> None:
    told = {document["type"] for document in SENT.values()}
    told |= {SENT[name]["object"]["type"] for name in ("Publish", "Vote", "Introduce")}
    assert told - {"Note", "Person", "Service"} <= set(DEMANDS)


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        ({"preferredUsername": "a=b"}, "preferredUsername"),
        ({"endpoints": {}}, "sharedInbox"),
        ({"endpoints": {"sharedInbox": "https://elsewhere.example/inbox"}}, "on another host"),
        ({"url": "https://elsewhere.example/@alice"}, "on another host"),
        ({"webfinger": "@alice@social.example"}, "webfinger"),
        ({"preferredUsername": ".a"}, "preferredUsername"),
        ({"publicKey": {"id": "x", "owner": "y", "publicKeyPem": "RSA"}}, "publicKey"),
        ({"inbox": "https://elsewhere.example/inbox"}, "on another host"),
        ({"type": "Group"}, "for PeerTube"),
        ({"icon": {"type": "Image", "url": "https://social.example/a"}}, "icon"),
        ({"@context": ["https://w3id.org/security/v1"]}, "@context"),
    ],
)
def test_what_somebody_would_refuse_in_an_actor_is_named(changed: Json, problem: str) -> None:
    assert problem in "\n".join(unmet({**ACTOR, **changed}))


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        ({"to": ["as:Public"]}, "to"),
        ({"url": "https://elsewhere.example/1"}, "on another host"),
        ({"context": {"type": "Collection"}}, "context"),
        ({"interactionPolicy": {"canReply": {"automaticApproval": []}}}, "interactionPolicy"),
        ({"attachment": [{"type": "Video", "url": "https://a.example/v"}]}, "for Lemmy"),
        ({"contentMap": {"de": "anders"}}, "not the same as content"),
        ({"tag": [{"type": "Hashtag", "href": "https://a.example/t", "name": "t"}]}, "tag"),
        ({"cc": "https://www.w3.org/ns/activitystreams#Public"}, "cc"),
        ({"updated": "2001-01-01T00:00:00Z"}, "before published"),
        ({"tag": [{"type": "Mention", "href": "https://a.example/u"}]}, "tag"),
        ({"content": "", "attachment": []}, "without words"),
        ({"attributedTo": "https://elsewhere.example/u"}, "on another host"),
        ({"type": "Question", "oneOf": [], "anyOf": []}, "one kind of choice"),
    ],
)
def test_what_somebody_would_refuse_in_a_post_is_named(changed: Json, problem: str) -> None:
    assert problem in "\n".join(unmet({**NOTE, **changed}))


def test_an_activity_addressed_otherwise_than_its_object_is_named() -> None:
    odd = deepcopy(SENT["Publish"])
    odd["to"] = []
    assert "only the object's count" in "\n".join(unmet(odd))


@pytest.mark.parametrize(
    ("name", "changed", "problem"),
    [
        ("Undo", {"object": SENT["Follow"]["id"]}, "by id it does nothing"),
        ("Undo", {"object": {**SENT["Follow"], "actor": f"{ACTOR['id']}2"}}, "somebody else"),
        ("Accept", {"object": {**SENT["Accept"]["object"], "id": None}}, "Lemmy"),
        ("Accept", {"to": [ACTOR["id"]]}, "who asked"),
        ("AllowQuote", {"result": None}, "result"),
        ("Retract", {"summary": "rude"}, "moderator's removal"),
        ("Report", {"content": ""}, "PeerTube"),
        ("Report", {"to": ["https://a.example/1", "https://a.example/2"]}, "Lemmy"),
        ("Pin", {"target": {"id": "https://a.example/featured"}}, "as it stands"),
        ("React", {"tag": [{"type": "Emoji", "id": "https://a.example/e", "name": ":e:"}]}, "icon"),
        ("Boost", {"object": NOTE["attributedTo"], "cc": None}, "Lemmy"),
    ],
)
def test_what_somebody_would_not_read_of_an_activity_is_named(
    name: str, changed: Json, problem: str
) -> None:
    assert problem in "\n".join(unmet({**SENT[name], **changed}))


@pytest.mark.parametrize("words", ["", "x", "spam", "so rude " * 1_000])
def test_a_report_has_as_many_words_as_its_readers_take(words: str) -> None:
    told = replace(BY_KIND["Report"], words=words)
    assert not unmet(json.loads(json.dumps(render.render(told, REFS))))


def test_the_table_names_all_five_of_them() -> None:
    said = " ".join(demand.who for demands in DEMANDS.values() for demand in demands)
    for name in ("Mastodon", "Misskey", "Lemmy", "PeerTube", "GoToSocial"):
        assert name in said
