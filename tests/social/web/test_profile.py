"""The profile page: what it says, and what it must not say."""

import gzip
import re
from pathlib import Path

import pytest
from django.contrib.staticfiles import finders
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from social.models import Actor, Block, Pin
from social.web import links, pages
from tests.social.web.cast import NOON, boost, follow, local, remote, write
from tests.social.web.markup import assert_harmless

LOUD = "<script>alert('loud')</script><img src=x onerror=alert(1)>"


def text(client: Client, path: str, status: int = 200) -> str:
    answer = client.get(path)
    assert answer.status_code == status
    return answer.text


def queries(client: Client, path: str) -> int:
    with CaptureQueriesContext(connection) as captured:
        client.get(path)
    return len(captured)


def test_nobody_of_that_name_is_404_in_plain_words(client: Client) -> None:
    page = text(client, "/@nobody", 404)
    assert "Nothing here" in page
    assert 'href="/"' in page


def test_somebody_from_elsewhere_has_no_page_here(client: Client) -> None:
    remote("bob")
    assert text(client, "/@bob", 404) == text(client, "/@nobody", 404)
    text(client, "/@bob@far.example", 404)


@pytest.mark.parametrize("change", [{"suspended": True}, {"left": NOON}])
def test_whoever_left_or_is_suspended_is_410_without_a_trace(
    client: Client, change: dict[str, object]
) -> None:
    write(local("alice", summary="<p>my secret bio</p>", **change), "my old words")
    page = text(client, "/@alice", 410)
    assert "This profile is gone" in page
    assert "Alice" not in page
    assert "my" not in page.split("<main", 1)[1].split("</main>", 1)[0]


def test_what_is_pinned_stands_once_on_the_first_page_and_in_its_place_on_a_later_one(
    client: Client,
) -> None:
    alice = local("alice")
    first = write(alice, "the very first", published=NOON)
    Pin.objects.create(author=alice, post=first, at=NOON)
    page = text(client, "/@alice")
    assert page.count("the very first") == 1
    assert "Pinned" in page
    assert "has not posted" not in page
    for number in range(pages.SIZE + 1):
        write(alice, f"post {number}", published=NOON + 1 + number)
    page = text(client, "/@alice")
    assert page.count("the very first") == 1
    assert page.count("post 5<") == 1
    (older,) = re.findall(r'rel="next" href="(\?before=[^"]+)"', page)
    later = text(client, f"/@alice{older}")
    assert later.count("the very first") == 1
    assert "Pinned" not in later


@pytest.mark.parametrize("visibility", ["private", "limited", "direct", "local"])
def test_a_post_that_is_not_for_everybody_is_neither_shown_nor_counted(
    client: Client, visibility: str
) -> None:
    alice, bob = local("alice"), remote("bob")
    write(alice, "whispered", visibility=visibility)
    boost(alice, write(bob, "hushed", visibility=visibility))
    page = text(client, "/@alice")
    assert "whispered" not in page
    assert "hushed" not in page
    assert "<strong>0</strong> posts" in page
    assert "has not posted anything for everybody yet" in page


def test_deleted_posts_and_posts_of_suspended_people_are_not_shown(client: Client) -> None:
    alice = local("alice")
    write(alice, "regretted", deleted=NOON)
    boost(alice, write(remote("mallory", suspended=True), "spam"))
    page = text(client, "/@alice")
    assert "regretted" not in page
    assert "spam" not in page


def test_the_page_says_who_this_is_and_what_they_wrote(client: Client) -> None:
    alice, bob = local("alice", summary="<p>Reads and rows.</p>"), remote("bob")
    follow(bob, alice)
    follow(alice, bob, state="pending")
    write(alice, "Hello from the lake.")
    write(alice, "A quieter word.", visibility="unlisted")
    page = text(client, "/@alice")
    assert "<h1" in page
    assert "@alice@social.test" in page
    assert "Reads and rows." in page
    assert "<strong>2</strong> posts" in page
    assert re.search(r"<strong>1</strong> follower\b", page)
    assert "<strong>0</strong> following" in page
    assert page.index("A quieter word.") < page.index("Hello from the lake.")
    assert "unlisted" in page


