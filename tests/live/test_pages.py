"""The public pages in a real browser: quiet console, keyboard, small screens, no scripts."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Page, sync_playwright
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from tests.live.browser import CHROMIUM, NEEDED, QUIET
from tests.social.web.cast import answer, boost, follow, local, path, remote, write

LOUD = "<script>document.title='loud'</script><img src=x onerror=\"document.title='loud'\">"
LONG = "w" * 200

pytestmark = NEEDED


@pytest.fixture(autouse=True)
def pages(settings: Settings) -> None:
    settings.ROOT_URLCONF = "social.web.urls"
    if "social.web" not in settings.INSTALLED_APPS:
        settings.INSTALLED_APPS = [*settings.INSTALLED_APPS, "social.web"]


@pytest.fixture
def paths(pages: None) -> tuple[str, ...]:
    """The rows are written before the browser starts: its loop would forbid the ORM."""
    fields = [{"name": LONG, "value": f'<a href="https://a.example/{LONG}">{LONG}</a>'}]
    alice, bob = local("alice", name="Alice " * 20, fields=fields), remote("bob", name=LOUD)
    follow(bob, alice)
    boost(alice, write(bob, f"<pre><code>{'long code ' * 40}</code></pre>"))
    post = answer(write(bob, LOUD), alice, f"Hello {LONG}", summary="Careful")
    below = post
    for _ in range(6):
        below = answer(below, bob, LONG)
    return "/", "/@alice", path(post)


@contextmanager
def browser(*, scripts: bool = True, scheme: str = "light", width: int = 320) -> Iterator[Page]:
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=list(QUIET))
        context = chromium.new_context(
            java_script_enabled=scripts,
            color_scheme="dark" if scheme == "dark" else "light",
            viewport={"width": width, "height": 800},
        )
        try:
            yield context.new_page()
        finally:
            chromium.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 1200])
def test_the_console_stays_quiet_and_nothing_scrolls_sideways(
    live_server: LiveServer, paths: tuple[str, ...], scheme: str, width: int
) -> None:
    said: list[str] = []
    failed: list[str] = []
    with browser(scheme=scheme, width=width) as page:
        # A breach of the Content-Security-Policy is told to the console as an error.
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("requestfailed", lambda request: failed.append(request.url))
        for path in paths:
            answer = page.goto(f"{live_server.url}{path}")
            assert answer is not None
            assert answer.ok
            assert page.evaluate("document.styleSheets[0].cssRules.length") > 50
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            assert page.title() != "loud"
    assert said == []
    assert failed == []


def test_the_keyboard_reaches_every_link_and_the_warning(
    live_server: LiveServer, paths: tuple[str, ...]
) -> None:
    with browser(width=800) as page:
        for path in paths:
            page.goto(f"{live_server.url}{path}")
            page.keyboard.press("Tab")
            assert page.evaluate("document.activeElement.className") == "skip"
            assert page.evaluate("document.activeElement.getBoundingClientRect().top") >= 0
            page.evaluate("document.activeElement.dataset.seen = 1")
            for _ in range(page.locator("a, summary").count() * 2):
                page.keyboard.press("Tab")
                page.evaluate("document.activeElement.dataset.seen = 1")
            hidden = "details:not([open]) > :not(summary) *"
            missed = page.evaluate(
                "hidden => [...document.querySelectorAll('a, summary')]"
                ".filter(each => !each.dataset.seen && !each.matches(hidden))"
                ".map(each => each.outerHTML)",
                hidden,
            )
            assert missed == []


def test_a_warning_opens_with_the_keyboard_and_without_scripts(
    live_server: LiveServer, paths: tuple[str, ...]
) -> None:
    with browser(scripts=False) as page:
        page.goto(f"{live_server.url}{paths[-1]}")
        content = page.get_by_text("Hello www")
        assert not content.is_visible()
        page.get_by_text("Careful").locator("xpath=ancestor::summary").press("Enter")
        assert content.is_visible()
