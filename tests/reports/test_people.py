"""Numbers of people in a report: what is told of steps and reasons gives no small number away."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from evenhand.reports._people import drops, funnel
from evenhand.terms import Reason, Standing, is_few

REFUSED = (Reason.DIRECT_MARKETING_OBJECTION, Reason.CONSENT_WITHDRAWN)
CONTEXTUAL = (Reason.PERSONALISATION_OPT_OUT, Reason.SIGNAL_OPT_OUT)
PERSONAL = Reason.CONSENT_VALID
OUTCOMES = (
    Reason.NOT_ELIGIBLE,
    Reason.NO_WORTHWHILE_OFFER,
    Reason.BEYOND_LIMITS,
    Reason.DRAWN_NOTHING,
    Reason.SELECTED,
)
CELLS = [
    *((Standing.REFUSED, reason, reason) for reason in REFUSED),
    *((Standing.CONTEXTUAL, reason, outcome) for reason in CONTEXTUAL for outcome in OUTCOMES),
    *((Standing.PERSONALISED, PERSONAL, outcome) for outcome in OUTCOMES),
]
"""Everybody is in one of these: standing, reason of gate 1, what became of it."""


def _decided(counts):
    """Decisions about so many people of each cell, as far as a report counts them."""
    standing = np.repeat([int(cell[0]) for cell in CELLS], counts)
    reason = np.repeat([int(cell[1]) for cell in CELLS], counts)
    outcome = np.repeat([int(cell[2]) for cell in CELLS], counts)
    permitted = SimpleNamespace(standing=standing, reason=reason)
    return SimpleNamespace(
        allocated=SimpleNamespace(
            scored=SimpleNamespace(minimised=SimpleNamespace(permitted=permitted)),
            reason=outcome,
            leads=np.ones(len(standing), dtype=bool),
            gets=lambda: outcome == Reason.SELECTED,
        )
    )


def _row(pick):
    return np.array([float(pick(*cell)) for cell in CELLS])


NOBODY = (Reason.NOT_ELIGIBLE, Reason.NO_WORTHWHILE_OFFER)
STEPS = {
    "known": lambda *_: True,
    "permitted": lambda standing, _, __: standing is not Standing.REFUSED,
    "worthwhile": lambda standing, _, outcome: standing is not Standing.REFUSED and outcome not in NOBODY,
    "selected": lambda _, __, outcome: outcome is Reason.SELECTED,
}


def _told(decided):
    """Every number of the report, as a row over the cells and what is told of it."""
    for step in funnel(decided):
        inside = STEPS[step["key"]]
        for name, only in (
            ("people", None),
            ("personalised", Standing.PERSONALISED),
            ("contextual", Standing.CONTEXTUAL),
        ):
            if only is None or step["key"] != "known":
                yield _row(lambda s, r, o, inside=inside, only=only: inside(s, r, o) and only in (None, s)), step[name]
    for drop in drops(decided):
        by = {"refused": 1, "contextual": 1, "not-selected": 2}[drop["step"]]
        kind = {"refused": (Standing.REFUSED,), "contextual": (Standing.CONTEXTUAL,)}.get(
            drop["step"], (Standing.CONTEXTUAL, Standing.PERSONALISED)
        )
        yield (
            _row(lambda *cell, by=by, kind=kind, key=drop["key"]: cell[0] in kind and cell[by].key == key),
            drop["people"],
        )


@settings(max_examples=50, deadline=None)
@given(st.lists(st.sampled_from([0, 0, 0, 1, 3, 9, 10, 14, 40, 200]), min_size=len(CELLS), max_size=len(CELLS)))
def test_no_small_number_follows_from_all_that_is_told(counts):
    """Of each small number of leavers, of a reason or of a step, it stays open by ten people or more what it is."""
    decided = _decided(counts)
    told = list(_told(decided))
    assert not [number for _, number in told if number is not None and is_few(number)]
    known = [(row, number) for row, number in told if number is not None]
    if not known:
        return
    rows, numbers = np.array([row for row, _ in known]), np.array([number for _, number in known], float)
    inside = list(STEPS.values())
    between = [
        _row(lambda *cell, one=one, other=other: one(*cell) and not other(*cell))
        for place, one in enumerate(inside)
        for other in inside[place + 1 :]
    ]
    for row in [*(row for row, _ in told), *between]:
        if is_few(int(row @ counts)):
            ends = [linprog(sign * row, A_eq=rows, b_eq=numbers, bounds=(0, None)) for sign in (1, -1)]
            assert all(one.status in (0, 3) for one in ends)
            unbounded = any(one.status == 3 for one in ends)
            assert unbounded or -ends[1].fun - ends[0].fun >= 9, (int(row @ counts), ends[0].fun, -ends[1].fun)
