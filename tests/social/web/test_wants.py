"""Who gets the page and who the activity."""

import pytest

from social.web import wants

AS2 = "https://www.w3.org/ns/activitystreams"


@pytest.mark.parametrize(
    "accept",
    [
        "",
        "*/*",
        "text/html",
        "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
        "application/json",
        "application/ld+json",
        'application/ld+json; profile="https://other.example/"',
        "text/html, application/activity+json",
        "application/activity+json;q=0.5, text/html",
        "application/activity+json;q=0, */*",
        "application/activity+json;q=0",
        "application/activity+json;q=0.2, */*;q=0.3",
        "application/atom+xml",
        ";;;,,,===",
        "a/b; x*=bogus''y",
    ],
)
def test_the_page_is_for_browsers_and_for_everybody_who_does_not_say(accept: str) -> None:
    assert not wants.activity(accept)


@pytest.mark.parametrize(
    "accept",
    [
        "application/activity+json",
        "Application/Activity+JSON; charset=utf-8",
        f'application/ld+json; profile="{AS2}"',
        f"application/ld+json;profile={AS2}",
        f'application/ld+json; charset=utf-8 ; profile="https://other.example/ {AS2}"',
        f'application/ld+json; q=0.9; profile="{AS2}", text/html;q=0.1',
        "application/activity+json, application/ld+json",
        "application/activity+json, */*;q=0.1",
        "application/activity+json, */*",
        "application/activity+json;q=bad, text/html;q=0.5",
        "application/activity+json;q=7, text/html;q=0.5",
    ],
)
def test_the_activity_is_for_those_who_prefer_it(accept: str) -> None:
    assert wants.activity(accept)
