"""Strangers' JSON: what is refused, and that reading the rest never raises."""

import json
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.activitypub import jsonld
from bridge.errors import Unreadable

AS2 = "https://www.w3.org/ns/activitystreams"
NOTE: dict[str, Any] = {
    "@context": [AS2, {"sensitive": "as:sensitive", "toot": "http://joinmastodon.org/ns#"}],
    "id": "https://remote.test/notes/1",
    "type": "Note",
    "attributedTo": "https://remote.test/users/bob",
    "to": ["https://www.w3.org/ns/activitystreams#Public"],
    "content": "<p>Hello</p>",
    "tag": [{"type": "Mention", "href": "https://social.test/u/alice", "name": "@alice"}],
}

REFUSED = {
    "nothing": b"",
    "broken JSON": b'{"id":',
    "a list": b"[]",
    "a string": b'"https://remote.test/"',
    "null": b"null",
    "NaN": b'{"id": NaN}',
    "an infinite number": b'{"n": 1e999}',
    "a number of 5,000 digits": b'{"n": ' + b"9" * 5_000 + b"}",
    "a lone surrogate": b'{"name": "\\ud800"}',
    "latin-1": b'{"name": "\xe9"}',
    "a byte order mark": b"\xef\xbb\xbf{}",
    "33 levels of objects": b'{"o":' * 33 + b"1" + b"}" * 33,
    "33 levels of lists": b'{"o":' + b"[" * 32 + b"]" * 32 + b"}",
    "1,000 levels": b'{"o":' * 1_000 + b"1" + b"}" * 1_000,
    "100,000 levels": b'{"o":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "10,001 values": b'{"to":[' + b",".join([b"1"] * 10_000) + b"]}",
    "a doubled key": b'{"actor":"https://a.test/","actor":"https://b.test/"}',
    "a doubled key inside": b'{"object":[{"id":"a","id":"b"}]}',
    "a doubled key, once escaped": b'{"id":"a","\\u0069d":"b"}',
    "@graph": b'{"@graph":[]}',
    "@included inside": b'{"object":{"@included":[]}}',
    "@reverse in a list": b'{"object":[{"@reverse":{}}]}',
}
CONTEXTS: dict[str, Any] = {
    "id moved": {"id": "https://evil.test/#name"},
    "id taken for a type": {"id": "@type"},
    "type moved": {"type": "https://evil.test/#kind"},
    "actor moved": {"actor": "as:object"},
    "actor moved by a term definition": {"actor": {"@id": "as:attributedTo", "@type": "@id"}},
    "object moved": {"object": "as:target"},
    "attributedTo moved": {"attributedTo": "as:generator"},
    "to removed": {"to": None},
    "cc moved": {"cc": "as:bto"},
    "the as prefix moved": {"as": "https://evil.test/#"},
    "a definition without @id": {"actor": {"@type": "@id"}},
    "a term that is a list": {"actor": ["as:actor"]},
    "inside a scoped context": {"Note": {"@id": "as:Note", "@context": {"actor": "as:object"}}},
}


@pytest.mark.parametrize("body", REFUSED.values(), ids=REFUSED.keys())
def test_what_could_be_read_in_two_ways_or_never_ends_is_refused(body: bytes) -> None:
    with pytest.raises(Unreadable):
        jsonld.loads(body)


@pytest.mark.parametrize("context", CONTEXTS.values(), ids=CONTEXTS.keys())
@pytest.mark.parametrize("place", ["alone", "in a list", "in an embedded object"])
def test_a_context_that_redefines_our_terms_is_refused(context: Any, place: str) -> None:
    document: dict[str, Any] = {"@context": context, "type": "Note"}
    if place == "in a list":
        document["@context"] = [AS2, context]
    if place == "in an embedded object":
        document = {"@context": AS2, "type": "Create", "object": document}
    with pytest.raises(Unreadable):
        jsonld.loads(orjson.dumps(document))


def test_the_error_does_not_quote_the_body() -> None:
    with pytest.raises(Unreadable) as caught:
        jsonld.loads(b'{"content": "a secret", "content": "a secret"}')
    assert "secret" not in str(caught.value)


def test_an_ordinary_document_comes_back_as_it_was() -> None:
    assert jsonld.loads(jsonld.dumps(NOTE).encode()) == NOTE


def test_a_context_may_repeat_the_usual_meaning() -> None:
    context = {
        "id": "@id",
        "type": "@type",
        "actor": {"@id": "as:actor", "@type": "@id"},
        "to": {"@id": f"{AS2}#to", "@type": "@id"},
        "as": f"{AS2}#",
    }
    assert jsonld.loads(orjson.dumps({"@context": [AS2, context], "id": "x"}))["id"] == "x"


def test_32_levels_and_10_000_values_are_read() -> None:
    assert jsonld.loads(b'{"o":' * 32 + b"1" + b"}" * 32)
    assert len(jsonld.loads(b'{"to":[' + b",".join([b"1"] * 9_998) + b"]}")["to"]) == 9_998


def test_a_number_beyond_64_bits_is_read() -> None:
    assert jsonld.loads(b'{"totalItems": 123456789012345678901234}')["totalItems"] > 1e23


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (None, []),
        ([], []),
        ("a", ["a"]),
        (["a", "b"], ["a", "b"]),
        ({"id": "a"}, [{"id": "a"}]),
        (0, [0]),
    ],
)
def test_one_value_stands_for_a_list_of_one(value: Any, found: list[Any]) -> None:
    assert jsonld.as_list(value) == found
    assert jsonld.first(value) == (found[0] if found else None)


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("https://a.test/1", "https://a.test/1"),
        ({"id": "https://a.test/1", "type": "Note"}, "https://a.test/1"),
        ({"id": ["https://a.test/1"]}, ""),
        ({"type": "Note"}, ""),
        (["https://a.test/1"], ""),
        ("https://a.test/\0", ""),
        ("https://a.test/ 1", ""),
        ("https://a.test/" + "x" * 2_048, ""),
        (7, ""),
    ],
)
def test_an_id_is_a_string_or_is_in_an_object(value: Any, found: str) -> None:
    assert jsonld.id_of(value) == found


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("https://a.test/", "https://a.test/"),
        ({"type": "Link", "href": "http://a.test/"}, "http://a.test/"),
        ([{"href": "magnet:?x"}, {"href": "https://a.test/v"}], "https://a.test/v"),
        (["javascript:alert(1)"], ""),
        ({"href": ["https://a.test/"]}, ""),
        (None, ""),
    ],
)
def test_a_link_is_the_first_web_address(value: Any, found: str) -> None:
    assert jsonld.link(value) == found


