"""What others do with a post: react, vote, pin, boost, quote; and what its author decides of it."""

from django.db import models

from social.models.actors import Actor
from social.models.posts import Post


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


class Stamp(models.Model):
    """Somebody here lets a post quote theirs; the proof stands at `uri`."""

    uri = models.CharField(max_length=2048, unique=True)
    post = models.ForeignKey(Post, on_delete=models.CASCADE, related_name="stamps")
    quoting = models.CharField(max_length=2048, db_index=True)  # URI; the post may be unknown here
    by = models.ForeignKey(Actor, on_delete=models.CASCADE, related_name="stamps")
    at = models.BigIntegerField()

    def __str__(self) -> str:
        return self.uri


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
