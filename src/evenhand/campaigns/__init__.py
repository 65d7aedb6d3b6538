"""What does a marketer ask? Which offer fits whom best, learned from what past offers led to.

A campaign is learned first (history to view to glass box, only from people whose data may be used for this purpose
now) and decided second (the road in `journey`). Evaluation uses history that was not learned from. What is learned is
how people respond to an offer or, from a history in which chance decided who was shown nothing, what showing it
*changes*. It cannot make a history random: it looks whether the columns tell who was shown what, and refuses where they
do. Source: Nie and Wager 2021 (increments).
"""

from ._draw import draw_findings
from ._history import History, draws_of
from ._learn import Lesson, learn, lesson_of, teachable
from ._off_policy import Estimate, Logged, PolicyValue, policy_value

__all__ = [
    "Estimate",
    "History",
    "Lesson",
    "Logged",
    "PolicyValue",
    "draw_findings",
    "draws_of",
    "learn",
    "lesson_of",
    "policy_value",
    "teachable",
]
