"""Polls as events (MSC3381): written under the names that clients send, read under all. Pure."""

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from bridge import html, names
from bridge.matrix import shapes, spans, vocabulary
from bridge.matrix.readings import Ballot, Refs
from bridge.matrix.sending import message, stamp, title
from bridge.matrix.shapes import Event
from social.acts import Ignored, Option, Poll, Publish, Tally, Vote

_NONE = Ignored(reason="about something that is not a poll")
_CROWDED = Ignored(reason="a poll with too many answers, or with none")
_TWINS = Ignored(reason="a poll with two answers of the same name")
CHANGED = Ignored(reason="the answers of a poll cannot change once it is asked")
UNSENT = frozenset({_CROWDED.reason, _TWINS.reason, CHANGED.reason})  # of which its author hears

MSC = "org.matrix.msc3381.poll"
START, RESPONSE, END = f"{MSC}.start", f"{MSC}.response", f"{MSC}.end"
TEXT = "org.matrix.msc1767.text"
STARTS, RESPONSES, ENDS = (
    {name, f"m.poll.{name.rsplit('.')[-1]}"} for name in (START, RESPONSE, END)
)
# MSC3381: whatever else a client calls its kind, the results are shown at the end.
_OPEN = frozenset({f"{MSC}.disclosed", "m.poll.disclosed", "m.disclosed"})
_MOST, _LONGEST = 20, 500  # answers, and letters of one
_MINUTE, _DAY = 60_000, 24 * 3_600_000  # milliseconds
_WEEK = 7 * _DAY  # for which one can vote where nothing else is said: MSC3381 knows no end
SHORTEST, LATEST = 5 * _MINUTE, 365 * _DAY

# What a person may write in front of the question, in its plain and in its HTML form.
_ENDS = re.compile(
    rf"(\s*(?:!unlisted[ \t]+)?)!ends[ \t]+({spans.PATTERN})(?:\s+|\Z)", re.IGNORECASE
)
_ENDS_HTML = re.compile(
    rf"(\s*(?:<p>)?\s*(?:!unlisted\s+)?)!ends\s+{spans.PATTERN}(?:\s+|<br\s*/?>|(?=<)|\Z)",
    re.IGNORECASE,
)


# ---- written


def start(said: Mapping[str, Any], poll: Poll) -> dict[str, Any]:
    """`said`: the question as a message. No client knows of an end that was set beforehand, so the
    question says it.
    """
    names = [html.warning(option.name) for option in poll.options]
    lines = [f"{number}. {name}" for number, name in enumerate(names, 1)]
    question = {key: said[key] for key in ("msgtype", "body", "format", "formatted_body")}
    if until := _until(poll):
        question["body"] = f"{said['body']}\n({until})"
        question["formatted_body"] = f"{said['formatted_body']}<p>({until})</p>"
    return {
        TEXT: "\n".join([question["body"], *lines]),
        START: {
            "kind": f"{MSC}.{'undisclosed' if poll.hidden else 'disclosed'}",
            "max_selections": len(names) if poll.multiple else 1,
            "question": {TEXT: question["body"], **question},
            "answers": [
                {"id": called, TEXT: name} for called, name in zip(ghosts(poll), names, strict=True)
            ],
        },
        "m.mentions": said["m.mentions"],
    }


def end(poll: Poll, event: str) -> dict[str, Any]:
    """`event`: the one that started it."""
    content = {
        "m.relates_to": {"rel_type": "m.reference", "event_id": event},
        END: {},
        TEXT: html.to_matrix(counts(poll), {}).body,
    }
    if poll.hidden:
        return content
    counted = zip(ghosts(poll), poll.options, strict=True)
    results = {called: stamp(one.votes) for called, one in counted}
    return content | {f"{MSC}.results": results}


def notice(poll: Poll) -> dict[str, Any]:
    return message(html.to_matrix(counts(poll), {}), "m.notice") | {"m.mentions": {}}


def counts(poll: Poll) -> str:
    """As HTML."""
    state = "The poll is closed" if poll.closed is not None else "Votes so far"
    voters = "" if poll.voters is None else f" ({_people(poll.voters)})"
    if poll.hidden:
        why = "its server has not told them yet" if poll.closed else "they are shown when it ends"
        return f"<p>{state}{voters}. The counts are hidden: {why}.</p>{_open_until(poll)}"
    rows = (f"<li>{title(option.name)}: {option.votes}</li>" for option in poll.options)
    return f"<p>{state}{voters}:</p><ul>{''.join(rows)}</ul>{_open_until(poll)}"


def _people(count: int) -> str:
    return "1 person" if count == 1 else f"{count} people"


def _until(poll: Poll) -> str:
    """Empty where no end was set, or it has come."""
    told = poll.closes is not None and poll.closed is None
    return f"open until {spans.moment(poll.closes or 0)}" if told else ""


def _open_until(poll: Poll) -> str:
    until = _until(poll)
    return f"<p>{until[:1].upper()}{until[1:]}.</p>" if until else ""


