"""The admin's pages: rows to read and to run again, decisions with all that follows from them."""

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
from django.contrib.auth.models import User
from django.core.cache import cache
from django.test import Client
from django.utils import timezone
from pytest_django import Settings as SettingsWrapper

from bridge.models import Errand, Lane, Received, Room
from social.models import Actor, Delivery, Follow, Instance, Post, Report, Site

NAMES = ("received", "lane", "errand")
INDEX = ("delivery", "actor", "post", "follow", "instance", "report", "site")
PUBLIC = "https://www.w3.org/ns/activitystreams#Public"
FAR = "https://far.example/users/bob"
TEXT = "words & <b>secrets</b>"


@pytest.fixture
def admin(db: None, settings: SettingsWrapper) -> Client:
    Path(settings.STATIC_ROOT).mkdir(exist_ok=True)
    cache.clear()
    User.objects.create_superuser("root", password="right")
    client = Client()
    assert client.login(username="root", password="right")
    return client


@pytest.fixture
def bob(db: None) -> Actor:
    return Actor.objects.create(uri=FAR, handle="bob", domain="far.example", host="far.example")


@pytest.fixture
def alice(db: None) -> Actor:
    return Actor.objects.create(
        uri="http://social.test/ap/u/alice",
        owner="@alice:hs.test",
        handle="alice",
        domain="social.test",
        host="social.test",
        public_key="-----BEGIN PUBLIC KEY-----",
    )


def page(client: Client, path: str, **data: Any) -> str:
    response = client.get(f"/admin/{path}", data)
    assert response.status_code == 200, (path, response.status_code)
    return response.content.decode()


def act(client: Client, path: str, action: str, *keys: int, **more: str) -> str:
    data = {"action": action, "_selected_action": [str(key) for key in keys], **more}
    response = client.post(f"/admin/{path}", data, follow=True)
    assert response.status_code == 200
    return response.content.decode()


def received(activity: dict[str, Any], network: str = "activitypub", **values: Any) -> Received:
    told: dict[str, Any] = {"key": f"k{Received.objects.count()}", "lane": "from activitypub far"}
    body = orjson.dumps(activity).decode()
    return Received.objects.create(network=network, body=body, **(told | values))


def create(to: str) -> dict[str, Any]:
    note = {"type": "Note", "content": TEXT, "contentMap": {"id": TEXT}, "to": [to]}
    return {"type": "Create", "actor": FAR, "object": {**note, "summary": TEXT}, "to": [to]}


# ---- who may come in


def test_without_signing_in_nothing_is_shown(db: None) -> None:
    for name in NAMES:
        response = Client().get(f"/admin/bridge/{name}/")
        assert (response.status_code, response["Location"][:13]) == (302, "/admin/login/")


def test_whoever_guesses_passwords_has_to_wait(admin: Client) -> None:
    guesser, wrong = Client(), {"username": "root", "password": "wrong"}
    for _ in range(5):
        assert "Please enter the correct" in guesser.post("/admin/login/", wrong).content.decode()
    right = {"username": "root", "password": "right"}
    assert "Wait a minute" in guesser.post("/admin/login/", right).content.decode()
    elsewhere = guesser.post("/admin/login/", right, headers={"X-Forwarded-For": "192.0.2.7"})
    assert elsewhere.status_code == 302


def test_every_page_opens_and_searches(admin: Client, alice: Actor, bob: Actor) -> None:
    Post.objects.create(uri=f"{FAR}/1", author=bob, visibility="public", published=1)
    Site.objects.create()
    received(create(PUBLIC))
    Lane.objects.create(name="activitypub far.example", failures=2, note="answered 503")
    page(admin, "")
    for path in [*(f"bridge/{n}/" for n in NAMES), *(f"social/{n}/" for n in INDEX)]:
        page(admin, path)
        if not path.endswith("site/"):
            page(admin, path, q="far")


# ---- rows


def test_a_row_says_what_became_of_it_and_shows_its_json_escaped(admin: Client) -> None:
    row = received(create(PUBLIC), state="ignored", note="nobody here follows its author")
    text = page(admin, f"bridge/received/{row.pk}/change/")
    assert "nobody here follows its author" in text
    assert "words &amp;amp; &lt;b&gt;secrets" in text.replace("words &amp; ", "words &amp;amp; ")
    assert "<b>secrets" not in text
    assert "collapse" in text


@pytest.mark.parametrize("to", [f"{FAR}/followers", "http://social.test/ap/u/alice"])
def test_the_words_of_private_posts_are_not_shown_to_admins(admin: Client, to: str) -> None:
    row = received(create(to))
    text = page(admin, f"bridge/received/{row.pk}/change/")
    assert "secrets" not in text
    assert "not shown" in text
    assert to in text


