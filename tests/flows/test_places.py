"""Stories of places: told from a room, read in one, and shown on the page."""

from bridge.demo.neighbourhood import Actor as Neighbour
from social.models import Post
from tests.fakes.world import Resident, World, post, post_of
from tests.flows.files import edited
from tests.rebuilt import lost_and_rebuilt


def test_a_place_sent_in_matrix_is_a_place_elsewhere_and_on_the_page(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    bob.follow(alice.handle)
    event = alice.post("The quay", msgtype="m.location", geo_uri="geo:48.2,16.37;u=35")
    world.settle()
    (note,) = [e["activity"]["object"] for e in bob.received("Create")]
    where = {"type": "Place", "name": "The quay", "latitude": 48.2, "longitude": 16.37}
    assert note["location"] == {**where, "radius": 35.0, "units": "m"}
    assert "openstreetmap.org" in note["content"]
    page = world.page(f"/@alice/{post_of(event).rsplit('/', 1)[-1]}")
    assert "The quay" in page
    assert "openstreetmap.org" in page


def test_a_place_without_coordinates_is_refused(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    bob.follow(alice.handle)
    for uri in ("geo:91,0", "geo:x,y", "geo:1,2;crs=moon", "https://far.example"):
        alice.post("nowhere", msgtype="m.location", geo_uri=uri)
    world.settle()
    assert not bob.received("Create")


def test_a_place_from_elsewhere_stands_below_the_words_and_leads_to_a_map(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    world.friends(bob, alice)
    mirror = world.mirror(bob, alice)
    where = {"type": "Place", "name": "Skagen", "latitude": "57.7", "longitude": 10.6}
    bob.post("windy here", extra={"location": where})
    world.settle()
    (event,) = alice.seen("windy here", mirror)
    assert "📍 Skagen" in event["content"]["body"] or "Skagen" in event["content"]["body"]
    told = event["content"]["org.matrix.msc3488.location"]
    assert told == {"uri": "geo:57.7,10.6", "description": "Skagen"}
    assert Post.objects.get(html__contains="windy").place["latitude"] == "57.7"


def test_an_edit_moves_a_place_and_takes_it_away(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    world.friends(bob, alice)
    mine = alice.post("The quay", msgtype="m.location", geo_uri="geo:48.2,16.37")
    where = {"type": "Place", "name": "Skagen", "latitude": 57.7, "longitude": 10.6}
    theirs = bob.post("windy here", extra={"location": where}).post
    world.settle()
    there = {"msgtype": "m.location", "body": "The mole", "geo_uri": "geo:48.3,16.4"}
    for new, shown in ((there, 48.3), ({"msgtype": "m.text", "body": "gone"}, None)):
        edited(world, alice, mine, new)
        told = bob.received("Update", contains=str(new["body"]))[-1]["activity"]["object"]
        assert (told.get("location") or {}).get("latitude") == shown
    lost_and_rebuilt()
    assert post(post_of(mine)).place == {}
    bob.update(theirs, "calm here", extra={"location": where | {"latitude": 57.8}})
    world.settle()
    event = alice.seen("calm here", world.mirror(bob, alice))[-1]
    told = event["content"]["m.new_content"]["org.matrix.msc3488.location"]
    assert told == {"uri": "geo:57.8,10.6", "description": "Skagen"}
    bob.update(theirs, "nowhere", extra={"location": None})
    world.settle()
    event = alice.seen("nowhere", world.mirror(bob, alice))[-1]
    assert "org.matrix.msc3488.location" not in event["content"]["m.new_content"]
