"""HTML of strangers and text of people here: it does nothing, and means what it meant."""

import re
import time
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge import html
from tests.fakes.markup import ATTACKS

REL = 'rel="nofollow noopener noreferrer"'
KNOWN = {
    "@bob:x.org": ("https://x.org/@bob", "bob"),
    "@bob@x.org": ("https://x.org/@bob", "@bob"),
    "#cats": ("https://us.example/tags/cats", "cats"),
    "#हिन्दी": ("https://us.example/tags/hindi", ""),
}
BOB = (
    '<span class="h-card"><a href="https://x.org/@bob" class="u-url mention" '
    f"{REL}>@<span>bob</span></a></span>"
)
CATS = (
    '<a href="https://us.example/tags/cats" class="mention hashtag" '
    'rel="tag nofollow noopener noreferrer">#<span>cats</span></a>'
)
BOB_LINK = '<a href="https://matrix.to/#/@bob:x.org">Bob</a>'


def written(body="", formatted=None):
    return html.from_matrix(body, formatted, KNOWN.get)


def linked(url, text=""):
    return f'<a href="{url}" {REL}>{text or url}</a>'


# Attacks

TAGS = {f"h{level}" for level in range(1, 7)} | {
    *("p", "br", "a", "span", "del", "pre", "code", "em", "strong", "b", "i", "u", "sub", "sup"),
    *("ul", "ol", "li", "blockquote", "hr", "details", "summary"),
}
ATTRIBUTES = {"href", "class", "rel", "start", "value"}


class Danger(HTMLParser):
    """Collects all that is not on the list."""

    def __init__(self, text):
        super().__init__()
        self.found = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        if tag not in TAGS:
            self.found.append(tag)
        for key, value in attrs:
            address = re.sub(r"[\x00-\x20]", "", value or "").lower()
            if key not in ATTRIBUTES:
                self.found.append(key)
            if key == "href" and not re.match(r"(https?|mailto|matrix|gemini|magnet):", address):
                self.found.append(address)


@pytest.mark.parametrize("attack", ATTACKS)
@pytest.mark.parametrize("frame", ["{}", "<p>a {} b</p>", "<ul><li>{}</ul>", "<b><a href=x>{}"])
def test_no_attack_reaches_a_reader(attack, frame):
    text = frame.format(attack)
    shown = [html.from_fediverse(text, kind) for kind in ("text/html", "text/plain")]
    shown.append(html.from_fediverse(text, "text/markdown; variant=CommonMark"))
    shown += [written(text).html, written("", text).html]
    for result in shown:
        assert Danger(result).found == []
        assert html.from_fediverse(result) == result
    assert Danger(html.to_matrix(text, {}).formatted).found == []


