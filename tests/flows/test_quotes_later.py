"""Quotes whose right to quote could not be looked at as they came: asked for again, and shown."""

import pytest

from bridge import consents, pace
from bridge.demo.neighbourhood import Actor as Neighbour
from bridge.models import Errand
from social.models import Post
from tests.fakes.world import PUBLIC, Resident, World, note, outcome, post_of, said
from tests.flows.quotes import SHUT, now, quote, stamped
from tests.rebuilt import lost_and_rebuilt


@pytest.fixture
def carol(world: World) -> Neighbour:
    """Whom others quote: on another server than bob."""
    return world.neighbour("carol", host=1)


def a_while_later(world: World) -> None:
    world.let_time_pass()
    world.settle()


def away(world: World) -> None:
    """Carol's server."""
    world.neighbours.faults("status:503", host=1, where="get")


def back(world: World) -> None:
    world.neighbours.faults("ok", host=1)


def stamp_of(uri: str) -> str:
    return Post.objects.get(uri=uri).stamp


def quotes_with_a_right(one: Neighbour, quoted: str, by: Neighbour, **extra: object) -> str:
    """Not sent to anybody: the post as it stands at its own server."""
    uri = one.post("hear hear", to="direct", extra={"to": [PUBLIC], "cc": [], **extra}).post
    stamp = stamped(by, quoted, uri)
    claim = {"quote": quoted, "quoteAuthorization": stamp}
    one.update(uri, "hear hear", extra={"to": [PUBLIC], "cc": [], **extra, **claim})
    return uri


# ---- away


def test_a_stamp_that_could_not_be_had_is_asked_for_again_until_it_is_there(
    world: World, alice: Resident, bob: Neighbour, carol: Neighbour
) -> None:
    world.friends(bob, alice)
    mirror = world.mirror(bob, alice)
    first = quote(bob, carol.post("the original").post, by=carol)
    away(world)
    world.settle()
    assert SHUT in now(alice, "hear hear", mirror)["body"]
    a_while_later(world)
    (errand,) = Errand.objects.filter(kind="quote")
    assert (errand.about, errand.failures) == (first, 1)
    assert SHUT in now(alice, "hear hear", mirror)["body"]
    back(world)
    a_while_later(world)
    assert "> the original" in now(alice, "hear hear", mirror)["body"]
    stamp = stamp_of(first)
    assert stamp
    assert Post.objects.get(uri=first).updated, "as it was edited, and not again"
    lost_and_rebuilt()
    assert stamp_of(first) == stamp
    consents.plan()
    world.settle()
    world.hear(carol, said(carol, "Delete", stamp))
    world.settle()
    assert SHUT in now(alice, "hear hear", mirror)["body"]
    assert not stamp_of(first)


def test_what_nobody_waits_for_is_asked_no_faster_than_its_host_likes(
    world: World, alice: Resident, bob: Neighbour, carol: Neighbour
) -> None:
    world.friends(bob, alice)
    first = quote(bob, carol.post("the original").post, by=carol)
    away(world)
    world.settle()
    back(world)
    for _ in range(2 * pace.BURST):
        pace.of_this_process.turn(carol.id.split("/")[2], 3_600.0)
    a_while_later(world)
    (errand,) = Errand.objects.filter(kind="quote")
    assert errand.due
    assert not stamp_of(first)
    pace.of_this_process.forget()
    a_while_later(world)
    assert stamp_of(first)


def test_who_stays_away_is_asked_five_times_and_no_more(
    world: World, alice: Resident, bob: Neighbour, carol: Neighbour
) -> None:
    world.friends(bob, alice)
    quote(bob, carol.post("the original").post, by=carol)
    away(world)
    world.settle()
    for _ in range(7):
        a_while_later(world)
    errand = Errand.objects.get(kind="quote")
    assert (errand.due, errand.failures) == (None, 5)


def test_a_page_shows_the_quote_once_it_is_known(
    world: World, alice: Resident, bob: Neighbour, carol: Neighbour
) -> None:
    world.friends(bob, alice)
    root = alice.post("what do you think?")
    world.settle()
    quoted = carol.post("the original").post
    answer = bob.post("hear hear", reply_to=post_of(root), extra={"quote": quoted}).post
    claim = {"quote": quoted, "quoteAuthorization": stamped(carol, quoted, answer)}
    bob.update(answer, "hear hear", extra=claim)
    away(world)
    world.settle()
    page = f"/@alice/{root[1:]}"
    assert SHUT in world.page(page)
    back(world)
    a_while_later(world)
    assert SHUT not in world.page(page)
    assert "the original" in world.page(page)


# ---- whichever way it came


def test_a_quote_from_before_the_first_follow_is_looked_at_and_shown(
    world: World, alice: Resident, bob: Neighbour, carol: Neighbour
) -> None:
    first = quote(bob, carol.post("the original").post, by=carol)
    world.friends(bob, alice)
    mirror = world.mirror(bob, alice)
    assert SHUT in now(alice, "hear hear", mirror)["body"]
    a_while_later(world)
    assert "> the original" in now(alice, "hear hear", mirror)["body"]
    assert stamp_of(first)


