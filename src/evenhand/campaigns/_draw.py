"""Was it an experiment? What a check says about a history that is declared as randomised."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from evenhand.policy import Campaign
from evenhand.terms import Finding, Severity, Target, chi_square_tail

from ._learn import Lesson, look_at_draw

__all__ = ["draw_findings"]

_ALARM = 1e-3
"""People left out of one side and not of the other as chance does in fewer of the histories are warned about."""
_FEWEST = 10
"""Fewer people left out than this are not counted against each other."""


def draw_findings(campaign: Campaign, lesson: Lesson) -> tuple[Finding, ...]:
    """What the columns tell of the draw, and whether as many people are left out on either side of it.

    EH-DRAW-001: as far as they tell, chance decided. EH-DRAW-002: more people's data may not be used on one side.

    Args:
        campaign: what it goes by.
        lesson: the rows that may teach.

    Returns:
        nothing where responses are learned.

    Raises:
        DataError: nothing can be learned from this history, or chance did not decide; see `scoring.drawn`.
    """
    if campaign.model.target is not Target.INCREMENT:
        return ()
    found = look_at_draw(campaign, lesson)
    columns = len(lesson.codes) + (lesson.period is not None)
    notes = []
    for j, (offer, told) in enumerate(found.items()):
        shown, control = int(lesson.sides[j, 0]), int(lesson.sides[-1, 0])
        most = f"column {told.feature!r} differs most, as chance alone does in {told.chance:.0%} of histories"
        notes.append(
            Finding(
                "EH-DRAW-001",
                Severity.NOTE,
                f"{shown:,} people were shown the offer {offer!r} and {control:,} nothing. As far as the "
                f"{columns} columns tell, chance decided between them{f' ({most})' if told.feature else ''}.",
                rule="an increment needs chance (history.randomised)",
                remedy="nothing to do, if they were drawn by lot: the columns cannot prove it",
                measured={"shown": shown, "control": control, "chance": round(told.chance, 6)},
            )
        )
    return (*_left_out(campaign, lesson), *notes)


def _left_out(campaign: Campaign, lesson: Lesson) -> Iterator[Finding]:
    for j, offer in enumerate(campaign.offers):
        sides = lesson.sides[[j, -1]].astype(np.float64)
        if sides[:, 1].sum() < _FEWEST:
            continue
        due = sides.sum(axis=1, keepdims=True) * sides.sum(axis=0) / sides.sum()
        chance = chi_square_tail(float((np.square(sides - due) / due).sum()), 1)
        if chance >= _ALARM / len(campaign.offers):
            continue
        shown, control = sides[:, 1] / sides.sum(axis=1)
        yield Finding(
            "EH-DRAW-002",
            Severity.WARNING,
            f"Of the people who were shown the offer {offer.id!r} {shown:.1%} may not be used, of those who were shown "
            f"nothing {control:.1%}. Chance alone differs so much in {chance:.1g} of histories.",
            rule="whom an offer made object is missing on one side only",
            remedy="look whether the offer made people object; what it changed for them is not in the increments",
            measured={"shown": round(float(shown), 6), "control": round(float(control), 6)},
        )
