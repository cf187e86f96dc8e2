"""Everything an admin can get wrong, each with its cure."""

import json
from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand

from bridge.doctor.examination import examine
from bridge.doctor.findings import Finding


class Command(BaseCommand):
    help = "Test everything an admin can get wrong; exit 1 if anything is red."
    requires_system_checks: list[str] = []  # it asks them itself, and goes on

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="one JSON object a line")

    def handle(self, *, json: bool, **_: Any) -> None:
        red = 0
        for name, finding in examine():
            red += finding.state == "fail"
            self.stdout.write(_json(name, finding) if json else self._line(name, finding))
            self.stdout.flush()
        if red:
            raise SystemExit(1)

    def _line(self, name: str, finding: Finding) -> str:
        paint = {"ok": self.style.SUCCESS, "warn": self.style.WARNING, "fail": self.style.ERROR}
        cure = f"  →  {finding.cure}" if finding.cure else ""
        return f"{paint[finding.state](f'{finding.state:<4}')}  {name:<12}  {finding.cause}{cure}"


def _json(name: str, finding: Finding) -> str:
    return json.dumps({"name": name, **asdict(finding)}, ensure_ascii=False)