# ---- read


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The question as a message, and what may be answered."""

    content: Mapping[str, Any]
    poll: Poll


def asked(content: Mapping[str, Any], at: int, voting: int = 0) -> Asked | Ignored:
    """Of an edit what it asks now. `voting`: milliseconds, as its author likes it."""
    new = shapes.new_content(content) if shapes.replaced(content) else content
    found = _start(new)
    names = [_text(answer)[:_LONGEST] for answer in _answers(found)]
    if not 0 < len(names) <= _MOST or not all(map(html.warning, names)):
        return _CROWDED
    if len(set(names)) < len(names):
        return _TWINS
    most = found.get("max_selections")
    several = isinstance(most, int) and most > 1
    options = tuple(Option(name=name) for name in names)
    question, span = _without_end(_question(shapes.mapping(found.get("question"))))
    poll = Poll(
        options=options,
        multiple=several,
        closes=_closes(content, at, span or voting or _WEEK),
        voters=0,
        hidden=shapes.text(found.get("kind")) not in _OPEN,
    )
    return Asked(content=_message(content, question), poll=poll)


def _closes(content: Mapping[str, Any], at: int, span: int) -> int:
    """A client may say it for the person who asks; nothing ends at once, or is open for ever."""
    given = shapes.number(shapes.mapping(content.get(vocabulary.POST)).get("closes"))
    return at + min(max(given - at if given else span, SHORTEST), LATEST)


def _without_end(question: dict[str, Any]) -> tuple[dict[str, Any], int]:
    """The question, and for how many milliseconds one can vote if it says so in front."""
    said = _ENDS.match(question["body"])
    if not said:
        return question, 0
    words = {**question, "body": said[1] + question["body"][said.end() :]}
    formatted = str(words.pop("formatted_body", ""))
    if same := _ENDS_HTML.match(formatted):  # else the plain form counts, which we understood
        words["formatted_body"] = same[1] + formatted[same.end() :]
    return words, spans.read(said[2])


def places(content: Mapping[str, Any]) -> dict[str, int]:
    """What clients call the answers → their place in the list."""
    new = shapes.new_content(content) if shapes.replaced(content) else content
    ids = (shapes.text(answer.get("id") or answer.get("m.id")) for answer in _answers(_start(new)))
    return {name: place for place, name in enumerate(ids) if name}


def ghosts(poll: Poll) -> dict[str, int]:
    """The same for a poll that a ghost began. Where an edit asks otherwise each answer is called
    anew: clients would go on counting what was chosen before for whatever stands in its place.
    """
    asked = [str(poll.multiple), *(option.name for option in poll.options)]
    digests = (
        hashlib.sha256("\n".join([str(place), *asked]).encode("utf-8", "surrogatepass"))
        for place in range(len(poll.options))
    )
    return {digest.hexdigest()[:16]: place for place, digest in enumerate(digests)}


def chosen(content: Mapping[str, Any], poll: Poll, places: Mapping[str, int]) -> list[Option]:
    """As many as count, in the order in which they were chosen."""
    given = shapes.mapping(content.get(RESPONSE) or content.get("m.poll.response"))
    ids = shapes.texts(given.get("answers") or content.get("m.selections"))
    known = dict.fromkeys(places[name] for name in ids if name in places)
    most = len(poll.options) if poll.multiple else 1
    return [poll.options[place] for place in known if place < len(poll.options)][:most]


def same(one: Poll, other: Poll) -> bool:
    called = [[option.name for option in poll.options] for poll in (one, other)]
    return called[0] == called[1] and one.multiple == other.multiple


def ended(event: Event, post: Publish | None, author: str) -> Tally | Ignored:
    """The counts are not in the room: whoever records it adds them."""
    if post is None or post.content.poll is None:
        return _NONE
    if author != post.author:
        return Ignored(reason="only its author can end a poll here")
    return Tally(author=author, now=post, uri=f"{post.post}/update/{event.id[1:]}", at=event.at)


def votes(event: Event, post: Publish | None, author: str, refs: Refs) -> Vote | Ballot | Ignored:
    """Of somebody without a profile only in a poll of ours: nobody else would believe them."""
    if post is None or post.content.poll is None:
        return _NONE
    ours = names.same_origin(post.author, refs.origin)
    if not author and (not ours or event.sender in refs.actors):
        return Ignored(reason="a vote by nobody with a profile here")
    known = refs.answers.get(shapes.referred(event.content), {})
    options = chosen(event.content, post.content.poll, known)
    # Clients count what somebody chose last; other servers what they were told first.
    ballot = tuple(option.name for option in options) if ours else ()
    cast = tuple(
        Vote(
            author=author or event.sender,
            poll=post.post,
            option=option.name,
            uri=f"{names.act_uri(refs.origin, event.id)}#votes/{number}",
            at=event.at,
            ballot=ballot,
        )
        for number, option in enumerate(options)
    )
    if not cast:
        return Ignored(reason="no answer of the poll was chosen")
    return cast[0] if len(cast) == 1 else Ballot(votes=cast)


def _start(content: Mapping[str, Any]) -> Mapping[str, Any]:
    keys = (START, "m.poll.start", "m.poll")
    return next((shapes.mapping(content[key]) for key in keys if key in content), {})


def _answers(found: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """One more than fit, so that too many are seen."""
    answers = found.get("answers")
    return (
        [shapes.mapping(one) for one in answers[: _MOST + 1]] if isinstance(answers, list) else []
    )


def _text(content: Mapping[str, Any]) -> str:
    for key in (TEXT, "m.text", "body"):
        found = content.get(key)
        if isinstance(found, list):
            found = next(iter(_plain(found)), "")
        if isinstance(found, str) and found:
            return shapes.clean(found).strip()
    return ""


def _plain(parts: Iterable[Any]) -> Iterable[str]:
    """MSC1767, stable: the same in several types."""
    for part in map(shapes.mapping, parts):
        if part.get("mimetype", "text/plain") == "text/plain":
            yield shapes.text(part.get("body"))


def _question(question: Mapping[str, Any]) -> dict[str, Any]:
    styled = {key: question[key] for key in ("format", "formatted_body") if key in question}
    return {"msgtype": "m.text", "body": _text(question), **styled}


def _message(content: Mapping[str, Any], question: dict[str, Any]) -> Mapping[str, Any]:
    about = ("m.relates_to", "m.mentions", vocabulary.POST)
    around = {key: content[key] for key in about if key in content}
    if shapes.replaced(content):
        return {**question, **around, "m.new_content": question}
    return {**question, **around}
