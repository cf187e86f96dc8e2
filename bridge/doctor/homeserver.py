"""The homeserver: does it answer, does it know us, does it reach us, is its clock ours.

Asks as plainly as curl would, so that each answer can be told from the others.
"""

import email.utils
import json
import stat
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import yaml
from django.conf import settings

from bridge.doctor.findings import Finding, fail, ok, warn
from bridge.matrix import registration

PATIENCE = 8.0  # seconds
SKEW = 30.0  # seconds: signatures are dated, and others allow little more
AGAIN = "Copy the registration file to the homeserver again and restart it."


@dataclass(frozen=True, slots=True)
class Answer:
    status: int  # 0: none came
    body: dict[str, Any] = field(default_factory=dict)
    date: str = ""
    problem: str = ""

    @property
    def code(self) -> str:
        return str(self.body.get("errcode", ""))


def _ask(path: str, *, post: bool = False, token: str = "") -> Answer:
    request = urllib.request.Request(  # noqa: S310  the admin's own setting
        f"{settings.OWNROOM_HOMESERVER_URL}/_matrix/client{path}",
        data=b"{}" if post else None,
        headers={"Content-Type": "application/json"}
        | ({"Authorization": f"Bearer {token}"} if token else {}),
    )
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:  # noqa: S310
            return Answer(answer.status, _json(answer.read()), answer.headers.get("Date", ""))
    except urllib.error.HTTPError as error:
        with error:
            return Answer(error.code, _json(error.read()), error.headers.get("Date", ""))
    except (OSError, ValueError) as error:
        reason = getattr(error, "reason", error)
        return Answer(0, problem=getattr(reason, "strerror", None) or str(reason))


def _json(raw: bytes) -> dict[str, Any]:
    try:
        found = json.loads(raw)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def answers() -> Finding:
    url = settings.OWNROOM_HOMESERVER_URL
    answer = _ask("/versions")
    if not answer.status:
        cure = f"Is it running? Try: curl {url}/_matrix/client/versions"
        if url.startswith("https://"):
            cure += ". On the same machine it is commonly http, without the s"
        return fail(f"{url} does not answer: {answer.problem}", cure)
    if answer.status != 200 or "versions" not in answer.body:
        cure = "OWNROOM_HOMESERVER_URL is the address of the client API, without a path."
        return fail(f"{url} answers {answer.status}, but not as a homeserver does", cure)
    return ok(f"{url} answers")


def registered() -> Finding:
    """Our own file; whether the homeserver has the same one, `token` and `ping` tell."""
    path = settings.OWNROOM_REGISTRATION
    write = "python manage.py registration --url ADDRESS_OF_THIS_SERVER"
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
        found = yaml.safe_load(path.read_text())
    except FileNotFoundError:
        return fail(f"there is none at {path}", write)
    except (OSError, UnicodeError, yaml.YAMLError) as error:
        return fail(f"{path} cannot be read ({type(error).__name__})", "Restore it from a backup.")
    if not isinstance(found, dict) or not (found.get("as_token") and found.get("hs_token")):
        return fail(f"{path} has no tokens", f"Restore it from a backup, or: {write}")
    expected: dict[str, Any] = {
        "sender_localpart": registration.BOT,
        "namespaces": registration.namespaces(),
        "rate_limited": False,
    }
    wrong = [name for name, value in expected.items() if found.get(name) != value]
    if wrong:
        return fail(f"{' and '.join(wrong)} in {path} are not ours", f"{write}. {AGAIN}")
    if mode & 0o007:
        return fail(f"others on this machine can read its tokens ({mode:04o})", f"chmod 600 {path}")
    return ok(f"tokens and namespaces are right, the homeserver calls {found.get('url')}")


def token() -> Finding:
    reg = registration.load()
    answer = _ask("/v3/account/whoami", token=reg.as_token)
    if answer.status == 200:
        who = answer.body.get("user_id")
        if who == reg.bot:
            return ok(f"the homeserver knows us as {who}")
        cure = f"OWNROOM_SERVER_NAME must be its name. {AGAIN}"
        return fail(f"the homeserver takes us for {who}, we are {reg.bot}", cure)
    if answer.status == 401:
        cure = f"It has no or another registration, or was not restarted. {AGAIN}"
        return fail("the homeserver does not know our token (401)", cure)
    if answer.status == 403:
        return fail(
            "the homeserver knows the token, but not the bot in its namespace (403)",
            f"Its copy of the registration is an old one. {AGAIN}",
        )
    if answer.status == 404:
        cure = "Something between answers for it: is OWNROOM_HOMESERVER_URL the homeserver itself?"
        return fail("nobody answers there for accounts (404)", cure)
    what = answer.status or answer.problem
    return fail(f"the homeserver answers {what}", "Look into the homeserver's log.")


def ping() -> Finding:
    """Application Service API, "Pinging": the homeserver calls us, with the token we expect."""
    reg = registration.load()
    path = f"/v1/appservice/{quote(reg.id, safe='')}/ping"
    answer = _ask(path, post=True, token=reg.as_token)
    if answer.status == 200:
        return ok(f"the homeserver reaches us in {answer.body.get('duration_ms', '?')} ms")
    here = f"The homeserver's machine must reach the url in the registration: {_our_url()}"
    match answer.code:
        case "M_URL_NOT_SET":
            return fail("the registration names no url", f"Write it anew with --url. {AGAIN}")
        case "M_CONNECTION_FAILED" | "M_CONNECTION_TIMEOUT":
            return fail("the homeserver does not reach us", f"Is Ownroom running? {here}")
        case "M_BAD_STATUS":
            status = answer.body.get("status", "?")
            cure = f"{here}. 401 or 403: the hs_token in its copy is another one. {AGAIN}"
            return fail(f"the homeserver reaches something that answers {status}", cure)
        case "M_FORBIDDEN":
            return fail("the homeserver knows us under another id", AGAIN)
        case _:
            pass
    what = answer.status or answer.problem
    return fail(f"the homeserver cannot ping ({what} {answer.code})".replace(" )", ")"), here)


def _our_url() -> str:
    found = yaml.safe_load(settings.OWNROOM_REGISTRATION.read_text())
    return str(found.get("url"))


def clock() -> Finding:
    answer = _ask("/versions")
    try:
        theirs = email.utils.parsedate_to_datetime(answer.date).timestamp()
    except ValueError:
        return warn("the homeserver does not tell its time", "Look yourself: timedatectl")
    apart = abs(time.time() - theirs)
    if apart > SKEW:
        cure = "Switch on time synchronisation on both machines: timedatectl set-ntp true"
        return fail(f"this clock and the homeserver's are {apart:.0f} seconds apart", cure)
    return ok("the homeserver's clock says the same")
