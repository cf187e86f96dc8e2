"""Quotes in what strangers write: whose word counts, and in which of its many spellings."""

from typing import Any

import pytest

from bridge.activitypub import parse_quotes
from bridge.activitypub.parse import parse
from social.acts import AllowQuote, Ignored, Publish, RefuseQuote

AT = 1_795_459_500_000
BOB = "https://mastodon.example/users/bob"
MINE = "https://social.test/ap/o/quotingquotingquot12"
LENA = "https://gts.example/users/lena/statuses/1"
PUBLIC = "https://www.w3.org/ns/activitystreams#Public"


def said(kind: str, **values: Any) -> Any:
    return parse({"id": f"{BOB}#1", "type": kind, "actor": BOB, **values}, at=AT)


def note(**values: Any) -> Publish:
    obj = {"id": f"{BOB}/1", "type": "Note", "attributedTo": BOB, "content": "hi", "to": PUBLIC}
    act = said("Create", object={**obj, **values})
    assert isinstance(act, Publish)
    return act


@pytest.mark.parametrize(
    ("kind", "values", "reason"),
    [
        ("QuoteRequest", {"object": LENA}, "what would quote what"),
        ("QuoteRequest", {"object": LENA, "instrument": LENA}, "on another server"),
        ("QuoteRequest", {"object": "x", "instrument": f"{BOB}/1"}, "what would quote what"),
        (
            "QuoteRequest",
            {"object": LENA, "instrument": {"id": f"{BOB}/1", "attributedTo": f"{BOB}by"}},
            "somebody else",
        ),
        (
            "QuoteRequest",
            {
                "object": LENA,
                "instrument": {"id": f"{BOB}/1", "attributedTo": BOB, "quote": f"{LENA}2"},
            },
            "another one",
        ),
        ("Accept", {"object": f"{MINE}#quote"}, "where it can be read"),
        ("Accept", {"object": f"{MINE}#quote", "result": "https://evil.example/1"}, "can be read"),
        ("Reject", {"object": {"type": "QuoteRequest"}}, "to which QuoteRequest"),
    ],
)
def test_what_says_too_little_or_for_others_is_no_answer(
    kind: str, values: dict[str, Any], reason: str
) -> None:
    act = said(kind, **values)
    assert isinstance(act, Ignored)
    assert reason in act.reason


def test_an_answer_to_a_bare_id_is_about_the_post_in_it() -> None:
    act = said("Accept", object=f"{MINE}#quote", result=f"{BOB}/stamps/1")
    assert isinstance(act, AllowQuote)
    assert (act.quoting, act.stamp) == (MINE, f"{BOB}/stamps/1")


def test_a_stamp_that_is_deleted_says_what_it_was_for() -> None:
    stamp = {"id": f"{BOB}/stamps/1", "type": "QuoteAuthorization", "interactingObject": MINE}
    act = said("Delete", object=stamp)
    assert isinstance(act, RefuseQuote)
    assert (act.quoting, act.stamp) == (MINE, f"{BOB}/stamps/1")


@pytest.mark.parametrize(
    "spelling",
    [
        {"quote": LENA},
        {"quote": {"id": LENA, "type": "Note"}},
        {"quote": [LENA]},
        {"quoteUri": LENA},
        {"quoteUrl": LENA},
        {"_misskey_quote": LENA},
        {
            "tag": {
                "type": "Link",
                "rel": "https://misskey-hub.net/ns#_misskey_quote",
                "href": LENA,
            }
        },
    ],
)
def test_a_quote_is_found_in_each_spelling(spelling: dict[str, Any]) -> None:
    assert note(**spelling).content.quote == LENA


@pytest.mark.parametrize(
    "odd",
    [
        {"quote": f"{BOB}/1"},
        {"quote": "javascript:alert(1)"},
        {"quote": {"type": "Tombstone", "id": LENA}, "quoteUrl": LENA},
        {"quote": None, "quoteUrl": LENA},
        {"quoteUrl": 3},
        {"tag": [{"type": "Link", "rel": 3, "href": LENA}]},
    ],
)
def test_what_is_no_quote_is_none(odd: dict[str, Any]) -> None:
    assert note(**odd).content.quote == ""


def test_the_line_for_who_knows_no_quotes_goes_only_where_there_is_one() -> None:
    line = f'<p class="quote-inline">RE: <a href="{LENA}">{LENA}</a></p><p>So true</p>'
    assert note(content=line, quote=LENA).content.html == "<p>So true</p>"
    assert LENA in note(content=line).content.html


@pytest.mark.parametrize(
    ("policy", "quotable"),
    [
        ({}, ""),
        ({"canQuote": {"automaticApproval": PUBLIC}}, "public"),
        ({"canQuote": {"automaticApproval": ["as:Public"]}}, "public"),
        ({"canQuote": {"automaticApproval": [f"{BOB}/followers"]}}, "followers"),
        ({"canQuote": {"manualApproval": [PUBLIC]}}, "ask"),
        ({"canQuote": {"automaticApproval": [BOB]}}, "nobody"),
        ({"canQuote": {}}, "nobody"),
        ({"canQuote": [3]}, ""),
        (3, ""),
    ],
)
def test_a_policy_is_read_as_whom_it_names(policy: Any, quotable: str) -> None:
    obj = {"interactionPolicy": policy}
    assert parse_quotes.quotable(obj, BOB, f"{BOB}/followers") == quotable
