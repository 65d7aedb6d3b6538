"""Who gets what? The allocation that is worth most within budget, capacity, contact and disparity limits.

The idea: every limit acts through a price. Newton's method on the smoothed dual finds the prices; everybody takes the
offer that is worth most above its price; a handful of people are moved so that whole numbers keep every limit; the dual
bound proves how far from the best that can be. With the price table, one person's decision needs no other person.
Blind limits (the default) price people by what their bin codes say about groups, fitted from counts; aware ones use
the groups behind the wall. Sources: smoothed dual and multi-scale Newton after ALGORITHMS 2; interior point after
Mehrotra (1992); four-fifths rule: RULES F-45.

It does not score, does not judge whether a limit is the right one, and never reads a person's group outside the wall.
"""

from ._allocate import allocate
from ._wall import Wall

__all__ = ["Wall", "allocate"]
