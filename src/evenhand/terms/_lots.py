"""Draws by pseudonym: which of two equals is first, and who is decided about by lot.

A draw is a hash of a seed and the pseudonym, so it does not depend on the place of a row, can be made again by anybody
who has both, and is as good as random to everybody else. Source: the finaliser of splitmix64 (Steele, Lea, Flood 2014).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

__all__ = ["Lots", "draw_for", "lots_for", "mixed"]

_GOLDEN = 0x9E3779B97F4A7C15
_WORD = 0xFFFFFFFFFFFFFFFF
_SECOND = 0xA0761D6478BD642F
_FINE = 2**53


def mixed(word: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Every bit of the input moves every bit of the output."""
    word = word + np.uint64(_GOLDEN)
    word = (word ^ (word >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    word = (word ^ (word >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return word ^ (word >> np.uint64(31))


def draw_for(subjects: NDArray[np.bytes_], seed: int) -> NDArray[np.uint64]:
    """A number for each pseudonym: uint64[n], the same for the same seed and pseudonym wherever the row stands."""
    words = np.ascontiguousarray(subjects.astype("S32")).view("<u8").reshape(len(subjects), 4)
    draw = np.full(len(subjects), seed & _WORD, dtype=np.uint64)
    for column in range(4):
        draw = mixed(draw ^ words[:, column].astype(np.uint64))
    return draw


@dataclass(frozen=True, slots=True)
class Lots:
    """Who is decided about by lot, and how the lot fell.

    Attributes:
        is_drawn: bool[n].
        offer: int16[n], the offer drawn; -1 for nothing, and for those who were not drawn.
        chance: with which each of the offers, and nothing, is drawn for somebody who is decided about by lot.
    """

    is_drawn: NDArray[np.bool_]
    offer: NDArray[np.int16]
    chance: float


def lots_for(
    subjects: NDArray[np.bytes_], *, share: float, offers: int, campaign: str, seed: int, at: datetime
) -> Lots:
    """Draw a share of the people, and for each of them one of the offers or nothing, all equally likely.

    The draw is another one for each moment `at`, so that nobody is always in it or never. It reads nothing of a person
    but the pseudonym.

    Args:
        subjects: S32[n], pseudonyms.
        share: of the people, from 0 to 1.
        offers: how many there are.
        campaign: its id.
        seed: of the campaign.
        at: moment of the run, time-zone aware.

    Example:
        >>> people = np.array([b"%032d" % number for number in range(10_000)])
        >>> moment = datetime(2026, 3, 1, tzinfo=UTC)
        >>> lots = lots_for(people, share=0.1, offers=3, campaign="tea", seed=7, at=moment)
        >>> lots.chance, 900 < int(lots.is_drawn.sum()) < 1100
        (0.25, True)
    """
    named = f"{campaign}|{seed}|{at.astimezone(UTC).isoformat()}"
    own = int.from_bytes(hashlib.blake2b(named.encode(), digest_size=8).digest(), "little")
    draw = draw_for(subjects, own)
    is_drawn = (draw >> np.uint64(11)) < np.uint64(round(share * _FINE))
    second = mixed(draw ^ np.uint64(_SECOND)) >> np.uint64(11)
    place = np.minimum((second.astype(np.float64) / _FINE * (offers + 1)).astype(np.int16), offers)
    return Lots(is_drawn, np.where(is_drawn, place - 1, -1).astype(np.int16), 1.0 / (offers + 1))
