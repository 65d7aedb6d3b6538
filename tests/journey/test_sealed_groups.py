"""A-4a on the whole road: under an aware limit no file but the run's key tells a group, and nothing else is lost."""

from __future__ import annotations

import itertools
import json
import re
import shutil
from collections import Counter, defaultdict
from pathlib import Path

import numpy as np
import pytest

import evenhand as eh
from evenhand import assembly
from evenhand.adapters.keys.run_keys import RunKeyFolder
from evenhand.adapters.stores.home import find_home
from evenhand.features import pseudonymise
from evenhand.ledger import Kind, decisions, open_run
from evenhand.terms import DecisionFacts
from small_world import AT, KEY, World, bodies, make_world, same_key

AWARE = [
    {
        "id": "sex-reach",
        "groups": ["sex"],
        "bound": 0.9,
        "mode": "aware",
        "necessity": "The gap is known, and blind limits do not close it.",
        "minimum_size": 10,
    }
]
WHOLE_NUMBER = re.compile(rb"(?<![0-9A-Za-z+/])[0-9]{1,18}(?![0-9A-Za-z+/])")
PRICE_KEYS = {"pr", "rp", "m", "mv", "ft", "fc"}


@pytest.fixture(scope="module")
def world() -> World:
    """A world with an aware limit that binds."""
    return make_world(n=600, limits={"contacts": {"total": 60}, "budget": 11, "disparity": AWARE})


@pytest.fixture(scope="module")
def recorded(world, tmp_path_factory) -> tuple[eh.Decisions, Path]:
    """A recorded run of it, in a home with a known key, so that it comes out the same each time."""
    home = tmp_path_factory.mktemp("sealed") / "home"
    home.mkdir()
    find_home(home).key_file.write_bytes(KEY)
    return world.run(home), home


@pytest.fixture
def ran(recorded, tmp_path) -> tuple[eh.Decisions, Path]:
    """The run, and a copy of its home that a test may change."""
    return recorded[0], Path(shutil.copytree(recorded[1], tmp_path / "home"))


def _keyless(home: Path) -> Path:
    shutil.rmtree(find_home(home).run_keys)
    return home


def _groups(world: World, home: Path) -> dict[str, str]:
    """Pseudonym -> group: what the attacker is after, for those who have one."""
    key = find_home(home).key(make=False)
    names = pseudonymise(world.people["person"].to_list(), key)
    return {name.decode(): sex for name, sex in zip(names, world.people["sex"].to_list(), strict=True) if sex}


def _recovered(entries: list[dict[str, int]], offers: list[int], groups: list[str]) -> float:
    """The best that prices give: of everything that can be computed from an entry's amounts and the public prices,
    the share of people whose group the few exact values of it tell."""
    names = sorted({name for entry in entries for name in entry})
    columns = {name: np.array([entry.get(name, 0) for entry in entries], dtype=np.int64) for name in names}
    public = np.array(offers)
    own, other = columns.pop("o"), columns.pop("ru")
    columns["own place"] = np.where(own >= 0, public[own], 0)
    columns["other place"] = np.where(other >= 0, public[other], 0)
    best = 0.0
    terms = list(columns)
    for width in (1, 2, 3, 4):
        for chosen in itertools.combinations(terms, width):
            for signs in itertools.product((1, -1), repeat=width - 1):
                told = columns[chosen[0]] + sum(
                    (sign * columns[name] for sign, name in zip(signs, chosen[1:], strict=True)),
                    start=np.zeros(len(own), dtype=np.int64),
                )
                best = max(best, _told(told.tolist(), groups))
    return best


def _told(values: list[int], groups: list[str]) -> float:
    """Share of people who are in the commonest group of their value, where the values are few: a cluster each."""
    clusters: dict[int, Counter[str]] = defaultdict(Counter)
    for value, group in zip(values, groups, strict=True):
        clusters[value][group] += 1
    if not 2 <= len(clusters) <= 12:
        return 0.0
    return sum(max(counts.values()) for counts in clusters.values()) / len(groups)


def _clear(told: DecisionFacts) -> dict[str, int]:
    """What an entry would hold without a seal."""
    return {"pr": told.price, "rp": told.runner_up_price, "m": told.margin, "v": told.value, "rv": told.runner_up_value}


