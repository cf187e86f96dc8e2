"""Custom emoji among the tags of a document. Pure.

In texts they stay `:shortcode:`; what a name may not have is replaced, there too.
"""

import re
from collections.abc import Mapping
from typing import Any

from bridge import names
from bridge.activitypub import jsonld
from social.acts import Emoji

MOST = 50  # of one document
TAGS = 100  # looked at
_NAME = re.compile(r"[A-Za-z0-9_-]{1,100}")
_ODD = re.compile(r"[^A-Za-z0-9_-]")
_PLAIN = re.compile(r"[^\s:<>&\"']{1,100}")  # written the same in HTML
_MEDIA_TYPE = re.compile(r"image/[a-z0-9.+-]{1,80}")


def tagged(document: Mapping[str, Any]) -> dict[str, Emoji]:
    """By the name as its author writes it, without colons."""
    found: dict[str, Emoji] = {}
    for tag in jsonld.as_list(document.get("tag"))[:TAGS]:
        if not isinstance(tag, dict) or "Emoji" not in jsonld.types(tag):
            continue
        written = jsonld.text(tag.get("name")).strip(":").partition("@")[0]
        emoji = _emoji(tag, written)
        if emoji and len(found) < MOST:
            found.setdefault(written, emoji)
    return found


def _emoji(tag: Mapping[str, Any], written: str) -> Emoji | None:
    icon = jsonld.first(tag.get("icon"))
    url = jsonld.link(icon.get("url") if isinstance(icon, dict) else icon)
    if not names.origin_of(url) or not _PLAIN.fullmatch(written):
        return None
    kind = jsonld.text(icon.get("mediaType")).lower() if isinstance(icon, dict) else ""
    return Emoji(
        shortcode=written if _NAME.fullmatch(written) else _ODD.sub("_", written),
        url=url,
        media_type=kind if _MEDIA_TYPE.fullmatch(kind) else "",
    )


def renamed(text: str, emojis: Mapping[str, Emoji]) -> str:
    for written, emoji in emojis.items():
        if written != emoji.shortcode:
            text = text.replace(f":{written}:", f":{emoji.shortcode}:")
    return text
