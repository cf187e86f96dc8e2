"""What the bot tells a person in their desk, and says anywhere. Pure."""

from bridge import html
from bridge.html import Formatted
from bridge.matrix import enclosed, spans, vocabulary
from bridge.matrix.sending import (
    Refs,
    Send,
    caption,
    fitted,
    kept,
    mentioned,
    message,
    plain_json,
    title,
)
from social.acts import (
    LIKE,
    OPEN,
    Accept,
    Act,
    AllowQuote,
    AskQuote,
    Block,
    BlockHost,
    Boost,
    Decide,
    Follow,
    Introduce,
    Leave,
    Move,
    Mute,
    PassOn,
    Pin,
    Publish,
    React,
    RefuseQuote,
    Reject,
    Report,
    Retract,
    Revise,
    Tally,
    Undo,
    Vote,
)
from social.measures import Appoint, Expel, Feature, Lock, Remove

_EXCERPT = 200


def notice(text: str) -> Send:
    """`text`: HTML. Other bots do not answer an `m.notice` (Client-Server API)."""
    return _sent(message(html.to_matrix(text, {}), "m.notice"))


def notice_for(act: Act, refs: Refs) -> Send | None:  # noqa: C901  an act each
    """What somebody did towards the owner of a desk; None for what is seen elsewhere."""
    match act:
        case Publish() | Revise():
            return _mention(act, refs)
        case Follow():
            return _told(_follow(refs), refs, kind="follow", uri=act.uri, by=act.author)
        case Accept():
            text = f"<p>{_who(refs)} accepted your follow.</p>"
            return _told(text, refs, kind="accept", uri=act.uri, by=act.author)
        case Reject():
            text = f"<p>{_who(refs)} does not let you follow them (any more).</p>"
            return _told(text, refs, kind="reject", uri=act.uri, by=act.author)
        case React():
            emoji = LIKE if act.emoji == LIKE else html.escape(act.emoji[:100])
            text = f"<p>{_who(refs)} reacted {emoji} to {_your_post(act.post, refs)}</p>"
            return _told(text, refs, kind="react", uri=act.uri, by=act.author)
        case Boost():
            text = f"<p>{_who(refs)} boosted {_your_post(act.post, refs)}</p>"
            return _told(text, refs, kind="announce", uri=act.uri, by=act.author)
        case Move():
            text = f"<p>{_who(refs)} has moved to {html.escape(html.warning(refs.towards))}.</p>"
            return _told(text, refs, kind="move", uri=act.uri, by=act.author)
        case Introduce():  # told only of whoever asks from now on to be left alone
            text = (
                f"<p>{_who(refs)} asks not to be bridged to other networks. You follow them no"
                " longer, and what they wrote is taken out of their room.</p>"
            )
            return notice(text)
        case Report():
            return _report(act, refs)
        case Appoint() | Expel() | Undo(undone=Appoint() | Expel()):
            return _decided(act, refs)
        case Decide():
            return _refused(act, refs)
        case AskQuote():
            text = f"<p>{_who(refs)} quotes {_your_post(act.post, refs)}</p>{_undoing(act)}"
            return _told(text, refs, kind="quote", uri=act.uri, by=act.author)
        case RefuseQuote():
            there = _link(act.quoting, "what you wrote about it")
            text = (
                f"<p>{_who(refs)} does not let you quote their post (any more): the quote is taken"
                f" off {there}.</p>"
            )
            return _told(text, refs, kind="quote", uri=act.uri, by=act.author)
        case (
            AllowQuote()
            | Tally()
            | Vote()
            | Retract()
            | Block()
            | BlockHost()
            | Mute()
            | Pin()
            | Undo()
            | Leave()
            | PassOn()
            | Remove()
            | Feature()
            | Lock()
        ):
            return None


def _decided(act: Act, refs: Refs) -> Send:
    """Of whoever reads it, by a group."""
    back = isinstance(act, Undo)
    said = act.undone if isinstance(act, Undo) else act
    group = f"<strong>{html.escape(html.warning(refs.towards))}</strong>"
    if not isinstance(said, Expel):
        return notice(f"<p>You {'no longer ' if back else ''}moderate {group}.</p>")
    if back:
        return notice(f"<p>You may follow {group} and write in it again.</p>")
    until = f" until {spans.moment(said.until)}" if said.until else ""
    why = f" They say: {html.escape(said.reason)}" if said.reason else ""
    return notice(f"<p>Who moderates {group} has put you out of it{until}.{why}</p>")


def locked(act: Lock, refs: Refs, *, back: bool) -> Send:
    if back:
        return notice(f"<p>{_who(refs)} has unlocked this: it can be answered again.</p>")
    why = f" {html.escape(act.reason)}" if act.reason else ""
    said = "has locked this: answers to it go nowhere any more."
    return notice(f"<p>\N{LOCK} {_who(refs)} {said}{why}</p>")


def _undoing(act: AskQuote) -> str:
    link = _link(act.quoting, "What they wrote")
    command = html.escape(f"!unquote {act.quoting}")
    return f"<p>{link}. If you do not want that: <code>{command}</code></p>"


def _refused(act: Decide, refs: Refs) -> Send | None:
    """Of an answer alone: who likes or boosts waits for nothing."""
    if act.allowed or not refs.boosted:
        return None
    shown = _your_post(act.about, refs)
    text = (
        f"<p>{_who(refs)} does not let your answer stand under their post; their server shows it to"
        f" nobody there. It stays where it is until you redact it: {shown}</p>"
    )
    return notice(text)


