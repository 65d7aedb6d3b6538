"""Findings of the plain campaign with changes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from campaign_cases import NOW, changed
from evenhand.policy import PolicyFinding, read_campaign


@pytest.fixture
def findings() -> Callable[..., dict[str, PolicyFinding]]:
    """Findings by id of the plain campaign with changes."""

    def judge(changes: dict[str, Any], at: datetime = NOW) -> dict[str, PolicyFinding]:
        return {item.finding.id: item for item in read_campaign(changed(changes), at=at)[1]}

    return judge
