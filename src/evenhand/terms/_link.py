"""From a score to parts per million, in integers only: by the link table, or as it stands.

With the link ``logit`` a score is in micro-logits, and its parts per million are a probability. With ``identity`` a
score *is* parts per million: what an offer changes in a probability, negative where it puts people off.

Nodes stand every 2**11 micro-logits up to 16 logits; between nodes the line is straight. The nodes are made with whole
numbers of 96 fractional bits, so no platform's ``exp`` enters, and every engine can keep the same table.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from ._model import Link

__all__ = ["PPM", "link_nodes", "one_probability_ppm", "one_score_ppm", "probability_ppm", "score_ppm"]

PPM = 1_000_000
"""Parts per million in one."""

_STEP_BITS = 11
_EXTRA_BITS = 10
_LIMIT = 16_000_000
_REST, _HALF = (1 << _STEP_BITS) - 1, 1 << (_EXTRA_BITS - 1)
_FIXED = 96


def _exponential_of_minus(numerator: int, denominator: int) -> int:
    """exp(-numerator/denominator) with 96 fractional bits, by its series; for arguments well below one."""
    total = term = 1 << _FIXED
    sign, position = 1, 0
    while term:
        position += 1
        sign = -sign
        term = term * numerator // (denominator * position)
        total += sign * term
    return total


@cache
def link_nodes() -> NDArray[np.int32]:
    """Probability at 0, 2048, 4096 ... micro-logits, in 1/1024 ppm; never falling.

    Returns:
        int32[nodes]; node k is ``round(1024e6 / (1 + exp(-k * 0.002048)))``.
    """
    one = 1 << _FIXED
    factor = _exponential_of_minus(1 << _STEP_BITS, PPM)
    nodes = np.empty((_LIMIT >> _STEP_BITS) + 2, np.int32)
    power = one
    for index in range(len(nodes)):
        doubled = (PPM << (_EXTRA_BITS + _FIXED + 1)) // (one + power)
        nodes[index] = (doubled + 1) >> 1
        power = power * factor >> _FIXED
    nodes.flags.writeable = False
    return nodes


@cache
def _rises() -> NDArray[np.int32]:
    nodes = link_nodes()
    return np.append(np.diff(nodes), np.int32(0))


def probability_ppm(score: NDArray[np.integer]) -> NDArray[np.int32]:
    """Probability of a score, by the fixed integer link table.

    Monotone, within 1 ppm of the logistic function everywhere, and symmetric: a score and its negative add up to one
    million.

    Args:
        score: integers of any shape, micro-logits.

    Returns:
        int32 of the same shape, parts per million (0 to 1,000,000).

    Example:
        >>> import numpy as np
        >>> probability_ppm(np.array([-1_000_000, 0, 1_000_000])).tolist()
        [268941, 500000, 731059]
    """
    bounded = np.minimum(np.maximum(score, -_LIMIT), _LIMIT).astype(np.int32)  # `clip` costs a few people five times it
    size = np.abs(bounded)
    node = (size >> _STEP_BITS).astype(np.intp)
    size &= (1 << _STEP_BITS) - 1
    size *= _rises().take(node)
    size >>= _STEP_BITS
    size += link_nodes().take(node)
    size += 1 << (_EXTRA_BITS - 1)
    size >>= _EXTRA_BITS
    return np.asarray(np.where(bounded < 0, np.int32(PPM) - size, size), dtype=np.int32)


@cache
def _node_list() -> list[int]:
    nodes: list[int] = link_nodes().tolist()
    return [*nodes, nodes[-1]]


def one_probability_ppm(score: int) -> int:
    """`probability_ppm` of one score, the same bits, for a search that asks one after the other.

    Example:
        >>> one_probability_ppm(1_000_000)
        731059
    """
    size = -score if score < 0 else score
    if size > _LIMIT:
        size = _LIMIT
    nodes, node = _node_list(), size >> _STEP_BITS
    low = nodes[node]
    ppm = (low + ((size & _REST) * (nodes[node + 1] - low) >> _STEP_BITS) + _HALF) >> _EXTRA_BITS
    return PPM - ppm if score < 0 else ppm


def score_ppm(score: NDArray[np.integer], link: Link) -> NDArray[np.int32]:
    """What a score says of the response, in parts per million; never falling with the score.

    Args:
        score: integers of any shape.
        link: ``logit``: micro-logits, and the answer is a probability, 0 to 1,000,000. ``identity``: the answer is the
            score itself, the change in a probability; none changes by more than 1,000,000, so it is cut off there.

    Returns:
        int32 of the same shape.

    Raises:
        ValueError: another link says nothing of a probability.

    Example:
        >>> score_ppm(np.array([-20_000, 0, 3_000_000]), "identity").tolist()
        [-20000, 0, 1000000]
    """
    if link == "logit":
        return probability_ppm(score)
    _is_change(link)
    return np.clip(np.asarray(score), -PPM, PPM).astype(np.int32)


def one_score_ppm(score: int, link: Link) -> int:
    """`score_ppm` of one score, the same bits.

    Example:
        >>> one_score_ppm(-20_000, "identity"), one_score_ppm(0, "logit")
        (-20000, 500000)
    """
    if link == "logit":
        return one_probability_ppm(score)
    _is_change(link)
    return max(-PPM, min(score, PPM))


def _is_change(link: Link) -> None:
    if link != "identity":
        raise ValueError(f"a score with the link {link!r} says nothing of a probability")
