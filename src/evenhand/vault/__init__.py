"""How many, per group? The wall around sensitive columns: counts come out, rows never.

Sex, age band and the like go in once, at intake. Whoever compares groups brings a code per person (a bin, an outcome, a
decision) and gets a table of counts back; a count above zero and below the minimum cell size is suppressed, and so is a
group's total. Every question is logged with its reason. Sources: GDPR 5(1)(c) and (f), AI Act 4a (sensitive data only
where strictly necessary, with access limits); small cells as statistical offices treat them.

What is told to people goes through `release`: all tables of one release are protected together, so that no small
number follows by subtraction from totals, other columns, intersections or other tables. For each hidden number two
tables are found that agree with everything told and differ in it by the minimum cell size; where there are none,
further numbers are told as a range, those first that cost least. Sources: complementary suppression and its audit,
Willenborg and de Waal 2001, "Elements of Statistical Disclosure Control"; the hypercube method, Repsilber 1994.

A vault that is given what was told before tells a table that differs from it by fewer people than the minimum cell size
as the earlier one, give or take so many: subtracting the two tells nobody's group.

What it does not do: it remembers nothing itself, and figures that are no counts (an AUROC, a statistic over parts) are
not part of the protection. Reports are not differentially private;
`discrete_laplace` and `discrete_gaussian` are for counts of a kept column that are told outside, within a `Budget` that
adds up both (`evenhand vault count`).
`count` answers one table by itself, for arithmetic that tells no count. `inside` lends the cells themselves to one
trusted solver (allocation's) and to the monitor; an architecture test holds that nobody else asks for it.
"""

from ._beside import told_again
from ._late import LateVault
from ._loss import Budget, Loss
from ._noise import discrete_gaussian, discrete_laplace, gaussian_bound, noise_bound
from ._vault import Question, Vault

__all__ = [
    "Budget",
    "LateVault",
    "Loss",
    "Question",
    "Vault",
    "discrete_gaussian",
    "discrete_laplace",
    "gaussian_bound",
    "noise_bound",
    "told_again",
]
