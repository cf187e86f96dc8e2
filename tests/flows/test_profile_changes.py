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
    assert not bob.received("Update")  # not yet: what changes within half a minute is one change
    world.let_time_pass()
    world.settle()
    (update,) = bob.received("Update")
    assert update["activity"]["object"]["attachment"] == shown["attachment"]
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


def test_each_wish_is_kept_wherever_one_is_shown(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    bob.follow(alice.handle)
    world.settle()
    assert "first" in world.json(f"{alice.actor}/followers")
    assert 'content="noindex"' in world.page("/@alice")
    for wish in ("hide_network on", "indexable on", "discoverable off", "locked on"):
        alice.tell_bot(f"set {wish}")
        world.settle()
    for listed in ("followers", "following"):
        top = world.json(f"{alice.actor}/{listed}")
        assert "first" not in top
        page = world.json(f"{alice.actor}/{listed}?page=true")
        assert bob.id not in str(page)
    assert world.json(f"{alice.actor}/followers")["totalItems"] == 1
    assert 'content="noindex"' not in world.page("/@alice")
    assert "/@alice" not in world.page("/")
    shown = world.json(alice.actor)
    assert (shown["indexable"], shown["discoverable"]) == (True, False)
    carol = world.neighbour("carol")
    carol.follow(alice.handle)
    world.settle()
    assert not carol.received("Accept")


def test_changes_within_half_a_minute_are_told_as_one_and_later_ones_as_another(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    bob.follow(alice.handle)
    world.settle()
    for name in ("Ali", "Alice", "Alice B."):
        alice.person.put_state(alice.room, "m.room.name", {"name": name})
        world.settle()
    world.let_time_pass()
    world.settle()
    (first,) = bob.received("Update")
    assert first["activity"]["object"]["name"] == "Alice B."
    alice.tell_bot("set name Alice")
    world.settle()
    world.let_time_pass()
    world.settle()
    assert [u["activity"]["object"]["name"] for u in bob.received("Update")] == [
        "Alice B.",
        "Alice",
    ]


def test_whoever_left_tells_of_no_change_any_more(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    bob.follow(alice.handle)
    world.settle()
    alice.tell_bot("set name Nobody")
    world.settle()
    alice.tell_bot("profile delete alice")
    world.settle()
    world.let_time_pass()
    world.settle()
    assert not bob.received("Update")
    assert bob.received("Delete")
