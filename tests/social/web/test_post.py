"""The page of one post, with what it answers above and the replies below."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from social.models import Actor, Block, HostBlock, Post
from social.web import links, pages
from tests.social.web.cast import NOON, answer, local, path, remote, write
from tests.social.web.markup import tags


def text(client: Client, post: Post, status: int = 200) -> str:
    answer = client.get(path(post))
    assert answer.status_code == status
    return answer.text


def queries(client: Client, post: Post) -> int:
    with CaptureQueriesContext(connection) as captured:
        client.get(path(post))
    return len(captured)


def test_a_post_is_found_under_its_own_author_only(client: Client) -> None:
    local("ada")
    post = write(local("alice"))
    assert client.get(path(post).replace("alice", "ada")).status_code == 404
    assert client.get(path(post).upper()).status_code == 404


def test_a_post_from_elsewhere_has_no_page_here(client: Client) -> None:
    assert text(client, write(remote("bob")), 404)


def test_a_deleted_post_is_410_when_anybody_could_see_it_before(client: Client) -> None:
    alice = local("alice")
    page = text(client, write(alice, "regretted", deleted=NOON), 410)
    assert "This post was deleted" in page
    assert "regretted" not in page


def test_that_a_private_post_was_deleted_is_not_told(client: Client) -> None:
    text(client, write(local("alice"), deleted=NOON, visibility="private"), 404)


def test_posts_of_the_suspended_are_as_if_they_never_were(client: Client) -> None:
    alice = local("alice", suspended=True)
    text(client, write(alice), 404)
    text(client, write(alice, deleted=NOON), 404)


def test_the_post_says_who_when_and_what(client: Client) -> None:
    post = write(local("alice"), "Hello from the lake.", published=NOON, updated=NOON + 60_000)
    page = text(client, post)
    assert "A post by <bdi>Alice</bdi>" in page
    assert "Hello from the lake." in page
    assert "@alice@social.test" in page
    assert '<time datetime="2026-11-23T12:00:00+00:00">23 November 2026, 12:00 UTC</time>' in page
    assert "edited" in page
    assert "12:01 UTC" in page
    assert '<div class="content" lang="en" dir="auto">' in page
    assert "No replies yet." in page


def test_a_warning_stands_before_the_content_and_alone_in_previews(client: Client) -> None:
    page = text(client, write(local("alice"), "The murderer is the cat.", summary="Spoilers"))
    head, body = page.split("</head>")
    assert "murderer" not in head
    assert '<meta property="og:description" content="Spoilers">' in head
    assert body.index("<summary>") < body.index("Spoilers") < body.index("murderer")
    assert body.index("murderer") < body.index("</details>")


def test_what_opens_with_a_click_is_closed_on_a_page(client: Client) -> None:
    hidden = "<details><summary>the end</summary><p>he did it</p></details>"
    assert hidden in text(client, write(local("alice"), f"look {hidden}"))


def test_attachments_are_links_or_pictures_with_their_description(client: Client) -> None:
    files = [
        {"url": "https://p.example/1.png", "media_type": "image/png", "alt": "A grey heron"},
        {"url": "https://p.example/2.png"},
        {"url": "https://p.example/3.png", "media_type": "image/png"},
        {"url": "javascript:alert(1)", "alt": "trap"},
        {"alt": "no address"},
    ]
    post = write(local("alice"), sensitive=True, attachments=files)
    page = text(client, post)
    place = f"http://social.test/media/of/{post.pk}/{links.mark('https://p.example/1.png')}"
    assert f'<img src="{place}" alt="A grey heron"' in page
    assert 'src="https://p.example' not in page
    assert 'alt="A picture without a description"' in page  # the link has no other name
    assert "Attachment without a description" in page
    assert "Attachments that may upset" in page
    assert "trap" not in page
    assert "no address" not in page


def test_the_post_is_linked_for_other_servers(client: Client) -> None:
    post = write(local("alice", indexable=True))
    answer = client.get(path(post))
    assert answer["Link"] == f'<{post.uri}>; rel="alternate"; type="application/activity+json"'
    assert f'<link rel="canonical" href="http://social.test{path(post)}">' in answer.text
    assert '<meta property="og:type" content="article">' in answer.text
    acct = post.author.acct
    assert f'<meta name="fediverse:creator" content="@{acct}">' in answer.text
    assert f'<meta property="og:title" content="{post.author.title} (@{acct})">' in answer.text
    assert "noindex" not in answer.text
    Actor.objects.update(indexable=False)
    assert '<meta name="robots" content="noindex">' in text(client, post)


def test_a_thread_is_read_from_top_to_bottom(client: Client) -> None:
    alice, bob = local("alice"), remote("bob")
    top = write(bob, "one.")
    middle = answer(top, alice, "two.")
    post = answer(middle, alice, "three.")
    answer(post, bob, "seven.", published=NOON + 9_000)
    first = answer(post, bob, "four.")
    answer(answer(first, alice, "five."), bob, "six.")
    answer(top, bob, "beside.")
    page = text(client, post)
    words = ["one", "two", "three", "four", "five", "six", "seven"]
    order = [page.rindex(f"{word}.</p>") for word in words]
    assert order == sorted(order)
    assert "beside." not in page
    assert [a["class"] for tag, a in tags(page) if tag == "article"] == [
        "post",
        "post",
        "post focus",
        "post depth-1",
        "post depth-2",
        "post depth-3",
        "post depth-1",
    ]


@pytest.mark.parametrize(
    "change",
    [
        {"visibility": "private"},
        {"visibility": "direct"},
        {"deleted": NOON},
    ],
)
def test_what_hides_behind_a_hidden_post_is_not_shown(
    client: Client, change: dict[str, object]
) -> None:
    alice, bob = local("alice"), remote("bob", name="Roberta")
    above = write(alice, "too high.")
    hidden = answer(above, bob, "hidden.", **change)
    post = answer(hidden, alice, "in the middle.")
    below = answer(post, bob, "hidden too.", **change)
    answer(below, alice, "too low.")
    page = text(client, post)
    assert "in the middle." in page
    assert "In answer to a post that is not shown here" in page
    for words in ("too high.", "hidden.", "hidden too.", "too low.", "Roberta"):
        assert words not in page


@pytest.mark.parametrize("way", ["block", "server"])
def test_the_words_of_whom_its_author_blocked_since_are_not_shown(client: Client, way: str) -> None:
    alice, bob = local("alice"), remote("bob", name="Roberta")
    post = answer(write(bob, "what I answered."), alice, "my own.")
    answer(post, bob, "what they said to it.")
    write(alice, "quoting.", name="quoting", quote=write(bob, "quoted.").uri, stamp="https://x/s")
    theirs = ("what I answered.", "what they said to it.", "quoted.", "Roberta")
    pages = [path(post), "/@alice/quoting", "/@alice", "/@alice/feed.atom"]
    before = "".join(client.get(each).text for each in pages)
    assert all(words in before for words in theirs)
    if way == "block":
        Block.objects.create(uri="u", author=alice, target=bob, at=NOON)
    else:
        HostBlock.objects.create(uri="u", author=alice, host=bob.host, at=NOON)
    after = "".join(client.get(each).text for each in pages)
    assert "my own." in after
    assert after.count("In answer to a post that is not shown here") == 2
    assert not any(words in after for words in theirs)


def test_whom_somebody_else_blocked_is_named_as_before(client: Client) -> None:
    alice, ada, bob = local("alice"), local("ada"), remote("bob", name="Roberta")
    post = answer(write(bob), alice, "my own.")
    Block.objects.create(uri="u", author=ada, target=bob, at=NOON)
    assert "a post by <bdi>Roberta</bdi>" in text(client, post)


def test_a_parent_we_never_saw_is_said_to_be_missing(client: Client) -> None:
    post = write(local("alice"), reply="https://far.example/posts/unseen")
    assert "In answer to a post that is not shown here" in text(client, post)


def test_what_is_answered_is_linked_at_its_home(client: Client) -> None:
    parent = write(remote("bob"), url="https://far.example/@bob/1")
    page = text(client, answer(parent, local("alice")))
    assert '<a href="https://far.example/@bob/1" rel="nofollow noopener">a post by' in page


def test_more_replies_cost_no_more_queries(client: Client) -> None:
    bob = remote("bob")
    post = answer(answer(write(bob), bob), local("alice"))
    answer(post, bob)
    few = queries(client, post)
    for _ in range(15):
        answer(post, remote(f"bob{Actor.objects.count()}"))
    assert queries(client, post) == few <= 10


def test_a_flood_of_replies_is_cut_and_the_page_says_so(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "REPLIES", 3)
    bob, post = remote("bob"), write(local("alice"))
    for number in range(5):
        answer(answer(post, bob, f"reply-{number}"), bob)
    page = text(client, post)
    assert page.count("reply-") == 3
    assert "There are more replies than fit on this page." in page


def test_a_very_long_chain_of_replies_takes_a_bounded_number_of_queries(client: Client) -> None:
    bob, last = remote("bob"), write(local("alice"))
    first = last
    for _ in range(30):
        last = answer(last, bob)
    middle = answer(last, first.author)
    assert queries(client, first) <= 14
    assert text(client, middle).count("<article") == pages.UPWARDS + 1


@pytest.mark.parametrize("at", [0, -5, 2**62])
def test_an_impossible_date_is_shown_as_the_nearest_possible_one(client: Client, at: int) -> None:
    text(client, write(local("alice"), published=at))


def test_replies_that_answer_each_other_in_a_circle_are_shown_once(client: Client) -> None:
    first = write(local("alice"))
    second = answer(first, remote("bob"))
    Post.objects.filter(pk=first.pk).update(parent=second)
    shown = pages.thread(Post.objects.get(pk=first.pk)).below
    assert [entry.post for entry in shown] == [second]
    assert client.get(path(first)).status_code == 200


def asked(**values: object) -> dict[str, object]:
    options = [{"name": "Tea", "votes": 3}, {"name": "<b>Coffee</b>", "votes": 1}]
    poll = {"options": options, "multiple": False, "closes": None, "closed": None, "voters": 4}
    return poll | values


def test_a_poll_shows_its_answers_with_their_share(client: Client) -> None:
    page = text(client, write(local("alice"), "What?", poll=asked(closes=4_102_444_800_000)))
    assert "3 votes" in page
    assert "(75 %)" in page
    assert "4 people voted." in page
    assert "&lt;b&gt;Coffee&lt;/b&gt;" in page
    assert "Open until" in page
    assert 'value="75"' in page


def test_a_poll_whose_time_is_over_says_so(client: Client) -> None:
    page = text(client, write(local("alice"), "What?", poll=asked(closes=NOON, multiple=True)))
    assert "Closed" in page
    assert "One may choose several." in page


def test_a_poll_behind_a_warning_stays_behind_it(client: Client) -> None:
    post = write(local("alice"), "What?", summary="Drinks", poll=asked())
    hidden = text(client, post).partition("<details>")[2].partition("</details>")[0]
    assert "3 votes" in hidden
