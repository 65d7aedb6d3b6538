"""Check the receipt of a decision: that it stands in the ledger that was signed, and that its score adds up.

This file stands alone: it needs Python 3.11 or newer and nothing else, not even evenhand. Copy it, read it, run it:

    python check_receipt.py RECEIPT [--key LINE] [--witness LINE --quorum N] [--lang nl]

It ends with 0 where everything holds, 5 where something does not, 2 where the file cannot be read. LINE is the public
key that the organisation publishes; without it the receipt is checked against the key that it names itself, which
proves less: compare the two. How it works: RFC 9162 (Merkle trees), RFC 8032 (Ed25519), C2SP tlog-checkpoint.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import sys
from base64 import b64decode
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from ._check_texts import DUTCH, LABELS, TEXTS
from ._ed25519 import is_signed

FORMAT = 1
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
BOUND = 2_000_000_000
Part = tuple[str, str, int]
ROLES = ("decision", "run", "campaign", "model")
WORDS = "receipt-words"
Table = dict[str, Any]
_HTML = re.compile(r'<script type="application/json" id="receipt">(.*?)</script>', re.DOTALL)


class BrokenError(Exception):
    """A step that does not hold; why, as a key of `TEXTS` with its values."""

    def __init__(self, key: str, **values: object) -> None:
        super().__init__(key)
        self.key, self.values = key, values


class Entry:
    """One entry of the ledger: what it says, and its hash as the chain makes it."""

    def __init__(self, found: dict[str, object]) -> None:
        self.role, self.number = str(found["role"]), int(str(found["number"]))
        self.text = str(found["body"])
        self.path = [bytes.fromhex(str(step)) for step in list(found["path"])]  # type: ignore[call-overload]
        after = bytes.fromhex(str(found["after"]))
        if len(after) != 32 or any(len(step) != 32 for step in self.path):
            raise ValueError
        self.hash = hashlib.sha256(after + self.text.encode()).digest()
        self.body = json.loads(str(found.get("opened", self.text)))
        self.is_closed = "opened" not in found and self.body["@"] == "sealed-decision"
        salted = bytes.fromhex(str(found.get("salt", ""))) + str(found.get("opened", "")).encode()
        commitment = hashlib.sha256(salted).hexdigest()  # of salt and what was decided, which the entry does not say
        self.is_committed = "opened" not in found or json.loads(self.text).get("d") == commitment


class Result:
    """What a check found.

    Attributes:
        steps: for each step its name, whether it holds, and in English how; none after one that fails.
        facts: what the checked entries say, for people; empty unless everything holds.
        parts, dutch: (feature, code, share) of the score, in the model's order, and feature and code in Dutch; empty
            where the receipt has no model.
        words: by language, what the person was told, where the organisation signed it; empty where it did not.
    """

    def __init__(self) -> None:
        self.steps: list[tuple[str, bool, str]] = []
        self.said: list[tuple[str, dict[str, object]]] = []  # the same as keys of `TEXTS`, with their values
        self.facts: dict[str, object] = {}
        self.parts: list[Part] = []
        self.dutch: list[tuple[str, str]] = []
        self.words: dict[str, list[str]] = {}

    def step(self, name: str, holds: bool, key: str, values: dict[str, object]) -> None:
        """Note a step."""
        self.steps.append((name, holds, TEXTS[key][0].format(**values)))
        self.said.append((key, values))

    @property
    def ok(self) -> bool:
        """Whether every step holds."""
        return all(holds for _, holds, _ in self.steps)


def check(
    receipt: dict[str, object], key: str | None = None, witnesses: list[str] | None = None, quorum: int | None = None
) -> Result:
    """Check a receipt, as read from its JSON, with the ledger's public key as the organisation publishes it (None = the
    one that the receipt names), and with those of witnesses, of whom a quorum (None = all) must have cosigned."""
    result = Result()
    try:
        entries, ledger, note = _read(receipt)
        named = [str(one) for one in list(receipt.get("witnesses") or [])]  # type: ignore[call-overload]
    except (KeyError, ValueError, TypeError, AttributeError):
        result.step("form", False, "garbled", {})
        return result
    result.step("form", True, "form", {"name": " ".join(ledger.split()).split("+")[0]})
    steps: dict[str, Callable[[], tuple[str, dict[str, object]]]] = {
        "signature": lambda: _signature(note, ledger, key),
        "inclusion": lambda: _inclusion(note, entries),
        "belonging": lambda: _belonging(entries),
        "sum": lambda: _sum(entries, result, _facts(entries)),
        "words": lambda: _words(receipt, ledger, entries, result),
    }
    if witnesses or named:
        steps = {
            "signature": steps.pop("signature"),
            "witnesses": lambda: _witnesses(note, named, witnesses or [], quorum),
            **steps,
        }
    for name, step in steps.items():
        try:
            result.step(name, True, *step())
        except BrokenError as problem:
            result.step(name, False, problem.key, problem.values)
            return result
        except (KeyError, ValueError, TypeError, IndexError, AttributeError, OverflowError):
            result.step(name, False, "garbled", {})
            return result
    return result


def _read(receipt: dict[str, object]) -> tuple[dict[str, Entry], str, str]:
    """Entries by their role, the ledger's key and the checkpoint."""
    if receipt["receipt"] != FORMAT:
        raise ValueError
    found = [Entry(one) for one in list(receipt["entries"])]  # type: ignore[call-overload]
    entries = {entry.role: entry for entry in found}
    if not {"decision", "run"} <= entries.keys() <= set(ROLES) or len(entries) < len(found):
        raise ValueError
    return entries, str(receipt["ledger"]), str(receipt["checkpoint"])


