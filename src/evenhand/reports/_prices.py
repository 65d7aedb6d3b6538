"""What membership of groups is guessed from, and what that costs: the mean price of each bin, for a reviewer.

The prices of blind limits stand in a tree over sums of tables (`allocation.PricePolicy`), which nobody can read. What a
reviewer asks is what people with some value pay more or less than others, on average: that is told here, bin by bin.
Prices of aware limits are secret and are not told.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evenhand.allocation import policy_of
from evenhand.policy import Campaign
from evenhand.terms import Explained, Prices, Standing, bin_labels

from ._figures import flat, shape_marks
from ._words import Words

__all__ = ["has_guesses", "prices_of_bins", "prices_view"]

_MICRO = 1_000_000
View = dict[str, Any]


def prices_of_bins(explained: Explained, campaign: Campaign, smallest: int) -> dict[str, Any]:
    """Mean price of each bin under blind limits, micro-money, as plain values; bins of fewer than `smallest` people are
    left out. Offers that cost the same in every leaf stand together."""
    allocated = explained.allocated
    model = allocated.scored.minimised.model
    policy = policy_of(_plain(allocated.prices), campaign, model=model.digest, campaign_digest="", run="")
    offer_price = dict(zip(policy.offers, policy.offer_price, strict=True))
    standing = allocated.scored.minimised.permitted.standing
    people = np.flatnonzero(standing == Standing.PERSONALISED)
    codes = tuple(code[..., people] for code in allocated.scored.minimised.codes)
    table = policy.cell_price()
    parts = []
    if table[1:].any() and len(people):
        names = [binning.name for binning in model.view.binnings]
        cell = policy.cells(codes, names, standing[people])
        used = {column.term for column in policy.columns}
        for offers in _alike(table):
            price = table[cell, offers[0]]
            terms: list[dict[str, Any]] = []
            for t, binning in enumerate(model.view.binnings):
                if binning.name in used:
                    own = codes[t] if codes[t].ndim == 1 else np.concatenate([codes[t][j] for j in offers])
                    paid = price if codes[t].ndim == 1 else np.tile(price, len(offers))
                    bins = _bins(own, paid, [asdict(label) for label in bin_labels(binning)], smallest)
                    if bins:
                        terms.append({"name": binning.name, "bins": bins})
            terms.sort(key=lambda term: -_spread(term["bins"]))
            lowest, highest = int(price.min()), int(price.max())
            names_of = [policy.offers[j] for j in offers]
            parts.append({"offers": names_of, "lowest": lowest, "highest": highest, "terms": terms})
    return {"offers": offer_price, "parts": parts, "secret": list(policy.secret), "leaves": len(policy.leaf_price)}


def _plain(prices: Prices) -> dict[str, Any]:
    """The prices of a run; where contacts have their own, what a person's first offer costs with it."""
    plain = prices.to_dict()
    if "contact" in plain:
        plain["offer"] = [price + prices.contact for price in plain["offer"]]
        plain["group"] = (prices.group + prices.group_contact[:, None]).tolist()
    return {name: plain[name] for name in ("offer", "group", "by_limit", "cell_tables")}


def _alike(table: NDArray[np.int64]) -> list[list[int]]:
    """Offers with the same price in every cell, together."""
    alike: dict[bytes, list[int]] = {}
    for offer in range(table.shape[1]):
        alike.setdefault(table[:, offer].tobytes(), []).append(offer)
    return list(alike.values())


def _bins(
    codes: NDArray[np.uint8], price: NDArray[np.int64], labels: list[dict[str, Any]], smallest: int
) -> list[dict[str, Any]]:
    count = np.bincount(codes, minlength=len(labels))
    total = np.zeros(len(labels), dtype=np.int64)
    np.add.at(total, codes, price)
    return [
        {"label": label, "price": int(total[code] // count[code]), "count": int(count[code])}
        for code, label in enumerate(labels)
        if count[code] >= smallest
    ]


def _spread(bins: list[dict[str, Any]]) -> float:
    """Standard deviation of the mean prices over people: how much a feature tells."""
    count = np.array([one["count"] for one in bins], dtype=np.float64)
    price = np.array([one["price"] for one in bins], dtype=np.float64)
    mean = float(price @ count) / max(1.0, float(count.sum()))
    return float(np.sqrt((price - mean) ** 2 @ count / max(1.0, float(count.sum()))))


def prices_view(report: Mapping[str, Any], words: Words) -> View | None:
    """Shapes of money by bin, feature by feature; None where the report has none or there is nothing to tell."""
    prices = report.get("prices")
    if not prices or not (prices["parts"] or prices["secret"]):
        return None
    meanings = {term["name"]: term["meaning"][words.lang] for term in report["model"]["terms"]}
    texts = {offer["id"]: offer["text"][words.lang] for offer in report["offers"]}
    parts = [
        {
            "title": "" if len(prices["parts"]) == 1 else ", ".join(texts[name] for name in part["offers"]),
            "say": words.t("prices.say", lowest=words.money(part["lowest"]), highest=words.money(part["highest"])),
            "shapes": [_shape(number, place, part, term, meanings, words) for place, term in enumerate(part["terms"])],
        }
        for number, part in enumerate(prices["parts"])
    ]
    return {"parts": parts, "secret": ", ".join(prices["secret"])}


def _shape(
    part: int, place: int, whole: Mapping[str, Any], term: Mapping[str, Any], meanings: Mapping[str, str], words: Words
) -> View:
    half = max(abs(whole["lowest"]), abs(whole["highest"]), 1) / _MICRO
    bins = [
        {
            "label": one["label"],
            "count": one["count"],
            **dict.fromkeys(("effect", "lower", "upper"), one["price"] / _MICRO),
        }
        for one in term["bins"]
    ]
    steps = [one for one in bins if one["label"]["kind"] == "range"]
    lowest, highest = (words.money(pick(one["price"] for one in term["bins"])) for pick in (min, max))
    meaning = meanings[term["name"]]
    return {
        "id": f"price-{part}-{place}",
        "meaning": meaning,
        "marks": shape_marks(bins, half),
        "flat": flat(bins),
        "low": words.bin(steps[0]["label"]) if steps else "",
        "high": words.bin(steps[-1]["label"]) if len(steps) > 1 else "",
        "lowest": lowest,
        "highest": highest,
        "desc": words.t("prices.shape-desc", meaning=meaning, lowest=lowest, highest=highest),
        "rows": [
            (words.bin(one["label"]), words.exact(one["price"]), words.people(one["count"])) for one in term["bins"]
        ],
    }


def has_guesses(report: Mapping[str, Any]) -> bool:
    """Whether groups had to be guessed, so that the certificate holds among rules that guess them alike."""
    declared = any(one["mode"] == "blind" for one in report["campaign"]["disparity_limits"])
    return bool(report["certificate"].get("guesses", declared))
