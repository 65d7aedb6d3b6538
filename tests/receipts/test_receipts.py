"""A receipt proves what was decided to whoever holds it; whatever is changed in it, it does not hold (RULES G-15h)."""

from __future__ import annotations

import copy
import hashlib
import json
import re
import subprocess
import sys
from base64 import b64decode, b64encode

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given as drawn
from hypothesis import strategies as st

from evenhand import assembly
from evenhand.receipts import Beside, check, checker, read_receipt, receipt_page, told
from evenhand.receipts._check import _label
from evenhand.receipts._ed25519 import ORDER, is_signed
from patience import WITHIN

KINDS = ("personalised", "withdrawn", "objected")


@pytest.mark.parametrize("kind", KINDS)
def test_the_receipt_of_every_kind_of_decision_holds(give, shop_home, kind):
    """With the key that the organisation publishes, all five steps; the facts are those of the ledger."""
    receipt = give(kind)
    result = check(receipt, assembly.ledger_key(home=shop_home))
    assert result.ok, result.steps
    assert [name for name, _, _ in result.steps] == ["form", "signature", "inclusion", "belonging", "sum", "words"]
    told = assembly.why(str(result.facts["decision"]), home=shop_home)
    assert told.facts.standing.name.lower() == result.facts["standing"]
    assert [share for _, _, share in result.parts[1:]] == ([] if kind != "personalised" else _shares(told))


def _shares(told):
    """Shares in the model's order: features as named, then the joint term."""
    by_name = {factor.name: factor.contribution for factor in told.factors}
    return [by_name[name] for name in ("visits", "days", "visits x days")]


def test_the_score_is_added_up_anew_from_the_model(give):
    """Base and shares are the score to the last unit, joint term included; with another table it does not hold."""
    result = check(give("personalised"))
    assert sum(share for _, _, share in result.parts) == result.facts["score"]
    assert {name for name, _, _ in result.parts} == {"", "visits", "days", "visits x days"}


def test_a_brief_receipt_proves_the_decision_without_campaign_and_model(give):
    """It says that nothing was added up."""
    receipt = give("personalised", brief=True)
    result = check(receipt)
    assert result.ok
    assert result.parts == []
    assert "no model" in result.steps[-2][2]
    assert len(json.dumps(receipt)) < 8_000


@drawn(st.sampled_from(KINDS), st.data())
def test_whatever_is_changed_in_what_is_proven_does_not_hold(give, kind, data):
    """One character of a body, a hash, a number or the checkpoint: the receipt does not hold."""
    receipt = copy.deepcopy(give(kind))
    entry = data.draw(st.sampled_from(receipt["entries"]))
    fields = ["body", "after", "path", "number", "checkpoint", *sorted({"opened", "salt"} & entry.keys())]
    field = data.draw(st.sampled_from(fields))
    if field == "number":
        entry["number"] += data.draw(st.sampled_from([-1, 1, 1_000_000]))
    elif field == "path":
        step = data.draw(st.integers(0, len(entry["path"]) - 1))
        entry["path"][step] = _other(entry["path"][step], data)
    elif field == "checkpoint":
        receipt["checkpoint"] = _other(receipt["checkpoint"].rstrip("\n"), data)
    else:
        entry[field] = _other(entry[field], data)
    assert not check(receipt).ok


def _other(text, data):
    place = data.draw(st.integers(0, len(text) - 1))
    return text[:place] + ("0" if text[place] != "0" else "1") + text[place + 1 :]


JUNK = st.recursive(st.none() | st.integers() | st.text(max_size=5), lambda inner: st.lists(inner, max_size=3))


@drawn(JUNK, st.data())
def test_no_nonsense_is_a_receipt_or_an_error(give, junk, data):
    """Any part replaced by anything: it does not hold, in a sentence."""
    receipt = copy.deepcopy(give("personalised"))
    name = data.draw(st.sampled_from(["receipt", "ledger", "checkpoint", "entries"]))
    receipt[name] = junk
    result = check(receipt)
    assert not result.ok
    assert all(text for _, _, text in result.steps)


def test_the_parts_of_two_receipts_do_not_mix(give):
    """Each part true, together a lie: another run's start, another person's model."""
    first, second = copy.deepcopy(give("personalised")), give("withdrawn")
    parts = {entry["role"]: entry for entry in first["entries"]}
    other = {entry["role"]: entry for entry in second["entries"]}
    assert parts["run"]["number"] == other["run"]["number"]
    first["entries"] = [parts["decision"], {**parts["decision"], "role": "run"}]
    assert "not one of this run" in check(first).steps[-1][2]
    first["entries"] = [parts["decision"], parts["run"], {**parts["model"], "role": "campaign"}]
    assert "another than the run names" in check(first).steps[-1][2]


