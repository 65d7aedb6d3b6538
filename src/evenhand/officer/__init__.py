"""Which requests of people wait, by when, and what may be done with each of them now?

The idea: one list by days left, and one page for each request that shows what is due, offers only the steps that the
law knows now, and keeps what is personal masked until somebody asks to see it, which is recorded. Pages are functions
of plain facts; every step goes through the functions that the command line uses. Sources: GDPR 12, 15-22 and 19
(RULES G-12, G-15), WCAG 2.2 AA.

It decides no request, does nothing to many of them at once, sends no letter, and knows nobody's address.
"""

from ._facts import (
    REVIEWING,
    ModelDue,
    Opened,
    Queue,
    Reach,
    Urgency,
    Waiting,
    letter_is_due,
    masked,
    model_due,
    place_of,
    steps_of,
    waiting_of,
)
from ._pages import kept_page, queue_page, reads_page, request_page

__all__ = [
    "REVIEWING",
    "ModelDue",
    "Opened",
    "Queue",
    "Reach",
    "Urgency",
    "Waiting",
    "kept_page",
    "letter_is_due",
    "masked",
    "model_due",
    "place_of",
    "queue_page",
    "reads_page",
    "request_page",
    "steps_of",
    "waiting_of",
]
