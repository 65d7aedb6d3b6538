"""The demonstration to click through: its campaign on the web shop, the service, people's pages, and a shop to try."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from evenhand.terms import StoreError, UsageError

from ..live._serve import open_service, service_app
from ..people._person_pages import cards_of, people_beside, person_link
from ..people._table_words import LiveTables
from ..runs._run import Ran, run_campaign
from ._staff_mounts import staff_mounts

if TYPE_CHECKING:
    from evenhand.adapters.web import Sample

__all__ = ["ToTry", "check_can_serve", "open_to_try"]

_HOST, _PAGES, _TRY = "127.0.0.1", "/my", "/try"
_PORTS = 10
_EACH = 2
"""So many people whose data may be used, with different offers."""
Step = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class ToTry:
    """Where the demonstration can be clicked through.

    Attributes:
        start: the page to begin with.
        shop: the shop as the first of its people sees it.
        own_page: the way to that person's own page.
        how: how it works, in plain words.
        staff: what staff see, for whoever chooses a role.
        openapi: what programs can ask.
    """

    start: str
    shop: str
    own_page: str
    how: str
    staff: str
    openapi: str


def check_can_serve() -> None:
    """Find out whether pages can be served, before anything takes long.

    Raises:
        UsageError: a library is missing.
    """
    try:
        from evenhand.adapters.web import make_app  # noqa: F401 - all that serving needs
    except ModuleNotFoundError as error:
        raise UsageError(
            "serve-not-installed",
            f"The library {error.name} is not installed.",
            rule="pages need libraries that nothing else needs",
            remedy="pip install 'evenhand[serve]'",
        ) from None


def open_to_try(
    campaign: Path,
    *,
    port: int = 8000,
    step: Step = lambda _: None,
    told: Step = lambda _: None,
    ready: Callable[[ToTry], None],
) -> None:
    """Run a campaign, and serve it to this machine alone until Ctrl-C, with people to look as.

    Args:
        campaign: a campaign file of which anybody may see everything, such as ``shop.yaml`` of the demonstration.
        port: where to listen; where it is taken, the next one that is not.
        step: told what is being done.
        told: told of faults.
        ready: told where it stands, as soon as it does.

    Raises:
        EvenhandError: as `run_campaign` and `open_service`.
        StoreError: none of ten ports is free.
    """
    check_can_serve()
    ran = run_campaign(campaign, at=datetime.now(UTC), step=step)
    tables = campaign.resolve().parent
    with open_service([campaign], home=ran.home, at=datetime.now(UTC), sources=tables, step=step) as serving:
        from evenhand.adapters.web import TryShop, run_app, try_pages

        people = _samples(ran)

        def own_page(who: str) -> str:
            return _PAGES + person_link(who, home=serving.place.folder, at=datetime.now(UTC), days=1)

        (live,) = serving.live.campaigns.values()
        shop = TryShop(
            decider=serving.live,
            campaign=live.campaign,
            people=people,
            cards=cards_of(serving.place, _PAGES, LiveTables([live])),
            own_pages=own_page,
            pages=_PAGES,
            report=lambda: (ran.folder / "report.html").read_text("utf-8"),
        )
        beside = people_beside(serving, _PAGES)
        mounts: dict[str, Any] = beside["mounts"] | {_TRY: try_pages(shop)}
        *others, last = range(port, min(port + _PORTS, 65_536))
        for one in (*others, last):
            site = f"http://{_HOST}:{one}"
            there = partial(ready, _places(site, people))
            all_mounts = mounts | staff_mounts(serving.place, try_at=site, campaigns=serving.register, told=told)
            app = service_app(serving, mounts=all_mounts, routers=beside["routers"], front=f"{_TRY}/", told=told)
            try:
                run_app(app, host=_HOST, port=one, ready=there)
                return
            except StoreError as error:
                if error.code != "serve-port" or one == last:
                    raise


def _places(address: str, people: tuple[Sample, ...]) -> ToTry:
    first = f"{people[0].who}" if people else ""
    return ToTry(
        start=f"{address}{_TRY}/",
        shop=f"{address}{_TRY}/shop/{first}",
        own_page=f"{address}{_TRY}/me/{first}" if first else "",
        how=f"{address}{_PAGES}/how",
        staff=f"{address}/staff/",
        openapi=f"{address}/openapi.json",
    )


def _samples(ran: Ran) -> tuple[Sample, ...]:
    """People who differ in what is allowed with their data and in what they got; personal offers first."""
    from evenhand.adapters.web import Sample

    id_column = next(iter(ran.columns))
    chosen: dict[tuple[str, str], Sample] = {}
    for who, offer, standing, permission in zip(
        *(ran.columns[name] for name in (id_column, "offer", "standing", "permission")), strict=True
    ):
        is_personal = standing == "personalised"
        kind = (permission, offer or "") if is_personal else (permission, "")
        same = sum(key[0] == permission for key in chosen)
        if kind not in chosen and same < (_EACH + 1 if is_personal else 1):
            chosen[kind] = Sample(str(who), permission, offer or "")
    first = sorted(chosen.values(), key=lambda one: (one.permission != "consent-valid", not one.offer))
    return tuple(first[:8])
