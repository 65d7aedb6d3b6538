"""Sessions in a database: found by every process, gone at once when they end, worth nothing in a copy."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime, timedelta

import pytest

from evenhand.adapters.sign_in.session_table import SessionTable
from evenhand.adapters.sign_in.staff_sessions import SESSION, StaffSessions
from evenhand.adapters.stores.database import Database
from evenhand.adapters.stores.placement import Placement
from evenhand.staff import StaffRole

AT = datetime(2026, 3, 1, tzinfo=UTC)


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


def test_a_session_is_known_in_every_process_and_ends_in_all_of_them(opened):
    """Two that share a database and a secret, as two servers of a home do; another home's secret opens nothing."""
    secret, now = b"s" * 32, [AT]
    one, other = (StaffSessions(secret, SessionTable(opened, lambda: now[0])) for _ in range(2))
    word = one.open(mark="staff-1", name="Sanne", roles=[StaffRole.AUDITOR], at=AT)
    staff = other.read(word, at=AT)
    assert (staff.mark, staff.roles) == ("staff-1", {StaffRole.AUDITOR})
    assert StaffSessions(b"x" * 32, SessionTable(opened)).read(word, at=AT) is None
    assert other.read(word[1:] + "A", at=AT) is None
    other.end(word)
    assert one.read(word, at=AT) is None


def test_what_is_kept_tells_neither_the_word_nor_who_it_is(opened):
    """Digest and sealed bytes; and what is past its time is removed when somebody signs in."""
    now = [AT]
    table = SessionTable(opened, lambda: now[0])
    sessions = StaffSessions(b"s" * 32, table)
    word = sessions.open(mark="staff-1", name="canary-name", roles=[], at=AT)
    with opened() as database, database.read() as connection:
        ((digest, sealed),) = connection.exec_driver_sql("SELECT digest, sealed FROM staff_session").all()
    for part in (word.encode(), b"canary", b"staff-1"):
        assert part not in bytes(digest) + bytes(sealed)
    assert table.find(bytes(digest)) == bytes(sealed)
    now[0] = AT + SESSION + timedelta(seconds=1)
    sessions.open(mark="staff-2", name="", roles=[], at=now[0])
    assert table.find(bytes(digest)) is None


def test_one_persons_sessions_end_at_once_and_so_do_everybodys(opened):
    """By their mark, wherever they signed in; others stay in, until all are ended."""
    sessions = StaffSessions(b"s" * 32, SessionTable(opened, lambda: AT))
    words = [sessions.open(mark=mark, name="", roles=[], at=AT) for mark in ("staff-1", "staff-1", "staff-2")]
    assert sessions.end_all("staff-3") == 0
    assert sessions.end_all("staff-1") == 2
    assert [sessions.read(word, at=AT) is None for word in words] == [True, True, False]
    assert sessions.end_all() == 1
    assert sessions.read(words[2], at=AT) is None


def test_sealed_bytes_that_were_moved_or_changed_are_nobody(opened):
    """Whoever can write the table makes no session of another one's."""
    table = SessionTable(opened, lambda: AT)
    sessions = StaffSessions(b"s" * 32, table)
    sessions.open(mark="staff-1", name="", roles=[StaffRole.PRIVACY_OFFICER], at=AT)
    mine = sessions.open(mark="staff-2", name="", roles=[], at=AT)
    with opened() as database, database.begin() as connection:
        rows = connection.exec_driver_sql("SELECT digest, sealed FROM staff_session").all()
        for one, other in ((rows[0], rows[1]), (rows[1], rows[0])):
            connection.exec_driver_sql(
                "UPDATE staff_session SET sealed = {0} WHERE digest = {0}".format("%s" if database.is_server else "?"),
                (bytes(other[1]), bytes(one[0])),
            )
    assert sessions.read(mine, at=AT) is None
