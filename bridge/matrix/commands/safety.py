"""What one says at the desk of whom one wants nothing: blocks of people and servers, and mutes."""

from collections.abc import Sequence

from bridge import directory, html, names
from bridge.errors import Forbidden, Unreadable
from bridge.matrix import spans
from bridge.matrix.commands.calls import MANY, Call, listed, named, only
from bridge.models import Ghost
from bridge.network import Said
from social.acts import Block, BlockHost, Mute, Undo
from social.models import Actor, HostBlock
from social.models import Block as BlockRow
from social.models import Mute as MuteRow

_HOW_LONG = "for how long? Say it like this: mute @name@server for 7d (or 30m, 12h, 2w)"


def block(call: Call) -> list[Said]:
    if _is_server(call.words):
        return _block_host(call)
    target = call.whom()
    if target == call.actor:
        raise Forbidden("you cannot block yourself")
    act = Block(author=call.actor.uri, target=target.uri, uri=call.uri, at=call.at)
    text = "is blocked: neither of you follows, reaches or reads the other through this server"
    return [Said(act, answer=f"<p>{named(target)} {text}.</p>")]


def unblock(call: Call) -> list[Said]:
    if _is_server(call.words):
        return _unblock_host(call)
    target = call.whom()
    row = BlockRow.objects.filter(author=call.actor, target=target).first()
    if row is None:
        return only(f"<p>{named(target)} is not blocked.</p>")
    said = Block(author=call.actor.uri, target=target.uri, uri=row.uri, at=row.at)
    act = Undo(author=call.actor.uri, uri=row.uri, at=call.at, undone=said)
    return [Said(act, answer=f"<p>{named(target)} is no longer blocked.</p>")]


def _is_server(words: Sequence[str]) -> bool:
    """People are named with an @, or by their handle alone if they live here."""
    word = words[0] if words else ""
    word = word.removeprefix("https://").removeprefix("http://").rstrip("/")  # without a path
    return not set("@/") & set(word) and ("." in word or ":" in word)


def _block_host(call: Call) -> list[Said]:
    host = directory.host(call.words[0])
    act = BlockHost(author=call.actor.uri, host=host, uri=call.uri, at=call.at)
    text = (
        "is blocked for you, with all below it: nobody there follows, reaches or reads you through"
        " this server, nor you them. Others here are not concerned"
    )
    return [Said(act, answer=f"<p><strong>{html.escape(host)}</strong> {text}.</p>")]


def _unblock_host(call: Call) -> list[Said]:
    host = directory.host(call.words[0])
    shown = f"<strong>{html.escape(host)}</strong>"
    row = HostBlock.objects.filter(author=call.actor, host=host).first()
    if row is None:
        return only(f"<p>{shown} is not blocked.</p>")
    said = BlockHost(author=call.actor.uri, host=host, uri=row.uri, at=row.at)
    act = Undo(author=call.actor.uri, uri=row.uri, at=call.at, undone=said)
    text = "is no longer blocked for you. Follows that ended stay ended"
    return [Said(act, answer=f"<p>{shown} {text}.</p>")]


def blocks(call: Call) -> list[Said]:
    people = BlockRow.objects.filter(author=call.actor).select_related("target").order_by("-at")
    hosts = HostBlock.objects.filter(author=call.actor).order_by("-at")
    shown = [
        *(f"<strong>{html.escape(row.host)}</strong> (all of it)" for row in hosts[:MANY]),
        *(named(row.target) for row in people[:MANY]),
    ]
    return listed("You block", "You block nobody.", shown, people.count() + hosts.count())


def mute(call: Call) -> list[Said]:
    target = call.whom()
    if target == call.actor:
        raise Forbidden("you cannot mute yourself")
    span = _span(call.words[1:])
    until = call.at + span if span else 0
    act = Mute(author=call.actor.uri, target=target.uri, uri=call.uri, at=call.at, until=until)
    how_long = f" until {spans.moment(until)}" if until else ""
    text = (
        f"<p>{named(target)} is muted{how_long}, and nobody is told: I tell you nothing of them"
        " here, nor in rooms that only you read.</p>"
    )
    return [Said(act, answer=text + _where_not(target))]


def _where_not(target: Actor) -> str:
    """Which users somebody ignores is their client's own account data: only they can write it."""
    mxid = target.owner or Ghost.objects.filter(actor=target).values_list("mxid", flat=True).first()
    if not mxid:
        return ""
    link = html.escape(names.matrix_link(mxid))
    return (
        "<p>Rooms that others read too stay as they are for them. To see nothing of"
        f' {named(target)} there either, ignore <a href="{link}">{html.escape(target.title)}</a> in'
        " your client: that is yours alone to set.</p>"
    )


def _span(words: Sequence[str]) -> int:
    """Milliseconds; 0 is for good."""
    if not words:
        return 0
    span = spans.read(words[-1])
    if not 0 < span <= spans.LONGEST or list(words[:-1]) not in ([], ["for"]):
        raise Unreadable(_HOW_LONG)
    return span


def unmute(call: Call) -> list[Said]:
    target = call.whom()
    row = MuteRow.objects.standing().filter(author=call.actor, target=target).first()
    if row is None:
        return only(f"<p>{named(target)} is not muted.</p>")
    said = Mute(author=call.actor.uri, target=target.uri, uri=row.uri, at=row.at, until=row.until)
    act = Undo(author=call.actor.uri, uri=row.uri, at=call.at, undone=said)
    return [Said(act, answer=f"<p>{named(target)} is no longer muted.</p>")]


def mutes(call: Call) -> list[Said]:
    rows = MuteRow.objects.standing().filter(author=call.actor).select_related("target")
    shown = [
        named(row.target) + (f" (until {spans.moment(row.until)})" if row.until else "")
        for row in rows.order_by("-at")[:MANY]
    ]
    return listed("You mute", "You mute nobody.", shown, rows.count())
