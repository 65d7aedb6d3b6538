"""What is asked about campaigns and answered: plain values between the web and whoever keeps campaigns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Literal, Protocol

from evenhand.policy import owner_of
from evenhand.terms import EvenhandError, Finding, PolicyError, Severity

__all__ = ["Campaigns", "FindingsError", "Simulated", "block_of"]


@dataclass(frozen=True, slots=True)
class Simulated:
    """Limits to try in place of the declared ones.

    Attributes:
        budget: in the campaign's currency; None = as declared.
        contacts: people who get an offer; None = as declared.
        bounds: of disparity limits, by their id.
    """

    budget: Decimal | None = None
    contacts: int | None = None
    bounds: Mapping[str, float] = field(default_factory=dict)

    @property
    def is_as_declared(self) -> bool:
        """Whether nothing is tried."""
        return self.budget is None and self.contacts is None and not self.bounds


class FindingsError(EvenhandError):
    """A campaign is refused by what its check found.

    Args:
        blocks: what was found; see `block_of`.
    """

    def __init__(self, blocks: Sequence[Mapping[str, Any]]) -> None:
        first = blocks[0]
        super().__init__("campaign-not-valid", first["what"], rule=first["rule"], remedy=first["remedy"])
        self.blocks = tuple(blocks)

    @classmethod
    def of(cls, error: PolicyError, pointers: Mapping[tuple[int, int], str]) -> FindingsError:
        """The findings of a campaign that could not be read, each with the place in what was sent."""
        return cls([block_of(one, pointers) for one in error.findings])


def block_of(finding: Finding, pointers: Mapping[tuple[int, int], str] | None = None) -> dict[str, Any]:
    """A finding as it is told: where, how heavy, what, which rule, who can mend it, and how."""
    return {
        "pointer": (pointers or {}).get((finding.line, finding.column), ""),
        "code": finding.id,
        "severity": finding.severity.value,
        "what": finding.what,
        "rule": finding.rule,
        "owner": owner_of(finding.id).value,
        "remedy": finding.remedy,
        "line": finding.line,
        "blocks": finding.severity is Severity.ERROR,
    }


class Campaigns(Protocol):
    """Whoever keeps campaigns. Called from worker threads; what is changed is durable when a call returns.

    A campaign is told as plain values. Every call may raise DataError where there is none of that name.
    """

    def page(self, after: str, count: int) -> list[dict[str, Any]]:
        """The next campaigns by id."""
        ...

    def read(self, name: str) -> dict[str, Any]:
        """How one campaign stands, with its blocks and its history."""
        ...

    def text(self, name: str) -> bytes:
        """Its campaign file, as it would be started next."""
        ...

    def upload(self, document: bytes, *, who: str, why: str, once: str = "") -> dict[str, Any]:
        """Keep a new campaign.

        Args:
            document: the campaign file.
            who, why: of whoever uploads it; kept.
            once: digest (hex) of the key under which it is kept once, for ever; "" = without.

        Raises:
            FindingsError: its check found errors.
            UsageError: there is one of that name, none is taken over the network, or another file came under the key.
        """
        ...

    def replace(self, name: str, document: bytes, *, seen: str, who: str, why: str) -> dict[str, Any]:
        """Keep another version of a campaign; what is under way goes on with the one that was started.

        Raises:
            FindingsError: its check found errors.
            UsageError: it is another campaign, or one that was declared in a file.
            ChangedMeanwhileError: it is not the one that was seen any more.
        """
        ...

    def check(self, name: str) -> list[dict[str, Any]]:
        """What a check of its policy and data finds."""
        ...

    def plan(self, name: str, tried: Simulated) -> dict[str, Any]:
        """What would be decided: nothing is.

        Raises:
            PolicyError, DataError: it cannot be planned.
            BusyError: others are planned now.
        """
        ...

    def figures(self, name: str) -> dict[str, Any] | None:
        """What its last whole run came to, in the form of `plan`; None where there is none."""
        ...

    def bases(self) -> list[str]:
        """Campaigns whose file may come over the network: a new one can be made after them."""
        ...

    def judge(self, document: bytes) -> list[dict[str, Any]]:
        """What a check of a file alone finds, without its data; nothing is kept."""
        ...

    def watched(self, name: str) -> dict[str, Any] | None:
        """What its monitors found when they last looked, by `assembly.Monitored`; None where they did not."""
        ...

    def look(self, name: str) -> dict[str, Any]:
        """Have its monitors look now; what an alarm asks for follows.

        Raises:
            UsageError: it has none.
            DataError: its tables are not what they must be.
        """
        ...

    def start(self, name: str, *, seen: str, who: str, why: str) -> dict[str, Any]:
        """Decide about everybody, record it, and serve whoever comes later. It may go on after this returns.

        Raises:
            FindingsError: its check found errors.
            UsageError: no name, no reason, it is being started, or it was declared in a file.
            PolicyError: it needs a review, and was not approved as it is.
            ChangedMeanwhileError: it is not the one that was seen any more.
        """
        ...

    def send_for_review(self, name: str, *, seen: str, by: str, reviewers: Sequence[str], note: str) -> dict[str, Any]:
        """Ask somebody else to look at it; from then on it starts only as it was approved.

        Args:
            name: of the campaign.
            seen: the state that was seen, as of `replace`.
            by: who sends it; neither they nor whoever wrote it can review it.
            reviewers: names of who is asked.
            note: what they should know.

        Raises:
            UsageError: no name, or this file is in review or approved already.
            ChangedMeanwhileError: it is not the one that was seen any more.
        """
        ...

    def review(
        self,
        name: str,
        *,
        digest: str,
        verdict: Literal["approved", "refused"],
        by: str,
        roles: Sequence[str],
        reason: str,
    ) -> dict[str, Any]:
        """Approve or refuse the file that was sent.

        Args:
            name: of the campaign.
            digest: SHA-256 (hex) of exactly the file that was looked at.
            verdict: ``approved`` or ``refused``.
            by: who looked.
            roles: that they have.
            reason: why.

        Raises:
            UsageError: no name or reason, the wrong role, its own author, or it is not in review.
            ChangedMeanwhileError: it is another file by now.
        """
        ...

    def pause(self, name: str, *, by: str, reason: str, roles: Sequence[str]) -> dict[str, Any]:
        """Stop it: from now on nobody is decided about in it, by any process of the home.

        Args:
            name: of the campaign.
            by: who answers for it.
            reason: why.
            roles: of whoever does it, the one that weighs most first: in that one the pause is set.

        Raises:
            UsageError: no name, no reason, or it is paused.
        """
        ...

    def resume(self, name: str, *, by: str, reason: str, roles: Sequence[str]) -> dict[str, Any]:
        """Let it go on; arguments as of `pause`.

        Raises:
            UsageError: no name, no reason, it is not paused, or it was in another role.
        """
        ...
