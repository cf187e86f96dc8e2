"""What one says at the desk about oneself: name, words, wishes, other homes, where one moves to."""

import difflib
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from bridge import directory, html
from bridge.errors import Forbidden, Unreadable
from bridge.matrix import polls, profile_state, shapes, spans
from bridge.matrix.commands.calls import Call, named, only
from bridge.matrix.profile_state import QUOTES
from bridge.network import Said
from social import profiles
from social.acts import Field, Introduce, Move, Profile
from social.habits import Habits
from social.models import Actor

KINDS = {False: "person", True: "service"}
SWITCH = {"on": True, "yes": True, "off": False, "no": False}
# What is so from now on, as a sentence.
CHANGED = {
    "name": "Your name is changed.",
    "summary": "Your bio is changed.",
    "fields": "The fields of your profile are changed.",
    "habits": "It goes for all that you write from now on, unless a post says otherwise.",
    "attribution_domains": "The websites that may name you as their author are changed.",
    "person": "Your profile is a person's now.",
    "service": "Your profile says now that it is a bot's.",
}
QUOTED = {
    "public": "Everybody may quote what you write from now on.",
    "followers": "From now on only your followers may quote you.",
    "nobody": "From now on nobody may quote you.",
}
SWITCHED = {  # on, off
    "locked": (
        "Whoever wants to follow you has to ask you now.",
        "Anybody can follow you now, without asking.",
    ),
    "discoverable": (
        "Your profile is now suggested to people who look for somebody to follow.",
        "Your profile is no longer suggested to anybody.",
    ),
    "indexable": (
        "Search engines and other servers may now list your posts.",
        "Search engines and other servers are now asked not to list your posts.",
    ),
    "hide_network": (
        "Nobody sees any more whom you follow and who follows you, only how many.",
        "Everybody can see now whom you follow and who follows you.",
    ),
}
# Whatever can be set, as one types it.
HOW = {
    "name": "set name WORDS",
    "bio": "set bio WORDS",
    "field": "set field LABEL = WORDS",
    "quotes": f"set quotes {' | '.join(QUOTES)}",
    "polls": "set polls 3d (or 30m, 12h, 2w)",
    "visibility": "set visibility public | unlisted",
    "language": "set language CODE (en, de, pt-BR …)",
    "warning": "set warning WORDS (in front of every post)",
    "domains": "set domains SITE SITE … (whose pages name you as their author)",
    **{flag: f"set {flag} on | off" for flag in (*SWITCHED, "bot", "notices")},
}
ROOM = {"name": "name", "bio": "topic"}  # what one's room says as well
EMPTIED = {
    "bio": "Your bio is empty now.",
    "warning": "Your posts have no warning of their own now.",
}


def settle(call: Call) -> list[Said]:
    """`set`: what the world sees, changed at once and told to whoever follows."""
    what, words = (call.words[0].lower() if call.words else ""), " ".join(call.words[1:])
    if what not in HOW:
        return choices(what)
    values = _values(call.actor, what, words)
    said = EMPTIED.get(what) if not words else None
    answer = f"<p>{said or _sentence(values)}</p>"
    return [Said(_changed(call, **values), answer=answer, shown=ROOM.get(what, ""))]


def _values(actor: Actor, what: str, words: str) -> dict[str, Any]:
    match what:
        case "name" if words:
            return {"name": html.warning(words)[:255]}
        case "bio":
            return {"summary": html.from_matrix(words, None, lambda _: None).html}
        case "field":
            return {"fields": _fields(actor, words)}
        case "quotes" if words.lower() in QUOTES:
            return {"quotes": words.lower()}
        case "polls" if span := spans.read(words):
            return {"voting": min(max(span, polls.SHORTEST), polls.LATEST)}
        case "visibility" | "language" | "warning" | "notices":
            return {"habits": _habit(actor, what, words)}
        case "domains":
            return {"attribution_domains": _domains(words)}
        case "bot" if words.lower() in SWITCH and actor.kind in KINDS.values():
            return {"kind": KINDS[SWITCH[words.lower()]]}
        case flag if flag in SWITCHED and words.lower() in SWITCH:
            return {flag: SWITCH[words.lower()]}
        case _:
            raise _like_this(what)


def choices(what: str = "") -> list[Said]:
    near = difflib.get_close_matches(what, HOW, 1) if what else []
    first = f"I do not know “{html.escape(what)}”. " if what else ""
    meant = f"Did you mean: {near[0]}? " if near else ""
    items = "".join(f"<li><code>{html.escape(how)}</code></li>" for how in HOW.values())
    room = (
        "Your picture is that of your room: set it there, in your client. Its name and topic are"
        " your name and bio: set them here or there."
    )
    return only(f"<p>{first}{meant}What you can set:</p><ul>{items}</ul><p>{room}</p>")


def _like_this(what: str) -> Unreadable:
    return Unreadable(f"say it like this: {HOW[what]}")


