"""What must hold for every recorded decision?

Four promises - private, fair, explained, governed - as pure functions over columns of decisions and the ground that
they stand on (campaign, model). The ledger asks them at the door, before anything is written, and again when it is
verified. Each promise has a page in docs/promises that says what is checked and what is not.
Sources: GDPR 5, 6, 9, 21; C-203/22; EEOC four-fifths rule (RULES G-5b ... F-45).

What it does not do: it judges what is recorded, not the world. It cannot know whether a consent record is true.
"""

from . import explained, fair, governed, private
from ._check import check_decisions, check_limits, check_run, check_totals
from ._columns import Ground, LimitFigures, RecordColumns, Totals, Violation

__all__ = [
    "Ground",
    "LimitFigures",
    "RecordColumns",
    "Totals",
    "Violation",
    "check_decisions",
    "check_limits",
    "check_run",
    "check_totals",
    "explained",
    "fair",
    "governed",
    "private",
]
