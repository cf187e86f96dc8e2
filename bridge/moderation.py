"""What an admin decides about servers and actors, with all that follows from it.

One function a decision; the admin's pages and the commands call these and nothing else. Each runs
in one transaction, sends nothing itself, and answers with a sentence for whoever decided.
"""

import time
from collections import defaultdict
from collections.abc import Iterable

from django.db import transaction
from django.db.models import Q, QuerySet, Value
from django.db.models.functions import Concat
from django.utils import timezone

from bridge import enacting, html, names, partings
from bridge.directory import host, own_hosts
from bridge.errors import Forbidden
from bridge.matrix import decided, places
from bridge.models import Lane
from social import actions, audience, policy, reach
from social.acts import Act, Reject, Undo
from social.acts import Follow as FollowAct
from social.hosts import covers
from social.models import Actor, Delivery, Follow, Instance, Queued, Report

Policy = Instance.Policy


# ---- servers


@transaction.atomic
def block(name: str, reason: str = "") -> str:
    """Nothing comes from there any more, nothing goes there, and every follow between us ends."""
    name = host(name)
    policy.judge(name, Policy.BLOCKED, reason)
    partings.note()
    decided.note("server", name)
    strangers = _actors_of(name)
    dropped = _give_up(_bound_for(name) | Q(sender__in=strangers.values("uri")), policy.BLOCKED)
    ended = _end_follows(strangers)
    _tell_why(name, reason, ended)
    places.withdraw(strangers)
    strangers.filter(suspended=False).update(suspended=True, suspension=policy.BLOCKED)
    places.show_anew(strangers)
    return (
        f"Blocked: {name}. {len(ended)} follows ended, {dropped} deliveries were given up."
        " Nothing is taken from there or sent there any more."
    )


@transaction.atomic
def unblock(name: str, reason: str = "") -> str:
    return _open(host(name), Policy.OPEN, reason)


@transaction.atomic
def allow(name: str, reason: str = "") -> str:
    """On the allow-list; where only that counts, this server is spoken with."""
    return _open(host(name), Policy.ALLOWED, reason)


def _open(name: str, now: Instance.Policy, reason: str) -> str:
    before = policy.judge(name, now, reason)
    partings.note()
    decided.note("server", name)
    said = f"Now {now.label.lower()}: {name}."
    if before != Policy.BLOCKED:
        return said
    shown = [actor.pk for actor in _actors_of(name) if _is_free(actor)]
    Actor.objects.filter(pk__in=shown).update(suspended=False, suspension="")
    places.show_anew(Actor.objects.filter(pk__in=shown))
    return (
        f"{said} Its people are shown again. Follows that the block ended do not come back: people"
        " follow anew. What was sent meanwhile, in either direction, is not made up for."
    )


def _is_free(actor: Actor) -> bool:
    """Hidden by a block only, and not by a block of a wider domain too."""
    blocked = policy.host_refused(actor.host) == policy.BLOCKED
    return actor.suspension == policy.BLOCKED and not blocked


@transaction.atomic
def site_decided() -> None:
    """What holds for all servers was changed in the admin pages."""
    partings.note()
    decided.note("site")


def foretell(name: str, verb: str) -> str:
    """What a decision would do, without doing it."""
    name = host(name)
    strangers = _actors_of(name)
    if verb != "block":
        return f"{name} would be spoken with; {strangers.count()} actors are known there."
    return (
        f"{_follows_with(strangers).count()} follows with {name} would end,"
        f" {strangers.count()} actors would be hidden. The follows cannot be brought back."
    )


def _actors_of(name: str) -> QuerySet[Actor]:
    strangers = Actor.objects.filter(owner=None).exclude(host__in=own_hosts())
    hosts = strangers.order_by().values_list("host", flat=True).distinct()
    return strangers.filter(host__in=[found for found in hosts if covers(name, found)])


def _bound_for(name: str) -> Q:
    """Deliveries to its inboxes, which may be on another host than the actors' ids."""
    prefix = "activitypub "
    waiting = Delivery.objects.filter(state="waiting", network="activitypub")
    lanes = [
        lane
        for lane in waiting.order_by().values_list("lane", flat=True).distinct()
        if covers(name, lane.removeprefix(prefix))
    ]
    Lane.objects.filter(name__in=lanes).update(failures=0, failing_since=None, note="")
    return Q(lane__in=lanes)


def _give_up(which: Q, reason: str) -> int:
    return Delivery.objects.filter(which, state="waiting").update(
        state=Queued.State.GONE, ended=timezone.now(), note=reason[:500]
    )


# ---- follows that end


