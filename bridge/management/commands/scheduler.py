"""The scheduler part alone: rings for the sweep and the other regular work."""

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from bridge.celery import app


class Command(BaseCommand):
    help = "Ring for regular work; run exactly one. Needs REDIS_URL."

    def handle(self, **_: object) -> None:
        if not settings.REDIS_URL:
            raise CommandError(
                "A scheduler of its own needs REDIS_URL. Without Redis run: python manage.py up"
            )
        app.Beat(scheduler="bridge.embedded:Beat", loglevel="WARNING", quiet=True).run()
