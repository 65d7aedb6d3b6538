"""A small service on a small shop, opened in this process and asked without a socket."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx

from evenhand import assembly
from evenhand.adapters.asking import Answered, Ask, Question
from evenhand.adapters.ledgers.sqlite_ledger import SqliteLedger
from evenhand.adapters.stores.home import find_home
from evenhand.assembly import LiveService, Serving
from evenhand.ledger import Intent, decisions
from patience import WITHIN

CAMPAIGN = "small-shop"


def person(number: int) -> str:
    """A subject of the shop. Every tenth withdrew consent, every 25th from the first on objected."""
    return f"canary{number}@mail.example"


@contextmanager
def opened(folder: Path, **options: Any) -> Iterator[Serving]:
    """The service of a folder in which the campaign ran; options as of `open_service`."""
    with assembly.open_service([folder / "campaign.yaml"], at=datetime.now(UTC), **options) as serving:
        yield serving


def asked(live: LiveService, *asks: Ask | str, key: bytes | None = None, same: str = "") -> Answered:
    """Ask and wait; an error is raised."""
    arrived: list[Answered | BaseException] = []
    there = threading.Event()

    def done(answer: Answered | BaseException) -> None:
        arrived.append(answer)
        there.set()

    people = tuple(one if isinstance(one, Ask) else Ask(one) for one in asks)
    live.ask(Question(CAMPAIGN, people, key, same), done)
    assert there.wait(WITHIN)
    if isinstance(arrived[0], BaseException):
        raise arrived[0]
    return arrived[0]


def offered(folder: Path, run: str) -> list[str]:
    """Ids of the decisions of a run that made an offer, out of a home."""
    with assembly.open_ledger(find_home(folder)) as store:
        return [one.decision_id for one in decisions(store, run) if one.offer >= 0]


RUN = "20260301T120000Z-000001"


def begin_as_a_run(store: SqliteLedger) -> None:
    """Write a ledger as whoever records a whole run: others wait for that ten times as long as for anybody else."""
    store.claim()
    store.intend(Intent(RUN, "2026-03-01T12:00:00+00:00"))


def end_as_a_run(store: SqliteLedger) -> None:
    """Let others write after that, and leave nothing."""
    store.begin()
    store.commit([RUN])
    store.release()


class Web:
    """Calls the application of a service, as a machine with a key.

    Args:
        serving: the service.
        scopes: what the key may do.
        options: of `service_app`.
    """

    def __init__(self, serving: Serving, *scopes: str, rate: int = 0, **options: Any) -> None:
        self.place = serving.place.folder
        keys = assembly.machine_keys(serving.place.folder)
        self.key = keys.make("tests", scopes or ("decide", "read"), at=datetime.now(UTC), rate=rate)
        self.app = assembly.service_app(serving, **options)

    def __call__(
        self, method: str, path: str, json: Any = None, headers: Mapping[str, str] | None = None, **more: Any
    ) -> httpx.Response:
        """One request."""
        own = {"authorization": f"Bearer {self.key}", **(headers or {})}
        return asyncio.run(self._sent(lambda client: client.request(method, path, json=json, headers=own, **more)))

    def together(self, requests: list[tuple[str, dict[str, Any], dict[str, str]]]) -> list[httpx.Response]:
        """Several posts (path, body, headers) at the same time."""

        async def all_of(client: httpx.AsyncClient) -> list[httpx.Response]:
            own = {"authorization": f"Bearer {self.key}"}
            return list(
                await asyncio.gather(
                    *(client.post(path, json=body, headers=own | more) for path, body, more in requests)
                )
            )

        return asyncio.run(self._sent(all_of))

    async def _sent(self, call: Callable[[httpx.AsyncClient], Any]) -> Any:
        transport = httpx.ASGITransport(app=self.app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://service") as client:
            return await call(client)
