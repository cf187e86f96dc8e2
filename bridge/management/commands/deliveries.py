"""What is to go, from the admin's side."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from bridge import rows
from bridge.management import listing
from social.models import Delivery


class Command(BaseCommand):
    help = "List what is to go, send it again, or give it up: deliveries list --host far.example"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("verb", choices=["list", "retry", "drop"])
        listing.add_choices(
            parser, "waiting, done, ignored, gone (list and drop: waiting, retry: gone)"
        )

    def handle(self, *, verb: str, **options: Any) -> None:
        match verb:
            case "list":
                found = listing.chosen(Delivery, options, "waiting")
                listing.show(found, options, _columns, self.stdout.write)
            case "retry":
                listing.demand_choice(options, verb)
                found = listing.chosen(Delivery, options, "gone")
                self._say(rows.run_again(found, dry=options["dry_run"]), options, "sent again")
            case _:
                listing.demand_choice(options, verb)
                found = listing.chosen(Delivery, options, "waiting")
                self._say(rows.give_up(found, dry=options["dry_run"]), options, "given up")

    def _say(self, count: int, options: dict[str, Any], what: str) -> None:
        will = "would be" if options["dry_run"] else "are"
        self.stdout.write(f"{count} deliveries {will} {what}.")


def _columns(row: Delivery) -> dict[str, str]:
    return {"network": row.network, "to": row.to, "subject": row.subject}
