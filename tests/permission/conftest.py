"""The shared test vectors."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

VECTORS = Path(__file__).parents[3] / "shared" / "vectors"


@pytest.fixture(scope="session")
def shared_vectors() -> Path:
    """Folder of test vectors that stands beside the repository."""
    if not VECTORS.is_dir():
        pytest.skip("no shared test vectors beside the repository (../shared/vectors)")
    return VECTORS


@pytest.fixture(scope="session")
def consent_vectors(shared_vectors: Path) -> dict[str, Any]:
    """DPV consent states and a history with queries."""
    data: dict[str, Any] = json.loads((shared_vectors / "consent_records.json").read_text(encoding="utf-8"))
    return data
