"""Who acts: people and groups, here and elsewhere; and the pages that name them back."""

from typing import Self

from django.db import models
from django.utils import timezone

from social.acts import Kind, Quotable
from social.hosts import names_over


class ActorQuerySet(models.QuerySet["Actor"]):
    def local(self) -> Self:
        return self.exclude(owner=None)

    def shown(self) -> Self:
        return self.filter(suspended=False, left=None)


class Actor(models.Model):
    """Somebody who acts. `owner` is the Matrix ID of whom we serve: a person, or a group's room."""

    uri = models.CharField(max_length=2048, unique=True)
    owner = models.CharField(max_length=255, unique=True, null=True, blank=True)
    handle = models.CharField(max_length=255)
    domain = models.CharField(max_length=255, db_index=True)
    host = models.CharField(max_length=255, db_index=True)  # of the URI
    kind: "models.CharField[Kind, Kind]" = models.CharField(max_length=20, default="person")
    name = models.CharField(max_length=500, blank=True)
    summary = models.TextField(blank=True)
    url = models.CharField(max_length=2048, blank=True)
    icon = models.CharField(max_length=2048, blank=True)
    header = models.CharField(max_length=2048, blank=True)
    room_link = models.CharField(max_length=2048, blank=True)  # where its room can be read
    fields = models.JSONField(default=list, blank=True)
    emojis = models.JSONField(default=list, blank=True)
    locked = models.BooleanField(default=False)
    discoverable = models.BooleanField(default=True)
    indexable = models.BooleanField(default=False)
    hide_network = models.BooleanField(default=False)
    moderators = models.JSONField(default=list, blank=True)  # of a group: URIs, as last heard
    restricted = models.BooleanField(default=False)  # in a group only they begin topics
    aliases = models.JSONField(default=list, blank=True)
    moved_to = models.CharField(max_length=2048, blank=True, db_index=True)
    moved = models.BigIntegerField(null=True, blank=True)  # time of the newest move we admitted
    # Who may quote what comes next.
    quotes: "models.CharField[Quotable, Quotable]" = models.CharField(
        max_length=10, default="public"
    )
    voting = models.BigIntegerField(default=0)  # milliseconds, in polls that come next
    memorial = models.BooleanField(default=False)  # of somebody who died
    attribution_domains = models.JSONField(default=list, blank=True)
    habits = models.JSONField(default=dict, blank=True)  # of one here who writes
    inbox = models.CharField(max_length=2048, blank=True)
    shared_inbox = models.CharField(max_length=2048, blank=True)
    followers = models.CharField(max_length=2048, blank=True, db_index=True)
    key_id = models.CharField(max_length=2048, blank=True, db_index=True)
    public_key = models.TextField(blank=True)
    multikey = models.CharField(max_length=200, blank=True)
    published = models.BigIntegerField(null=True, blank=True)
    introduced = models.BigIntegerField(default=0)  # time of the newest profile we applied
    fetched = models.DateTimeField(default=timezone.now)
    suspended = models.BooleanField(default=False)
    suspension = models.CharField(max_length=500, blank=True)  # why; admins read it, and its owner
    left = models.BigIntegerField(null=True, blank=True)

    objects = ActorQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["handle", "domain"], name="actor_acct")]

    def __str__(self) -> str:
        return self.acct

    @property
    def acct(self) -> str:
        return f"{self.handle}@{self.domain}"

    @property
    def is_local(self) -> bool:
        return self.owner is not None

    @property
    def names_over(self) -> set[str]:
        """Whoever judges one of these judges this actor's server."""
        return {*names_over(self.host), *names_over(self.domain)}

    @property
    def title(self) -> str:
        return self.name or self.handle


class Backlink(models.Model):
    """A page that a profile here names in a field, and which names the profile back (rel=me)."""

    actor = models.ForeignKey(Actor, on_delete=models.CASCADE, related_name="backlinks")
    url = models.CharField(max_length=2048)
    verified = models.BigIntegerField()  # when it was found there last

    class Meta:
        constraints = [models.UniqueConstraint(fields=["actor", "url"], name="one_backlink_each")]

    def __str__(self) -> str:
        return f"{self.url} ⇄ {self.actor}"
