"""How well does each offer fit each person? Gate 3: an additive glass box, fitted from counts, stored as integers.

The idea: on binned features an additive logistic model needs only counts per bin and per pair of bins to be fitted, and
only sums of table entries to be used. Every entry is a whole number of micro-logits, so a score has the same bits in
every engine and is its own explanation: base plus one contribution per term, nothing left over. Sources: generalised
additive models (Hastie and Tibshirani 1986), smoothing by Fellner-Schall updates (Wood and Fasiolo 2017).

It knows no group and no raw value, sets no limit and chooses nothing. It predicts a response; that the offer caused it
is known only from a history in which chance decided who was shown it, and there the *increment* can be fitted instead.
"""

from evenhand.terms import link_nodes, probability_ppm

from ._assemble import assemble
from ._assignment import Assignment, assignment
from ._compile import model_of
from ._dialects import DialectName
from ._evaluation import reliability
from ._fit import fit
from ._fit_increments import drawn
from ._history import CONTROL, History
from ._increment import Experiment, fit_increment
from ._json import model_digest, model_from_json, model_to_json
from ._one import OneScore, OneScorer, one_scorer
from ._qini import evaluate_increment, qini
from ._schema import model_schema
from ._score import contributions, score
from ._source import Chunk, RowSource, Source, Work
from ._sql import model_sql
from ._terms import FittedTerms, Plan, fit_source, fit_terms
from ._text import model_to_text

__all__ = [
    "CONTROL",
    "Assignment",
    "Chunk",
    "DialectName",
    "Experiment",
    "FittedTerms",
    "History",
    "OneScore",
    "OneScorer",
    "Plan",
    "RowSource",
    "Source",
    "Work",
    "assemble",
    "assignment",
    "contributions",
    "drawn",
    "evaluate_increment",
    "fit",
    "fit_increment",
    "fit_source",
    "fit_terms",
    "link_nodes",
    "model_digest",
    "model_from_json",
    "model_of",
    "model_schema",
    "model_sql",
    "model_to_json",
    "model_to_text",
    "one_scorer",
    "probability_ppm",
    "qini",
    "reliability",
    "score",
]
