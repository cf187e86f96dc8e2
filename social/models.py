"""The index: everything here can be rebuilt from the rooms, except rows still waiting in a queue.

Times are milliseconds since 1970 (UTC), as in `social.acts`; only the queues use real datetimes.
Writes go through `actions.py` and `outbox.py`; reads for a person go through `visible_to`.
"""

from typing import Any, Self

from django.db import models
from django.db.models import Exists, F, OuterRef, Q, Value
from django.db.models.functions import Concat
from django.utils import timezone

from social.hosts import names_over


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
    kind = models.CharField(max_length=20, default="person")
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
    quotes = models.CharField(max_length=10, default="public")  # who may quote what comes next
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


def shutting_out(whom: Actor, path: str = "") -> Q:
    """Those who want nothing of somebody, or of their server; `path` leads to them."""
    blocks = Block.objects.filter(target=whom)
    hosts = HostBlock.objects.filter(host__in=whom.names_over)
    return Q(**{f"{path}pk__in": blocks.values("author")}) | Q(
        **{f"{path}pk__in": hosts.values("author")}
    )


def shut_out(path: str = "", **by: Any) -> Q:
    """Those of whom somebody here wants nothing, or nothing of their server; `by` finds the blocks
    of that somebody, `path` leads to those shut out.
    """
    blocks = Block.objects.filter(**by)
    hosts = HostBlock.objects.filter(**by).annotate(
        # A dot before and a colon behind each: only whole names are found, with or without a port.
        names=Concat(
            *_names(path, "host"), *_names(path, "domain"), output_field=models.TextField()
        ),
    )
    judged = hosts.filter(names__contains=Concat(Value("."), F("host"), Value(":")))
    return Q(**{f"{path}pk__in": blocks.values("target")}) | Q(Exists(judged))


def _names(path: str, column: str) -> tuple[Value, OuterRef, Value]:
    return Value("."), OuterRef(f"{path}{column}"), Value(":")


class PostQuerySet(models.QuerySet["Post"]):
    def open(self) -> Self:
        """What may stand on a page for anybody."""
        return self.filter(
            visibility__in=("public", "unlisted"),
            deleted=None,
            author__suspended=False,
            author__left=None,
        )

    def welcome_to(self, owner: "Actor") -> Self:
        """Below what somebody wrote: not what those answer whom they have shut out since."""
        return self.exclude(shut_out("author__", author=owner)) if owner.is_local else self

    def visible_to(self, viewer: "Actor | None") -> Self:
        """The one gate between posts and readers; `None` is somebody unknown."""
        return self.open() if viewer is None else self.filter(deleted=None).meant_for(viewer)

    def meant_for(self, viewer: "Actor") -> Self:
        """Also what is deleted since: only whoever could read it is told so."""
        shown = Q(author__suspended=False, author__left=None)
        mine = Q(author=viewer) | Q(addressed=viewer)
        followed = Q(visibility="private") & Q(
            author__follows_in__follower=viewer, author__follows_in__state="accepted"
        )
        if viewer.is_local:
            followed |= Q(visibility="local") & Q(
                author__follows_in__follower=viewer, author__follows_in__state="accepted"
            )
        open_ = Q(visibility__in=("public", "unlisted"))
        reached = self.exclude(shutting_out(viewer, "author__"))
        if viewer.is_local:
            reached = reached.exclude(shut_out("author__", author=viewer))
        else:
            reached = reached.exclude(author__blocks_in__author=viewer)
        return reached.filter(shown & (open_ | mine | followed)).distinct()


class Post(models.Model):
    uri = models.CharField(max_length=2048, unique=True)
    author = models.ForeignKey(Actor, on_delete=models.CASCADE, related_name="posts")
    visibility = models.CharField(max_length=10)
    html = models.TextField(blank=True)
    summary = models.CharField(max_length=500, blank=True)
    sensitive = models.BooleanField(default=False)
    language = models.CharField(max_length=35, blank=True)
    mentions = models.JSONField(default=list, blank=True)
    hashtags = models.JSONField(default=list, blank=True)
    attachments = models.JSONField(default=list, blank=True)
    emojis = models.JSONField(default=list, blank=True)
    poll = models.JSONField(null=True, blank=True)  # what it asks, and the counts told last
    poll_due = models.BigIntegerField(null=True, blank=True, db_index=True)  # to count or close it
    url = models.CharField(max_length=2048, blank=True, db_index=True)
    reply = models.CharField(max_length=2048, blank=True, db_index=True)  # URI of the parent
    parent = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.SET_NULL, related_name="replies"
    )
    addressed = models.ManyToManyField(Actor, blank=True, related_name="addressed_by")
    audience = models.JSONField(default=list, blank=True)  # URIs addressed by name
    group = models.CharField(max_length=2048, blank=True)  # URI of the group it was said in
    quote = models.CharField(max_length=2048, blank=True, db_index=True)  # URI of what it quotes
    stamp = models.CharField(max_length=2048, blank=True, db_index=True)  # proves that it may
    proven = models.BigIntegerField(null=True, blank=True)  # when the stamp was last looked at
    quotable = models.CharField(max_length=10, blank=True)  # by whom
    place = models.JSONField(default=dict, blank=True)
    published = models.BigIntegerField()
    updated = models.BigIntegerField(null=True, blank=True)
    deleted = models.BigIntegerField(null=True, blank=True)
    locked = models.BigIntegerField(null=True, blank=True)  # since when nobody answers it

    objects = PostQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["author", "-published"], name="post_by_author")]

    def __str__(self) -> str:
        return self.uri


