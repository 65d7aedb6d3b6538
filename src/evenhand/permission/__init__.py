"""May we, for this purpose, for each of these people? Gate 1.

The idea: permission is looked up, never scored. What people said (consent, objection, opt-out, restriction) and what is
known of them (a minor) stands in the `ConsentBook`; the latest record as of the moment of the decision counts, and
whatever is missing, doubtful or tied counts as no. What a browser or app said (`hear`) becomes records of the same
book, and how a consent was given (`weigh`) says whether it is one. What follows from these facts stands in no line of
code here: the rules in force say it (`evenhand.rules`). Sources: W3C DPV 2.3 consent states, GDPR 7, C-673/17 (RULES
G-7). It does not collect consent, and it does not judge whether a consent was freely given.
"""

from ._book import ConsentBook
from ._evidence import Weighed, weigh
from ._frequency import OffersGiven, hold_back
from ._hear import Heard, hear
from ._permit import permit, recall
from ._recalled import Recalled
from ._repeats import without_repeats

__all__ = [
    "ConsentBook",
    "Heard",
    "OffersGiven",
    "Recalled",
    "Weighed",
    "hear",
    "hold_back",
    "permit",
    "recall",
    "weigh",
    "without_repeats",
]
