"""The first page, the pages of tags, and the page that explains how to follow."""

import pytest
from django.db import connection
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext
from django.views.defaults import server_error

from tests.social.web.cast import NOON, local, remote, write


def test_those_who_do_not_want_to_be_found_are_not_listed(client: Client) -> None:
    local("alice", discoverable=False)
    local("ada", suspended=True)
    local("zoe", left=NOON)
    local("max", moved_to="https://new.example/@max")
    remote("bob")
    page = client.get("/").text
    for name in ("Alice", "Ada", "Zoe", "Max", "Bob"):
        assert name not in page
    assert "Nobody has asked to be listed here yet." in page


def test_the_first_page_says_what_this_is_and_who_lives_here(client: Client) -> None:
    local("zoe")
    local("alice")
    answer = client.get("/")
    assert "A room of one\N{RIGHT SINGLE QUOTATION MARK}s own" in answer.text
    assert "homeserver <bdi>hs.test</bdi>" in answer.text
    assert "Follow somebody" in answer.text
    assert "Have a room here" in answer.text
    assert answer.text.index('href="/@alice"') < answer.text.index('href="/@zoe"')
    assert "noindex" not in answer.text


def test_the_first_page_takes_one_query_however_many_live_here(client: Client) -> None:
    for number in range(5):
        local(f"alice{number}")
    with CaptureQueriesContext(connection) as captured:
        client.get("/")
    assert len(captured) == 1


def test_a_tag_lists_public_posts_of_those_who_want_to_be_found(client: Client) -> None:
    alice, hidden = local("alice"), local("ada", discoverable=False)
    write(alice, "at the lake", hashtags=["Boats", "LAKE"])
    write(alice, "quietly there", hashtags=["lake"], visibility="unlisted")
    write(alice, "secretly there", hashtags=["lake"], visibility="private")
    write(alice, "at another", hashtags=["lakeside"])
    write(hidden, "hiding there", hashtags=["lake"])
    write(remote("bob"), "far away", hashtags=["lake"])
    page = client.get("/tags/Lake").text
    assert "<bdi>#Lake</bdi>" in page
    assert "at the lake" in page
    for words in ("quietly", "secretly", "at another", "hiding", "far away"):
        assert words not in page
    assert "noindex" in page


@pytest.mark.parametrize("asked", ["Öl", "öl", "ÖL"])
def test_tags_are_found_in_any_case_and_any_script(client: Client, asked: str) -> None:
    write(local("alice"), "slippery", hashtags=["Öl"])
    assert "slippery" in client.get(f"/tags/{asked}").text


def test_every_page_says_on_which_server_it_is_also_where_there_is_none(client: Client) -> None:
    write(local("alice"), name="regretted", deleted=NOON)
    for path, status in (("/", 200), ("/@nobody", 404), ("/@alice/regretted", 410)):
        answer = client.get(path)
        assert answer.status_code == status
        assert '<span class="quiet">social.test</span>' in answer.text


def test_a_tag_nobody_used_says_so(client: Client) -> None:
    page = client.get("/tags/quiet")
    assert page.status_code == 200
    assert "Nobody here has written about this yet." in page.text


@pytest.mark.parametrize("tag", ["a b", '"', "%25", "a,b", "x" * 101, "<b>"])
def test_what_cannot_be_a_tag_is_404(client: Client, tag: str) -> None:
    write(local("alice"), "words", hashtags=["a", "b"])
    assert client.get(f"/tags/{tag}").status_code == 404


def test_a_tag_is_paged_like_a_profile(client: Client) -> None:
    alice = local("alice")
    for number in range(25):
        write(alice, f"lake-{number}.", hashtags=["lake"], published=NOON)
    first = client.get("/tags/lake").text
    assert first.count("lake-") == 20
    place = first.split('rel="next" href="?before=')[1].split('"')[0]
    second = client.get("/tags/lake", {"before": place}).text
    assert second.count("lake-") == 5


@pytest.mark.parametrize(
    ("asked", "whom"),
    [
        ("@bob@far.example", "@bob@far.example"),
        ("acct:bob@far.example", "@bob@far.example"),
        ("bob@far.example:8443", "@bob@far.example:8443"),
        ("https://far.example/users/bob", "https://far.example/users/bob"),
        ("https://other.example/users/x?y=1", "https://other.example/users/x?y=1"),
    ],
)
def test_following_from_here_is_explained_and_never_redirects(
    client: Client, asked: str, whom: str
) -> None:
    remote("bob")
    answer = client.get("/authorize_interaction", {"uri": asked})
    assert answer.status_code == 200
    assert f"<code>follow {whom}</code>" in answer.text
    assert ("If you came to answer" in answer.text) == asked.startswith("https:")
    assert f'href="{asked}"' not in answer.text
    assert "noindex" in answer.text


@pytest.mark.parametrize(
    "asked", ["javascript:alert(1)", "<script>", "https://a b", "file:///etc/passwd", "x" * 3000]
)
def test_an_address_nobody_can_be_followed_at_is_refused_in_words(
    client: Client, asked: str
) -> None:
    page = client.get("/authorize_interaction", {"uri": asked}).text
    assert "This is not an address that somebody can be followed at." in page
    assert "<code>" not in page
    assert asked not in page


def test_without_an_address_there_is_nobody_to_follow(client: Client) -> None:
    assert "No address was given" in client.get("/authorize_interaction").text


def test_nobody_learns_by_asking_whom_this_server_knows(client: Client) -> None:
    known, unknown = remote("bob").uri, "https://far.example/users/who"
    pages = [client.get("/authorize_interaction", {"uri": one}).text for one in (known, unknown)]
    assert pages[0].replace(known, "") == pages[1].replace(unknown, "")


def test_an_icon_is_found_where_browsers_look_for_it(client: Client) -> None:
    answer = client.get("/favicon.ico")
    assert answer.status_code == 302
    assert answer["Location"] in client.get("/").text


def test_what_breaks_says_so_in_plain_words_and_leads_back() -> None:
    answer = server_error(RequestFactory().get("/@alice"))
    assert answer.status_code == 500
    assert "this server\N{RIGHT SINGLE QUOTATION MARK}s fault, not yours" in answer.content.decode()
    assert 'href="/"' in answer.content.decode()
