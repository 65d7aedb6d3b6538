"""Keys of machines: shown once, kept as digests, and of no use once they are revoked."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from evenhand.adapters.keys.machine_keys import MachineKeys
from evenhand.terms import StoreError, UsageError

NOW = datetime(2026, 11, 27, 12, 0, tzinfo=UTC)


@pytest.fixture
def keys(tmp_path):
    """The keys of a home that has none yet."""
    return MachineKeys(tmp_path / "machine-keys.json")


def test_a_key_is_known_by_what_was_shown_and_only_a_digest_is_kept(keys, tmp_path):
    """The whole text is needed; the file, which its owner alone reads, does not hold it."""
    shown = keys.make("shop", ["decide", "read"], at=NOW, rate=10)
    known = keys.known(shown)
    assert (known.name, known.scopes, known.rate) == ("shop", ("decide", "read"), 10)
    secret = shown.split("_", 2)[2]
    assert secret not in (tmp_path / "machine-keys.json").read_text()
    assert (tmp_path / "machine-keys.json").stat().st_mode & 0o077 == 0
    assert "digest" not in known.told()
    for other in (shown[:-1], shown + "A", secret, shown.replace("eh_", "", 1), "", "eh__", f"eh_{known.id}_"):
        assert keys.known(other) is None


def test_whoever_reads_the_same_file_sees_a_change_at_once(keys, tmp_path):
    """A service that is running refuses a key that a command revoked or rotated."""
    service, shown = MachineKeys(tmp_path / "machine-keys.json"), keys.make("shop", ["decide"], at=NOW)
    assert service.known(shown).name == "shop"
    new = keys.rotate("shop", at=NOW)
    assert (service.known(shown), service.known(new).scopes) == (None, ("decide",))
    keys.revoke("shop", at=NOW)
    assert service.known(new) is None
    assert [key.revoked != "" for key in service.all()] == [True, True]
    assert keys.known(keys.make("shop", ["read"], at=NOW)).scopes == ("read",)


@pytest.mark.parametrize(
    ("name", "scopes", "message"),
    [
        ("shop", ["admin"], "one or more scopes"),
        ("shop", [], "one or more scopes"),
        ("Shop of mine", ["decide"], "small letters"),
        ("taken", ["decide"], "a key named taken already"),
    ],
)
def test_a_key_that_cannot_be_is_refused(keys, name, scopes, message):
    """Unknown scopes, no scope, odd names and names in use."""
    keys.make("taken", ["read"], at=NOW)
    with pytest.raises(UsageError, match=message):
        keys.make(name, scopes, at=NOW)


def test_who_is_not_there_cannot_be_revoked(keys):
    """Neither somebody unknown nor somebody who was revoked before."""
    keys.make("shop", ["read"], at=NOW)
    keys.revoke("shop", at=NOW)
    for name in ("shop", "other"):
        with pytest.raises(UsageError, match="no key in use named"):
            keys.revoke(name, at=NOW)


@pytest.mark.parametrize("content", ["", "{", "[]", '{"keys": [{"id": "x"}]}', '{"keys": 3}'])
def test_a_broken_file_lets_nobody_in(keys, tmp_path, content):
    """It is no reason to think that there are no keys."""
    shown = keys.make("shop", ["decide"], at=NOW)
    (tmp_path / "machine-keys.json").write_text(content)
    with pytest.raises(StoreError, match="cannot be read"):
        keys.known(shown)
