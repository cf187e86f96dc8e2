"""A poll as other servers read it: the keys that make a Note a Question. Pure."""

from typing import Any

from bridge.activitypub.jsonld import iso
from social.acts import Option, Poll

Json = dict[str, Any]


def fields(poll: Poll) -> Json:
    voters = {} if poll.voters is None else {"votersCount": poll.voters}
    closes = {} if poll.closes is None else {"endTime": iso(poll.closes)}
    closed = {} if poll.closed is None else {"closed": iso(poll.closed)}
    options = [_option(option, hidden=poll.hidden) for option in poll.options]
    return {"anyOf" if poll.multiple else "oneOf": options, **closes, **closed, **voters}


def _option(option: Option, *, hidden: bool) -> Json:
    """A count that is kept back is null, as Mastodon writes it; all others read it as none yet."""
    count = None if hidden else option.votes
    return {
        "type": "Note",
        "name": option.name,
        "replies": {"type": "Collection", "totalItems": count},
    }
