"""What groups are guessed from, and what that costs: a section of the report, for a reviewer."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from evenhand import assembly
from evenhand.adapters.stores.home import find_home
from evenhand.ledger import columns
from evenhand.terms import Standing
from shop_folder import AT, evenhand, make_aware, write_shop


def _telling(folder: Path, people: int = 900) -> Path:
    """A shop in which days tell of sex: those of men are halved. The limit on sex has a price."""
    campaign = write_shop(folder, people=people)
    head, *rows = (folder / "people.csv").read_text("utf-8").splitlines()
    told = []
    for row in rows:
        cells = row.split(",")
        cells[2] = str(int(cells[2]) // 2) if cells[3] == "m" else cells[2]
        told.append(",".join(cells))
    (folder / "people.csv").write_text("\n".join([head, *told]) + "\n", "utf-8")
    text = campaign.read_text("utf-8").replace("bound: 0.8", "bound: 0.9").replace("capacity: 60", "capacity: 600")
    campaign.write_text(text.replace("budget: 5", "budget: 12"), "utf-8")
    return campaign


@pytest.fixture(scope="module")
def told(tmp_path_factory) -> Path:
    """Such a shop, run once."""
    folder = _telling(tmp_path_factory.mktemp("telling")).parent
    done = evenhand("run", "campaign.yaml", "--at", AT, cwd=folder)
    assert done.returncode == 0, done.stderr
    return folder


def _folder(shop: Path) -> Path:
    return next((shop / "evenhand-home" / "runs").iterdir())


def test_each_bin_tells_the_mean_price_of_its_people(told):
    """Worked out again from the ledger's codes and the policy: the same micro-money, and no bin of a few people."""
    run = _folder(told)
    policy = assembly.prices_of(run.name, home=told / "evenhand-home")
    with assembly.open_ledger(find_home(told / "evenhand-home")) as store:
        (chunk,) = columns(store, run.name)
    personal = chunk.standing == Standing.PERSONALISED
    codes = [code[personal] for code in chunk.codes]
    price = policy.cell_price()[policy.leaves(codes, ["visits", "days"]) + 1, 0]
    (part,) = json.loads((run / "report.json").read_text())["prices"]["parts"]
    assert part["offers"] == ["tea"]
    assert (part["lowest"], part["highest"]) == (price.min(), price.max())
    for term in part["terms"]:
        own = codes[["visits", "days"].index(term["name"])]
        people = np.bincount(own)
        shown = [code for code in np.unique(own).tolist() if people[code] >= 10]
        assert [one["count"] for one in term["bins"]] == [people[code] for code in shown]
        assert [one["price"] for one in term["bins"]] == [price[own == code].sum() // people[code] for code in shown]


def test_the_feature_that_tells_most_comes_first_and_points_the_right_way(told):
    """Days say who is a woman, so days stand first; whoever has many days, as only women have, pays least."""
    (part,) = json.loads((_folder(told) / "report.json").read_text())["prices"]["parts"]
    days, visits = part["terms"]
    assert (days["name"], visits["name"]) == ("days", "visits")
    few = [one["price"] for one in days["bins"] if (one["label"]["upper"] or 999) <= 100]
    many = [one["price"] for one in days["bins"] if (one["label"]["lower"] or 0) >= 160]
    assert max(many) < 0 < min(few)


def test_the_page_shows_it_in_both_languages(told):
    """One picture for each feature, drawn once and shown in Dutch and English."""
    page = (_folder(told) / "report.html").read_text("utf-8")
    assert "What groups are guessed from, and what that costs" in page
    assert "Waaruit groepen worden geraden, en wat dat kost" in page
    assert page.count('id="price-0-0"') == 1
    assert page.count('href="#price-0-0"') == 2


def test_an_aware_limit_shows_that_its_prices_are_sealed(tmp_path, cli):
    """The section names the limit and tells no price; later people need a new run."""
    folder = make_aware(write_shop(tmp_path / "aware")).parent
    assert cli(folder, "run", "campaign.yaml", "--at", AT).exit_code == 0
    report = json.loads((_folder(folder) / "report.json").read_text())
    assert report["prices"]["secret"] == ["sex-reach"]
    assert report["prices"]["parts"] == []
    assert "can only be decided about in a new run" in (_folder(folder) / "report.html").read_text("utf-8")


def test_a_report_of_an_earlier_version_has_no_such_section(told, tmp_path):
    """The page is made from what the ledger has; what it lacks is left out."""
    from evenhand.reports import render

    copy = shutil.copytree(told, tmp_path / "copy")
    report = json.loads((_folder(copy) / "report.json").read_text())
    del report["prices"]
    assert "guessed from" not in render(report)
