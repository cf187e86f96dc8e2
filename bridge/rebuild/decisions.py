"""What the admins decided, as their room has it (bridge/matrix/decided.py)."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from social import policy, reach
from social.hosts import covers
from social.models import Actor, Instance, Report, Site

Policy = Instance.Policy


def put_back(said: Mapping[str, Any], at: int) -> None:
    """One decision of then, when everybody is there again whom it may be about."""
    about, reason = said["about"], str(said.get("reason", ""))[:500]
    match said["kind"]:
        case "server" if said.get("policy") in Policy:
            noted = datetime.fromisoformat(said["noted"])
            values = {"policy": said["policy"], "reason": reason, "noted": noted}
            Instance.objects.update_or_create(host=about, defaults=values)
            if said["policy"] == Policy.BLOCKED:
                _hide(about)
        case "actor":
            suspended = said.get("suspended") is True
            rows = Actor.objects.filter(uri=about)
            if suspended:
                reach.interrupt(rows, at)
            rows.update(suspended=suspended, suspension=reason)
        case "report":
            closed = datetime.fromisoformat(said["resolved"]) if said.get("resolved") else None
            found = Report.objects.filter(uri=about, target__uri=said["whom"])
            found.update(resolved=closed, note=str(said.get("note", ""))[:500])
        case "site":
            listed = said.get("allow_list_only") is True
            Site.objects.update_or_create(pk=1, defaults={"allow_list_only": listed})
        case _:
            pass


def _hide(host: str) -> None:
    """Everybody of a blocked server, and of those below it."""
    strangers = Actor.objects.filter(owner=None, suspended=False).exclude(kind="application")
    hosts = strangers.order_by().values_list("host", flat=True).distinct()
    hidden = [found for found in hosts if covers(host, found)]
    strangers.filter(host__in=hidden).update(suspended=True, suspension=policy.BLOCKED)
