"""A PostgreSQL server of one's own, on a socket file, that writes to disk as in production: for faults and figures."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from pathlib import Path

__all__ = ["Server", "binaries"]
_WAIT = ("-w", "-t", "240")


def binaries() -> Path | None:
    """Folder of ``initdb`` and ``pg_ctl``; None where there is no server on this machine."""
    if path := shutil.which("initdb"):
        return Path(path).resolve().parent
    found = [path for path in sorted(Path("/usr/lib/postgresql").glob("*/bin")) if (path / "initdb").exists()]
    return found[-1] if found else None


class Server:
    """A server in a folder of its own. Start it, use its `url`, and `remove` it.

    Args:
        data: where its tables shall stand; a folder that is made if left out.
        log: where its write-ahead log shall stand; in `data` if left out.
        settings: more settings, ``name=value``.
    """

    def __init__(self, data: Path | None = None, *, log: Path | None = None, settings: tuple[str, ...] = ()) -> None:
        found = binaries()
        assert found is not None
        self._bin, self._settings = found, settings
        self._owner = "postgres" if os.geteuid() == 0 and _has_user("postgres") else None
        self.folder = Path(tempfile.mkdtemp(prefix="evenhand-pg-"))
        self.data = data or self.folder / "data"
        if self._owner:
            shutil.chown(self.folder, self._owner)
        wal = ("-X", log) if log else ()
        self._run(self._bin / "initdb", "-A", "trust", "-U", "evenhand", "-E", "UTF8", "-D", self.data, *wal)

    @property
    def url(self) -> str:
        """Its address."""
        return f"postgresql://evenhand@/postgres?host={self.folder}"

    def start(self) -> None:
        """Start it, and wait until it answers."""
        settings = ["listen_addresses=''", f"unix_socket_directories='{self.folder}'", *self._settings]
        options = " ".join(f"-c {one}" for one in settings)
        self._run(self._bin / "pg_ctl", "-D", self.data, "-l", self.folder / "log", "-o", options, *_WAIT, "start")

    def stop(self, mode: str = "immediate") -> None:
        """Stop it; ``immediate`` is as if its process died: nothing is put in order."""
        self._run(self._bin / "pg_ctl", "-D", self.data, "-m", mode, *_WAIT, "stop")

    def remove(self) -> None:
        """Stop it where it runs, and remove what it made."""
        subprocess.run(
            [self._bin / "pg_ctl", "-D", self.data, "-m", "immediate", "-w", "stop"],
            user=self._owner,
            cwd=self.folder,
            capture_output=True,
            check=False,
        )
        shutil.rmtree(self.folder, ignore_errors=True)

    def _run(self, *command: str | Path) -> None:
        subprocess.run(
            command,
            check=True,
            user=self._owner,
            cwd=self.folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.STDOUT,
            timeout=300,
        )


def _has_user(name: str) -> bool:
    try:
        return bool(pwd.getpwnam(name))
    except KeyError:
        return False
