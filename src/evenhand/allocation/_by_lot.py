"""People decided about by lot take no part in the solving; what they use of each limit is set aside for them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from evenhand.policy import Campaign
from evenhand.terms import DataError, Lots, Permitted, Reason, Standing, lots_for

from ._outcome import Columns
from .live import Room
from .solver import Rows

__all__ = ["draw_lots", "set_aside", "told_by_lot"]


def draw_lots(permitted: Permitted, campaign: Campaign, eligible: NDArray[np.bool_] | None = None) -> Lots:
    """Who is decided about by lot, among the people with personal decisions, and what they drew; nobody by default.

    Whoever may not get every offer (`eligible`, bool[m, n]) has no part in it: the chances are those of all offers.

    Raises:
        DataError: what was drawn is more than the budget, the contacts or a capacity allows.
    """
    asked = permitted.asked
    share = campaign.exploration.share if campaign.exploration is not None else 0.0
    if not share:
        nobody = np.zeros(len(asked), dtype=bool)
        return Lots(nobody, np.full(len(asked), -1, dtype=np.int16), 1.0)
    lots = lots_for(
        asked.subjects,
        share=share,
        offers=len(campaign.offers),
        campaign=campaign.campaign,
        seed=campaign.seed,
        at=asked.at,
    )
    among = lots.is_drawn & (permitted.standing == Standing.PERSONALISED)
    if eligible is not None:
        among &= eligible.all(axis=0)
    lots = Lots(among, np.where(among, lots.offer, -1).astype(np.int16), lots.chance)
    _check_room(lots, campaign)
    return lots


def _check_room(lots: Lots, campaign: Campaign) -> None:
    taken = np.bincount(lots.offer.astype(np.intp) + 1, minlength=len(campaign.offers) + 1)[1:].tolist()
    room = Room(campaign)
    full = [name for name, used in room.used(taken).items() if used > room.left[name]]
    if full:
        raise DataError(
            "lots-beyond-limits",
            f"What is drawn by lot alone is more than a limit allows: {', '.join(full)}.",
            rule="a limit holds for everybody, those decided about by lot included",
            remedy="make exploration.share smaller, or the limit wider",
        )


def set_aside(
    rows: Rows,
    lots: Lots,
    cell: NDArray[np.intp],
    cells: int,
    offers: int,
    chance: NDArray[np.float64] | None = None,
) -> Rows:
    """The rows, with what those decided about by lot use of each taken off its bound; `chance`: see `Crowd`."""
    who = lots.offer >= 0
    if not who.any():
        return rows
    place = cell[who] * offers + lots.offer[who].astype(np.intp)
    count = np.bincount(place, minlength=cells * offers).reshape(cells, offers).astype(np.float64)
    if chance is not None:
        weight = chance[lots.offer[who], np.flatnonzero(who)]
        count = np.hstack([count, np.bincount(place, weights=weight, minlength=cells * offers).reshape(cells, offers)])
    used = rows.used(count)
    return replace(rows, bound=rows.bound - used, aside=rows.aside + used)


def told_by_lot(columns: Columns, lots: Lots) -> Columns:
    """The columns, with the lot as the reason of those decided about by it; no price moved them."""
    if not lots.is_drawn.any():
        return columns
    reason = np.where(lots.offer >= 0, Reason.DRAWN_OFFER, Reason.DRAWN_NOTHING)
    return replace(
        columns,
        moved=columns.moved & ~lots.is_drawn,
        reason=np.where(lots.is_drawn, reason, columns.reason).astype(np.uint8),
    )