def test_types_lose_their_namespace() -> None:
    assert jsonld.types({"type": ["as:Note", f"{AS2}#Article", 3]}) == ("Note", "Article")
    assert jsonld.types({"type": "Person"}) == ("Person",)
    assert jsonld.types("Note") == ()


def test_text_drops_nul_and_takes_the_first_of_a_list() -> None:
    assert jsonld.text("a\0b") == "ab"
    assert jsonld.text(["x", "y"]) == "x"
    assert jsonld.text({"en": "x"}) == ""


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("2026-11-23T18:45:10.123Z", 1_795_459_510_123),
        ("2026-11-23T18:45:10.123456789Z", 1_795_459_510_123),
        ("2026-11-23T19:45:10.123+01:00", 1_795_459_510_123),
        ("2026-11-23T18:45:10", 1_795_459_510_000),
        ("1969-12-31T23:59:59Z", None),
        ("0001-01-01T00:00:00+14:00", None),
        ("9999-12-31T23:59:59-14:00", None),
        ("2026-13-01T00:00:00Z", None),
        ("0000-00-00T00:00:00Z", None),
        ("yesterday, at noon", None),
        ("", None),
        (1_795_459_510, None),
        (True, None),
    ],
)
def test_dates_become_milliseconds_or_nothing(value: Any, found: int | None) -> None:
    assert jsonld.millis(value) == found