def test_prices_do_not_tell_a_group(world, recorded):
    """The attack: ledger bytes and public prices. In the clear it finds everybody; sealed it does no better than
    calling everybody by the larger group's name."""
    run, home = recorded
    place = find_home(home)
    truth = _groups(world, home)
    with assembly.open_ledger(place) as store:
        offers = open_run(store, run.run_id).batches[0]["prices"]["offer"]
        told = list(decisions(store, run.run_id, RunKeyFolder(place.run_keys)))
    told = [fact for fact in told if fact.subject in truth and fact.standing == 2]
    groups = [truth[fact.subject] for fact in told]
    clear = [_clear(fact) | {"o": fact.offer, "ru": fact.runner_up} for fact in told]
    assert _recovered(clear, offers, groups) > 0.95, "the attack works where prices stand in the clear"

    entries = {body["s"]: body for body in map(json.loads, bodies(home))}
    sealed = [entries[fact.subject] for fact in told]
    assert not any(PRICE_KEYS & set(entry) for entry in sealed)
    amounts = [
        {"o": entry.get("o", -1), "ru": entry.get("ru", -1)}
        | {name: value for name, value in entry.items() if isinstance(value, int) and name in {"v", "rv", "p", "sc"}}
        for entry in sealed
    ]
    larger = max(Counter(groups).values()) / len(groups)
    assert _recovered(amounts, offers, groups) <= larger + 0.02


def test_cipher_texts_do_not_tell_a_group(world, recorded):
    """No bit of the sealed parts goes together with the group more than chance does."""
    from base64 import b64decode

    _, home = recorded
    truth = _groups(world, home)
    sealed = [
        (body["x"], truth[body["s"]]) for body in map(json.loads, bodies(home)) if body.get("x") and body["s"] in truth
    ]
    bits = np.unpackbits(np.array([list(b64decode(text)) for text, _ in sealed], dtype=np.uint8), axis=1)
    first = np.array([group for _, group in sealed]) == sealed[0][1]
    gap = np.abs(bits[first].mean(axis=0) - bits[~first].mean(axis=0))
    noise = np.sqrt(0.25 / first.sum() + 0.25 / (~first).sum())
    assert bits.shape[1] == 360
    assert gap.max() < 6 * noise


def test_no_file_but_the_key_tells_a_price_of_a_group(recorded):
    """Ledger, write-ahead log, report, page and list: no total price, margin or price of a group of anybody."""
    run, home = recorded
    place = find_home(home)
    with assembly.open_ledger(place) as store:
        keys = RunKeyFolder(place.run_keys)
        prices = open_run(store, run.run_id, keys).batches[0]["prices"]
        told = [fact for fact in decisions(store, run.run_id, keys) if fact.standing == 2]
    canaries = {abs(price) for row in prices["group"] for price in row} | {prices["by_limit"]["sex-reach"]}
    canaries |= {abs(fact.price) for fact in told} | {abs(fact.runner_up_price) for fact in told}
    canaries = {number for number in canaries - set(prices["offer"]) if number >= 10_000}
    assert len(canaries) >= 3
    seen = {}
    for path in sorted(home.rglob("*")):
        if path.is_file() and path.parent != place.run_keys:
            text = path.read_bytes()
            seen[path.name] = {int(digits) for digits in WHOLE_NUMBER.findall(text)}
            assert not seen[path.name] & canaries, path.name
            assert not [n for n in canaries if f"{n // 1_000_000}.{n % 1_000_000:06d}".encode() in text], path.name
    assert {"report.json", "report.html", "decisions.csv"} <= seen.keys()
    assert set(prices["offer"]) & seen[place.ledger.name], "the check above can fail"


def test_the_key_is_its_owners_and_apart_from_the_ledger(recorded):
    """One key per run, 32 bytes, mode 0600, in a folder of its own that nobody else can open."""
    run, home = recorded
    folder = find_home(home).run_keys
    (key,) = folder.iterdir()
    assert (key.name, key.stat().st_size) == (f"{run.run_id}.key", 32)
    assert key.stat().st_mode & 0o777 == 0o600
    assert folder.stat().st_mode & 0o777 == 0o700
    assert find_home(home).ledger.parent == folder.parent


def _selected(run: eh.Decisions) -> str:
    rows = run.decisions.filter(run.decisions["standing"] == "personalised").drop_nulls("offer")
    return str(rows["decision"][0])


@pytest.mark.parametrize("lang", ["nl", "en"])
def test_with_the_key_the_margin_adds_up_exactly(ran, lang):
    """`why` tells the price in its two parts, and the sum has nothing left over."""
    run, home = ran
    told = eh.why(_selected(run), home=home, lang=lang).to_dict()
    rows = {row["key"]: row for row in told["sum"]}
    for column in ("own_micro", "other_micro"):
        parts = [rows[key][column] for key in ("response", "cost", "places", "groups")]
        assert sum(parts) == rows["left"][column]
    assert (
        rows["left"]["own_micro"] - rows["left"]["other_micro"] == rows["margin"]["own_micro"] == told["margin_micro"]
    )
    assert "sealed" not in {line["key"] for line in told["lines"]}


