"""Who follows whom, and who is kept away from whom."""

from typing import Any, Self

from django.db import models
from django.db.models import Exists, F, OuterRef, Q, Value
from django.db.models.functions import Concat
from django.utils import timezone

from social.models.actors import Actor


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


class FormerReader(models.Model):
    """An inbox elsewhere that had words of `author` and is given no more of them. What is deleted
    later must go there, too. Most stand for a whole server, and none for a person's name.
    """

    author = models.ForeignKey(Actor, on_delete=models.CASCADE, related_name="former_readers")
    # Of this post alone; or of everything until then.
    post = models.ForeignKey("social.Post", null=True, on_delete=models.CASCADE)
    inbox = models.CharField(max_length=2048)
    until = models.BigIntegerField()

    def __str__(self) -> str:
        return f"{self.inbox} until {self.until}"


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
