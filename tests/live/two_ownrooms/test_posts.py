"""What one of them writes, answers, edits, deletes and boosts stands in the rooms of the other."""

import pytest

from tests.live.stage import OBJECT, Town, after, containing
from tests.live.two_ownrooms.friends import Friends, reacting, taking_back

pytestmark = pytest.mark.live


def test_a_post_stands_in_the_mirror_as_it_was_typed(friends: Friends, words: str) -> None:
    text = f"<p>a <em>quiet</em> {words}</p><pre><code>x &lt; y</code></pre><ul><li>one</li></ul>"
    event = friends.alice.person.send(friends.alice.room, f"a quiet {words}", text)
    seen = friends.bert.sees(words, room=friends.alice_at_bert)
    assert seen["content"][OBJECT]["id"] == friends.alice.uri(event)
    assert seen["content"]["formatted_body"].replace("\n", "") == text


def test_a_warning_and_a_quiet_post_travel(friends: Friends, words: str) -> None:
    event = friends.alice.post(f"!unlisted\n!cw mind the {words}\nthe rest of {words}")
    seen = friends.bert.sees(f"the rest of {words}", room=friends.alice_at_bert)
    assert f"mind the {words}" in seen["content"]["body"]
    assert "data-mx-spoiler" in seen["content"]["formatted_body"]
    assert seen["content"][OBJECT]["vis"] == "unlisted"
    assert seen["content"][OBJECT]["id"] == friends.alice.uri(event)


def test_answers_are_one_thread_on_both_sides(friends: Friends, words: str) -> None:
    alice, bert = friends.alice, friends.bert
    root = alice.post(f"question {words}")
    seen = bert.sees(f"question {words}", room=friends.alice_at_bert)
    top = seen["event_id"]
    first = bert.person.reply(friends.alice_at_bert, top, f"answer {words}", thread_root=top)
    answer = alice.sees(f"answer {words}")
    assert (
        answer["content"]["m.relates_to"].items()
        >= {"rel_type": "m.thread", "event_id": root}.items()
    )
    assert answer["content"][OBJECT]["id"] == bert.uri(first)
    alice.person.reply(alice.room, answer["event_id"], f"thanks {words}", thread_root=root)
    thanks = bert.sees(f"thanks {words}", room=friends.alice_at_bert)["content"]["m.relates_to"]
    assert (thanks["rel_type"], thanks["event_id"]) == ("m.thread", top)
    assert thanks["m.in_reply_to"]["event_id"] == first


def test_an_edit_changes_what_stands_in_the_mirror(friends: Friends, words: str) -> None:
    event = friends.alice.post(f"first {words}")
    seen = friends.bert.sees(f"first {words}", room=friends.alice_at_bert)
    friends.alice.person.edit(friends.alice.room, event, f"second {words}")
    edit = friends.bert.sees(f"second {words}", room=friends.alice_at_bert)["content"]
    assert edit["m.relates_to"] == {"rel_type": "m.replace", "event_id": seen["event_id"]}
    assert edit["m.new_content"]["body"] == f"second {words}"


def test_a_deletion_empties_what_stands_in_the_mirror(
    towns: tuple[Town, Town], friends: Friends, words: str
) -> None:
    event = friends.alice.post(words)
    seen = friends.bert.sees(words, room=friends.alice_at_bert)
    friends.alice.person.redact(friends.alice.room, event)
    friends.bert.person.wait_for(friends.alice_at_bert, taking_back(seen["event_id"]))
    assert not friends.bert.person.event(friends.alice_at_bert, seen["event_id"])["content"]
    assert towns[0].server.document(friends.alice.uri(event))[0] == 410


@pytest.mark.parametrize("emoji", ["👍", "🦊"])
def test_a_reaction_stands_under_the_post_until_it_is_taken_back(
    friends: Friends, words: str, emoji: str
) -> None:
    event = friends.alice.post(words)
    seen = friends.bert.sees(words, room=friends.alice_at_bert)
    mine = friends.bert.person.react(friends.alice_at_bert, seen["event_id"], emoji)
    theirs = friends.alice.person.wait_for(friends.alice.room, after(event, reacting(emoji)))
    assert theirs["content"]["m.relates_to"]["event_id"] == event
    friends.bert.person.redact(friends.alice_at_bert, mine)
    friends.alice.person.wait_for(friends.alice.room, taking_back(theirs["event_id"]))


def test_a_boost_is_a_card_for_the_author_and_for_the_boosters_readers(
    friends: Friends, words: str
) -> None:
    alice, bert = friends.alice, friends.bert
    event = alice.post(words)
    seen = bert.sees(words, room=friends.alice_at_bert)
    boost = bert.person.react(friends.alice_at_bert, seen["event_id"], "🔁")
    card = alice.person.wait_for(alice.room, after(event, containing("boosted")))
    assert words in card["content"]["body"]
    shown = alice.sees(words, room=friends.bert_at_alice)
    assert "boosted" in shown["content"]["body"]
    bert.person.redact(friends.alice_at_bert, boost)
    alice.person.wait_for(alice.room, taking_back(card["event_id"]))
    alice.person.wait_for(friends.bert_at_alice, taking_back(shown["event_id"]))
