"""The live service, joined: campaigns opened, the thread that decides, and the application that is asked over HTTP."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import partial
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any

from evenhand import __version__
from evenhand.adapters.declared.campaign_files import LoadedCampaign
from evenhand.adapters.keys.live_keys import LiveSubjectKeys
from evenhand.adapters.keys.machine_keys import MachineKeys
from evenhand.adapters.sealing import SealingProcess, cores
from evenhand.adapters.stores.home import Home, find_home, find_home_that_is
from evenhand.ledger import Sealer
from evenhand.terms import Finding, UsageError

from ..people._table_words import LiveTables
from ..records._ledger import live_keys_of, live_ledger_of
from ..runs._frames import Frames
from ..runs._start import look_around
from ._campaign_opened import CampaignOpener
from ._live import LiveService
from ._live_browsers import BrowsersHeard
from ._live_campaign import LiveCampaign
from ._live_known import stands_in
from ._live_tables import TablesWatch
from ._live_told import LiveTold
from ._register import CampaignRegister
from ._sources import Sources
from ._store_spells import StoreSpells

if TYPE_CHECKING:
    from collections.abc import Iterator

    from evenhand.adapters.web import Limits, ServedCampaign, Service

    from ..people._person_pages import CodesBy

__all__ = ["Serving", "machine_keys", "open_service", "serve", "service_app"]

Step = Callable[[str], None]
_ONCE = b"evenhand-once"


def _silent(_: str) -> None:
    """No progress."""


@dataclass(frozen=True, slots=True)
class Serving:
    """A service that is open.

    Attributes:
        live: decides.
        place: the home.
        notices: what the start found left behind by an earlier one.
        register: its campaigns, as people and machines handle them.
        tables: reads the tables again when they changed.
    """

    live: LiveService
    place: Home
    notices: tuple[str, ...]
    register: CampaignRegister
    tables: TablesWatch


def machine_keys(home: str | Path | None = None) -> MachineKeys:
    """The keys of machines that may call a home's service; see `find_home`."""
    return MachineKeys(find_home(home).machine_keys)


@contextmanager
def open_service(
    campaigns: Sequence[Path | LoadedCampaign],
    *,
    run: str = "last",
    home: str | Path | None = None,
    at: datetime,
    frames: Frames | None = None,
    sources: Path | None = None,
    noticed: Callable[[Finding], None] = lambda _: None,
    troubled: Step = _silent,
    step: Step = _silent,
    sealer: Sealer | None = None,
) -> Iterator[Serving]:
    """Open a service without any web: ask it with `LiveService.ask`.

    Args:
        campaigns: campaign files, or campaigns, of one home; each was run before.
        run: whose prices decide; with several campaigns only ``last``: of each its own last run.
        home: the home folder; see `find_home`.
        at: now.
        frames: data frames to use instead of tables.
        sources: folder with the files that campaigns from the network may name; None = they are not taken.
        noticed: told what a start finds left behind later on.
        troubled: told when nobody can be decided about since a store fails, and when that is over.
        step: told what is being done, also at the end.
        sealer: encodes and encrypts decisions while the next are made; None = nobody else does.

    Raises:
        UsageError: nothing to serve, or one campaign twice.
        PolicyError, DataError, PausedError, StoreError, LedgerError: as `decide_people`.
    """
    if not campaigns and sources is None:
        raise _none_or_twice()
    first = campaigns[0] if campaigns else None
    beside = first if isinstance(first, Path) else first.path if first is not None else None
    if beside is None and sources is not None:
        beside = Path.cwd() / "campaign.yaml"
    place = find_home(home, campaign_file=beside) if home is None or sources is not None else find_home_that_is(home)
    if sources is not None:
        _refuse_no_folder(sources)
        if not place.folder.exists():
            step(f"making the home {place.folder}")
        place.key(make=True)  # a campaign from the network may be the first of its home
    notices = tuple(look_around(place, even_unwritable=True))
    keys = live_keys_of(place)
    heard = LiveTold(place, keys)
    opener = CampaignOpener(place, keys, heard, frames or Frames())
    opened: list[LiveCampaign] = []
    for campaign in campaigns:
        step(f"opening {campaign if isinstance(campaign, Path) else campaign.campaign.campaign}")
        opened.append(opener.open(campaign, run=run, at=at))
    if len({one.campaign.campaign for one in opened}) != len(opened):
        raise _none_or_twice()
    browsers = BrowsersHeard(place, lambda: LiveTables(live.campaigns.values()))
    live = LiveService(
        place,
        opened,
        lambda: live_ledger_of(place, keys),
        noticed=noticed,
        troubled=troubled,
        told=heard,
        browser=browsers,
        sealer=sealer,
    )
    register = CampaignRegister(place, live, opener, Sources(sources, place.folder))
    tables = TablesWatch(lambda: tuple(live.campaigns.values()), noticed)
    try:
        yield Serving(live, place, (*notices, *register.open_started()), register, tables)
    finally:
        tables.close()
        register.close(step)
        live.close(step)
        browsers.close()
        heard.close()
        if isinstance(keys, LiveSubjectKeys):
            keys.close()


