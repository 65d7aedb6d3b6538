"""An auditor gets one file, and needs nothing else of ours."""

from __future__ import annotations

import hashlib
import json
import zipfile

import pytest
from typer.testing import CliRunner

from evenhand.adapters.ledgers.bundle_file import bytes_of
from evenhand.assembly import check_bundle, ledger_key, make_bundle
from evenhand.ledger import Signer
from evenhand.terms import DataError, UsageError
from shop_folder import app, write_shop


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """The home of the small campaign with one recorded run."""
    campaign = write_shop(tmp_path_factory.mktemp("shop"))
    done = CliRunner().invoke(app, ["run", str(campaign)])
    assert done.exit_code == 0, done.output
    return campaign.parent / "evenhand-home"


def _steps(found):
    return {step.name: step.holds for step in found.steps}


@pytest.mark.parametrize("opened", [False, True])
def test_a_bundle_holds_wherever_it_is_checked(home, tmp_path, opened):
    """With opened decisions all is recomputed; without, what stayed closed is said, and nothing is called broken."""
    bundle = tmp_path / "audit.zip"
    make_bundle(bundle, ["last"], home=home, opened=opened)
    found = check_bundle(bundle, key=ledger_key(home=home))
    assert found.ok, found.steps
    assert _steps(found)["counts"] is (True if opened else None)
    assert any("people answer for that" in one for one in found.not_checked)
    assert any("without opening them" in one for one in found.not_checked) is not opened


def test_without_opened_decisions_it_says_what_was_not_looked_at(home, tmp_path):
    """Not "0 of 400 hold": the chain holds, single decisions were not looked at, and what that takes."""
    steps = {}
    for opened in (False, True):
        make_bundle(tmp_path / f"{opened}.zip", ["last"], home=home, opened=opened)
        steps[opened] = {step.name: step for step in check_bundle(tmp_path / f"{opened}.zip").steps}
    assert (steps[False]["ledger"].holds, steps[False]["decisions"].holds) == (True, None)
    assert "All 400 decisions are closed here" in steps[False]["decisions"].what
    assert "evenhand bundle make --open" in steps[False]["decisions"].what
    assert (steps[True]["decisions"].holds, "all 400 decisions" in steps[True]["decisions"].what) == (True, True)


def test_audit_is_the_same_command(home, tmp_path):
    """`evenhand audit BUNDLE` says and exits as `evenhand bundle check BUNDLE`, of a whole file and an altered one."""
    bundle, altered = tmp_path / "audit.zip", tmp_path / "altered.zip"
    make_bundle(bundle, ["last"], home=home)
    with zipfile.ZipFile(bundle) as whole:
        parts = {name: whole.read(name) for name in whole.namelist()}
    altered.write_bytes(bytes_of(parts | {"checkpoints.jsonl": b""}))
    for file, code in ((bundle, 0), (altered, 5)):
        for words in ((str(file),), (str(file), "--json"), (str(file), "--key", ledger_key(home=home))):
            one, other = (CliRunner().invoke(app, [*start, *words]) for start in (["audit"], ["bundle", "check"]))
            assert (one.exit_code, one.output) == (other.exit_code, other.output)
            assert one.exit_code == code


def test_two_bundles_of_the_same_are_the_same_bytes(home, tmp_path):
    """Nothing of the moment or the machine is in the file."""
    one, other = tmp_path / "one.zip", tmp_path / "other.zip"
    assert make_bundle(one, ["last"], home=home)[0] == make_bundle(other, ["last"], home=home)[0]
    assert one.read_bytes() == other.read_bytes()


def test_no_id_and_no_key_is_in_a_bundle(home, tmp_path):
    """Neither the secret, nor a key of a person, nor a subject's id, opened or not."""
    bundle = tmp_path / "audit.zip"
    make_bundle(bundle, ["last"], home=home, opened=True)
    whole = bundle.read_bytes()
    secret = (home / "secret.key").read_bytes()
    ids = (home.parent / "people.csv").read_text().splitlines()[1:]
    assert secret not in whole
    assert secret.hex().encode() not in whole
    assert not any(f'"{line.split(",")[0]}"'.encode() in whole for line in ids)


def _told(bundle):
    """What is said of a broken bundle: which part of it; with an exclamation mark where it is not."""
    try:
        found = check_bundle(bundle)
    except DataError as error:
        return error.what if error.code == "bundle-unreadable" else f"!{error}"
    last = found.steps[-1].what
    named = any(name in last for name in ("altered", "missing", "is not what manifest.json says"))
    return last if named and not found.ok else f"!{last}"


def test_any_altered_byte_is_found_and_its_part_named(home, tmp_path):
    """Every hundredth byte or so, and the first and last ones: in the content, in the zip's own lists, in the end."""
    bundle, altered = tmp_path / "audit.zip", tmp_path / "altered.zip"
    make_bundle(bundle, ["last"], home=home)
    whole = bundle.read_bytes()
    step = max(1, len(whole) // 150)
    for place in [*range(0, len(whole), step), *range(40), *range(len(whole) - 40, len(whole))]:
        altered.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        assert not _told(altered).startswith("!"), (place, _told(altered))


def test_a_bundle_made_again_with_another_history_is_not_signed(home, tmp_path):
    """Whoever alters an entry and every digest in the file still lacks the ledger's key."""
    bundle, forged = tmp_path / "audit.zip", tmp_path / "forged.zip"
    make_bundle(bundle, ["last"], home=home)
    with zipfile.ZipFile(bundle) as file:
        parts = {name: file.read(name) for name in file.namelist()}
    parts["entries.jsonl"] = parts["entries.jsonl"].replace(b"sealed-decision", b"sealed-decisioN", 1)
    manifest = json.loads(parts["manifest.json"])
    manifest["parts"]["entries.jsonl"] = hashlib.sha256(parts["entries.jsonl"]).hexdigest()
    parts["manifest.json"] = (json.dumps(manifest, indent=1, sort_keys=True) + "\n").encode()
    forged.write_bytes(bytes_of(parts))
    assert _steps(check_bundle(forged)) == {"file": True, "signature": False}


def test_a_bundle_of_another_ledger_is_told_by_the_published_key(home, tmp_path):
    """The key that an organisation publishes is the one that counts."""
    bundle = tmp_path / "audit.zip"
    make_bundle(bundle, ["last"], home=home)
    found = check_bundle(bundle, key=str(Signer(b"x" * 32).verifier))
    assert _steps(found)["signature"] is False


def test_without_a_run_there_is_no_bundle(home, tmp_path):
    """A bundle is about something."""
    with pytest.raises(UsageError, match="No run was named"):
        make_bundle(tmp_path / "audit.zip", [], home=home)


def test_the_command_says_what_holds_and_what_cannot_be_shown(home, tmp_path):
    """Exit code 0 and a list; 5 where it is broken; a file that is there stays."""
    bundle = str(tmp_path / "audit.zip")
    run = CliRunner()
    assert run.invoke(app, ["bundle", "make", bundle, "last", "--home", str(home)]).exit_code == 0
    assert run.invoke(app, ["bundle", "make", bundle, "last", "--home", str(home)]).exit_code == 2
    told = run.invoke(app, ["bundle", "check", bundle])
    assert told.exit_code == 0
    assert "Not checked, because a bundle cannot show it:" in told.output
    whole = (tmp_path / "audit.zip").read_bytes()
    (tmp_path / "audit.zip").write_bytes(whole.replace(b"evenhand 0", b"evenhand 1", 1))
    assert run.invoke(app, ["bundle", "check", bundle]).exit_code == 5
