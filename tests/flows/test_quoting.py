"""Stories of quotes: who may, who is asked, what is shown, and what is taken back."""

from typing import Any

import pytest

from bridge import moderation, names
from bridge.activitypub import quotes
from bridge.demo.neighbourhood import Actor as Neighbour
from bridge.models import Anchor
from bridge.names import host_of
from social.models import Actor, Post, Stamp
from tests.fakes.world import PUBLIC, Resident, World, note, outcome, post, post_of, said
from tests.flows.quotes import SHUT, ask, circle_of, known, now, quote, stamped
from tests.rebuilt import lost_and_rebuilt


def answer_of(one: Neighbour, kind: str = "Accept") -> dict[str, Any]:
    """The newest answer to a request to quote."""
    found = [each["activity"] for each in one.received(kind)]
    about = [a for a in found if a["object"].get("type") == "QuoteRequest"]
    return dict(about[-1]) if about else {}


def edited(one: Neighbour, post: str, text: str) -> dict[str, Any]:
    """A post as its author has it from now on."""
    return {**note(one, text), "id": post, "updated": "2031-01-01T00:00:00Z"}


def heard(alice: Resident, mirror: str) -> str:
    """What bob said when he quoted, as it reads now."""
    return str(now(alice, "hear hear", mirror)["body"])


@pytest.fixture
def carol(world: World) -> Neighbour:
    """Whom others quote: on another server than bob."""
    return world.neighbour("carol", host=1)


@pytest.fixture
def mirror(world: World, alice: Resident, bob: Neighbour) -> str:
    """Where alice reads bob."""
    world.friends(bob, alice)
    return world.mirror(bob, alice)


# ---- refused


def test_nobody_asks_with_somebody_elses_post(
    world: World, alice: Resident, bob: Neighbour, mallory: Neighbour
) -> None:
    post = post_of(alice.post("quotable"))
    world.settle()
    theirs = said(mallory, "QuoteRequest", post, instrument=note(bob, "not mine", quote=post))
    world.hear(mallory, theirs)
    world.settle()
    assert outcome(theirs["id"]).state == "ignored"
    assert not Stamp.objects.exists()


