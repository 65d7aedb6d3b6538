"""What does a marketer ask? Which offer fits whom best, learned from what past offers led to.

A campaign is learned first (history to view to glass box, only from people whose data may be used for this purpose
now) and decided second (the road in `journey`). Evaluation uses history that was not learned from. It does not
estimate what an offer *changes* as against what people do anyway; that needs randomised history.
"""

from ._history import History, draws_of
from ._learn import Lesson, learn, lesson_of, teachable
from ._off_policy import Estimate, Logged, PolicyValue, policy_value

__all__ = [
    "Estimate",
    "History",
    "Lesson",
    "Logged",
    "PolicyValue",
    "draws_of",
    "learn",
    "lesson_of",
    "policy_value",
    "teachable",
]
