"""The web part alone, for systemd, containers and several machines."""

from argparse import ArgumentParser

from django.conf import settings
from django.core.management.base import BaseCommand

from bridge.management.trouble import demand_migrated
from bridge.serving import demand, serve


class Command(BaseCommand):
    help = "Answer HTTP requests; workers and the scheduler run elsewhere, and hear of it by Redis."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--host", default="127.0.0.1", help="listen on this address (default %(default)s)"
        )
        parser.add_argument(
            "--port", type=int, default=8000, help="and on this port (default %(default)s)"
        )

    def handle(self, *, host: str, port: int, **_: object) -> None:
        host = demand(host, port)
        demand_migrated()
        if not settings.REDIS_URL:
            self.stderr.write(
                "Without REDIS_URL nobody works off what comes here: it is stored, and waits for"
                " `python manage.py up`."
            )
        serve(host, port, everything=False)