@pytest.mark.parametrize(
    "piece",
    [
        *("<div>", "<b>", "<b><p>", "<ul><li>", "<i><a>", "<table><td>", "<!--", "<a ", "<a b='"),
        *("<![CDATA[", "<script", "<a/", "<a =", "</u>", "<br>x", "&#", "&a", "a<x>", "</"),
    ],
)
def test_hostile_input_takes_time_in_proportion_to_its_length(piece):
    text = piece * (50_000 if piece == "<div>" else 60_000 // len(piece))
    start = time.process_time()
    result = html.from_fediverse(text)
    assert time.process_time() - start < 1
    assert html.from_fediverse(result) == result


@pytest.mark.parametrize(
    "piece", ["@a@", "#a", "@bob@x.org ", "https://a.b ", "https://", "#", "\n"]
)
def test_hostile_text_takes_time_in_proportion_to_its_length(piece):
    start = time.process_time()
    found = written(piece * (60_000 // len(piece)))
    assert time.process_time() - start < 1
    assert len(found.mentions) <= 50
    assert len(found.hashtags) <= 100


def test_nesting_stays_far_below_what_homeservers_and_browsers_bear():
    deep = html.to_matrix(html.from_fediverse("<b>" * 5000 + "x"), {}).formatted
    assert deep.count("<b>") <= 100
    assert "x" in deep


def test_input_is_cut_before_it_is_parsed_and_nul_and_surrogates_are_dropped():
    assert len(html.from_fediverse("<p>" + "ü" * 300_000).encode()) <= html.LIMIT
    assert html.from_fediverse("a\x00b\ud800c\x1b") == "abc"
    assert html.from_fediverse("&#0;&#xd800;&#27;a") in {"\ufffd\ufffda", "a"}


# From the fediverse


@pytest.mark.parametrize(
    ("text", "result"),
    [
        (f"<p>hi {BOB}</p>", f"<p>hi {BOB}</p>"),
        ('<span class="invisible x">https://</span>', '<span class="invisible">https://</span>'),
        ('<p class="quote-inline">RE: x</p>', '<p class="quote-inline">RE: x</p>'),
        ("<h2 id=x>t</h2><hr>", "<h2>t</h2><hr>"),
        ('<ol start="3"><li value="4">x</ol>', '<ol start="3"><li value="4">x</li></ol>'),
        ("<ol start='x'><li>a<li>b", "<ol><li>a</li><li>b</li></ol>"),
        ('<code class="language-py x">1</code>', '<code class="language-py">1</code>'),
        ("<s>a</s><ins>b</ins>", "<del>a</del><u>b</u>"),
        ("<div>a<div>b</div></div>", "<p>a</p><p>b</p>"),
        ("<p>a<p>b</p>", "<p>a</p><p>b</p>"),
        ("<p>a <b>b <ul><li>c</ul>", "<p>a <b>b </b></p><ul><li>c</li></ul>"),
        ("<p></p><p> </p>x", "x"),
        ("<pre>\n\n a\n b</pre>", "<pre> a\n b</pre>"),
        ("<img src=x alt=':blob:'>", ":blob:"),
        ("<a href='/x'>x</a>", "x"),
        ("<a href='https://x.org/a b'>x</a>", linked("https://x.org/a%20b", "x")),
        ("<a href=https://x.org/?a=1&copy=2>x</a>", linked("https://x.org/?a=1&amp;copy=2", "x")),
        ("<a href=gemini://x.org>x</a>", linked("gemini://x.org", "x")),
        (
            "<a href=https://x>y<a href=https://z>z</a>",
            linked("https://x", "y") + linked("https://z", "z"),
        ),
        ("1 < 2 & 3 > 2 <3", "1 &lt; 2 &amp; 3 &gt; 2 &lt;3"),
        ("a&nbsp;b", "a&nbsp;b"),
        ("<ruby>漢<rp>(</rp><rt>かん</rt><rp>)</rp></ruby>", "漢(かん)"),
    ],
)
def test_html_of_strangers_keeps_its_meaning(text, result):
    assert html.from_fediverse(text) == result


def test_markdown_is_rendered_and_plain_text_is_linkified():
    assert html.from_fediverse("*a* <b>", "text/markdown") == "<p><em>a</em> &lt;b&gt;</p>"
    plain = html.from_fediverse("<b>\nhttps://x.org/a.\n\n&amp;", "text/plain; charset=utf-8")
    assert plain == f"<p>&lt;b&gt;<br>{linked('https://x.org/a')}.</p><p>&amp;amp;</p>"


PIECES = [f"<{tag}>" for tag in (*TAGS, "div", "table", "td", "svg", "mx-reply", "script", "s")]
PIECES += [piece.replace("<", "</") for piece in PIECES]
PIECES += ["<a href=https://x.org>", "<a href='https://xn--/'>", "<a href='https://[::g]'>", "&"]
PIECES += ["\n", " ", "x", "&nbsp;", "<", '"', "<!--", "-->", "&lt;", "<img alt=' y'>", "#cats "]
PIECES += ["<a class='mention u-url' href=mailto:a@b.c>", "@bob@x.org ", "https://x.org ", "\u00a0"]


@given(st.lists(st.sampled_from(PIECES) | st.text(max_size=5), max_size=30).map("".join))
def test_sanitising_twice_changes_nothing(text):
    once = html.from_fediverse(text)
    assert html.from_fediverse(once) == once
    assert Danger(once).found == []
    ours = written("x", text).html
    assert html.from_fediverse(ours) == ours
    room = html.to_matrix(once, {})
    assert html.to_matrix(room.formatted, {}) == room


# To Matrix


def test_a_link_to_a_known_actor_becomes_a_pill():
    made = html.to_matrix(f"<p>hi {BOB}</p>", {"https://x.org/@bob": "@_ap_bob=40x.org:hs"})
    pill = '<a href="https://matrix.to/#/@_ap_bob%3D40x.org:hs">@bob</a>'
    assert made == html.Formatted(body="hi @bob", formatted=f"<p>hi {pill}</p>")


def test_body_says_what_the_formatted_text_says():
    text = (
        "<h2>T</h2><p>a <b>b</b><br>c <code>d</code></p><ul><li>e<ol start=3><li><p>f</p><p>g</p>"
        "</ol><li>h</ul><blockquote><p>i</p><blockquote>j</blockquote></blockquote>"
        '<pre><code class="language-py">if x:\n  y</code></pre>'
        '<p><a href="https://k.org/l">m</a> <a href="https://n.org/"><span class="invisible">'
        'https://</span><span class="ellipsis">n.org</span></a> <a href="https://t/x">#cats</a></p>'
    )
    made = html.to_matrix(html.from_fediverse(text), {})
    assert made.body == (
        "T\n\na b\nc `d`\n\n- e\n  3. f\n\n     g\n- h\n\n> i\n>\n> > j\n\n"
        "```\nif x:\n  y\n```\n\nm (https://k.org/l) https://n.org #cats"
    )
    assert '<a href="https://n.org/">https://n.org</a>' in made.formatted
    assert 'class="language-py"' in made.formatted
    assert "span" not in made.formatted


def test_what_opens_with_a_click_stays_closed_in_a_room():
    """Lemmy writes its spoilers so."""
    text = "<p>look</p><details open><summary>the end</summary><p>he did it</p></details>"
    made = html.to_matrix(html.from_fediverse(text), {})
    assert made.formatted == text.replace(" open", "")
    assert made.body == "look\n\nthe end\n\nhe did it"


def test_links_that_matrix_does_not_know_keep_their_text():
    made = html.to_matrix('<a href="gemini://x.org">x</a><a href="matrix:r/y:z">y</a>', {})
    assert made.formatted == 'x<a href="https://matrix.to/#/%23y:z">y</a>'


def test_long_posts_are_cut_with_every_tag_closed():
    made = html.to_matrix("<ul>" + "<li><b>ü & &nbsp; ü</b></li>" * 5000 + "</ul>", {})
    assert len(made.formatted.encode()) <= 48 * 1024
    assert made.formatted.endswith(("…</ul>", "…</li></ul>", "…</b></li></ul>"))
    assert len(made.body.encode()) <= 16 * 1024
    assert made.body.endswith("…")


# From Matrix


@pytest.mark.parametrize(
    ("formatted", "result"),
    [
        ("a <strong>b</strong>", "<p>a <strong>b</strong></p>"),
        ("a<ul><li>b</li></ul>c", "<p>a</p><ul><li>b</li></ul><p>c</p>"),
        ("<h1>T</h1>a", "<p><strong>T</strong></p><p>a</p>"),
        ("<h1>T<ul><li>a</ul></h1>", "<p>T</p><ul><li>a</li></ul>"),
        ("a<hr>b", "<p>a</p><p>---</p><p>b</p>"),
        ("<table><tr><td>a</td><td>b</td></tr><tr><td>c</table>", "<p>a | b</p><p>c</p>"),
        ("a <details><summary>s</summary>d</details> b", "<p>a </p><p>s</p><p>d</p><p> b</p>"),
        ("<mx-reply><blockquote>old</blockquote></mx-reply>new", "<p>new</p>"),
        ("<img data-mx-emoticon src=mxc://x/y alt=':cat:' title=z>", "<p>:cat:</p>"),
        ("<font color=red data-mx-color=red>x</font>", "<p>x</p>"),
        ("<a class='mention' href='https://x.org'>x</a>", f"<p>{linked('https://x.org', 'x')}</p>"),
        (f"{BOB_LINK}: hi", f"<p>{BOB}: hi</p>"),
        ("<a href='matrix:u/bob:x.org'>Bob</a>", f"<p>{BOB}</p>"),
        ("hi @bob@x.org.", f"<p>hi {BOB}.</p>"),
        ("I <3 #cats!", f"<p>I &lt;3 {CATS}!</p>"),
        ("see https://x.org/a_(b)", f"<p>see {linked('https://x.org/a_(b)')}</p>"),
    ],
)
def test_a_message_becomes_html_that_every_server_shows(formatted, result):
    assert written("unused", formatted).html == result


def test_pills_of_unknown_people_rooms_and_matrix_uris_become_web_links():
    for href, link in [
        ("https://matrix.to/#/@eve:x.org", "https://matrix.to/#/@eve:x.org"),
        ("https://matrix.to/#/#room:x.org", "https://matrix.to/#/#room:x.org"),
        ("matrix:r/room:x.org", "https://matrix.to/#/%23room:x.org"),
    ]:
        found = written("", f'<a href="{href}">it</a>')
        assert found.html == f"<p>{linked(link, 'it')}</p>"
        assert found.mentions == ()


@pytest.mark.parametrize("tag", ["code", "pre"])
def test_code_mentions_nobody(tag):
    found = written("", f"<{tag}>@bob@x.org {BOB_LINK} #cats https://x.org</{tag}>")
    assert found.mentions == found.hashtags == ()
    assert "u-url" not in found.html
    assert found.html.count("href") == 1  # the link that was one


def test_links_hold_no_mentions_or_hashtags():
    found = written("", "<a href='https://x.org'>@bob@x.org #cats</a>")
    assert found.mentions == found.hashtags == ()


def test_mentions_are_listed_once_and_addresses_even_when_unknown():
    found = written("", f"{BOB_LINK} {BOB_LINK} @bob@X.org @ann@y.org:8000 @eve:x.org")
    assert found.mentions == ("@bob:x.org", "@bob@x.org", "@ann@y.org:8000")
    assert " @ann@y.org:8000 @eve:x.org" in found.html


@pytest.mark.parametrize(
    "text", ["a@bob@x.org", "bob@x.org", "@one@two", "/@bob@x.org", "@b@", "@"]
)
def test_what_only_looks_like_an_address_is_text(text):
    assert written(text) == html.Written(html=f"<p>{text}</p>")


@pytest.mark.parametrize(
    ("text", "tags"),
    [
        ("#cats #CATS #dogs", ("cats", "dogs")),
        ("#हिन्दी, #日本語! #a_b-c", ("हिन्दी", "日本語", "a_b")),
        ("#123 #_ # ## #️⃣ C# a#b &#35;x /#x https://x.org/#frag", ()),
        ("(#1a)", ("1a",)),
        ("#" + "a" * 101, ()),
    ],
)
def test_hashtags_are_words_in_any_script(text, tags):
    assert written(text).hashtags == tags


@pytest.mark.parametrize(
    ("formatted", "reason"),
    [
        ("a", None),
        ('<span data-mx-spoiler="end">a</span>', "end"),
        ("<p><span data-mx-spoiler>a</span> </p>", ""),
        ('a <span data-mx-spoiler="the\nend\u202e">b</span>', "the end"),
        ("<span data-mx-spoiler>a</span><img alt=x>", ""),
        ("<span data-mx-spoiler>a</span> <span data-mx-spoiler=why>b</span>", "why"),
    ],
)
def test_a_spoiler_becomes_a_warning_because_peers_would_show_it(formatted, reason):
    found = written("", formatted)
    assert found.spoiler == reason
    assert "spoiler" not in found.html


def test_plain_messages_keep_their_lines_and_lose_the_reply_fallback():
    assert written("a <b>\nc\n\n\nd & e\n").html == "<p>a &lt;b&gt;<br>c</p><p>d &amp; e</p>"
    assert written("> <@bob:x.org> old\n> older\n\nnew").html == "<p>new</p>"
    assert written("> * <@bob:x.org> old\n\nnew").html == "<p>new</p>"
    assert written("> a quote of my own").html == "<p>&gt; a quote of my own</p>"
    assert written("body", "<mx-reply>x</mx-reply>").html == "<p>body</p>"
    assert written("", "").html == ""


def test_a_message_survives_the_way_through_both_networks():
    message = f"{BOB_LINK} <em>a</em> #cats<ul><li>b</li></ul><pre><code>c</code></pre>"
    stored = written("", message).html
    room = html.to_matrix(html.from_fediverse(stored), {"https://x.org/@bob": "@bob:x.org"})
    assert written(room.body, room.formatted).mentions == ("@bob:x.org",)


# Text


def test_plain_text_has_one_line_for_each_paragraph():
    text = "<p>a<br>b</p>\n<ul><li>c</li><li>d <b>e</b></li></ul>f &lt;&amp; <script>x</script>"
    assert html.plain(text) == "a b\nc\nd e\nf <&"


def test_text_is_escaped_for_elements_and_attributes():
    assert html.escape("<a b=\"c\" d='e'>\x00&") == "&lt;a b=&quot;c&quot; d=&#x27;e&#x27;&gt;&amp;"


def test_a_warning_is_one_short_line_without_tricks():
    assert html.warning(" a\n\tb\x00\u202ec\u2066 \ud800") == "a bc"
    assert html.warning("👩\u200d👧") == "👩\u200d👧"
    assert html.warning("x" * 600) == "x" * 499 + "…"
