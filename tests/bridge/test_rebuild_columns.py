"""Every column of every table: it comes back with a rebuild, or is named here with the reason.

The story says something in each column, so that what is lost shows; whoever adds a column is asked
here where it lasts.
"""

from collections.abc import Iterator
from typing import Any

from django.apps import apps
from django.db import models, transaction
from django.db.models import Model, Q

from bridge import moderation
from bridge.demo.neighbourhood import Actor as Neighbour
from bridge.models import Anchor, Document, Room
from social.models import Actor, FormerReader, Post, Report, Site
from tests.bridge.test_rebuild import busy_life
from tests.fakes.pictures import png
from tests.fakes.world import Resident, World, post_of, said
from tests.flows.files import picture as picture_here
from tests.flows.polling import START, casts, choose
from tests.flows.polling import ask as ask_poll
from tests.flows.quotes import OPEN, ask, circle_of, stamped
from tests.flows.test_overflow import LONG
from tests.flows.test_profile_changes import WISHES
from tests.flows.test_profile_pictures import BANNER, show
from tests.rebuilt import lost_and_rebuilt

PLACE = {"msgtype": "m.location", "body": "the quay", "geo_uri": "geo:48.2,16.4;u=35"}
CHOICES = [
    {"type": "Note", "name": name, "replies": {"type": "Collection", "totalItems": 0}}
    for name in ("Yes", "No")
]
QUESTION = {"type": "Question", "oneOf": CHOICES, "endTime": "2099-01-01T00:00:00Z"}

# Whole tables that no room holds, and why.
NO_ROOM = {
    "social.Delivery": "the queue: what waits when the database is lost is lost with it",
    "bridge.Received": "the queue: what the owner typed and never left goes out again",
    "bridge.Lane": "the queue: who drains what, just now",
    "bridge.Errand": "what is meant to be done later; what matters is meant again",
    "bridge.Peer": "learned again: which signatures a server reads",
    "bridge.Parting": "how often somebody was kept away since the table was made",
    "bridge.Tick": "when regular work was last done",
    "social.Backlink": "cache: each page is looked at again",
}
# Columns that are no fact of their own, and why.
NO_FACT = {
    "social.Actor.fetched": "when its server was asked last",
    "social.Post.poll_due": "when it is to be counted next",
    "social.Post.proven": "when the stamp was looked at last",
    "social.FormerReader.post": "who took a like back, or had it before it was for fewer: of one"
    " that was shown to somebody's followers, and is shown no more, a ledger tells",
    "social.Vote.author": "who voted for what is kept nowhere: until the poll ends they hear of it",
    "bridge.Room.place": "up to where its events have been read",
    "bridge.Anchor.at": "the event's own time comes instead of the act's",
    "bridge.Overflow.key": "of the attempt to send it: afterwards its event has one",
    "bridge.Overflow.made": "when it was sent",
    "bridge.Overflow.doubted": "to be looked at, and then no more",
    "bridge.Overflow.spent": "since when it is to go: what no event names any more is lost",
    "bridge.Upload.size": "of an emoji the rooms do not say it: it is learned again",
    "bridge.Upload.width": "the same",
    "bridge.Upload.height": "the same",
    "bridge.Upload.sha256": "learned when the file is asked for again",
    "bridge.Upload.note": "why a file could not be had: it is asked for again",
    "bridge.Upload.again": "the same",
    "bridge.Upload.dropped": "since when it is to go: no post shows it any more",
    "bridge.Upload.fetched": "when it was fetched",
    "bridge.Upload.used": "when somebody last asked for it",
}
# Of a post that its author here deleted: all that was said is gone on purpose.
OF_DELETED = ("uri", "author", "visibility", "html", "summary", "attachments", "deleted")


def about(model: type[Model]) -> Any:
    return model._meta


def tables() -> Iterator[type[Model]]:
    for label in ("social", "bridge"):
        for model in apps.get_app_config(label).get_models():
            if about(model).label not in NO_ROOM:
                yield model


