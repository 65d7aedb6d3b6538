"""How many, per group? The wall around sensitive columns: counts come out, rows never.

Sex, age band and the like go in once, at intake. Whoever compares groups brings a code per person (a bin, an outcome, a
decision) and gets a table of counts back; a count above zero and below the minimum cell size is suppressed, and so is a
group's total. Every question is logged with its reason. Sources: GDPR 5(1)(c) and (f), AI Act 4a (sensitive data only
where strictly necessary, with access limits); small cells as statistical offices treat them.

What it does not do: *complementary* suppression. A single suppressed cell can still be worked out as the group's total
minus its other cells, and two questions that differ in one person tell about that person; hiding a second cell and
refusing such pairs of questions is later work. It is not differential privacy. `inside` lends the cells themselves to
one trusted solver (allocation's); an architecture test holds that nobody else asks for it.
"""

from ._vault import Question, Vault

__all__ = ["Question", "Vault"]