def _end_follows(strangers: QuerySet[Actor]) -> list[Follow]:
    """In our people's name, along the straight line: recorded, and told where anybody listens."""
    rows = list(_follows_with(strangers).select_related("follower", "target"))
    now = int(time.time() * 1000)
    for row in rows:
        act = _ending(row, now)
        hearers = audience.hearers(act)
        actions.record(act)  # not admitted first: it is the admin's will, not its author's
        enacting.tell(act, hearers)
    return rows


def _follows_with(strangers: QuerySet[Actor]) -> QuerySet[Follow]:
    theirs = Q(follower__in=strangers, target__owner__isnull=False)
    ours = Q(target__in=strangers, follower__owner__isnull=False)
    return Follow.objects.filter(theirs | ours)


def _ending(row: Follow, now: int) -> Act:
    if row.target.is_local:
        return Reject(author=row.target.uri, follower=row.follower.uri, uri=row.uri, at=now)
    said = FollowAct(author=row.follower.uri, target=row.target.uri, uri=row.uri, at=row.at)
    return Undo(author=row.follower.uri, uri=row.uri, at=now, undone=said)


def _tell_why(name: str, reason: str, ended: Iterable[Follow]) -> None:
    lost: dict[Actor, list[str]] = defaultdict(list)
    for row in ended:
        if row.target.is_local:
            lost[row.target].append(f"@{row.follower.acct} no longer follows you")
        else:
            lost[row.follower].append(f"you no longer follow @{row.target.acct}")
    why = f" Their reason: {reason}." if reason else ""
    intro = f"The admins of this server have blocked {name}.{why} With it these follows ended:"
    for person, lines in lost.items():
        items = "".join(f"<li>{html.escape(line)}</li>" for line in lines)
        _say(person, f"<p>{html.escape(intro)}</p><ul>{items}</ul>")


def _say(person: Actor, text: str) -> None:
    desk = places.desk_of(person)
    if desk:
        # Said again after a while it is news again, so the moment is part of its name.
        places.say(desk, text, subject=f"moderation {person.uri} {time.time_ns()}"[:2048])


# ---- actors


@transaction.atomic
def suspend(actor: Actor, reason: str = "") -> str:
    """Its posts vanish, nothing is sent in its name and nothing is taken from it."""
    if _is_server(actor):
        raise Forbidden("this is the server's own actor: without it nothing can be fetched")
    reach.interrupt(Actor.objects.filter(pk=actor.pk), int(time.time() * 1000))
    Actor.objects.filter(pk=actor.pk).update(suspended=True, suspension=reason[:500])
    partings.note()
    decided.note("actor", actor.uri)
    spoken = Q(sender=actor.uri) & (Q(network="activitypub") if actor.is_local else Q())
    spoken &= ~Q(document=Concat("subject", Value(names.deletion_uri(""))))  # it stays taken back
    dropped = _give_up(spoken, "its author is suspended here")
    places.show_anew(Actor.objects.filter(pk=actor.pk))
    if actor.is_local:
        why = f" Their reason: {reason}." if reason else ""
        _say(actor, f"<p>The admins have suspended your profile.{html.escape(why)} {_PAUSED}</p>")
    return f"@{actor.acct} is suspended; {dropped} deliveries were given up."


_PAUSED = (
    "Nobody sees it or your posts through this server, and what you write is not sent out."
    " Your room and all that is in it stay yours."
)


@transaction.atomic
def unsuspend(actor: Actor) -> str:
    if not actor.suspended:
        return f"@{actor.acct} is not suspended."
    if policy.host_refused(actor.host) == policy.BLOCKED:
        raise Forbidden(f"{actor.host} is blocked: unblock the server first")
    Actor.objects.filter(pk=actor.pk).update(suspended=False, suspension="")
    decided.note("actor", actor.uri)
    places.show_anew(Actor.objects.filter(pk=actor.pk))
    if actor.is_local:
        _say(actor, "<p>Your profile is no longer suspended. Write, and it is sent again.</p>")
    return f"@{actor.acct} is open again. What was not sent or taken meanwhile is not made up for."


# ---- reports


@transaction.atomic
def resolve(report: Report, note: str = "") -> str:
    """Looked at and done with; what was done about it stands in the note."""
    values = {"resolved": timezone.now(), "note": note[:500] or report.note}
    Report.objects.filter(pk=report.pk).update(**values)
    decided.note("report", report.uri, report.target.uri)
    return f"The report of @{report.target.acct} is closed."


@transaction.atomic
def reopen(report: Report, note: str = "") -> str:
    Report.objects.filter(pk=report.pk).update(resolved=None, note=note[:500] or report.note)
    decided.note("report", report.uri, report.target.uri)
    return f"The report of @{report.target.acct} is open again."


def _is_server(actor: Actor) -> bool:
    return not actor.is_local and actor.host in own_hosts()