def columns(model: type[Model]) -> list[Any]:
    """Without the numbers of rows, which are nobody's name for anything."""
    fields = [*about(model).concrete_fields, *about(model).many_to_many]
    named = [field for field in fields if not isinstance(field, models.AutoField)]
    return [field for field in named if f"{about(model).label}.{field.name}" not in NO_FACT]


def rows(model: type[Model]) -> list[dict[str, Any]]:
    found = lasting(model).order_by("pk")
    read = [{field.name: value(row, field) for field in columns(model)} for row in found]
    if model is Post:
        kept = [{key: row[key] for key in OF_DELETED} if row["deleted"] else row for row in read]
        return sorted(kept, key=str)
    return sorted(read, key=str)


def lasting(model: type[Model]) -> models.QuerySet[Any]:
    """What is lost on purpose is no loss: see docs/architecture.md, "Tables"."""
    everything = model._default_manager.all()
    if model is Post:  # of what somebody elsewhere deleted nobody asks this server
        return everything.filter(Q(deleted=None) | Q(author__owner__isnull=False))
    if model is FormerReader:
        return everything.filter(post=None)
    if model is Anchor:  # what is redacted carries nothing
        gone = list(Post.objects.exclude(deleted=None).values_list("uri", flat=True))
        return everything.exclude(uri__in=[*gone, *(f"{uri}/create" for uri in gone)])
    if model is Document:  # what others said stands in rooms; answers are asked for by nobody
        ours = everything.filter(author__in=Actor.objects.local().values("uri"))
        return ours.exclude(uri__contains="#")
    return everything


def value(row: Model, field: Any) -> Any:
    if field.many_to_many:
        return sorted(name(one) for one in getattr(row, field.name).all())
    found = getattr(row, field.name)
    return name(found) if isinstance(found, Model) else found


def name(row: Model) -> str:
    for key in ("uri", "room_id", "mxid"):
        if hasattr(row, key):
            return str(getattr(row, key))
    return str(row)


def everything() -> dict[str, list[dict[str, Any]]]:
    return {about(model).label: rows(model) for model in tables()}


def silent(found: dict[str, list[dict[str, Any]]]) -> set[str]:
    """Columns in which the story says nothing."""
    return {
        f"{about(model).label}.{field.name}"
        for model in tables()
        for field in columns(model)
        if not any(row.get(field.name) for row in found[about(model).label])
    }


def differences(before: list[dict[str, Any]], after: list[dict[str, Any]]) -> list[str]:
    """A line for each row that is not the same, with what differs."""
    lost = [row for row in before if row not in after]
    new = [row for row in after if row not in before]
    said = [f"{len(before)} rows, then {len(after)}"] if len(before) != len(after) else []
    for row in lost:
        like = max(new, key=lambda one: sum(one.get(k) == row[k] for k in row), default={})
        told = {k: (v, like.get(k)) for k, v in row.items() if like.get(k) != v}
        said.append(f"{next(iter(row.values()))}: {told}"[:1000])
    return said


def whole_life(world: World, alice: Resident, ada: Resident, bob: Neighbour) -> None:
    """Something in every column."""
    profiles(world, alice, bob)
    busy_life(world, alice, bob)
    posts(world, alice, bob)
    told_here(world, alice, ada, bob)
    kept_away(world, alice, ada)
    groups_and_goodbyes(world, alice)
    decided(world, alice, ada)


def heron(world: World) -> dict[str, Any]:
    url = world.neighbours.file("heron.png", "image/png", png())
    icon = {"type": "Image", "mediaType": "image/png", "url": url}
    return {"type": "Emoji", "id": None, "name": ":heron:", "icon": icon}


