"""Measures this server on this machine, beside what the homeserver and the cryptography can do."""

import json
import tempfile
from argparse import ArgumentParser
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand


class Command(BaseCommand):
    help = "Measure accepting, indexing, writing to rooms, fanning out, memory and start."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--quick", action="store_true", help="a fifth of the load")
        parser.add_argument(
            "--json", type=Path, metavar="FILE", dest="file", help="write the figures there"
        )
        parser.add_argument("--form", choices=["sqlite", "postgres"], help="only this one")

    def handle(self, *, quick: bool, file: Path | None, form: str | None, **_: object) -> None:
        from bridge.demo import services
        from bridge.demo.bench import machine

        described = machine.described()
        self.stdout.write("  ".join(f"{key}: {value}" for key, value in described.items()))
        found: dict[str, Any] = {"machine": described, "quick": quick, "forms": {}}
        for name in [form] if form else ["sqlite", "postgres"]:
            if name == "postgres" and (missing := services.missing()):
                self.stdout.write(f"\nNot run: postgres, because {', '.join(missing)} is missing.")
                continue
            found["forms"][name] = self._measured(name, quick=quick)
        if file:
            self._write(file, found)

    def _measured(self, form: str, *, quick: bool) -> dict[str, Any]:
        from bridge.demo.bench import measure, report

        with tempfile.TemporaryDirectory(prefix="ownroom-bench-") as folder:
            figures = measure.everything(
                form, Path(folder), quick=quick, say=lambda line: self.stderr.write(f"  {line}")
            )
        rows = report.rows(figures)
        self.stdout.write("\n" + report.table(form, rows))
        return {"figures": figures, "rows": [{**asdict(row), "share": row.share} for row in rows]}

    def _write(self, path: Path, found: dict[str, Any]) -> None:
        path.write_text(json.dumps(found, indent=1) + "\n")
        self.stdout.write(f"\nWritten to {path}")
