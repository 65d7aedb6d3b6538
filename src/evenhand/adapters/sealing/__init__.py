"""Who encodes and encrypts decisions while others are decided?

Another process, so that a second core does it: it is a third of what a batch costs. It gets what was decided and the
keys of these people, and gives back what is kept; it writes nothing, and knows no secret of the home. Where it ends,
what it had is done here, in the same form, and another is started. Implements `ledger.Sealer`.
"""

from __future__ import annotations

from ._process import SealingProcess, cores

__all__ = ["SealingProcess", "cores"]
