"""What the admins decided, as state of their own room: so that it outlives the database.

A decision is written as it stands when its turn has come; an older one is never said after it.
"""

import hashlib
from typing import Any

from bridge import keys
from bridge.loop import in_database
from bridge.matrix import client, places, rooms
from bridge.matrix.vocabulary import DECISION
from social import outbox
from social.models import Actor, Instance, Report, Site

_LONGEST = 255  # bytes of a state key


def note(kind: str, about: str = "", whom: str = "") -> None:
    """Call inside the transaction that decides. `whom`: of a report of several people."""
    to = outbox.Address(lane=places.lane(places.CONTROL), to=f"decision {kind}")
    told = {"kind": kind, "about": about, "whom": whom}
    subject = f"decision {kind} {about} {whom}"[:2048]
    outbox.tell("matrix", [to], sender=keys.instance_uri(), subject=subject, said=told)


async def say(told: dict[str, Any]) -> None:
    kind, about, whom = told["kind"], told["about"], told["whom"]
    stands = await in_database(_standing, kind, about, whom)
    content = {"v": 1, "kind": kind, "about": about, **({"whom": whom} if whom else {}), **stands}
    control = await rooms.control()
    await client.put_state(control, DECISION, content, _key(kind, about, whom))


def _key(*parts: str) -> str:
    key = " ".join(filter(None, parts))
    if len(key.encode()) <= _LONGEST and not key.startswith("@"):
        return key
    return f"{parts[0]} {hashlib.sha256(key.encode()).hexdigest()}"


def _standing(kind: str, about: str, whom: str) -> dict[str, Any]:
    match kind:
        case "server":
            host = Instance.objects.filter(host=about).first()
            noted = {"noted": host.noted.isoformat()} if host else {}
            return {"policy": host.policy, "reason": host.reason, **noted} if host else {}
        case "actor":
            actor = Actor.objects.filter(uri=about).first()
            return {"suspended": actor.suspended, "reason": actor.suspension} if actor else {}
        case "report":
            report = Report.objects.filter(uri=about, target__uri=whom).first()
            closed = report.resolved.isoformat() if report and report.resolved else ""
            return {"resolved": closed, "note": report.note if report else ""}
        case _:
            listed = Site.objects.filter(allow_list_only=True).exists()
            return {"allow_list_only": listed}
