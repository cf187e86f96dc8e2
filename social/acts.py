"""Acts: what people do, in plain words. An activity and an event are two spellings of one act.

Pure. Actors, posts and acts are named by their URI; times are milliseconds since 1970 (UTC);
`html` is already sanitised (bridge/html.py). A new act is added here, in `Act` and in `_BY_NAME`;
mypy then lists every `match` that lacks it.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal, get_args

from social.geography import Place
from social.habits import USUAL, Habits
from social.measures import Appoint, Expel, Feature, Lock, Measure, Remove

Visibility = Literal["public", "unlisted", "private", "limited", "direct", "local"]
OPEN: frozenset[Visibility] = frozenset({"public", "unlisted"})  # may stand on a page for anybody
LETTERS: frozenset[Visibility] = frozenset({"limited", "direct"})  # for those named alone
FOLLOWED: frozenset[Visibility] = frozenset({"private", "local"})  # for followers
NARROWING: tuple[Visibility, ...] = get_args(Visibility)  # each is for fewer than those before it
LIKE = "\N{THUMBS UP SIGN}"  # the reaction that every network knows
# Plain likes everywhere; with or without the selector that asks for the coloured picture.
LIKES = frozenset({LIKE, "\u2764", "\u2764\ufe0f", "\u2b50", "\u2b50\ufe0f"})

Kind = Literal["person", "service", "group", "organization", "application"]
# Whose quotes of a post its author lets stand; "ask" decides case by case, "" says nothing.
Quotable = Literal["", "public", "followers", "ask", "nobody"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mention:
    actor: str  # URI
    name: str  # as written: @bob@example.org


@dataclass(frozen=True, slots=True, kw_only=True)
class Emoji:
    """A picture that stands for `:shortcode:` in the text it belongs to."""

    shortcode: str  # without colons
    url: str  # http(s)
    media_type: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    url: str  # http(s)
    media_type: str = ""
    alt: str = ""
    width: int = 0  # pixels; 0 when unknown
    height: int = 0
    blurhash: str = ""
    focus: str = ""  # what must stay in sight: "0.5,-0.25", right and up of the middle, up to 1
    duration: int = 0  # milliseconds; 0 when unknown
    voice: bool = False  # somebody speaks, instead of writing


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    name: str
    value: str  # HTML


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    name: str
    votes: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Poll:
    """What a post asks, and how it was answered as far as its server tells."""

    options: tuple[Option, ...]
    multiple: bool = False  # whether one may choose several
    closes: int | None = None  # when nobody can vote any more; None: not decided
    closed: int | None = None  # when that was said
    voters: int | None = None  # people, however many options each chose; None when unknown
    hidden: bool = False  # how often each option was chosen is kept back for now

    def ended(self, at: int) -> bool:
        return self.closed is not None or (self.closes is not None and self.closes <= at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    html: str
    summary: str = ""  # content warning, plain text
    sensitive: bool = False
    language: str = ""  # BCP 47, empty when unknown
    mentions: tuple[Mention, ...] = ()
    hashtags: tuple[str, ...] = ()  # without '#', case as written
    attachments: tuple[Attachment, ...] = ()
    emojis: tuple[Emoji, ...] = ()
    poll: Poll | None = None
    quote: str = ""  # URI of the post quoted
    stamp: str = ""  # URI under which the quoted author's consent can be read
    quotable: Quotable = ""
    place: Place | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    uri: str
    handle: str  # the part before the domain
    domain: str  # the domain in the handle, lower case
    kind: Kind = "person"
    name: str = ""
    summary: str = ""  # HTML
    url: str = ""
    icon: str = ""
    header: str = ""
    fields: tuple[Field, ...] = ()
    locked: bool = False  # follows wait for the owner's word
    discoverable: bool = True
    indexable: bool = False
    hide_network: bool = False
    moderators: tuple[str, ...] = ()  # of a group here
    restricted: bool = False  # only who moderates the group begins topics in it
    aliases: tuple[str, ...] = ()
    moved_to: str = ""
    inbox: str = ""
    shared_inbox: str = ""
    followers: str = ""  # URI of the collection, used to recognise audiences
    key_id: str = ""
    public_key: str = ""  # PEM
    multikey: str = ""  # Ed25519, multibase (FEP-521a)
    published: int | None = None
    emojis: tuple[Emoji, ...] = ()  # of name, summary and fields
    quotes: Quotable = "public"  # of what is written from now on
    voting: int = 0  # milliseconds, in what is asked from now on; 0 where nothing was said
    memorial: bool = False  # kept in memory of somebody who died
    attribution_domains: tuple[str, ...] = ()  # whose pages may name it as their author
    habits: Habits = USUAL


@dataclass(frozen=True, slots=True, kw_only=True)
class Introduce:
    """An actor shows or changes its profile."""

    author: str
    profile: Profile
    at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Publish:
    author: str
    post: str
    content: Content
    visibility: Visibility
    published: int
    url: str = ""
    reply: str = ""  # URI of the post answered
    audience: tuple[str, ...] = ()  # actors addressed by name
    group: str = ""  # URI of the group in which it is said


@dataclass(frozen=True, slots=True, kw_only=True)
class Revise:
    """`now` is the whole post as it stands after the edit."""

    author: str
    now: Publish
    uri: str  # of the edit itself
    updated: int
    unsaid: str = ""  # URI of an edit taken back by this one, of which nothing is to be kept
    unsaid_at: int = 0  # its `updated`


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """How a poll stands now, and whether it is closed: nothing of what it says was edited."""

    author: str
    now: Publish
    uri: str  # of the telling itself
    at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Vote:
    """One choice. Who chooses several votes several times."""

    author: str  # URI; of somebody without a profile, who votes in a room here, whatever names them
    poll: str  # URI of the post that asks
    option: str  # its name, to the letter
    uri: str
    at: int
    ballot: tuple[str, ...] = ()  # all that is chosen from now on, where a vote may be changed


@dataclass(frozen=True, slots=True, kw_only=True)
class Retract:
    author: str
    post: str
    at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class React:
    author: str
    post: str
    uri: str
    emoji: str  # LIKE, another emoji, or :shortcode:
    at: int
    custom: Emoji | None = None  # the picture of a :shortcode:


@dataclass(frozen=True, slots=True, kw_only=True)
class Boost:
    author: str
    post: str
    uri: str
    at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Follow:
    author: str
    target: str
    uri: str
    at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Accept:
    """`author` lets `follower` follow."""

    author: str
    follower: str
    uri: str  # of the follow
    at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Reject:
    """`author` refuses or removes `follower`."""

    author: str
    follower: str
    uri: str  # of the follow; may be empty
    at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    author: str
    target: str
    uri: str
    at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockHost:
    """As a block of everybody on one server and those below it; only its author knows."""

    author: str
    host: str
    uri: str
    at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Mute:
    """`author` wants to hear nothing of `target`, who does not know it."""

    author: str
    target: str
    uri: str
    at: int
    until: int = 0  # milliseconds; 0 is for good


@dataclass(frozen=True, slots=True, kw_only=True)
class Pin:
    """`author` puts a post of their own on top of their profile."""

    author: str
    post: str
    uri: str  # may be empty
    at: int
    collection: str = ""  # URI of the list it is put into


Undoable = React | Boost | Follow | Block | BlockHost | Mute | Pin | Measure


@dataclass(frozen=True, slots=True, kw_only=True)
class Undo:
    """Takes back a reaction, a relation, a mute or a measure: by `uri`, or by what it said."""

    author: str
    uri: str  # of the act taken back; may be empty
    at: int
    undone: Undoable | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Leave:
    """The actor is gone for good, and everything it wrote with it."""

    author: str
    at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """From now on `author` is to be found as `target`."""

    author: str
    target: str
    uri: str
    at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Decide:
    """`author` lets what somebody did under a post of theirs stand there, or does not."""

    author: str
    about: str  # the answer, reaction or boost
    allowed: bool
    at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """`author` tells the admins of somebody, or of what they wrote."""

    author: str  # a person here; elsewhere often the server's own actor
    about: tuple[str, ...]  # actors and posts
    words: str  # plain text
    uri: str
    at: int
    forward: bool = False  # the other server shall hear of it, without the author's name


@dataclass(frozen=True, slots=True, kw_only=True)
class PassOn:
    """The group `author` tells its members what somebody did in it, in that person's own words."""

    author: str
    post: str  # that it is about, or the person
    said: str  # URI of what is passed on
    uri: str
    at: int
    corrects: bool = False  # an edit or a deletion, of which also those hear who were told before


