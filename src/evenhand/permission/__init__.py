"""May we, for this purpose, for each of these people? Gate 1.

The idea: permission is looked up, never scored. What people said (consent, objection, opt-out, restriction) and what is
known of them (a minor) stands in the `ConsentBook`; the latest record as of the moment of the decision counts, and
whatever is missing, doubtful or tied counts as no. What a browser or app said (`hear`) becomes records of the same
book. Sources: GDPR 6, 7, 18, 21(2)-(3), W3C DPV 2.3 consent states, DSA 28, 11 CCR 7025 (RULES G-6, G-7, G-18, G-21b,
D-28, C-7025). It does not collect consent, and it does not judge whether a consent was freely given.
"""

from ._book import ConsentBook
from ._frequency import OffersGiven, hold_back
from ._hear import Heard, hear
from ._permit import permit

__all__ = ["ConsentBook", "Heard", "OffersGiven", "hear", "hold_back", "permit"]
