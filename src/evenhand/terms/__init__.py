"""Which words does evenhand speak? The frozen types and shapes that every other room uses.

People go in as rows, and only counts, codes and prices come out; this room names those counts, codes and prices.
It decides nothing and imports nothing but NumPy. The words follow W3C DPV, the GDPR and the glossary
(docs/glossary.md).
"""

from ._arithmetic import SCORE_BOUND, expected_value, score_of, term_contributions
from ._counts import SUPPRESSED, CountTable, GroupCounts, estimated, told_apart
from ._errors import (
    DataError,
    EvenhandError,
    Finding,
    LedgerError,
    PausedError,
    PolicyError,
    StoreError,
    UsageError,
)
from ._facts import DecisionFacts
from ._few import SMALLEST_SHOWN, in_tens, is_few, shown, shown_steps, shown_together
from ._labels import BinLabel, band_labels, bin_labels
from ._lines import in_one_line
from ._link import PPM, link_nodes, one_probability_ppm, one_score_ppm, probability_ppm, score_ppm
from ._lots import Lots, draw_for, lots_for, mixed
from ._model import MISSING, OTHER, WITHHELD, Binning, FeatureView, Link, Model, Pair, TermShape
from ._moments import EPOCH, microseconds_of, moment_at
from ._number_of import number_of
from ._rates import Z95, chi_square_tail, wilson
from ._raw import canonical_text, number_in
from ._reached import ToldGroup, figure_between
from ._reasons import Reason
from ._ridge import pair_counts, ridge_from_counts
from ._shapes import (
    Allocated,
    Asked,
    Certificate,
    Explained,
    LimitOutcome,
    Minimised,
    Permitted,
    Prices,
    Recorded,
    Scored,
    SoftOutcome,
)
from ._told import TableQuestion, ToldTable
from ._words import (
    Category,
    Channel,
    ConsentStatus,
    LegalBasis,
    Measure,
    Origin,
    Role,
    Sensitivity,
    Severity,
    Standing,
    Surface,
    Target,
    Use,
)

__all__ = [
    "EPOCH",
    "MISSING",
    "OTHER",
    "PPM",
    "SCORE_BOUND",
    "SMALLEST_SHOWN",
    "SUPPRESSED",
    "WITHHELD",
    "Z95",
    "Allocated",
    "Asked",
    "BinLabel",
    "Binning",
    "Category",
    "Certificate",
    "Channel",
    "ConsentStatus",
    "CountTable",
    "DataError",
    "DecisionFacts",
    "EvenhandError",
    "Explained",
    "FeatureView",
    "Finding",
    "GroupCounts",
    "LedgerError",
    "LegalBasis",
    "LimitOutcome",
    "Link",
    "Lots",
    "Measure",
    "Minimised",
    "Model",
    "Origin",
    "Pair",
    "PausedError",
    "Permitted",
    "PolicyError",
    "Prices",
    "Reason",
    "Recorded",
    "Role",
    "Scored",
    "Sensitivity",
    "Severity",
    "SoftOutcome",
    "Standing",
    "StoreError",
    "Surface",
    "TableQuestion",
    "Target",
    "TermShape",
    "ToldGroup",
    "ToldTable",
    "UsageError",
    "Use",
    "band_labels",
    "bin_labels",
    "canonical_text",
    "chi_square_tail",
    "draw_for",
    "estimated",
    "expected_value",
    "figure_between",
    "in_one_line",
    "in_tens",
    "is_few",
    "link_nodes",
    "lots_for",
    "microseconds_of",
    "mixed",
    "moment_at",
    "number_in",
    "number_of",
    "one_probability_ppm",
    "one_score_ppm",
    "pair_counts",
    "probability_ppm",
    "ridge_from_counts",
    "score_of",
    "score_ppm",
    "shown",
    "shown_steps",
    "shown_together",
    "term_contributions",
    "told_apart",
    "wilson",
]
