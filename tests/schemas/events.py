"""Whether an event is one that the Matrix specification allows. Pure.

`events.yaml` says in our words what it demands of what we write. With OWNROOM_MATRIX_SPEC (a
checkout of the specification) its own `data/event-schemas` are asked as well, for every type.
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


def problems(event: Event) -> list[str]:
    """What is wrong with it, a line each; content that was redacted is nobody's any more."""
    if event.get("unsigned", {}).get("redacted_because"):
        return []
    found = [*_numbers(event["content"], "content")]
    if len(json.dumps(event, ensure_ascii=False).encode()) > ROOMY:
        found.append("larger than an event may be")
    for name in _names(event):
        found += _against(_ours(name), event)
        if (theirs := _specification(name)) is not None:
            found += _against(theirs, event)
    return [f"{event.get('type')}: {line}" for line in found]


def ours(event: Event) -> bool:
    """Whether our bot or one of our ghosts sent it."""
    return str(event.get("sender", "")).startswith(OURS)


def _names(event: Event) -> list[str]:
    kind, content = str(event.get("type")), event["content"]
    new = content.get("m.new_content", {}) if isinstance(content, dict) else {}
    told = {one.get("msgtype") for one in (content, new) if isinstance(one, dict)}
    return ["event", kind, *(f"{kind}${one}" for one in sorted(filter(None, told)))]


def _against(checker: Draft202012Validator, event: Event) -> list[str]:
    return [
        f"{'/'.join(map(str, error.absolute_path))}: {error.message[:300]}"
        for error in checker.iter_errors(event)
    ]


@functools.cache
def _ours(name: str) -> Draft202012Validator:
    rules = _RULES["event"] if name == "event" else _RULES["types"].get(name, {})
    return Draft202012Validator({"$defs": _RULES["$defs"], **rules})


@functools.cache
def _specification(name: str) -> Draft202012Validator | None:
    folder = os.environ.get("OWNROOM_MATRIX_SPEC", "")
    path = Path(folder) / "data" / "event-schemas" / "schema" / f"{name}.yaml"
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
