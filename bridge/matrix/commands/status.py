"""What one asks at the desk: what is new, how it stands, and what became of a post."""

from datetime import datetime

import orjson
from django.utils import timezone

from bridge import html, names
from bridge.errors import Unreadable
from bridge.matrix.commands.calls import Call, named, only
from bridge.models import Lane, Received, Room
from bridge.network import Said
from social import timelines
from social.models import Actor, Decision, Delivery, Post

_BECAME = {  # of what was received
    "done": "",
    "ignored": ", and published to nobody",
    "waiting": ", and still to be read",
    "gone": ", and given up",
}
_SENT = {"done": "Sent to", "waiting": "Still to be sent to", "gone": "Not taken by"}


def home(call: Call) -> list[Said]:
    posts = timelines.home(call.actor)[:10]
    if not posts:
        return only("<p>Nothing yet: the posts of those whom you follow come here.</p>")
    items = "".join(
        f"<li>{named(post.author)}: {html.escape(_excerpt(post))}"
        f' <a href="{html.escape(post.url or post.uri)}">open</a></li>'
        for post in posts
    )
    return only(f"<p>Newest first:</p><ol>{items}</ol>")


def _excerpt(post: Post) -> str:
    words = f"[CW: {post.summary}]" if post.summary else html.plain(post.html)
    line = " ".join(words.split())
    return line if len(line) <= 200 else f"{line[:200]}…"


def status(call: Call) -> list[Said]:
    actor = call.actor
    waiting = Delivery.objects.filter(sender=actor.uri, state="waiting")
    troubled = Lane.objects.filter(name__in=waiting.values("lane"), failures__gt=0).values_list(
        "name", "note"
    )
    room = actor.rooms.filter(kind__in=(Room.Kind.PROFILE, Room.Kind.GROUP)).first()
    link = html.escape(names.matrix_link(room.room_id)) if room else ""
    lines = [
        f"You are {named(actor)}: {html.escape(actor.url)}",
        *([f'Your room: <a href="{link}">{link}</a>'] if link else []),
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
    return only("<ul>" + "".join(f"<li>{line}</li>" for line in lines) + "</ul>")


def why(call: Call) -> list[Said]:
    """What became of a post: named by its link, or by answering its event with the command."""
    if not call.words and not call.answers:
        raise Unreadable("which post? Say it like this: why LINK, or answer the post with: why")
    uri, event = call.post(call.words[0] if call.words else "")
    lines = []
    received = Received.objects.filter(network="matrix", key=event).first() if event else None
    if received and _is_theirs(received, call.actor):
        why = f": {received.note}" if received.note else ""
        lines.append(f"Received {_ago(received.created)}{_BECAME[received.state]}{why}.")
    sent = Delivery.objects.filter(sender=call.actor.uri, subject=uri, network="activitypub")
    for state, said in _SENT.items():
        rows = sent.filter(state=state).order_by("id")
        hosts = {names.host_of(to) for to in rows.values_list("to", flat=True)} - {""}
        if hosts:
            many = "1 server" if len(hosts) == 1 else f"{len(hosts)} servers"
            notes = {f"{names.host_of(r.to)}: {r.note or 'no answer yet'}" for r in rows[:50]}
            shown = f" ({'; '.join(sorted(notes)[:10])})" if state != "done" else ""
            lines.append(f"{said} {many}{shown}.")
    post = call.actor.posts.filter(uri=uri).first()
    if post and post.deleted:
        lines.append("It is deleted since.")
    elif post and not lines:  # what came and went is kept for some weeks, and in no room
        lines.append("It is published. Where it went, and when, I no longer know.")
    mine = bool(lines) or post is not None
    decided = Decision.objects.filter(about=uri).select_related("author")
    for row in decided if mine else ():
        said = "approved it" if row.allowed else "does not let it stand under their post"
        lines.append(f"@{row.author.acct} {said}.")
    if not lines:
        raise Unreadable(
            "I know nothing of that post, or it is not yours. Give its link if it is, or answer it"
            " with: why"
        )
    items = "".join(f"<li>{html.escape(line)}</li>" for line in lines)
    return only(f"<ul>{items}</ul>")


def _is_theirs(row: Received, actor: Actor) -> bool:
    """Typed by them, or in a room of theirs: what else came is no business of whoever asks."""
    event = orjson.loads(row.body)
    mine = actor.rooms.filter(room_id=event.get("room_id"))
    return event.get("sender") == actor.owner or mine.exists()


def _ago(moment: datetime) -> str:
    seconds = int((timezone.now() - moment).total_seconds())
    if seconds < 120:
        return f"{seconds} seconds ago" if seconds > 1 else "just now"
    return f"{seconds // 60} minutes ago" if seconds < 7200 else f"{seconds // 3600} hours ago"