def _sentence(values: Mapping[str, object]) -> str:
    (name, value), *_ = values.items()
    match value:
        case bool():
            return SWITCHED[name][0 if value else 1]
        case int():
            return f"In polls that you begin from now on, people can vote for {spans.words(value)}."
        case str() if name == "quotes":
            return QUOTED[value]
        case _:
            return CHANGED[str(value) if name == "kind" else name]


def _fields(actor: Actor, words: str) -> tuple[Field, ...]:
    """One label once; without words it goes."""
    label, _, value = (part.strip() for part in words.partition("="))
    if not label:
        raise _like_this("field")
    old = profiles.profile_of(actor).fields
    new = profile_state.field(label, value)
    kept = [new if field.name == new.name else field for field in old]
    if all(field.name != new.name for field in old):
        kept.append(new)
    if len(kept) > profile_state.FIELDS:
        raise Forbidden(f"a profile has at most {profile_state.FIELDS} fields")
    return tuple(field for field in kept if field.value)


def _habit(actor: Actor, what: str, words: str) -> Habits:
    """What goes for all posts from now on; without words there is no such thing any more."""
    value: Any = html.warning(words)
    match what:
        case "visibility" if words.lower() in {"public", "unlisted"}:
            value = words.lower()
        case "notices" if words.lower() in SWITCH:
            value = SWITCH[words.lower()]
        case "language" if not words or _is_language(words):
            value = words
        case "warning":
            pass
        case _:
            raise _like_this(what)
    return replace(profiles.profile_of(actor).habits, **{what: value})


def _is_language(tag: str) -> bool:
    """Longer ones are names of languages, and no codes that anybody reads."""
    return bool(shapes.language(tag)) and len(tag.partition("-")[0]) < 4


def _domains(words: str) -> tuple[str, ...]:
    said = words.replace(",", " ").split()
    found = [profile_state.domain(word) for word in said]
    if not all(found):
        raise Unreadable("name websites, like this: set domains paper.example blog.example")
    return tuple(dict.fromkeys(found))[: profile_state.DOMAINS]


def alias(call: Call) -> list[Said]:
    """FEP-7628: whoever names the old home can be moved to from there."""
    if [word.lower() for word in call.words] in ([], ["list"]):
        return _listed(call.actor)
    words = [word for word in call.words if word.lower() not in {"add", "remove"}]
    if len(words) != 1:
        raise Unreadable("whom? Say it like this: alias add @name@server")
    other = call.find(words[0])
    if other == call.actor:
        raise Forbidden("that is this profile itself")
    kept = tuple(uri for uri in call.actor.aliases if uri != other.uri)
    if call.words[0].lower() == "remove":
        if other.uri not in call.actor.aliases:
            raise Forbidden(f"@{other.acct} is no alias of yours")
        text = f"<p>{named(other)} is no longer an alias of yours.</p>"
        return [Said(_changed(call, aliases=kept), answer=text)]
    if len(kept) >= profile_state.ALIASES:
        raise Forbidden(f"a profile has at most {profile_state.ALIASES} aliases")
    text = (
        f"<p>{named(other)} is an alias of yours now, for everybody to see: you can move here from"
        " there. The move itself begins there.</p>"
    )
    return [Said(_changed(call, aliases=(*kept, other.uri)), answer=text)]


def _listed(actor: Actor) -> list[Said]:
    if not actor.aliases:
        return only("<p>You have no alias. Type: <code>alias add @name@server</code></p>")
    known = {one.uri: named(one) for one in Actor.objects.filter(uri__in=actor.aliases)}
    items = "".join(f"<li>{known.get(uri) or html.escape(uri)}</li>" for uri in actor.aliases)
    return only(f"<p>Your aliases:</p><ul>{items}</ul>")


def _changed(call: Call, **values: Any) -> Introduce:
    now: Profile = profiles.profile_of(call.actor)
    return Introduce(author=now.uri, profile=replace(now, **values), at=call.at)


def move(call: Call) -> list[Said]:
    """Every server that listens takes the followers along: so it wants the own handle typed too."""
    target = directory.fresh(call.whom())
    if target == call.actor:
        raise Forbidden("that is this profile itself")
    typed = call.words[1] if len(call.words) > 1 else ""
    if call.actor.uri not in target.aliases:
        raise Forbidden(
            f"@{target.acct} does not name you yet: add @{call.actor.acct} there as an alias first"
        )
    if typed.lstrip("@").split("@")[0].lower() != call.actor.handle.lower():
        sure = f"move @{target.acct} {call.actor.handle}"
        warning = (
            f"<p>This tells all your followers to follow {named(target)} instead. Your posts stay"
            " here; you cannot move again for seven days. If you mean it, type:"
            f" <code>{html.escape(sure)}</code></p>"
        )
        return only(warning)
    act = Move(author=call.actor.uri, target=target.uri, uri=call.uri, at=call.at)
    return [
        Said(act, answer=f"<p>Your followers are being told to follow {named(target)} instead.</p>")
    ]
