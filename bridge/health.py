"""What a supervisor, a load balancer and Prometheus ask. No secrets, no names, no content."""

import ipaddress
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import DatabaseError, connection
from django.db.models import Count, Min
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Gauge, generate_latest

from bridge.errors import Trouble
from bridge.loop import run
from bridge.matrix import client
from bridge.matrix.registration import RegistrationMissing
from bridge.models import Lane, Received
from social.models import Delivery, Queued

OLD = 600  # seconds: due rows older than this mean that nobody works


@require_safe
def livez(request: HttpRequest) -> HttpResponse:
    return HttpResponse("ok\n", content_type="text/plain")


@require_safe
def health(request: HttpRequest) -> JsonResponse:
    return JsonResponse({"status": "UP"})


@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    found = {name: check() for name, check in CHECKS.items()}
    ready = not any(found.values())
    shown = {name: problem or "ok" for name, problem in found.items()}
    return JsonResponse({"ready": ready, "checks": shown}, status=200 if ready else 503)


def database() -> str:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return "the database does not answer"
    return ""


def redis() -> str:
    if not settings.REDIS_URL:
        return ""
    from redis import Redis, RedisError

    try:
        Redis.from_url(settings.REDIS_URL, socket_timeout=2).ping()
    except RedisError:
        return "Redis does not answer"
    return ""


def homeserver() -> str:
    try:
        run(client.versions())
    except (Trouble, RegistrationMissing) as error:
        return str(error)
    return ""


def backlog() -> str:
    try:
        age = max((oldest(table) for table in (Received, Delivery)), default=0.0)
    except DatabaseError:
        return "the database does not answer"
    return f"a row has been due for {int(age)} seconds" if age > OLD else ""


CHECKS = {"database": database, "redis": redis, "homeserver": homeserver, "backlog": backlog}


def oldest(table: type[Queued]) -> float:
    """Seconds for which the oldest row has been due that no lane holds back."""
    now = timezone.now()
    resting = Lane.objects.filter(due__gt=now).values("name")
    rows = table._default_manager.filter(state="waiting", due__lte=now).exclude(lane__in=resting)
    found: datetime | None = rows.aggregate(oldest=Min("due"))["oldest"]
    return (now - found).total_seconds() if found else 0.0


@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """From the tables, so that every process tells the same. Only for internal networks."""
    if (
        not _is_internal(request.META.get("REMOTE_ADDR", ""))
        or "X-Forwarded-For" in request.headers
    ):
        return HttpResponse("metrics are for internal networks only\n", status=403)
    registry = CollectorRegistry()
    for name, table in (("received", Received), ("delivery", Delivery)):
        _rows(registry, name, table)
    lanes = Gauge(
        "ownroom_lanes_resting", "Lanes whose other side is in trouble", registry=registry
    )
    lanes.set(Lane.objects.filter(failures__gt=0).count())
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


def _rows(registry: CollectorRegistry, name: str, table: type[Queued]) -> None:
    rows = Gauge(
        f"ownroom_{name}_rows", "Rows by network and state", ["network", "state"], registry=registry
    )
    counted: Any = table._default_manager.values_list("network", "state")
    for network, state, count in counted.annotate(count=Count("id")):
        rows.labels(network, state).set(count)
    age = Gauge(
        f"ownroom_{name}_oldest_due_seconds", "Age of the oldest due row", registry=registry
    )
    age.set(oldest(table))


def _is_internal(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_private
    except ValueError:
        return False