def test_a_receipt_of_another_ledger_is_told_from_ours(give, shop_home):
    """Signed and whole, but not with the key that was published."""
    receipt = give("personalised")
    other = assembly.ledger_key(home=shop_home).replace("evenhand-ledger/", "evenhand-ledger/0", 1)
    assert "another key" in check(receipt, other).steps[-1][2]


def test_a_checkpoint_signed_by_somebody_else_does_not_hold(give):
    """Everything made anew but the signature."""
    receipt = copy.deepcopy(give("personalised"))
    text = receipt["checkpoint"].split("\n\n")[0] + "\n"
    mark = receipt["checkpoint"].split()[-1]
    forged = Ed25519PrivateKey.from_private_bytes(bytes(32)).sign(text.encode())
    line = b64encode(b64decode(mark)[:4] + forged).decode()
    receipt["checkpoint"] = f"{text}\n— {receipt['ledger'].split('+')[0]} {line}\n"
    assert [step[:2] for step in check(receipt).steps] == [("form", True), ("signature", False)]


def test_the_program_checks_alone(give, tmp_path):
    """The one file, run by a Python that sees nothing of ours: 0 where it holds, 5 where not, 2 for no receipt."""
    program, page, broken, empty = (tmp_path / name for name in ("check_receipt.py", "r.html", "b.json", "e.json"))
    program.write_text(checker(), encoding="utf-8")
    receipt = copy.deepcopy(give("personalised"))
    page.write_text(receipt_page(receipt), encoding="utf-8")
    receipt["entries"][0]["number"] += 1
    broken.write_text(json.dumps(receipt), encoding="utf-8")
    empty.write_text("[]", encoding="utf-8")

    def run(path, *words):
        command = [sys.executable, "-I", "-S", str(program), str(path), *words]
        return subprocess.run(command, capture_output=True, text=True, timeout=WITHIN, check=False, cwd=tmp_path)

    good = run(page, "--lang", "nl", "--key", receipt["ledger"])
    assert (good.returncode, good.stderr) == (0, "")
    assert "Alles klopt." in good.stdout
    assert "met de sleutel die u gaf" in good.stdout
    assert "  gebruikt: persoonsgegevens" in good.stdout
    assert "  aanbod: Korting op thee" in good.stdout
    assert not re.search(r"\d\.\d+ (to|tot|of meer)|below|or more|  (standing|offer|campaign):", good.stdout)
    assert run(broken).returncode == 5
    assert run(empty).returncode == run(tmp_path / "absent").returncode == 2


def test_a_range_is_read_with_a_comma_in_dutch():
    """The cuts 1.5 and 1250.75, each way, as people write them."""
    binning = {"categories": [], "cuts": [1.5, 1250.75]}
    dutch = [_label(binning, code, "nl") for code in (0, 1, 2, 3, 4, 5)]
    assert dutch == [
        "niet gebruikt",
        "niet bekend",
        "iets anders",
        "minder dan 1,5",
        "1,5 tot 1250,75",
        "1250,75 of meer",
    ]
    assert [_label(binning, code, "en") for code in (3, 4)] == ["below 1.5", "1.5 to 1250.75"]


def test_the_words_of_a_receipt_cite_the_rule_that_decided(give):
    """In both languages, with its article: of a decision with personal data as of a refusal."""
    for kind in KINDS:
        words = give(kind)["words"]
        assert sum(line.startswith("Rule ") for line in words["en"]) == 1
        assert sum(line.startswith("Regel ") for line in words["nl"]) == 1


@pytest.mark.parametrize("kind", KINDS)
def test_words_that_somebody_changed_do_not_hold(give, kind):
    """One sentence altered, moved, dropped, or taken from another decision: not what the organisation signed, and
    nothing is then told as if it held."""
    other = give("objected" if kind != "objected" else "withdrawn")
    for change in (
        lambda words: words["nl"].__setitem__(0, words["nl"][0] + " Omdat u arm bent."),
        lambda words: words["en"].reverse(),
        lambda words: words["nl"].pop(),
        lambda words: words.update(copy.deepcopy(other["words"])),
        lambda words: words.update(fr=["Parce que"]),
    ):
        receipt = copy.deepcopy(give(kind))
        change(receipt["words"])
        result = check(receipt)
        assert [name for name, holds, _ in result.steps if not holds] == ["words"]
        assert (result.facts, result.parts, result.words) == ({}, [], {})
        assert "Klopt" not in told(result, "nl").splitlines()[-1]
    receipt = copy.deepcopy(give(kind))
    receipt["words"], receipt["words_signed"] = other["words"], other["words_signed"]
    assert not check(receipt).ok


