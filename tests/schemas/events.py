"""Whether an event is one that the Matrix specification allows. Pure.

`events.yaml` says in our words what it demands of what we write. With OWNROOM_MATRIX_SPEC (a
checkout of the specification) its own `data/event-schemas` are asked as well, for every type, and
what it defines of mentions and relations.
"""

import functools
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

LARGEST = 2**53 - 1  # Matrix appendices, "Canonical JSON"
ROOMY = 65_536  # bytes of a whole event, "Size limits"
OURS = "@_ap_"
_RULES = yaml.safe_load((Path(__file__).parent / "events.yaml").read_text())
TYPES = frozenset(_RULES["types"])

Event = dict[str, Any]
_SCHEMAS = "data/event-schemas/schema"
_DEFINITIONS = "data/api/client-server/definitions"


def problems(event: Event) -> list[str]:
    """What is wrong with it, a line each; content that was redacted is nobody's any more."""
    if event.get("unsigned", {}).get("redacted_because"):
        return []
    found = [*_numbers(event["content"], "content")]
    if len(json.dumps(event, ensure_ascii=False).encode()) > ROOMY:
        found.append("larger than an event may be")
    for name, judged in _judged(event):
        found += _against(_ours(name), judged)
        found += _against(_specification(f"{_SCHEMAS}/{name}"), judged)
    for name, value in _defined(event["content"]):
        found += _against(_specification(f"{_DEFINITIONS}/{name}"), value)
    return [f"{event.get('type')}: {line}" for line in dict.fromkeys(found)]


def ours(event: Event) -> bool:
    """Whether our bot or one of our ghosts sent it."""
    return str(event.get("sender", "")).startswith(OURS)


def _judged(event: Event) -> Iterator[tuple[str, Event]]:
    """Under which names; what an edit says anew is an event of its own, and may be of another kind
    than what stands for clients without edits.
    """
    kind, content = str(event.get("type")), event["content"]
    yield "event", event
    new = content.get("m.new_content") if isinstance(content, dict) else None
    for told in (content, new):
        if not isinstance(told, dict):
            continue
        said = {**event, "content": told}
        yield kind, said
        if told.get("msgtype"):
            yield f"{kind}${told['msgtype']}", said


def _defined(content: Any) -> Iterator[tuple[str, Any]]:
    """Parts that the specification defines once for all types. A reply that stands in no thread
    has neither a type of relation nor an event of it ("Rich replies").
    """
    if not isinstance(content, dict):
        return
    related = content.get("m.relates_to")
    if isinstance(related, dict) and related.keys() & {"rel_type", "event_id"}:
        yield "m.relates_to", related
    if "m.mentions" in content:
        yield "m.mentions", content["m.mentions"]


def _against(checker: Draft202012Validator | None, value: Any) -> list[str]:
    if checker is None:
        return []
    return [
        f"{'/'.join(map(str, error.absolute_path))}: {error.message[:300]}"
        for error in checker.iter_errors(value)
    ]


@functools.cache
def _ours(name: str) -> Draft202012Validator:
    rules = _RULES["event"] if name == "event" else _RULES["types"].get(name, {})
    return Draft202012Validator({"$defs": _RULES["$defs"], **rules})


@functools.cache
def _specification(name: str) -> Draft202012Validator | None:
    folder = os.environ.get("OWNROOM_MATRIX_SPEC", "")
    path = Path(folder) / f"{name}.yaml"
    if not folder or not path.exists():
        return None
    registry: Registry[Any] = Registry(retrieve=_retrieve)
    return Draft202012Validator({"$ref": path.resolve().as_uri()}, registry=registry)


def _retrieve(uri: str) -> Resource[Any]:
    text = Path(uri.removeprefix("file://").replace("%24", "$")).read_text()
    return Resource(yaml.safe_load(text), DRAFT202012)


def _numbers(value: Any, at: str) -> Iterator[str]:
    """Canonical JSON knows no fractions and no number that a double cannot hold."""
    match value:
        case float():
            yield f"{at}: a fraction"
        case bool():
            return
        case int() if abs(value) > LARGEST:
            yield f"{at}: too large a number"
        case dict():
            for key, inner in value.items():
                yield from _numbers(inner, f"{at}/{key}")
        case list():
            for place, inner in enumerate(value):
                yield from _numbers(inner, f"{at}/{place}")