@pytest.mark.parametrize(("lang", "words"), [("nl", "is verzegeld"), ("en", "is sealed")])
def test_without_the_key_everything_but_the_groups_part_is_explained(ran, lang, words):
    """Same reasons, factors and public price; no total, margin or flip; and a sentence that says so."""
    run, home = ran
    whole = eh.why(_selected(run), home=home, lang=lang).to_dict()
    told = eh.why(_selected(run), home=_keyless(home), lang=lang)
    plain = told.to_dict()
    (said,) = [line["text"] for line in plain["lines"] if line["key"] == "sealed"]
    assert words in said
    assert words in told.to_text()
    assert (plain["price_micro"], plain["margin_micro"]) == (None, None)
    assert [row["key"] for row in plain["sum"]] == ["response", "cost", "places"]
    assert plain["sum"] == whole["sum"][:3]
    for name in ("headline", "factors", "base", "score", "offer", "runner_up", "not_used", "value_micro"):
        assert plain[name] == whole[name]
    hidden = {"price", "groups", "moved", "change", "sealed", "runner-up"}
    kept = [line for line in whole["lines"] if line["key"] not in hidden]
    assert [line for line in plain["lines"] if line["key"] not in hidden] == kept


def test_verify_and_replay_with_and_without_the_key(world, ran):
    """With it all is compared to the bit; without it the rest is, and both say how much was not opened."""
    run, home = ran
    frames = assembly.Frames(world.people, world.shown, world.said)
    sealed = sum(b'"x":' in body for body in bodies(home))
    found = eh.verify_ledger(home=home)
    again = assembly.replay(run.run_id, home=home, frames=frames)
    assert (found.ok, found.unopened, again.same, again.unopened) == (True, 0, True, 0)
    _keyless(home)
    found = eh.verify_ledger(home=home)
    again = assembly.replay(run.run_id, home=home, frames=frames)
    assert (found.ok, found.unopened, again.same, again.unopened) == (True, sealed, True, sealed)
    assert "was not compared" in again.sentence()


def test_the_report_is_the_same_with_and_without_the_key(ran):
    """Written again it is, to the byte, what the run wrote: it never told what is sealed."""
    run, home = ran
    folder = find_home(home).run_folder(run.run_id)
    first = {name: (folder / name).read_bytes() for name in ("report.json", "report.html")}
    for lose in (False, True):
        if lose:
            _keyless(home)
        assembly.rebuild_report(run.run_id, home=home)
        assert {name: (folder / name).read_bytes() for name in first} == first
    assert any(line["key"] == "sealed" for story in run.report["stories"] for line in story["en"]["lines"])


def test_a_copied_ledger_brings_no_key(ran, tmp_path):
    """Ledger, head and key of the head alone: the chain is proven, and no group comes along."""
    _, home = ran
    copy = tmp_path / "copy"
    copy.mkdir()
    for path in home.glob("*.*"):
        shutil.copy(path, copy / path.name)
    found = eh.verify_ledger(home=copy)
    assert found.ok
    assert found.unopened > 0


def test_groups_are_forgotten_for_good(ran):
    """After `forget_groups` the key is gone and the ledger verifies and says so; again there is nothing to do."""
    run, home = ran
    assert assembly.forget_groups("last", home=home, at=AT) == (run.run_id, True)
    assert list(find_home(home).run_keys.iterdir()) == []
    assert len(bodies(home, Kind.GROUPS_FORGOTTEN)) == 1
    found = eh.verify_ledger(home=home)
    assert (found.ok, found.forgotten) == (True, 1)
    assert eh.why(_selected(run), home=home).facts.sealed
    assert assembly.forget_groups("last", home=home, at=AT) == (run.run_id, False)


def test_a_plan_tells_no_price_of_a_group(world, tmp_path, recorded):
    """Nor does what `plan` shows, which nobody recorded."""
    planned = world.plan(home=same_key(recorded[1], tmp_path / "other"))
    assert all(story["en"]["price_micro"] is None for story in planned.report["stories"][:1])


def test_a_blind_run_makes_no_key(world, tmp_path):
    """Cells of a blind limit come from features, so nothing is sealed and there is no folder of keys."""
    blind = [AWARE[0] | {"mode": "blind"}]
    document = world.document | {"limits": {"contacts": {"total": 60}, "disparity": blind}}
    world.but(document=document).run(tmp_path / "home")
    assert not find_home(tmp_path / "home").run_keys.exists()
    assert all(b'"x":' not in body for body in bodies(tmp_path / "home"))
