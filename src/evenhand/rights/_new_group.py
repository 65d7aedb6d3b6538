"""A correction to a group that nobody is in yet."""

from __future__ import annotations

from collections.abc import Sequence

from evenhand.terms import UsageError

__all__ = ["NewGroupError"]


class NewGroupError(UsageError):
    """A correction puts a person in a group of which nobody is: a typing error, or a word that is right all the same.

    Args:
        column: the column of groups.
        words: the words that stand there for enough people to be told.
    """

    def __init__(self, column: str, words: Sequence[str]) -> None:
        self.column, self.words = column, tuple(words)
        known = ", ".join(self.words)
        super().__init__(
            "correct-group",
            f"Nobody in the table of subjects has that word in the column {column!r}, nor have ten people in the "
            "vault. Nothing was recorded.",
            rule="G-5d: groups are compared by the words in their table; a mistyped one is a group of one",
            remedy=(f"use one of {known}" if known else "write it as it stands in the table")
            + '; or say that it is right all the same: --yes, over HTTP "sure": true',
        )
