"""What the world was given of one's own posts, put back while the index is made anew."""

from dataclasses import replace

import orjson

from bridge import documents
from bridge.activitypub.network import replayed
from bridge.matrix.parse import Receipt
from bridge.rebuild.batch import Batch, Event
from social import actions, replay
from social.acts import Act, Publish, Retract, Revise, Visibility
from social.models import Actor


def put_back(receipt: Receipt, event: Event, batch: Batch) -> None:
    """The activity as the world got it: the post is read from it, and served from it again."""
    batch.place(event, receipt.act)
    author = batch.room.actor
    if author is None or not author.is_local:
        return
    if not receipt.raw:
        _wordless(receipt, author, batch)
        return
    act = _as_it_was_for(receipt.visibility, _replayed(author, receipt))
    if act.author != author.uri:
        return
    if isinstance(act, Publish):
        batch.post(act, receipt.raw)
        return
    with batch.alone():
        if not actions.record(act) and isinstance(act, Revise):
            actions.edited(act)
        if isinstance(act, Retract):
            replay.remember_deleted(act, receipt.visibility)
        documents.keep_activity(act, author, orjson.loads(receipt.raw))


def _replayed(author: Actor, receipt: Receipt) -> Act:
    return replayed(receipt.raw, at=receipt.at, followers=author.followers)


def _as_it_was_for(visibility: Visibility, act: Act) -> Act:
    """What is local was addressed to nobody outside."""
    match act:
        case Publish() if visibility == "local":
            return replace(act, visibility="local")
        case Revise() if visibility == "local":
            return replace(act, now=replace(act.now, visibility="local"))
        case _:
            return act


def _wordless(receipt: Receipt, author: Actor, batch: Batch) -> None:
    """The first words were a file that is gone. What stood around them is served around those of
    the edit that follows.
    """
    if receipt.frame and receipt.act == f"{receipt.uri}/create":
        with batch.alone():
            documents.keep_frame(receipt.act, receipt.frame, author)
