"""How a client that knows our keys writes a post of its owner, for `parse` to read."""

from typing import Any

from bridge import html
from bridge.matrix import vocabulary
from bridge.matrix.sending import Refs, Send, fitted, hidden, message
from social.acts import Ignored, Publish


def typed(act: Publish, refs: Refs) -> Send | Ignored:
    """What the words do not say stands in `social.ownroom.post`."""
    said = html.to_matrix(act.content.html, refs.pills)
    content: dict[str, Any] = message(said) | {"m.mentions": _named(act, refs)}
    if act.content.summary:
        content["body"] = f"[CW: {act.content.summary}]\n\n{said.body}"
        content["formatted_body"] = hidden(said.formatted, act.content.summary)
    options = {
        "v": 1,
        "vis": act.visibility,
        "cw": act.content.summary,
        "sensitive": act.content.sensitive,
        "lang": act.content.language,
        "reply": act.reply,
        "quote": act.content.quote,
        "policy": {"quote": act.content.quotable} if act.content.quotable else {},
    }
    content[vocabulary.POST] = {key: value for key, value in options.items() if value}
    return fitted("m.room.message", content)


def _named(act: Publish, refs: Refs) -> dict[str, Any]:
    users = (refs.pills.get(mention.actor, "") for mention in act.content.mentions)
    named = [mxid for mxid in dict.fromkeys(users) if mxid.startswith("@")]
    return {"user_ids": named} if named else {}
