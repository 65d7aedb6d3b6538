"""A console on a small shop whose campaign runs, with a draft beside it; and browsers of people who work there."""

from __future__ import annotations

from collections.abc import Collection, Iterator

import pytest

from campaigns_cases import CAMPAIGN, named, start, taking
from evenhand.adapters.web import console_pages
from evenhand.reports import monitor_streams
from evenhand.staff import StaffRole
from staff_cases import StaffBrowser, a_door

FILE = (
    CAMPAIGN.replace("  sex:", "  age: {role: feature, meaning: {nl: leeftijd, en: age}}\n  sex:")
    .replace("retention:", "monitor: [{id: offered, watch: selection, groups: [sex], on_alarm: notify}]\nretention:")
    .encode()
)


class Console:
    """The console of a service.

    Attributes:
        register: its campaigns.
    """

    def __init__(self, serving) -> None:
        self.register = serving.register
        self.folder = serving.place.folder
        self.door = a_door()
        self.app = console_pages(self.door, serving.register, monitor_streams)

    def of(self, *roles: StaffRole) -> StaffBrowser:
        """The browser of somebody with these roles; asked below ``/console``."""
        return _Below(self.app, self.door, roles)

    def other(self, *roles: StaffRole) -> StaffBrowser:
        """The browser of somebody else."""
        return _Below(self.app, self.door, roles, "u-18")


class _Below(StaffBrowser):
    def __init__(self, app, door, roles: Collection[StaffRole], who: str = "u-17") -> None:
        async def mounted(scope, receive, send) -> None:
            await app({**scope, "root_path": "/console"}, receive, send)

        super().__init__(mounted, door, roles, who=who)


def write_people(folder) -> None:
    """Give everybody an age."""
    lines = (folder / "people.csv").read_text("utf-8").splitlines()
    more = [f"{lines[0]},age", *(f"{line},{20 + place % 50}" for place, line in enumerate(lines[1:]))]
    (folder / "people.csv").write_text("\n".join(more) + "\n", encoding="utf-8")


@pytest.fixture(scope="session")
def console(tmp_path_factory) -> Iterator[Console]:
    """A campaign that was started and one that was not; tests that change something bring their own."""
    from campaigns_cases import write_tables

    folder = tmp_path_factory.mktemp("console")
    write_people(write_tables(folder / "data"))
    with taking(folder) as serving:
        made = Console(serving)
        made.register.upload(FILE, who="staff-1", why="<b>spring</b>")
        start(made)
        made.register.upload(named("draft", FILE.decode()), who="staff-1", why="")
        asking = FILE.decode().replace("retention:", "review: {by: [reviewer]}\nretention:", 1)
        made.register.upload(named("in-review", asking), who="staff-1", why="")
        more = {"seen": "*", "by": "staff-1", "reviewers": ["Rosa Review"], "note": "age left out"}
        made.register.send_for_review("in-review", **more)
        yield made
