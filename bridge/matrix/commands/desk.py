"""What one can type to the bot in a desk. Each answers there, in words a person understands."""

import difflib
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from django.conf import settings
from django.db.models import Q

from bridge import html, names
from bridge.errors import Forbidden, Later, Trouble, Unreadable
from bridge.matrix import groups, linking, replies, succession
from bridge.matrix.commands.calls import Call, named, only
from bridge.matrix.commands.follows import accept, follow, followers, following, reject, unfollow
from bridge.matrix.commands.moderation import moderate
from bridge.matrix.commands.profile import alias, choices, move, settle
from bridge.matrix.commands.reporting import forward, report
from bridge.matrix.commands.safety import block, blocks, mute, mutes, unblock, unmute
from bridge.matrix.commands.status import home, status, why
from bridge.matrix.readings import Command
from bridge.models import Room
from bridge.network import Said
from social import quoting
from social.acts import Leave
from social.models import Actor, Post, Stamp


def run(command: Command, room: Room | None = None) -> list[Said]:
    """The act, if it is one, and the answer. Raises Later.

    What cannot be done ends in the answer alone: a row's note, which admins read, would repeat
    what was typed in private.
    """
    try:
        return _run(command, room)
    except Later:
        raise
    except Trouble as error:
        return only(replies.refusal(str(error)))


def _run(command: Command, room: Room | None) -> list[Said]:
    words = list(command.words)
    name = _name(words[0])
    if name == "ownroom":
        words = words[1:] or ["help"]
        name = _name(words[0])
    of_group = room is not None and room.actor is not None and room.actor.kind == "group"
    if of_group and name not in OF_GROUPS:
        raise Unreadable(f"here, at a group's desk, I know {', '.join(sorted(OF_GROUPS))}")
    if name == "help":
        return _help(words[1:], OF_GROUPS if of_group else COMMANDS)
    if name in CREATING and not of_group and (wanted := _wanted(name, words[1:])) is not None:
        return only(_create(command, wanted))
    entry = COMMANDS.get(name)
    if entry is None:
        raise _unknown(name)
    actor = Actor.objects.filter(owner=command.author, left=None).first()
    if of_group and room:
        actor = room.actor
    if actor is None:
        raise Forbidden("you have no profile here yet. Type: profile create")
    if entry.alone and len(words) > 2:
        raise Unreadable(f"one at a time, please. Say it like this: {name} {words[1]}")
    call = Call(
        actor=actor,
        name=name,
        words=words[1:],
        uri=names.act_uri(settings.OWNROOM_ORIGIN, command.event),
        at=command.at,
        answers=command.answers,
    )
    return entry.run(call)


def _name(word: str) -> str:
    """With `!` or `/` before it, as bots and clients elsewhere want it, or without."""
    return "help" if word == "?" else word.lstrip("!/").lower()


def _unknown(name: str) -> Unreadable:
    if told := next((told for called, told in BY_CLIENT.items() if name in called), ""):
        return Unreadable(told)
    near = difflib.get_close_matches(name[:40], COMMANDS, 1)
    meant = f" Did you mean: {near[0]}?" if near else ""
    shown = name if len(name) <= 40 else f"{name[:40]}…"
    return Unreadable(f"I do not know “{shown}”.{meant} Type help to see what I do")


def _wanted(name: str, words: Sequence[str]) -> str | None:
    """The handle they ask for, or none; None where they ask for no profile. A profile is made by
    that word alone, for it lasts.
    """
    rest = list(words)
    if name == "profile" and (not rest or rest.pop(0).lower() != "create"):
        return None
    if len(rest) > 1:
        raise Unreadable("a handle is one word. Say it like this: profile create HANDLE")
    return rest[0].lstrip("@") if rest else ""


