"""The rest of a conversation: what others answered elsewhere is fetched there, politely."""

from typing import Any
from urllib.parse import urlsplit

import pytest
from django.utils import timezone

from bridge import recall
from bridge.models import Errand
from social.models import Post
from tests.fakes.liar import PUBLIC, Liar, Page, Somebody
from tests.fakes.world import Resident, World, post_of
from tests.flows.talking import Json, collection, ids, known, look, note
from tests.rebuilt import lost_and_rebuilt


@pytest.fixture
def lena(world: World, alice: Resident, far: Liar) -> Somebody:
    """Alice follows her."""
    lena = far.somebody("lena")
    alice.tell_bot(f"follow {lena.id}")
    world.settle()
    follow = next(said for said in far.heard if said["type"] == "Follow")
    lena.knocks(world, lena.says("Accept", follow["id"]))
    world.settle()
    return lena


def arrives(world: World, author: Somebody, root: Json) -> None:
    author.knocks(world, author.creates({**root, "cc": [f"{author.id}/followers"]}))
    world.settle()


def later(world: World) -> None:
    a_while_ago = timezone.now() - 2 * recall.FIRST
    Post.objects.update(published=int(a_while_ago.timestamp() * 1000))
    recall.plan()
    look(world)


def talk(lena: Somebody, other: Liar) -> tuple[Json, Json, Json]:
    """A post, an answer to it from another server, and an answer to that."""
    carol = other.somebody("carol")
    root = note(lena, "begun", replies=f"{lena.server.url}/n/begun/replies")
    first = note(carol, "first", 1, inReplyTo=root["id"], replies=f"{other.url}/n/first/replies")
    second = note(lena, "second", 2, inReplyTo=first["id"])
    collection(lena.server, "/n/begun/replies", ids(first))
    collection(other, "/n/first/replies", ids(second))
    return root, first, second


# ---- refusals


def test_a_conversation_that_nobody_here_has_to_do_with_is_left_alone(
    world: World, alice: Resident, far: Liar, other: Liar
) -> None:
    mona = far.somebody("mona")  # whom nobody follows; she only names alice
    root, first, _ = talk(mona, other)
    named = {"to": [PUBLIC, alice.actor]}
    answer = note(mona, "answer", 3, inReplyTo=root["id"], **named)
    mona.knocks(world, mona.creates(answer))
    world.settle()
    look(world)
    assert known(answer, root) == set(ids(answer, root))
    assert not known(first)
    assert far.fetches("/n/begun/replies") == 0


def test_what_is_not_public_or_not_in_it_stays_out(
    world: World, lena: Somebody, far: Liar, other: Liar
) -> None:
    carol = other.somebody("carol")
    root = note(lena, "begun", replies=f"{far.url}/n/begun/replies")
    secret = note(carol, "secret", 1, inReplyTo=root["id"], to=[lena.id])
    advert = note(carol, "advert", 2)
    answers_advert = note(carol, "more", 3, inReplyTo=advert["id"] + "x")
    liar = note(carol, "liar", 4, inReplyTo=root["id"], attributedTo=lena.id)
    good = note(carol, "good", 5, inReplyTo=root["id"])
    listed = ids(secret, advert, answers_advert, liar, good)
    collection(far, "/n/begun/replies", [*listed, 7, None, {"type": "Note"}, "javascript:x"])
    arrives(world, lena, root)
    later(world)
    assert known(secret, advert, answers_advert, liar, good) == {good["id"]}


def test_a_quote_found_in_it_proves_nothing_by_itself(
    world: World, lena: Somebody, far: Liar, other: Liar
) -> None:
    root, first, _ = talk(lena, other)
    claim = {"quote": root["id"], "quoteAuthorization": f"{other.url}/u/carol/stamps/1"}
    other.serve("/n/first", {**first, **claim})
    arrives(world, lena, root)
    later(world)
    found = Post.objects.get(uri=f"{other.url}/n/first")
    assert (found.quote, found.stamp) == (root["id"], "")
    look(world)
    found.refresh_from_db()
    assert not found.stamp


def test_whom_its_beginner_here_blocks_stays_out_of_it(
    world: World, alice: Resident, lena: Somebody, other: Liar
) -> None:
    root, *_ = talk(lena, other)
    alice.tell_bot(f"block {other.url}/u/carol")
    arrives(world, lena, root)
    later(world)
    assert not alice.seen("first", world.mirror(lena, alice))


def test_who_asks_not_to_be_bridged_is_not_carried(
    world: World, lena: Somebody, other: Liar
) -> None:
    root, first, _ = talk(lena, other)
    other.somebody("carol", summary="<p>Hello #nobridge</p>")
    arrives(world, lena, root)
    later(world)
    assert not known(first)


