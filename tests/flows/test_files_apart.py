"""Files on pages: those of others through us, and all on a host of their own where one is set."""

import http.client

import pytest
from pytest_django import Settings as SettingsWrapper

from bridge.demo.neighbourhood import Actor as Neighbour
from social import policy
from social.models import Actor
from social.web import links
from tests.fakes.pictures import png
from tests.fakes.world import Resident, World, post, post_of
from tests.flows.files import address, fetch
from tests.flows.files import picture as typed
from tests.flows.test_enclosed import picture

PNG = "image/png"


def asked_as(host: str, world: World, path: str) -> http.client.HTTPResponse:
    """As a browser asks that host; the name leads here."""
    line = http.client.HTTPConnection(world.url.removeprefix("http://"), timeout=20)
    line.request("GET", path, headers={"Host": host})
    answer = line.getresponse()
    answer.read()
    line.close()
    return answer


def answered(world: World, alice: Resident, bob: Neighbour) -> tuple[str, str]:
    """The page of a post of alice's whose answer has a picture; and the picture's address."""
    root = alice.post("show me")
    world.settle()
    attached = [picture(world, "a.png")]
    sent = bob.post("here", reply_to=post_of(root), extra={"attachment": attached})
    world.settle()
    shown = post(sent.post)
    return world.page(f"/@alice/{root[1:]}"), links.attached(shown, shown.attachments[0]["url"])


def test_a_picture_of_others_is_shown_through_us_and_goes_with_its_post(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    page, url = answered(world, alice, bob)
    assert f'<img src="{url}"' in page
    assert f'src="{world.neighbours.file("a.png", PNG, png())}"' not in page
    status, headers, body = fetch(url)
    assert (status, headers["Content-Type"], body) == (200, PNG, png())
    assert "sandbox" in headers["Content-Security-Policy"]
    bob.delete(Actor.objects.get(uri=bob.id).posts.get().uri)
    world.settle()
    assert fetch(url)[0] == 404


def test_a_picture_that_is_not_for_everybody_is_shown_to_nobody_here(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    bob.post(
        "between us",
        to="direct",
        mentions=[alice.handle],
        extra={"attachment": [picture(world, "secret.png")]},
    )
    world.settle()
    secret = Actor.objects.get(uri=bob.id).posts.get()
    assert world.home.uploads
    assert fetch(links.attached(secret, secret.attachments[0]["url"]))[0] == 404


def test_what_the_homeserver_has_not_is_fetched_for_no_visitor(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    world.home.largest = 1
    _, url = answered(world, alice, bob)
    before = world.neighbours.fetches("a.png")
    assert fetch(url)[0] == 404
    assert world.neighbours.fetches("a.png") == before


@pytest.mark.parametrize("path", ["/media/of/1/x", "/media/of/99999999/x", "/media/face/1/x"])
def test_an_address_that_was_made_up_leads_nowhere(world: World, path: str) -> None:
    assert fetch(world.url + path)[0] == 404


def test_a_face_is_passed_through_until_its_server_is_blocked(
    world: World, alice: Resident
) -> None:
    url = world.neighbours.file("face.png", PNG, png())
    bob = world.neighbour("bob", icon={"type": "Image", "url": url})
    answered(world, alice, bob)
    row = Actor.objects.get(uri=bob.id)
    shown = links.face(row, row.icon)
    assert fetch(shown)[2] == png()
    policy.judge(row.host, policy.Instance.Policy.BLOCKED, "spam")
    assert fetch(shown)[0] == 404


def test_files_have_a_host_of_their_own_and_nothing_else_is_there(
    world: World, alice: Resident, settings: SettingsWrapper
) -> None:
    before = address(typed(world, alice)).removeprefix(world.url)
    settings.OWNROOM_MEDIA_HOST = "files.test"
    after = address(typed(world, alice))
    assert after.startswith("http://files.test/media/")
    for path in (before, after.removeprefix("http://files.test")):
        assert asked_as("files.test", world, path).status == 200
        moved = asked_as("social.test", world, path)
        assert (moved.status, moved.headers["Location"]) == (301, f"http://files.test{path}")
    for path in ("/", "/@alice", "/ap/u/alice", "/inbox", "/livez", "/admin/", "/static/web/x.css"):
        assert asked_as("files.test", world, path).status == 404, path
