"""The index made anew from the rooms."""

from argparse import ArgumentParser

from django.core.management.base import BaseCommand, CommandError

from bridge import rebuild
from bridge.errors import Trouble
from bridge.management.trouble import said
from bridge.matrix.registration import RegistrationMissing


class Command(BaseCommand):
    help = "Rebuild the index from the rooms. Sends nothing; may be run again at any time."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--room", default="", help="only this room")

    def handle(self, *, room: str, **_: object) -> None:
        try:
            unread = rebuild.rebuild(self.stdout.write, only=room)
        except (Trouble, RegistrationMissing) as error:
            raise CommandError(said(error)) from error
        but = f", but for {unread} rooms that cannot be read" if unread else ""
        self.stdout.write(f"The index is whole again{but}.")
