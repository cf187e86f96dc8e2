"""Why something is not done, said to the person who typed it; rows keep it in the admins' words."""

from bridge import html
from bridge.network import UNCHANGED

_TO_YOU = {
    UNCHANGED: "that is so already: nothing has changed",
    "its author is suspended here": "the admins of this server have suspended your profile",
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
}


def to_you(problem: str) -> str:
    return _TO_YOU.get(problem, problem)


def refusal(problem: str) -> str:
    """As HTML, a sentence."""
    said = to_you(problem)
    text = said[:1].upper() + said[1:]
    return f"<p>{html.escape(text if text.endswith(('.', '?', '!')) else f'{text}.')}</p>"