def _reported_in_group(act: Report, refs: Refs) -> Send:
    """For who moderates; not by whom, which may be somebody who fears whom they report."""
    whom = f"<strong>{html.escape(html.warning(refs.towards or act.about[0]))}</strong>"
    words = f"<blockquote>{html.escape(act.words)}</blockquote>" if act.words else ""
    links = "".join(f"<li>{_link(uri, html.escape(uri))}</li>" for uri in act.about)
    take_out = "To take it out of the group: <code>!moderate remove LINK</code>"
    return notice(
        f"<p>Somebody reports what {whom} wrote in a group that you moderate:</p>{words}"
        f"<ul>{links}</ul><p>{take_out}</p>"
    )


def _report(act: Report, refs: Refs) -> Send:
    """For the admins' eyes, in the control room alone."""
    if refs.as_moderator:
        return _reported_in_group(act, refs)
    whom = f"<strong>{html.escape(html.warning(refs.towards or act.about[0]))}</strong>"
    where = " and to their own server" if act.forward else ""
    words = f"<blockquote>{html.escape(act.words)}</blockquote>" if act.words else ""
    links = "".join(f"<li>{_link(uri, html.escape(uri))}</li>" for uri in act.about)
    text = (
        f"<p>{_who(refs)} reports {whom} to the admins{where}:</p>{words}<ul>{links}</ul>"
        "<p>Look at it in the admin pages, under Reports.</p>"
    )
    return notice(text)


def _follow(refs: Refs) -> str:
    if not refs.pending:
        return f"<p>{_who(refs)} follows you now.</p>"
    acct = html.escape(html.warning(refs.author_acct))
    answer = f"<code>!accept {acct}</code> or <code>!reject {acct}</code>"
    return f"<p>{_who(refs)} asks to follow you. Answer with {answer}.</p>"


def _mention(act: Publish | Revise, refs: Refs) -> Send:
    if isinstance(act, Publish) or not refs.event:  # an edit may name somebody for the first time
        said = act if isinstance(act, Publish) else act.now
        return _sent(_post(said, refs), link=said.url or said.post)
    content = _post(act.now, refs, kind="update")
    new = {key: value for key, value in content.items() if key != vocabulary.OBJECT}
    edit = content | enclosed.replaced(new, refs.event) | {"m.mentions": {}}
    return _sent(edit, link=act.now.url or act.now.post)


def _post(act: Publish, refs: Refs, *, kind: str = "create") -> dict[str, object]:
    """The whole text: for a direct post the desk is the only room that has it."""
    heading = html.to_matrix(f"<p>{_who(refs)} {_manner(act)}:</p>", refs.pills, refs.emoticons)
    link = _link(act.url or act.post, "Open the post")
    footer = html.to_matrix(f"<p>{link}</p>", {})
    said = caption(act, refs)
    content = message(
        Formatted(
            body=f"{heading.body}\n\n{said.body}\n\n{footer.body}",
            formatted=f"{heading.formatted}<blockquote>{said.formatted}</blockquote>"
            f"{footer.formatted}",
        ),
        "m.notice",
    )
    content["m.mentions"] = mentioned(act, refs)
    copy = kept(refs, id=act.post, type="Note", by=act.author, kind=kind, vis=act.visibility)
    copy |= {"stamp": act.content.stamp} if act.content.stamp else {}
    copy |= plain_json({"who": refs.author_card}) if refs.author_card else {}
    return content | _copy(copy, refs)


def _manner(act: Publish) -> str:
    if act.visibility in OPEN:
        return "mentioned you"
    if act.visibility == "private":
        return "mentioned you in a post to followers"
    return (
        "wrote to you directly. Only the sender and those addressed see this message; it is"
        " not end-to-end encrypted"
    )


def _who(refs: Refs) -> str:
    acct = html.warning(refs.author_acct)
    name = f"<strong>{title(refs.author_title or acct)}</strong>"
    return f"{name} ({html.escape(acct)})" if acct and refs.author_title else name


def _your_post(uri: str, refs: Refs) -> str:
    post = refs.boosted
    link = _link(post.url or post.post if post else uri, "your post")
    if not post:
        return f"{link}."
    text = post.content.summary or " ".join(html.plain(post.content.html).split())
    text = text if len(text) <= _EXCERPT else f"{text[:_EXCERPT]}…"
    return f"{link}: {html.escape(text)}"


def _link(url: str, label: str) -> str:
    return f'<a href="{html.escape(url)}">{label}</a>'


def _told(text: str, refs: Refs, *, kind: str, uri: str, by: str) -> Send:
    content = message(html.to_matrix(text, refs.pills, refs.emoticons), "m.notice")
    content["m.mentions"] = {}
    return _sent(content | _copy(kept(refs, id=uri, by=by, kind=kind, act=uri), refs))


def _copy(copy: dict[str, object], refs: Refs) -> dict[str, object]:
    """Kept only with the activity itself, so that a rebuild can read the act again."""
    return {vocabulary.OBJECT: copy | {"role": "copy"}} if refs.raw else {}


def _sent(content: dict[str, object], *, link: str = "") -> Send:
    found = fitted("m.room.message", content, link=link)
    if isinstance(found, Send):
        return found
    # Only a text beyond all limits comes here, and what matters of it is where it can be read.
    said = html.to_matrix(f"<p>{_link(link, 'A message too long for this room')}</p>", {})
    return Send("m.room.message", message(said, "m.notice"))
