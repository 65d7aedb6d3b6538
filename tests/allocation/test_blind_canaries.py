"""No person's group leaves the wall: not in what a blind fit returns, prints, logs or leaves on disk."""

from __future__ import annotations

import json
import logging
import pickle
from pathlib import Path

import numpy as np

from allocation.blind_cases import SIZES, CountingWall, people_of
from evenhand.allocation import GroupLimit, assess_blind, blind_frontier, fit_blind
from evenhand.terms import SUPPRESSED, CountTable

LIMIT = GroupLimit("sex", (("sex",),), 0.8)
RARE = "canary-7f3a"


def _asked(people, wall):
    fit = fit_blind(people.codes, SIZES, people.value, wall, (LIMIT,), 0.2, outcome=people.outcome)
    sweep = blind_frontier(people.codes, SIZES, people.value, wall, (LIMIT,), 0.2, "sex", (0.6, 0.9))
    told = assess_blind(fit.policy, people.codes, people.value, wall, (LIMIT,), within=0.2)
    return fit, sweep, told


def test_only_counts_are_asked_for_and_every_question_has_its_purpose():
    """A wall that answers `count` alone serves the whole fit; `inside` is never tried."""
    people = people_of()
    wall = CountingWall(people.groups)
    _asked(people, wall)
    assert wall.questions
    assert {features for features, _, _ in wall.questions} == {("sex",)}
    assert all(why for _, _, why in wall.questions)
    assert max(size for _, size, _ in wall.questions) <= max(SIZES)


def test_a_rare_value_of_one_person_reaches_nothing(caplog, capfd, tmp_path, monkeypatch):
    """One person's group name stands in no object, JSON, repr, pickle, log, output or temporary file."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    people = people_of()
    people.groups["sex"][11] = RARE
    with caplog.at_level(logging.DEBUG):
        made = _asked(people, CountingWall(people.groups))
    texts = [repr(one) for one in made] + [json.dumps(one.to_dict()) for one in made]
    assert not any(RARE in text for text in texts)
    fit, _, told = made
    for one in (fit.policy, fit.shapes):
        assert RARE.encode() not in pickle.dumps(one)
    assert RARE not in json.dumps(told.to_dict())
    printed = capfd.readouterr()
    assert RARE not in caplog.text + printed.out + printed.err
    assert not list(Path(tmp_path).rglob("*"))


def test_what_a_rule_holds_has_no_row_in_it():
    """Nothing in the fitted object is as long as the people are many; the rule itself names no group at all."""
    people = people_of(6_001)
    fit, sweep, told = _asked(people, CountingWall(people.groups))

    def lengths(plain):
        if isinstance(plain, dict):
            for each in plain.values():
                yield from lengths(each)
        elif isinstance(plain, list | tuple):
            yield len(plain)
            for each in plain:
                yield from lengths(each)

    for one in (fit, sweep, told):
        assert max(lengths(one.to_dict())) < 100
    plain = json.dumps(fit.policy.to_dict())
    assert not any(word in plain for word in ("woman", "man", "sex"))


def test_the_rule_follows_from_the_counts_and_from_nothing_else():
    """Two walls that give the same counts to every question make the same rule, whoever stands behind them."""
    people = people_of()
    answers: list[CountTable] = []

    class Recorder(CountingWall):
        def count(self, features, codes, size, *, why):
            table = super().count(features, codes, size, why=why)
            answers.append(table)
            return table

    class Player:
        """No people behind it at all: only the answers of another wall, in their order."""

        features = tuple(people.groups)

        def __init__(self):
            self._left = iter(answers)

        def count(self, features, codes, size, *, why):
            table = next(self._left)
            assert (table.features, table.counts.shape[1]) == (features, size)
            return table

    fit = fit_blind(people.codes, SIZES, people.value, Recorder(people.groups), (LIMIT,), 0.2)
    again = fit_blind(people.codes, SIZES, people.value, Player(), (LIMIT,), 0.2)
    assert again.to_dict() == fit.to_dict()


def test_no_shown_count_is_below_the_minimum_cell():
    """Every count in a report is 0 or at least the minimum cell; hidden ones are None."""
    people = people_of(400)
    wall = CountingWall(people.groups, 25)
    limit = GroupLimit("all", (("sex", "region"),), 0.1, minimum_size=25)
    free = fit_blind(people.codes, SIZES, people.value, CountingWall(people.groups), (), 0.3)
    told = assess_blind(free.policy, people.codes, people.value, wall, (limit,), within=0.3)
    counts = [count for reach in told.groups for count in (reach.size, reach.before, reach.after)]
    assert all(count is None or count == 0 or count >= 25 for count in counts)
    assert SUPPRESSED not in counts
    assert np.isfinite(told.limits[0].after)
