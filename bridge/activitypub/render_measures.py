"""What moderators do in a group, as Lemmy writes it: what goes into a list of the group or out of
it, what is locked, who is out. Pure.
"""

from typing import Any, assert_never

from bridge.activitypub.jsonld import PUBLIC, iso
from social.measures import Appoint, Expel, Feature, Lock, Measure, Remove

Json = dict[str, Any]
CONTEXT: dict[str, Any] = {
    "lemmy": "https://join-lemmy.org/ns#",
    "postingRestrictedToMods": "lemmy:postingRestrictedToMods",
    "removeData": "lemmy:removeData",
    "Lock": "lemmy:Lock",
}


def taken(act: Measure) -> Json:
    match act:
        case Remove():
            # By its summary it is told apart from the author's own Delete.
            reason = act.reason or "removed by a moderator"
            return {**_said("Delete", act), "object": act.post, "summary": reason}
        case Feature():
            return _listed("Add", act.uri, act, act.post, f"{act.group}/featured")
        case Lock():
            return {**_said("Lock", act), "object": act.post, **_reason(act.reason)}
        case Appoint():
            return _listed("Add", act.uri, act, act.target, f"{act.group}/moderators")
        case Expel():
            return _expel(act)
    assert_never(act)


def taken_back(act: Measure, uri: str) -> Json:
    """Nobody reads an Undo of an Add, so it is its opposite. In others the whole measure stands,
    in the name of who takes it back: servers look for nothing else.
    """
    match act:
        case Feature():
            return _listed("Remove", uri, act, act.post, f"{act.group}/featured")
        case Appoint():
            return _listed("Remove", uri, act, act.target, f"{act.group}/moderators")
        case _:
            undone = taken(act)
            more = {key: undone[key] for key in ("to", "cc", "audience")}
            return {"id": uri, "type": "Undo", "actor": act.author, **more, "object": undone}


def _said(kind: str, act: Measure) -> Json:
    return {
        "id": act.uri,
        "type": kind,
        "actor": act.author,
        "to": [PUBLIC],
        "cc": [act.group],
        "audience": act.group,
    }


def _listed(kind: str, uri: str, act: Feature | Appoint, about: str, usual: str) -> Json:
    said = {**_said(kind, act), "id": uri}
    return {**said, "object": about, "target": act.collection or usual}


def _expel(act: Expel) -> Json:
    # Both names of the day on which it ends: older servers know only the first.
    until = iso(act.until)
    end = {"expires": until, "endTime": until} if act.until else {}
    return {
        **_said("Block", act),
        "object": act.target,
        "target": act.group,
        "removeData": act.wipe,
        **_reason(act.reason),
        **end,
    }


def _reason(said: str) -> Json:
    return {"summary": said} if said else {}
