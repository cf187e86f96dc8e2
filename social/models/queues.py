"""Work that waits, in both directions."""

from typing import Any

from django.db import models
from django.utils import timezone


class Queued(models.Model):
    """A row of work. `lane` keeps the order; `due` is schedule, back-off and set-aside at once."""

    class State(models.TextChoices):
        WAITING = "waiting"
        DONE = "done"
        IGNORED = "ignored"
        GONE = "gone"

    network = models.CharField(max_length=20)
    lane = models.CharField(max_length=300)
    state = models.CharField(max_length=8, choices=State, default=State.WAITING)
    due = models.DateTimeField(default=timezone.now)
    tries = models.PositiveSmallIntegerField(default=0)
    note = models.CharField(max_length=500, blank=True)  # the reason its owner can read
    created = models.DateTimeField(default=timezone.now)
    ended = models.DateTimeField(null=True, blank=True)

    class Meta:
        abstract = True


class Delivery(Queued):
    """The outbox. `to` is an inbox URL or the name of a room; `act` or `document` says what."""

    to = models.CharField(max_length=2048)
    subject = models.CharField(max_length=2048, blank=True)  # what must stay in order within a lane
    sender = models.CharField(max_length=2048)  # URI of the local actor who speaks
    act = models.JSONField(null=True, blank=True)  # for networks that render at the door
    document = models.CharField(max_length=2048, blank=True)  # URI of a kept document
    # No columns: what its network fetched for sending it, and what sending made, which is kept in
    # the transaction that ends the row.
    load: Any = None
    made: "tuple[models.Model, ...]" = ()

    class Meta:
        verbose_name_plural = "deliveries"
        indexes = [
            models.Index(fields=["lane", "state", "id"], name="delivery_waiting"),
            models.Index(fields=["subject", "state"], name="delivery_subject"),
            models.Index(fields=["state", "due"], name="delivery_due"),
            models.Index(fields=["document"], name="delivery_document"),
        ]

    def __str__(self) -> str:
        return f"{self.network} {self.subject} → {self.to}"
