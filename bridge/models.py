"""The tables of the edges: what arrived, who may drain what, and which event stands for what."""

from django.db import models
from django.db.models import Q
from django.utils import timezone

from social.models import Actor, Queued


class Received(Queued):
    """Wire JSON as it came, stored before anything else; unique per network and key."""

    key = models.CharField(max_length=2100)
    body = models.TextField()
    signer = models.CharField(max_length=2048, blank=True)  # actor URI that was proven
    # No column: the transaction that goes on has made sure that it waits, and will end it.
    held: bool = False

    class Meta:
        verbose_name_plural = "received"
        constraints = [models.UniqueConstraint(fields=["network", "key"], name="received_once")]
        indexes = [
            models.Index(fields=["lane", "state", "id"], name="received_waiting"),
            models.Index(fields=["state", "due"], name="received_due"),
        ]

    def __str__(self) -> str:
        return f"{self.network} {self.key}"


class Lane(models.Model):
    """Who drains a lane, and when it may be drained next: `due` is lease and back-off at once."""

    name = models.CharField(max_length=300, unique=True)
    due = models.DateTimeField(default=timezone.now)
    holder = models.CharField(max_length=40, blank=True)
    failures = models.PositiveIntegerField(default=0)
    failing_since = models.DateTimeField(null=True, blank=True)
    asked = models.BooleanField(default=False)  # the other side said how long to wait
    note = models.CharField(max_length=500, blank=True)

    def __str__(self) -> str:
        return self.name


class Document(models.Model):
    """The JSON text that stands at a URI, byte for byte: what we serve, or what a peer sent."""

    uri = models.CharField(max_length=2048, unique=True)
    body = models.TextField()
    author = models.CharField(max_length=2048, db_index=True)
    gone = models.BooleanField(default=False)  # answer 410 with this body

    def __str__(self) -> str:
        return self.uri


class Room(models.Model):
    class Kind(models.TextChoices):
        PROFILE = "profile"
        FORMER = "former"  # was one's profile until it was upgraded: what was posted stands there
        DESK = "desk"
        MIRROR = "mirror"
        GROUP = "group"
        CIRCLE = "circle"
        OUTGROWN = "outgrown"  # was one's circle until it was upgraded
        DIRECT = "direct"
        CONTROL = "control"

    room_id = models.CharField(max_length=255, unique=True)  # or its key, while it is not made yet
    kind = models.CharField(max_length=8, choices=Kind)
    actor = models.ForeignKey(Actor, null=True, on_delete=models.CASCADE, related_name="rooms")
    owner = models.CharField(max_length=255, blank=True)  # Matrix ID; of a desk without profile too
    place = models.CharField(max_length=255, blank=True)  # events up to here have been received
    leased = models.BooleanField(default=True)  # the owner lets us publish this room
    ready = models.BooleanField(default=True)
    # Of a direct room: for each set of people there is one, and the bot is not in it. Of one that
    # was upgraded: its own, for there may be several.
    key = models.CharField(max_length=64, unique=True, null=True)  # noqa: DJ001  many have none
    people = models.ManyToManyField(Actor, related_name="conversations")
    reader = models.CharField(max_length=255, blank=True)  # the ghost who reads it for us

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "actor"],
                condition=~models.Q(kind__in=("former", "outgrown")),
                name="one_room_of_a_kind",
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.room_id}"

    @property
    def is_let_go(self) -> bool:
        """A direct room in which others can read: nothing new is said there."""
        return self.kind == self.Kind.DIRECT and "-" in (self.key or "")

    @property
    def place_name(self) -> str:
        """As lanes and deliveries call it (bridge/matrix/places.py)."""
        return f"{self.kind} {self.key or (self.actor.uri if self.actor else self.owner)}"


class Anchor(models.Model):
    """The event that carries a post or an act in a room."""

    event_id = models.CharField(max_length=255, unique=True)
    room = models.ForeignKey(Room, on_delete=models.CASCADE, related_name="anchors", db_index=False)
    uri = models.CharField(max_length=2048, db_index=True)
    root = models.CharField(max_length=255, blank=True)  # event id of the thread it stands in
    sender = models.CharField(max_length=255)
    at = models.BigIntegerField(default=0)
    # Of a post with several files: which of its events; the one with the words is 0.
    part = models.PositiveSmallIntegerField(default=0)
    shows = models.CharField(max_length=16, blank=True)  # the digest of a further one's file
    file = models.CharField(max_length=2048, blank=True)  # whence the file is that it shows
    answers = models.JSONField(default=dict)  # of a poll: what clients call them → their place

    class Meta:
        indexes = [
            models.Index(fields=["room", "uri"], name="anchor_in_room"),
            models.Index(fields=["file"], condition=~Q(file=""), name="anchor_of_file"),
        ]

    def __str__(self) -> str:
        return f"{self.event_id} = {self.uri}"


