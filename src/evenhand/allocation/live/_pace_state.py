"""The state of a paced stream as bytes: small, exact, and refused where it is cut short or was changed.

The first line names the form, the second is the SHA-256 of all that follows, the third is JSON (what is left, prices,
counts), and then come the last people's cells (two bytes each) and values (eight each, one per offer), little end
first.
"""

from __future__ import annotations

import hashlib
import json
import sys
from array import array
from typing import Any

import numpy as np

from evenhand.policy import Campaign
from evenhand.terms import DataError

from ._astray import Astray
from ._pacing import PacedPolicy

__all__ = ["restored_pace", "saved_pace"]

_FORM = b"evenhand-pace-1\n"


def saved_pace(paced: PacedPolicy) -> bytes:
    """Everything that decides what the stream's next people get."""
    state = paced.state()
    kept = min(state["seen"], paced.window)
    cells, values = paced.last(kept)
    if sys.byteorder == "big":
        cells.byteswap()
        values.byteswap()
    payload = cells.tobytes() + values.tobytes()
    state["campaign"] = _digest(paced.campaign)
    state["kept"] = kept
    body = json.dumps(state, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()
    seal = hashlib.sha256(body + b"\n" + payload).hexdigest().encode()
    return _FORM + seal + b"\n" + body + b"\n" + payload


def restored_pace(saved: bytes, campaign: Campaign) -> PacedPolicy:
    """The stream as it was: the same people in the same order get the same decisions, to the bit.

    Args:
        saved: what `saved_pace` gave.
        campaign: the stream's campaign.

    Raises:
        DataError: ``pace-state-broken``, it is cut short, was changed, or is no such state; ``pace-other-campaign``.
    """
    state, payload = _parts(saved)
    if state["campaign"] != _digest(campaign):
        raise DataError(
            "pace-other-campaign",
            "The state is of a stream of another campaign.",
            rule="prices and what is left of the limits are those of one campaign (G-5-2)",
            remedy="restore it with the campaign that the stream began with, or begin a new stream",
        )
    paced = PacedPolicy(
        campaign,
        np.array(state["price"], dtype=np.int64),
        state["expected"],
        room=state["room"],
        margin=state["margin"],
        window=state["window"],
    )
    cells, values = array("H"), array("q")
    cells.frombytes(payload[: 2 * state["kept"]])
    values.frombytes(payload[2 * state["kept"] :])
    if sys.byteorder == "big":
        cells.byteswap()
        values.byteswap()
    paced.take_up(state, cells, values, Astray.from_list(state["astray"]))
    return paced


def _parts(saved: bytes) -> tuple[dict[str, Any], bytes]:
    form, rest = saved[: len(_FORM)], saved[len(_FORM) :]
    seal, _, content = rest.partition(b"\n")
    if form != _FORM or hashlib.sha256(content).hexdigest().encode() != seal:
        raise DataError(
            "pace-state-broken",
            "The state of the stream is cut short, was changed, or is something else.",
            rule="a stream goes on exactly as it was, or not at all",
            remedy="restore an earlier state that is whole, or begin a new stream from the prices of a run, with what "
            "is left of the limits",
        )
    body, _, payload = content.partition(b"\n")
    state: dict[str, Any] = json.loads(body)
    return state, payload


def _digest(campaign: Campaign) -> str:
    return hashlib.sha256(campaign.model_dump_json().encode()).hexdigest()
