"""What the tests of writing share: bob's activity, and what a homeserver demands."""

import json
import re
from typing import Any

from bridge.matrix.render import Refs, Send
from social.acts import Content, Publish
from tests.bridge.matrix.cast import (
    ALICE,
    ALICE_URI,
    BOB,
    BOB_POST,
    BOB_URI,
    BOT,
    LENA_URI,
    NOW,
    post,
)

OBJECT = "social.ownroom.object"
RAW = '{"id":"https://mastodon.example/a/1","focalPoint":[0.10,-0.0],"x":"\\ud800"}'
SENT = Refs(
    bot=BOT,
    pills={ALICE_URI: ALICE, BOB_URI: BOB, LENA_URI: "@_ap_lena=40lena.example:hs.test"},
    author_title="Bob <b>",
    author_acct="@bob@mastodon.example",
    raw=RAW,
    act="https://mastodon.example/a/1",
    key=f"{BOB_URI}#main-key",
    seen=NOW,
)


def published(html: str = "<p>hi</p>", **changed: Any) -> Publish:
    content = {"html": html} | changed.pop("content", {})
    return post(BOB_POST, BOB_URI, content=Content(**content), **changed)


def sent(found: object) -> dict[str, Any]:
    assert isinstance(found, Send)
    check(found.content)
    return found.content


def check(content: dict[str, Any]) -> None:
    """What every homeserver demands of an event."""
    written = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    assert len(written.encode()) < 60_000
    assert not list(floats(content))
    assert not re.search("[\x00\ud800-\udfff]", written)


def floats(value: Any) -> Any:
    if isinstance(value, float) or (isinstance(value, int) and abs(value) > 2**53 - 1):
        yield value
    for item in (
        value.values() if isinstance(value, dict) else value if isinstance(value, list) else []
    ):
        yield from floats(item)
