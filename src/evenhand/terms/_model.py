"""What is learned before the road: the view (raw value to bin code) and the model (bin code to integers)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

__all__ = ["MISSING", "OTHER", "WITHHELD", "Binning", "FeatureView", "Link", "Model", "Pair", "TermShape"]

Link = Literal["logit", "identity", "log"]
"""How a score becomes a prediction: a probability, the number itself, or a mean that is never negative."""

WITHHELD = 0
"""Bin code of a value that may not be used for this person: its table entry is always 0."""
MISSING = 1
"""Bin code of a value that is absent (null, NaN, empty)."""
OTHER = 2
"""Bin code of a category never seen in training, or too rare to stand alone."""


@dataclass(frozen=True, slots=True)
class Binning:
    """How one feature's raw values become bin codes. Codes 0, 1, 2 are WITHHELD, MISSING, OTHER.

    Attributes:
        name: the feature's column name, without any ``@offer``.
        kind: ``number`` (ordered, by cuts) or ``category`` (by exact text).
        cuts: for numbers, ascending; value v has code ``3 + (number of cuts <= v)``; NaN is MISSING; +-inf bin
            like any other number.
        categories: for categories, the text of code ``3 + position``; other texts are OTHER.
        per_offer: True where each candidate (offer x subject) has a value of its own, in column ``name@offer``.
    """

    name: str
    kind: Literal["number", "category"]
    cuts: tuple[float, ...] = ()
    categories: tuple[str, ...] = ()
    per_offer: bool = False

    @property
    def size(self) -> int:
        """Number of codes, the three special ones included; at most 256, so that a code fits a byte."""
        return 3 + (len(self.cuts) + 1 if self.kind == "number" else len(self.categories))


@dataclass(frozen=True, slots=True)
class FeatureView:
    """The columns, as bins, that one purpose may see. Made in `features`.

    Attributes:
        purpose: the DPV purpose that the view was made for.
        binnings: one per feature, in the order of the model's terms.
        digest: SHA-256 (hex) of the view's canonical JSON.
    """

    purpose: str
    binnings: tuple[Binning, ...]
    digest: str


@dataclass(frozen=True, slots=True)
class Pair:
    """Two features whose joint effect is a term of its own, on coarse bands of their bins.

    The joint code is WITHHELD where either feature is, else ``1 + band of the first x bands of the second + band of
    the second``.

    Attributes:
        first, second: positions of the features in the view.
        first_bands, second_bands: band of each bin code of the feature, counted from 0; the entry at WITHHELD is not
            used.
    """

    first: int
    second: int
    first_bands: tuple[int, ...]
    second_bands: tuple[int, ...]

    @property
    def width(self) -> int:
        """Number of bands of the second feature."""
        return max(self.second_bands, default=0) + 1

    @property
    def size(self) -> int:
        """Number of joint codes, WITHHELD included."""
        return 1 + (max(self.first_bands, default=0) + 1) * self.width

    def codes(self, first: NDArray[np.integer], second: NDArray[np.integer]) -> NDArray[np.intp]:
        """Joint code of each row; shapes broadcast ([n] with [m, n] where one feature is per offer)."""
        upper = np.array(self.first_bands, np.intp) * self.width + 1
        lower = np.array(self.second_bands, np.intp)
        if len(upper):
            upper[WITHHELD] = lower[WITHHELD] = -self.size
        joint: NDArray[np.intp] = upper.take(first) + lower.take(second)
        return np.maximum(joint, WITHHELD)


@dataclass(frozen=True, slots=True)
class TermShape:
    """One term's shape for people: effect and 95 % interval for each bin code, in logits, and how often it occurs.

    Attributes:
        name: feature name, or ``first x second`` for a pair.
        effect, lower, upper: float64[size], logits (or the unit of the score); index = bin code or joint code.
        count: int64[size], weight of each bin in training (small cells already merged or suppressed as 0).
    """

    name: str
    effect: NDArray[np.float64]
    lower: NDArray[np.float64]
    upper: NDArray[np.float64]
    count: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Model:
    """The glass box: tables of integers. Made in `scoring`. Score of subject i for offer j, in micro-logits (with the
    link ``identity`` in units of `unit`):
    ``base[j] + sum over terms t of tables[t][j, code of t for (i, j)]``. The terms are the features of the view, in
    order, and then the pairs.

    Attributes:
        view: the bins that it reads.
        offers: offer ids; row j of every table.
        base: int64[m], micro-logits.
        tables: one int32[m, size] per term; column WITHHELD is 0 everywhere.
        shapes: per term, for people (pooled model: one list; per-offer model: keyed by offer id; "" = pooled).
        evaluation: measured on rows not used in training (AUROC, log loss, reliability table ...; of increments the
            Qini coefficient and what was measured per bin), JSON-able.
        digest: SHA-256 (hex) of canonical JSON of view, offers, base, tables and, where they occur, pairs and link.
        pairs: the joint terms.
        link: what a score says. On the road of a decision it is ``logit``, a chance of response, or ``identity``, what
            an offer changes in that chance.
        unit: what one integer step of a score is worth: a millionth of a logit, or of the outcome's own unit.
    """

    view: FeatureView
    offers: tuple[str, ...]
    base: NDArray[np.int64]
    tables: tuple[NDArray[np.int32], ...]
    shapes: Mapping[str, tuple[TermShape, ...]]
    evaluation: Mapping[str, Any]
    digest: str
    pairs: tuple[Pair, ...] = ()
    link: Link = "logit"
    unit: float = 1e-6

    @property
    def terms(self) -> tuple[str, ...]:
        """Name of each term: a feature's own, or ``first x second``."""
        names = tuple(binning.name for binning in self.view.binnings)
        return names + tuple(f"{names[pair.first]} x {names[pair.second]}" for pair in self.pairs)

    def term_codes(self, codes: tuple[NDArray[np.uint8], ...]) -> tuple[NDArray[np.integer], ...]:
        """Code of every term, from the codes of the features: [n] or [m, n] each."""
        return (*codes, *(pair.codes(codes[pair.first], codes[pair.second]) for pair in self.pairs))