def _signature(note: str, ledger: str, key: str | None) -> tuple[str, dict[str, object]]:
    """The checkpoint is signed with the ledger's key (C2SP signed-note)."""
    line = ledger if key is None else key.strip()
    if line != ledger:
        raise BrokenError("other-key")
    name, mark, encoded = line.split("+", 2)
    raw = b64decode(encoded, validate=True)
    if raw[:1] != b"\x01" or hashlib.sha256(name.encode() + b"\n" + raw).digest()[:4].hex() != mark:
        raise BrokenError("unsigned")
    text, _, signed = note.partition("\n\n")
    if text.split("\n")[0] != name:
        raise BrokenError("unsigned")
    for signature in signed.splitlines():
        signer, _, encoded = signature.rpartition(" ")
        found = b64decode(encoded, validate=True)
        if (
            signer == f"\u2014 {name}"
            and found[:4].hex() == mark
            and is_signed(raw[1:], f"{text}\n".encode(), found[4:])
        ):
            return ("signed" if key else "signed-itself"), {"size": text.split("\n")[1]}
    raise BrokenError("unsigned")


def _witnesses(note: str, named: list[str], given: list[str], quorum: int | None) -> tuple[str, dict[str, object]]:
    """Enough witnesses cosigned the checkpoint (C2SP tlog-cosignature)."""
    keys = list(dict.fromkeys(given or named))
    found, least = [name for name in (_cosigned(note, key) for key in keys) if name], quorum or len(keys)
    if len(found) < least:
        raise BrokenError("few", count=len(found), least=least)
    return ("seen" if given else "seen-itself"), {"names": ", ".join(found)}


def _cosigned(note: str, line: str) -> str:
    """The name of a witness that cosigned; "" where it did not."""
    name, mark, encoded = line.strip().split("+", 2)
    raw, (text, _, signed) = b64decode(encoded, validate=True), note.partition("\n\n")
    if raw[:1] != b"\x04" or hashlib.sha256(name.encode() + b"\n" + raw).digest()[:4].hex() != mark:
        raise BrokenError("no-witness")
    for signature in signed.splitlines():
        signer, _, encoded = signature[2:].rpartition(" ")
        found = b64decode(encoded, validate=True)
        message = f"cosignature/v1\ntime {int.from_bytes(found[4:12], 'big')}\n{text}\n".encode()
        if signer == name and found[:4].hex() == mark and is_signed(raw[1:], message, found[12:]):
            return name
    return ""


def _inclusion(note: str, entries: dict[str, Entry]) -> tuple[str, dict[str, object]]:
    """Every entry stands under the root that was signed (RFC 9162, 2.1.3.2)."""
    _, size, encoded = note.partition("\n\n")[0].split("\n")
    root = b64decode(encoded, validate=True)
    for entry in entries.values():
        if _root(entry, int(size)) != root:
            raise BrokenError("outside", number=entry.number)
    return "inside", {"numbers": ", ".join(str(entry.number) for entry in entries.values())}


def _root(entry: Entry, size: int) -> bytes | None:
    node, last = entry.number - 1, size - 1
    if not 0 <= node <= last:
        return None
    found = hashlib.sha256(b"\x00" + entry.hash).digest()
    for step in entry.path:
        if last == 0:
            return None
        if node & 1 or node == last:
            found = hashlib.sha256(b"\x01" + step + found).digest()
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            found = hashlib.sha256(b"\x01" + found + step).digest()
        node, last = node >> 1, last >> 1
    return found if last == 0 else None


