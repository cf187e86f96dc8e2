"""Names and addresses: read from anything, made to be read back."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge import names

EVENT = "$Rqnc-F-dvnEYJTyHq_iKxU2bZ1CI92-kuZq3a5lr5Zg"
ORIGIN = "https://social.example.org"

PLAIN_URIS = [
    ("https://example.org/users/bob", "https://example.org"),
    ("HTTPS://Example.ORG", "https://example.org"),
    ("https://example.org:443/", "https://example.org"),
    ("https://example.org:/", "https://example.org"),
    ("https://example.org.", "https://example.org"),
    ("https://example.org:80", "https://example.org:80"),
    ("http://example.org:80/x", "http://example.org"),
    ("http://localhost:8000?a#b", "http://localhost:8000"),
    ("https://müller.example/ü", "https://xn--mller-kva.example"),
    ("https://MÜLLER.example", "https://xn--mller-kva.example"),
    ("https://faß.example", "https://xn--fa-hia.example"),
    ("https://example。org", "https://example.org"),
    ("https://127.0.0.1:9000", "https://127.0.0.1:9000"),
    ("https://[2001:DB8:0::1]:8448", "https://[2001:db8::1]:8448"),
    ("https://under_score.example", "https://under_score.example"),
]
UNCLEAN_URIS = [
    "",
    "example.org",
    "//example.org",
    "https:example.org",
    "https:///x",
    "https://",
    "https://.",
    "https://:443",
    "https://user@example.org",
    "https://user:word@example.org",
    "https://example.org@evil.example",
    "https://example.org\\@evil.example",
    "https://exa mple.org",
    "https://example.org/\n",
    "https://example.org/a b",
    "https://example.org\t",
    "https://example.org\x00",
    "https://example.org:0",
    "https://example.org:65536",
    "https://example.org:٣",
    "https://example.org:8 0",
    "https://example.org..",
    "https://exa%6dple.org",
    "https://-example.org",
    "https://[::1",
    "https://[example]",
    "https://127.1",
    "https://0x7f.1",
    "https://2130706433",
    "https://127.0.0.01",
    "https://" + "a" * 64 + ".org",
    "https://" + "a." * 130 + "org",
    "https://example.org/" + "x" * 2048,
    "https://\ud800.example",
    "https://xn--\u2028.example",
    "ftp://example.org",
    "javascript:alert(1)",
    "matrix:u/bob:example.org",
]


@pytest.mark.parametrize("uri", UNCLEAN_URIS)
def test_anything_but_a_plain_web_address_has_no_origin(uri):
    assert names.origin_of(uri) == names.host_of(uri) == ""
    assert not names.same_origin(uri, uri)
    assert not names.same_host(uri, uri)


@pytest.mark.parametrize(("uri", "origin"), PLAIN_URIS)
def test_an_origin_has_one_spelling(uri, origin):
    assert names.origin_of(uri) == origin
    assert names.host_of(uri) == origin.partition("://")[2]
    assert names.origin_of(names.origin_of(uri)) == origin


def test_origins_differ_by_scheme_port_and_host():
    assert names.same_origin("https://example.org/a", "https://EXAMPLE.org:443/b")
    assert not names.same_origin("https://example.org", "http://example.org")
    assert not names.same_origin("https://example.org", "https://example.org:8443")
    assert not names.same_origin("https://example.org", "https://example.org.evil.example")
    assert names.same_host("https://example.org", "http://example.org")
    assert not names.same_host("https://example.org", "https://example.org:8443")


hosts = st.from_regex(r"[A-Za-z0-9\u00e4\u00df._-]{1,20}(:[0-9]{0,5})?", fullmatch=True)
uris = st.builds("{}://{}{}".format, st.sampled_from(["http", "HTTPS"]), hosts, st.text(max_size=5))


@given(uris, uris)
def test_two_uris_share_an_origin_exactly_when_their_normal_forms_are_equal(one, other):
    first, second = names.origin_of(one), names.origin_of(other)
    assert names.same_origin(one, other) == (first == second != "")
    assert names.same_host(one, other) == (names.host_of(one) == names.host_of(other) != "")
    assert names.origin_of(first) == first


@given(st.text())
def test_no_text_at_all_breaks_the_readers(text):
    names.origin_of(f"https://{text}")
    names.parse_acct(text)
    names.read_matrix_link(f"https://matrix.to/#/{text}")
    names.web_link(f"matrix:u/{text}")
    names.event_of(f"{ORIGIN}/ap/o/{text}", ORIGIN)
    assert names.read_ghost(text) is None or text.startswith("_ap_")
    assert not names.is_user_id(text) or text.startswith("@")
    assert not names.is_room_id(text) or text.startswith("!")


# Ghosts


@pytest.mark.parametrize(
    ("user", "host", "localpart"),
    [
        ("bob", "mastodon.example", "_ap_bob=40mastodon.example"),
        ("Bob", "mastodon.example", "_ap_bob=40mastodon.example"),
        ("bob_b", "localhost:8000", "_ap_bob__b=40localhost=3a8000"),
        ("ü=@", "example.org", "_ap_=c3=bc=3d=40=40example.org"),
        ("h_", "example.org", "_ap_h__=40example.org"),
    ],
)
def test_a_ghost_is_named_after_its_actor_and_can_be_read_back(user, host, localpart):
    assert names.ghost_localpart(user, host) == localpart
    assert names.read_ghost(localpart) == (user.lower(), host)


@pytest.mark.parametrize(
    "localpart",
    [
        "",
        "bob",
        "_ap_",
        "_ap_bob",
        "_ap_bob=40",
        "_ap_Bob=40x.org",
        "_ap_b_b=40x.org",
        "_ap_b=4",
        "_ap_=ff=40x.org",
        "_ap_=61=40x.org",
        "bob=40x.org",
        "_ap_h_" + "0" * 32,
    ],
)
def test_a_name_that_we_would_not_have_made_is_no_ghost_name(localpart):
    assert names.read_ghost(localpart) is None


def test_a_host_with_an_at_sign_is_refused():
    with pytest.raises(ValueError, match="@"):
        names.ghost_localpart("a", "b=40c@d")


lower = st.text(min_size=1, max_size=30).map(str.lower).filter(lambda text: text == text.lower())
remote = st.tuples(lower, lower.filter(lambda text: "@" not in text))


@given(remote, remote)
def test_two_actors_never_share_a_ghost(one, other):
    mine = names.ghost_localpart(*one, uri=f"https://one/{one}")
    yours = names.ghost_localpart(*other, uri=f"https://one/{other}")
    assert (mine == yours) == (one == other)
    assert re.fullmatch(r"[a-z0-9._=-]{1,200}", mine)
    if not re.fullmatch("_ap_h_[0-9a-f]{32}", mine):
        assert names.read_ghost(mine) == one


@given(st.text(alphabet="h_0a=4", max_size=40), st.text(alphabet="h_0a.", max_size=40))
def test_no_user_called_h_can_take_the_name_of_a_digest(user, host):
    assert not re.fullmatch("_ap_h_[0-9a-f]{32}", names.ghost_localpart(user, host))


def test_a_long_name_becomes_a_digest_of_the_actor_not_of_the_name():
    long = "b" * 200
    one = names.ghost_localpart(long, "example.org", "https://example.org/1")
    other = names.ghost_localpart(long, "example.org", "https://example.org/2")
    assert re.fullmatch("_ap_h_[0-9a-f]{32}", one)
    assert one != other
    assert names.read_ghost(one) is None


# Handles


@pytest.mark.parametrize(
    ("mxid", "handle"),
    [
        ("@alice:example.org", "alice"),
        ("@Alice:example.org", "alice"),
        ("@john.smith:example.org", "john.smith"),
        ("@a=40b/c+d:example.org", "a_40b_c_d"),
        ("@.dots.-:example.org", "dots"),
        ("@admin:example.org", "admin_"),
        ("@inbox:example.org", "inbox_"),
        ("@alice.matrix.org:example.org", "alice_matrix_org"),
        ("@===:example.org", "user"),
        ("@:example.org", "user"),
        ("@\u00fc:example.org", "user"),
    ],
)
def test_a_localpart_becomes_a_handle_that_every_server_accepts(mxid, handle):
    assert names.handle_from(mxid) == handle
    assert names.is_handle(handle)


@given(st.text())
def test_whatever_the_localpart_the_handle_is_valid_and_free(text):
    assert names.is_handle(names.handle_from(f"@{text}:example.org"))


@pytest.mark.parametrize(
    "text", ["", "admin", "api", "instance", "Alice", ".a", "a-", "a b", "a:b", "a/b", "a=b", "ü"]
)
def test_a_reserved_or_odd_word_is_no_handle(text):
    assert not names.is_handle(text)
    assert not names.is_handle("a" * 65)


# Matrix identifiers


@pytest.mark.parametrize(
    "text",
    [
        "",
        "$",
        EVENT[1:],
        "$143273582443PhrSn:example.org",
        EVENT + "/",
        EVENT + "+",
        EVENT + "\n",
        "$" + "a" * 15,
        "$" + "a" * 255,
        "$" + "é" * 43,
    ],
)
def test_event_ids_of_old_rooms_and_other_texts_are_refused(text):
    assert not names.is_event_id(text)


def test_ids_of_events_rooms_and_users_are_recognised():
    assert names.is_event_id(EVENT)
    assert names.is_room_id("!abc:example.org")
    assert names.is_room_id("!" + "a" * 43)
    assert names.is_user_id("@alice:example.org")
    assert names.is_user_id("@Old_Name!é:example.org:8448")
    assert names.is_user_id("@a:[::1]:8448")
    assert names.server_of("@a:[::1]:8448") == "[::1]:8448"
    assert names.server_of("!v12") == ""


@pytest.mark.parametrize(
    "text",
    [
        "",
        "@",
        "@:example.org",
        "@alice",
        "alice:example.org",
        "@alice:",
        "@a b:example.org",
        "@a\n:example.org",
        "@a\x00:example.org",
        "@a\u202e:example.org",
        "@a\ud800:example.org",
        "@a:exa mple.org",
        "@a:b/c",
        "@" + "a" * 255 + ":x.org",
        "@a:x.org\n",
        "@a\xa0:x.org",
    ],
)
def test_misleading_user_ids_are_refused(text):
    assert not names.is_user_id(text)
    assert not names.is_room_id(text.replace("@", "!", 1)) or text == "@alice"


def test_a_handle_on_a_port_is_not_a_user_id():
    assert not names.is_user_id("@bob@far.example:8000")
    assert names.is_user_id("@bob@far.example:old.example")


# Our URIs


def test_the_uris_of_posts_and_acts_lead_back_to_their_events():
    assert names.post_uri(ORIGIN, EVENT) == f"{ORIGIN}/ap/o/{EVENT[1:]}"
    assert names.act_uri(ORIGIN, EVENT) == f"{ORIGIN}/ap/a/{EVENT[1:]}"
    assert names.actor_uri(ORIGIN, "k3y") == f"{ORIGIN}/ap/u/k3y"
    assert names.event_of(names.post_uri(ORIGIN, EVENT), ORIGIN) == EVENT
    assert names.event_of(names.act_uri(ORIGIN, EVENT), ORIGIN) == EVENT


@pytest.mark.parametrize(
    "uri",
    [
        "",
        ORIGIN,
        f"{ORIGIN}/ap/o/",
        f"{ORIGIN}/ap/u/{EVENT[1:]}",
        f"{ORIGIN}/ap/o/{EVENT[1:]}/x",
        f"https://evil.example/ap/o/{EVENT[1:]}",
        f"{ORIGIN}.evil.example/ap/o/{EVENT[1:]}",
        f"{ORIGIN}/ap/o/{EVENT[1:]}#x",
        f"{ORIGIN}/ap/o/{EVENT[1:]}?x",
        f"{ORIGIN}/ap/o/{EVENT}",
    ],
)
def test_the_uris_of_others_are_no_events_of_ours(uri):
    assert names.event_of(uri, ORIGIN) == ""


# Accounts


@pytest.mark.parametrize(
    ("text", "account"),
    [
        ("@bob@example.org", ("bob", "example.org")),
        ("bob@Example.ORG", ("bob", "example.org")),
        ("acct:Bob@example.org:443", ("Bob", "example.org")),
        ("acct:bob@localhost:8000", ("bob", "localhost:8000")),
        ("ACCT:@bob@müller.example", ("bob", "xn--mller-kva.example")),
    ],
)
def test_accounts_are_read_in_every_spelling(text, account):
    assert names.parse_acct(text) == account


@pytest.mark.parametrize(
    "text",
    [
        "",
        "bob",
        "@bob",
        "@@example.org",
        "bob@",
        "a b@example.org",
        "bob@exa mple.org",
        "a@b@c.org",
        "bob@example.org/x",
        "bob@example.org?x",
        "bob@127.1",
        "bob@x.org\n",
        "\x00b@x.org",
        "@bob@",
        "https://example.org/@bob",
        "bob:word@example.org",
    ],
)
def test_what_is_no_account_is_refused(text):
    assert names.parse_acct(text) is None


def test_an_account_is_written_as_a_uri():
    assert names.acct("bob", "example.org") == "acct:bob@example.org"


# Links


def test_links_to_people_and_rooms_are_percent_encoded():
    assert names.matrix_link("@a=/b:x.org") == "https://matrix.to/#/@a%3D%2Fb:x.org"
    assert names.matrix_link("#room:x.org") == "https://matrix.to/#/%23room:x.org"
    assert names.matrix_link("#room:x.org", via="y.org") == "https://matrix.to/#/%23room:x.org"
    assert names.matrix_link("!r", via="y.org:80") == "https://matrix.to/#/!r?via=y.org:80"
    assert names.matrix_link("!r:x.org", EVENT) == f"https://matrix.to/#/!r:x.org/{EVENT}"


@given(st.from_regex(r"@[!-9;-~]{1,20}:[a-z]{1,9}\.org", fullmatch=True))
def test_a_link_to_a_user_reads_back(mxid):
    assert names.read_matrix_link(names.matrix_link(mxid)) == mxid


@pytest.mark.parametrize(
    ("url", "mxid"),
    [
        ("https://matrix.to/#/%40bob%3Ax.org?via=x.org", "@bob:x.org"),
        ("matrix:u/bob:x.org?action=chat", "@bob:x.org"),
        ("matrix:user/b%2Fb:x.org", "@b/b:x.org"),
        ("https://matrix.to/#/!room:x.org", ""),
        ("https://matrix.to/#/@bob", ""),
        ("https://matrix.to.evil.example/#/@bob:x.org", ""),
        ("https://evil.example/?https://matrix.to/#/@bob:x.org", ""),
        ("", ""),
    ],
)
def test_only_links_to_users_name_a_user(url, mxid):
    assert names.read_matrix_link(url) == mxid


@pytest.mark.parametrize(
    ("url", "link"),
    [
        ("matrix:r/room:x.org", "https://matrix.to/#/%23room:x.org"),
        ("matrix:roomid/abc:x.org/e/xyz", "https://matrix.to/#/!abc:x.org/$xyz"),
        ("matrix:roomid/abc", "https://matrix.to/#/!abc"),
        ("https://x.org/", "https://x.org/"),
        ("matrix:", "matrix:"),
    ],
)
def test_matrix_uris_have_a_twin_on_the_web(url, link):
    assert names.web_link(url) == link
