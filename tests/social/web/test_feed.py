"""The Atom feed: public posts, and what RFC 4287 asks for."""

from xml.etree import ElementTree as ET

import pytest
from django.test import Client

from tests.social.web.cast import NOON, answer, boost, local, remote, write

ATOM = "{http://www.w3.org/2005/Atom}"


def read(client: Client, path: str = "/@alice/feed.atom") -> ET.Element:
    answer = client.get(path)
    assert answer.status_code == 200
    assert answer["Content-Type"] == "application/atom+xml"
    return ET.fromstring(answer.content)  # noqa: S314  our own feed


def titles(feed: ET.Element) -> list[str | None]:
    return [entry.findtext(f"{ATOM}title") for entry in feed.iter(f"{ATOM}entry")]


def test_there_is_no_feed_of_nobody_or_of_somebody_elsewhere(client: Client) -> None:
    remote("bob")
    assert client.get("/@nobody/feed.atom").status_code == 404
    assert client.get("/@bob/feed.atom").status_code == 404


@pytest.mark.parametrize("change", [{"suspended": True}, {"left": NOON}])
def test_the_feed_of_whoever_is_gone_is_gone(client: Client, change: dict[str, object]) -> None:
    local("alice", **change)
    assert client.get("/@alice/feed.atom").status_code == 410


def test_only_public_posts_of_the_author_are_in_the_feed(client: Client) -> None:
    alice, bob = local("alice"), remote("bob")
    write(alice, "for all")
    for visibility in ("unlisted", "private", "limited", "direct", "local"):
        write(alice, visibility, visibility=visibility)
    write(alice, "regretted", deleted=NOON)
    boost(alice, write(bob, "not mine"))
    assert titles(read(client)) == ["for all"]


def test_the_feed_says_what_atom_asks_for(client: Client) -> None:
    alice = local("alice")
    post = write(
        alice,
        "Ducks &amp; <b>herons</b>",
        published=NOON,
        updated=NOON + 1_000,
        hashtags=["Lake"],
        attachments=[{"url": "https://p.example/1.png", "media_type": "image/png"}],
    )
    answer(post, alice, "older", published=NOON - 5_000)
    feed = read(client)
    assert feed.tag == f"{ATOM}feed"
    assert feed.findtext(f"{ATOM}id") == "http://social.test/@alice/feed.atom"
    assert feed.findtext(f"{ATOM}updated") == "2026-11-23T12:00:01+00:00"
    assert feed.findtext(f"{ATOM}author/{ATOM}name") == "Alice"
    links = {link.get("rel"): link.get("href") for link in feed.findall(f"{ATOM}link")}
    assert links["self"] == "http://social.test/@alice/feed.atom"
    assert links["alternate"] == "http://social.test/@alice"
    entry = feed.find(f"{ATOM}entry")
    assert entry is not None
    assert entry.findtext(f"{ATOM}id") == post.uri
    assert entry.findtext(f"{ATOM}title") == "Ducks & herons"
    assert entry.findtext(f"{ATOM}published") == "2026-11-23T12:00:00+00:00"
    assert entry.findtext(f"{ATOM}updated") == "2026-11-23T12:00:01+00:00"
    assert entry.findtext(f"{ATOM}content") == "<p>Ducks &amp; <b>herons</b></p>"
    assert [tag.get("term") for tag in entry.findall(f"{ATOM}category")] == ["Lake"]
    ids = [each.findtext(f"{ATOM}id") for each in feed.iter(f"{ATOM}entry")]
    assert len(set(ids)) == 2


def test_a_warning_is_the_title_and_the_summary(client: Client) -> None:
    write(local("alice"), "The cat did it.", summary="Spoilers")
    entry = read(client).find(f"{ATOM}entry")
    assert entry is not None
    assert entry.findtext(f"{ATOM}title") == entry.findtext(f"{ATOM}summary") == "Spoilers"


def test_hostile_text_spoils_neither_the_xml_nor_the_reader(client: Client) -> None:
    alice = local("alice", name="A\x0b]]><script>&\ufffe")
    write(alice, "<script>x</script>\x08 ]]> text", summary="\x1b[0m", hashtags=['"/><x>'])
    feed = read(client)
    content = feed.findtext(f"{ATOM}entry/{ATOM}content")
    assert content is not None
    assert "script" not in content
    assert "text" in content


def test_an_empty_feed_is_still_a_feed(client: Client) -> None:
    feed = read(client, f"/@{local('alice', introduced=NOON).handle}/feed.atom")
    assert titles(feed) == []
    assert feed.findtext(f"{ATOM}updated") == "2026-11-23T12:00:00+00:00"


def test_search_engines_are_kept_out_of_the_feed_too(client: Client) -> None:
    local("alice")
    local("ada", indexable=True)
    assert client.get("/@alice/feed.atom")["X-Robots-Tag"] == "noindex"
    assert "X-Robots-Tag" not in client.get("/@ada/feed.atom").headers
