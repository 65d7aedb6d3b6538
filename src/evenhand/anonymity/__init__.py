"""Is anybody in this table one of a few? k-anonymity of a table with a row per person, before it leaves.

Whoever knows a person's age, postcode and sex finds their row where no other has the same: the columns that others may
know are quasi-identifiers, and people alike in all of them are a class. From one group-by (combinations with their
counts) come the smallest class, the people in classes below k, and what a class tells of a confidential column.
Declared levels (bands of a number, the first characters of a code) make classes larger; the combination of levels that
loses least is found, and whoever is still in a small class is left out. Sources: Samarati and Sweeney 1998; Sweeney
2002 (loss of precision); Machanavajjhala and others 2007 (l-diversity); Li, Li and Venkatasubramanian 2007
(t-closeness).

It does not say which columns others may know: every column counts as one unless it is declared confidential. It sees
one table, and not what another one adds. A class in which everybody has the same confidential value tells it of each of
them, however large it is. Tables of counts are protected in `vault`.
"""

from ._figures import Anonymity, Combinations, measure
from ._levels import AS_IS, LEFT_OUT, Levels, bands, characters, merged
from ._search import Chosen, least_loss

__all__ = [
    "AS_IS",
    "LEFT_OUT",
    "Anonymity",
    "Chosen",
    "Combinations",
    "Levels",
    "bands",
    "characters",
    "least_loss",
    "measure",
    "merged",
]
