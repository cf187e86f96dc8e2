"""What the reading of one event needs from outside, and what it may say besides an act. Pure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from social.acts import Block, Boost, Emoji, Follow, Publish, React, Visibility, Vote


@dataclass(frozen=True, slots=True, kw_only=True)
class Needs:
    """What the caller looks up to build `Refs`."""

    users: frozenset[str] = frozenset()  # Matrix IDs
    events: frozenset[str] = frozenset()
    accounts: frozenset[str] = frozenset()  # @user@host as written in the text
    posts: frozenset[str] = frozenset()  # URIs of posts
    quote: str = ""  # the event, link or URI that may be quoted


@dataclass(frozen=True, slots=True, kw_only=True)
class Refs:
    """All that is known outside about what one event names.

    `link` is what `html.from_matrix` asks. `actors` may also hold `@user@host` as written; without
    it, the first value that `link` gives for it counts as the actor. `stored` should also hold
    the posts that the named ones answer.
    """

    kind: str  # the room's: "profile", "circle", "desk", "mirror", "direct" or "control"
    owner: str = ""  # Matrix ID of the room's owner
    origin: str = ""  # https://social.example: of our ids
    files: str = ""  # where files are served, when that is elsewhere
    bot: str = ""
    trusted: frozenset[str] = frozenset()  # senders whose keys of ours count: our bot, our ghosts
    actors: Mapping[str, str] = field(default_factory=dict)  # Matrix ID -> actor URI
    carried: Mapping[str, str] = field(default_factory=dict)  # event -> URI of its post or act
    stored: Mapping[str, Publish] = field(default_factory=dict)  # post URI -> as it stands
    answers: Mapping[str, Mapping[str, int]] = field(default_factory=dict)  # of an event's poll
    acts: Mapping[str, React | Boost | Follow | Block] = field(default_factory=dict)
    quotable: Mapping[str, str] = field(default_factory=dict)  # what `needs` named -> post's URI
    link: Callable[[str], tuple[str, str] | None] = lambda _: None
    language: str = ""
    voting: int = 0  # milliseconds for which the sender lets people vote
    visibility: Visibility = "public"
    warning: str = ""  # that the sender puts in front of every post
    notices: bool = False  # whether what the sender says as a notice is a post
    people: tuple[str, ...] = ()  # of a direct room: the actors in it
    last: str = ""  # of a direct room: the newest post
    group: str = ""  # URI of the group whose room it is
    moderators: frozenset[str] = frozenset()  # of that group, if it is one of ours
    pack: tuple[Emoji, ...] = ()  # the sender's own, in their profile
    pictures: Mapping[str, Emoji] = field(default_factory=dict)  # mxc -> what was reacted with
    offered: tuple[str, ...] = ()  # the answers of the poll that the event asks
    name: str = ""  # the sender's display name, for "/me waves"
    now: int = 0  # when we received it, in milliseconds; 0 when unknown


@dataclass(frozen=True, slots=True, kw_only=True)
class Carried:
    """A fellow network's JSON kept in an event that our bot or a ghost sent."""

    raw: str  # verbatim; empty when it did not fit into the event
    uri: str
    act: str
    by: str
    kind: str
    seen: int
    published: int = 0  # of a post, as the index has it: its own date may be none
    role: str = "primary"  # or "card" (of a boost), "copy" (a notice in a desk)
    ghost: str = ""  # of whom the bot says it in the name of
    stamp: str = ""  # of the quote in it, as it was proven then


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A further file of a post, in an event of its own."""

    uri: str  # of the post, or of the boost of it
    number: int
    shows: str  # the digest of what stands in it


@dataclass(frozen=True, slots=True, kw_only=True)
class Ballot:
    """Several choices at once."""

    votes: tuple[Vote, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A line typed to the bot in a desk."""

    author: str  # Matrix ID
    words: tuple[str, ...]
    text: str
    event: str = ""
    answers: str = ""  # the event it was typed in answer to
    at: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of the ledger kept in a desk."""

    raw: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What the world was given for an event of ours, byte for byte."""

    event: str  # the event it is a receipt of
    uri: str
    act: str
    raw: str
    visibility: Visibility = "direct"
    at: int = 0
    frame: str = ""  # of a Create whose text was too large, what stands around it
