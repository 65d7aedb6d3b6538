"""A folder with a campaign, and one where it ran."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from shop_folder import AT, evenhand, write_shop


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A fresh campaign folder."""
    return write_shop(tmp_path / "shop").parent


@pytest.fixture(scope="session")
def _ran(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = write_shop(tmp_path_factory.mktemp("ran")).parent
    done = evenhand("run", "campaign.yaml", "--at", AT, cwd=folder)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture
def ran(_ran: Path, tmp_path: Path) -> Path:
    """A copy of a campaign folder in which the campaign ran once."""
    return Path(shutil.copytree(_ran, tmp_path / "ran"))
