"""A service that takes campaigns over the network, on a small shop's tables; asked without a socket."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from evenhand import assembly
from evenhand.assembly import Serving
from patience import soon
from shop_folder import CAMPAIGN, write_shop

YAML = {"content-type": "application/yaml"}
ANY = {"if-match": "*"}
FILE = CAMPAIGN.encode()


def named(name: str, text: str = CAMPAIGN) -> bytes:
    """The shop's campaign under another id."""
    return text.replace("campaign: small-shop", f"campaign: {name}").encode()


def write_tables(folder: Path) -> Path:
    """A folder with the shop's tables, and no campaign."""
    write_shop(folder).unlink()
    return folder


@contextmanager
def taking(folder: Path, *campaigns: Path) -> Iterator[Serving]:
    """A service of the home below this folder, whose operator opened the tables beside it."""
    tables = folder / "data"
    if not tables.exists():
        write_tables(tables)
    at = datetime.now(UTC)
    with assembly.open_service(list(campaigns), home=folder / "home", at=at, sources=tables) as serving:
        yield serving


def start(serving: Any, name: str = "small-shop", *, who: str = "staff-1") -> dict[str, Any]:
    """Start a campaign that came over the network, and wait until it is served, which on a slow machine is after the
    answer to the start; how it stands then."""
    serving.register.start(name, seen="*", who=who, why="agreed")
    assert soon(lambda: (told := serving.register.read(name))["is_served"] and told["state"] != "starting")
    return serving.register.read(name)
