"""What was sent and answered, noted before the database knows: one small file for each process.

A note costs microseconds, a transaction milliseconds, and whoever is killed between the other
side's answer and the transaction would send again. The next life of the process reads the notes;
where only the database died, the process itself reads them before it takes another row.
"""

import logging
import os
import time
from collections.abc import Iterable
from pathlib import Path

from django.conf import settings
from django.utils import timezone

from bridge import lanes
from social.models import Delivery, Queued

log = logging.getLogger("ownroom.answered")
FORGOTTEN = 7 * 86400  # seconds; notes of machines that do not come back


class Notes:
    """Written on the event loop only, and paid before any row is taken, so it needs no lock."""

    def __init__(self) -> None:
        self.file: int | None = None
        self.owed: list[str] = []  # the database failed before they stood in it

    def add(self, row: Delivery) -> None:
        """On a full disk there are no notes, and all the same what was sent has been sent."""
        try:
            if self.file is None:
                folder().mkdir(exist_ok=True)
                flags = os.O_CREAT | os.O_WRONLY | os.O_APPEND
                self.file = os.open(folder() / lanes.process(), flags, 0o600)
            os.write(self.file, f"{_line(row)}\n".encode())
        except OSError as error:
            log.warning("what was answered cannot be noted: %s", error.strerror)

    def owe(self, rows: Iterable[Delivery]) -> None:
        self.owed += [_line(row) for row in rows]

    def pay(self) -> None:
        """Ends what was sent and could not be ended then. Raises DatabaseError, owing it still."""
        if owed := self.owed:
            _end(owed)
            self.owed = self.owed[len(owed) :]

    def clear(self) -> None:
        """All that was noted stands in the database now."""
        if self.file is not None and not self.owed:
            os.ftruncate(self.file, 0)


notes = Notes()


def folder() -> Path:
    return Path(settings.OWNROOM_DATA) / "answered"


def recover() -> int:
    """Ends the rows that the dead of this machine had sent. Before their lanes are taken."""
    count = 0
    for path in folder().glob("*"):
        if lanes.is_dead(path.name):
            count += _end(path.read_text(errors="replace").split())
            path.unlink(missing_ok=True)
            log.info("%s ended abruptly; deliveries only noted: %s", path.name, count)
        elif time.time() - path.stat().st_mtime > FORGOTTEN and path.name != lanes.process():
            path.unlink(missing_ok=True)
    return count


def _end(lines: Iterable[str]) -> int:
    """The time of its making tells a row from one of a newer database with the same number."""
    noted = {
        int(line.partition("@")[0]): line for line in lines if line.partition("@")[0].isdigit()
    }
    rows = Delivery.objects.filter(pk__in=noted, state=Queued.State.WAITING)
    sent = [row.pk for row in rows.only("pk", "created") if _line(row) == noted[row.pk]]
    return Delivery.objects.filter(pk__in=sent).update(
        state=Queued.State.DONE, ended=timezone.now()
    )


def _line(row: Delivery) -> str:
    return f"{row.pk}@{row.created.timestamp():.6f}"
