"""Polls, pictures, places, emoji, quotes, pins and reports between two servers."""

import pytest

from tests.live.stage import OBJECT, Resident, Town, containing, every, until
from tests.live.test_media import fetch, png
from tests.live.two_ownrooms.friends import ADMIN, Friends, newest

pytestmark = pytest.mark.live
POLL = "org.matrix.msc3381.poll"
TEXT = "org.matrix.msc1767.text"


def asks(one: Resident, question: str) -> str:
    """A poll as Element sends it."""
    answers = [{"id": name.lower(), TEXT: name} for name in ("Tea", "Coffee")]
    asked = {"question": {TEXT: question}, "kind": f"{POLL}.disclosed", "answers": answers}
    return one.person.send_event(
        one.room, f"{POLL}.start", {TEXT: question, f"{POLL}.start": asked}
    )


def test_a_poll_is_voted_in_from_the_other_homeserver_and_ends_on_both(
    friends: Friends, words: str
) -> None:
    alice, bert, room = friends.alice, friends.bert, friends.alice_at_bert
    event = asks(alice, f"Tea or coffee? {words}")
    there = newest(bert, room, f"{POLL}.start", words)
    (answer,) = [
        a["id"] for a in there["content"][f"{POLL}.start"]["answers"] if a[TEXT] == "Coffee"
    ]
    related = {"m.relates_to": {"rel_type": "m.reference", "event_id": there["event_id"]}}
    vote = {f"{POLL}.response": {"answers": [answer]}, **related}
    bert.person.send_event(room, f"{POLL}.response", vote)
    newest(alice, alice.desk, "social.ownroom.ledger", alice.uri(event))  # the vote has come
    about = {"m.relates_to": {"rel_type": "m.reference", "event_id": event}}
    alice.person.send_event(alice.room, f"{POLL}.end", {f"{POLL}.end": {}, TEXT: "Over", **about})
    end = newest(bert, room, f"{POLL}.end", there["event_id"])
    assert "Coffee: 1" in end["content"][TEXT]


def test_a_picture_arrives_with_its_bytes_and_its_description(friends: Friends, words: str) -> None:
    alice, bert, room = friends.alice, friends.bert, friends.alice_at_bert
    data = png(24, 16)
    shown = {"msgtype": "m.image", "url": alice.person.upload("image/png", data)}
    shown |= {"filename": f"dot {words}", "info": {"mimetype": "image/png", "w": 24, "h": 16}}
    event = alice.person.send(alice.room, f"a dot {words}", **shown)
    seen = bert.sees(f"a dot {words}", room=room)["content"]
    assert (seen["msgtype"], seen["info"]["w"], seen["info"]["h"]) == ("m.image", 24, 16)
    assert downloaded(bert, seen["url"]) == data
    alice.person.redact(alice.room, event)
    until(lambda: not any(containing(f"a dot {words}")(e) for e in every(bert.person, room)))


def downloaded(one: Resident, mxc: str) -> bytes:
    path = f"/_matrix/client/v1/media/download/{mxc.removeprefix('mxc://')}"
    return fetch(one.person.url + path, Authorization=f"Bearer {one.person.token}")[2]


def test_a_place_is_the_same_place_there(friends: Friends, words: str) -> None:
    where = {"msgtype": "m.location", "geo_uri": "geo:48.2,16.37;u=35"}
    friends.alice.person.send(friends.alice.room, f"the quay {words}", **where)
    seen = friends.bert.sees(f"the quay {words}", room=friends.alice_at_bert)["content"]
    assert seen["org.matrix.msc3488.location"]["uri"].startswith("geo:48.2,16.37")


def test_a_custom_emoji_is_a_picture_of_the_other_homeserver_there(
    friends: Friends, words: str
) -> None:
    alice, bert = friends.alice, friends.bert
    mxc = alice.person.upload("image/png", png(16, 16))
    inline = f'{words} <img data-mx-emoticon src="{mxc}" alt=":dot:" title="dot" height="32">'
    event = alice.person.send(alice.room, f"{words} :dot:", inline)
    seen = bert.sees(words, room=friends.alice_at_bert)
    assert "data-mx-emoticon" in seen["content"]["formatted_body"]
    assert "mxc://there.localhost/" in seen["content"]["formatted_body"]
    mine = bert.person.upload("image/png", png(16, 16))
    reacted = {"rel_type": "m.annotation", "event_id": seen["event_id"], "key": mine}
    pictured = {"m.relates_to": reacted, "shortcode": ":dot:"}
    bert.person.send_event(friends.alice_at_bert, "m.reaction", pictured)
    answer = newest(alice, alice.room, "m.reaction", event)["content"]["m.relates_to"]["key"]
    assert answer.startswith("mxc://here.localhost/")


def test_a_quote_is_asked_for_and_stands_until_it_is_taken_back(
    friends: Friends, words: str
) -> None:
    alice, bert = friends.alice, friends.bert
    event = alice.post(f"quotable {words}")
    bert.sees(f"quotable {words}", room=friends.alice_at_bert)
    quoting = bert.post(f"so true {words}\n{alice.uri(event)}")
    alice.told(f"{bert.handle[1:]}) quotes your post")
    quoted = containing(f"quotable {words}")
    until(lambda: any(quoted(e) for e in every(alice.person, friends.bert_at_alice)))
    alice.ask(f"unquote {bert.uri(quoting)}", "may no longer quote you there")
    bert.told("does not let you quote their post")

    def stands() -> bool:
        """As clients show it: with the newest edit in its place."""
        said = [e for e in every(alice.person, friends.bert_at_alice) if words in str(e["content"])]
        return quoted(said[-1])

    until(lambda: not stands())


def test_what_is_pinned_is_pinned_there(friends: Friends, words: str) -> None:
    alice, bert, room = friends.alice, friends.bert, friends.alice_at_bert
    event = alice.post(f"on top {words}")
    seen = bert.sees(f"on top {words}", room=room)["event_id"]
    pinned = "m.room.pinned_events"
    alice.person.put_state(alice.room, pinned, {"pinned": [event]})
    until(lambda: (bert.person.state(room, pinned) or {}).get("pinned") == [seen])
    alice.person.put_state(alice.room, pinned, {"pinned": []})
    until(lambda: (bert.person.state(room, pinned) or {}).get("pinned") == [])


def test_of_a_text_too_long_for_an_event_the_whole_is_a_file_there(
    friends: Friends, words: str
) -> None:
    alice, bert = friends.alice, friends.bert
    text = "".join(f"<p>{number} bottles {words}</p>" for number in range(1_200))
    event = alice.person.send(alice.room, f"many bottles {words}", text)
    seen = bert.sees(words, room=friends.alice_at_bert)["content"]
    kept = seen[OBJECT]
    assert (kept["id"], "raw" in kept) == (alice.uri(event), False)
    assert "1199 bottles" in downloaded(bert, kept["raw_mxc"]).decode()
    assert "/@alice/" in seen["body"][-200:]


def test_a_report_reaches_the_admins_of_the_other_server_without_a_name(
    towns: tuple[Town, Town], friends: Friends, words: str
) -> None:
    here, _there = towns
    alice, bert = friends.alice, friends.bert
    event = alice.post(f"rude {words}")
    bert.sees(f"rude {words}", room=friends.alice_at_bert)
    keeper = here.homeserver.person(ADMIN)
    control = keeper.join(keeper.wait_for_invite(60))
    bert.ask(f"report {alice.uri(event)} forward it is {words}", "admins")
    told = keeper.wait_for(control, containing(f"it is {words}"), 60)["content"]["body"]
    assert alice.uri(event) in told
    assert "bert" not in told
