"""What one says at the desk to the admins of somebody, or of what they wrote."""

from django.db.models import Q

from bridge import html, names
from bridge.errors import Forbidden, Unreadable
from bridge.matrix.commands.calls import Call, named
from bridge.network import Said
from social.acts import FOLLOWED, OPEN, Report
from social.models import Actor, Post
from social.models import Report as ReportRow
from social.reports import WORDS, moderators

_HOW = (
    "whom, or which post? Say it like this: report @name@server WORDS, report LINK WORDS, or answer"
    " a post with: report WORDS"
)


def report(call: Call) -> list[Said]:
    """The admins here hear of it in any case; those of the other server when asked to."""
    target, post, words = _named(call)
    if target == call.actor:
        raise Forbidden("you cannot report yourself")
    forward = [word.lower() for word in words[:1]] == ["forward"] and not target.is_local
    said = " ".join(words[1:] if forward else words)[:WORDS]
    about = (target.uri, post.uri) if post else (target.uri,)
    act = Report(
        author=call.actor.uri, about=about, words=said, uri=call.uri, at=call.at, forward=forward
    )
    thanks = f"<p>The admins of this server are told of {named(target)}; nobody else sees it.</p>"
    if moderators(about, call.actor.uri):
        thanks = (
            f"<p>The admins of this server are told of {named(target)}, and who moderates the"
            " group, without your name; nobody else sees it.</p>"
        )
    if forward:
        return [Said(act, answer=thanks + _forwarded(target))]
    ask = (
        f"<p>Shall the admins of {html.escape(target.host)} hear of it too, with your words and"
        " without your name? Then type: <code>forward</code></p>"
    )
    return [Said(act, answer=thanks if target.is_local else thanks + ask)]


def forward(call: Call) -> list[Said]:
    """The newest report of theirs goes to the other server as well."""
    rows = ReportRow.objects.filter(author=call.actor).select_related("target")
    row = rows.order_by("-at", "-pk").first()
    if row is None or row.forwarded or row.target.is_local:
        raise Unreadable(
            f"there is no report that could be forwarded. {_HOW[:1].upper()}{_HOW[1:]}"
        )
    act = Report(
        author=call.actor.uri,
        about=(row.target.uri, *row.about),
        words=row.words,
        uri=row.uri,
        at=row.at,
        forward=True,
    )
    return [Said(act, answer=_forwarded(row.target))]


def _forwarded(target: Actor) -> str:
    return (
        f"<p>It goes to {html.escape(target.host)} too, in the name of this server, not yours.</p>"
    )


def _named(call: Call) -> tuple[Actor, Post | None, list[str]]:
    """Who is reported, for which post, in which words."""
    first = call.words[0] if call.words else ""
    if first.startswith("@") or (names.parse_acct(first) and not call.answers):
        return call.whom(), None, list(call.words[1:])
    link = first.startswith(("https://", "http://", "$"))
    if not link and not call.answers:
        raise Unreadable(_HOW)
    words = list(call.words[1:] if link else call.words)
    uri, _ = call.post(first if link else "")
    post = _readable(call.actor, Q(uri=uri) | (Q(url=first) if link else Q(pk__in=())))
    if post:
        return post.author, post, words
    if not link:
        raise Unreadable(f"I know nothing of that post. {_HOW[:1].upper()}{_HOW[1:]}")
    return call.whom(), None, words


def _readable(reader: Actor, which: Q) -> Post | None:
    """Also by whom they have blocked since: that is when one reports."""
    followed = Q(author__follows_in__follower=reader, author__follows_in__state="accepted")
    theirs = Q(visibility__in=OPEN) | Q(addressed=reader) | (Q(visibility__in=FOLLOWED) & followed)
    return Post.objects.filter(which & theirs).select_related("author").first()