def _belonging(entries: dict[str, Entry]) -> tuple[str, dict[str, object]]:
    """The decision is one of this run, and campaign and model are those that the run names."""
    decision, run = entries["decision"], entries["run"]
    if not all(entry.is_committed for entry in entries.values()):
        raise BrokenError("other-body")
    if decision.is_closed:
        if run.body["@"] != "run-started" or decision.number <= run.number or len(entries) > 2:
            raise BrokenError("other-run")
        return "closed", {"number": decision.number, "run": run.body["run"]}
    kinds = (decision.body["@"], run.body["@"])
    if kinds != ("decision", "run-started") or decision.number - run.number != decision.body.get("n", 0):
        raise BrokenError("other-run")
    for role in ("campaign", "model"):
        if role in entries and (
            entries[role].body["digest"] != run.body[role]
            or hashlib.sha256(entries[role].body["text"].encode()).hexdigest() != run.body[role]
        ):
            raise BrokenError("other-document", role=role)
    return "of-run", {"number": decision.body["n"], "run": run.body["run"]}


def _sum(entries: dict[str, Entry], result: Result, facts: dict[str, object]) -> tuple[str, dict[str, object]]:
    """With the model: base and shares are the score, and the strongest reasons are among them."""
    said = entries["decision"].body
    if entries["decision"].is_closed:
        result.facts = {"entry": entries["decision"].number}
        return "no-content", {}
    offer = said.get("o", -1) if said.get("o", -1) >= 0 else said.get("ru", -1)
    if "model" not in entries or said.get("st", 0) != 2 or offer < 0:
        result.facts = facts
        return ("no-score" if "model" in entries else "no-model"), {}
    model = json.loads(entries["model"].body["text"])
    shares = _shares(model, said.get("c", ""), entries["run"].body["layout"], offer)
    total = model["base"][offer] + sum(share for _, _, share in shares)
    reasons = [shares[term][2] for term in said.get("tt", [])]
    if max(-BOUND, min(BOUND, total)) != said.get("sc", 0) or reasons != said.get("tc", []):
        raise BrokenError("no-sum")
    result.facts, result.parts = facts, [("", "", model["base"][offer]), *shares]
    nl = _shares(model, said.get("c", ""), entries["run"].body["layout"], offer, "nl")
    result.dutch = [("", ""), *((name, value) for name, value, _ in nl)]
    return "adds-up", {"count": len(shares)}


def _shares(model: Table, codes: str, layout: list[int], offer: int, lang: str = "en") -> list[Part]:
    """Name, value and share of each term for one offer."""
    binnings = model["view"]["binnings"]
    raw = bytes.fromhex(codes) or bytes(sum(size or 1 for size in layout))
    mine, place = [], 0
    for size in layout:
        mine.append(raw[place + (offer if size else 0)])
        place += size or 1
    if place != len(raw) or len(mine) != len(binnings):
        raise BrokenError("no-sum")
    names = [binning["name"] for binning in binnings]
    values = [_label(binning, code, lang) for binning, code in zip(binnings, mine, strict=True)]
    found = list(mine)
    for pair in model.get("pairs", []):
        one, other = mine[pair["first"]], mine[pair["second"]]
        width = max(pair["second_bands"], default=0) + 1
        found.append(1 + pair["first_bands"][one] * width + pair["second_bands"][other] if one and other else 0)
        names.append(f"{names[pair['first']]} x {names[pair['second']]}")
        values.append(f"{values[pair['first']]}, {values[pair['second']]}")
    return [(names[i], values[i], model["tables"][i][offer][code]) for i, code in enumerate(found)]


def _label(binning: Table, code: int, lang: str) -> str:
    *none, below, to, more = (pair[lang == "nl"] for pair in LABELS)
    names = [*none, *binning["categories"]]
    if code < len(names):
        return str(names[code])
    cuts, high = [f"{cut:g}".replace(".", "," if lang == "nl" else ".") for cut in binning["cuts"]], code - 3
    low = cuts[high - 1] if high else ""
    return (f"{low} {to} {cuts[high]}" if low else f"{below} {cuts[high]}") if high < len(cuts) else f"{low} {more}"