class Version(models.Model):
    """What a post said before an edit; a page shows it as it shows the post."""

    post = models.ForeignKey(Post, on_delete=models.CASCADE, related_name="versions")
    html = models.TextField(blank=True)
    summary = models.CharField(max_length=500, blank=True)
    sensitive = models.BooleanField(default=False)
    language = models.CharField(max_length=35, blank=True)
    attachments = models.JSONField(default=list, blank=True)
    emojis = models.JSONField(default=list, blank=True)
    at = models.BigIntegerField()  # since when it said so

    def __str__(self) -> str:
        return f"{self.post_id} as of {self.at}"


class Reaction(models.Model):
    uri = models.CharField(max_length=2048, unique=True)
    author = models.ForeignKey(Actor, on_delete=models.CASCADE, related_name="reactions")
    post = models.ForeignKey(Post, on_delete=models.CASCADE, related_name="reactions")
    emoji = models.CharField(max_length=110)
    custom = models.JSONField(null=True, blank=True)  # the picture of a :shortcode:
    at = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["author", "post", "emoji"], name="one_reaction_each")
        ]

    def __str__(self) -> str:
        return f"{self.emoji} {self.uri}"


class Vote(models.Model):
    """`voter` tells one from another and nobody who it is; `author` hears how the poll ends."""

    post = models.ForeignKey(Post, on_delete=models.CASCADE, related_name="votes")
    voter = models.CharField(max_length=80)
    option = models.CharField(max_length=500)
    author = models.ForeignKey(Actor, null=True, on_delete=models.SET_NULL, related_name="votes")
    at = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["post", "voter", "option"], name="one_vote_each")
        ]

    def __str__(self) -> str:
        return f"a vote in {self.post_id}"


class Pin(models.Model):
    uri = models.CharField(max_length=2048, blank=True)
    author = models.ForeignKey(Actor, on_delete=models.CASCADE, related_name="pins")
    post = models.ForeignKey(Post, on_delete=models.CASCADE, related_name="pins")
    at = models.BigIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["author", "post"], name="one_pin_each")]

    def __str__(self) -> str:
        return f"{self.author} ↑ {self.post}"


class Boost(models.Model):
    uri = models.CharField(max_length=2048, unique=True)
    author = models.ForeignKey(Actor, on_delete=models.CASCADE, related_name="boosts")
    post = models.ForeignKey(Post, on_delete=models.CASCADE, related_name="boosts")
    at = models.BigIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["author", "post"], name="one_boost_each")]

    def __str__(self) -> str:
        return self.uri


class Follow(models.Model):
    class State(models.TextChoices):
        PENDING = "pending"
        ACCEPTED = "accepted"

    uri = models.CharField(max_length=2048, db_index=True)
    follower = models.ForeignKey(Actor, on_delete=models.CASCADE, related_name="follows_out")
    target = models.ForeignKey(Actor, on_delete=models.CASCADE, related_name="follows_in")
    state = models.CharField(max_length=8, choices=State, default=State.PENDING)
    at = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["follower", "target"], name="one_follow_each")
        ]

    def __str__(self) -> str:
        return f"{self.follower} → {self.target} ({self.state})"


class Block(models.Model):
    uri = models.CharField(max_length=2048)
    author = models.ForeignKey(Actor, on_delete=models.CASCADE, related_name="blocks_out")
    target = models.ForeignKey(Actor, on_delete=models.CASCADE, related_name="blocks_in")
    at = models.BigIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["author", "target"], name="one_block_each")]

    def __str__(self) -> str:
        return f"{self.author} ✕ {self.target}"


