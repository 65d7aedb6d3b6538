"""A folder in which the small shop's campaign ran once."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from evenhand import assembly
from shop_folder import same_key, write_shop


@pytest.fixture(scope="session")
def _ran_shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = same_key(write_shop(tmp_path_factory.mktemp("ran")))
    assembly.run_campaign(file, at=datetime(2026, 3, 1, tzinfo=UTC))
    return file.parent


@pytest.fixture
def ran_shop(_ran_shop: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    return Path(shutil.copytree(_ran_shop, tmp_path / "shop"))
