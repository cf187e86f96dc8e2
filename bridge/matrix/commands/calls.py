"""One command as its function gets it, and the words in which functions of commands answer."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.conf import settings
from django.db.models import Q

from bridge import directory, html, http, names
from bridge.directory import Unnamed
from bridge.errors import Later, Unreadable
from bridge.models import Anchor
from bridge.network import Said
from social.models import Actor

MANY = 50  # of a list that is shown


@dataclass(frozen=True, slots=True)
class Call:
    """One command as its function gets it."""

    actor: Actor  # the desk's owner
    name: str
    words: Sequence[str]  # after the command
    uri: str  # of the act that the command becomes
    at: int
    answers: str = ""  # the event it was typed in answer to

    def whom(self) -> Actor:
        if not self.words:
            raise Unreadable(f"whom? Say it like this: {self.name} @name@server")
        return self.find(self.words[0])

    def find(self, word: str) -> Actor:
        try:
            return directory.find(word)
        except Unnamed:
            raise Unreadable(f"“{word}” is not a handle; {self._like(word)}") from None
        except Later as error:  # a person waits for the answer: they decide when to try again
            host = names.host_of(word) or word.rpartition("@")[2]
            if str(error) == http.NO_SUCH_NAME:
                raise Unreadable(f"I find no server called {host}. Is it spelled right?") from None
            raise Unreadable(f"{host} cannot be asked now ({error}). Try again later") from None

    def _like(self, word: str) -> str:
        """Half a handle of somebody whom they follow, or who follows them."""
        either = Q(follows_in__follower=self.actor) | Q(follows_out__target=self.actor)
        near = Actor.objects.filter(either, handle__iexact=word.strip("@<>,;")).first()
        return f"did you mean: @{near.acct}" if near else "one looks like @name@server"

    def post(self, word: str) -> tuple[str, str]:
        """URI and event of the one they mean: named by its link, or by answering it."""
        event = self.answers
        if word.startswith("$"):
            event = word
        elif word:
            last = word.split("?", maxsplit=1)[0].rstrip("/").rsplit("/", 1)[-1]
            event = last if last.startswith("$") else f"${last}"
        anchor = Anchor.objects.filter(event_id=event).first() if event else None
        if anchor:
            return anchor.uri, event
        if names.origin_of(word) not in {"", settings.OWNROOM_ORIGIN, "https://matrix.to"}:
            return word, ""  # of another server, whose long numbers may look like events
        uri = names.post_uri(settings.OWNROOM_ORIGIN, event) if names.is_event_id(event) else word
        return uri, event


# ---- answers


def only(answer: str) -> list[Said]:
    """An answer, and no act."""
    return [Said(None, answer=answer)]


def named(actor: Actor) -> str:
    return f"<strong>@{html.escape(actor.acct)}</strong>"


def listed(title: str, empty: str, shown: Sequence[str], total: int) -> list[Said]:
    if not shown:
        return only(f"<p>{empty}</p>")
    items = "".join(f"<li>{one}</li>" for one in shown)
    more = f"<p>… and {total - len(shown)} more.</p>" if total > len(shown) else ""
    return only(f"<p>{title} ({total}):</p><ul>{items}</ul>{more}")