def test_pages_of_another_server_are_not_asked_for(
    world: World, lena: Somebody, far: Liar, other: Liar
) -> None:
    carol = other.somebody("carol")
    root = note(lena, "begun", replies=f"{far.url}/n/begun/replies")
    first = note(carol, "first", 1, inReplyTo=root["id"])
    collection(other, "/stolen", ids(first))
    collection(far, "/n/begun/replies", [], first=f"{other.url}/stolen", next=f"{other.url}/stolen")
    arrives(world, lena, root)
    later(world)
    assert other.fetches("/stolen") == 0
    assert not known(first)


def test_of_an_endless_list_ten_pages_are_read(
    world: World, lena: Somebody, far: Liar, other: Liar
) -> None:
    carol = other.somebody("carol")
    root = note(lena, "begun", replies=f"{far.url}/pages/0")
    for page in range(12):
        leaf = note(carol, f"leaf{page}", 1, inReplyTo=root["id"])
        collection(far, f"/pages/{page}", ids(leaf), next=f"{far.url}/pages/{page + 1}")
    arrives(world, lena, root)
    later(world)
    assert [far.fetches(f"/pages/{page}") for page in (9, 10)] == [1, 0]
    assert [other.fetches(f"/n/leaf{page}") for page in (9, 10)] == [1, 0]


def test_an_endless_chain_is_followed_for_twenty_levels(
    world: World, lena: Somebody, far: Liar, other: Liar
) -> None:
    both = [lena, other.somebody("carol")]  # or one server would be asked too often before
    root = note(lena, "begun", replies=f"{far.url}/n/begun/replies")
    above = root["id"]
    for depth in range(24):
        author = both[(depth + 1) % 2]
        path = urlsplit(above).path
        below = f"{author.server.url}/n/deep{depth}"
        collection(both[depth % 2].server, f"{path}/replies", [below])
        note(author, f"deep{depth}", 2, inReplyTo=above, replies=f"{below}/replies")
        above = below
    arrives(world, lena, root)
    later(world)
    assert [far.fetches("/n/deep19"), other.fetches("/n/deep20")] == [1, 0]


def test_of_many_answers_thirty_are_asked_of_one_server_and_fifty_in_all(
    world: World, lena: Somebody, far: Liar, other: Liar
) -> None:
    carol = other.somebody("carol")
    root = note(lena, "begun", replies=f"{far.url}/n/begun/replies")
    many = [
        note(author, f"leaf{n}", 1, inReplyTo=root["id"])
        for author in (carol, lena)
        for n in range(40)
    ]
    collection(far, "/n/begun/replies", ids(*many))
    arrives(world, lena, root)
    asked = len(far.asked), len(other.asked)
    later(world)
    assert (len(far.asked) - asked[0], len(other.asked) - asked[1]) == (20, 30)


def test_of_a_long_list_five_hundred_are_looked_at(
    world: World, lena: Somebody, far: Liar, other: Liar
) -> None:
    carol = other.somebody("carol")
    root = note(lena, "begun", replies=f"{far.url}/n/begun/replies")
    inside, outside = (note(carol, name, 1, inReplyTo=root["id"]) for name in ("in", "out"))
    same = ids(root) * 499
    collection(far, "/n/begun/replies", [*same, inside["id"], outside["id"]])
    arrives(world, lena, root)
    later(world)
    assert known(inside, outside) == set(ids(inside))


def test_a_list_that_leads_back_to_itself_ends(
    world: World, lena: Somebody, far: Liar, other: Liar
) -> None:
    carol = other.somebody("carol")
    root = note(lena, "begun", replies=f"{far.url}/ring")
    first = note(carol, "first", 1, inReplyTo=root["id"])
    collection(far, "/ring", ids(first), next=f"{far.url}/ring")
    arrives(world, lena, root)
    later(world)
    assert far.fetches("/ring") == 1
    assert known(first)


def test_a_server_in_trouble_is_asked_again_later(
    world: World, lena: Somebody, far: Liar, other: Liar
) -> None:
    root, first, _ = talk(lena, other)
    arrives(world, lena, root)
    page = far.pages.pop("/n/begun")
    far.pages["/n/begun"] = Page(b"", status=503)
    later(world)
    errand = Errand.objects.get(kind="conversation")
    assert errand.failures == 1
    assert errand.due
    far.pages["/n/begun"] = page
    look(world)
    assert known(first)


