"""What was said, and the one gate between it and its readers."""

from typing import Self

from django.db import models
from django.db.models import Q

from social.acts import Quotable, Visibility
from social.models.actors import Actor
from social.models.relations import shut_out, shutting_out


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
    visibility: "models.CharField[Visibility, Visibility]" = models.CharField(max_length=10)
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
    # By whom.
    quotable: "models.CharField[Quotable, Quotable]" = models.CharField(max_length=10, blank=True)
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


class Tombstone(models.Model):
    """A post or an act that was taken back: what arrives later under this URI stays out."""

    uri = models.CharField(max_length=2048, unique=True)
    author = models.CharField(max_length=2048)
    at = models.BigIntegerField()

    def __str__(self) -> str:
        return self.uri
