"""A link works once: in a file and on a server, whoever comes at the same moment."""

from __future__ import annotations

import secrets
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from evenhand.adapters.database import Database
from evenhand.adapters.placement import Placement
from evenhand.adapters.used_links import UsedLinks

UNTIL = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture(params=["file", pytest.param("server", marks=pytest.mark.postgres)])
def opened(request, tmp_path):
    """Opens a fresh database of each kind."""
    if request.param == "file":

        def go():
            return Database.in_file(tmp_path / "people.sqlite")
    else:
        url = request.getfixturevalue("postgres_url")
        schema = f"t{secrets.token_hex(6)}"

        def go():
            return Database.on_server(Placement("EVENHAND_DATABASE", schema, url, url))

    with go() as made:
        made.upgrade("people")
    return go


def test_of_many_at_once_one_is_let_in(opened):
    """By the database, not by luck; another link has its own turn."""
    once = UsedLinks(opened)
    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(lambda _: once.use(b"m" * 32, UNTIL), range(24))) == 1
    assert once.use(b"n" * 32, UNTIL)


def test_what_is_past_its_time_is_forgotten(opened):
    """The mark of a link that would be none anyway; no other."""
    once = UsedLinks(opened)
    once.use(b"m" * 32, UNTIL)
    once.use(b"n" * 32, UNTIL + timedelta(days=2))
    assert once.forget(UNTIL + timedelta(days=1)) == 1
    assert not once.use(b"n" * 32, UNTIL)
