"""Whose words: what stands here is what its author's own server says."""

from typing import Any

from bridge.demo.neighbourhood import Actor as Neighbour
from social import timelines
from social.models import Post
from tests.bridge.security.claims import WORDS, shown
from tests.fakes.liar import PUBLIC, Liar, Somebody
from tests.fakes.world import Resident, World, said


def attributed_to_another(eve: Somebody, him: Somebody, alice: str) -> Any:
    return eve.creates(eve.note(WORDS, to=alice, attributedTo=him.id))


def id_on_anothers_server(eve: Somebody, him: Somebody, alice: str) -> Any:
    return eve.creates(eve.note(WORDS, to=alice, id=f"{him.server.url}/n/x"))


def id_on_our_server(eve: Somebody, him: Somebody, alice: str) -> Any:
    return eve.creates(eve.note(WORDS, to=alice, id=f"{alice}/posts/x"))


def anothers_post_embedded(eve: Somebody, him: Somebody, alice: str) -> Any:
    return eve.creates({**him.note(WORDS, to=alice), "id": f"{him.server.url}/n/x"})


def boost_with_a_forgery_inside(eve: Somebody, him: Somebody, alice: str) -> Any:
    forged = {**him.note(WORDS, to=alice), "id": f"{him.server.url}/n/x"}
    return eve.says("Announce", forged, to=[PUBLIC], cc=[alice])


def edit_with_another_author_inside(eve: Somebody, him: Somebody, alice: str) -> Any:
    return eve.says("Update", him.note(WORDS, to=alice), to=[PUBLIC])


def passed_on_in_other_words(eve: Somebody, him: Somebody, alice: str) -> Any:
    honest = him.note("what he said", to=alice)
    return him.creates({**honest, "content": WORDS, "signature": {"type": "RsaSignature2017"}})


FORGERIES = (
    attributed_to_another,
    id_on_anothers_server,
    id_on_our_server,
    anothers_post_embedded,
    boost_with_a_forgery_inside,
    edit_with_another_author_inside,
    passed_on_in_other_words,
)


def test_nobody_puts_words_into_anothers_mouth(
    world: World, alice: Resident, evil: Liar, victim: Liar
) -> None:
    eve, him = evil.somebody("eve"), victim.somebody("him", pair="him")
    him.knocks(world, him.says("Follow", alice.actor))  # so that he is known here
    world.settle()
    for forge in FORGERIES:
        assert eve.knocks(world, forge(eve, him, alice.actor)) in {202, 401}, forge.__name__
        world.settle()
        assert not shown(), forge.__name__
    assert not alice.seen(WORDS)


def test_what_is_passed_on_is_read_at_its_origin(
    world: World, alice: Resident, evil: Liar, victim: Liar
) -> None:
    eve, him = evil.somebody("eve"), victim.somebody("him", pair="him")
    him.knocks(world, him.says("Follow", alice.actor))
    world.settle()
    note = him.note("what he said", to=alice.actor)
    forged = him.creates({**note, "content": WORDS})
    assert eve.knocks(world, forged) == 202
    world.settle()
    assert shown("what he said")
    assert not shown()


UPLOADED = ("application/json", "text/html", "text/plain", "image/png")


def test_a_file_uploaded_to_a_server_is_none_of_its_posts(
    world: World, alice: Resident, evil: Liar, victim: Liar
) -> None:
    eve, him = evil.somebody("eve"), victim.somebody("him", pair="him")
    for number, kind in enumerate(UPLOADED):
        place = f"{victim.url}/media/{number}"
        victim.serve(f"/media/{number}", him.note(WORDS, to=alice.actor, id=place), kind)
        eve.knocks(world, eve.creates(place))
        eve.knocks(world, eve.says("Announce", place, to=[PUBLIC]))
        eve.knocks(world, eve.creates(eve.note("see above", to=alice.actor, inReplyTo=place)))
        world.settle()
        assert f"/media/{number}" in victim.asked
        assert not shown(), kind


def test_a_redirect_to_another_server_brings_no_post(
    world: World, alice: Resident, evil: Liar, victim: Liar
) -> None:
    eve, him = evil.somebody("eve"), victim.somebody("him", pair="him")
    place = f"{victim.url}/n/1"
    forged = him.note(WORDS, to=alice.actor, id=place)
    victim.redirect("/n/1", evil.serve("/n/1", forged))
    eve.knocks(world, eve.creates(eve.note("above", to=alice.actor, inReplyTo=place)))
    world.settle()
    assert not shown()


def test_an_edit_changes_neither_author_nor_audience(
    world: World, alice: Resident, evil: Liar
) -> None:
    eve, other = evil.somebody("eve"), evil.somebody("other", pair="other")
    secret = eve.note("a secret", to=alice.actor) | {"to": [alice.actor], "cc": []}
    eve.knocks(world, {**eve.creates(secret), "to": [alice.actor]})
    world.settle()
    (row,) = Post.objects.filter(uri=secret["id"])
    assert row.visibility == "direct"
    wider = {**secret, "content": "no secret", "to": [PUBLIC], "updated": "2099-01-01T00:00:00Z"}
    eve.knocks(world, eve.says("Update", wider, to=[PUBLIC]))
    stolen = {**wider, "attributedTo": other.id}
    other.knocks(world, other.says("Update", stolen, to=[PUBLIC]))
    world.settle()
    row.refresh_from_db()
    assert (row.visibility, row.author.uri) == ("direct", eve.id)
    assert not Post.objects.open().filter(pk=row.pk).exists()


def test_a_note_for_somebody_else_is_not_shown_through_the_shared_inbox(
    world: World, alice: Resident, evil: Liar, victim: Liar
) -> None:
    eve, him = evil.somebody("eve"), victim.somebody("him", pair="him")
    note = eve.note(WORDS, to=him.id, tag=[]) | {"to": [him.id], "cc": []}
    assert eve.knocks(world, {**eve.creates(note), "to": [him.id]}) == 202
    world.settle()
    assert not shown()


def test_a_boost_does_not_bring_back_whom_somebody_blocked(
    world: World, alice: Resident, evil: Liar, bob: Neighbour
) -> None:
    world.friends(bob, alice)
    eve = evil.somebody("eve")
    eve.knocks(world, eve.says("Follow", alice.actor))
    world.settle()
    alice.tell_bot(f"block @eve@{evil.url.removeprefix('http://')}")
    world.settle()
    note = eve.note(WORDS, to=bob.id)
    world.hear(bob, said(bob, "Announce", note["id"], to=[PUBLIC]))
    world.settle()
    assert not timelines.home(alice.row()).filter(author__uri=eve.id).exists()
    assert not alice.seen(WORDS, world.mirror(bob, alice))
