"""Moments as whole numbers: microseconds since 1970 (UTC), which sort, compare and come back without loss."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

__all__ = ["EPOCH", "microseconds_of", "moment_at"]

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
"""What moments are counted from."""
_ONE = timedelta(microseconds=1)


def microseconds_of(at: datetime) -> int:
    """Microseconds since 1970 (UTC) of a time-zone aware moment, exact.

    Example:
        >>> from datetime import UTC, datetime
        >>> microseconds_of(datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC))
        1000000
    """
    return (at - EPOCH) // _ONE


def moment_at(microseconds: int) -> datetime:
    """The moment, in UTC, of so many microseconds since 1970.

    Example:
        >>> moment_at(1_000_000).isoformat()
        '1970-01-01T00:00:01+00:00'
    """
    return EPOCH + timedelta(microseconds=microseconds)