class Ghost(models.Model):
    """The Matrix user that speaks for a remote actor."""

    actor = models.OneToOneField(Actor, on_delete=models.CASCADE, related_name="ghost")
    mxid = models.CharField(max_length=255, unique=True)
    registered = models.BooleanField(default=False)
    named = models.CharField(max_length=500, blank=True)  # display name as last told
    pictured = models.CharField(max_length=2048, blank=True)  # whence its avatar is, as last told
    introduced = models.BigIntegerField(default=-1)  # of the profile that it carries, as last told

    def __str__(self) -> str:
        return self.mxid


class Key(models.Model):
    """Private keys of a local actor, sealed with the server's secret."""

    actor = models.OneToOneField(Actor, on_delete=models.CASCADE, related_name="key")
    sealed = models.TextField()

    def __str__(self) -> str:
        return f"key of {self.actor_id}"


class Upload(models.Model):
    """A stranger's file that our homeserver has; or, without `mxc`, one that could not be had."""

    url = models.CharField(max_length=2048, unique=True)
    host = models.CharField(max_length=255, db_index=True)
    mxc = models.CharField(max_length=600, blank=True, db_index=True)
    sha256 = models.CharField(max_length=64, blank=True, db_index=True)
    type = models.CharField(max_length=100, blank=True)
    size = models.BigIntegerField(default=0)
    width = models.PositiveIntegerField(default=0)
    height = models.PositiveIntegerField(default=0)
    note = models.CharField(max_length=200, blank=True)  # why not
    again = models.DateTimeField(null=True, blank=True)  # when it may be asked for again
    fetched = models.DateTimeField(default=timezone.now)
    used = models.DateTimeField(default=timezone.now, db_index=True)
    dropped = models.BooleanField(default=False)  # something that showed it shows it no more

    def __str__(self) -> str:
        return self.url


class Overflow(models.Model):
    """A text that was too large for its event, as a file of our homeserver."""

    key = models.CharField(max_length=255, unique=True)  # of the event's transaction, or its id
    mxc = models.CharField(max_length=600, db_index=True)
    room_id = models.CharField(max_length=255)
    event_id = models.CharField(max_length=255, blank=True, db_index=True)  # that names it
    about = models.CharField(max_length=2048, db_index=True)  # URI of the post or the act
    edited = models.BigIntegerField(null=True)  # of a post's words: the time of the edit, or 0
    made = models.DateTimeField(default=timezone.now)
    doubted = models.BooleanField(default=False)  # somebody redacted the event, if they might
    spent = models.DateTimeField(null=True, blank=True)  # since when nobody is to read it

    class Meta:
        indexes = [models.Index(fields=["room_id", "about"], name="overflow_in_room")]

    def __str__(self) -> str:
        return f"{self.mxc} of {self.about}"


class Peer(models.Model):
    """What we learned about how an origin speaks."""

    origin = models.CharField(max_length=300, unique=True)
    signature = models.CharField(max_length=10, default="cavage")
    seen = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"{self.origin}: {self.signature}"


class Errand(models.Model):
    """What we mean to do by ourselves, later and not too often: one of a kind about one thing.

    `due` is empty while there is nothing to do; the row then says when it was done last.
    """

    class Kind(models.TextChoices):
        PROFILE = "profile"  # tell of a changed profile, once for all that changed
        CONVERSATION = "conversation"  # read what others answered elsewhere
        FOLLOWERS = "followers"  # whether both sides know the same follows
        BAN = "ban"  # of somebody from a group, for some time, which ends
        LINKS = "links"  # whether the pages that a profile names lead back to it
        ACTOR = "actor"  # what somebody elsewhere says of themselves by now
        NAMED = "named"  # who that is whom a post of ours names, of whom a rebuild found no more
        QUOTE = "quote"  # whether a post may quote what it quotes
        PAST = "past"  # what somebody followed wrote before, where nothing of it stands
        POST = "post"  # the words of one that a rebuild knew by its address alone

    kind = models.CharField(max_length=12, choices=Kind)
    about = models.CharField(max_length=2048)
    place = models.CharField(max_length=2048, blank=True)  # where to look, if not there
    lane = models.CharField(max_length=20)  # those of one lane are run one after another
    due = models.DateTimeField(null=True, default=timezone.now)
    times = models.PositiveIntegerField(default=0)  # that it was done
    failures = models.PositiveSmallIntegerField(default=0)  # since it was done last
    done = models.DateTimeField(null=True)
    note = models.CharField(max_length=500, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["kind", "about"], name="one_errand_each")]
        indexes = [models.Index(fields=["due"], name="errand_due")]

    def __str__(self) -> str:
        return f"{self.kind} {self.about}"


class Parting(models.Model):
    """One row: how often somebody was kept away, or a relation ended (bridge/partings.py)."""

    number = models.PositiveBigIntegerField(default=0)

    def __str__(self) -> str:
        return str(self.number)


class Tick(models.Model):
    """When regular work was last done, so that its silence is noticed."""

    name = models.CharField(max_length=40, unique=True)
    at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return self.name
