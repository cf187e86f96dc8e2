"""What this server and its people allow: blocked servers, the allow-list, blocks, suspensions."""

from django.utils import timezone

from social.models import Actor, Block, Instance, Site

BLOCKED = "this server is blocked here"


def host_refused(host: str) -> str:
    """Why nothing goes to or comes from a server; empty when it may. Subdomains count with it."""
    rows = Instance.objects.filter(host__in=_names_over(host))
    known = {row.host: row.policy for row in rows}
    if Instance.Policy.BLOCKED in known.values():
        return BLOCKED
    if Instance.Policy.ALLOWED not in known.values() and allow_list_only():
        return "this server is not on the allow-list"
    return ""


def _names_over(host: str) -> list[str]:
    labels = host.split(":", maxsplit=1)[0].split(".")
    return [host, *(".".join(labels[start:]) for start in range(len(labels)))]


def covers(judged: str, host: str) -> bool:
    """Whether what is decided about one host holds for another: itself and its subdomains."""
    return judged in _names_over(host)


def judge(host: str, policy: Instance.Policy, reason: str) -> Instance.Policy:
    """Writes down what this server thinks of another; returns what it thought before."""
    before = Instance.objects.filter(host=host).values_list("policy", flat=True).first()
    Instance.objects.update_or_create(
        host=host, defaults={"policy": policy, "reason": reason, "noted": timezone.now()}
    )
    return Instance.Policy(before or Instance.Policy.OPEN)


def allow_list_only() -> bool:
    return Site.objects.filter(allow_list_only=True).exists()


def blocked_between(one: Actor, other: Actor) -> bool:
    return (
        Block.objects.filter(author=one, target=other).exists()
        or Block.objects.filter(author=other, target=one).exists()
    )