def test_a_quote_that_a_group_passes_on_is_looked_at_and_shown(
    world: World, alice: Resident, bob: Neighbour, carol: Neighbour
) -> None:
    cats = world.neighbour("cats", type="Group")
    alice.tell_bot(f"follow {cats.handle}")
    world.settle()
    quoted = carol.post("the original").post
    topic = quotes_with_a_right(bob, quoted, by=carol, audience=cats.id)
    world.hear(cats, said(cats, "Announce", topic, to=[PUBLIC], cc=[f"{cats.id}/followers"]))
    world.settle()
    room = world.mirror(cats, alice)
    assert SHUT in now(alice, "hear hear", room)["body"]
    a_while_later(world)
    assert "> the original" in now(alice, "hear hear", room)["body"]


def test_a_quote_above_an_answer_is_looked_at(
    world: World, alice: Resident, bob: Neighbour, carol: Neighbour
) -> None:
    world.friends(bob, alice)
    pat = world.neighbour("pat", host=1)
    above = quotes_with_a_right(pat, carol.post("the original").post, by=carol)
    bob.post("indeed", reply_to=above)
    world.settle()
    assert not stamp_of(above)
    a_while_later(world)
    assert stamp_of(above)


# ---- refused


def test_what_turns_out_to_be_no_consent_stays_a_link(
    world: World, alice: Resident, bob: Neighbour, carol: Neighbour
) -> None:
    world.friends(bob, alice)
    pat = world.neighbour("pat", host=1)
    above = quotes_with_a_right(pat, carol.post("the original").post, by=bob)
    bob.post("indeed", reply_to=above)
    world.settle()
    a_while_later(world)
    assert not stamp_of(above)
    assert Errand.objects.get(kind="quote").due is None


def test_an_edit_by_somebody_whom_nobody_reads_proves_nothing(
    world: World, alice: Resident, bob: Neighbour, carol: Neighbour
) -> None:
    world.friends(bob, alice)
    pat = world.neighbour("pat", host=1)
    quoted = carol.post("the original").post
    above = pat.post("hear hear", extra={"quote": quoted}).post
    bob.post("indeed", reply_to=above)
    world.settle()
    forged = note(pat, "hear hear now", quote=quoted, quoteAuthorization=f"{carol.id}/stamps/1")
    world.hear(pat, said(pat, "Update", {**forged, "id": above}))
    world.settle()
    assert "now" in Post.objects.get(uri=above).html
    assert not stamp_of(above)
    a_while_later(world)
    assert not stamp_of(above)


def test_nobody_proves_a_quote_by_an_answer_that_was_sent_elsewhere(
    world: World, alice: Resident, bob: Neighbour, carol: Neighbour
) -> None:
    world.friends(bob, alice)
    quoted = carol.post("the original").post
    first = quote(bob, quoted)
    world.settle()
    asked = {"type": "QuoteRequest", "actor": bob.id, "object": quoted, "instrument": first}
    accept = said(carol, "Accept", asked, result=f"{carol.id}/stamps/1")
    world.hear(carol, accept)
    world.settle()
    assert outcome(accept["id"]).state == "ignored"
    assert not stamp_of(first)


# ---- after a loss


def test_what_is_quoted_is_fetched_again_after_a_loss(
    world: World, alice: Resident, bob: Neighbour, carol: Neighbour
) -> None:
    world.friends(bob, alice)
    quoted = carol.post("the original").post
    first = quote(bob, quoted, by=carol)
    world.settle()
    assert stamp_of(first)
    lost_and_rebuilt()
    assert not Post.objects.filter(uri=quoted).exists()
    consents.plan()
    world.settle()
    assert Post.objects.filter(uri=quoted).exists()
    assert stamp_of(first)
    consents.plan()
    assert Errand.objects.filter(kind="quote").count() == 1


@pytest.mark.parametrize("heard", ["stamp", "post", "nothing"])
def test_a_quote_ends_though_nothing_is_known_of_whom_it_quotes_since_a_loss(
    world: World, alice: Resident, bob: Neighbour, carol: Neighbour, heard: str
) -> None:
    world.friends(bob, alice)
    mirror = world.mirror(bob, alice)
    quoted = carol.post("the original").post
    first = quote(bob, quoted, by=carol)
    world.settle()
    stamp = stamp_of(first)
    assert "the original" in now(alice, "hear hear", mirror)["body"]
    lost_and_rebuilt()
    if heard == "nothing":  # it was said while we were away
        for gone in (stamp, quoted):
            carol.delete(gone)
        consents.plan()
    else:
        world.hear(carol, said(carol, "Delete", {"stamp": stamp, "post": quoted}[heard]))
    world.settle()
    assert not stamp_of(first)
    assert "the original" not in now(alice, "hear hear", mirror)["body"]


def test_nobody_of_another_server_ends_a_quote_of_what_is_not_known(
    world: World, alice: Resident, bob: Neighbour, carol: Neighbour
) -> None:
    world.friends(bob, alice)
    mallory = world.neighbour("mallory")
    quoted = carol.post("the original").post
    first = quote(bob, quoted, by=carol)
    world.settle()
    stamp = stamp_of(first)
    lost_and_rebuilt()
    for about in (stamp, quoted):
        world.hear(mallory, said(mallory, "Delete", about))
    world.settle()
    assert stamp_of(first) == stamp
