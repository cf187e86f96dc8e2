"""The admin's pages in a real browser, under the same strict policy as all others."""

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import sync_playwright
from pytest_django.live_server_helper import LiveServer

from bridge.models import Errand, Lane, Received
from social.models import Delivery, Instance, Site
from tests.live.browser import CHROMIUM, NEEDED, QUIET

LOUD = "<script>document.title='loud'</script>"

pytestmark = NEEDED


@pytest.fixture
def paths(db: None) -> list[str]:
    """The rows are written before the browser starts: its loop would forbid the ORM."""
    User.objects.create_superuser("root", password="right")
    body = f'{{"type": "Follow", "id": "{LOUD}"}}'
    row = Received.objects.create(network="activitypub", key=LOUD, lane="l", body=body, note=LOUD)
    told = {"network": "matrix", "lane": "l", "to": LOUD, "sender": LOUD, "subject": LOUD}
    delivery = Delivery.objects.create(**told, act={"act": "Follow", "uri": LOUD})
    Lane.objects.create(name="l", failures=1, note=LOUD)
    errand = Errand.objects.create(kind="links", about=LOUD, lane="errands 0", note=LOUD)
    instance = Instance.objects.create(host="far.example", reason=LOUD)
    Site.objects.create()
    names = ("delivery", "actor", "post", "follow", "instance", "site")
    return [
        *(
            "",
            "bridge/received/",
            "bridge/lane/",
            "bridge/errand/",
            *(f"social/{name}/" for name in names),
        ),
        f"bridge/received/{row.pk}/change/",
        f"bridge/errand/{errand.pk}/change/",
        f"social/delivery/{delivery.pk}/change/",
        f"social/instance/{instance.pk}/change/",
        *("social/instance/add/", "auth/user/", "auth/user/add/"),
    ]


def test_every_page_works_without_breaking_the_content_security_policy(
    live_server: LiveServer, paths: list[str]
) -> None:
    said: list[str] = []
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=list(QUIET))
        page = chromium.new_page()
        page.goto(f"{live_server.url}/admin/")
        page.fill("#id_username", "root")
        page.fill("#id_password", "right")
        page.click("input[type=submit]")
        # A breach of the policy is told to the console as an error.
        page.on(
            "console",
            lambda message: (
                said.append(f"{page.url} {message.text}") if message.type == "error" else None
            ),
        )
        page.on("pageerror", lambda error: said.append(f"{page.url} {error}"))
        for path in paths:
            answer = page.goto(f"{live_server.url}/admin/{path}")
            assert answer is not None
            assert answer.ok, path
            assert page.evaluate("document.styleSheets[0].cssRules.length") > 50
            assert page.title() != "loud"
        page.goto(f"{live_server.url}/admin/social/instance/")
        page.check("input.action-select")
        page.select_option("select[name=action]", "block")
        page.fill("input[name=reason]", "spam")
        page.click("button[name=index]")
        assert "Blocked: far.example" in page.inner_text(".messagelist")
        chromium.close()
    assert said == []
