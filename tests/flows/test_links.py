"""Pages that a profile names: believed to be the same person's when they lead back to it."""

from collections.abc import Iterator

import pytest

from bridge.links import names_one_of
from bridge.models import Errand
from social.models import Backlink
from tests.fakes.liar import Liar, Page, serving
from tests.fakes.world import Resident, World

HTML = "text/html; charset=utf-8"
CHECKED = "names this profile too"


@pytest.fixture
def site() -> Iterator[Liar]:
    with serving("127.0.0.9") as found:
        yield found


def page(alice: Resident, rel: str = "me", to: str = "") -> bytes:
    return (
        f'<!doctype html><p>I am also <a rel="{rel}" href="{to or alice.actor}">here</a>'.encode()
    )


def name(world: World, alice: Resident, address: str, label: str = "Home") -> None:
    alice.tell_bot(f"set field {label} = {address}")
    world.settle()


def look_again(world: World) -> None:
    world.let_time_pass()
    world.settle()


def test_a_page_that_leads_back_is_marked_with_its_host(
    world: World, alice: Resident, site: Liar
) -> None:
    name(world, alice, site.serve("/", page(alice), HTML))
    host = site.url.removeprefix("http://")
    assert f"<bdi>{host}</bdi> {CHECKED}" in world.page("/@alice")
    assert 'rel="me nofollow noopener"' in world.page("/@alice")


@pytest.mark.parametrize("rel", ["", "nofollow", "meow", "not-me"])
def test_a_link_that_does_not_say_me_is_none(
    world: World, alice: Resident, site: Liar, rel: str
) -> None:
    name(world, alice, site.serve("/", page(alice, rel), HTML))
    assert site.fetches("/") == 1
    assert CHECKED not in world.page("/@alice")


def test_a_page_that_names_somebody_else_proves_nothing(
    world: World, alice: Resident, ada: Resident, site: Liar
) -> None:
    name(world, alice, site.serve("/", page(ada), HTML))
    assert CHECKED not in world.page("/@alice")


@pytest.mark.parametrize("kind", ["text/plain", "application/json", ""])
def test_only_a_page_can_prove_something(
    world: World, alice: Resident, site: Liar, kind: str
) -> None:
    name(world, alice, site.serve("/", page(alice), kind))
    assert CHECKED not in world.page("/@alice")


def test_nobody_proves_themselves_by_a_page_of_ours(world: World, alice: Resident) -> None:
    name(world, alice, f"{world.url}/@alice")
    assert CHECKED not in world.page("/@alice")


def test_the_mark_goes_when_the_page_no_longer_leads_back_but_not_while_it_is_away(
    world: World, alice: Resident, site: Liar
) -> None:
    name(world, alice, site.serve("/", page(alice), HTML))
    site.pages["/"] = Page(b"", HTML, status=503)
    look_again(world)
    assert site.fetches("/") == 2
    assert CHECKED in world.page("/@alice")
    site.serve("/", page(alice, "nofollow"), HTML)
    look_again(world)
    assert CHECKED not in world.page("/@alice")
    assert not Backlink.objects.exists()


def test_a_page_that_is_away_for_long_counts_no_more(
    world: World, alice: Resident, site: Liar
) -> None:
    name(world, alice, site.serve("/", page(alice), HTML))
    Backlink.objects.update(verified=1)
    del site.pages["/"]
    site.pages["/"] = Page(b"", HTML, status=500)
    look_again(world)
    assert not Backlink.objects.exists()


def test_another_page_in_the_same_field_is_looked_at_for_itself(
    world: World, alice: Resident, site: Liar
) -> None:
    name(world, alice, site.serve("/", page(alice), HTML))
    name(world, alice, site.serve("/other", b"<p>nothing here", HTML))
    look_again(world)
    assert CHECKED not in world.page("/@alice")


def test_pages_are_looked_at_again_every_week(world: World, alice: Resident, site: Liar) -> None:
    name(world, alice, site.serve("/", page(alice), HTML))
    errand = Errand.objects.get(kind="links")
    assert errand.due
    assert errand.done
    assert (errand.due - errand.done).days in {6, 7}
    assert site.fetches("/") == 1


def test_links_are_found_as_microformats_write_them() -> None:
    home = "https://social.example/@alice"
    for html in (
        f'<link rel="ME" href="{home}">',
        f'<a href="{home}/" class="u-url" rel="noopener me">',
        "<a rel=me href='https://SOCIAL.example/@alice#posts'>x</a>",
    ):
        assert names_one_of(html, {home}), html
    for html in (
        f'<!-- <a rel="me" href="{home}"> -->',
        f'<script>"<a rel=me href={home}>"</script>',
        f'<a rel="me" href="{home}2">',
        '<a rel="me" href="https://social.example.evil/@alice">',
        f'<a rel="me">{home}</a>',
    ):
        assert not names_one_of(html, {home}), html