def _words(
    receipt: dict[str, object], ledger: str, entries: dict[str, Entry], result: Result
) -> tuple[str, dict[str, object]]:
    """What the person was told is what the organisation signed, of this very decision."""
    said, seal = receipt.get("words", {}), receipt.get("words_signed")
    if seal is None:
        return "words-open", {}
    name, _, encoded = ledger.split("+", 2)
    run, number = entries["run"].body["run"], entries["decision"].number - entries["run"].number
    words = {str(lang): [str(line) for line in lines] for lang, lines in said.items()}  # type: ignore[attr-defined]
    digest = hashlib.sha256(words_content(f"{run}.{number}", words)).hexdigest()
    message = f"evenhand {WORDS}/v1\n{name}\n{digest}\n".encode()
    if not is_signed(b64decode(encoded, validate=True)[1:], message, b64decode(str(seal), validate=True)):
        result.facts, result.parts, result.dutch = {}, [], []
        raise BrokenError("words-other")
    result.words = words
    return "words-signed", {"count": sum(map(len, words.values()))}


def words_content(decision: str, words: dict[str, list[str]]) -> bytes:
    """What is signed of the words: the decision, and of each sentence its language and digest, in order."""
    lines = [(lang, line) for lang in sorted(words) for line in words[lang]]
    return "".join([f"{decision}\n", *(f"{a} {hashlib.sha256(b.encode()).hexdigest()}\n" for a, b in lines)]).encode()


def _facts(entries: dict[str, Entry]) -> dict[str, object]:
    """What the checked entries say."""
    said, run = entries["decision"].body, entries["run"].body
    facts: dict[str, object] = {
        "decision": f"{run['run']}.{said.get('n', 0)}",
        "at": (EPOCH + timedelta(microseconds=said.get("at", 0))).isoformat(),
        "campaign": run["name"],
        "version": run["version"],
        "standing": ("refused", "contextual", "personalised")[said.get("st", 0)],
        "permission_code": said.get("u", 0),
        "outcome_code": said.get("r", 0),
    }
    if said.get("st", 0) == 2 and (said.get("o", -1) >= 0 or said.get("ru", -1) >= 0):
        facts["score"] = said.get("sc", 0)
    if "campaign" in entries:
        campaign = json.loads(entries["campaign"].body["text"])
        offer = said.get("o", -1)
        facts["purpose"] = campaign["purpose"]
        facts["offer"] = campaign["offers"][offer]["text"] if offer >= 0 else None
    return facts


def read_receipt(text: str) -> dict[str, object]:
    """The receipt in a JSON file, or in the page that a person was given; ValueError where there is none."""
    inside = _HTML.search(text)
    try:
        if isinstance(found := json.loads(inside.group(1) if inside else text), dict):
            return found
    except RecursionError:
        pass
    raise ValueError


def told(result: Result, lang: str = "en") -> str:
    """What was found, in lines for a terminal."""
    nl = lang == "nl"
    words, out = {key: pair[nl] for key, pair in TEXTS.items()}, []
    open_ = False
    for (name, holds, _), (key, values) in zip(result.steps, result.said, strict=True):
        open_ = key == "words-open"
        mark = words["open" if open_ else "yes" if holds else "no"]
        out.append(f"{mark:>13}  {words[f'step-{name}']}: {words[key].format(**values)}")
    out.append(words["not"] if not result.ok else words["all-but"] if open_ else words["all"])
    out += [f"  {words['told']}: {line}" for line in result.words.get(lang, [])]
    for name, fact in result.facts.items():
        shown = fact[lang] if isinstance(fact, dict) else ("geen" if nl else "none") if fact is None else fact
        shown = DUTCH[str(shown)] if nl and name == "standing" else shown
        out.append(f"  {DUTCH[name] if nl else name.replace('_', ' ')}: {shown}")
    for (name, code, share), dutch in zip(result.parts, result.dutch, strict=True):
        feature, value = dutch if nl else (name, code)
        amount = f"{share:+,}".replace(",", "." if nl else ",")
        out.append(f"  {amount:>15}  {f'{feature} = {value}' if feature else words['base']}")
    return "\n".join("".join(c if c.isprintable() else "?" for c in line) for line in out)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Check the receipt of a decision. Needs nothing but Python.")
    parser.add_argument("receipt", help="the receipt: its JSON file, or the page that you were given")
    parser.add_argument("--key", help="the ledger's public key, as the organisation publishes it")
    parser.add_argument("--witness", action="append", help="public key of a witness who must have cosigned")
    parser.add_argument("--quorum", type=int, help="how many of the witnesses suffice; else all of them")
    parser.add_argument("--lang", choices=("en", "nl"), default="en")
    asked = parser.parse_args(arguments)
    try:
        receipt = read_receipt(Path(asked.receipt).read_text("utf-8"))
    except (OSError, ValueError):
        print("There is no receipt in this file, or it cannot be read.", file=sys.stderr)
        return 2
    result = check(receipt, asked.key, asked.witness, asked.quorum)
    print(told(result, asked.lang))
    return 0 if result.ok else 5


if __name__ == "__main__":
    sys.exit(main())
