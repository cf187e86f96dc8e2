"""What one says at the desk of follows: whom one reads, and who may read along."""

from bridge import html
from bridge.errors import Forbidden
from bridge.matrix.commands.calls import MANY, Call, listed, named, only
from bridge.network import Said
from social.acts import Accept, Follow, Reject, Undo
from social.models import Actor
from social.models import Follow as FollowRow


def follow(call: Call) -> list[Said]:
    target = call.whom()
    if target == call.actor:
        raise Forbidden("you cannot follow yourself")
    old = call.actor.follows_out.filter(target=target).first()
    if old and old.state == "accepted":
        return only(f"<p>You follow {named(target)} already.</p>")
    act = Follow(author=call.actor.uri, target=target.uri, uri=call.uri, at=call.at)
    answer = f"<p>I asked {named(target)} to let you follow. You will read here when they do.</p>"
    # Who thinks that this was asked already answers only once the first question is taken back.
    again = [Said(_taken_back(old, target, call.at))] if old and old.uri != call.uri else []
    return [*again, Said(act, answer=answer)]


def unfollow(call: Call) -> list[Said]:
    target = call.whom()
    row = call.actor.follows_out.filter(target=target).first()
    if row is None:
        return only(f"<p>You do not follow {named(target)}.</p>")
    act = _taken_back(row, target, call.at)
    return [Said(act, answer=f"<p>You no longer follow {named(target)}.</p>")]


def _taken_back(row: FollowRow, target: Actor, at: int) -> Undo:
    said = Follow(author=row.follower.uri, target=target.uri, uri=row.uri, at=row.at)
    return Undo(author=said.author, uri=row.uri, at=at, undone=said)


def _waiting(call: Call) -> FollowRow:
    asker = call.whom()
    row = FollowRow.objects.filter(follower=asker, target=call.actor).first()
    if row is None:
        raise Forbidden(f"@{asker.acct} has not asked to follow you")
    return row


def accept(call: Call) -> list[Said]:
    row = _waiting(call)
    act = Accept(author=call.actor.uri, follower=row.follower.uri, uri=row.uri, at=call.at)
    return [Said(act, answer=f"<p>{named(row.follower)} follows you now.</p>")]


def reject(call: Call) -> list[Said]:
    row = _waiting(call)
    act = Reject(author=call.actor.uri, follower=row.follower.uri, uri=row.uri, at=call.at)
    more = " any more" if row.state == "accepted" else ": they are told so"
    return [Said(act, answer=f"<p>{named(row.follower)} does not follow you{more}.</p>")]


def followers(call: Call) -> list[Said]:
    rows = call.actor.follows_in.select_related("follower").order_by("-at")
    shown = [
        named(row.follower) + (_to_answer(row.follower) if row.state == "pending" else "")
        for row in rows[:MANY]
    ]
    return listed("Your followers", "Nobody follows you yet.", shown, rows.count())


def _to_answer(asker: Actor) -> str:
    acct = html.escape(f"@{asker.acct}")
    return f" (waiting): <code>accept {acct}</code> or <code>reject {acct}</code>"


def following(call: Call) -> list[Said]:
    rows = call.actor.follows_out.select_related("target").order_by("-at")
    shown = [
        named(row.target) + (" (waiting)" if row.state == "pending" else "") for row in rows[:MANY]
    ]
    return listed("You follow", "You follow nobody yet.", shown, rows.count())
