"""The corner shop: its campaign ran once for all tests that only look, and afresh for those that change something."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from portal_cases import Shop, open_shop


@pytest.fixture(scope="session")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """A shop that nobody may change."""
    return open_shop(tmp_path_factory.mktemp("corner-shop"))


@pytest.fixture
def shop(opened: Shop, tmp_path: Path) -> Shop:
    """A shop of one's own."""
    folder = Path(shutil.copytree(opened.campaign.parent, tmp_path / "shop"))
    return Shop.copied(opened, folder)


@pytest.fixture
def real(opened: Shop, tmp_path: Path) -> Shop:
    """A shop of one's own that keeps what people say in its home."""
    folder = Path(shutil.copytree(opened.campaign.parent, tmp_path / "real"))
    return Shop.copied(opened, folder, is_real=True)
