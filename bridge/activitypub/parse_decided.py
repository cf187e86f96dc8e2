"""What authors decide about answers, likes and boosts under their posts. Pure.

GoToSocial says Accept or Reject, as of a follow, PeerTube has types of its own.
"""

from typing import Any

from bridge import names
from bridge.activitypub import jsonld
from bridge.activitypub.vocabulary import CARDS, NOTES
from social.acts import Decide, Ignored

Json = dict[str, Any]

_DONE = NOTES | CARDS | {"Like", "EmojiReact", "Announce"}


def is_about_a_post(activity: Json, obj: Any) -> bool:
    """By its target, the post; or by what is answered, where that is written out with its type.

    Of a bare id without target our own rows tell: see network.py.
    """
    return activity.get("target") is not None or not _DONE.isdisjoint(jsonld.types(obj))


def decided(activity: Json, obj: Any, actor: str, at: int, *, allowed: bool) -> Decide | Ignored:
    """The object is what somebody did; the target, if it is named, the post that it is under."""
    return _about(obj, activity.get("target"), actor, at, allowed=allowed)


def reviewed(activity: Json, actor: str, at: int) -> Decide | Ignored:
    """PeerTube: ApproveReply, and RejectReply, of a comment."""
    allowed = "ApproveReply" in jsonld.types(activity)
    return _about(activity.get("object"), activity.get("inReplyTo"), actor, at, allowed=allowed)


def asked(_activity: Json, _actor: str, _at: int) -> Ignored:
    """Our posts say of none of these that it waits for a word: docs/federation.md."""
    return Ignored(reason="nobody has to ask here before they answer, like or boost")


def _about(obj: Any, under: Any, actor: str, at: int, *, allowed: bool) -> Decide | Ignored:
    about, post = jsonld.id_of(jsonld.only(obj)), jsonld.id_of(jsonld.only(under))
    named = under is None or names.same_origin(post, actor)
    if not names.origin_of(about) or not named:
        return Ignored(reason="the answer does not say what it is about")
    return Decide(author=actor, about=about, allowed=allowed, at=at)
