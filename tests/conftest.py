"""What every test gets: no network, a settled Hypothesis profile, and the real parts (browser, PostgreSQL)."""

from __future__ import annotations

import gc
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

IN_CI = os.environ.get("CI", "").lower() in {"1", "true", "yes"}
REAL_PARTS = ("browser", "duckdb", "learners", "postgres")
LOOPBACK = {"127.0.0.1", "::1", "localhost"}

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A shell ignores Ctrl-C for what it starts in the background, and children inherit that: the tests of an interrupt
    # would wait for one that never comes.
    signal.signal(signal.SIGINT, signal.default_int_handler)

# Processes that tests start keep their bytecode, as an installation does: without it every start compiles the house.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

# A slow machine draws examples slowly, which tells nothing about a test.
settings.register_profile(
    "evenhand", deadline=None, max_examples=50, print_blob=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("ci", parent=settings.get_profile("evenhand"), derandomize=True, database=None)
settings.load_profile("ci" if IN_CI else "evenhand")


# What is imported and collected stays until the end: no search for garbage goes through it, now or later.
gc.disable()


def pytest_collection_finish() -> None:
    """From here on garbage is looked for among what tests make."""
    gc.freeze()
    gc.enable()


class NetworkUsedError(AssertionError):
    """Something reached for the network during a test."""


class _Gatekeeper:
    """Watches the interpreter's own audit events, so that no library can go around it."""

    def __init__(self) -> None:
        self.watching = False
        self.loopback_allowed = False

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        if not self.watching or not event.startswith("socket."):
            return
        if event == "socket.getaddrinfo":
            self._judge(arguments[0])
        elif event in {"socket.connect", "socket.sendto"} and isinstance(arguments[1], tuple):
            self._judge(arguments[1][0])

    def _judge(self, host: object) -> None:
        name = host.decode() if isinstance(host, bytes) else str(host)
        if not (self.loopback_allowed and name in LOOPBACK):
            raise NetworkUsedError(f"a test reached for {name!r}; evenhand needs no network")


_gatekeeper = _Gatekeeper()
sys.addaudithook(_gatekeeper)


@pytest.fixture(autouse=True)
def no_network(request: pytest.FixtureRequest) -> Iterator[None]:
    """No test reaches the network. Those marked `browser`, `postgres`, `service` or `spark` reach
    this machine itself at most."""
    _gatekeeper.loopback_allowed = any(
        request.node.get_closest_marker(name) for name in ("browser", "postgres", "service", "spark")
    )
    _gatekeeper.watching = True
    yield
    _gatekeeper.watching = False


@pytest.fixture(scope="session")
def chromium() -> str:
    """Path of a Chromium that Playwright can start (``executable_path=``)."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if path := shutil.which(name):
            return path
    pytest.skip("no Chromium on this machine; on Debian: apt-get install chromium")


@pytest.fixture(scope="session")
def postgres_binaries() -> Path:
    """Folder that holds ``initdb``, ``pg_ctl`` and ``postgres``."""
    if path := shutil.which("initdb"):
        return Path(path).resolve().parent
    for folder in sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True):
        if (folder / "initdb").exists():
            return folder
    pytest.skip("no PostgreSQL server on this machine; on Debian: apt-get install postgresql")


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
            timeout=300,
        )

    data = folder / "data"
    run(binaries / "initdb", "--no-sync", "-A", "trust", "-U", "evenhand", "-E", "UTF8", "-D", data)
    settings = f"-c listen_addresses='' -c unix_socket_directories='{folder}' -c fsync=off"
    run(binaries / "pg_ctl", "-D", data, "-l", folder / "log", "-o", settings, "-w", "-t", "240", "start")
    try:
        yield f"postgresql://evenhand@/postgres?host={folder}"
    finally:
        run(binaries / "pg_ctl", "-D", data, "-m", "immediate", "-w", "-t", "240", "stop")
        shutil.rmtree(folder, ignore_errors=True)


def _owner() -> str | None:
    """Whom to run the server as: it refuses root."""
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam("postgres").pw_name
    except KeyError:
        pytest.skip("PostgreSQL refuses root, and there is no user postgres")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """In CI a test that needs a real part fails where it would be skipped elsewhere."""
    report = yield
    if (
        IN_CI
        and report.skipped
        and any(item.get_closest_marker(name) for name in ("browser", "duckdb", "learners", "postgres"))
    ):
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} was skipped, and in CI it must run: {report.longrepr}"
    return report
