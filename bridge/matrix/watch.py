"""Notices when the homeserver's process ends: a connection kept to it ends at the same moment.

For what it had not pushed yet is then forgotten, even when it is back within the second.
"""

import logging
import threading
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from urllib.parse import urlsplit

from django.conf import settings

TIMEOUT = 10.0  # seconds

log = logging.getLogger("ownroom.watch")


class Watch:
    def __init__(self) -> None:
        self.line: HTTPConnection | None = None
        self.there = False
        self.missed = False  # and said so
        self.lock = threading.Lock()

    def returned(self) -> bool:
        """Whether the homeserver answers, and was away (or unknown) since we asked last."""
        if not self.lock.acquire(blocking=False):
            return False  # somebody asks right now
        try:
            broken = self.line is not None
            if broken and self._answers():
                return False
            was_there, self.there = self.there and not broken, self._opens() and self._answers()
            self._say()
            return self.there and not was_there
        finally:
            self.lock.release()

    def _say(self) -> None:
        """Once for each time that it is away: an admin who starts us looks here first."""
        if not self.there and not self.missed:
            url = settings.OWNROOM_HOMESERVER_URL
            log.warning("the homeserver %s does not answer. Why: python manage.py doctor", url)
        self.missed = not self.there

    def _opens(self) -> bool:
        url = urlsplit(settings.OWNROOM_HOMESERVER_URL)
        kind = HTTPSConnection if url.scheme == "https" else HTTPConnection
        self.line = kind(url.hostname or "", url.port, timeout=TIMEOUT)
        try:
            self.line.connect()
        except OSError:
            self.hang_up()
            return False
        self.line.auto_open = 0  # a line that broke must not mend itself unnoticed
        return True

    def _answers(self) -> bool:
        if self.line is None:
            return False
        try:
            self.line.request("GET", "/_matrix/client/versions")
            response = self.line.getresponse()
            response.read()
        except (OSError, HTTPException):
            self.hang_up()
            return False
        well = response.status < 500
        if response.will_close or not well:  # where no line is kept only refusals tell something
            self.hang_up()
        return well

    def hang_up(self) -> None:
        if self.line:
            self.line.close()
        self.line = None


homeserver = Watch()  # of this process