@dataclass(frozen=True, slots=True, kw_only=True)
class AskQuote:
    """`author` would quote `post` in `quoting`."""

    author: str
    post: str
    quoting: str  # URI of the post that quotes
    uri: str
    at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AllowQuote:
    """`author` lets `asker` quote `post` in `quoting`; `stamp` is the proof for everybody."""

    author: str
    asker: str
    post: str
    quoting: str
    uri: str  # of what was asked; may be empty
    stamp: str
    at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RefuseQuote:
    """`author` does not let `asker` quote `post` in `quoting`; any more, where there is a stamp."""

    author: str
    asker: str
    post: str
    quoting: str
    uri: str  # of what was asked; may be empty
    stamp: str  # taken back; empty when it was only asked
    at: int


Consent = AskQuote | AllowQuote | RefuseQuote


@dataclass(frozen=True, slots=True, kw_only=True)
class Ignored:
    """Not an act of ours; `reason` is shown to whoever asks why."""

    reason: str


Act = (
    Introduce
    | Publish
    | Revise
    | Tally
    | Vote
    | Retract
    | React
    | Boost
    | Follow
    | Accept
    | Reject
    | Block
    | BlockHost
    | Mute
    | Pin
    | Undo
    | Leave
    | Move
    | Decide
    | Report
    | PassOn
    | Remove
    | Feature
    | Lock
    | Appoint
    | Expel
    | AskQuote
    | AllowQuote
    | RefuseQuote
)
_BY_NAME: dict[str, type[Act]] = {kind.__name__: kind for kind in get_args(Act)}