@given(st.integers(0, 253_402_300_799_999))
def test_a_date_survives_the_way_out_and_back(moment: int) -> None:
    assert jsonld.millis(jsonld.iso(moment)) == moment


def test_milliseconds_are_kept_in_dates() -> None:
    assert jsonld.iso(1_795_459_510_007) == "2026-11-23T18:45:10.007Z"


@pytest.mark.parametrize("uri", [f"{AS2}#Public", "as:Public", "Public"])
def test_the_public_has_three_names(uri: str) -> None:
    assert jsonld.is_public(uri)


@pytest.mark.parametrize("uri", ["public", AS2, "", None, {"id": "as:Public"}, ["as:Public"]])
def test_nothing_else_is_public(uri: Any) -> None:
    assert not jsonld.is_public(uri)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.just("https://a.test"),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["id", "type", "href", "url", "@context", "actor"]) | st.text(),
            inner,
            max_size=4,
        )
    ),
    max_leaves=20,
)


@given(JSON)
def test_no_json_value_makes_a_reader_raise(value: Any) -> None:
    assert isinstance(jsonld.as_list(value), list)
    jsonld.first(value)
    jsonld.only(value)
    assert isinstance(jsonld.id_of(value), str)
    assert isinstance(jsonld.text(value), str)
    assert all(isinstance(name, str) for name in jsonld.types(value))
    assert isinstance(jsonld.link(value), str)
    assert jsonld.millis(value) is None or isinstance(value, str)
    assert jsonld.is_public(value) in {True, False}


@given(st.dictionaries(st.text(), JSON))
def test_any_document_is_read_or_unreadable(document: dict[str, Any]) -> None:
    try:
        jsonld.loads(json.dumps(document).encode())
    except Unreadable:
        return


@given(st.binary())
def test_any_bytes_are_read_or_unreadable(body: bytes) -> None:
    with pytest.raises(Unreadable):
        jsonld.loads(body + b"\xff")


@pytest.mark.parametrize(
    ("said", "milliseconds"),
    [
        ("PT4.5S", 4_500),
        ("PT1M2S", 62_000),
        ("PT1145S", 1_145_000),
        ("P1DT1H", 90_000_000),
        ("P9999D", 31 * 86_400_000),
        ("PT", 0),
        ("P1Y", 0),
        ("-PT4S", 0),
        ("four seconds", 0),
        ("PT" + "9" * 5_000 + "S", 0),
        (4, 0),
        (None, 0),
    ],
)
def test_how_long_something_lasts(said, milliseconds):
    assert jsonld.duration(said) == milliseconds


@pytest.mark.parametrize("key", ["bto", "bcc", "as:bto", f"{AS2}#bcc"])
@pytest.mark.parametrize("place", ["on the activity", "on the object", "in a list"])
def test_secret_addressees_are_taken_out_wherever_they_stand(key: str, place: str) -> None:
    named: dict[str, Any] = {"type": "Note", key: ["https://far.test/u"], "x": [0.5]}
    open_ = {"type": "Note", "x": [0.5]}
    wrapped: dict[str, Any] = {
        "on the activity": (named, open_),
        "on the object": ({"object": named}, {"object": open_}),
        "in a list": ({"object": [named]}, {"object": [open_]}),
    }[place]
    document, text = jsonld.discreet(wrapped[0], json.dumps(wrapped[0]))
    assert document == json.loads(text) == wrapped[1]


def test_a_secret_addressee_under_an_escaped_name_is_taken_out_too() -> None:
    text = '{"type":"Note","\\u0062to":"https://far.test/u"}'
    assert jsonld.discreet(jsonld.loads(text.encode()), text)[0] == {"type": "Note"}


def test_what_names_nobody_in_secret_stays_as_it_came() -> None:
    text = '{ "type":"Note", "content":"to bto or not", "n":1.50, "s":"\\u003cp\\u003e" }'
    assert jsonld.discreet(json.loads(text), text)[1] == text
