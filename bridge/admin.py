"""The admin's pages: what came, what is to go, which lanes rest; servers and people.

Rows are shown and run again, never edited; every decision goes through bridge/moderation.py.
"""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import django.contrib.auth.admin  # noqa: F401  the accounts of admins
from django import forms
from django.contrib import admin, messages
from django.contrib.admin.forms import AdminAuthenticationForm
from django.contrib.admin.helpers import ActionForm
from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.db.models import F, Model, OuterRef, QuerySet, Subquery
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from bridge import directory, errands, moderation, rows
from bridge.errors import Trouble
from bridge.models import Errand, Lane, Received
from social.admin import Admin, ReadOnly, brief
from social.admin import SiteAdmin as PlainSiteAdmin
from social.models import Actor, Delivery, Instance, Post, Queued, Report, Site

TRIES = 5  # wrong passwords in a minute from one address

site = admin.site
site.site_header = site.site_title = "Ownroom"
site.index_title = "What came, what goes, and whom we speak with"


# ---- signing in


class Login(AdminAuthenticationForm):
    """Whoever guesses has to wait."""

    def clean(self) -> dict[str, Any]:
        key = f"admin-login:{_address(self.request)}"
        if cache.get(key, 0) >= TRIES:
            raise ValidationError("Too many tries. Wait a minute, then try again.")
        try:
            return super().clean()
        except ValidationError:
            if not cache.add(key, 1, 60):
                cache.incr(key)
            raise


def _address(request: HttpRequest | None) -> str:
    """Of the visitor: the proxy's word where there is one (nobody else reaches our port)."""
    meta = request.META if request else {}
    passed = str(meta.get("HTTP_X_FORWARDED_FOR", "")).rsplit(",", 1)[-1].strip()
    return (passed or str(meta.get("REMOTE_ADDR", "")))[:60]


site.login_form = Login


# ---- the rows of both tables


