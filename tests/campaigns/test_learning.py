"""What may teach, what is held out, and that neither depends on the order of rows."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest

from campaign_cases import PLAIN
from evenhand.adapters.declared.campaign_files import campaign_from_mapping
from evenhand.campaigns import History, draws_of, lesson_of, teachable
from evenhand.features import pseudonymise
from evenhand.permission import ConsentBook
from evenhand.policy import Campaign
from evenhand.terms import Asked, DataError, Role

AT = datetime(2026, 3, 1, tzinfo=UTC)
ROWS = 300


def _campaign(**history: object) -> Campaign:
    loaded = campaign_from_mapping({**PLAIN, "history": {**PLAIN["history"], **history}}, at=AT)
    return loaded.campaign


class _Columns:
    """Every feature holds the row's number; keeps which rows were read."""

    def __init__(self) -> None:
        self.read_rows: list[np.ndarray] = []

    def read(self, name: str, rows: np.ndarray) -> np.ndarray:
        del name
        self.read_rows.append(rows)
        return np.arange(len(rows), dtype=float)[rows]


def _history(campaign: Campaign, order: np.ndarray | None = None) -> History:
    subjects = pseudonymise([f"person {row // 2}" for row in range(ROWS)], b"k" * 32)
    offers = np.array([campaign.offers[0].id] * ROWS, dtype=object)
    draw = draws_of([f"person {row // 2}" for row in range(ROWS)], campaign.seed) if order is None else None
    return History(subjects, _Columns(), (np.arange(ROWS) % 3 == 0).astype(np.uint8), offers, order, draw)


def _consents(subjects: np.ndarray, objecting: np.ndarray) -> ConsentBook:
    people = np.unique(subjects)
    return ConsentBook.from_columns(
        subjects=np.concatenate([people, objecting]),
        kinds=["consent"] * len(people) + ["objection"] * len(objecting),
        purposes=["PersonalisedAdvertising"] * len(people) + ["DirectMarketing"] * len(objecting),
        statuses=["ConsentGiven"] * len(people) + ["Objected"] * len(objecting),
        at=np.full(len(people) + len(objecting), np.datetime64("2026-01-01", "us")),
    )


def test_people_who_object_do_not_teach():
    """G-21b: rows of people who objected are not in the lesson, and their features are never read."""
    campaign = _campaign()
    history = _history(campaign)
    objecting = np.unique(history.subjects)[:40]
    allowed = teachable(campaign, history.subjects, _consents(history.subjects, objecting), Asked(objecting, AT))
    lesson = lesson_of(campaign, history, allowed)
    gone = np.isin(history.subjects, objecting)
    assert gone.sum() == 80 == lesson.not_permitted
    assert not gone[lesson.rows].any()
    assert not any(rows[gone].any() for rows in history.columns.read_rows)
    assert len(history.columns.read_rows) == len(campaign.names(Role.FEATURE))


def test_the_last_rows_by_order_are_held_out():
    """With an order, everything trained on comes before everything held out."""
    campaign = _campaign(order="when", hold_out=0.25)
    order = np.random.default_rng(1).permutation(ROWS).astype(float)
    lesson = lesson_of(campaign, _history(campaign, order), np.ones(ROWS, dtype=bool))
    assert order[lesson.rows][lesson.held_out].min() > order[lesson.rows][~lesson.held_out].max()
    assert 0.2 < lesson.held_out.mean() < 0.3


def test_a_date_says_where_training_ends():
    """train_before as a date: rows of that day and later are held out."""
    campaign = _campaign(order="when", train_before="1970-01-11")
    lesson = lesson_of(campaign, _history(campaign, np.arange(ROWS, dtype=float)), np.ones(ROWS, dtype=bool))
    assert lesson.held_out.tolist() == [row >= 10 for row in range(ROWS)]


def test_without_an_order_people_are_drawn_whole():
    """Nobody has rows on both sides, and the draw does not depend on the order of rows."""
    campaign = _campaign()
    history = _history(campaign)
    everybody = np.ones(ROWS, dtype=bool)
    held = dict(zip(history.subjects.tolist(), lesson_of(campaign, history, everybody).held_out.tolist(), strict=True))
    for person, row in zip(history.subjects.tolist(), lesson_of(campaign, history, everybody).held_out, strict=True):
        assert held[person] == row
    back = History(history.subjects[::-1], _Columns(), history.outcome[::-1], history.offer, None, history.draw[::-1])
    again = lesson_of(campaign, back, everybody)
    assert all(held[p] == h for p, h in zip(back.subjects.tolist(), again.held_out.tolist(), strict=True))


def test_nothing_permitted_is_an_error_with_a_remedy():
    """Where nobody's data may be used there is nothing to learn."""
    campaign = _campaign()
    with pytest.raises(DataError, match="none may be used"):
        lesson_of(campaign, _history(campaign), np.zeros(ROWS, dtype=bool))


def test_everything_held_out_is_an_error_with_a_remedy():
    """A split that leaves nothing to train on is refused."""
    campaign = _campaign(order="when", train_before=-1)
    with pytest.raises(DataError, match="nothing is left to train on"):
        lesson_of(campaign, _history(campaign, np.arange(ROWS, dtype=float)), np.ones(ROWS, dtype=bool))


def test_a_history_of_other_offers_is_an_error():
    """If no row shows an offer of the campaign there is nothing to learn it from."""
    campaign = _campaign()
    history = _history(campaign)
    history.offer[:] = "something else"
    with pytest.raises(DataError, match="None of the 300 history rows"):
        lesson_of(campaign, history, np.ones(ROWS, dtype=bool))
