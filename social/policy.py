"""What this server and its people allow: blocked servers, the allow-list, blocks, suspensions."""

import html
import re
from collections.abc import Collection, Iterable

from django.db.models import Q
from django.utils import timezone

from social import once
from social.hosts import names_over
from social.models import Actor, Block, HostBlock, Instance, Mute, Site, shutting_out


class Refused(Exception):
    """The act may not happen here; the text says why."""


# As people write it for other bridges: a hashtag, whatever markup a server puts around it.
_OPT_OUT = re.compile(r"#(?:nobridge|nobot)\b", re.IGNORECASE)
_TAGS = re.compile(r"<[^>]*>")
BLOCKED = "this server is blocked here"


def host_refused(host: str) -> str:
    """Why nothing goes to or comes from a server; empty when it may. Subdomains count with it."""
    return once.ask(("host", host), lambda: hosts_refused([host]).get(host, ""))


def foresee(hosts: Collection[str]) -> None:
    """What `host_refused` would ask for each, asked at once."""
    refused = hosts_refused(hosts)
    for host in hosts:
        once.know(("host", host), refused.get(host, ""))


def hosts_refused(hosts: Iterable[str]) -> dict[str, str]:
    """The refused ones among many, each with the reason: what goes to a crowd asks only once."""
    over = {host: names_over(host) for host in hosts}
    if not over:
        return {}
    wanted = {name for names in over.values() for name in names}
    known = dict(Instance.objects.filter(host__in=wanted).values_list("host", "policy"))
    only_allowed = allow_list_only()
    said = {host: {known.get(name) for name in names} for host, names in over.items()}
    refused: dict[str, str] = {}
    for host, policies in said.items():
        if Instance.Policy.BLOCKED in policies:
            refused[host] = BLOCKED
        elif only_allowed and Instance.Policy.ALLOWED not in policies:
            refused[host] = "this server is not on the allow-list"
    return refused


def judge(host: str, policy: Instance.Policy, reason: str) -> Instance.Policy:
    """Writes down what this server thinks of another; returns what it thought before."""
    before = Instance.objects.filter(host=host).values_list("policy", flat=True).first()
    Instance.objects.update_or_create(
        host=host, defaults={"policy": policy, "reason": reason, "noted": timezone.now()}
    )
    once.forget()
    return Instance.Policy(before or Instance.Policy.OPEN)


def opted_out(actor: Actor) -> bool:
    """Whether somebody elsewhere asks, in their own name or words, not to be carried to other
    networks. Their answers and letters to people here still arrive.
    """
    fields = (f"{field.get('name', '')} {field.get('value', '')}" for field in actor.fields)
    words = html.unescape(_TAGS.sub("", " ".join((actor.name, actor.summary, *fields))))
    return not actor.is_local and bool(_OPT_OUT.search(words))


def allow_list_only() -> bool:
    return Site.objects.filter(allow_list_only=True).exists()


def blocked_by(actor: Actor) -> set[int]:
    """The keys of those here who block this actor, or its server."""
    return once.ask(("blockers", actor.pk), lambda: _blockers(actor))


def _blockers(actor: Actor) -> set[int]:
    rows = Block.objects.filter(target=actor, author__owner__isnull=False)
    hosts = HostBlock.objects.filter(host__in=actor.names_over)
    found = rows.values_list("author_id", flat=True)
    return set(found.union(hosts.values_list("author_id", flat=True)))


def blocks(author: Actor, target: Actor) -> bool:
    """Whether `author` wants nothing of `target`, or of their server."""
    return Actor.objects.filter(shutting_out(target), pk=author.pk).exists()


def blocked_between(one: Actor, other: Actor) -> bool:
    """The gate between two people, whichever of them shut it."""
    return once.ask(
        ("blocked", frozenset((one.pk, other.pk))), lambda: _blocked_between(one, other)
    )


def _blocked_between(one: Actor, other: Actor) -> bool:
    either = (Q(pk=one.pk) & shutting_out(other)) | (Q(pk=other.pk) & shutting_out(one))
    return Actor.objects.filter(either).exists()


def muting(actor: Actor) -> set[int]:
    """The keys of those here who want to hear nothing of this actor now."""
    return once.ask(("muting", actor.pk), lambda: _muting(actor))


def _muting(actor: Actor) -> set[int]:
    return set(Mute.objects.standing().filter(target=actor).values_list("author_id", flat=True))