def test_a_handle_may_be_typed_in_any_case(client: Client) -> None:
    local("Alice")
    assert '<link rel="canonical" href="http://social.test/@Alice">' in text(client, "/@aLICE")


def test_boosts_stand_at_the_time_of_boosting(client: Client) -> None:
    alice, ada = local("alice"), local("ada")
    theirs = write(remote("bob"), "Bob's old words", published=NOON - 9_000)
    write(alice, "Before the boost", published=NOON)
    boost(ada, theirs, at=NOON - 5_000)  # somebody else's boost must not move it
    boost(alice, theirs, at=NOON + 5)
    write(alice, "After the boost", published=NOON + 10)
    page = text(client, "/@alice")
    order = [page.index(words) for words in ("After the boost", "Bob's old words", "Before the")]
    assert order == sorted(order)
    assert page.count("Bob's old words") == 1
    assert "Boosted by <bdi>Alice</bdi>" in page


def test_a_boost_of_whom_one_blocked_since_is_not_shown(client: Client) -> None:
    alice, bob = local("alice"), remote("bob")
    boost(alice, write(bob, "Bob's old words"), at=NOON)
    assert "Bob's old words" in text(client, "/@alice")
    Block.objects.create(uri="u", author=alice, target=bob, at=NOON)
    assert "Bob's old words" not in text(client, "/@alice")


def test_paging_shows_everything_once_even_at_the_same_moment(client: Client) -> None:
    alice, bob = local("alice"), remote("bob")
    for number in range(33):
        write(alice, f"mine-{number}.", published=NOON)
        boost(alice, write(bob, f"theirs-{number}."), at=NOON)
    path: str | None = "/@alice"
    seen: list[str] = []
    pages = 0
    while path:
        page = text(client, path)
        seen += re.findall(r"(?:mine|theirs)-\d+\.", page.split("</head>")[1])
        link = re.search(r'rel="next" href="(\?before=[0-9pb]+)"', page)
        path = f"/@alice{link[1]}" if link else None
        pages += 1
    assert pages == 4
    assert len(seen) == len(set(seen)) == 66


@pytest.mark.parametrize("place", ["", "1", "x", "1p", "99999999999999999999p1", "1p1 OR 1=1"])
def test_a_place_that_cannot_be_read_is_404(client: Client, place: str) -> None:
    local("alice")
    assert client.get("/@alice", {"before": place}).status_code == 404


def test_past_the_oldest_post_the_page_says_so(client: Client) -> None:
    write(local("alice"), "The only one")
    page = text(client, "/@alice?before=1p1")
    assert "There is nothing older than this." in page
    assert '<link rel="canonical" href="http://social.test/@alice?before=1p1">' in page


def test_nothing_in_a_profile_becomes_markup(client: Client) -> None:
    fields = [{"name": LOUD, "value": f'{LOUD}<a href="javascript:alert(2)">x</a>'}]
    alice = local("alice", name=LOUD, summary=f"<p>bio {LOUD}</p>", fields=fields)
    write(
        alice,
        LOUD,
        summary=LOUD,
        language='"><script>',
        attachments=[
            {"url": "javascript:alert(3)", "alt": "bad"},
            {"url": 'https://a.example/"onmouseover="x', "alt": LOUD, "media_type": LOUD},
        ],
    )
    page = text(client, "/@alice")
    assert "<script" not in page
    assert "<img src=x" not in page
    assert "javascript:" not in page
    assert "&lt;script&gt;" in page
    assert_harmless(page)


def test_links_to_elsewhere_earn_nothing_and_open_nothing(client: Client) -> None:
    link = '<a href="https://else.example/">there</a>'
    fields = [{"name": "Home", "value": '<a href="https://alice.example/">alice.example</a>'}]
    boost(
        local("alice", summary=link, fields=fields),
        write(remote("bob"), link, attachments=[{"url": "https://p.example/1.png", "alt": "A"}]),
    )
    page = text(client, "/@alice")
    away = re.findall(r'<a [^>]*href="https:[^>]*>', page)
    assert len(away) == 6
    assert all("nofollow noopener" in link for link in away)
    assert '<a href="https://alice.example/" rel="me nofollow noopener">' in page