def service_app(
    serving: Serving,
    *,
    limits: Limits | None = None,
    routers: Sequence[Any] = (),
    mounts: Mapping[str, Any] | None = None,
    front: str = "",
    told: Step = _silent,
) -> Any:
    """The application (ASGI) of an open service.

    Args:
        serving: the service.
        limits: what one request may be.
        routers: further FastAPI routers.
        mounts: applications (ASGI) by their first address, such as ``{"/my": person_pages(...)}``.
        front: where a browser that asks for ``/`` is led, such as ``/my/how``; "" = nowhere.
        told: told of faults, by their type and place.

    Raises:
        UsageError: the libraries that serve are not installed.
    """
    _refuse_not_installed()
    from evenhand.adapters.web import make_app

    return make_app(_service(serving, limits, routers, mounts, front, told))


def _refuse_not_installed() -> None:
    try:
        from evenhand.adapters.web import make_app  # noqa: F401 - all that serving needs
    except ModuleNotFoundError as error:
        raise UsageError(
            "serve-not-installed",
            f"The library {error.name} is not installed.",
            rule="the service needs libraries that nothing else needs",
            remedy="pip install 'evenhand[serve]'",
        ) from None


def _service(
    serving: Serving,
    limits: Limits | None = None,
    routers: Sequence[Any] = (),
    mounts: Mapping[str, Any] | None = None,
    front: str = "",
    told: Step = _silent,
    root: Any = None,
) -> Service:
    """What `service_app` makes an application of."""
    from evenhand.adapters.web import Limits, Metrics, ServedCampaign, Service, fault_of, well_known_routes

    from ..house._officer import DeskInHome
    from ..people._events import LiveEvents
    from ..people._looks import ReadsInHome
    from ._live_records import LiveRecords
    from ._live_sayings import LiveSayings

    live, secret = serving.live, serving.place.key(make=False)

    def once(who: str, what: bytes) -> bytes:
        return blake2b(who.encode() + b"\0" + what, key=secret, digest_size=32, person=_ONCE).digest()

    def gpc_since() -> date | None:
        days = (one.campaign.controller.gpc_since for one in live.campaigns.values())
        return max((date.fromisoformat(day) for day in days if day is not None), default=None)

    return Service(
        decider=live,
        records=LiveRecords(serving.place),
        events=LiveEvents(serving.place),
        sayings=LiveSayings(
            serving.place,
            [one.campaign for one in live.campaigns.values()],
            LiveTables(live.campaigns.values()),
            stands_in(live),
        ),
        health=live,
        keys=MachineKeys(serving.place.machine_keys),
        campaigns=_Served(live, ServedCampaign.of),
        register=serving.register,
        desk=DeskInHome(serving.place, ReadsInHome(serving.place)),
        once=once,
        version=__version__,
        fault=lambda error: told(fault_of(error)),
        metrics=Metrics(lambda: live.waiting, lambda: serving.tables.stale),
        limits=limits or Limits(),
        routers=(well_known_routes(gpc_since), *routers),
        mounts=mounts or {},
        front=front,
        root=root,
        store=StoreSpells(told),
    )


