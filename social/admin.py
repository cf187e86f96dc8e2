"""The index in the admin's pages: to look at, not to write in. What is private is not shown."""

from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.html import strip_tags

from social.acts import OPEN
from social.models import Follow, Post, Site

HIDDEN = "not shown"
if TYPE_CHECKING:
    Admin = admin.ModelAdmin[Any]
else:
    Admin = admin.ModelAdmin  # takes no parameter when it runs


def brief(text: str, most: int = 48) -> str:
    """What fits into a list beside the reason; its whole stands on the row's own page."""
    half = most // 2
    return text if len(text) <= most else f"{text[:half]}…{text[-half:]}"


class ReadOnly(Admin):
    """Nothing of it can be added, changed or deleted here."""

    list_per_page = 50
    show_full_result_count = False
    heading = ""  # what the list is, in a line

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        titled = {"title": self.heading} if self.heading else {}
        return super().changelist_view(request, titled | (extra_context or {}))

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Post)
class PostAdmin(ReadOnly):
    heading = "Posts as anybody may read them; of others only that they are there"
    list_display = ("author", "visibility", "excerpt", "uri", "deleted_at")
    list_filter = ("visibility", ("author__owner", admin.EmptyFieldListFilter))
    list_select_related = ("author",)
    search_fields = ("=uri", "=author__handle", "=author__host")
    ordering = ("-id",)
    fields = ("uri", "author", "visibility", "words", "warning", "language", "reply", "url")
    readonly_fields = fields

    @admin.display(description="text")
    def words(self, post: Post) -> str:
        return strip_tags(post.html) if post.visibility in OPEN else HIDDEN

    @admin.display(description="content warning")
    def warning(self, post: Post) -> str:
        return post.summary if post.visibility in OPEN else HIDDEN

    @admin.display(description="text")
    def excerpt(self, post: Post) -> str:
        return self.words(post)[:80]

    @admin.display(boolean=True, description="deleted")
    def deleted_at(self, post: Post) -> bool:
        return post.deleted is not None


@admin.register(Follow)
class FollowAdmin(ReadOnly):
    """Whoever hides their relations from the world hides them here too: only counted."""

    list_display = ("follower", "target", "state")
    list_filter = ("state",)
    list_select_related = ("follower", "target")
    search_fields = (
        *("=follower__handle", "=follower__host"),
        *("=target__handle", "=target__host"),
    )
    ordering = ("-id",)
    heading = "Who follows whom"
    fields = ("follower", "target", "state", "uri")
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[Follow]:
        return super().get_queryset(request).exclude(_private())

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if hidden := Follow.objects.filter(_private()).count():
            text = f"{hidden} follows are of people who hide whom they know: {HIDDEN}."
            messages.info(request, text)
        return super().changelist_view(request, extra_context)


def _private() -> Q:
    return Q(follower__hide_network=True) | Q(target__hide_network=True)


class SiteAdmin(Admin):
    list_display = ("__str__", "allow_list_only")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return not Site.objects.exists()

    def has_delete_permission(self, request: HttpRequest, obj: Site | None = None) -> bool:
        return False