def _create(command: Command, handle: str) -> str:
    if refused := linking.not_admitted(command.author):
        raise Forbidden(refused)
    linked = linking.create(command.author, handle)
    link = names.matrix_link(linked.room_id)
    return (
        f"<p>You are <strong>@{html.escape(linked.actor.acct)}</strong> to the fediverse."
        f' Your room: <a href="{link}">{html.escape(link)}</a> (accept its invitation).'
        f" What you write there is public:"
        f' <a href="{html.escape(linked.actor.url)}">{html.escape(linked.actor.url)}</a></p>'
    )


def _profile(call: Call) -> list[Said]:
    verb = call.words[0].lower() if call.words else ""
    if verb == "delete":
        return _delete(call)
    if verb:
        raise Unreadable("say it like this: profile create, or profile delete")
    return status(call)


def _delete(call: Call) -> list[Said]:
    """For good: so it wants the handle typed once more."""
    handle = call.words[1] if len(call.words) > 1 else ""
    if handle.lstrip("@").split("@")[0].lower() != call.actor.handle.lower():
        warning = (
            "<p>This deletes your profile, its posts and its followers for good, here and on every"
            " server that listens; the handle is not given out again. Your rooms stay yours. If"
            f" you mean it, type: <code>profile delete {html.escape(call.actor.handle)}</code></p>"
        )
        return only(warning)
    act = Leave(author=call.actor.uri, at=call.at)
    return [
        Said(act, answer="<p>Your profile is deleted. Your rooms and what is in them stay.</p>")
    ]


def _help(words: Sequence[str], known: Collection[str]) -> list[Said]:
    """All that is known at this desk, or one of them."""
    asked = words[0].lstrip("!").lower() if words else ""
    if asked == "set" and known is COMMANDS:
        return choices()
    if asked and asked not in known:
        raise _unknown(asked)
    rows = "".join(
        f"<li><code>{html.escape(entry.usage)}</code> – {html.escape(entry.does)}</li>"
        for name, entry in COMMANDS.items()
        if name == asked or (not asked and name in known)
    )
    if asked or known is not COMMANDS:
        return only(f"<p>Say it like this:</p><ul>{rows}</ul>")
    return only(
        f"<p>What you can type here:</p><ul>{rows}</ul><p>You post by writing in your room. In"
        " front of a post: <code>!cw WORDS</code> for a content warning, <code>!unlisted</code> for"
        " a quiet one; in front of the question of a poll, <code>!ends 3d</code> for one of three"
        " days. Answer, react (🔁 boosts), edit, remove and pin as your client does.</p>"
    )


def _circle(call: Call) -> list[Said]:
    room = succession.circle(call.actor)
    link = names.matrix_link(room.room_id)
    text = (
        f'<p>Your circle: <a href="{link}">{html.escape(link)}</a>. What you write there goes to'
        " your approved followers only; those on this server are invited.</p>"
    )
    return only(text)


def _group(call: Call) -> list[Said]:
    verb, *words = call.words or [""]
    if verb.lower() == "delete":
        raise Unreadable("a group is ended in its own room. Type there: !ownroom group delete NAME")
    if verb.lower() != "create" or len(words) != 1:
        raise Unreadable("what is it called, in one word? Say it like this: group create NAME")
    room = groups.found(call.actor.owner or "", words[0].lstrip("!@").lower())
    link = names.matrix_link(room.room_id)
    acct = room.actor.acct if room.actor else words[0]
    return only(
        f"<p><strong>@{html.escape(acct)}</strong> is a group now. Its room:"
        f' <a href="{link}">{html.escape(link)}</a> (accept its invitation, and that to its desk).'
        " What people with a profile write there is public, and so is what its followers"
        " elsewhere write to it.</p>"
    )


def _unquote(call: Call) -> list[Said]:
    """By the address of the post that quotes, or of its page."""
    link = call.words[0].strip("<>") if call.words else ""
    if not link:
        raise Unreadable("which post? Say it like this: unquote LINK")
    page = Post.objects.filter(url=link).values("uri")
    quotes = Q(quoting=link) | Q(quoting__in=page)
    stamps = Stamp.objects.filter(quotes, post__author=call.actor)
    found = stamps.select_related("post__author", "by").first()
    if found is None:
        raise Unreadable("I know of no post there that quotes you")
    return [
        Said(
            quoting.refusal(found, call.at),
            answer=f"<p>{named(found.by)} may no longer quote you there. Their server is told.</p>",
        )
    ]


