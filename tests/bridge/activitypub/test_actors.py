"""Remote actors: what their own server says of them, and what another domain must confirm."""

from collections.abc import Iterator
from typing import Any

import pytest

from bridge.activitypub import actors
from tests.fakes.liar import ACTIVITY, Liar, serving
from tests.fakes.world import World

pytestmark = pytest.mark.django_db(transaction=True)
JRD = "application/jrd+json"
WEBFINGER = "/.well-known/webfinger"


@pytest.fixture
def abroad() -> Iterator[Liar]:
    """Where the actor lives."""
    with serving("127.0.0.1") as found:
        yield found


@pytest.fixture
def domain() -> Iterator[Liar]:
    """Whose name stands in the handle."""
    with serving("127.0.0.1") as found:
        yield found


def host(liar: Liar) -> str:
    return liar.url.removeprefix("http://")


def names(liar: Liar, uri: str) -> None:
    link: dict[str, Any] = {"rel": "self", "type": ACTIVITY, "href": uri}
    liar.serve(WEBFINGER, {"links": [link]}, JRD)


def test_a_handle_that_its_domain_does_not_confirm_is_not_believed(
    world: World, abroad: Liar, domain: Liar
) -> None:
    lena = abroad.somebody("lena", webfinger=f"lena@{host(domain)}")
    assert actors.fetch(lena.id).domain == host(abroad)
    names(domain, f"{domain.url}/u/somebody-else")
    assert actors.fetch(lena.id).domain == host(abroad)


def test_a_handle_on_another_domain_counts_when_that_domain_names_the_actor(
    world: World, abroad: Liar, domain: Liar
) -> None:
    lena = abroad.somebody("lena", webfinger=f"lena@{host(domain)}")
    names(domain, lena.id)
    assert actors.fetch(lena.id).acct == f"lena@{host(domain)}"


def test_a_confirmed_handle_is_not_asked_for_again(
    world: World, abroad: Liar, domain: Liar
) -> None:
    lena = abroad.somebody("lena", webfinger=f"lena@{host(domain)}")
    names(domain, lena.id)
    actors.fetch(lena.id)
    assert actors.fetch(lena.id).acct == f"lena@{host(domain)}"
    assert domain.fetches(WEBFINGER) == 1


def test_a_domain_that_names_an_actor_of_others_does_not_get_into_the_handle(
    world: World, abroad: Liar, domain: Liar
) -> None:
    lena = abroad.somebody("lena")
    names(domain, lena.id)
    assert actors.lookup(f"lena@{host(domain)}").domain == host(abroad)
    abroad.serve(WEBFINGER, {"subject": f"acct:lena@{host(abroad)}"}, JRD)
    assert actors.lookup(f"lena@{host(domain)}").domain == host(abroad)


def test_a_domain_counts_when_the_actors_own_server_calls_it_so(
    world: World, abroad: Liar, domain: Liar
) -> None:
    lena = abroad.somebody("lena")
    names(domain, lena.id)
    abroad.serve(WEBFINGER, {"subject": f"acct:lena@{host(domain)}"}, JRD)
    assert actors.lookup(f"lena@{host(domain)}").acct == f"lena@{host(domain)}"
