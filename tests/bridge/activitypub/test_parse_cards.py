"""What is no Note: its particulars in words that people read, its sound or film beside it."""

from typing import Any

import pytest

from bridge.activitypub.parse import parse
from social.acts import Content, Publish
from social.geography import Place

BOB = "https://far.example/u/bob"
PUBLIC = "https://www.w3.org/ns/activitystreams#Public"


def card(kind: str, **values: Any) -> Content:
    obj = {"id": f"{BOB}/1", "type": kind, "attributedTo": BOB, "to": PUBLIC, "name": "Title"}
    act = parse({**obj, **values}, at=1_795_459_500_000)
    assert isinstance(act, Publish), act
    return act.content


@pytest.mark.parametrize(
    ("values", "shown"),
    [
        ({"startTime": "2026-12-05T14:00:00+01:00"}, "5 December 2026, 14:00 (UTC+01:00)"),
        ({"startTime": "2026-12-05T14:00:00Z"}, "5 December 2026, 14:00 (UTC)"),
        ({"startTime": "2026-12-05T14:00:00-03:30"}, "14:00 (UTC-03:30)"),
        (
            {"startTime": "2026-12-05T14:00:00+01:00", "endTime": "2026-12-05T17:30:00+01:00"},
            "5 December 2026, 14:00 – 17:30 (UTC+01:00)",
        ),
        (
            {
                "startTime": "2026-12-31T22:00:00+01:00",
                "endTime": "2027-01-01T02:00:00+01:00",
                "timezone": "Europe/Vienna",
            },
            "31 December 2026, 22:00 – 1 January 2027, 02:00 (Europe/Vienna)",
        ),
        ({"startTime": "2026-12-05T14:00:00Z", "endTime": "2020-01-01T00:00:00Z"}, "14:00 (UTC)"),
        ({"startTime": "2026-12-05T14:00:00Z", "timezone": "<b>"}, "14:00 (UTC)"),
        ({"startTime": "tomorrow"}, "tomorrow"),
        ({"startTime": "2026-12-05T14:00:00Z", "ical:status": "CANCELLED"}, "Cancelled"),
        ({"externalParticipationUrl": "https://far.example/join"}, "Take part: <a"),
    ],
)
def test_an_event_says_when_in_words_with_its_zone(values: dict[str, Any], shown: str) -> None:
    assert shown in card("Event", **values).html


@pytest.mark.parametrize(
    ("duration", "shown"),
    [
        ("PT1145S", "19 min 5 s"),
        ("PT2H3M", "2 h 3 min"),
        ("P1DT1H", "25 h"),
        ("PT30S", "30 s"),
        (1800, "30 min"),
        ("long", "long"),
    ],
)
def test_a_film_says_how_long_it_is(duration: Any, shown: str) -> None:
    assert f"<p>{shown}</p>" in card("Video", duration=duration).html


@pytest.mark.parametrize("odd", [True, -5, [], {}, 3.5, None, "PT0S"])
def test_an_odd_duration_says_nothing(odd: Any) -> None:
    assert card("Video", duration=odd).html.count("<p>") == 2


@pytest.mark.parametrize(
    ("rating", "shown"), [(4.5, "★★★★½ (4.5 of 5)"), (3, "★★★ (3 of 5)"), (0.5, "½ (0.5 of 5)")]
)
def test_a_rating_is_stars(rating: Any, shown: str) -> None:
    assert shown in card("Review", rating=rating).html


@pytest.mark.parametrize("odd", [True, 0, -1, 6, 1e300, "5", None])
def test_an_odd_rating_is_no_star(odd: Any) -> None:
    assert "★" not in card("Review", rating=odd).html


@pytest.mark.parametrize(
    ("kind", "named"),
    [("Story", "Story"), ("PodcastEpisode", "Podcast episode"), ("Frobnicate", "Frobnicate")],
)
def test_a_card_names_a_type_that_does_not_show(kind: str, named: str) -> None:
    assert f"<p><sub>{named}</sub></p>" in card(kind).html
    assert "<sub>" not in card("Article").html


def test_of_a_page_about_another_page_the_title_is_the_link() -> None:
    link = {"type": "Link", "href": "https://cats.example/"}
    found = card("Page", attachment=[link])
    assert found.html.startswith('<p><strong><a href="https://cats.example/"')
    two = card("Page", attachment=[link, {"type": "Link", "href": "https://dogs.example/"}])
    assert two.html.startswith("<p><strong>Title</strong></p>")


def test_the_language_of_an_event_is_what_its_server_calls_it() -> None:
    assert card("Event", inLanguage="de").language == "de"


@pytest.mark.parametrize(
    ("location", "place"),
    [
        (
            {"type": "Place", "name": "Pier", "latitude": 48.25, "longitude": "-16.3700001"},
            Place(name="Pier", latitude="48.25", longitude="-16.37"),
        ),
        ({"name": "Pier", "address": {"addressLocality": "Skagen"}}, Place(name="Pier, Skagen")),
        ({"name": "Pier, Skagen", "address": "Skagen"}, Place(name="Pier, Skagen")),
        ("The old pier", Place(name="The old pier")),
        ({"latitude": 1, "longitude": 2}, Place(latitude="1", longitude="2")),
        (
            {"latitude": 0, "longitude": 0.0, "radius": 35, "units": "m"},
            Place(latitude="0", longitude="0", radius="35"),
        ),
        ({"name": "Nowhere", "latitude": 91, "longitude": 2}, Place(name="Nowhere")),
        ({"name": "Nowhere", "latitude": True, "longitude": 2}, Place(name="Nowhere")),
        ({"name": "Nowhere", "latitude": 1e300, "longitude": "9" * 99}, Place(name="Nowhere")),
        ({"latitude": "1'", "longitude": 2}, None),
        ({"type": "VirtualLocation", "url": "https://far.example"}, None),
        ("https://far.example/place", None),
        ([], None),
        (3, None),
    ],
)
def test_a_place_is_read_as_far_as_it_can_be_found(location: Any, place: Place | None) -> None:
    assert card("Event", location=location).place == place
    assert card("Note", location=location, content="hi").place == place