def _moment(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"


class TroubledLane(admin.SimpleListFilter):
    title = "lane in trouble"
    parameter_name = "lane"

    def lookups(self, request: HttpRequest, model_admin: Admin) -> list[tuple[str, str]]:
        troubled = Lane.objects.filter(failures__gt=0).order_by("name")
        found = list(troubled.values_list("name", flat=True)[:20])
        asked = request.GET.get(self.parameter_name)
        return [(name, name) for name in [*found, *([asked] if asked else [])]]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(lane=self.value()) if self.value() else queryset


class QueuedAdmin(ReadOnly):
    """Shared by both tables."""

    list_filter = ("state", "network", TroubledLane)
    ordering = ("-id",)
    date_hierarchy = None
    actions: tuple[str, ...] = ("run_again",)
    list_display_links = ("state", "row")  # the first ones are all that a phone shows

    @admin.display(description="what")
    def row(self, row: Any) -> str:
        return brief(row.key if isinstance(row, Received) else row.subject)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        lane = Lane.objects.filter(name=OuterRef("lane"), failures__gt=0)
        rests = Subquery(lane.values("note")[:1])
        found: QuerySet[Any] = super().get_queryset(request).annotate(rest=rests)
        return found

    @admin.display(description="why", ordering="note")
    def why(self, row: Any) -> str:
        """Of a row that waits behind others the reason is its lane's."""
        rests = row.state == Queued.State.WAITING and row.rest
        return row.note or (f"its lane rests: {row.rest}" if rests else "–")

    @admin.display(description="again at", ordering="due")
    def again(self, row: Any) -> str:
        """Of what has ended it says nothing when it was due."""
        return _moment(row.due) if row.state == Queued.State.WAITING else "–"

    @admin.action(description="Run again")
    def run_again(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        count, asked = rows.run_again(queryset), queryset.count()
        text = f"{count} rows wait to be run again."
        if asked > count:
            text += f" {asked - count} stand in their rooms already and were left alone."
        messages.success(request, text)


@admin.register(Received)
class ReceivedAdmin(QueuedAdmin):
    heading = "What came, and what became of it"
    list_display = ("state", "why", "row", "again", "tries", "lane_name", "created")
    search_fields = ("=key", "=signer", "=lane", "note")
    fieldsets = (
        (None, {"fields": ("key", "network", "lane", "signer")}),
        ("Outcome", {"fields": ("state", "why", "tries", "created", "again", "ended")}),
        ("As it came", {"classes": ("collapse",), "fields": ("json",)}),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Received]:
        return super().get_queryset(request).defer("body")

    @admin.display(description="lane", ordering="lane")
    def lane_name(self, row: Received) -> str:
        return brief(row.lane)

    @admin.display(description="JSON")
    def json(self, row: Received) -> SafeString:
        return format_html("<pre>{}</pre>", rows.shown_body(row))


@admin.register(Delivery)
class DeliveryAdmin(QueuedAdmin):
    heading = "What goes out, and what became of it"
    list_display = ("state", "why", "whither", "row", "again", "tries", "created")
    search_fields = ("=to", "=subject", "=sender", "=lane", "note")
    actions = ("run_again", "give_up")
    fieldsets = (
        (None, {"fields": ("network", "to", "sender", "subject", "lane", "document")}),
        ("Outcome", {"fields": ("state", "why", "tries", "created", "again", "ended")}),
        ("What it says", {"classes": ("collapse",), "fields": ("json",)}),
    )

    @admin.display(description="to", ordering="to")
    def whither(self, row: Delivery) -> str:
        return brief(row.to)

    @admin.display(description="JSON")
    def json(self, row: Delivery) -> SafeString:
        return format_html("<pre>{}</pre>", rows.shown_act(row))

    @admin.action(description="Give up (what waits)")
    def give_up(self, request: HttpRequest, queryset: QuerySet[Delivery]) -> None:
        messages.success(request, f"{rows.give_up(queryset)} deliveries were given up.")


class Resting(admin.SimpleListFilter):
    title = "state"
    parameter_name = "resting"

    def lookups(self, request: HttpRequest, model_admin: Admin) -> list[tuple[str, str]]:
        return [("yes", "resting")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(failures__gt=0) if self.value() else queryset


@admin.register(Lane)
class LaneAdmin(ReadOnly):
    heading = "Lanes: one for each server and room, and how long it is left alone"
    list_display = ("name", "rests_until", "why", "failures", "failing_since", "holder")
    list_filter = (Resting,)
    search_fields = ("name", "note")
    ordering = ("-failures", "name")
    actions = ("try_now",)

    @admin.display(description="rests until")
    def rests_until(self, lane: Lane) -> str:
        resting = lane.failures and lane.due > timezone.now()
        return _moment(lane.due) if resting else "–"

    @admin.display(description="why", ordering="note")
    def why(self, lane: Lane) -> str:
        return lane.note or "–"

    @admin.action(description="Try now")
    def try_now(self, request: HttpRequest, queryset: QuerySet[Lane]) -> None:
        count = rows.try_now(list(queryset.values_list("name", flat=True)))
        messages.success(request, f"{count} lanes are tried now.")


MEANT = {
    Errand.Kind.PROFILE: "tell of a changed profile",
    Errand.Kind.CONVERSATION: "read what others answered in a conversation",
    Errand.Kind.FOLLOWERS: "ask whether both sides know the same follows",
    Errand.Kind.BAN: "let somebody back into a group",
    Errand.Kind.PAST: "read what was written before somebody here followed",
    Errand.Kind.POST: "ask for a post that is known by its address alone",
    Errand.Kind.ACTOR: "read what somebody elsewhere says of themselves by now",
    Errand.Kind.NAMED: "ask who that is whom a post names",
    Errand.Kind.LINKS: "look whether the pages in a profile link back",
    Errand.Kind.QUOTE: "ask whether a post may quote what it quotes",
}


class Meant(admin.SimpleListFilter):
    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Admin) -> list[tuple[str, str]]:
        names = {"waits": "waits", "failed": "failed, tried again", "left": "given up"}
        return [*names.items(), ("done", "done")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        match self.value():
            case "waits":
                return queryset.filter(failures=0).exclude(due=None)
            case "failed":
                return queryset.filter(failures__gt=0).exclude(due=None)
            case "left":
                return queryset.filter(failures__gt=0, due=None)
            case "done":
                return queryset.filter(failures=0, due=None)
            case _:
                return queryset


@admin.register(Errand)
class ErrandAdmin(ReadOnly):
    """What the server means to do by itself, later and not too often."""

    heading = "What the server means to do by itself, later and not too often"
    list_display = ("what", "state", "why", "until", "whom", "times", "done")
    list_filter = (Meant, "kind")
    search_fields = ("=about", "=place", "=lane", "note")
    ordering = (F("due").asc(nulls_last=True), "-done")
    actions = ("run_again",)
    fieldsets = (
        (None, {"fields": ("what", "about", "place", "lane")}),
        ("Outcome", {"fields": ("state", "until", "note", "failures", "times", "done")}),
    )

    @admin.display(description="what")
    def what(self, errand: Errand) -> str:
        return MEANT[Errand.Kind(errand.kind)]

    @admin.display(description="state")
    def state(self, errand: Errand) -> str:
        if errand.due is None:
            return "given up until it is wanted again" if errand.failures else "done"
        if errand.failures:
            return f"failed {errand.failures} of {errands.TRIES} times, tried again"
        return "waits" if errand.due > timezone.now() else "due now"

    @admin.display(description="why", ordering="note")
    def why(self, errand: Errand) -> str:
        return errand.note or "–"

    @admin.display(description="about", ordering="about")
    def whom(self, errand: Errand) -> str:
        return brief(errand.about)

    @admin.display(description="until", ordering="due")
    def until(self, errand: Errand) -> str:
        return _moment(errand.due) if errand.due else "–"

    @admin.action(description="Run again, now")
    def run_again(self, request: HttpRequest, queryset: QuerySet[Errand]) -> None:
        messages.success(request, f"{errands.run_again(queryset)} errands are run now.")


# ---- whom we speak with


class Reasoned(ActionForm):
    reason = forms.CharField(required=False, max_length=500, label="Reason")


class DecisionAdmin(Admin):
    """Actions that ask for a reason and end in a sentence."""

    action_form = Reasoned
    list_per_page = 50

    def decide(self, request: HttpRequest, say: Any, subjects: list[Any]) -> None:
        for subject in subjects:
            try:
                messages.success(request, say(subject))
            except Trouble as error:
                messages.error(request, str(error))


if TYPE_CHECKING:
    Form = forms.ModelForm[Instance]
else:
    Form = forms.ModelForm


class InstanceForm(Form):
    class Meta:
        model = Instance
        fields = ("host", "policy", "reason")

    def clean_host(self) -> str:
        try:
            return directory.host(self.cleaned_data["host"])
        except Trouble as error:
            raise ValidationError(str(error)) from error


@admin.register(Site)
class SiteAdmin(PlainSiteAdmin):
    def save_model(self, request: HttpRequest, obj: Site, form: Any, change: Any) -> None:
        super().save_model(request, obj, form, change)
        moderation.site_decided()


@admin.register(Instance)
class InstanceAdmin(DecisionAdmin):
    form = InstanceForm
    list_display = ("host", "policy", "reason", "noted")
    list_filter = ("policy",)
    search_fields = ("host", "reason")
    ordering = ("host",)
    actions = ("block", "allow", "unblock")

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> list[str]:
        return ["host"] if obj else []

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False  # "open" is the end of a decision, and remembers why

    def save_model(self, request: HttpRequest, obj: Instance, form: Any, change: Any) -> None:
        decision = DECISIONS[Instance.Policy(obj.policy)]
        messages.success(request, decision(obj.host, obj.reason))
        obj.pk = Instance.objects.get(host=obj.host).pk

    def _each(self, request: HttpRequest, queryset: QuerySet[Instance], decision: Any) -> None:
        reason = request.POST.get("reason", "")
        self.decide(
            request,
            lambda instance: decision(instance.host, reason or instance.reason),
            list(queryset),
        )

    @admin.action(description="Block: nothing comes, nothing goes, follows end")
    def block(self, request: HttpRequest, queryset: QuerySet[Instance]) -> None:
        self._each(request, queryset, moderation.block)

    @admin.action(description="Put on the allow-list")
    def allow(self, request: HttpRequest, queryset: QuerySet[Instance]) -> None:
        self._each(request, queryset, moderation.allow)

    @admin.action(description="Open: end a block or an allowance")
    def unblock(self, request: HttpRequest, queryset: QuerySet[Instance]) -> None:
        self._each(request, queryset, moderation.unblock)


DECISIONS = {
    Instance.Policy.OPEN: moderation.unblock,
    Instance.Policy.ALLOWED: moderation.allow,
    Instance.Policy.BLOCKED: moderation.block,
}


@admin.register(Actor)
class ActorAdmin(ReadOnly, DecisionAdmin):
    """Shown as the world sees them; keys never."""

    heading = "People and groups, here and elsewhere"

    list_display = ("acct", "name", "owner", "suspended", "suspension", "kind")
    list_filter = ("suspended", ("owner", admin.EmptyFieldListFilter), "kind")
    search_fields = ("handle", "=host", "=uri", "=owner")
    ordering = ("-id",)
    actions = ("suspend", "unsuspend")
    fields = (
        *("acct", "uri", "url", "owner", "name", "summary", "kind"),
        *("suspended", "suspension", "moved_to", "inbox", "shared_inbox", "room_link"),
        *("posts_count", "followers_count", "following_count", "fetched"),
    )

    @admin.display(description="posts")
    def posts_count(self, actor: Actor) -> int:
        return actor.posts.filter(deleted=None).count()

    @admin.display(description="followers")
    def followers_count(self, actor: Actor) -> int:
        return actor.follows_in.filter(state="accepted").count()

    @admin.display(description="following")
    def following_count(self, actor: Actor) -> int:
        return actor.follows_out.filter(state="accepted").count()

    @admin.action(description="Suspend: hidden, not sent, not taken from")
    def suspend(self, request: HttpRequest, queryset: QuerySet[Actor]) -> None:
        reason = request.POST.get("reason", "")
        self.decide(request, lambda actor: moderation.suspend(actor, reason), list(queryset))

    @admin.action(description="End the suspension")
    def unsuspend(self, request: HttpRequest, queryset: QuerySet[Actor]) -> None:
        self.decide(request, moderation.unsuspend, list(queryset))


class Open(admin.SimpleListFilter):
    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Admin) -> list[tuple[str, str]]:
        return [("open", "open"), ("closed", "closed")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        wanted = {"open": True, "closed": False}.get(str(self.value()))
        return queryset if wanted is None else queryset.filter(resolved__isnull=wanted)


@admin.register(Report)
class ReportAdmin(ReadOnly, DecisionAdmin):
    """What people here and other servers complain of; the reason typed becomes the note."""

    heading = "What people here and other servers complain of"

    list_display = ("target", "excerpt", "by", "made", "open", "note", "forwarded")
    list_filter = (Open, "forwarded")
    list_select_related = ("author", "target")
    search_fields = ("=target__handle", "=target__host", "=author__host")
    ordering = ("-at", "-id")
    actions = ("resolve", "reopen", "suspend")
    fields = ("target", "by", "made", "words", "posts", "forwarded", "resolved", "note", "uri")
    readonly_fields = ("by", "made", "posts")

    @admin.display(description="words")
    def excerpt(self, report: Report) -> str:
        return report.words[:80]

    @admin.display(description="reported by")
    def by(self, report: Report) -> str:
        return f"@{report.author.acct}"

    @admin.display(description="at")
    def made(self, report: Report) -> str:
        return _moment(datetime.fromtimestamp(report.at / 1000, tz=UTC))

    @admin.display(boolean=True, description="open")
    def open(self, report: Report) -> bool:
        return report.resolved is None

    @admin.display(description="posts")
    def posts(self, report: Report) -> SafeString:
        """Links to where anybody may read them; of others only that they are meant."""
        shown = dict(Post.objects.open().filter(uri__in=report.about).values_list("uri", "url"))
        return format_html_join(
            mark_safe("<br>"),
            '<a href="{}" rel="noreferrer">{}</a>',
            ((shown.get(uri) or uri, uri) for uri in report.about),
        )

    @admin.action(description="Close: it was looked at (the reason becomes its note)")
    def resolve(self, request: HttpRequest, queryset: QuerySet[Report]) -> None:
        note = request.POST.get("reason", "")
        self.decide(request, lambda report: moderation.resolve(report, note), list(queryset))

    @admin.action(description="Open again")
    def reopen(self, request: HttpRequest, queryset: QuerySet[Report]) -> None:
        note = request.POST.get("reason", "")
        self.decide(request, lambda report: moderation.reopen(report, note), list(queryset))

    @admin.action(description="Suspend whom it is about, and close it")
    def suspend(self, request: HttpRequest, queryset: QuerySet[Report]) -> None:
        reason = request.POST.get("reason", "")
        people = {report.target.pk: report.target for report in queryset}
        self.decide(request, lambda actor: moderation.suspend(actor, reason), list(people.values()))
        self.resolve(request, queryset)
