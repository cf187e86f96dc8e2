"""What real servers do with posts and people, and what they do with ours: a test for each habit.

Who signs how, which ids come twice and who rests when is told in test_peers.py.
"""

import itertools
import time
from typing import Any

import pytest

from bridge.demo.neighbourhood import Actor as Neighbour
from bridge.matrix import linking
from social.models import Boost, Follow, Post
from tests.fakes.liar import AS2, PUBLIC, Somebody, tell
from tests.fakes.world import Resident, World, followers, note, post, post_of, said

Json = dict[str, Any]


def sent(one: Neighbour, kind: str = "Create") -> Json:
    """The object of the last activity of that kind."""
    return dict(one.received(kind)[-1]["activity"]["object"])


# ---- what we show


def test_who_is_named_is_a_pill_in_the_room_and_told_by_the_client(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    """Some link to the page of whom they name, some to the actor."""
    root = post_of(alice.post("a question"))
    world.settle()
    page = alice.row().url
    for href, words in ((page, "by page"), (alice.actor, "by actor")):
        linked = f'<p><a href="{href}" class="u-url mention">@alice</a> {words}</p>'
        bob.post("x", reply_to=root, mentions=[alice.actor], extra={"content": linked})
        world.settle()
        (event,) = alice.seen(words)
        pill = f'<a href="https://matrix.to/#/{alice.person.user_id}">@alice</a>'
        assert pill in event["content"]["formatted_body"].replace("%40", "@").replace("%3A", ":")
        assert event["content"]["m.mentions"] == {"user_ids": [alice.person.user_id]}


# ---- what we send


def test_every_fetch_says_who_asks_and_for_what(
    world: World, alice: Resident, eve: Somebody
) -> None:
    """Without a User-Agent GoToSocial answers 418, without the media type 406."""
    eve.server.serve("/.well-known/webfinger", {}, "application/jrd+json")
    tell(world, eve, eve.creates(eve.note("hi", to=alice.actor, inReplyTo=f"{eve.server.url}/n/1")))
    assert {"/u/eve", "/n/1"} <= set(eve.server.asked)
    for path, headers in zip(eve.server.asked, eve.server.asked_with, strict=True):
        assert headers["user-agent"].startswith("Ownroom/"), path
        wanted = "application/activity+json" if "well-known" not in path else "json"
        assert wanted in headers["accept"], path


def test_no_context_is_ever_fetched(world: World, alice: Resident, eve: Somebody) -> None:
    """Fedify names up to seven: what they say we know, or do without."""
    own = eve.server.serve("/context", {"@context": {}})
    told = eve.note("hi", to=alice.actor) | {"@context": [AS2, own]}
    tell(world, eve, {**eve.creates(told), "@context": [AS2, own]})
    assert post(told["id"])
    assert not eve.server.fetches("/context")


def test_links_that_other_servers_throw_away_are_sent_as_web_links(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    """GoToSocial keeps the text of a link to `matrix:` or `mxc:`, and loses the link."""
    bob.follow(alice.handle)
    world.settle()
    other = alice.post("elsewhere")
    html = (
        f'<a href="matrix:r/{alice.room[1:]}/e/{other[1:]}">one</a>'
        f' <a href="https://matrix.to/#/{alice.room}/{other}">two</a>'
        ' <a href="mxc://hs.test/file">three</a> <a href="javascript:alert(1)">four</a>'
        ' <a href="https://web.example/">five</a>'
    )
    alice.post("one two three four five", html)
    world.settle()
    content = sent(bob)["content"]
    assert 'href="https://web.example/"' in content
    for scheme in ("matrix:", "mxc:", "javascript:"):
        assert f'href="{scheme}' not in content
    assert all(word in content for word in ("one", "two", "three", "four", "five"))


def test_what_is_hidden_in_a_spoiler_is_behind_a_warning_elsewhere(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    """Nobody else knows `data-mx-spoiler`: the words would stand there for all to see."""
    bob.follow(alice.handle)
    world.settle()
    alice.post("whodunit", '<span data-mx-spoiler="the end">the butler</span>')
    world.settle()
    assert sent(bob)["summary"] == "the end"
    alice.post("who?", "it was <span data-mx-spoiler>the gardener</span>")
    world.settle()
    hidden = sent(bob)
    assert hidden["sensitive"]
    assert hidden["summary"]
    assert "data-mx-spoiler" not in hidden["content"]


def test_html_is_sent_always_also_of_plain_words(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    bob.follow(alice.handle)
    world.settle()
    alice.post("a < b\nand more")
    world.settle()
    assert sent(bob)["content"] == "<p>a &lt; b<br>and more</p>"
    assert "mediaType" not in sent(bob)


# ---- how others write


@pytest.mark.parametrize("lacks", ["url", "published", "content", "cc", "tag", "@context"])
def test_a_post_may_lack(world: World, alice: Resident, eve: Somebody, lacks: str) -> None:
    tell(world, eve, eve.says("Follow", alice.actor))
    first = eve.note("hi", to=alice.actor, url="https://far.example/1", summary="first")
    event = alice.post("hello")
    world.settle()
    first["inReplyTo"] = post_of(event)
    first.pop(lacks)
    tell(world, eve, eve.creates(first))
    assert Post.objects.filter(uri=first["id"], parent__uri=post_of(event)).exists()


def test_an_edit_dated_before_its_post_does_not_lose_the_post(
    world: World, alice: Resident, eve: Somebody
) -> None:
    """GoToSocial drops such a post whole; we keep what we can read."""
    odd = eve.note("hi", to=alice.actor, published="2026-01-02T00:00:00Z")
    tell(world, eve, eve.creates(odd | {"updated": "2026-01-01T00:00:00Z"}))
    assert post(odd["id"]).html == "<p>hi</p>"


@pytest.mark.parametrize("when", ["2999-01-01T00:00:00Z", "0001-01-01T00:00:00Z", "soon", 5, None])
def test_a_date_that_cannot_be_is_taken_for_now(
    world: World, alice: Resident, eve: Somebody, when: object
) -> None:
    odd = eve.note("hi", to=alice.actor, published=when)
    tell(world, eve, eve.creates(odd))
    assert abs(post(odd["id"]).published - time.time() * 1000) < 25 * 3_600_000


def test_an_old_date_is_believed(world: World, alice: Resident, eve: Somebody) -> None:
    old = eve.note("hi", to=alice.actor, published="2015-06-01T12:00:00.624961616Z")
    tell(world, eve, eve.creates(old))
    assert post(old["id"]).published == 1_433_160_000_624


def deleted_by_id(uri: str) -> object:
    return uri


def deleted_by_tombstone(uri: str) -> object:
    return {"id": uri, "type": "Tombstone"}


def deleted_by_note(uri: str) -> object:
    return {"id": uri, "type": "Note"}


@pytest.mark.parametrize(
    "named", [deleted_by_id, deleted_by_tombstone, deleted_by_note], ids=lambda n: n.__name__
)
def test_a_post_is(world: World, alice: Resident, bob: Neighbour, named: Any) -> None:
    event = alice.post("hello")
    world.settle()
    answer = note(bob, "rash", inReplyTo=post_of(event))
    world.hear(bob, said(bob, "Create", answer))
    world.settle()
    assert alice.seen("rash")
    world.hear(bob, said(bob, "Delete", named(answer["id"]), to=[PUBLIC]))
    world.settle()
    assert not alice.seen("rash")
    assert post(answer["id"]).deleted


def test_a_boost_for_followers_with_the_public_in_copy_is_a_boost(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    """As GoToSocial addresses it."""
    event = alice.post("hello")
    world.settle()
    boost = said(bob, "Announce", post_of(event), to=f"{bob.id}/followers", cc=PUBLIC)
    world.hear(bob, boost)
    world.settle()
    assert Boost.objects.get().author.uri == bob.id
    assert alice.seen("boosted")


def test_a_public_post_by_its_short_name_is_public(
    world: World, alice: Resident, eve: Somebody
) -> None:
    for number, name in enumerate(("as:Public", "Public", PUBLIC)):
        told = eve.note(f"one {number}", to=alice.actor) | {"to": name}
        tell(world, eve, eve.creates(told))
        assert post(told["id"]).visibility == "public"


def test_only_where_the_object_says_nothing_the_activitys_addresses_count(
    world: World, alice: Resident, eve: Somebody
) -> None:
    """GoToSocial reads those of the object alone: so a wider activity makes no secret public."""
    secret = eve.note("psst", to=alice.actor) | {"to": [alice.actor], "cc": []}
    tell(world, eve, eve.says("Create", secret, to=[PUBLIC], cc=[]))
    assert post(secret["id"]).visibility in {"direct", "limited"}
    assert not alice.seen("psst")


# ---- relations as Takahē ends them


ENDING = list(itertools.permutations(["Block", "Reject", "Undo"]))


@pytest.mark.parametrize("order", ENDING, ids="-".join)
def test_whoever_blocks_with_all_that_belongs_to_it_ends_in_the_same_place(
    world: World, alice: Resident, eve: Somebody, order: tuple[str, ...]
) -> None:
    mine = eve.says("Follow", alice.actor)
    tell(world, eve, mine)
    alice.tell_bot(f"follow {eve.id}")
    world.settle()
    theirs = next(one for one in eve.server.heard if one["type"] == "Follow")
    tell(world, eve, eve.says("Accept", theirs))
    assert followers(eve.id) == {alice.actor}
    (mirror,) = (
        room.id
        for room in world.home.rooms.values()
        if room.content("social.ownroom.mirror").get("id") == eve.id
    )
    alice.person.join(mirror)
    about = {"Block": alice.actor, "Reject": theirs, "Undo": mine}
    tell(world, eve, *(eve.says(kind, about[kind]) for kind in order))
    assert not Follow.objects.exists()
    assert mirror not in alice.person.rooms()
    eve.server.heard.clear()
    alice.post("not for her")
    world.settle()
    assert not eve.server.heard


def test_a_follow_whose_actor_is_written_out_is_answered_with_plain_ids(
    world: World, alice: Resident, eve: Somebody
) -> None:
    """Takahē cannot match an Accept in which its own follow comes back written out."""
    world.twice = False
    follow = eve.says("Follow", {"type": "Person", "id": alice.actor}, actor=eve.document())
    assert eve.knocks(world, follow) in {202, 400, 401}
    tell(world, eve, eve.says("Follow", {"type": "Person", "id": alice.actor}))
    answer = [one for one in eve.server.heard if one["type"] == "Accept"][-1]
    assert (answer["object"]["actor"], answer["object"]["object"]) == (eve.id, alice.actor)


def test_a_name_that_other_servers_cannot_read_is_mapped_to_one_that_they_can(
    world: World,
) -> None:
    """GoToSocial answers 500 to `=`, `/` and `:` in a preferredUsername."""
    for odd in ("a=b", "a/b", "x+y"):
        one = linking.create(world.person(odd).user_id).actor
        assert not set(one.handle) & set("=/:+"), one.handle
        assert world.json(one.uri)["preferredUsername"] == one.handle
        assert world.get(f"/.well-known/webfinger?resource=acct:{one.acct}", "*/*")[0] == 200


@pytest.mark.parametrize("kind", ["Accept", "Reject"])
def test_the_answer_of_a_server_that_approves_each_reply_changes_no_relation(
    world: World, alice: Resident, bob: Neighbour, kind: str
) -> None:
    """GoToSocial holds a reply until its author's word, and names the reply in it, not a follow."""
    world.friends(bob, alice)
    mirror = world.mirror(bob, alice)
    theirs = bob.post("closed circle").post
    world.settle()
    (event,) = alice.seen("closed circle", mirror)
    mine = alice.person.reply(mirror, event["event_id"], "may I?")
    world.settle()
    world.hear(bob, said(bob, kind, post_of(mine), target=theirs, to=[alice.actor]))
    world.settle()
    assert followers(bob.id) == {alice.actor}
    assert followers(alice.actor) == {bob.id}
    assert not post(post_of(mine)).deleted
