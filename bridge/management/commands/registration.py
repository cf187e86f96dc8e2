"""The file that makes a homeserver trust this server."""

from argparse import ArgumentParser

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from bridge.matrix import registration


class Command(BaseCommand):
    help = "Write the application-service registration for the homeserver, and print it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--url",
            default="http://127.0.0.1:8000",
            help="where the homeserver reaches this server (default %(default)s)",
        )

    def handle(self, *, url: str, **_: object) -> None:
        if not url.startswith(("http://", "https://")):
            raise CommandError(f"--url begins with http:// or https://, for example http://{url}")
        try:
            self.stdout.write(registration.write(url.rstrip("/")))
        except registration.RegistrationMissing as error:
            raise CommandError(str(error)) from error
        self.stderr.write(
            f"Written to {settings.OWNROOM_REGISTRATION}. Name this file in the homeserver's"
            " app_service_config_files, then restart the homeserver."
        )
