"""The shared test vectors."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

VECTORS = Path(__file__).parents[3] / "shared" / "vectors"


def _vectors(name: str) -> dict[str, Any]:
    if not VECTORS.is_dir():
        pytest.skip("no shared test vectors beside the repository (../shared/vectors)")
    content: dict[str, Any] = json.loads((VECTORS / name).read_text(encoding="utf-8"))
    return content


@pytest.fixture(scope="session")
def clocks() -> dict[str, Any]:
    """Deadlines by law."""
    return _vectors("deadlines.json")


@pytest.fixture(scope="session")
def consents() -> dict[str, Any]:
    """The fields of a consent record, and a history with queries."""
    return _vectors("consent_records.json")
