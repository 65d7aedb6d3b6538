"""Whoever looks at something about a person by a command is recorded, before anything is printed."""

from __future__ import annotations

from pathlib import Path

__all__ = ["note_look"]


def note_look(kind: str, by: str, home: Path | None, *, who: str = "", about: str = "") -> None:
    """Record a look; see `assembly.note_look`.

    Args:
        kind: one of `staff.ReadKind`.
        by: who looks.
        home: the home folder.
        who: the person's own id; "" where `about` tells.
        about: id of the decision.
    """
    from datetime import UTC, datetime

    from evenhand import assembly
    from evenhand.staff import ReadKind

    assembly.note_look(ReadKind(kind), by=by, at=datetime.now(UTC), home=home, who=who, about=about)
