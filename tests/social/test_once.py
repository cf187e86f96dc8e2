"""Asking once: answers are kept for one piece of work, and no longer than they are true."""

from social import once


def asked(answers: list[object]) -> list[object]:
    """What two questions under one key are answered."""
    return [once.ask("key", lambda: answers.pop(0)) for _ in range(2)]


def test_outside_a_piece_of_work_every_question_is_asked():
    assert asked([1, 2]) == [1, 2]


def test_within_it_a_question_is_asked_once():
    with once.remembered():
        assert asked([1, 2]) == [1, 1]


def test_no_is_an_answer_but_nothing_is_none():
    with once.remembered():
        assert asked([False, True]) == [False, False]
    with once.remembered():
        assert asked([None, 2]) == [None, 2]


def test_what_was_known_before_a_wait_is_forgotten():
    with once.remembered():
        once.ask("key", lambda: "old")
        once.forget()
        assert once.ask("key", lambda: "new") == "new"


def test_the_next_piece_of_work_knows_nothing():
    with once.remembered():
        once.ask("key", lambda: "old")
    with once.remembered():
        assert once.ask("key", lambda: "new") == "new"


def test_work_within_work_knows_what_the_outer_one_knows():
    with once.remembered(), once.remembered():
        once.ask("key", lambda: "old")
    with once.remembered():
        once.ask("key", lambda: "old")
        with once.remembered():
            assert once.ask("key", lambda: "new") == "old"
        assert once.ask("key", lambda: "new") == "old"


def test_an_answer_is_good_for_a_moment(monkeypatch):
    monkeypatch.setattr(once, "MOMENT", -1.0)
    with once.remembered():
        assert asked([1, 2]) == [1, 2]
