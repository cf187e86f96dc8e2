"""The errors that decide what becomes of a row.

Trouble
├── Unreadable     the input is not what its network promises
├── Forbidden      the speaker may not do this
├── Later          try again after a while
│   └── Busy       the whole lane should wait, not only this row
└── Gone           it will never work: the row ends with this reason
"""


class Trouble(Exception):
    """Its text is shown to admins and owners, never to strangers."""


class Unreadable(Trouble):
    pass


class Forbidden(Trouble):
    pass


class Later(Trouble):
    """`after`: seconds the other side asked for, or None for our own back-off."""

    def __init__(self, reason: str, *, after: float | None = None) -> None:
        super().__init__(reason)
        self.after = after


class Busy(Later):
    pass


class Gone(Trouble):
    pass


def is_final(error: Exception) -> bool:
    """Whether no further try is made; errors of our own are tried again."""
    return isinstance(error, Trouble) and not isinstance(error, Later)
