"""What the admins hear and decide."""

from django.db import models
from django.utils import timezone

from social.models.actors import Actor


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
