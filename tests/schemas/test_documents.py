"""The second judge is judged: a good document passes, and whatever is taken away is named."""

import json
from copy import deepcopy
from typing import Any

import pytest

from bridge.activitypub import render
from tests.bridge.test_translation import BY_KIND, NEVER_TOLD, REFS
from tests.schemas.documents import DEMANDS, unmet

Json = dict[str, Any]
SENT: dict[str, Json] = {
    name: json.loads(json.dumps(render.render(act, REFS)))
    for name, act in BY_KIND.items()
    if name not in NEVER_TOLD
}
ACTOR = render.actor(BY_KIND["Introduce"].profile)  # type: ignore[union-attr]
NOTE = render.note(BY_KIND["Publish"], REFS)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", SENT)
def test_whatever_we_send_has_all_that_is_demanded(name: str) -> None:
    assert not unmet(SENT[name])


@pytest.mark.parametrize("demand", [d for d in DEMANDS["actor"] if d.must], ids=lambda d: d.field)
def test_an_actor_without_it_is_named(demand: Any) -> None:
    lacking = {key: value for key, value in ACTOR.items() if key != demand.field}
    assert not unmet(ACTOR)
    assert any(demand.field in line for line in unmet(lacking))


@pytest.mark.parametrize("demand", [d for d in DEMANDS["post"] if d.must], ids=lambda d: d.field)
def test_a_post_without_it_is_named(demand: Any) -> None:
    lacking = {key: value for key, value in NOTE.items() if key != demand.field}
    assert not unmet(NOTE)
    assert any(demand.field in line for line in unmet(lacking))


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        ({"preferredUsername": "a=b"}, "preferredUsername"),
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


def test_an_undo_by_id_alone_is_named() -> None:
    assert unmet({**SENT["Undo"], "object": SENT["Follow"]["id"]})


def test_the_table_names_all_five_of_them() -> None:
    said = " ".join(demand.who for demands in DEMANDS.values() for demand in demands)
    for name in ("Mastodon", "Misskey", "Lemmy", "PeerTube", "GoToSocial"):
        assert name in said
