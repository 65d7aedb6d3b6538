"""Homes on a server that are made once and copied: the folder as a folder, the database as a database."""

from __future__ import annotations

import secrets
import shutil
from pathlib import Path
from urllib.parse import urlsplit

import psycopg

from shop_folder import evenhand, write_shop

HOME = "evenhand-home"


class KeptHome:
    """A campaign folder whose home lives in a database of its own.

    Args:
        server: address of the server.
        folder: the campaign folder.
        like: name of the database to copy.

    Attributes:
        folder: the campaign folder.
        url: address of the database.
        schema: where the home's tables stand in it.
    """

    schema = "kept"

    def __init__(self, server: str, folder: Path, like: str = "template1") -> None:
        self.folder, self._server, self._name = folder, server, f"kept_{secrets.token_hex(6)}"
        self.url = urlsplit(server)._replace(path=f"/{self._name}").geturl()
        with psycopg.connect(server, autocommit=True) as db:
            db.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (like,))
            db.execute(f'CREATE DATABASE "{self._name}" TEMPLATE "{like}"')

    @classmethod
    def upgraded(cls, server: str, folder: Path) -> KeptHome:
        """The small shop with a home in which nothing was done yet."""
        made = cls(server, write_shop(folder / "shop").parent)
        made("db", "upgrade", "--schema", cls.schema)
        return made

    def __call__(self, *words: str) -> None:
        """Run a command in the folder; it must succeed."""
        done = evenhand(*words, cwd=self.folder, EVENHAND_HOME=HOME, EVENHAND_DATABASE=self.url)
        assert done.returncode == 0, done.stdout + done.stderr

    def copy(self, folder: Path) -> KeptHome:
        """The same home in another folder and another database."""
        return KeptHome(self._server, Path(shutil.copytree(self.folder, folder)), self._name)

    def drop(self) -> None:
        """Remove the database."""
        with psycopg.connect(self._server, autocommit=True) as db:
            db.execute(f'DROP DATABASE IF EXISTS "{self._name}" WITH (FORCE)')
