"""Which option a vote means, and that nobody can tell from the rows who voted."""

from dataclasses import replace

import pytest

from social import polls
from social.acts import Option, Poll, Vote
from social.policy import Refused
from tests.social.web.cast import NOON, local, write

BOB = "https://far.example/users/bob"
POLL = Poll(options=tuple(Option(name=name) for name in ("Tea", "TEA", "Cocoa")))
VOTE = Vote(author=BOB, poll="http://social.test/ap/o/p", option="Tea", uri=f"{BOB}#1", at=NOON)


@pytest.mark.parametrize(
    ("named", "meant"),
    [("Tea", "Tea"), ("TEA", "TEA"), ("tea", ""), ("cocoa", "Cocoa"), ("Beer", ""), ("", "")],
)
def test_a_vote_names_an_option_to_the_letter_or_else_one_alone(named: str, meant: str) -> None:
    assert polls.chosen(POLL, named) == meant


def test_a_voter_is_the_same_in_one_poll_and_nobody_in_another() -> None:
    known = polls.voter(VOTE)
    assert BOB not in known
    assert known == polls.voter(replace(VOTE, option="Cocoa", uri=f"{BOB}#2"))
    assert known != polls.voter(replace(VOTE, poll="http://social.test/ap/o/q"))
    assert known != polls.voter(replace(VOTE, author=f"{BOB}b"))
    hidden = polls.nameless(VOTE)
    assert polls.voter(hidden) == known
    assert BOB not in str(hidden)


def test_the_older_a_poll_the_longer_its_counts_wait_but_never_beyond_its_end(db: None) -> None:
    kept = polls.kept(replace(POLL, closes=NOON + 10**9))
    post = write(local(), poll=kept, published=NOON, uri=VOTE.poll, name="p")
    for age, wait in ((0, 60_000), (600_000_000, 3_000_000), (10**9 - 1, 1)):
        polls.Post.objects.filter(pk=post.pk).update(poll_due=None)
        assert polls.vote(replace(VOTE, author=f"{BOB}{age}", at=NOON + age), None)
        post.refresh_from_db()
        assert post.poll_due == NOON + age + wait


def test_a_poll_that_is_over_takes_no_vote(db: None) -> None:
    kept = polls.kept(replace(POLL, closes=NOON))
    post = write(local(), poll=kept, uri=VOTE.poll, name="p")
    with pytest.raises(Refused, match="closed"):
        polls.admit(VOTE, post)
