"""Why was this decided? Reasons as codes, and the same reasons in plain Dutch and English.

The model is a sum, so a reason is a term of that sum: the shares shown add up to the score, and the amounts shown add
up to the margin, with nothing left over. Sources: GDPR 15(1)(h) and C-203/22 (the procedure actually applied), DSA 26
(main parameters and how to change them), RULES G-15h, D-26. It says how a decision came about, not whether it was
right; and it names a smallest change that would have changed a decision, not every one, and knows no causes.
"""

from ._articles import article_in_words
from ._corrected import corrected
from ._counterfactual import Change, Counterfactual, CounterfactualSearch, Proof, counterfactual
from ._explain import REASONS, explain
from ._groups import offer_values
from ._instead import DecisionSearch, decision_counterfactual
from ._line import Corrected, Factor, Line, bin_words, origin_words, purpose_words
from ._reviewed import REVIEWED, reviewed
from ._sum import SumRow
from ._tell import Explanation, Review, tell
from ._tell_signal import problem_words, tell_signal
from ._text import LANGUAGES, Lang, catalogue, day, money, number, one_line, percent, text, text_about

__all__ = [
    "LANGUAGES",
    "REASONS",
    "REVIEWED",
    "Change",
    "Corrected",
    "Counterfactual",
    "CounterfactualSearch",
    "DecisionSearch",
    "Explanation",
    "Factor",
    "Lang",
    "Line",
    "Proof",
    "Review",
    "SumRow",
    "article_in_words",
    "bin_words",
    "catalogue",
    "corrected",
    "counterfactual",
    "day",
    "decision_counterfactual",
    "explain",
    "money",
    "number",
    "offer_values",
    "one_line",
    "origin_words",
    "percent",
    "problem_words",
    "purpose_words",
    "reviewed",
    "tell",
    "tell_signal",
    "text",
    "text_about",
]
