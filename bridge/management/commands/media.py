"""Files of others that the homeserver keeps for us, from the admin's side."""

import json
from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from bridge import directory
from bridge.errors import Trouble
from bridge.matrix import overflow, storage, uploads
from bridge.models import Upload

MIB = 1024 * 1024


class Command(BaseCommand):
    help = "Files of others at the homeserver: media list, or media prune --host far.example"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("verb", choices=["list", "prune"])
        parser.add_argument("--days", type=int, default=0, help="not asked for since so many days")
        parser.add_argument("--host", default="", help="only those from this server")
        parser.add_argument("--larger", type=float, default=0, help="only those above so many MiB")
        parser.add_argument("--gone", action="store_true", help="what nothing shows any more")
        parser.add_argument("--json", action="store_true", help="list: one JSON object a line")
        parser.add_argument("--dry-run", action="store_true", help="only say what would go")

    def handle(self, *, verb: str, **options: Any) -> None:
        if verb == "list":
            self._list(as_json=options["json"])
            return
        if options["gone"]:
            self._remove_gone(dry=options["dry_run"])
            return
        if not (options["days"] or options["host"] or options["larger"]):
            raise CommandError(
                "Which? Say --days, --host or --larger, or several of them; or --gone."
            )
        found = list(_chosen(options))
        told = f"{len(found)} files, {_size(sum(row.size for row in found))}"
        if options["dry_run"]:
            self.stdout.write(f"would go: {told}")
        elif settings.OWNROOM_HOMESERVER_ADMIN_TOKEN:
            self._remove(found)
        else:
            self._hide(found, told)

    def _remove_gone(self, *, dry: bool) -> None:
        storage.look_at_texts()
        if dry:
            texts, files = overflow.spent().count(), storage.orphans().count()
            self.stdout.write(f"would go: {texts} texts, {files} files")
        elif not settings.OWNROOM_HOMESERVER_ADMIN_TOKEN:
            raise CommandError("Only an admin of the homeserver removes files there.")
        else:
            self._say(storage.remove_gone())

    def _list(self, *, as_json: bool) -> None:
        rows = storage.by_host()
        if as_json:
            for row in rows:
                self.stdout.write(json.dumps(row, default=str))
            return
        for row in rows:
            since = f"since {row['oldest']:%Y-%m-%d}" if row["oldest"] else "none"
            failed = f", {row['failed']} could not be had" if row["failed"] else ""
            size = _size(row["bytes"])
            self.stdout.write(
                f"{row['files']:>7} files {size:>10}  {row['host']} ({since}{failed})"
            )
        count, quota = storage.kept().count(), settings.OWNROOM_MEDIA_QUOTA
        of = f" of {_size(quota)}" if quota else ""
        self.stdout.write(f"in all: {count} files, {_size(uploads.size())}{of}")
        if gone := overflow.spent().count():
            self.stdout.write(f"besides: {gone} texts of posts that are gone: {_when_they_go()}")

    def _remove(self, found: list[Upload]) -> None:
        self._say(storage.remove(found))

    def _say(self, done: storage.Removed) -> None:
        self.stdout.write(f"removed: {done.files} files, {_size(done.size)}")
        if done.stays:
            raise CommandError(f"{done.stays} stay: {done.why}")

    def _hide(self, found: list[Upload], told: str) -> None:
        """Without an admin's token the files stay; what shows nothing else can be taken out."""
        hidden, left = storage.hide(found)
        self.stdout.write(f"redacted: {hidden} events that showed such files")
        raise CommandError(
            f"The homeserver still has {told}, and {left} events still show one:"
            " set OWNROOM_HOMESERVER_ADMIN_TOKEN to remove them."
        )


def _chosen(options: dict[str, Any]) -> Any:
    days, host = options["days"], options["host"]
    try:
        host = directory.host(host) if host else ""
    except Trouble as error:
        raise CommandError(str(error)) from error
    since = timezone.now() - timedelta(days=days) if days else None
    return storage.chosen(unused_since=since, host=host, larger=int(options["larger"] * MIB))


def _when_they_go() -> str:
    if settings.OWNROOM_HOMESERVER_ADMIN_TOKEN:
        return "removed within the hour"
    return "set OWNROOM_HOMESERVER_ADMIN_TOKEN to remove them"


def _size(size: float) -> str:
    return f"{size / MIB:.1f} MiB"
