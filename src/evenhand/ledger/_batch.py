"""What is recorded of a batch beside its decisions: limits, prices and certificate."""

from __future__ import annotations

import dataclasses

from evenhand.promises import Ground
from evenhand.terms import Allocated, Prices

from ._body import text_of
from ._seal import Seal

__all__ = ["batch_of"]


def batch_of(
    allocated: Allocated, ground: Ground, seal: Seal | None, number: int, decisions: tuple[int, int]
) -> dict[str, object]:
    """A batch as a finished run tells it.

    Args:
        allocated: the decisions.
        ground: what the run stands on.
        seal: of the run, where it has an aware limit.
        number: of the batch, from 1.
        decisions: number of its first decision and of its last; a last one before the first means that it has none.
    """
    return {
        "first": decisions[0],
        "last": decisions[1],
        "limits": [limit.to_dict() for limit in allocated.limits],
        "prices": _prices(allocated.prices, ground, seal, number),
        "certificate": dataclasses.asdict(allocated.certificate),
    }


def _prices(prices: Prices, ground: Ground, seal: Seal | None, number: int) -> dict[str, object]:
    """The price table of a batch; where the run has a seal, what groups have to do with it is sealed. A run with the
    prices of an earlier one names them: they stand in the ledger once, however many come later."""
    if ground.priced_by:
        return {"policy": ground.priced_by}
    public: dict[str, object] = prices.to_dict()
    if seal is None:
        return public
    aware = ground.campaign.aware_limits
    hidden: dict[str, object] = {
        **{name: public.pop(name) for name in ("group", "group_contact", "response") if name in public},
        "by_limit": {id_: price for id_, price in prices.by_limit.items() if id_ in aware},
        "cell_tables": {name: table for name, table in prices.cell_tables.items() if name != "blind"},
    }
    public["by_limit"] = {id_: price for id_, price in prices.by_limit.items() if id_ not in aware}
    public["cell_tables"] = {name: table for name, table in prices.cell_tables.items() if name == "blind"}
    return public | {"sealed": seal.close_text(number, text_of(hidden))}
