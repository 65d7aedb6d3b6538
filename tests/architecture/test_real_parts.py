"""The real parts are there: in CI (CI=true) their absence is a failure, elsewhere a skip with a reason."""

from __future__ import annotations

import socket
import subprocess

import pytest


@pytest.mark.browser
def test_a_browser_is_there(chromium):
    """Reports are looked at in a real Chromium."""
    done = subprocess.run([chromium, "--version"], capture_output=True, text=True, check=True, timeout=60)
    assert "hrom" in done.stdout


@pytest.mark.postgres
def test_a_postgresql_server_is_there(postgres_binaries):
    """The SQL sources and stores are tried on a real server."""
    done = subprocess.run([postgres_binaries / "postgres", "--version"], capture_output=True, text=True, check=True)
    assert "PostgreSQL" in done.stdout


def test_a_test_that_reaches_for_the_network_fails():
    """The guard of tests/conftest.py is awake: connecting and looking up a name both fail, whoever asks."""
    with pytest.raises(AssertionError, match="needs no network"):
        socket.create_connection(("192.0.2.1", 80), timeout=1)
    with pytest.raises(AssertionError, match="needs no network"):
        socket.getaddrinfo("example.org", 80)