@dataclass(frozen=True, slots=True)
class Entry:
    usage: str
    does: str
    run: Callable[[Call], list[Said]]
    alone: bool = False  # one person, and not a word more


# What one might look for here, but does with the client, in the room.
BY_CLIENT = {
    ("post", "toot", "publish"): "just write it in your room: what stands there is published",
    ("poll", "vote"): "for a poll, use those of your client, in the room",
    ("pin", "unpin"): "pin the post in your room, as your client pins messages",
    ("like", "react", "fav", "favourite"): "react to the post, in the room in which you read it",
    ("boost", "reblog", "share"): "react to the post with 🔁, in the room in which you read it",
    ("reply", "answer"): "answer the post in the room in which you read it, as in any thread",
    ("edit", "delete", "remove"): "do that with the message in the room, as your client does",
    ("quote",): "write in your room, with the link of what you quote as the last line",
}
CREATING = frozenset({"profile", "create", "link"})
# At the desk of a group its owner speaks for it.
OF_GROUPS = frozenset(
    {"help", "followers", "accept", "reject", "block", "unblock", "set", "status", "profile"}
)
COMMANDS: dict[str, Entry] = {
    "help": Entry(
        "help [COMMAND]", "this list, or one of it", lambda call: _help(call.words, COMMANDS)
    ),
    "profile": Entry(
        "profile create [handle]", "get a profile and its room (or: profile delete)", _profile
    ),
    "circle": Entry("circle", "a room for followers-only posts", _circle),
    "follow": Entry("follow @name@server", "read somebody", follow, alone=True),
    "unfollow": Entry("unfollow @name@server", "stop reading somebody", unfollow, alone=True),
    "followers": Entry("followers", "who follows you", followers),
    "following": Entry("following", "whom you follow", following),
    "home": Entry("home", "the newest posts of those whom you follow", home),
    "accept": Entry("accept @name@server", "let somebody follow you who asked", accept, alone=True),
    "reject": Entry("reject @name@server", "refuse or remove a follower", reject, alone=True),
    "block": Entry(
        "block @name@server",
        "neither reaches the other any more (or: block server)",
        block,
        alone=True,
    ),
    "unblock": Entry(
        "unblock @name@server", "end a block (or: unblock server)", unblock, alone=True
    ),
    "blocks": Entry("blocks", "whom and which servers you block", blocks),
    "mute": Entry("mute @name@server [for 7d]", "hear nothing of somebody; nobody is told", mute),
    "unmute": Entry("unmute @name@server", "hear of them again", unmute, alone=True),
    "mutes": Entry("mutes", "whom you mute, and until when", mutes),
    "report": Entry(
        "report @name@server WORDS (or: report LINK WORDS, or answer a post with it)",
        "tell the admins; nobody else sees it",
        report,
    ),
    "forward": Entry("forward", "your last report goes to the other server too", forward),
    "unquote": Entry("unquote LINK", "let somebody quote you no longer", _unquote),
    "set": Entry(
        "set name WORDS", "your profile; also bio, field, quotes, polls, locked …", settle
    ),
    "alias": Entry(
        "alias add @name@server", "name another home of yours (or: alias remove)", alias
    ),
    "move": Entry("move @name@server", "take your followers to another home", move),
    "moderate": Entry(
        "moderate lock LINK (or: unlock, pin, unpin, remove, restore, ban, unban)",
        "decide in a group that you moderate, here or elsewhere",
        moderate,
    ),
    "group": Entry("group create NAME", "a room as a group that the fediverse can join", _group),
    "status": Entry("status", "your profile in numbers, and what is waiting", status),
    "why": Entry("why LINK (or answer a post with: why)", "what became of a post", why),
}
