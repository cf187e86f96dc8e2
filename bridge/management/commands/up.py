"""Everything in one process, without Redis or PostgreSQL unless their URLs are set."""

from argparse import ArgumentParser
from pathlib import Path

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand

from bridge.serving import demand, serve


class Command(BaseCommand):
    help = "Migrate, then run web, worker and scheduler together."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--host", default="127.0.0.1", help="listen on this address (default %(default)s)"
        )
        parser.add_argument(
            "--port", type=int, default=8000, help="and on this port (default %(default)s)"
        )
        parser.add_argument(
            "--demo", action="store_true", help="bring a homeserver, people and a neighbour too"
        )
        parser.add_argument(
            "--check", action="store_true", help="with --demo: tell the story, then end"
        )

    def handle(self, *, host: str, port: int, demo: bool, check: bool, **_: object) -> None:
        if demo:
            from bridge.demo.story import tell

            raise SystemExit(tell(port=port, stay=not check))
        self.check()
        host = demand(host, port)
        call_command("migrate", verbosity=0)
        if not Path(settings.OWNROOM_REGISTRATION).exists():
            self.stderr.write(
                "The homeserver does not know us yet. Type: python manage.py registration"
            )
        serve(host, port, everything=True)