def test_one_visit_is_enough_for_a_quarter_of_an_hour(
    world: World, alice: Resident, lena: Somebody, far: Liar, other: Liar
) -> None:
    root, *_ = talk(lena, other)
    arrives(world, lena, root)
    later(world)
    asked = far.fetches("/n/begun")
    mirror = world.mirror(lena, alice)
    for words in ("I", "am", "many"):
        (event,) = alice.seen("begun", mirror)[:1]
        alice.person.reply(mirror, event["event_id"], words)
        world.settle()
    errand = Errand.objects.get(kind="conversation")
    assert errand.due
    assert errand.done
    assert (errand.due - errand.done).total_seconds() >= 900
    assert far.fetches("/n/begun") == asked


# ---- what it is for


def test_answers_that_nobody_sent_stand_in_the_thread_at_their_time_and_nobody_is_told(
    world: World, alice: Resident, lena: Somebody, other: Liar
) -> None:
    root, first, second = talk(lena, other)
    arrives(world, lena, root)
    told = len(alice.answers())
    mirror = world.mirror(lena, alice)
    later(world)
    assert known(first, second) == set(ids(first, second))
    assert Post.objects.get(uri=second["id"]).parent == Post.objects.get(uri=first["id"])
    (stem,) = alice.seen("begun", mirror)
    (one,), (two,) = alice.seen("first", mirror), alice.seen("second", mirror)
    for event in (one, two):
        assert event["content"]["m.relates_to"]["event_id"] == stem["event_id"]
    assert two["content"]["m.relates_to"]["m.in_reply_to"]["event_id"] == one["event_id"]
    assert one["origin_server_ts"] == Post.objects.get(uri=first["id"]).published
    assert one["origin_server_ts"] < two["origin_server_ts"]
    assert len(alice.answers()) == told
    lost_and_rebuilt()
    assert known(first, second) == set(ids(first, second))


@pytest.mark.parametrize("form", ["inline page", "pages", "ordered", "one item", "activities"])
def test_each_form_of_a_list_is_read(
    world: World, lena: Somebody, far: Liar, other: Liar, form: str
) -> None:
    carol = other.somebody("carol")
    at = f"{far.url}/n/begun/replies"
    first = f"{other.url}/n/first"
    replies: Any = {
        "inline page": {
            "id": at,
            "type": "Collection",
            "first": {"type": "CollectionPage", "items": [], "next": f"{at}/2"},
        },
        "pages": collection(far, "/n/begun/replies", [], first=f"{at}/2"),
        "ordered": {"id": at, "type": "OrderedCollection", "orderedItems": [first]},
        "one item": {"id": at, "type": "Collection", "items": first},
        "activities": {
            "id": at,
            "type": "Collection",
            "items": [{"type": "Create", "object": {"id": first, "type": "Note"}}],
        },
    }[form]
    root = note(lena, "begun", replies=replies)
    wanted = note(carol, "first", 1, inReplyTo=root["id"])
    collection(far, "/n/begun/replies/2", [first], type="CollectionPage")
    arrives(world, lena, root)
    later(world)
    assert known(wanted)


def test_a_conversation_is_read_from_its_context_where_it_has_one(
    world: World, lena: Somebody, far: Liar, other: Liar
) -> None:
    root, first, second = talk(lena, other)
    root = note(lena, "begun", context=f"{far.url}/context", replies=f"{far.url}/n/begun/replies")
    collection(far, "/context", ids(second, first, root))
    arrives(world, lena, root)
    later(world)
    assert known(first, second) == set(ids(first, second))
    assert far.fetches("/n/begun/replies") == 0


@pytest.mark.parametrize("lie", ["elsewhere", "without the post itself"])
def test_a_context_that_is_not_the_posts_own_is_not_believed(
    world: World, lena: Somebody, far: Liar, other: Liar, lie: str
) -> None:
    root, first, _ = talk(lena, other)
    place = other if lie == "elsewhere" else far
    root = note(lena, "begun", context=f"{place.url}/context", replies=root["replies"])
    collection(place, "/context", ids(first) if lie != "elsewhere" else ids(root, first))
    arrives(world, lena, root)
    later(world)
    assert known(first)  # by its replies
    assert far.fetches("/n/begun/replies") == 1
    assert other.fetches("/context") == 0


def test_whoever_answers_here_reads_what_others_answer_there(
    world: World, alice: Resident, lena: Somebody, other: Liar
) -> None:
    root, first, _ = talk(lena, other)
    arrives(world, lena, root)
    mirror = world.mirror(lena, alice)
    (event,) = alice.seen("begun", mirror)
    mine = alice.person.reply(mirror, event["event_id"], "my answer")
    world.settle()
    assert Post.objects.filter(uri=post_of(mine)).exists()
    look(world)
    assert known(first)
