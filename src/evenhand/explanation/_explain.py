"""Gate 5: why, as codes. Reasons are the largest true contributions; the margin adds up with nothing left over."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from evenhand.policy import Campaign
from evenhand.terms import WITHHELD, Allocated, DataError, Explained, Reason, Standing, term_contributions

from ._flip import Flips, find_flips
from ._recheck import true_flips

__all__ = ["REASONS", "explain"]

REASONS = 3
"""Terms named as reasons for each decision."""
_BLOCK = 131_072
_BY_LOT = np.isin(np.arange(256), [reason for reason in Reason if reason.is_by_lot])


def explain(allocated: Allocated, campaign: Campaign) -> Explained:
    """Work out for everybody why: top reasons, margin against the runner-up, one change that would have changed it.

    The offer that is explained is the chosen one, or the best one where none was chosen. A change is looked for in
    features that the campaign calls actionable, with everything else and the table of prices as they were; see
    `find_flips` for what is searched and `true_flips` for blind limits. None is named for a person whose decision is
    not the price rule's own (``moved``, or by lot).

    Args:
        allocated: the decisions.
        campaign: says what an offer brings and which columns a person could change.

    Raises:
        DataError: a feature that is declared to be about the offer differs between people.
    """
    scored = allocated.scored
    model = scored.minimised.model
    _refuse_differing(allocated, campaign)
    people = len(allocated.offer)
    terms = len(model.tables)
    top = np.full((people, REASONS), -1, dtype=np.int16)
    share = np.zeros((people, REASONS), dtype=np.int32)
    flips = Flips.none(people)
    focus = focus_of(allocated)
    for start in range(0, people, _BLOCK):
        rows = np.arange(start, min(start + _BLOCK, people))
        rows = rows[focus[rows] >= 0]
        if not len(rows) or not terms:
            continue
        who = allocated.person[rows]
        codes = tuple(code[..., who] for code in scored.minimised.codes)
        contributions = term_contributions(model, codes, focus[rows])
        order, largest = _largest(contributions)
        top[rows, : order.shape[1]] = order
        share[rows, : order.shape[1]] = largest
        if not campaign.is_each_by_itself:
            continue
        personal = scored.minimised.permitted.standing[rows] == Standing.PERSONALISED
        personal &= ~allocated.moved[rows] & ~_BY_LOT[allocated.reason[rows]]
        if personal.any():
            mine = rows[personal]
            found = find_flips(allocated, campaign, mine, focus[mine], contributions[personal])
            flips.put(mine, true_flips(allocated, campaign, mine, focus[mine], found))
    return Explained(allocated, top, share, margins(allocated), flips.term, flips.code)


def _refuse_differing(allocated: Allocated, campaign: Campaign) -> None:
    """Raise where a feature that is told as being about the offer has different values for different people."""
    minimised = allocated.scored.minimised
    for binning, codes in zip(minimised.model.view.binnings, minimised.codes, strict=True):
        if campaign.columns[binning.name].about == "person":
            continue
        for row in np.atleast_2d(codes):
            read = row[row != WITHHELD]
            if len(read) and (read != read[0]).any():
                raise DataError(
                    "about-offer-differs",
                    f"The column {binning.name} is declared to be about the offer, and people have different values.",
                    rule="G-15h: what differs between people is told to them as theirs, and is theirs to switch off",
                    remedy="take `about: offer` out of the column, or give everybody the same value of an offer",
                )


def focus_of(allocated: Allocated) -> NDArray[np.int16]:
    """The offer that is explained: the chosen one, else the best one at these prices, else -1 (refused)."""
    refused = allocated.scored.minimised.permitted.standing[allocated.person] == Standing.REFUSED
    focus = np.where(allocated.offer >= 0, allocated.offer, allocated.runner_up)
    return np.where(refused, np.int16(-1), focus).astype(np.int16)


def margins(allocated: Allocated) -> NDArray[np.int64]:
    """``(value - price) - (runner-up's value - price)`` of a chosen offer; else ``value - price`` of the best."""
    value, everyone = allocated.scored.value, allocated.person
    chosen, other = allocated.offer >= 0, allocated.runner_up >= 0
    own = value[np.maximum(allocated.offer, 0), everyone] - allocated.price
    rival = value[np.maximum(allocated.runner_up, 0), everyone] - allocated.runner_up_price
    rival = np.where(other, rival, 0)
    margin = np.where(chosen, own - rival, rival)
    return np.where(focus_of(allocated) >= 0, margin, 0).astype(np.int64)


def _largest(contributions: NDArray[np.int32]) -> tuple[NDArray[np.int16], NDArray[np.int32]]:
    """The terms with the largest absolute contributions, largest first, ties by term order; zeros are no reasons."""
    width = min(REASONS, contributions.shape[1])
    size = np.abs(contributions.astype(np.int64))
    order = np.empty((len(contributions), width), dtype=np.intp)
    everyone = np.arange(len(contributions))
    for place in range(width):
        order[:, place] = size.argmax(axis=1)
        size[everyone, order[:, place]] = -1
    share = np.take_along_axis(contributions, order, axis=1)
    return np.where(share != 0, order, -1).astype(np.int16), share
