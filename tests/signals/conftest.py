"""The official vectors, where the workspace has them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

VECTORS = Path(__file__).parents[3] / "shared" / "vectors"
MADE = Path(__file__).parents[1] / "data" / "signals_oracle.json"


@pytest.fixture(scope="session")
def official():
    """Reads one of the official vector files by name."""

    def read(name: str) -> dict:
        path = VECTORS / name
        if not path.exists():
            pytest.skip(f"shared/vectors/{name} is not here")
        return json.loads(path.read_text("utf-8"))

    return read


@pytest.fixture(scope="session")
def made() -> dict:
    """What the reference libraries made at random (tools/signals_oracle)."""
    return json.loads(MADE.read_text("utf-8"))
