"""Two organisations watch each other: what one's ledger was is in the other's hands, and on every receipt."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

HOME, WHO = "evenhand-home", "canary7@mail.example"


@pytest.fixture
def house(ran, cli):
    """A home in which a campaign ran, and two witnesses that watch its ledger; calls a command."""

    def call(*words, home=HOME, exits=0):
        done = cli(ran, *words, EVENHAND_HOME=home)
        assert done.exit_code == exits, done.stderr + done.stdout
        return done.stdout

    call.folder = ran
    call.keys = [call("witness", "make", f"w{n}", "--name", f"w{n}.example/watch").strip() for n in (1, 2)]
    call("ledger", "witnesses", *call.keys, "--quorum", "2")
    key = call("ledger", "key").strip()
    for n in (1, 2):
        assert call("witness", "key", f"w{n}").strip() == call.keys[n - 1]
        call("witness", "watch", f"w{n}", key)
    return call


def _cosigned(house, number, *words, exits=0):
    """One witness is asked, answers, and the answer is kept."""
    asked = house("ledger", "ask-witness", "--witness", f"w{number}.example/watch", *words)
    (house.folder / "request.txt").write_text(asked)
    answer = house("witness", "cosign", f"w{number}", "request.txt", exits=exits)
    (house.folder / "answer.txt").write_text(answer)
    return json.loads(house("ledger", "cosigned", "answer.txt", "--json")) if not exits else None


def test_a_receipt_shows_who_saw_the_ledger_and_a_program_of_one_file_checks_it(house):
    """Under the last checkpoint that enough cosigned; by command and by the lone program, with keys or without."""
    assert "cosignatures of 2 of the 2 witnesses" in house("ledger", "verify", exits=5)
    assert not _cosigned(house, 1)["enough"]
    house("ledger", "verify", exits=5)
    house("receipt", "give", WHO, "--out", "bare.json")
    assert "witnesses" not in json.loads((house.folder / "bare.json").read_text())
    assert _cosigned(house, 2)["enough"]
    told = house("ledger", "verify")
    assert "Witnesses cosigned it up to entry 4" in told
    house("decide", "campaign.yaml", "canary3@mail.example", "--at", "2026-03-02")
    house("receipt", "give", WHO, "--out", "receipt.json")
    house("receipt", "give", WHO, "--out", "receipt.html")
    receipt = json.loads((house.folder / "receipt.json").read_text())
    assert receipt["witnesses"] == house.keys
    assert "cosigned by w1.example/watch, w2.example/watch, it says itself" in house("receipt", "check", "receipt.json")
    (house.folder / "lone.py").write_text(house("receipt", "checker"))
    given = [word for key in house.keys for word in ("--witness", key)]
    stranger = house("witness", "make", "w3", "--name", "w3.example").strip()
    for words, exits in (
        (given, 0),
        ([*given, "--witness", stranger], 5),
        ([*given, "--witness", stranger, "--quorum", "2"], 0),
        (["--witness", stranger], 5),
        (["--witness", "nonsense"], 5),
    ):
        for name in ("receipt.json", "receipt.html"):
            lone = subprocess.run(
                [sys.executable, "-I", "lone.py", name, *words], cwd=house.folder, capture_output=True
            )
            assert lone.returncode == exits, lone.stdout.decode()
            house("receipt", "check", name, *words, exits=exits)
    house("receipt", "check", "bare.json", *given, exits=5)
    receipt["witnesses"] = 7
    (house.folder / "odd.json").write_text(json.dumps(receipt))
    house("receipt", "check", "odd.json", exits=5)


def test_a_ledger_that_grew_is_cosigned_again_and_one_that_was_rewritten_is_not(house):
    """The witness holds the organisation to what it saw: put back, it tells another history, and both find it."""
    import shutil

    for n in (1, 2):
        _cosigned(house, n)
    shutil.copytree(house.folder / HOME, house.folder / "older")
    house("decide", "campaign.yaml", "canary3@mail.example", "--at", "2026-03-02")
    assert [_cosigned(house, n)["enough"] for n in (1, 2)] == [False, True]
    assert len(json.loads(house("ledger", "witnesses", "--json"))["cosigned"]) == 2
    house("decide", "campaign.yaml", "canary5@mail.example", "canary6@mail.example", "--at", "2026-03-02", home="older")
    asked = house("ledger", "ask-witness", "--witness", "w1.example/watch", home="older")
    (house.folder / "request.txt").write_text(asked)
    house("witness", "cosign", "w1", "request.txt", exits=3)
    seen = json.loads((next((house.folder / "w1" / "ledgers").glob("*.json"))).read_text())["size"]
    asked = house("ledger", "ask-witness", "--witness", "w1.example/watch", "--old", str(seen), home="older")
    (house.folder / "request.txt").write_text(asked)
    assert house("witness", "cosign", "w1", "request.txt", exits=3) == "", "nothing is cosigned"
    for path in (house.folder / HOME / "witnesses").glob("*.note"):
        shutil.copy(path, house.folder / "older" / "witnesses")
    assert "tells another history" in house("ledger", "verify", home="older", exits=5)
    assert "Witnesses cosigned" in house("ledger", "verify")


def test_what_witnesses_said_is_backed_up_and_an_altered_note_is_found(house):
    """With who they are; a note of which a byte was changed is named, and no receipt is made from it."""
    for n in (1, 2):
        _cosigned(house, n)
    house("backup", "copy", "--keys", "keys")
    house("restore", "copy", "--keys", "keys", "--home", "new")
    assert house("ledger", "witnesses", "--json", home="new") == house("ledger", "witnesses", "--json")
    assert "Witnesses cosigned" in house("ledger", "verify", home="new")
    (note,) = (house.folder / HOME / "witnesses").glob("*.note")
    text = note.read_text()
    note.write_text(text.replace("\n4", "\n5", 1))
    assert house("ledger", "verify", exits=5) == ""
    note.write_text(text.rsplit("\n", 2)[0] + "\n")
    assert "cosignatures of 2 of the 2" in house("ledger", "verify", exits=5)


def test_a_stranger_cosigns_nothing_and_a_witness_is_not_fooled(house):
    """Lines of others are not kept; a ledger that is not watched, or a quorum that is none, is refused."""
    house("witness", "make", "w3", "--name", "w3.example")
    house("witness", "watch", "w3", house("ledger", "key").strip())
    (house.folder / "request.txt").write_text(house("ledger", "ask-witness", "--witness", "w1.example/watch"))
    (house.folder / "answer.txt").write_text(house("witness", "cosign", "w3", "request.txt"))
    house("ledger", "cosigned", "answer.txt", exits=2)
    house("ledger", "cosigned", "request.txt", exits=2)
    house("ledger", "witnesses", *house.keys, "--quorum", "3", exits=2)
    house("ledger", "ask-witness", "--witness", "nobody", exits=2)
    house("ledger", "ask-witness", "--witness", "w1.example/watch", "--old", "99999", exits=2)
    house("witness", "make", "w1", "--name", "again.example", exits=2)
    house("witness", "make", "w4", "--name", "a b", exits=3)
    house("witness", "make", "w4", "--name", "w4.example")
    house("witness", "cosign", "w4", "request.txt", exits=3)
    house("witness", "cosign", "nowhere", "request.txt", exits=4)
    state = next((house.folder / "w3" / "ledgers").glob("*.json"))
    state.write_text("{}")
    house("witness", "cosign", "w3", "request.txt", exits=4)
    assert (house.folder / "w1" / "witness.key").stat().st_mode & 0o077 == 0
