"""What moderators do in a group, in plain words. A part of social/acts.py, and as pure."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Remove:
    """A moderator takes somebody's post out of a group. It stays its author's, elsewhere."""

    author: str
    post: str
    group: str
    uri: str
    at: int
    reason: str = ""  # plain text


@dataclass(frozen=True, slots=True, kw_only=True)
class Feature:
    """A moderator puts a topic on top of a group."""

    author: str
    post: str
    group: str
    uri: str  # may be empty
    at: int
    collection: str = ""  # URI of the list it is put into


@dataclass(frozen=True, slots=True, kw_only=True)
class Lock:
    """Nobody but who moderates the group answers a post in it, or what stands below it."""

    author: str
    post: str
    group: str
    uri: str
    at: int
    reason: str = ""  # plain text


@dataclass(frozen=True, slots=True, kw_only=True)
class Appoint:
    """`target` moderates the group from now on."""

    author: str
    target: str
    group: str
    uri: str
    at: int
    collection: str = ""  # URI of the list of those who do


@dataclass(frozen=True, slots=True, kw_only=True)
class Expel:
    """`target` neither follows the group nor writes in it any more."""

    author: str
    target: str
    group: str
    uri: str
    at: int
    until: int = 0  # milliseconds; 0 is for good
    wipe: bool = False  # what they wrote in the group is taken out of it too
    reason: str = ""  # plain text


AboutPost = Remove | Feature | Lock
AboutPerson = Appoint | Expel
Measure = AboutPost | AboutPerson
