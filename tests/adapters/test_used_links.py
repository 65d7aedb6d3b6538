"""A link works once: in a file and on a server, whoever comes at the same moment."""

from __future__ import annotations

import secrets
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest

from evenhand.adapters.entry.code_delivery import OwnIds
from evenhand.adapters.entry.entry_codes import EntryCodes
from evenhand.adapters.entry.person_links import Links
from evenhand.adapters.entry.used_links import UsedLinks
from evenhand.adapters.stores.database import Database
from evenhand.adapters.stores.placement import Placement
from evenhand.adapters.stores.rights_tables import RightsTables
from evenhand.rights import Entry, Stream
from evenhand.terms import UsageError

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


def test_the_table_does_not_grow_with_every_link_that_was_ever_used(opened):
    """A service that runs on forgets, by itself, the marks of links that are none any more."""
    with opened() as kept:  # one connection for all of them: opening is not what is asked here

        @contextmanager
        def open_already():
            yield kept

        once = UsedLinks(open_already, clock=lambda: UNTIL + timedelta(days=1))
        for number in range(300):
            once.use(number.to_bytes(32, "big"), UNTIL)
        assert once.forget(UNTIL + timedelta(days=1)) < 50


def test_a_code_has_five_tries_and_opens_once_in_every_process(opened):
    """Two services on one database share the tries: what one took, the other has not."""
    secret, sent, at = bytes(32), [], UNTIL - timedelta(days=1)
    one, other = (EntryCodes(secret, Links(secret), UsedLinks(opened), OwnIds(), sent.append) for _ in range(2))
    token, deliver = one.ask("1042", "nl", at)
    deliver()
    for desk in (one, other, one, other):
        assert desk.enter(token, "AAAA-AAAA", at) is None
    with ThreadPoolExecutor(4) as pool:
        came = list(pool.map(lambda desk: desk.enter(token, sent[0].code, at), (one, other, one, other)))
    assert sorted(filter(None, came)) == ["1042"]


def test_the_same_form_sent_twice_is_one_use_in_every_process(opened):
    """A double click that two services get: both answer alike, for ten seconds; another form of the link does not."""
    one, other, at = UsedLinks(opened), UsedLinks(opened), UNTIL - timedelta(days=1)
    with ThreadPoolExecutor(4) as pool:
        came = list(pool.map(lambda once: once.use_by(b"m" * 32, UNTIL, b"f" * 32, at), (one, other, one, other)))
    assert came == [True] * 4
    assert not other.use_by(b"m" * 32, UNTIL, b"g" * 32, at), "another form of the same link"
    assert not other.stands(b"g" * 32, at)
    assert not other.use(b"m" * 32, UNTIL)
    assert not other.use_by(b"m" * 32, UNTIL, b"f" * 32, at + timedelta(seconds=11))


def test_the_fifth_try_may_be_a_double_click(opened):
    """The code itself is used up once; its second click on the other service comes in all the same."""
    secret, sent, at = bytes(32), [], UNTIL - timedelta(days=1)
    one, other = (EntryCodes(secret, Links(secret), UsedLinks(opened), OwnIds(), sent.append) for _ in range(2))
    token, deliver = one.ask("1042", "nl", at)
    deliver()
    for _ in range(4):
        one.enter(token, "AAAA-AAAA", at, "wrong")
    assert [desk.enter(token, sent[0].code, at, "button") for desk in (one, other)] == ["1042", "1042"]
    assert other.enter(token, sent[0].code, at, "another button") is None


def test_what_everybody_asks_together_is_counted_in_every_process(opened):
    """Of a kind so many and no more, whoever counts; another kind has its own count, and what is past is forgotten."""
    one, other = UsedLinks(opened), UsedLinks(opened)
    assert [once.within(b"k" * 16, 3, UNTIL) for once in (one, other, one, other)] == [True, True, True, False]
    assert other.within(b"l" * 16, 1, UNTIL)
    assert one.forget(UNTIL + timedelta(seconds=1)) == 5


def test_what_a_person_said_is_appended_only_after_what_was_seen(opened):
    """Of many that saw the same end of one person's words one is kept; another person's are no obstacle."""

    def entry(handle):
        return Entry(0, Stream.CONSENT, "", handle, 1, 1, b"{}", b"", secrets.token_bytes(16))

    def say(_):
        try:
            with opened() as database:
                return RightsTables(database, bytes(32)).append([entry(b"h" * 16)], only_if_last=(b"h" * 16, 0))
        except UsageError as error:
            return error.code

    with opened() as database:
        RightsTables(database, bytes(32)).append([entry(b"o" * 16)])
    with ThreadPoolExecutor(8) as pool:
        told = list(pool.map(say, range(8)))
    assert sorted(map(str, told)) == ["1", *["consent-changed"] * 7]