def profiles(world: World, alice: Resident, bob: Neighbour) -> None:
    """What both say of themselves, with pictures."""
    show(world, alice, "m.room.avatar", "face")
    show(world, alice, BANNER, "wide")
    images = {"cat": {"url": "mxc://hs.test/cat", "info": {"mimetype": "image/png"}}}
    alice.person.put_state(alice.room, "im.ponies.room_emotes", {"images": images})
    alice.person.put_state(alice.room, "m.room.topic", {"topic": "I write."})
    alice.person.put_state(alice.room, "m.room.canonical_alias", {"alias": "#alice:hs.test"})
    flags = {"locked": False, "discoverable": False, "indexable": True, "hide_network": True}
    alice.person.put_state(alice.room, "social.ownroom.profile", WISHES | flags)
    world.settle()
    face = world.neighbours.file("bob.png", "image/png", png())
    wide = world.neighbours.file("wide.png", "image/png", png(width=90))
    world.friends(bob, alice)
    bob.update_profile(
        name="Bob :heron:",
        summary="<p>I sail.</p>",
        icon={"type": "Image", "mediaType": "image/png", "url": face},
        image={"type": "Image", "mediaType": "image/png", "url": wide},
        attachment=[{"type": "PropertyValue", "name": "web", "value": "bob.example"}],
        tag=[heron(world)],
        alsoKnownAs=["https://old.example/users/bob"],
        attributionDomains=["paper.example"],
        memorial=True,
        indexable=True,
        published="2020-02-03T00:00:00Z",
    )
    world.settle()
    bob.update_profile(summary="<p>I sail again.</p>", discoverable=False)
    world.settle()


def posts(world: World, alice: Resident, bob: Neighbour) -> None:
    """All that a post can hold, both ways; polls, pins, quotes, edits."""
    event = ask_poll(alice)
    world.settle()
    casts(world, bob, post_of(event), alice, "Tea")
    alice.person.send_event(alice.room, "m.room.message", PLACE)
    film = picture_here(world, alice, room=alice.room)
    alice.person.put_state(alice.room, "m.room.pinned_events", {"pinned": [film]})
    world.settle()
    pictures = [
        {
            "type": "Document",
            "mediaType": "image/png",
            "url": world.neighbours.file(f"{n}.png", "image/png", png(width=90 + n)),
            "name": "a heron",
        }
        for n in (2, 3)
    ]
    first = bob.post(
        "look at my :heron: #Birds",
        mentions=[alice.actor],
        cw="Feathers",
        extra={
            "attachment": pictures,
            "tag": [
                heron(world),
                {"type": "Mention", "href": alice.actor, "name": alice.handle},
                {"type": "Hashtag", "href": f"{bob.id}/tags/birds", "name": "#Birds"},
            ],
            "contentMap": {"fr": "<p>look at my :heron: #Birds</p>"},
            "location": {"type": "Place", "name": "the quay", "latitude": 48.2, "longitude": 16.4},
            **OPEN,
        },
    )
    world.settle()
    bob.update(first.post, "look at my :heron: once more")
    story = bob.post(html=LONG).post
    world.settle()
    bob.update(story, html=LONG.replace("a long", "one long"))
    asked = bob.post("Tea?", extra=QUESTION)
    world.settle()
    mirror = world.mirror(bob, alice)
    (poll,) = (e for e in alice.timeline(mirror, kind=START) if "Tea?" in str(e["content"]))
    choose(alice.person, mirror, poll["event_id"], "0")
    (shown,) = alice.seen("once more", mirror)[-1:]
    alice.person.react(
        mirror, shown["event_id"], "\N{CLOCKWISE RIGHTWARDS AND LEFTWARDS OPEN CIRCLE ARROWS}"
    )
    world.hear(bob, said(bob, "Like", post_of(film), content=":heron:", tag=[heron(world)]))
    world.hear(bob, said(bob, "Add", first.post, target=f"{bob.id}/collections/featured"))
    ask(world, bob, post_of(film))
    asked_of = bob.post("quote me", extra=OPEN).post
    world.settle()
    quoting = alice.post(f"hear hear\n{asked_of}")
    world.settle()
    stamp = stamped(bob, asked_of, post_of(quoting))
    request = {"type": "QuoteRequest", "id": f"{post_of(quoting)}#quote", "object": asked_of}
    request |= {"actor": alice.actor, "instrument": post_of(quoting)}
    world.hear(bob, said(bob, "Accept", request, result=stamp))
    world.settle()
    assert asked.post


