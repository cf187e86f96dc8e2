"""Whom a line to the bot names, as clients send it."""

from typing import Any

import pytest

from bridge.matrix import pills

BOB = "@_ap_bob=40far.example:hs.test"
HREF = f"https://matrix.to/#/{BOB}"


def html(formatted: str) -> dict[str, Any]:
    return {"format": "org.matrix.custom.html", "formatted_body": formatted}


@pytest.mark.parametrize(
    ("line", "content", "spelled"),
    [
        ("follow Bob B", html(f'follow <a href="{HREF}">Bob B</a>'), f"follow {BOB}"),
        (f"follow [Bob B]({HREF})", {}, f"follow {BOB}"),
        ("block block", html(f'block <a href="{HREF}">block</a>'), f"block {BOB}"),
        ("report A &", html(f'report <a href="{HREF}">A &amp;</a>'), f"report {BOB}"),
        (
            "mute Bob for 7d",
            html(f'mute <a href="https://matrix.to/#/{BOB.replace("=", "%3D")}">Bob</a> for 7d'),
            f"mute {BOB} for 7d",
        ),
        (
            "moderate ban Bob Bob",
            html(
                f'moderate ban <a href="{HREF}">Bob</a> <a href="https://matrix.to/#/@b:x">Bob</a>'
            ),
            f"moderate ban {BOB} @b:x",
        ),
    ],
)
def test_a_pill_is_read_as_whom_it_means(line: str, content: dict[str, Any], spelled: str) -> None:
    assert pills.spelled(line, content) == spelled


@pytest.mark.parametrize(
    "content",
    [
        {},
        html('follow <a href="https://far.example/@bob">Bob</a>'),
        html(f'<mx-reply><a href="{HREF}">Bob</a></mx-reply>follow Bob'),
        html(f'follow <a href="{HREF}">Robert</a>'),
        html("follow <a href='https://matrix.to/#/!room:x'>Bob</a>"),
        {"format": "org.matrix.custom.html", "formatted_body": 7},
    ],
)
def test_what_is_no_pill_stays_as_it_was_typed(content: dict[str, Any]) -> None:
    assert pills.spelled("follow Bob", content) == "follow Bob"