@pytest.mark.parametrize("change", [{"visibility": "private"}, {"deleted": 1}])
def test_the_words_of_a_post_that_is_for_everybody_no_more_are_not_shown(
    admin: Client, bob: Actor, change: dict[str, Any]
) -> None:
    told = create(PUBLIC)
    told["object"]["id"] = f"{FAR}/1"
    row = received(told)
    said = {"act": "Publish", "post": f"{FAR}/1", "visibility": "public", "author": FAR}
    said |= {"content": {"html": TEXT}}
    sent = Delivery.objects.create(network="matrix", lane="l", to="t", sender=FAR, act=said)
    post = Post.objects.create(uri=f"{FAR}/1", author=bob, visibility="public", published=1)
    paths = (f"bridge/received/{row.pk}/change/", f"social/delivery/{sent.pk}/change/")
    assert all("secrets" in page(admin, path) for path in paths)
    Post.objects.filter(pk=post.pk).update(**change)
    assert not any("secrets" in page(admin, path) for path in paths)


@pytest.mark.parametrize("kind", ["desk", ""])
def test_what_people_type_outside_open_rooms_is_not_shown(admin: Client, kind: str) -> None:
    if kind:
        Room.objects.create(room_id="!room:hs.test", kind=kind)
    content = {"msgtype": "m.text", "body": TEXT, "m.new_content": {"body": TEXT}}
    event = {"type": "m.room.message", "room_id": "!room:hs.test", "content": content}
    row = received(event, "matrix")
    text = page(admin, f"bridge/received/{row.pk}/change/")
    assert "secrets" not in text
    assert "!room:hs.test" in text


def test_what_is_not_json_is_not_shown(admin: Client) -> None:
    row = received({})
    Received.objects.update(body="secrets [")
    assert "secrets" not in page(admin, f"bridge/received/{row.pk}/change/")


@pytest.mark.parametrize(
    "said",
    [
        {"act": "Publish", "visibility": "direct", "content": {"html": TEXT, "summary": TEXT}},
        {"act": "Revise", "now": {"visibility": "private", "content": {"html": TEXT}}},
        {"say": TEXT},
    ],
)
def test_a_delivery_shows_no_private_words(admin: Client, said: dict[str, Any]) -> None:
    row = Delivery.objects.create(network="matrix", lane="l", to="t", sender=FAR, act=said)
    text = page(admin, f"social/delivery/{row.pk}/change/")
    assert "secrets" not in text
    assert "not shown" in text


def test_running_a_row_again_makes_it_due_now_and_its_lane_too(admin: Client) -> None:
    later = timezone.now() + timedelta(hours=1)
    lane = Lane.objects.create(name="activitypub far.example", failures=3, due=later)
    row = Delivery.objects.create(
        network="activitypub", lane=lane.name, to="t", sender="s", state="gone", tries=16, note="x"
    )
    act(admin, "social/delivery/", "run_again", row.pk)
    row.refresh_from_db()
    lane.refresh_from_db()
    assert (row.state, row.tries, row.note, row.ended) == ("waiting", 0, "", None)
    assert row.due <= timezone.now()
    assert lane.due <= timezone.now()


def test_a_row_that_waits_behind_others_says_why_in_the_words_of_its_lane(admin: Client) -> None:
    lane = Lane.objects.create(name="activitypub far.example", failures=3, note="answered 503")
    told = {"network": "activitypub", "lane": lane.name, "to": "t", "sender": "s"}
    row = Delivery.objects.create(**told)
    for path in ("social/delivery/", f"social/delivery/{row.pk}/change/"):
        assert "its lane rests: answered 503" in page(admin, path)
    Delivery.objects.update(state="done")
    assert "its lane rests" not in page(admin, "social/delivery/")


def test_what_is_long_leaves_room_for_the_reason(admin: Client) -> None:
    uri = f"{FAR}/{'x' * 200}"
    told = {"network": "activitypub", "lane": "l", "to": uri, "sender": "s", "subject": uri}
    Delivery.objects.create(**told)
    text = page(admin, "social/delivery/")
    assert f">{uri}<" not in text
    assert "…" in text


def test_a_lane_that_somebody_drains_is_not_taken_from_them(admin: Client) -> None:
    later = timezone.now() + timedelta(minutes=1)
    lane = Lane.objects.create(name="l", holder="somebody", due=later)
    act(admin, "bridge/lane/", "try_now", lane.pk)
    lane.refresh_from_db()
    assert lane.due == later


def test_what_stands_in_a_room_is_not_said_there_a_second_time(admin: Client) -> None:
    row = Delivery.objects.create(network="matrix", lane="l", to="t", sender="s", state="done")
    assert "left alone" in act(admin, "social/delivery/", "run_again", row.pk)
    row.refresh_from_db()
    assert row.state == "done"


