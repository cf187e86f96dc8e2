"""What this server and its people allow: blocked servers, the allow-list, blocks, suspensions."""

from social.models import Actor, Block, Instance, Site


def host_refused(host: str) -> str:
    """Why nothing goes to or comes from a server; empty when it may. Subdomains count with it."""
    labels = host.split(":", maxsplit=1)[0].split(".")
    names = [host, *(".".join(labels[start:]) for start in range(len(labels)))]
    known = {row.host: row.policy for row in Instance.objects.filter(host__in=names)}
    if Instance.Policy.BLOCKED in known.values():
        return "this server is blocked here"
    if Instance.Policy.ALLOWED not in known.values() and allow_list_only():
        return "this server is not on the allow-list"
    return ""


def allow_list_only() -> bool:
    return Site.objects.filter(allow_list_only=True).exists()


def blocked_between(one: Actor, other: Actor) -> bool:
    return (
        Block.objects.filter(author=one, target=other).exists()
        or Block.objects.filter(author=other, target=one).exists()
    )
