"""What the core asks of a network."""

from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Protocol

from bridge.models import Received
from social.acts import Act, Boost, Publish
from social.models import Actor, Delivery
from social.outbox import Address

UNCHANGED = "nothing changed: known already"  # how a row ends that said nothing new
Settle = Callable[[Delivery, Exception | None], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Said:
    """An act, the wire text that said it, and what to answer whoever asked for it (HTML)."""

    act: Act | None
    wire: str = ""
    answer: str = ""
    shown: str = ""  # what of their own room is to say the same


class Network(Protocol):
    name: str
    calm: float  # seconds: the longest a lane rests between two tries
    knows_again: bool  # what is sent twice is done once, for a day at least
    gathers: bool  # what changes in a profile is told once, when it has been quiet for a while
    sends_documents: bool  # what leaves is the kept document, so no delivery repeats the act

    looks_ahead: bool  # `ahead` asks somebody elsewhere, so each lane is worked on alone

    def ahead(self, lane: str) -> bool:
        """Before a lane of received rows is worked on, by its holder: stores what was missed.

        Answers whether anything was.
        """

    def foresee(self, rows: Sequence[Received]) -> None:
        """Before many rows are read and recorded: asks at once what each would ask by itself."""

    def read(self, row: Received) -> Sequence[Said]:
        """The acts in a stored row, the main one last, what it stands on before it.

        May fetch; must not write posts. Raises the errors of bridge.errors.
        """

    def closed(self, row: Received, said: Said | None, problem: str) -> None:
        """Within the transaction that ends the row: tells its side, keeps track of its event."""

    def where(self, act: Act, hearers: Collection[Actor]) -> list[Address]:
        """Where in this network the act must go."""

    def past(self, act: Publish | Boost) -> list[Address]:
        """Where a post goes that was written before anybody here read its author, or its group."""

    def load(self, rows: Sequence[Delivery]) -> None:
        """Puts what `send` needs from the database into `row.load`, in few queries."""

    async def send(self, rows: Sequence[Delivery], settle: Settle) -> None:
        """Sends the rows of one lane; calls `settle` for each, at once. Raises Busy to rest."""
