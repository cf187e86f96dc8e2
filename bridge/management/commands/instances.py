"""Other servers, from the admin's side."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from bridge import moderation
from bridge.errors import Trouble
from social import policy
from social.models import Instance

DECISIONS = {
    "block": moderation.block,
    "allow": moderation.allow,
    "unblock": moderation.unblock,
}


class Command(BaseCommand):
    help = "Whom this server speaks with: instances block far.example --reason spam"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("verb", choices=["list", *DECISIONS])
        parser.add_argument(
            "host", nargs="?", default="", help="far.example; subdomains go with it"
        )
        parser.add_argument("--reason", default="", help="for your memory, and for your people")
        parser.add_argument("--json", action="store_true", help="list: one JSON object a line")
        parser.add_argument("--dry-run", action="store_true", help="only say what would end")

    def handle(self, *, verb: str, host: str, **options: Any) -> None:
        if verb == "list":
            self._list(as_json=options["json"])
            return
        if not host:
            raise CommandError(f"Which server? Say: instances {verb} far.example")
        try:
            if options["dry_run"]:
                self.stdout.write(moderation.foretell(host, verb))
            else:
                self.stdout.write(DECISIONS[verb](host, options["reason"]))
        except Trouble as error:
            raise CommandError(str(error)) from error

    def _list(self, *, as_json: bool) -> None:
        found = Instance.objects.exclude(policy="open").order_by("policy", "host")
        for row in found:
            told = {"host": row.host, "policy": row.policy, "reason": row.reason}
            line = f"{row.policy:<8} {row.host}  {row.reason}".rstrip()
            self.stdout.write(json.dumps(told, ensure_ascii=False) if as_json else line)
        if not as_json:
            self.stdout.write(_mode(found.count()))


def _mode(count: int) -> str:
    decided = f"decisions: {count}"
    if policy.allow_list_only():
        return f"{decided}. Only servers on the allow-list are spoken with."
    return f"{decided}. All other servers are spoken with."