@pytest.mark.parametrize("icon", ["data:image/png;base64,AAAA", "https://", "https://a b", ""])
def test_what_is_no_picture_gives_way_to_a_letter(client: Client, icon: str) -> None:
    local("alice", icon=icon)
    page = text(client, "/@alice")
    assert 'class="avatar large" src' not in page
    assert ">A</span>" in page


def test_a_face_is_loaded_from_us_and_never_from_where_others_live(client: Client) -> None:
    alice = local("alice", icon="http://social.test/media/x/hs.test/a")
    assert f'src="{alice.icon}"' in text(client, "/@alice")
    Actor.objects.update(icon="https://pics.example/a.png", header="http://pics.example/b.png")
    page = text(client, "/@alice")
    assert "pics.example" not in page
    for address in ("https://pics.example/a.png", "http://pics.example/b.png"):
        assert f'src="http://social.test/media/face/{alice.pk}/{links.mark(address)}"' in page


def test_the_room_is_linked_when_there_is_one(client: Client) -> None:
    assert "Read in Matrix" not in text(client, f"/@{local('ada').handle}")
    local("alice", room_link="https://matrix.to/#/!room:hs.test")
    page = text(client, "/@alice")
    assert 'href="https://matrix.to/#/!room:hs.test"' in page
    assert "Read in Matrix" in page


def test_search_engines_and_previews_get_what_the_owner_allows(client: Client) -> None:
    local("alice", summary="<p>Reads &amp; rows</p><p>daily</p>", icon="https://p.example/a.png")
    page = text(client, "/@alice")
    assert '<meta name="robots" content="noindex">' in page
    assert '<meta property="og:description" content="Reads &amp; rows daily">' in page
    assert '<meta property="og:image" content="http://social.test/media/face/' in page
    assert '<meta name="twitter:card" content="summary">' in page
    Actor.objects.update(indexable=True)
    assert "noindex" not in text(client, "/@alice")


def test_the_actor_is_linked_for_other_servers(client: Client) -> None:
    alice = local("alice")
    answer = client.get("/@alice")
    kind = "application/activity+json"
    assert answer["Link"] == f'<{alice.uri}>; rel="alternate"; type="{kind}"'
    assert f'<link rel="alternate" type="{kind}" href="{alice.uri}">' in answer.text
    assert answer["Vary"] == "Accept"


def test_somebody_who_moved_says_where_to(client: Client) -> None:
    local("alice", moved_to="https://new.example/@alice")
    page = text(client, "/@alice")
    assert "has moved to" in page
    assert "How to follow" not in page


def test_a_full_page_takes_as_many_queries_as_an_almost_empty_one(client: Client) -> None:
    alice, bob = local("alice"), remote("bob")

    def some(count: int) -> None:
        for _ in range(count):
            theirs = write(bob)
            boost(alice, theirs)
            write(alice, parent=theirs, reply=theirs.uri)

    some(1)
    few = queries(client, "/@alice")
    some(12)
    assert queries(client, "/@alice") == few <= 9


def test_a_page_of_twenty_posts_fits_in_20_kilobytes(client: Client) -> None:
    alice = local("alice", summary="<p>Reads, rows, and writes about both.</p>")
    for number in range(25):
        write(alice, f"{number} " + " ".join(f"word{number * n}" for n in range(60)))
    page = text(client, "/@alice").encode()
    found = finders.find("web/ownroom.css")
    assert isinstance(found, str)
    assert len(gzip.compress(page)) + len(gzip.compress(Path(found).read_bytes())) <= 20 * 1024


def test_pages_are_only_read(client: Client) -> None:
    local("alice")
    assert client.post("/@alice").status_code == 405
    assert client.head("/@alice").status_code == 200
    assert not client.get("/@alice").cookies
