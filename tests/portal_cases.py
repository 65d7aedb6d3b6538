"""A shop with two offers whose people open their pages: the campaign, what they say, and a server for it."""

from __future__ import annotations

import asyncio
import csv
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from starlette.types import ASGIApp

from evenhand import assembly
from evenhand.adapters.entry.person_links import Links, Scope, UsedInMemory
from evenhand.adapters.entry.used_links import UsedLinks
from evenhand.adapters.stores.database import database_of
from evenhand.adapters.stores.home import Home
from evenhand.adapters.web import person_pages
from evenhand.features import pseudonymise
from evenhand.portal import Ask, Asked, Word

AT = datetime(2026, 3, 1, tzinfo=UTC)
CAMPAIGN = """\
evenhand: 1
campaign: corner-shop
controller: {name: Buurtwinkel, contact: privacy@buurtwinkel.example}
purpose: PersonalisedAdvertising
category: ordinary
channel: web
subjects: {file: people.csv}
history: {file: past.csv, offer: shown}
consents: {file: said.csv}
columns:
  person: {role: identifier}
  responded: {role: outcome}
  visits: {role: feature, origin: observed, meaning: {nl: hoe vaak u in de winkel was, en: how often you came to the shop}}
  days: {role: feature, origin: observed, meaning: {nl: hoe lang geleden u er was, en: how long ago you came}}
  tea_drinker: {role: feature, origin: given, kind: category, meaning: {nl: of u thee drinkt, en: whether you drink tea}}
  big_spender: {role: feature, origin: inferred, meaning: {nl: hoeveel wij denken dat u uitgeeft, en: how much we think you spend}}
  sex: {role: sensitive, meaning: {nl: geslacht, en: sex}}
offers:
  - {id: tea, text: {nl: Korting op thee, en: Money off tea}, value: 5, cost: 0.10, capacity: 90, made_by_ai: true}
  - {id: bread, text: {nl: Gratis brood bij 20 euro, en: Free bread with 20 euros}, value: 4, cost: 0.10, capacity: 120, made_by_ai: false}
limits:
  budget: 14
  disparity:
    - {id: sex-reach, groups: [sex], bound: 0.8}
retention: {decisions: P24M, features: P6M}
seed: 3
"""  # noqa: E501


def name_of(number: int) -> str:
    """A person's own id; a canary that no page may show."""
    return f"canary{number}@mail.example"


