"""What reaches a browser: no markup of a stranger, on either network."""

import re

from bridge.demo.neighbourhood import Actor as Neighbour
from social.models import Post
from tests.fakes.liar import Liar
from tests.fakes.markup import MARKUP
from tests.fakes.world import Resident, World, post_of

DANGEROUS = ("<script", "<img", "<svg", "<math", "<form", "<iframe", "<style", "<base", "<inp")
HREFS = ('href="javascript', 'href="data')


def dangers(html: str) -> list[str]:
    """Live markup: between tags stands text; our own picture on a page is none of theirs."""
    low = "".join(re.findall(r"<[^<>]*", html.lower().replace('<img src="/static/', "")))
    return [word for word in (*DANGEROUS, *HREFS) if word in low]


def test_no_markup_of_a_stranger_does_anything_on_a_page(
    world: World, alice: Resident, evil: Liar
) -> None:
    root = post_of(alice.post("say something"))
    world.settle()
    for number, markup in enumerate(MARKUP):
        field = {"type": "PropertyValue", "name": markup, "value": markup}
        eve = evil.somebody(f"e{number}", name=f"N{markup}", summary=markup, attachment=[field])
        picture = {"type": "Document", "mediaType": "image/png", "url": "data:,x", "name": markup}
        note = eve.note(f"x{markup}", to=alice.actor, summary=markup, inReplyTo=root)
        note |= {"url": "javascript:alert(1)", "attachment": [picture]}
        assert eve.knocks(world, eve.creates(note)) == 202
        world.settle()
        (row,) = Post.objects.filter(uri=note["id"]).select_related("author")
        shown = [row.html, row.author.summary, *(field["value"] for field in row.author.fields)]
        assert not dangers("".join(shown)), markup
        assert not row.url.startswith("javascript")
        assert not row.attachments
    page = world.page(Post.objects.get(uri=root).url)
    assert "say something" in page
    assert not dangers(page)


def test_no_markup_typed_here_does_anything_elsewhere(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    bob.follow(alice.handle)
    for markup in MARKUP:
        alice.post("x", f"typed {markup}")
    world.settle()
    heard = bob.received("Create")
    assert len(heard) == len(MARKUP)
    for one in heard:
        content = one["activity"]["object"]["content"]
        assert "typed" in content
        assert not dangers(content)