def test_who_asks_for_what_is_not_open_gets_no_answer(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    bob.follow(alice.handle)
    world.settle()
    post = post_of(alice.person.send(circle_of(world, alice), "for friends"))
    world.settle()
    ask(world, bob, post)
    assert not answer_of(bob)
    assert not answer_of(bob, "Reject")
    assert not Stamp.objects.exists()


@pytest.mark.parametrize("wish", ["nobody", "followers"])
def test_whoever_may_not_quote_is_told_so(
    world: World, alice: Resident, bob: Neighbour, wish: str
) -> None:
    alice.tell_bot(f"set quotes {wish}")
    world.settle()
    post = post_of(alice.post("mine"))
    world.settle()
    ask(world, bob, post)
    assert answer_of(bob, "Reject")["object"]["object"] == post
    assert not answer_of(bob)
    assert not any("quotes your post" in line for line in alice.answers())


def test_whoever_is_blocked_may_not_quote(world: World, alice: Resident, bob: Neighbour) -> None:
    post = post_of(alice.post("mine"))
    world.settle()
    bob.like(post)
    world.settle()
    alice.tell_bot(f"block {bob.handle}")
    world.settle()
    ask(world, bob, post)
    assert answer_of(bob, "Reject")
    assert not Stamp.objects.exists()


@pytest.mark.parametrize(
    "lie",
    [
        {"interactingObject": "https://elsewhere.example/1"},
        {"interactionTarget": "https://elsewhere.example/1"},
        {"type": "Note"},
    ],
)
def test_a_stamp_that_is_about_something_else_proves_nothing(
    world: World, alice: Resident, bob: Neighbour, carol: Neighbour, lie: dict[str, str]
) -> None:
    world.friends(bob, alice)
    mirror = world.mirror(bob, alice)
    quoted = carol.post("the original").post
    first = bob.post("hear hear", extra={"quote": quoted}).post
    stamp = stamped(carol, quoted, first, **lie)
    bob.update(first, extra={"quote": quoted, "quoteAuthorization": stamp}, text="hear hear now")
    world.settle()
    assert SHUT in heard(alice, mirror)
    assert "the original" not in heard(alice, mirror)


def test_nobody_stamps_for_whom_they_quote(
    world: World, alice: Resident, bob: Neighbour, carol: Neighbour, mirror: str
) -> None:
    quoted = carol.post("the original").post
    quote(bob, quoted, by=bob)
    world.settle()
    assert SHUT in heard(alice, mirror)


def test_the_older_names_alone_are_a_link(
    world: World, alice: Resident, bob: Neighbour, carol: Neighbour, mirror: str
) -> None:
    quoted = carol.post("the original").post
    bob.post("as they did it", extra={"quoteUrl": quoted, "_misskey_quote": quoted})
    world.settle()
    body = now(alice, "as they did it", mirror)["body"]
    assert f"RE: {quoted} ({SHUT})" in body
    assert "the original" not in body


# ---- quotes of others, read here


def test_a_quote_with_a_stamp_is_shown_whole_and_on_the_page_too(
    world: World, alice: Resident, bob: Neighbour, carol: Neighbour, mirror: str
) -> None:
    quoted = carol.post("the original").post
    first = quote(bob, quoted, by=carol)
    world.settle()
    content = now(alice, "hear hear", mirror)
    assert "> the original" in content["body"]
    assert "<blockquote>" in content["formatted_body"]
    assert content["org.matrix.msc4501.social.body"] == "hear hear indeed"
    related = content["org.matrix.msc4501.social.relates_to"]
    assert related["rel_type"] == "org.matrix.msc4501.social.repost"
    assert related["content"]["body"] == "the original"
    assert Post.objects.get(uri=first).stamp


def test_whoever_quotes_themselves_needs_no_stamp(
    world: World, alice: Resident, bob: Neighbour, mirror: str
) -> None:
    quote(bob, bob.post("what I said").post)
    world.settle()
    assert "> what I said" in heard(alice, mirror)


def test_a_quote_whose_stamp_is_taken_back_is_a_link(
    world: World, alice: Resident, bob: Neighbour, carol: Neighbour, mirror: str
) -> None:
    first = quote(bob, carol.post("the original").post, by=carol)
    world.settle()
    stamp = Post.objects.get(uri=first).stamp
    world.hear(carol, said(carol, "Delete", stamp))
    world.settle()
    assert SHUT in heard(alice, mirror)
    assert "the original" not in heard(alice, mirror)
    lost_and_rebuilt()
    assert not Post.objects.get(uri=first).stamp


def test_words_that_were_deleted_go_from_where_they_are_quoted(
    world: World, alice: Resident, bob: Neighbour, carol: Neighbour, mirror: str
) -> None:
    quoted = carol.post("regretted").post
    quote(bob, quoted, by=carol)
    world.settle()
    assert "regretted" in heard(alice, mirror)
    carol.delete(quoted)
    world.hear(carol, said(carol, "Delete", {"id": quoted, "type": "Tombstone"}))
    world.settle()
    assert "regretted" not in heard(alice, mirror)


def test_words_of_whoever_left_go_from_where_they_are_quoted(
    world: World, alice: Resident, bob: Neighbour, carol: Neighbour, mirror: str
) -> None:
    quote(bob, carol.post("before I left").post, by=carol)
    world.settle()
    assert "before I left" in heard(alice, mirror)
    world.hear(carol, said(carol, "Delete", carol.id))
    world.settle()
    assert "before I left" not in heard(alice, mirror)


@pytest.mark.parametrize("judged", ["she", "her server"])
def test_words_of_who_is_suspended_are_in_no_quote_and_on_no_card_until_that_ends(
    world: World, alice: Resident, bob: Neighbour, carol: Neighbour, mirror: str, judged: str
) -> None:
    quoted, boosted = carol.post("for the admins to read").post, carol.post("and this, too").post
    quote(bob, quoted, by=carol)
    bob.boost(boosted)
    world.settle()
    page = post(Post.objects.get(quote=quoted).uri).url
    there = Actor.objects.filter(uri=carol.id)
    for _ in range(2):
        assert "for the admins to read" in heard(alice, mirror)
        assert "and this, too" in now(alice, "boosted", mirror)["body"]
        if judged == "she":
            moderation.suspend(there.get())
        else:
            moderation.block(host_of(carol.id))
        world.settle()
        shown = str([now(alice, words, mirror) for words in ("hear hear", "boosted")])
        assert "for the admins to read" not in shown
        assert "and this, too" not in shown
        assert "for the admins to read" not in world.page(page)
        if judged == "she":
            moderation.unsuspend(there.get())
        else:
            moderation.unblock(host_of(carol.id))
        world.settle()


def test_of_who_is_suspended_here_others_show_nothing_and_their_own_room_all(
    world: World, alice: Resident, ada: Resident, bob: Neighbour
) -> None:
    world.friends(bob, ada)
    event = alice.post("written by alice")
    world.settle()
    bob.boost(post_of(event))
    world.settle()
    theirs = world.mirror(bob, ada)
    moderation.suspend(alice.row())
    world.settle()
    assert "written by alice" not in now(ada, "boosted", theirs)["body"]
    assert "written by alice" in now(alice, "boosted", alice.room)["body"]
    moderation.unsuspend(alice.row())
    world.settle()
    assert "written by alice" in now(ada, "boosted", theirs)["body"]


def test_an_edit_for_everybody_is_shown_where_it_is_quoted(
    world: World, alice: Resident, bob: Neighbour, carol: Neighbour, mirror: str
) -> None:
    quoted = carol.post("badly put").post
    quote(bob, quoted, by=carol)
    bob.post("only a link", extra={"quoteUrl": quoted})
    world.settle()
    assert "badly put" in heard(alice, mirror)
    before = len(alice.timeline(mirror))
    world.hear(carol, said(carol, "Update", edited(carol, quoted, "better put")))
    world.settle()
    shown = str(now(alice, "hear hear", mirror))
    assert "better put" in shown
    assert "badly put" not in shown
    assert len(alice.timeline(mirror)) == before + 1  # the link says nothing else than before


def test_a_reader_sees_no_quote_of_whom_they_block(
    world: World, alice: Resident, bob: Neighbour, carol: Neighbour, mirror: str
) -> None:
    alice.tell_bot(f"block {carol.handle}")
    world.settle()
    quote(bob, carol.post("unwanted").post, by=carol)
    world.settle()
    assert "unwanted" not in heard(alice, mirror)


def test_what_was_taken_back_unheard_is_found_a_day_later(
    world: World, alice: Resident, bob: Neighbour, carol: Neighbour, mirror: str
) -> None:
    first = quote(bob, carol.post("the original").post, by=carol)
    world.settle()
    row = Post.objects.get(uri=first)
    assert quotes.look_again() == 0
    Post.objects.filter(pk=row.pk).update(published=1)
    assert quotes.look_again() == 0
    row.refresh_from_db()
    assert row.proven
    Post.objects.filter(pk=row.pk).update(proven=1)
    carol.delete(row.stamp)  # which reaches nobody here
    assert quotes.look_again() == 1
    world.settle()
    assert SHUT in heard(alice, mirror)


def test_a_shown_quote_stands_after_a_loss(
    world: World, alice: Resident, bob: Neighbour, carol: Neighbour
) -> None:
    world.friends(bob, alice)
    first = quote(bob, carol.post("the original").post, by=carol)
    world.settle()
    before = Post.objects.get(uri=first).stamp
    assert before
    lost_and_rebuilt()
    assert Post.objects.get(uri=first).stamp == before


# ---- being quoted


def test_whoever_asks_gets_a_stamp_that_anybody_can_check(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    post = post_of(alice.post("quotable"))
    world.settle()
    policy = world.json(post)["interactionPolicy"]["canQuote"]
    assert policy == {"automaticApproval": [PUBLIC]}
    written = ask(world, bob, post)
    accept = answer_of(bob)
    assert accept["object"]["instrument"] == written["id"]
    stamp = world.json(accept["result"])
    assert stamp["type"] == "QuoteAuthorization"
    assert stamp["attributedTo"] == alice.actor
    assert stamp["interactingObject"] == written["id"]
    assert stamp["interactionTarget"] == post
    assert any("quotes your post" in line for line in alice.answers())


def test_a_stamp_is_the_same_after_a_loss_and_gone_stays_gone(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    post = post_of(alice.post("quotable"))
    world.settle()
    ask(world, bob, post)
    kept = answer_of(bob)["result"]
    taken = ask(world, bob, post)
    alice.tell_bot(f"unquote {taken['id']}")
    world.settle()
    gone = answer_of(bob)["result"]
    before = world.get(kept)
    assert before[0] == 200
    assert world.get(gone)[0] == 410
    lost_and_rebuilt()
    assert world.get(kept) == before
    assert world.get(gone)[0] == 410


def test_a_quote_is_taken_back_for_good(world: World, alice: Resident, bob: Neighbour) -> None:
    post = post_of(alice.post("quotable"))
    world.settle()
    written = ask(world, bob, post)
    stamp = answer_of(bob)["result"]
    alice.tell_bot(f"unquote {written['id']}")
    world.settle()
    (told,) = [e["activity"] for e in bob.received("Delete")]
    assert told["object"]["id"] == stamp
    world.hear(bob, said(bob, "QuoteRequest", post, instrument=written))
    world.settle()
    assert answer_of(bob, "Reject")["object"]["instrument"] == written["id"]


def test_a_block_takes_quotes_back(world: World, alice: Resident, bob: Neighbour) -> None:
    post = post_of(alice.post("quotable"))
    world.settle()
    ask(world, bob, post)
    alice.tell_bot(f"block {bob.handle}")
    world.settle()
    assert bob.received("Delete")
    assert not Stamp.objects.exists()


# ---- quotes from here


def test_a_link_below_own_words_asks_whom_it_quotes(
    world: World, alice: Resident, bob: Neighbour, carol: Neighbour
) -> None:
    bob.follow(alice.handle)
    theirs = known(world, alice, carol, "the original")
    mine = post_of(alice.post(f"So true\n{theirs}"))
    world.settle()
    (created,) = [e["activity"]["object"] for e in bob.received("Create")]
    names_of_it = ("quote", "quoteUri", "quoteUrl", "_misskey_quote")
    assert {created[name] for name in names_of_it} == {theirs}
    assert created["tag"][-1]["href"] == theirs
    assert created["content"].startswith('<p>So true<span class="quote-inline">')
    (asked,) = [e["activity"] for e in carol.received("QuoteRequest")]
    assert asked["object"] == theirs
    assert asked["instrument"]["id"] == mine
    assert SHUT in world.page(f"/@alice/{mine.rsplit('/', 1)[-1]}")

    stamp = stamped(carol, theirs, mine)
    inner = {"type": "QuoteRequest", "id": asked["id"], "actor": alice.actor}
    inner |= {"object": theirs, "instrument": mine}
    world.hear(carol, said(carol, "Accept", inner, result=stamp))
    world.settle()
    (update,) = [e["activity"]["object"] for e in bob.received("Update")]
    assert update["quoteAuthorization"] == stamp
    assert world.json(mine)["quoteAuthorization"] == stamp
    page = world.page(f"/@alice/{mine.rsplit('/', 1)[-1]}")
    assert "the original" in page
    assert SHUT not in page
    before = world.get(mine)
    lost_and_rebuilt()
    assert world.get(mine) == before
    assert Post.objects.get(uri=mine).stamp == stamp


def test_a_refused_quote_is_taken_off_and_its_author_told(
    world: World, alice: Resident, bob: Neighbour, carol: Neighbour
) -> None:
    bob.follow(alice.handle)
    theirs = known(world, alice, carol, "the original")
    mine = post_of(alice.post(f"So true\n{theirs}"))
    world.settle()
    (asked,) = [e["activity"] for e in carol.received("QuoteRequest")]
    world.hear(carol, said(carol, "Reject", asked["id"]))
    world.settle()
    (update,) = [e["activity"]["object"] for e in bob.received("Update")]
    assert "quote" not in update
    assert update["content"] == "<p>So true</p>"
    assert any("does not let you quote" in line for line in alice.answers())
    assert "quote" not in world.json(mine)


def test_only_whom_it_quotes_may_allow_it(
    world: World, alice: Resident, carol: Neighbour, mallory: Neighbour
) -> None:
    theirs = known(world, alice, carol, "the original")
    mine = post_of(alice.post(f"So true\n{theirs}"))
    world.settle()
    (asked,) = [e["activity"] for e in carol.received("QuoteRequest")]
    for kind in ("Accept", "Reject"):
        world.hear(mallory, said(mallory, kind, asked["id"], result=f"{mallory.id}/stamps/1"))
    world.settle()
    post = Post.objects.get(uri=mine)
    assert (post.quote, post.stamp) == (theirs, "")


def test_what_may_not_be_quoted_stays_a_link(
    world: World, alice: Resident, carol: Neighbour
) -> None:
    nobody = {"interactionPolicy": {"canQuote": {"automaticApproval": [carol.id]}}}
    theirs = known(world, alice, carol, "the original", **nobody)
    mine = post_of(alice.post(f"So true\n{theirs}"))
    world.settle()
    assert "quote" not in world.json(mine)
    assert theirs in world.json(mine)["content"]
    assert not carol.received("QuoteRequest")


def test_neighbours_here_quote_each_other_at_once(
    world: World, alice: Resident, ada: Resident, bob: Neighbour
) -> None:
    bob.follow(ada.handle)
    event = alice.post("from alice")
    world.settle()
    link = names.matrix_link(alice.room, event)
    mine = post_of(ada.post(f"well said\n{link}"))
    world.settle()
    document = world.json(mine)
    assert document["quote"] == post_of(event)
    assert world.json(document["quoteAuthorization"])["interactingObject"] == mine
    assert any("quotes your post" in line for line in alice.answers())
    assert bob.received("Update")
    alice.tell_bot(f"unquote {mine}")
    world.settle()
    assert "quote" not in world.json(mine)


def test_an_edit_keeps_what_is_quoted(world: World, alice: Resident) -> None:
    first = alice.post("from me")
    world.settle()
    link = names.matrix_link(alice.room, first)
    event = alice.post(f"as I said\n{link}")
    world.settle()
    alice.person.edit(alice.room, event, f"as I always said\n{link}")
    world.settle()
    document = world.json(post_of(event))
    assert document["quote"] == post_of(first)
    assert document["content"].startswith("<p>as I always said<span")


def test_a_client_that_knows_quotes_says_so_itself(
    world: World, alice: Resident, ada: Resident
) -> None:
    event = alice.post("from alice")
    world.settle()
    social = "org.matrix.msc4501.social"
    related = {"rel_type": f"{social}.repost", "event_id": event, "sender": "@liar:evil.test"}
    both = {f"{social}.body": "mine", f"{social}.relates_to": related}
    mine = post_of(ada.post("mine\n\n> from alice", **both))
    bare = ada.post(post_of(event), **{f"{social}.relates_to": related})
    world.settle()
    document = world.json(mine)
    assert document["quote"] == post_of(event)
    assert document["content"].startswith("<p>mine<span")
    boost = world.json(names.act_uri(world.url, bare))
    assert (boost["type"], boost["object"]) == ("Announce", post_of(event))


def test_what_a_client_wrote_below_for_others_is_no_words_of_ones_own(
    world: World, alice: Resident, bob: Neighbour, carol: Neighbour
) -> None:
    """Of what is not open, or may not be quoted, the words of others go nowhere in one's name."""
    world.friends(bob, alice)
    secret = bob.post("between my followers", to="private").post
    asks = {"interactionPolicy": {"canQuote": {"automaticApproval": [carol.id]}}}
    theirs = known(world, alice, carol, "the original", **asks)
    social = "org.matrix.msc4501.social"
    for uri, words in ((secret, "between my followers"), (theirs, "the original")):
        event = Anchor.objects.filter(uri=uri).values_list("event_id", flat=True).first()
        related = {"rel_type": f"{social}.repost", "event_id": event}
        both = {f"{social}.body": "look", f"{social}.relates_to": related}
        mine = post_of(alice.post(f"look\n\n> {words}", **both))
        inline = alice.post(
            f"> {words}", **{f"{social}.relates_to": related | {"content_inline": True}}
        )
        world.settle()
        document = world.json(mine)
        assert words not in document["content"]
        assert ("href" in document["content"]) is (uri == theirs), "a link only to what is open"
        assert not Post.objects.filter(uri=post_of(inline)).exists()
    elsewhere = {"rel_type": f"{social}.repost", "event_id": "$" + "x" * 43, "content_inline": True}
    nothing = alice.post("> of a room that is not bridged", **{f"{social}.relates_to": elsewhere})
    world.settle()
    assert outcome(nothing).state == "ignored"


def test_followers_only_words_ask_nobody_and_quote_nobody_else(
    world: World, alice: Resident, carol: Neighbour
) -> None:
    theirs = known(world, alice, carol, "the original")
    mine = post_of(alice.person.send(circle_of(world, alice), f"between us\n{theirs}"))
    world.settle()
    assert not Post.objects.get(uri=mine).quote
    assert not carol.received("QuoteRequest")
