"""Stories of changing oneself: said at the desk, shown to everybody, told to followers, kept."""

import pytest

from bridge.demo.neighbourhood import Actor as Neighbour
from social.models import Actor
from tests.fakes.world import PUBLIC, Resident, World, post_of
from tests.rebuilt import lost_and_rebuilt

WEB = '<a href="https://gull.example"><span class="invisible">https://</span>gull.example</a>'


def test_what_cannot_be_set_is_said_and_changes_nothing(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    bob.follow(alice.handle)
    world.settle()
    before = world.json(alice.actor)
    for words in ("set", "set handle eve", "set locked perhaps", "set field", "set inbox x"):
        alice.tell_bot(words)
        world.settle()
        assert "`set name WORDS`" in alice.answers()[-1] or "like this" in alice.answers()[-1], (
            words
        )
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


def power_of_the_bot(world: World, alice: Resident, level: int) -> None:
    room = world.home.room(alice.room)
    levels = room.content("m.room.power_levels")
    users = levels["users"] | {"@_ap_bot:hs.test": level}
    alice.person.put_state(alice.room, "m.room.power_levels", levels | {"users": users})
    world.settle()


@pytest.mark.parametrize("why", ["power", "lease"])
def test_a_room_that_the_bot_may_not_change_keeps_its_name_and_the_desk_says_so(
    world: World, alice: Resident, why: str
) -> None:
    room = world.home.room(alice.room)
    if why == "power":
        power_of_the_bot(world, alice, 0)
    else:
        alice.person.put_state(alice.room, "social.ownroom.bridge", {"v": 1, "bot": "@other:x"})
        world.settle()
    before = {kind: room.content(kind) for kind in ("m.room.name", "m.room.topic")}
    for words, what in (("set name Somebody", "name"), ("set bio Words", "topic")):
        before_it = len(alice.answers())
        alice.tell_bot(words)
        world.settle()
        changed, kept, *_ = alice.answers()[before_it:]
        assert "is changed" in changed
        assert f"keeps the {what} that it has: I may not change it there" in kept
    assert {kind: room.content(kind) for kind in before} == before
    assert world.json(alice.actor)["name"] == "Somebody"


def test_what_is_set_at_the_desk_stands_in_the_room_and_is_told_once(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    bob.follow(alice.handle)
    world.settle()
    room = world.home.room(alice.room)
    alice.tell_bot("set name Alice of the Desk")
    alice.tell_bot("set bio I write <letters>: https://alice.example/")
    world.settle()
    assert room.content("m.room.name") == {"name": "Alice of the Desk"}
    topic = room.content("m.room.topic")
    assert topic["topic"] == "I write <letters>: https://alice.example/"
    assert 'href="https://alice.example/"' in topic["m.topic"]["m.text"][0]["body"]
    shown = world.json(alice.actor)
    world.let_time_pass()
    world.settle()
    (update,) = bob.received("Update")
    assert update["activity"]["object"]["name"] == "Alice of the Desk"
    count = len(room.events)
    for words in ("set name Alice of the Desk", "set locked on", "set locked off"):
        alice.tell_bot(words)  # says nothing new of the name
        world.settle()
    assert len(room.events) == count
    world.let_time_pass()
    world.settle()
    lost_and_rebuilt()
    assert world.json(alice.actor) == shown
    assert room.content("m.room.name") == {"name": "Alice of the Desk"}
    alice.tell_bot("set bio")
    world.settle()
    assert room.content("m.room.topic")["topic"] == ""
    assert not world.json(alice.actor).get("summary")


def test_a_name_given_in_the_room_after_the_desk_stays_through_a_loss(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    bob.follow(alice.handle)
    world.settle()
    room = world.home.room(alice.room)
    alice.tell_bot("set name At the desk")
    world.settle()
    world.let_time_pass()
    world.settle()
    alice.person.put_state(alice.room, "m.room.name", {"name": "In the room"})
    world.settle()
    world.let_time_pass()
    world.settle()
    names = [told["activity"]["object"]["name"] for told in bob.received("Update")]
    assert names == ["At the desk", "In the room"]
    assert room.state["m.room.name", ""]["sender"] == alice.person.user_id
    power_of_the_bot(world, alice, 0)
    alice.tell_bot("set name At the desk again")  # where the room cannot follow
    world.settle()
    shown = world.json(alice.actor)
    lost_and_rebuilt()
    assert world.json(alice.actor) == shown
    assert shown["name"] == "At the desk again"


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


WISHES = {
    "v": 1,
    "kind": "bot",
    "fields": [
        {"name": "Home", "value": "https://alice.example/"},
        {"name": "Pet", "value": "a <cat>"},
        {"name": "", "value": "nameless"},
        {"name": "Empty"},
        7,
    ],
    "aka": ["https://old.example/users/alice", "not an address"],
    "attribution_domains": ["Paper.example", "no site", 5],
    "defaults": {"vis": "unlisted", "lang": "fr", "cw": "Weather", "quote_policy": "followers"},
    "federate_notices": True,
}


def test_what_nobody_but_the_owner_wishes_counts_and_nonsense_changes_nothing(
    world: World, alice: Resident
) -> None:
    before = world.json(alice.actor)
    for odd in (
        {"kind": "group", "fields": "x", "aka": {}, "attribution_domains": "a.example"},
        {"kind": 7, "defaults": {"vis": "everybody", "lang": "?", "cw": 1, "quote_policy": "me"}},
        {"defaults": [], "federate_notices": "yes"},
    ):
        alice.person.put_state(alice.room, "social.ownroom.profile", {"v": 1, **odd})
        world.settle()
        assert world.json(alice.actor) == before, odd
    levels = world.home.room(alice.room).content("m.room.power_levels")
    other = world.person("eve")
    other.join(alice.room)
    levels = levels | {"users": levels["users"] | {other.user_id: 100}}
    world.home.append(world.home.room(alice.room), "m.room.power_levels", "@x:hs.test", levels, "")
    other.put_state(alice.room, "social.ownroom.profile", WISHES)
    world.settle()
    assert world.json(alice.actor) == before


def test_a_profile_is_what_its_room_says_of_it_and_so_are_the_posts(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    bob.follow(alice.handle)
    world.settle()
    alice.person.put_state(alice.room, "social.ownroom.profile", WISHES)
    topic = {
        "topic": "I write.",
        "m.topic": {
            "m.text": [
                {"mimetype": "text/plain", "body": "I write."},
                {"mimetype": "text/html", "body": "I <b>write</b>.<script>x</script>"},
            ]
        },
    }
    alice.person.put_state(alice.room, "m.room.topic", topic)
    name = {"name": f"Alice\n\u202e{'x' * 400}"}  # it may turn no line round, nor fill a page
    alice.person.put_state(alice.room, "m.room.name", name)
    world.settle()
    shown = world.json(alice.actor)
    assert shown["type"] == "Service"
    assert shown["name"] == f"Alice {'x' * 249}"
    assert [field["name"] for field in shown["attachment"]] == ["Home", "Pet"]
    assert 'href="https://alice.example/" rel="me' in shown["attachment"][0]["value"]
    assert shown["alsoKnownAs"] == ["https://old.example/users/alice"]
    assert shown["attributionDomains"] == ["paper.example"]
    assert shown["summary"] == "<p>I <b>write</b>.</p>"
    said = [alice.post("Il pleut"), alice.person.send(alice.room, "Beep", msgtype="m.notice")]
    world.settle()
    for event in said:
        note = world.json(post_of(event))
        assert note["summary"] == "Weather"
        assert list(note["contentMap"]) == ["fr"]
        assert note["to"] == [f"{alice.actor}/followers"]
        assert note["interactionPolicy"]["canQuote"]["automaticApproval"] != [PUBLIC]
    alice.tell_bot("set warning")
    world.settle()
    alice.person.edit(alice.room, said[0], "Il pleut encore")
    world.settle()
    edited = world.json(post_of(said[0]))
    assert "encore" in edited["content"]
    assert list(edited["contentMap"]) == ["fr"]
    lost_and_rebuilt()
    assert world.json(alice.actor) == shown
    assert world.json(post_of(said[0])) == edited
    assert alice.row().habits == {"visibility": "unlisted", "language": "fr", "notices": True}


def test_habits_are_set_at_the_desk_as_well(world: World, alice: Resident) -> None:
    for words in ("set visibility nobody", "set language ?", "set domains x", "set bot maybe"):
        alice.tell_bot(words)
        world.settle()
        assert "like this" in alice.answers()[-1], words
    for words in (
        "set visibility unlisted",
        "set language de-AT",
        "set warning Long",
        "set notices on",
        "set bot on",
        "set domains paper.example, blog.example",
    ):
        alice.tell_bot(words)
        world.settle()
    row = alice.row()
    assert row.habits == {
        "visibility": "unlisted",
        "language": "de-AT",
        "warning": "Long",
        "notices": True,
    }
    assert (row.kind, row.attribution_domains) == ("service", ["paper.example", "blog.example"])


def test_a_mirror_says_in_html_who_it_is_and_in_whose_memory_it_stands(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    world.friends(bob, alice)
    room = world.mirror(bob, alice)
    bob.update_profile(summary="<p>I <strong>sail</strong>.</p>", memorial=True)
    world.settle()
    topic = world.home.room(room).content("m.room.topic")
    assert topic["topic"] == "In memory of somebody who died.\n\nI sail."
    assert topic["m.topic"]["m.text"] == [
        {
            "mimetype": "text/html",
            "body": "<p>In memory of somebody who died.</p><p>I <strong>sail</strong>.</p>",
        },
        {"body": topic["topic"]},
    ]


def test_the_fields_of_a_profile_elsewhere_stand_in_its_mirrors_topic(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    world.friends(bob, alice)
    room = world.mirror(bob, alice)
    fields = {"Boat": "<p>Gull <strong>II</strong></p>", "<b>Web</b>": WEB}
    bob.update_profile(
        summary="<p>I sail.</p>",
        attachment=[
            {"type": "PropertyValue", "name": name, "value": value}
            for name, value in fields.items()
        ],
    )
    world.settle()
    topic = world.home.room(room).content("m.room.topic")
    assert topic["topic"] == "I sail.\n\nBoat:\nGull II\n<b>Web</b>: https://gull.example"
    rich = topic["m.topic"]["m.text"][0]["body"]
    assert rich.startswith("<p>I sail.</p><ul><li>Boat: <p>Gull <strong>II</strong></p></li>")
    assert '<li>&lt;b&gt;Web&lt;/b&gt;: <a href="https://gull.example">' in rich
    bob.update_profile(summary="<p>I sail.</p>", attachment=[])
    world.settle()
    assert world.home.room(room).content("m.room.topic")["topic"] == "I sail."


def test_a_room_says_with_what_it_is_bridged(world: World, alice: Resident, bob: Neighbour) -> None:
    world.friends(bob, alice)
    for room, whose in ((alice.room, alice.actor), (world.mirror(bob, alice), bob.id)):
        actor = Actor.objects.get(uri=whose)
        for kind in ("m.bridge", "uk.half-shot.bridge"):
            key = f"social.ownroom://activitypub/{actor.host}/@{actor.handle}"
            said = world.home.room(room).content(kind, key)
            assert said["channel"]["external_url"] == (actor.url or actor.uri)
            assert said["network"]["id"] == actor.host
            assert said["bridgebot"] == "@_ap_bot:hs.test"
