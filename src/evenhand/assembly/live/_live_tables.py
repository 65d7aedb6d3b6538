"""Tables of a service, read again when they changed: whole, beside the service, and taken over between two groups.

A file that changed is read when two looks in a row find it alike, and what was read counts when it is still alike
after: so half a file is never used. All tables of a campaign are read together. Where that fails the service goes on
with what it read last, says so, and tries again when they change once more. What people say through the service or by
a command never waits for this: it counts with the next decision.

A table of a server cannot be seen changing; `TablesWatch.read_now` (SIGHUP) reads whatever it is.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from evenhand.terms import DataError, EvenhandError, Finding, Severity, number_of

from ._live_campaign import LiveCampaign
from ._tables_seen import Seen

__all__ = ["TablesWatch"]


@dataclass(slots=True)
class _Watched:
    """One campaign: as its tables were when they were read, when they were looked at last, and when they could not be
    read."""

    campaign: LiveCampaign
    read: Seen
    before: Seen | None = None
    failed: Seen | None = None


class TablesWatch:
    """Looks after the tables of campaigns, in a thread of its own. Close it, or use a ``with``.

    Args:
        campaigns: gives what is served now.
        noticed: told what was read again, and what could not be.
        every: seconds between two looks.
    """

    def __init__(
        self,
        campaigns: Callable[[], Iterable[LiveCampaign]],
        noticed: Callable[[Finding], None],
        every: float = 1.0,
    ) -> None:
        self._campaigns = campaigns
        self._watched: list[_Watched] = []
        self._noticed, self._every = noticed, every
        self._asked, self._is_over = threading.Event(), False
        self._thread = threading.Thread(target=self._work, name="evenhand-tables", daemon=True)
        self._thread.start()

    def __enter__(self) -> TablesWatch:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def stale(self) -> int:
        """Campaigns whose tables changed and could not be read."""
        return sum(one.failed is not None for one in self._watched)

    def read_now(self) -> None:
        """Read all tables again, changed or not; returns at once."""
        self._asked.set()

    def close(self) -> None:
        """Stop looking."""
        self._is_over = True
        self._asked.set()
        self._thread.join()

    def _work(self) -> None:
        while True:
            is_asked = self._asked.wait(self._every)
            if self._is_over:
                return
            self._asked.clear()
            known = {id(one.campaign): one for one in self._watched}
            self._watched = [known.get(id(one)) or _Watched(one, one.tables_read) for one in self._campaigns()]
            for one in self._watched:
                self._look(one, is_asked=is_asked)

    def _look(self, one: _Watched, *, is_asked: bool) -> None:
        now = one.campaign.tables_now()
        if not is_asked:
            before, one.before = one.before, now
            if now in (one.read, one.failed) or now != before:
                return
        name = one.campaign.campaign.campaign
        try:
            people = one.campaign.read_again()
        except Exception as error:  # whatever it is, what was read before stands
            one.failed = now
            self._noticed(_unread(name, error.code if isinstance(error, EvenhandError) else type(error).__name__))
            return
        if one.campaign.tables_now() != now:
            return  # somebody wrote meanwhile; the next looks see it
        one.campaign.people = people
        one.read, one.failed = now, None
        self._noticed(
            Finding(
                "EH-POL-140",
                Severity.NOTE,
                f"The tables of {name} were read again: {number_of(len(people), 'person', 'people')}.",
                "what is decided about is what the tables say",
                "nothing",
                subject_matter=name,
            )
        )
        if people.lost is not None:
            self._noticed(_lost(name, people.lost))


def _lost(name: str, error: DataError) -> Finding:
    """What keeps a start from deciding is said of tables that changed: the noes that they bring hold at once, and none
    of them waits for the one that is written wrong."""
    return Finding("EH-POL-142", Severity.ERROR, f"{name}: {error.what}", error.rule, error.remedy, subject_matter=name)


def _unread(name: str, code: str) -> Finding:
    return Finding(
        "EH-POL-141",
        Severity.WARNING,
        f"The tables of {name} changed and cannot be read ({code}); decisions go on by what was read before.",
        "tables are taken over whole or not at all",
        "Run `evenhand check` on the campaign file, and write the tables again: beside the old ones, then renamed.",
        subject_matter=name,
    )
