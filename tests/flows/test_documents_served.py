"""Every address at which we show a document, asked once: tests/conftest.py judges what is shown."""

from urllib.parse import quote

from bridge.demo.neighbourhood import Actor as Neighbour
from tests.fakes import served
from tests.fakes.world import Resident, World, post_of


def test_every_document_we_serve_has_what_the_readers_of_others_demand(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    world.friends(bob, alice)
    mirror = world.mirror(bob, alice)
    text = '<p>hello <a href="https://web.example/">you</a> #tag</p><pre><code>x</code></pre>'
    event = alice.post("hello you #tag", text)
    gone = alice.post("gone")
    bob.post("hi")
    world.settle()
    (seen,) = alice.seen("hi", mirror)
    mine = [alice.person.react(mirror, seen["event_id"], key) for key in ("👍", "🔁")]
    bob.post("a question", reply_to=post_of(event))
    alice.person.edit(alice.room, event, "hello again")
    alice.person.redact(alice.room, gone)
    world.settle()
    post, updates = post_of(event), bob.received("Update")
    handle = quote(f"acct:{alice.handle[1:]}")
    paths = [
        alice.actor,
        *(f"{alice.actor}/{name}" for name in ("outbox", "followers", "following", "featured")),
        *(f"{alice.actor}/{name}?page=true" for name in ("outbox", "followers", "following")),
        "/ap/actor",
        "/ap/actor/outbox",
        post,
        f"{post}/create",
        updates[-1]["activity"]["id"],
        *(f"{post}/{name}" for name in ("replies", "likes", "shares", "context")),
        *(f"{post}/replies?page={page}" for page in ("own", "others")),
        f"{post}/context?page=true",
        *(f"/ap/a/{one[1:]}" for one in mine),
        *(one["activity"]["id"] for one in bob.received("Follow")),
        f"/.well-known/webfinger?resource={handle}",
        f"/.well-known/webfinger?resource={quote(world.url)}",
        "/.well-known/host-meta.json",
        "/.well-known/nodeinfo",
        "/nodeinfo/2.0",
        "/nodeinfo/2.1",
    ]
    for path in paths:
        assert world.get(path)[0] == 200, path
    assert world.get(post_of(gone))[0] == 410
    asked = {path.removeprefix(world.url) for path in paths}
    assert not asked - served.seen  # each was judged
