"""What the doctor says: one line a question, with the cure beside it."""

from dataclasses import dataclass
from typing import Literal

State = Literal["ok", "warn", "fail"]


@dataclass(frozen=True, slots=True)
class Finding:
    state: State
    cause: str
    cure: str = ""


def ok(cause: str) -> Finding:
    return Finding("ok", cause)


def warn(cause: str, cure: str) -> Finding:
    return Finding("warn", cause, cure)


def fail(cause: str, cure: str) -> Finding:
    return Finding("fail", cause, cure)
