"""Strangers' custom emoji, as our homeserver has their pictures."""

import asyncio
from collections.abc import Iterable

from bridge.matrix import uploads
from bridge.matrix.sending import Refs
from social.acts import Act, Boost, Emoji, Publish, React, Revise

LARGEST = 256 * 1024  # bytes
PATIENCE = 5.0  # seconds: words wait for no picture longer than that
MOST = 20  # of one event


async def of(act: Act, refs: Refs) -> dict[str, str]:
    """Shortcode -> mxc, of what is written in the act, and in the names of who says it. What
    cannot be had (now) is not among them: it stays a word.
    """
    wanted = {emoji.shortcode: emoji for emoji in _written(act, refs)}
    several = list(wanted.values())[:MOST]
    files = await asyncio.gather(*(_fetched(emoji) for emoji in several))
    return {emoji.shortcode: mxc for emoji, mxc in zip(several, files, strict=True) if mxc}


async def _fetched(emoji: Emoji) -> str:
    file = await uploads.mxc_of(emoji.url, limit=LARGEST, patience=PATIENCE)
    return file.mxc if file else ""


def _written(act: Act, refs: Refs) -> Iterable[Emoji]:
    """Later ones win: what a post says of its own names counts."""
    names = f"{refs.author_title}{refs.boosted_title}"
    yield from (emoji for emoji in refs.name_emojis if f":{emoji.shortcode}:" in names)
    post = refs.boosted if isinstance(act, Boost) else act
    match post:
        case Publish(content=content) | Revise(now=Publish(content=content)):
            words = f"{content.html}\n{content.summary}"
            yield from (e for e in content.emojis if f":{e.shortcode}:" in words)
        case React(custom=Emoji() as emoji):
            yield emoji
        case _:
            pass