def serve(
    campaigns: Sequence[Path],
    *,
    run: str = "last",
    home: Path | None = None,
    host: str = "127.0.0.1",
    port: int = 8000,
    pages: str = "",
    sources: Path | None = None,
    codes: CodesBy | None = None,
    staff: str | Path = "",
    is_staff_tried: bool = False,
    is_one_process: bool = False,
    silence: float = 30.0,
    step: Step = _silent,
    told: Callable[[str], None] = _silent,
) -> None:
    """Serve until the process is told to stop (SIGTERM, SIGINT): then what waits is decided and answered first.

    The port is taken before anything is opened, so one that is not to be had is told at once. Where systemd hands
    sockets on, these are listened on instead; and it is told when the service is ready.

    Args:
        campaigns, run, home: as of `open_service`.
        host, port: where to listen.
        pages: first part of the address of the pages of people, such as ``/my``; "" = they are not there.
        sources: as of `open_service`.
        codes: how one-time codes reach people; None = they come in by links alone.
        staff: file that says how staff sign in; "" = their pages are not there.
        is_staff_tried: their pages are there for sample people, on this machine alone.
        is_one_process: one process speaks HTTP and decides; else, where that can be, another one speaks HTTP, and one
            encodes and encrypts what is decided about many people at once.
        silence: seconds without a sign of life after which the process that speaks HTTP is ended, and started again.
        step: told what is being done.
        told: told where it listens, and what was found.

    Raises:
        UsageError, PolicyError: the libraries that serve are not installed; and as `open_service` and `staff_mounts`.
    """
    _refuse_not_installed()
    from evenhand.adapters.web import bound_to, given_sockets, tell_ready

    with ExitStack() as held:
        given = given_sockets()
        sockets = [held.enter_context(one) for one in given or bound_to(host, port)]
        is_one_process = is_one_process or os.name != "posix"
        sealer = None if is_one_process or cores() < 2 else held.enter_context(closing(SealingProcess()))
        serving = held.enter_context(
            open_service(
                campaigns,
                run=run,
                home=home,
                at=datetime.now(UTC),
                sources=sources,
                noticed=lambda one: told(one.what),
                troubled=told,
                step=step,
                sealer=sealer,
            )
        )
        for notice in serving.notices:
            told(f"Found at the start: {notice}")
        from ..people._person_pages import CodesBy, people_beside

        if codes not in (None, CodesBy()) and not pages:
            raise UsageError(
                "codes-without-pages",
                "Codes are to be brought, and the pages that they open are not served.",
                rule="a code opens a person's own pages",
                remedy="add --pages /my",
            )
        from ..house._staff_mounts import staff_mounts

        beside = people_beside(serving, pages, codes, told) if pages else {}
        if staff or is_staff_tried:
            site = f"http://{host}:{port}" if is_staff_tried else ""
            mounts = staff_mounts(serving.place, settings=staff, try_at=site, campaigns=serving.register, told=told)
            beside = {**beside, "mounts": {**beside.get("mounts", {}), **mounts}}
        from evenhand.adapters.web import Behind, make_app, root_pages, run_app, run_two

        root = root_pages(partial(_sender, serving), pages=pages, staff="/staff" if staff or is_staff_tried else "")
        service, again = _service(serving, told=told, root=root, **beside), serving.tables.read_now

        def ready() -> None:
            told(_where(serving, *(given[0].getsockname()[:2] if given else (host, port))))
            tell_ready(lambda: serving.live.still_for, told)

        if is_one_process:
            run_app(make_app(service), host=host, port=port, ready=ready, again=again, sockets=sockets)
        else:
            keys, live = serving.place.machine_keys, serving.live
            run_two(Behind(service, keys, lambda: live.campaigns, told, silence), sockets, ready=ready, again=again)


def _sender(serving: Serving) -> tuple[str, str]:
    """Whose service it is, and where a human answers: of the first campaign that is served."""
    controllers = [one.campaign.controller for one in serving.live.campaigns.values()]
    return (controllers[0].name, controllers[0].contact) if controllers else ("", "")


def _none_or_twice() -> UsageError:
    return UsageError(
        "serve-campaigns",
        "No campaign was named, or one twice.",
        rule="a service decides for one or more different campaigns, or takes them over the network",
        remedy="evenhand serve campaign.yaml, or evenhand serve --sources FOLDER",
    )


def _refuse_no_folder(sources: Path) -> None:
    if not sources.is_dir():
        raise UsageError(
            "serve-sources",
            f"There is no folder {sources}.",
            rule="campaigns from the network name files in a folder that the operator chose",
            remedy="make it, and put the tables there",
        )


class _Served(Mapping[str, "ServedCampaign"]):
    """What answers tell of each campaign that is served now, worked out once for each."""

    def __init__(self, live: LiveService, made: Callable[..., ServedCampaign]) -> None:
        self._live, self._made = live, made
        self._known: dict[str, tuple[LiveCampaign, ServedCampaign]] = {}

    def __getitem__(self, name: str) -> ServedCampaign:
        one = self._live.campaigns[name]
        known = self._known.get(name)
        if known is None or known[0] is not one:
            made = self._made(one.campaign, len(one.people), is_default=name == self._live.default)
            known = self._known[name] = (one, made)
        return known[1]

    def __iter__(self) -> Iterator[str]:
        return iter(self._live.campaigns)

    def __len__(self) -> int:
        return len(self._live.campaigns)


def _where(serving: Serving, host: str, port: int) -> str:
    return (
        f"Serving {', '.join(serving.live.campaigns) or 'no campaign yet'} on http://{host}:{port} (stop with Ctrl-C)"
    )