class HostBlock(models.Model):
    """A server of which somebody here wants nothing."""

    uri = models.CharField(max_length=2048)
    author = models.ForeignKey(Actor, on_delete=models.CASCADE, related_name="host_blocks")
    host = models.CharField(max_length=255, db_index=True)
    at = models.BigIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["author", "host"], name="one_host_each")]

    def __str__(self) -> str:
        return f"{self.author} ✕ {self.host}"


class MuteQuerySet(models.QuerySet["Mute"]):
    def standing(self) -> Self:
        """Those that have not ended by themselves."""
        return self.filter(Q(until=0) | Q(until__gt=int(timezone.now().timestamp() * 1000)))


class Mute(models.Model):
    uri = models.CharField(max_length=2048)
    author = models.ForeignKey(Actor, on_delete=models.CASCADE, related_name="mutes_out")
    target = models.ForeignKey(Actor, on_delete=models.CASCADE, related_name="mutes_in")
    until = models.BigIntegerField(default=0)  # 0: for good
    at = models.BigIntegerField()

    objects = MuteQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["author", "target"], name="one_mute_each")]

    def __str__(self) -> str:
        return f"{self.author} – {self.target}"


class Backlink(models.Model):
    """A page that a profile here names in a field, and which names the profile back (rel=me)."""

    actor = models.ForeignKey(Actor, on_delete=models.CASCADE, related_name="backlinks")
    url = models.CharField(max_length=2048)
    verified = models.BigIntegerField()  # when it was found there last

    class Meta:
        constraints = [models.UniqueConstraint(fields=["actor", "url"], name="one_backlink_each")]

    def __str__(self) -> str:
        return f"{self.url} ⇄ {self.actor}"


class Decision(models.Model):
    """What an author elsewhere decided about something done here under a post of theirs."""

    about = models.CharField(max_length=2048, db_index=True)  # URI of the answer, reaction or boost
    author = models.ForeignKey(Actor, on_delete=models.CASCADE, related_name="decisions")
    allowed = models.BooleanField()
    at = models.BigIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["about", "author"], name="one_decision")]

    def __str__(self) -> str:
        return f"{self.about} {'✓' if self.allowed else '✕'}"


class Report(models.Model):
    """What somebody told the admins of somebody; never shown to whom it is about."""

    uri = models.CharField(max_length=2048, db_index=True)
    author = models.ForeignKey(Actor, on_delete=models.CASCADE, related_name="reports_out")
    target = models.ForeignKey(Actor, on_delete=models.CASCADE, related_name="reports_in")
    about = models.JSONField(default=list, blank=True)  # URIs of posts by the target
    words = models.TextField(blank=True)
    at = models.BigIntegerField()
    forwarded = models.BooleanField(default=False)
    resolved = models.DateTimeField(null=True, blank=True)
    note = models.CharField(max_length=500, blank=True)  # of the admins

    class Meta:
        constraints = [models.UniqueConstraint(fields=["uri", "target"], name="one_report_each")]

    def __str__(self) -> str:
        return f"{self.target}, by {self.author}"


class Stamp(models.Model):
    """Somebody here lets a post quote theirs; the proof stands at `uri`."""

    uri = models.CharField(max_length=2048, unique=True)
    post = models.ForeignKey(Post, on_delete=models.CASCADE, related_name="stamps")
    quoting = models.CharField(max_length=2048, db_index=True)  # URI; the post may be unknown here
    by = models.ForeignKey(Actor, on_delete=models.CASCADE, related_name="stamps")
    at = models.BigIntegerField()

    def __str__(self) -> str:
        return self.uri


class Tombstone(models.Model):
    """A post or an act that was taken back: what arrives later under this URI stays out."""

    uri = models.CharField(max_length=2048, unique=True)
    author = models.CharField(max_length=2048)
    at = models.BigIntegerField()

    def __str__(self) -> str:
        return self.uri


class Instance(models.Model):
    """Another server, and what this one thinks of it."""

    class Policy(models.TextChoices):
        OPEN = "open"
        ALLOWED = "allowed", "on the allow-list"
        BLOCKED = "blocked"

    host = models.CharField(max_length=255, unique=True)
    policy = models.CharField(max_length=8, choices=Policy, default=Policy.OPEN)
    reason = models.CharField(max_length=500, blank=True)
    noted = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"{self.host} ({self.policy})"


class Site(models.Model):
    """What the admin decides for the whole server; one row."""

    allow_list_only = models.BooleanField(
        default=False, help_text="Speak only with servers on the allow-list."
    )

    class Meta:
        verbose_name_plural = "site"

    def __str__(self) -> str:
        return "This server"