def test_words_that_nobody_signed_are_said_to_be_unproved(give):
    """A receipt of before, or one of which the signature was taken out: all else holds, and that is what is said."""
    receipt = copy.deepcopy(give("personalised"))
    del receipt["words_signed"]
    receipt["words"]["nl"][0] = "U kreeg dit omdat u arm bent."
    result = check(receipt)
    assert result.ok
    said = told(result, "nl")
    assert "niet bewezen  wat u is verteld: NIET BEWEZEN" in said
    assert "Al het andere klopt." in said
    assert "Alles klopt." not in said
    assert "arm" not in said


def test_what_was_told_is_printed_where_it_is_proved(give):
    """The program shows the signed sentences themselves, so that a page need not be believed."""
    receipt = give("personalised")
    said = told(check(receipt), "nl")
    assert "Alles klopt." in said
    assert all(f"verteld: {line}" in said for line in receipt["words"]["nl"])


@pytest.mark.parametrize("role", ["decision", "run", "campaign", "model"])
def test_a_part_is_what_it_is_called(give, role):
    """A part under another name, an unknown one, or twice: no receipt."""
    for name in ("modle", "run", "decision", "campaign", "model", ""):
        receipt = copy.deepcopy(give("personalised"))
        entry = next(one for one in receipt["entries"] if one["role"] == role)
        if name == role:
            receipt["entries"].append(entry)
        else:
            entry["role"] = name
        assert not check(receipt).ok


def test_the_page_is_the_receipt_and_no_text_can_break_out_of_it(give):
    """What is read back from the page is the receipt, however the words look."""
    receipt = copy.deepcopy(give("withdrawn"))
    receipt["words"]["en"][0] = "</script><script>alert(1)</script><!--"
    page = receipt_page(receipt)
    assert read_receipt(page) == receipt
    assert "alert(1)</script>" not in page
    with pytest.raises(KeyError, match="de"):
        receipt_page(receipt, lang="de")


def test_a_page_with_the_proof_beside_it_is_small_whatever_the_model_is(give):
    """As many bytes with a model of a million characters; it links to the proof, and is none itself."""
    receipt = copy.deepcopy(give("personalised"))
    beside = Beside(values="/r.json", whole="/r.html", size=1_234_567, program="/check.py", back="/why")
    page = receipt_page(receipt, beside=beside)
    receipt["entries"][-1]["body"] += " " * 1_000_000
    assert receipt_page(receipt, beside=beside) == page
    assert len(page.encode()) < 40_000
    assert "Proof as one file (1235 kB)" in page
    assert all(f'href="{address}' in page for address in ("/r.json", "/r.html?lang=en", "/check.py", "/why?lang=nl"))
    with pytest.raises(ValueError, match="Expecting value"):
        read_receipt(page)
    assert "connect-src" not in receipt_page(give("personalised"))


def test_a_receipt_names_nobody(give):
    """It holds the pseudonym of the person; the id stands in no part of it."""
    for kind in KINDS:
        assert "canary" not in json.dumps(give(kind))


RFC_8032 = [
    (
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555"
        "fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
    ),
    (
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da0"
        "85ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    ),
]


@pytest.mark.parametrize(("key", "message", "signature"), RFC_8032)
def test_the_signatures_of_the_standard_pass(key, message, signature):
    """Test vectors 1 and 2 of RFC 8032 (7.1)."""
    assert is_signed(bytes.fromhex(key), bytes.fromhex(message), bytes.fromhex(signature))


@drawn(st.binary(min_size=32, max_size=32), st.binary(max_size=50), st.integers(0, 511))
def test_signatures_pass_as_with_the_library_and_no_flipped_bit_does(seed, message, bit):
    """Signed by `cryptography`; one bit of signature flipped, another message, an answer beyond the order: refused."""
    private = Ed25519PrivateKey.from_private_bytes(seed)
    key, signature = private.public_key().public_bytes_raw(), private.sign(message)
    assert is_signed(key, message, signature)
    flipped = bytearray(signature)
    flipped[bit // 8] ^= 1 << bit % 8
    assert not is_signed(key, message, bytes(flipped))
    assert not is_signed(key, message + b"!", signature)
    beyond = (int.from_bytes(signature[32:], "little") + ORDER).to_bytes(32, "little")
    assert not is_signed(key, message, signature[:32] + beyond)
    assert not is_signed(hashlib.sha256(key).digest()[:31], message, signature)