def when(act: Act) -> int:
    """The time of an act, in milliseconds."""
    match act:
        case Publish(published=at) | Revise(updated=at):
            return at
        case _:
            return act.at


def is_quiet(act: Act) -> bool:
    """Whether it never leaves this server: nobody elsewhere is to know of it."""
    if isinstance(act, Report):
        return not act.forward
    return isinstance(act.undone if isinstance(act, Undo) else act, BlockHost | Mute)


def dump(act: Act) -> dict[str, Any]:
    """JSON-ready; `load(dump(act)) == act`."""
    written = {"act": type(act).__name__, **asdict(act, dict_factory=_without_none)}
    if isinstance(act, Undo) and act.undone:
        written["undone"] = dump(act.undone)
    return written


def _without_none(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    return {key: value for key, value in pairs if value is not None}


def load(data: Mapping[str, Any]) -> Act:
    """Raises KeyError or TypeError for what `dump` did not write."""
    values = {key: value for key, value in data.items() if key != "act"}
    act: Act = _revive(_BY_NAME[data["act"]], values)
    return act


_NESTED: dict[str, type[Any]] = {
    "profile": Profile,
    "content": Content,
    "now": Publish,
    "place": Place,
    "mentions": Mention,
    "attachments": Attachment,
    "emojis": Emoji,
    "custom": Emoji,
    "poll": Poll,
    "options": Option,
    "fields": Field,
    "habits": Habits,
}


def _revive(kind: type[Any], values: Mapping[str, Any]) -> Any:
    known = {field.name for field in fields(kind)}
    return kind(**{key: _value(key, value) for key, value in values.items() if key in known})


def _value(key: str, value: Any) -> Any:
    nested = _NESTED.get(key)
    if isinstance(value, dict) and "act" in value:
        return load(value)
    if isinstance(value, dict) and nested:
        return _revive(nested, value)
    if isinstance(value, list | tuple):
        return tuple(_revive(nested, v) if nested and isinstance(v, dict) else v for v in value)
    return value
