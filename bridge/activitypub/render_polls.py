"""A poll as other servers read it: the keys that make a Note a Question. Pure."""

from typing import Any

from bridge.activitypub.jsonld import iso
from social.acts import Option, Poll

Json = dict[str, Any]


def fields(poll: Poll) -> Json:
    voters = {} if poll.voters is None else {"votersCount": poll.voters}
    closes = {} if poll.closes is None else {"endTime": iso(poll.closes)}
    closed = {} if poll.closed is None else {"closed": iso(poll.closed)}
    options = [_option(option) for option in poll.options]
    return {"anyOf" if poll.multiple else "oneOf": options, **closes, **closed, **voters}


def _option(option: Option) -> Json:
    return {
        "type": "Note",
        "name": option.name,
        "replies": {"type": "Collection", "totalItems": option.votes},
    }
