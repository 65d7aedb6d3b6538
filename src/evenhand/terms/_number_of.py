"""A number with its word."""

from __future__ import annotations

__all__ = ["number_of"]


def number_of(count: int, one: str, many: str = "") -> str:
    """A number with its word, as people say it.

    Args:
        count: how many there are.
        one: the word for one of them.
        many: the word for none or several; "" = the word for one with an ``s``.

    Example:
        >>> number_of(1, "person", "people"), number_of(2_000, "person", "people"), number_of(0, "day")
        ('1 person', '2,000 people', '0 days')
    """
    return f"{count:,} {one if count == 1 else many or f'{one}s'}"
