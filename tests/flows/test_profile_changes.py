"""Stories of changing oneself: said at the desk, shown to everybody, told to followers, kept."""

from bridge.demo.neighbourhood import Actor as Neighbour
from tests.bridge.test_rebuild import lost_and_rebuilt
from tests.fakes.world import Resident, World, post_of


def test_what_cannot_be_set_is_said_and_changes_nothing(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    bob.follow(alice.handle)
    world.settle()
    before = world.json(alice.actor)
    for words in ("set", "set handle eve", "set locked perhaps", "set field", "set inbox x"):
        alice.tell_bot(words)
        world.settle()
        assert "Say it like this" in alice.answers()[-1], words
    assert world.json(alice.actor) == before
    assert not bob.received("Update")


def test_a_profile_is_changed_at_the_desk_told_and_kept(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    bob.follow(alice.handle)
    world.settle()
    for words in (
        "set name Alice of the Desk",
        "set bio I write <letters>.",
        "set field Home = https://alice.example/",
        "set field Pet = a <cat>",
        "set field Gone = soon",
        "set field Gone =",
        "set locked on",
        "set discoverable off",
    ):
        alice.tell_bot(words)
        world.settle()
    shown = world.json(alice.actor)
    assert shown["name"] == "Alice of the Desk"
    assert "I write &lt;letters&gt;." in shown["summary"]
    assert [field["name"] for field in shown["attachment"]] == ["Home", "Pet"]
    assert 'href="https://alice.example/" rel="me' in shown["attachment"][0]["value"]
    assert shown["attachment"][1]["value"] == "a &lt;cat&gt;"
    assert (shown["manuallyApprovesFollowers"], shown["discoverable"]) == (True, False)
    assert bob.received("Update")[-1]["activity"]["object"]["attachment"] == shown["attachment"]
    lost_and_rebuilt()
    assert world.json(alice.actor) == shown


def test_a_conversation_is_listed_as_far_as_everybody_may_read_it(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    bob.follow(alice.handle)
    world.settle()
    root = post_of(alice.post("it begins"))
    world.settle()
    context = world.json(root)["context"]
    answer = bob.post("an answer", reply_to=root, mentions=[alice.actor])
    world.settle()
    below = bob.post("and more", reply_to=answer.post, mentions=[alice.actor])
    secret = bob.post("between us", to="direct", reply_to=root, mentions=[alice.actor])
    world.settle()
    top = world.json(context)
    assert (top["totalItems"], top["attributedTo"]) == (3, alice.actor)
    items = world.json(top["first"])["orderedItems"]
    assert set(items) == {root, answer.post, below.post}
    assert secret.post not in items
    bob.delete(below.post)
    world.settle()
    assert world.json(context)["totalItems"] == 2
