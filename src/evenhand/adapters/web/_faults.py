"""Faults of ours: told to whoever looks after the service by their type and place, and to nobody else."""

from __future__ import annotations

import traceback
from pathlib import Path

from evenhand.adapters.asking import UnavailableError

from ._problems import ProblemError

__all__ = ["fault_in", "fault_of"]


def fault_in(error: BaseException, problem: ProblemError) -> BaseException | None:
    """The fault of ours behind an error that is told as a problem; None where there is none."""
    if problem.code == "internal":
        return error
    return error.__cause__ if isinstance(error, UnavailableError) else None


def fault_of(error: BaseException) -> str:
    """A fault by its type and place; its text may hold somebody's values."""
    frames = traceback.extract_tb(error.__traceback__)
    at = f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "an unknown place"
    return f"This is a fault in evenhand: {type(error).__name__} in {at}. Nothing was decided by it; report it."
