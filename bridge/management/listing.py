"""How the commands about rows read their options and print what they find."""

import json
from argparse import ArgumentParser
from collections.abc import Callable
from typing import Any

from django.core.management.base import CommandError
from django.db.models import QuerySet

from bridge import directory, rows
from bridge.errors import Trouble
from social.models import Queued


def add_choices(parser: ArgumentParser, states: str) -> None:
    parser.add_argument("ids", nargs="*", type=int, help="only these rows, by their numbers")
    parser.add_argument("--host", default="", help="only those from or to this server")
    parser.add_argument(
        "--state", default="", choices=["", *Queued.State.values], metavar="STATE", help=states
    )
    parser.add_argument("--limit", type=int, default=50, help="how many to list (default 50)")
    parser.add_argument("--all", action="store_true", help="retry or drop without choosing")
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    parser.add_argument("--dry-run", action="store_true", help="only say what would happen")


def chosen(table: type[Queued], options: dict[str, Any], state: str) -> QuerySet[Any]:
    """`state` where none was asked for. Raises CommandError."""
    found = table._default_manager.filter(state=options["state"] or state).order_by("-id")
    if options["ids"]:
        found = table._default_manager.filter(pk__in=options["ids"]).order_by("-id")
        missing = set(options["ids"]) - set(found.values_list("pk", flat=True))
        if missing:
            raise CommandError(f"There is no row {', '.join(map(str, sorted(missing)))}.")
    if options["host"]:
        try:
            found = found.filter(rows.of_host(directory.host(options["host"])))
        except Trouble as error:
            raise CommandError(str(error)) from error
    return found


def demand_choice(options: dict[str, Any], verb: str) -> None:
    """Everything at once is asked for by name."""
    if not any(options[name] for name in ("ids", "host", "state", "all")):
        raise CommandError(f"Which? Name rows, --host, --state or --all to {verb}.")


def show(
    found: QuerySet[Any],
    options: dict[str, Any],
    columns: Callable[[Any], dict[str, str]],
    write: Callable[[str], object],
) -> None:
    total = found.count()
    for row in found[: options["limit"]]:
        told = {"id": row.pk, "state": row.state, "tries": row.tries, **columns(row)}
        told |= {"note": row.note, "created": f"{row.created:%Y-%m-%dT%H:%M:%SZ}"}
        if options["json"]:
            write(json.dumps(told, ensure_ascii=False))
        else:
            write(_line(told))
    if not options["json"]:
        write(f"{min(total, options['limit'])} of {total} rows, newest first.")


def _line(told: dict[str, Any]) -> str:
    note = f"\n        {told['note']}" if told["note"] else ""
    own = {"id", "state", "tries", "note", "created"}
    rest = " ".join(str(value) for key, value in told.items() if key not in own)
    head = f"{told['id']:>7} {told['created']} {told['state']:<8} {told['tries']:>2} tries"
    return f"{head}  {rest}{note}"
