"""Why something is not done, said to the person who typed it; rows keep it in the admins' words."""

import re

from bridge import html
from bridge.network import UNCHANGED
from social import admission

_TYPED = re.compile(r"(?:this|[Tt]ype|with|there|mean): ([a-z!@][^(,?]*?)( \(.*\))?\Z")
_ADDRESS = "An address in the fediverse looks like @name@server"
TO_YOU = {
    UNCHANGED: "that is so already: nothing has changed",
    "its author is suspended here": "the admins of this server have suspended your profile",
    admission.ALONE: "you block everybody whom it is for",
    "its author has blocked them": "you block them. Unblock them first",
    "one of the two has blocked the other": "one of you blocks the other",
    "what it is about is not known here": "I know nothing of that",
    "whom it is about is suspended here": "the admins of this server have suspended them",
    "nobody is reported": "I do not know whom you mean",
    "enough reports from there wait for the admins": (
        "the admins have not looked at your last reports yet. Please wait until they have"
    ),
    "that is one's own server": "that is your own server",
    "where it moves to is not known here": "I do not know that other home of yours",
    "where it moves to is suspended or gone": "that other home of yours is suspended or gone",
    "where it moves to has moved away itself": "that other home of yours has moved away itself",
    "it moved less than seven days ago": "you moved less than seven days ago",
    "it has moved too often": "you have moved too often",
    "they have voted already, and a vote cannot be changed": (
        "you have voted already, and a vote cannot be changed"
    ),
    "the post was not for them": "that post is not for you",
    "this server is blocked here": "the admins of this server have blocked that one",
    "this server is not on the allow-list": (
        "this server speaks only with those that its admins have listed, and that one is not listed"
    ),
    "only a new text message is a command": (
        "I read new lines of text here, no pictures, no files and no changed lines. Please type it"
        " once more, or type help"
    ),
    "an empty command": "that line says nothing. Type help to see what I do",
    "only who moderates a group decides that": "only who moderates this group can do that",
    # Of whom they named, as somebody else's server puts it.
    "its origin answers 404": f"nobody is at that address. {_ADDRESS}",
    "its origin answers 410": "whoever was at that address is gone",
    "its origin does not show it to us (401)": "that server does not show it to this one",
    "its origin does not show it to us (403)": "that server does not show it to this one",
    "not served as ActivityStreams": f"that is a page, and no profile in the fediverse. {_ADDRESS}",
    "not JSON": f"that is a page, and no profile in the fediverse. {_ADDRESS}",
    "the object is not an actor": f"that is no person and no group. {_ADDRESS}",
    "the actor's document carries another id than its address": f"that is no profile. {_ADDRESS}",
    "the document carries another id than its address": f"that is no profile. {_ADDRESS}",
    "the document's id is on another server than its address": f"that is no profile. {_ADDRESS}",
    "it is on this server": "no profile of this server is at that address",
    "the actor's id is not on another server": "no profile of this server is at that address",
    "the URL is malformed or too long": f"that is not an address. {_ADDRESS}",
    "the URL is not https": f"that address is not safe: it begins with http. {_ADDRESS}",
    "the host is an address, not a name": f"that server has no name, only numbers. {_ADDRESS}",
    "the host is an address in disguise": f"that server has no name, only numbers. {_ADDRESS}",
    "the host is malformed": f"that is not the name of a server. {_ADDRESS}",
    "an address that we do not connect to": "that server is not in the public Internet",
}


def to_you(problem: str) -> str:
    return TO_YOU.get(problem, problem)


def refusal(problem: str) -> str:
    """As HTML, a sentence; what can be typed stands in it as such, without a full stop to copy."""
    said = to_you(problem)
    first = said.split(maxsplit=1)[0] if said else ""
    # The name of a server or a person stays as it is written.
    text = said if re.search(r"[.:@]\w", first) else said[:1].upper() + said[1:]
    if found := _TYPED.search(text):
        said, typed = html.escape(text[: found.start(1)]), html.escape(found[1])
        return f"<p>{said}<code>{typed}</code>{html.escape(found[2] or '')}</p>"
    return f"<p>{html.escape(text if text.endswith(('.', '?', '!')) else f'{text}.')}</p>"
