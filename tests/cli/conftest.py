"""A folder with a campaign, and one where it ran."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from kept_homes import KeptHome
from shop_folder import AT, app, evenhand, same_key, write_shop


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A fresh campaign folder."""
    return write_shop(tmp_path / "shop").parent


@pytest.fixture(scope="session")
def _ran(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = same_key(write_shop(tmp_path_factory.mktemp("ran"))).parent
    done = evenhand("run", "campaign.yaml", "--at", AT, cwd=folder)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture
def ran(_ran: Path, tmp_path: Path) -> Path:
    """A copy of a campaign folder in which the campaign ran once."""
    return Path(shutil.copytree(_ran, tmp_path / "ran"))


@pytest.fixture(scope="session")
def _upgraded_there(postgres_url: str, tmp_path_factory: pytest.TempPathFactory) -> KeptHome:
    return KeptHome.upgraded(postgres_url, tmp_path_factory.mktemp("upgraded-there"))


@pytest.fixture(scope="session")
def _ran_there(_upgraded_there: KeptHome, tmp_path_factory: pytest.TempPathFactory) -> KeptHome:
    kept = _upgraded_there.copy(tmp_path_factory.mktemp("ran-there") / "shop")
    kept("run", "campaign.yaml", "--at", AT)
    return kept


@pytest.fixture
def upgraded_there(_upgraded_there: KeptHome, tmp_path: Path) -> Iterator[KeptHome]:
    """A campaign folder whose home lives on a server, and in which nothing was done yet."""
    kept = _upgraded_there.copy(tmp_path / "shop")
    yield kept
    kept.drop()


@pytest.fixture
def ran_there(_ran_there: KeptHome, tmp_path: Path) -> Iterator[KeptHome]:
    """A campaign folder whose home lives on a server, and in which the campaign ran once."""
    kept = _ran_there.copy(tmp_path / "shop")
    yield kept
    kept.drop()


@pytest.fixture
def cli(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Call a command in this process: ``cli(folder, "plan", "campaign.yaml")``. Nobody is there to answer a prompt."""
    monkeypatch.delenv("EVENHAND_HOME", raising=False)

    def call(folder: Path, *words: str | Path, **environ: str) -> Result:
        monkeypatch.chdir(folder)
        return CliRunner(env=environ).invoke(app, [str(word) for word in words], prog_name="evenhand", input="")

    return call
