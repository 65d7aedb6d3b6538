"""What a person had corrected (GDPR 16), told beside where a value came from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from evenhand.terms import Model

from ._line import Corrected
from ._tell import Explanation

__all__ = ["corrected"]


def corrected(told: Explanation, corrections: Mapping[str, Sequence[datetime]], model: Model) -> Explanation:
    """The explanation, whose facts say which of them the person had corrected, and when.

    Args:
        told: the decision as it was recorded.
        corrections: by column, the moments at which it was corrected, oldest first.
        model: of the decision.

    Returns:
        The same explanation where nothing was corrected.
    """
    if not corrections:
        return told
    names = [binning.name for binning in model.view.binnings]
    pairs = {f"{names[pair.first]} x {names[pair.second]}": pair for pair in model.pairs}
    out = []
    for factor in told.factors:
        pair = pairs.get(factor.name)
        columns = (factor.name,) if pair is None else (names[pair.first], names[pair.second])
        out.append(replace(factor, corrected=_of(columns, corrections, told.facts.at)))
    return replace(told, factors=tuple(out))


def _of(columns: Sequence[str], corrections: Mapping[str, Sequence[datetime]], at: datetime) -> Corrected | None:
    """The last correction that the decision knew of; else the first after it; None where there is none."""
    known = [moments for column in columns if (moments := [one for one in corrections.get(column, ()) if one <= at])]
    if known:
        last = max(moments[-1] for moments in known)
        return Corrected(last, "whole" if len(known) == len(columns) else "part")
    later = [one for column in columns for one in corrections.get(column, ())]
    return Corrected(min(later), "later") if later else None