def test_only_what_waits_can_be_given_up(admin: Client) -> None:
    told = {"network": "activitypub", "lane": "l", "to": "t", "sender": "s"}
    done = Delivery.objects.create(**told, state="done")
    waits = Delivery.objects.create(**told)
    assert "1 deliveries were given up" in act(
        admin, "social/delivery/", "give_up", done.pk, waits.pk
    )
    waits.refresh_from_db()
    assert (waits.state, waits.note) == ("gone", "given up by an admin")


def test_rows_can_neither_be_written_nor_deleted(admin: Client, bob: Actor) -> None:
    row = received(create(PUBLIC))
    for path in (
        f"bridge/received/{row.pk}",
        f"social/actor/{bob.pk}",
    ):
        assert admin.post(f"/admin/{path}/change/", {"note": "x"}).status_code == 403
        assert admin.post(f"/admin/{path}/delete/", {"post": "yes"}).status_code == 403
        assert "delete_selected" not in page(admin, path.rsplit("/", 1)[0] + "/")
    assert admin.get("/admin/bridge/received/add/").status_code == 403


def errand(kind: str, **values: Any) -> Errand:
    return Errand.objects.create(kind=kind, about=f"{FAR}/{kind}", lane="errands 1", **values)


def test_what_the_server_means_to_do_says_what_why_and_until_when(admin: Client) -> None:
    hour = timezone.now() + timedelta(hours=1)
    errand("conversation", due=hour)
    errand("followers", due=hour, failures=2, note="far.example answered 503")
    errand("links", due=None, failures=5, note="no answer")
    errand("profile", due=None, done=timezone.now(), times=3)
    errand("quote")
    errand("ban", due=hour)
    text = page(admin, "bridge/errand/")
    for said in (
        *("read what others answered", "failed 2 of 5 times", "answered 503"),
        *("given up until it is wanted again", "due now", f"{hour:%H:%M:%S} UTC"),
        "let somebody back into a group",
    ):
        assert said in text, said
    for state, shown in (("waits", 3), ("failed", 1), ("left", 1), ("done", 1)):
        found = page(admin, "bridge/errand/", state=state)
        assert found.count('class="action-select"') == shown, state
    for kind in {*Errand.Kind} - {*Errand.objects.values_list("kind", flat=True)}:
        errand(kind)
    assert page(admin, "bridge/errand/").count('class="action-select"') == len(Errand.Kind)


@pytest.mark.parametrize("kind", Errand.Kind.values)
def test_every_kind_of_errand_is_told_in_words(admin: Client, kind: str) -> None:
    row = errand(kind)
    assert row.about in page(admin, "bridge/errand/")


def test_an_errand_is_run_again_now(admin: Client) -> None:
    row = errand("conversation", due=None, failures=5)
    assert "1 errands are run now" in act(admin, "bridge/errand/", "run_again", row.pk)
    row.refresh_from_db()
    assert row.failures == 0
    assert row.due is not None
    assert row.due <= timezone.now()
    assert admin.post(f"/admin/bridge/errand/{row.pk}/delete/", {"post": "yes"}).status_code == 403


# ---- servers


def test_a_server_is_blocked_by_its_name_with_a_reason(admin: Client, bob: Actor) -> None:
    data = {"host": "https://Far.Example/about", "policy": "blocked", "reason": "spam"}
    admin.post("/admin/social/instance/add/", data)
    found = Instance.objects.get()
    assert (found.host, found.policy, found.reason) == ("far.example", "blocked", "spam")
    bob.refresh_from_db()
    assert bob.suspended


def test_what_is_no_server_is_said_beside_its_field(admin: Client) -> None:
    data = {"host": "no such thing", "policy": "blocked"}
    text = admin.post("/admin/social/instance/add/", data).content.decode()
    assert "is not the name of a server" in text
    data = {"host": "social.test", "policy": "blocked"}
    text = admin.post("/admin/social/instance/add/", data).content.decode()
    assert "this server itself" in text
    assert not Instance.objects.exists()


def test_a_server_is_added_once(admin: Client) -> None:
    Instance.objects.create(host="far.example")
    data = {"host": "FAR.example", "policy": "blocked"}
    text = admin.post("/admin/social/instance/add/", data).content.decode()
    assert "already exists" in text


def test_a_decision_is_changed_from_the_list_and_says_what_does_not_come_back(
    admin: Client, bob: Actor
) -> None:
    row = Instance.objects.create(host="far.example")
    text = act(admin, "social/instance/", "block", row.pk, reason="spam")
    assert "Blocked: far.example." in text
    row.refresh_from_db()
    assert (row.policy, row.reason) == ("blocked", "spam")
    text = act(admin, "social/instance/", "unblock", row.pk)
    assert "do not come back" in text
    bob.refresh_from_db()
    assert not bob.suspended


