"""The desk of a home with a campaign that ran, and an officer's browser in front of it; no socket."""

from __future__ import annotations

import shutil
from datetime import timedelta
from pathlib import Path

import pytest

from evenhand import assembly
from evenhand.adapters.web import officer_pages
from evenhand.staff import StaffRole
from portal_cases import AT, Shop, open_shop
from staff_cases import StaffBrowser, a_door


class Desk:
    """An officer's desk: its home, its pages, and a clock that a test turns."""

    def __init__(self, shop: Shop) -> None:
        self.shop, self.now = shop, AT + timedelta(days=1)
        self.home = shop.home.folder
        self.door = a_door(clock=lambda: self.now)
        self.reads = assembly.ReadsInHome(shop.home)
        desk = assembly.DeskInHome(shop.home, self.reads, lambda: self.now)
        self.app = officer_pages(self.door, desk)
        mount = self.app

        async def mounted(scope, receive, send):
            await mount({**scope, "root_path": "/officer"}, receive, send)

        self.app = mounted

    def browser(self, *roles: StaffRole) -> StaffBrowser:
        """A browser of somebody with these roles."""
        return StaffBrowser(self.app, self.door, roles)

    @property
    def officer(self) -> StaffBrowser:
        """A privacy officer's."""
        return self.browser(StaffRole.PRIVACY_OFFICER)

    def ask(self, kind: str, **more) -> tuple[str, str]:
        """Somebody asks something: number of the request, and their own id."""
        who = more.pop("who", None) or self.shop.who("tea")
        return assembly.ask(who, kind, home=self.home, at=self.now, lang="en", **more).request.number, who

    def found(self, number: str) -> assembly.Found:
        """The request as it stands."""
        return assembly.find_request(number, home=self.home)

    def looks(self) -> list[tuple[str, str]]:
        """What was read, and about what."""
        return [(one.kind.value, one.about) for one in self.reads.reads()]


@pytest.fixture(scope="session")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """A shop that nobody may change."""
    return open_shop(tmp_path_factory.mktemp("officer-shop"))


@pytest.fixture
def desk(ran: Shop, tmp_path: Path) -> Desk:
    """A desk of one's own."""
    folder = Path(shutil.copytree(ran.campaign.parent, tmp_path / "shop"))
    return Desk(Shop.copied(ran, folder, is_real=True))
