"""A campaign that ran twice, with joint terms, some people refused and some contextual; and receipts out of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from evenhand import assembly
from shop_folder import same_key, write_shop

AT = datetime(2026, 3, 1, tzinfo=UTC)
PEOPLE = {
    "personalised": "canary2@mail.example",
    "withdrawn": "canary10@mail.example",
    "objected": "canary1@mail.example",
}


def _jointly(row: str) -> str:
    """The row of somebody who responds by visits and days together: either is high, not both."""
    person, visits, days, sex, _, notes = row.split(",")
    return ",".join([person, visits, days, sex, str(int((int(visits) > 9) != (int(days) > 150))), notes])


@pytest.fixture(scope="session")
def shop_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The home of a shop whose campaign ran twice."""
    campaign = same_key(write_shop(tmp_path_factory.mktemp("receipts")))
    people = campaign.with_name("people.csv")
    head, *rows = people.read_text("utf-8").splitlines()
    people.write_text("\n".join([head, *map(_jointly, rows)]) + "\n", encoding="utf-8")
    campaign.write_text(campaign.read_text("utf-8") + "model: {pairs: 1}\n", encoding="utf-8")
    for _ in range(2):
        assembly.run_campaign(campaign, at=AT)
    return campaign.parent / "evenhand-home"


@pytest.fixture(scope="session")
def give(shop_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., dict[str, Any]]:
    """Give somebody a receipt, as its values: ``give("personalised")``."""
    folder = tmp_path_factory.mktemp("given")

    def given(kind: str, *, brief: bool = False) -> dict[str, Any]:
        path = folder / f"{kind}{brief}.json"
        if not path.exists():
            assembly.give_receipt(PEOPLE[kind], path, home=shop_home, brief=brief)
        found: dict[str, Any] = json.loads(path.read_text("utf-8"))
        return found

    return given
