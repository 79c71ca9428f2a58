"""What a run is told if the user says nothing about it depends on its problem."""

from ulmus.config import DIFF_ELSEWHERE, read_config
from ulmus.operators.diff import GENERAL_MESSAGES, PAPER_MESSAGES


def test_only_sodarace_is_told_of_walkers():
    assert read_config(None, {}).diff.messages == PAPER_MESSAGES
    elsewhere = read_config(None, {"problem": "parity"}).diff
    assert elsewhere.messages == GENERAL_MESSAGES
    assert {key: getattr(elsewhere, key) for key in DIFF_ELSEWHERE} == DIFF_ELSEWHERE


def test_what_the_user_says_goes_before_it():
    told = {"problem": "own.py:Own", "diff": {"model": "walker-3m", "messages": {"Try it.": 1.0}}}
    diff = read_config(None, told).diff
    assert (diff.model, diff.messages) == ("walker-3m", {"Try it.": 1.0})
    some = read_config(None, {"problem": "own.py:Own", "diff": {"temperature": 0.5}}).diff
    assert (some.temperature, some.messages) == (0.5, GENERAL_MESSAGES)