def told_here(world: World, alice: Resident, ada: Resident, bob: Neighbour) -> None:
    """Circles, decisions, reports, lists."""
    circle_of(world, alice)
    ada.tell_bot(f"follow {alice.handle}")
    (answer,) = alice.seen("answered where it stands", world.mirror(bob, alice))
    world.settle()
    parent = Post.objects.get(uri=post_of(answer["event_id"])).reply
    world.hear(bob, said(bob, "Accept", post_of(answer["event_id"]), target=parent))
    alice.tell_bot(f"report {parent} mean words")
    world.settle()
    alice.tell_bot("forward")
    carol = world.neighbour("carol")
    world.hear(carol, said(carol, "Flag", [alice.actor, post_of(answer["event_id"])], content="?"))
    world.settle()


def kept_away(world: World, alice: Resident, ada: Resident) -> None:
    ada.tell_bot("set locked on")
    ada.tell_bot("set polls 3d")
    dave, erin = world.neighbour("dave"), world.neighbour("erin", host=1)
    dave.follow(alice.handle)
    world.settle()
    alice.tell_bot(f"block {dave.handle}")
    alice.tell_bot(f"mute {erin.handle} for 7d")
    alice.tell_bot("block far.example")
    world.settle()


def decided(world: World, alice: Resident, ada: Resident) -> None:
    """What the admins want, of servers and people; last, since little can be said after it."""
    spam = world.neighbour("spam", host=1)
    spam.follow(alice.handle)
    world.settle()
    moderation.block(spam.id.split("/")[2], "spam")
    moderation.suspend(ada.row(), "a quarrel")
    moderation.resolve(Report.objects.filter(target=alice.row()).get(), "nothing in it")
    with transaction.atomic():
        Site.objects.create(allow_list_only=True)
        moderation.site_decided()
    world.settle()


def groups_and_goodbyes(world: World, alice: Resident) -> None:
    """Who moves away, who leaves, and what was said in a group."""
    alice.tell_bot("group create boats")
    world.settle()
    actor = Actor.objects.get(handle="boats")
    room = Room.objects.get(kind="group").room_id
    alice.person.join(room)
    topic = alice.person.send(room, "fair winds")
    levels = world.home.room(room).content("m.room.power_levels")
    closed = {**levels, "events": {**levels["events"], "m.room.message": 50}}
    alice.person.put_state(room, "m.room.power_levels", closed)
    world.settle()
    alice.tell_bot(f"moderate lock {post_of(topic)}")
    world.settle()
    old, new = world.neighbour("old"), world.neighbour("new")
    alice.tell_bot(f"follow {old.handle}")
    world.settle()
    new.update_profile(alsoKnownAs=[old.id])
    world.hear(old, said(old, "Move", old.id, target=new.id))
    zoe = world.resident("zoe")
    zoe.post("farewell")
    world.settle()
    zoe.tell_bot("profile delete zoe")
    world.settle()
    assert actor.kind == "group"


def test_each_exception_is_of_a_table_or_column_that_is_there() -> None:
    labels = {
        about(m).label
        for label in ("social", "bridge")
        for m in apps.get_app_config(label).get_models()
    }
    assert set(NO_ROOM) <= labels
    named = {
        f"{about(model).label}.{field.name}"
        for model in tables()
        for field in about(model).get_fields()
    }
    assert set(NO_FACT) <= named


def test_every_column_comes_back_or_is_named_with_the_reason(
    world: World, alice: Resident, ada: Resident, bob: Neighbour
) -> None:
    whole_life(world, alice, ada, bob)
    before = everything()
    assert not silent(before), "the story says nothing there: it would prove nothing"
    lost_and_rebuilt()
    after = everything()
    wrong = {label: differences(rows, after[label]) for label, rows in before.items()}
    lines = [f"{label} {line}" for label, lines in wrong.items() for line in lines]
    assert not lines, "\n".join(lines)
