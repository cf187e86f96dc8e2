"""Values of every act, made from the dataclasses themselves: a new act or field is in at once."""

from collections.abc import Iterator
from dataclasses import MISSING, Field, fields, is_dataclass
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from hypothesis import strategies as st

from social import acts

# What no room and no table can hold is no part of an act.
LETTERS = st.characters(exclude_categories=["Cs"], exclude_characters="\0")
WORDS = st.text(LETTERS, max_size=20)
NUMBERS = st.integers(min_value=0, max_value=2**53 - 1)
KINDS: tuple[type[Any], ...] = get_args(acts.Act)


def whole(kind: type[Any]) -> st.SearchStrategy[Any]:
    """A dataclass with a value for each of its fields."""
    hints = get_type_hints(kind)
    return st.builds(kind, **{field.name: of(hints[field.name]) for field in fields(kind)})


def of(hint: Any) -> st.SearchStrategy[Any]:
    if is_dataclass(hint) and isinstance(hint, type):
        return whole(hint)
    if get_origin(hint) is Literal:
        return st.sampled_from(get_args(hint))
    if get_origin(hint) in {Union, UnionType}:
        return st.one_of([of(one) for one in get_args(hint)])
    if get_origin(hint) is tuple:
        return st.lists(of(get_args(hint)[0]), max_size=2).map(tuple)
    known = {str: WORDS, int: NUMBERS, bool: st.booleans(), type(None): st.none()}
    return known[hint]


def every_act() -> st.SearchStrategy[Any]:
    return st.one_of([whole(kind) for kind in KINDS])


def parts(value: Any) -> Iterator[Any]:
    """A dataclass and all that stand in it."""
    if isinstance(value, tuple):
        for one in value:
            yield from parts(one)
    elif is_dataclass(value):
        yield value
        for field in fields(value):
            yield from parts(getattr(value, field.name))


def said(value: Any) -> set[str]:
    """The fields that say more than nothing, at any depth: `Content.language`."""
    return {
        f"{type(part).__name__}.{field.name}"
        for part in parts(value)
        for field in fields(part)
        if getattr(part, field.name) != _nothing(field)
    }


def _nothing(field: Field[Any]) -> Any:
    return () if field.default is MISSING else field.default


def all_fields() -> set[str]:
    """Of every dataclass that an act is made of."""
    found: set[type[Any]] = set()
    left = list(KINDS)
    while left:
        kind = left.pop()
        if is_dataclass(kind) and kind not in found:
            found.add(kind)
            left += [one for hint in get_type_hints(kind).values() for one in _inside(hint)]
    return {f"{kind.__name__}.{field.name}" for kind in found for field in fields(kind)}


def _inside(hint: Any) -> Iterator[Any]:
    if get_args(hint) and get_origin(hint) is not Literal:
        for one in get_args(hint):
            yield from _inside(one)
    else:
        yield hint


def differing(one: Any, other: Any) -> set[str]:
    """The fields in which two acts are not the same, by the class that has them."""
    if isinstance(one, tuple) and isinstance(other, tuple) and len(one) == len(other):
        return set().union(*(differing(a, b) for a, b in zip(one, other, strict=True)), set())
    if type(one) is not type(other) or not is_dataclass(one):
        return set() if one == other else {"?"}
    found: set[str] = set()
    for field in fields(one):
        inner = differing(getattr(one, field.name), getattr(other, field.name))
        found |= {f"{type(one).__name__}.{field.name}"} if "?" in inner else inner
    return found
