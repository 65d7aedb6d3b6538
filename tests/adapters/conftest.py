"""A real PostgreSQL server for the tests that are marked `postgres`."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def postgres_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """Address of a server: EVENHAND_TEST_PG, else one that is started here for the session, on a socket file only."""
    if url := os.environ.get("EVENHAND_TEST_PG"):
        yield url
        return
    binaries: Path = request.getfixturevalue("postgres_binaries")
    owner = _owner()
    folder = Path(tempfile.mkdtemp(prefix="evenhand-pg-"))
    if owner is not None:
        shutil.chown(folder, owner)

    def run(*command: str | Path) -> None:
        subprocess.run(
            command,
            check=True,
            user=owner,
            cwd=folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.STDOUT,
            timeout=120,
        )

    data = folder / "data"
    run(binaries / "initdb", "--no-sync", "-A", "trust", "-U", "evenhand", "-E", "UTF8", "-D", data)
    settings = f"-c listen_addresses='' -c unix_socket_directories='{folder}' -c fsync=off"
    run(binaries / "pg_ctl", "-D", data, "-l", folder / "log", "-o", settings, "-w", "start")
    try:
        yield f"postgresql://evenhand@/postgres?host={folder}"
    finally:
        run(binaries / "pg_ctl", "-D", data, "-m", "immediate", "-w", "stop")
        shutil.rmtree(folder, ignore_errors=True)


def _owner() -> str | None:
    """Whom to run the server as: it refuses root."""
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam("postgres").pw_name
    except KeyError:
        pytest.skip("PostgreSQL refuses root, and there is no user postgres")
