"""The worker part alone: processes what was received, sends what waits."""

import logging
import os
from argparse import ArgumentParser

from celery.signals import worker_ready
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from bridge import embedded, tasks
from bridge.celery import app
from bridge.management.trouble import demand_migrated


class Command(BaseCommand):
    help = "Process what was received and send what waits. Needs REDIS_URL."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--queues",
            default=",".join(embedded.QUEUES),
            help="which ones, by commas (default: all of %(default)s)",
        )
        parser.add_argument(
            "--threads",
            type=int,
            default=embedded.THREADS,
            help="how much at a time (default %(default)s)",
        )

    def handle(self, *, queues: str, threads: int, **_: object) -> None:
        if not settings.REDIS_URL:
            raise CommandError(
                "A worker of its own needs REDIS_URL. Without Redis run: python manage.py up"
            )
        demand_migrated()
        worker_ready.connect(lambda **_: tasks.awake.delay(), weak=False)
        try:
            app.worker_main(
                [
                    *("worker", "--pool", "threads", "--concurrency", str(threads)),
                    *("--queues", queues, "--loglevel", "WARNING"),
                    *("--without-gossip", "--without-mingle"),
                ]
            )
        except SystemExit as ended:
            if ended.code:  # its broker died under it: at once, whatever its threads wait for
                logging.shutdown()
                os._exit(1)
            raise
