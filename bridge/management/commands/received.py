"""What came, from the admin's side."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from bridge import rows
from bridge.management import listing
from bridge.models import Received


class Command(BaseCommand):
    help = "List what came, or process it again: received list --state gone"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("verb", choices=["list", "retry"])
        listing.add_choices(parser, "waiting, done, ignored, gone (list: waiting, retry: gone)")

    def handle(self, *, verb: str, **options: Any) -> None:
        if verb == "list":
            found = listing.chosen(Received, options, "waiting")
            listing.show(found, options, _columns, self.stdout.write)
            return
        listing.demand_choice(options, verb)
        found = listing.chosen(Received, options, "gone")
        count = rows.run_again(found, dry=options["dry_run"])
        will = "would be" if options["dry_run"] else "are"
        self.stdout.write(f"{count} rows {will} processed again.")


def _columns(row: Received) -> dict[str, str]:
    return {"network": row.network, "lane": row.lane, "key": row.key}
