"""Profiles, from the admin's side."""

import json
from argparse import ArgumentParser

from django.core.management.base import BaseCommand, CommandError

from bridge.errors import Trouble
from bridge.management.trouble import said
from bridge.matrix import linking
from bridge.matrix.registration import RegistrationMissing


class Command(BaseCommand):
    help = "Make a bridged profile for a user of the homeserver: profile create @alice:example.org"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("verb", choices=["create"])
        parser.add_argument("owner", help="whose: a Matrix ID, such as @alice:example.org")
        parser.add_argument(
            "--handle", default="", help="the name before the domain (default: as in the ID)"
        )
        parser.add_argument("--json", action="store_true", help="say it as one JSON object")

    def handle(self, *, owner: str, handle: str, json: bool, **_: object) -> None:
        try:
            linked = linking.create(owner, handle)
        except (Trouble, RegistrationMissing) as error:
            raise CommandError(said(error)) from error
        found = {
            "handle": f"@{linked.actor.acct}",
            "actor": linked.actor.uri,
            "room_id": linked.room_id,
            "desk": linked.desk_id,
        }
        self.stdout.write(_json(found) if json else _text(found, owner))


def _json(found: dict[str, str]) -> str:
    return json.dumps(found)


def _text(found: dict[str, str], owner: str) -> str:
    return (
        f"{found['handle']} is {owner}.\n"
        f"  actor  {found['actor']}\n"
        f"  room   {found['room_id']} (they accept its invitation, then write there)\n"
        f"  desk   {found['desk']} (they tell the bot what to do there: help)"
    )
