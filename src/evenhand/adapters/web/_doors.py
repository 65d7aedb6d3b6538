"""What the service asks of whoever keeps records: small Protocols, implemented above."""

from __future__ import annotations

from typing import Any, Literal, Protocol

__all__ = ["Health", "Records", "Register"]

Register = Literal["person", "employee", "regulator"]


class Records(Protocol):
    """What was recorded. Called from worker threads."""

    def explanation(self, decision_id: str, register: Register, lang: str) -> dict[str, Any]:
        """Why one decision was made, for a kind of reader.

        Raises:
            DataError: there is no such decision, or it cannot be read any more.
        """
        ...

    def receipt(self, decision_id: str, lang: str) -> dict[str, Any]:
        """The receipt of one decision, as plain values.

        Raises:
            DataError: there is no such decision, or it cannot be read any more.
        """
        ...


class Health(Protocol):
    """How the service is."""

    @property
    def waiting(self) -> int:
        """People who wait."""
        ...

    def not_ready(self) -> str:
        """Why it cannot decide now, one stable word; "" where it can."""
        ...
