"""What one can type to the bot in a desk. Each answers there, in words a person understands."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

import orjson
from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from bridge import directory, html, names
from bridge.errors import Forbidden, Later, Trouble, Unreadable
from bridge.matrix import conversations, groups, linking, replies
from bridge.matrix.moderation import moderate
from bridge.matrix.readings import Command
from bridge.matrix.reporting import forward, report
from bridge.matrix.safety import block, blocks, mute, mutes, unblock, unmute
from bridge.matrix.wishes import alias, move, settle
from bridge.models import Anchor, Lane, Received, Room
from bridge.network import Said
from social import quoting, timelines
from social.acts import Accept, Follow, Leave, Reject, Undo
from social.models import Actor, Decision, Delivery, Post, Stamp
from social.models import Follow as FollowRow

MANY = 50  # of a list that is shown
_SENT = {"done": "Sent to", "waiting": "Still to be sent to", "gone": "Not taken by"}


@dataclass(frozen=True, slots=True)
class Call:
    """One command as its function gets it."""

    actor: Actor  # the desk's owner
    name: str
    words: Sequence[str]  # after the command
    uri: str  # of the act that the command becomes
    at: int
    answers: str = ""  # the event it was typed in answer to

    def whom(self) -> Actor:
        if not self.words:
            raise Unreadable(f"whom? Say it like this: {self.name} @name@server")
        try:
            return directory.find(self.words[0])
        except Later as error:  # a person waits for the answer: they decide when to try again
            host = names.host_of(self.words[0]) or self.words[0].rpartition("@")[2]
            raise Unreadable(f"{host} cannot be asked now ({error}). Try again later") from None

    def post(self, word: str) -> tuple[str, str]:
        """URI and event of the one they mean."""
        return named_post(word, self.answers)


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
        return _only(replies.refusal(str(error)))


def _run(command: Command, room: Room | None) -> list[Said]:
    words = list(command.words)
    name = words[0].lstrip("!").lower()
    if name == "ownroom" and len(words) > 1:
        words, name = words[1:], words[1].lower()
    of_group = room is not None and room.actor is not None and room.actor.kind == "group"
    if of_group and name not in OF_GROUPS:
        raise Unreadable(f"here, at a group's desk, I know {', '.join(sorted(OF_GROUPS))}")
    if name in {"profile", "create", "link"} and words[1:2] != ["delete"] and not of_group:
        return [Said(None, answer=_create(command, words[1:]))]
    entry = COMMANDS.get(name)
    if entry is None:
        raise Unreadable(f"I do not know “{name}”. Type help to see what I do")
    actor = Actor.objects.filter(owner=command.author, left=None).first()
    if of_group and room:
        actor = room.actor
    if actor is None and name != "help":
        raise Forbidden("you have no profile here yet. Type: profile create")
    if actor is None:
        return [Said(None, answer=_help_text())]
    call = Call(
        actor=actor,
        name=name,
        words=words[1:],
        uri=names.act_uri(settings.OWNROOM_ORIGIN, command.event),
        at=command.at,
        answers=command.answers,
    )
    return entry.run(call)


def _create(command: Command, words: Sequence[str]) -> str:
    handle = next((word for word in words if word.lower() != "create"), "")
    if refused := linking.not_admitted(command.author):
        raise Forbidden(refused)
    linked = linking.create(command.author, handle.lstrip("@"))
    link = names.matrix_link(linked.room_id)
    return (
        f"<p>You are <strong>@{html.escape(linked.actor.acct)}</strong> to the fediverse."
        f' Your room: <a href="{link}">{html.escape(link)}</a> (accept its invitation).'
        f" What you write there is public:"
        f' <a href="{html.escape(linked.actor.url)}">{html.escape(linked.actor.url)}</a></p>'
    )


def _delete(call: Call) -> list[Said]:
    """For good: so it wants the handle typed once more."""
    handle = call.words[1] if len(call.words) > 1 else ""
    if handle.lstrip("@").split("@")[0].lower() != call.actor.handle.lower():
        warning = (
            "<p>This deletes your profile, its posts and its followers for good, here and on every"
            " server that listens; the handle is not given out again. Your rooms stay yours. If"
            f" you mean it, type: <code>profile delete {html.escape(call.actor.handle)}</code></p>"
        )
        return _only(warning)
    act = Leave(author=call.actor.uri, at=call.at)
    return [
        Said(act, answer="<p>Your profile is deleted. Your rooms and what is in them stay.</p>")
    ]


def _only(answer: str) -> list[Said]:
    return [Said(None, answer=answer)]


def _name(actor: Actor) -> str:
    return f"<strong>@{html.escape(actor.acct)}</strong>"


def _help(_: Call) -> list[Said]:
    return _only(_help_text())


def _help_text() -> str:
    rows = "".join(
        f"<li><code>{html.escape(entry.usage)}</code> – {html.escape(entry.does)}</li>"
        for entry in COMMANDS.values()
    )
    return (
        f"<p>What you can type here:</p><ul>{rows}</ul><p>And in your room, in front of a post:"
        " <code>!cw WORDS</code> for a content warning, <code>!unlisted</code> for a quiet one;"
        " in front of the question of a poll, <code>!ends 3d</code> for one of three days.</p>"
    )


def _circle(call: Call) -> list[Said]:
    room = conversations.circle(call.actor)
    link = names.matrix_link(room.room_id)
    text = (
        f'<p>Your circle: <a href="{link}">{html.escape(link)}</a>. What you write there goes to'
        " your approved followers only; those on this server are invited.</p>"
    )
    return _only(text)


def _group(call: Call) -> list[Said]:
    words = [word for word in call.words if word.lower() != "create"]
    if len(words) != 1:
        raise Unreadable("what is it called? Say it like this: group create NAME")
    room = groups.found(call.actor.owner or "", words[0].lstrip("!@").lower())
    link = names.matrix_link(room.room_id)
    acct = room.actor.acct if room.actor else words[0]
    return _only(
        f"<p><strong>@{html.escape(acct)}</strong> is a group now. Its room:"
        f' <a href="{link}">{html.escape(link)}</a> (accept its invitation, and that to its desk).'
        " What people with a profile write there is public, and so is what its followers"
        " elsewhere write to it.</p>"
    )


def _follow(call: Call) -> list[Said]:
    target = call.whom()
    if target == call.actor:
        raise Forbidden("you cannot follow yourself")
    old = call.actor.follows_out.filter(target=target).first()
    if old and old.state == "accepted":
        return _only(f"<p>You follow {_name(target)} already.</p>")
    act = Follow(author=call.actor.uri, target=target.uri, uri=call.uri, at=call.at)
    answer = f"<p>I asked {_name(target)} to let you follow. You will read here when they do.</p>"
    # Who thinks that this was asked already answers only once the first question is taken back.
    again = [Said(_taken_back(old, target, call.at))] if old and old.uri != call.uri else []
    return [*again, Said(act, answer=answer)]


def _unfollow(call: Call) -> list[Said]:
    target = call.whom()
    row = call.actor.follows_out.filter(target=target).first()
    if row is None:
        return _only(f"<p>You do not follow {_name(target)}.</p>")
    act = _taken_back(row, target, call.at)
    return [Said(act, answer=f"<p>You no longer follow {_name(target)}.</p>")]


def _taken_back(row: FollowRow, target: Actor, at: int) -> Undo:
    said = Follow(author=row.follower.uri, target=target.uri, uri=row.uri, at=row.at)
    return Undo(author=said.author, uri=row.uri, at=at, undone=said)


def _unquote(call: Call) -> list[Said]:
    """By the address of the post that quotes, or of its page."""
    link = call.words[0].strip("<>") if call.words else ""
    if not link:
        raise Unreadable("which post? Say it like this: unquote LINK")
    page = Post.objects.filter(url=link).values("uri")
    named = Q(quoting=link) | Q(quoting__in=page)
    stamp = Stamp.objects.filter(named, post__author=call.actor).select_related(
        "post__author", "by"
    )
    found = stamp.first()
    if found is None:
        raise Unreadable("I know of no post there that quotes you")
    return [
        Said(
            quoting.refusal(found, call.at),
            answer=f"<p>{_name(found.by)} may no longer quote you there. Their server is told.</p>",
        )
    ]


def _waiting(call: Call) -> FollowRow:
    asker = call.whom()
    row = FollowRow.objects.filter(follower=asker, target=call.actor).first()
    if row is None:
        raise Forbidden(f"@{asker.acct} has not asked to follow you")
    return row


def _accept(call: Call) -> list[Said]:
    row = _waiting(call)
    act = Accept(author=call.actor.uri, follower=row.follower.uri, uri=row.uri, at=call.at)
    return [Said(act, answer=f"<p>{_name(row.follower)} follows you now.</p>")]


def _reject(call: Call) -> list[Said]:
    row = _waiting(call)
    act = Reject(author=call.actor.uri, follower=row.follower.uri, uri=row.uri, at=call.at)
    more = " any more" if row.state == "accepted" else ": they are told so"
    return [Said(act, answer=f"<p>{_name(row.follower)} does not follow you{more}.</p>")]


def _people(title: str, empty: str, rows: Sequence[tuple[Actor, str]], total: int) -> list[Said]:
    if not rows:
        return _only(f"<p>{empty}</p>")
    items = "".join(
        f"<li>{_name(actor)}{' (waiting)' if state == 'pending' else ''}</li>"
        for actor, state in rows
    )
    more = f"<p>… and {total - len(rows)} more.</p>" if total > len(rows) else ""
    return _only(f"<p>{title} ({total}):</p><ul>{items}</ul>{more}")


def _followers(call: Call) -> list[Said]:
    rows = call.actor.follows_in.select_related("follower").order_by("-at")
    found = [(row.follower, row.state) for row in rows[:MANY]]
    return _people("Your followers", "Nobody follows you yet.", found, rows.count())


def _following(call: Call) -> list[Said]:
    rows = call.actor.follows_out.select_related("target").order_by("-at")
    found = [(row.target, row.state) for row in rows[:MANY]]
    return _people("You follow", "You follow nobody yet.", found, rows.count())


def _home(call: Call) -> list[Said]:
    posts = timelines.home(call.actor)[:10]
    if not posts:
        return _only("<p>Nothing yet: the posts of those whom you follow come here.</p>")
    items = "".join(
        f"<li>{_name(post.author)}: {html.escape(_excerpt(post))}"
        f' <a href="{html.escape(post.url or post.uri)}">open</a></li>'
        for post in posts
    )
    return _only(f"<p>Newest first:</p><ol>{items}</ol>")


def _excerpt(post: Post) -> str:
    words = f"[CW: {post.summary}]" if post.summary else html.plain(post.html)
    line = " ".join(words.split())
    return line if len(line) <= 200 else f"{line[:200]}…"


def _status(call: Call) -> list[Said]:
    actor = call.actor
    waiting = Delivery.objects.filter(sender=actor.uri, state="waiting")
    troubled = Lane.objects.filter(name__in=waiting.values("lane"), failures__gt=0).values_list(
        "name", "note"
    )
    lines = [
        f"You are {_name(actor)}: {html.escape(actor.url)}",
        (
            f"Followers: {actor.follows_in.filter(state='accepted').count()},"
            f" following: {actor.follows_out.filter(state='accepted').count()},"
            f" posts: {actor.posts.filter(deleted=None).count()}"
        ),
        f"Waiting to be sent: {waiting.count()}"
        + "".join(
            f"; {html.escape(lane.split(' ')[-1])}: {html.escape(note)}"
            for lane, note in troubled[:5]
        ),
    ]
    return _only("<ul>" + "".join(f"<li>{line}</li>" for line in lines) + "</ul>")


def _why(call: Call) -> list[Said]:
    """What became of a post: named by its link, or by answering its event with the command."""
    uri, event = call.post(call.words[0] if call.words else "")
    lines = []
    received = Received.objects.filter(network="matrix", key=event).first() if event else None
    if received and _is_theirs(received, call.actor):
        why = f": {received.note}" if received.note else ""
        lines.append(f"Received {_ago(received.created)}, {received.state}{why}.")
    sent = Delivery.objects.filter(sender=call.actor.uri, subject=uri, network="activitypub")
    for state, said in _SENT.items():
        rows = sent.filter(state=state).order_by("id")
        hosts = {names.host_of(to) for to in rows.values_list("to", flat=True)} - {""}
        if hosts:
            many = "1 server" if len(hosts) == 1 else f"{len(hosts)} servers"
            notes = {f"{names.host_of(r.to)}: {r.note or 'no answer yet'}" for r in rows[:50]}
            shown = f" ({'; '.join(sorted(notes)[:10])})" if state != "done" else ""
            lines.append(f"{said} {many}{shown}.")
    mine = bool(lines) or call.actor.posts.filter(uri=uri).exists()
    decided = Decision.objects.filter(about=uri).select_related("author")
    for row in decided if mine else ():
        said = "approved it" if row.allowed else "does not let it stand under their post"
        lines.append(f"@{row.author.acct} {said}.")
    if not lines:
        raise Unreadable("I know nothing of that post. Give its link, or answer it with: why")
    items = "".join(f"<li>{html.escape(line)}</li>" for line in lines)
    return _only(f"<ul>{items}</ul>")


def _is_theirs(row: Received, actor: Actor) -> bool:
    """Typed by them, or in a room of theirs: what else came is no business of whoever asks."""
    event = orjson.loads(row.body)
    mine = actor.rooms.filter(room_id=event.get("room_id"))
    return event.get("sender") == actor.owner or mine.exists()


def named_post(word: str, answers: str) -> tuple[str, str]:
    """URI and event of a post: named by its link, or by answering it."""
    event = answers
    if word.startswith("$"):
        event = word
    elif word:
        last = word.split("?", maxsplit=1)[0].rstrip("/").rsplit("/", 1)[-1]
        event = last if last.startswith("$") else f"${last}"
    anchor = Anchor.objects.filter(event_id=event).first() if event else None
    if anchor:
        return anchor.uri, event
    if names.origin_of(word) not in {"", settings.OWNROOM_ORIGIN, "https://matrix.to"}:
        return word, ""  # of another server, whose long numbers may look like events
    uri = names.post_uri(settings.OWNROOM_ORIGIN, event) if names.is_event_id(event) else word
    return uri, event


def _ago(moment: datetime) -> str:
    seconds = int((timezone.now() - moment).total_seconds())
    if seconds < 120:
        return f"{seconds} seconds ago" if seconds > 1 else "just now"
    return f"{seconds // 60} minutes ago" if seconds < 7200 else f"{seconds // 3600} hours ago"


@dataclass(frozen=True, slots=True)
class Entry:
    usage: str
    does: str
    run: Callable[[Call], list[Said]]


# At the desk of a group its owner speaks for it.
OF_GROUPS = frozenset(
    {"help", "followers", "accept", "reject", "block", "unblock", "set", "status", "profile"}
)
COMMANDS: dict[str, Entry] = {
    "help": Entry("help", "this list", _help),
    "profile": Entry(
        "profile create [handle]", "get a profile and its room (or: profile delete)", _delete
    ),
    "circle": Entry("circle", "a room for followers-only posts", _circle),
    "follow": Entry("follow @name@server", "read somebody", _follow),
    "unfollow": Entry("unfollow @name@server", "stop reading somebody", _unfollow),
    "followers": Entry("followers", "who follows you", _followers),
    "following": Entry("following", "whom you follow", _following),
    "home": Entry("home", "the newest posts of those whom you follow", _home),
    "accept": Entry("accept @name@server", "let somebody follow you who asked", _accept),
    "reject": Entry("reject @name@server", "refuse or remove a follower", _reject),
    "block": Entry(
        "block @name@server", "neither reaches the other any more (or: block server)", block
    ),
    "unblock": Entry("unblock @name@server", "end a block (or: unblock server)", unblock),
    "blocks": Entry("blocks", "whom and which servers you block", blocks),
    "mute": Entry("mute @name@server [for 7d]", "hear nothing of somebody; nobody is told", mute),
    "unmute": Entry("unmute @name@server", "hear of them again", unmute),
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
    "status": Entry("status", "your profile in numbers, and what is waiting", _status),
    "why": Entry("why LINK (or answer a post with: why)", "what became of a post", _why),
}