def test_a_server_that_was_judged_is_not_forgotten(admin: Client) -> None:
    row = Instance.objects.create(host="far.example", policy="blocked")
    assert admin.post(f"/admin/social/instance/{row.pk}/delete/").status_code == 403


def test_the_allow_list_is_one_switch(admin: Client) -> None:
    admin.post("/admin/social/site/add/", {"allow_list_only": "on"})
    assert Site.objects.get().allow_list_only
    assert admin.get("/admin/social/site/add/").status_code == 403
    assert admin.post(f"/admin/social/site/{Site.objects.get().pk}/delete/").status_code == 403


# ---- people


def test_somebody_is_suspended_and_let_back(admin: Client, alice: Actor) -> None:
    act(admin, "social/actor/", "suspend", alice.pk, reason="rude")
    alice.refresh_from_db()
    assert (alice.suspended, alice.suspension) == (True, "rude")
    act(admin, "social/actor/", "unsuspend", alice.pk)
    alice.refresh_from_db()
    assert (alice.suspended, alice.suspension) == (False, "")


def test_whoever_a_blocked_server_hides_is_not_let_back_alone(admin: Client, bob: Actor) -> None:
    row = Instance.objects.create(host="far.example")
    act(admin, "social/instance/", "block", row.pk)
    assert "unblock the server first" in act(admin, "social/actor/", "unsuspend", bob.pk)
    bob.refresh_from_db()
    assert bob.suspended


def test_keys_are_never_shown(admin: Client, alice: Actor) -> None:
    assert "BEGIN" not in page(admin, f"social/actor/{alice.pk}/change/")
    assert "key" not in re.findall(r'/admin/\w+/(\w+)/"', page(admin, ""))


@pytest.mark.parametrize("visibility", ["private", "direct", "limited", "local"])
def test_the_words_of_a_private_post_are_not_shown(
    admin: Client, bob: Actor, visibility: str
) -> None:
    post = Post.objects.create(
        uri=f"{FAR}/1",
        author=bob,
        visibility=visibility,
        html=TEXT,
        summary=TEXT,
        published=1,
    )
    for path in ("social/post/", f"social/post/{post.pk}/change/"):
        text = page(admin, path)
        assert "secrets" not in text
        assert "not shown" in text


def test_whoever_hides_their_relations_is_only_counted(
    admin: Client, alice: Actor, bob: Actor
) -> None:
    row = Follow.objects.create(uri="f", follower=alice, target=bob, at=1)
    assert "bob@far.example" in page(admin, "social/follow/")
    Actor.objects.filter(pk=alice.pk).update(hide_network=True)
    text = page(admin, "social/follow/")
    assert "bob@far.example" not in text
    assert "1 follows are of people who hide" in text
    assert admin.get(f"/admin/social/follow/{row.pk}/change/").status_code == 302


def test_no_page_needs_a_script_or_a_style_in_its_text(admin: Client) -> None:
    """Content-Security-Policy allows none."""
    for path in ("", "bridge/received/", "social/delivery/", "social/instance/add/"):
        text = page(admin, path)
        assert not re.search(r"<script(?![^>]*\bsrc=)[^>]*>\s*[^<\s]", text)
        assert not re.search(r"\son\w+=|\sstyle=|<style", text)


# ---- reports


def test_a_report_is_closed_opened_again_and_answered_with_a_suspension(
    admin: Client, alice: Actor, bob: Actor
) -> None:
    post = Post.objects.create(uri=f"{FAR}/1", author=bob, visibility="direct", published=1)
    report = Report.objects.create(
        uri="u", author=alice, target=bob, about=[post.uri], words="<b>rude</b>", at=1
    )
    assert "@alice" in page(admin, "social/report/")
    shown = page(admin, f"social/report/{report.pk}/change/")
    assert "&lt;b&gt;rude" in shown
    assert post.uri in shown
    assert "1970-01-01 00:00:00 UTC" in shown
    assert "Back to the list" in shown
    assert ">Close<" not in shown  # which would read as if it closed the report
    act(admin, "social/report/", "resolve", report.pk, reason="talked to him")
    report.refresh_from_db()
    assert report.resolved
    assert report.note == "talked to him"
    act(admin, "social/report/", "reopen", report.pk)
    report.refresh_from_db()
    assert report.resolved is None
    act(admin, "social/report/", "suspend", report.pk, reason="again")
    bob.refresh_from_db()
    report.refresh_from_db()
    assert bob.suspended
    assert report.resolved
