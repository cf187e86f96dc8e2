"""The web part alone, for systemd, containers and several machines."""

from argparse import ArgumentParser

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from bridge.management.trouble import demand_migrated
from bridge.serving import demand, serve


class Command(BaseCommand):
    help = "Answer HTTP requests; workers and the scheduler run elsewhere. Needs REDIS_URL."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--host", default="127.0.0.1", help="listen on this address (default %(default)s)"
        )
        parser.add_argument(
            "--port", type=int, default=8000, help="and on this port (default %(default)s)"
        )

    def handle(self, *, host: str, port: int, **_: object) -> None:
        if not settings.REDIS_URL:
            raise CommandError(
                "Web pages of their own need REDIS_URL. Without Redis run: python manage.py up"
            )
        host = demand(host, port)
        demand_migrated()
        serve(host, port, everything=False)