def write_corner_shop(folder: Path, *, people: int = 400, seed: int = 5) -> Path:
    """Write the folder; the path of its campaign file. Every seventh person withdrew consent."""
    draw = random.Random(seed)
    now, past, said = [], [], ["subject,kind,purpose,status,at"]
    for number in range(people):
        visits, days, spends = draw.randrange(20), draw.randrange(300), round(draw.random() * 80)
        drinks, sex = draw.choice(["yes", "no"]), draw.choice(["f", "m"])
        row = f"{name_of(number)},{visits},{days},{drinks},{spends},{sex}"
        now.append(row)
        for offer in ("tea", "bread"):
            liking = 0.05 + visits / 50 + (0.3 if drinks == "yes" and offer == "tea" else 0)
            liking += spends / 250 if offer == "bread" else 0
            past.append(f"{row},{offer},{int(draw.random() < liking)}")
        status = "ConsentWithdrawn" if number % 7 == 6 else "ConsentGiven"
        said.append(f"{name_of(number)},consent,PersonalisedAdvertising,{status},2026-01-01")
    head = "person,visits,days,tea_drinker,big_spender,sex"
    folder.mkdir(parents=True, exist_ok=True)
    for name, lines in {"people": [head, *now], "past": [f"{head},shown,responded", *past], "said": said}.items():
        (folder / f"{name}.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (folder / "campaign.yaml").write_text(CAMPAIGN, encoding="utf-8")
    return folder / "campaign.yaml"


@dataclass
class SayingsInTable:
    """What people say, appended to the campaign's consents table. Implements `assembly.Sayings`."""

    table: Path
    said: dict[str, list[Word]] = field(default_factory=dict)
    asked: dict[str, list[Asked]] = field(default_factory=dict)
    notices: list[str] = field(default_factory=list)

    def history(self, who: str) -> Sequence[Word]:
        """What was said on the pages."""
        return self.said.get(who, [])

    def say(self, who: str, words: Sequence[Word], lang: str, notice: str) -> None:
        """Append."""
        self.said.setdefault(who, []).extend(words)
        self.notices.append(notice)
        with self.table.open("a", encoding="utf-8", newline="") as file:
            for one in words:
                out = ("opt_out", "", "OptedOut") if one.kind == "signal" else (one.kind, one.about, one.status)
                csv.writer(file).writerow([who, *out, one.at.replace(tzinfo=None).isoformat()])

    def requests(self, who: str) -> Sequence[Asked]:
        """What was asked."""
        return self.asked.get(who, [])

    def ask(self, who: str, ask: Ask, lang: str, at: datetime) -> None:
        """Keep it, with a month."""
        number = f"R-{sum(map(len, self.asked.values())) + 1}"
        due = date(at.year, at.month, at.day) + timedelta(days=30)
        self.asked.setdefault(who, []).insert(0, Asked(number, ask.right.value, at, due, "received", False))


class Browser:
    """Something that asks the pages, keeps cookies and follows the way it is sent; without a socket."""

    def __init__(self, app: ASGIApp, headers: Mapping[str, str] | None = None) -> None:
        self._client = httpx.AsyncClient(
            transport=httpx.ASGITransport(app=app), base_url="https://shop.example", headers=headers
        )

    def get(self, path: str, **asked: Any) -> httpx.Response:
        """Ask for a page."""
        return asyncio.run(self._client.get(path, follow_redirects=True, **asked))

    def post(self, path: str, *, follow_redirects: bool = True, **sent: Any) -> httpx.Response:
        """Send a form."""
        return asyncio.run(self._client.post(path, follow_redirects=follow_redirects, **sent))


@dataclass
class Shop:
    """The shop after its campaign ran, with its people's pages."""

    campaign: Path
    run: assembly.Ran
    now: datetime = AT + timedelta(days=1)
    address: str = ""
    is_real: bool = False

    @classmethod
    def copied(cls, other: Shop, folder: Path, *, is_real: bool = False) -> Shop:
        """The same shop in a copy of its folder; a real one keeps what people say in its home."""
        return cls(folder / other.campaign.name, other.run, is_real=is_real)

    def __post_init__(self) -> None:
        self.home = Home(self.campaign.parent / self.run.home.name)
        secret = self.home.key(make=False)
        self.sayings = SayingsInTable(self.campaign.with_name("said.csv"))
        self.links = Links(secret)
        self.start()

    def start(self) -> None:
        """Start the pages, or start them anew."""
        sayings = assembly.SayingsInHome(self.home, clock=lambda: self.now) if self.is_real else self.sayings
        once = UsedLinks(lambda: database_of(self.home)) if self.is_real else UsedInMemory()
        tables = assembly.ReadTables(self.home, clock=lambda: self.now) if self.is_real else None
        self.house = assembly.PeopleHouse(self.home, sayings, tables=tables, clock=lambda: self.now)
        self.app = person_pages(self.house, self.links, once, clock=lambda: self.now)

    def who(self, offer: str | None, standing: str = "personalised") -> str:
        """Somebody who got an offer."""
        columns = self.run.columns
        rows = zip(columns["person"], columns["offer"], columns["standing"], strict=True)
        return next(person for person, got, how in rows if got == offer and how == standing)

    def pseudonym(self, person: str) -> str:
        """Under which decisions name somebody."""
        return pseudonymise([person], self.home.key(make=False))[0].decode()

    def decision_of(self, person: str) -> str:
        """Id of the decision about somebody."""
        return str(self.run.columns["decision"][self.run.columns["person"].index(person)])

    def why_link(self, person: str, hours: int = 48) -> str:
        """Path of the page of the decision about somebody."""
        until = self.now + timedelta(hours=hours)
        about = self.decision_of(person)
        return "/why/" + self.links.make(Scope.ONE_DECISION, person, until=until, about=about)

    def me_link(self, person: str, hours: int = 48) -> str:
        """Path of the door to somebody's own pages."""
        return "/in/" + self.links.make(Scope.OWN_PAGES, person, until=self.now + timedelta(hours=hours))

    def decide(self, person: str, at: datetime) -> dict[str, str | None]:
        """Decide about somebody with the prices of the run; what they got."""
        return self.decide_all([person], at)[0]

    def decide_all(self, people: Sequence[str], at: datetime) -> list[dict[str, str | None]]:
        """Likewise about several, together."""
        columns = assembly.decide(self.campaign, people, prices=self.run.run_id, at=at).columns
        return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def open_shop(folder: Path) -> Shop:
    """Write the shop, run its campaign, open its pages."""
    campaign = write_corner_shop(folder)
    return Shop(campaign, assembly.run_campaign(campaign, at=AT))
