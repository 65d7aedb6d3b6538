"""The prices of a run as an artefact: all that is needed to decide about a later person by the same rule.

Nothing of it is about a person or a group. Under blind limits a person's price follows from their bin codes alone:
integer tables say in which few directions each code leans, a tree of comparisons turns the sums into a leaf, and every
leaf has a price per offer. Prices of aware limits are secret (docs/decisions/0009), so such a policy has none of them
and decides about nobody.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evenhand.policy import Campaign
from evenhand.terms import DataError, Model, Standing

__all__ = ["LeanColumn", "PricePolicy", "PriceTree", "check_policy", "policy_of"]


@dataclass(frozen=True, slots=True)
class LeanColumn:
    """What one feature's codes tell, in each direction in which groups differ.

    Attributes:
        term: the feature.
        offer: index of the offer whose code it is, of a per-offer feature; else -1.
        tables: per direction, micro-shares by bin code.
    """

    term: str
    offer: int
    tables: tuple[tuple[int, ...], ...]


@dataclass(frozen=True, slots=True)
class PriceTree:
    """The tree of a policy as arrays. Made by `PricePolicy.tree`.

    Attributes:
        directions: number of directions in which groups differ.
        columns: term, offer (or -1) and int64[directions, codes] of each `LeanColumn`.
        split_on, split_at: see `PricePolicy`.
    """

    directions: int
    columns: tuple[tuple[str, int, NDArray[np.int64]], ...]
    split_on: NDArray[np.intp]
    split_at: NDArray[np.int64]

    def leaves(self, codes: Sequence[NDArray[np.uint8]], terms: Sequence[str]) -> NDArray[np.intp]:
        """intp[n], the leaf that everybody's codes lead to.

        Args:
            codes: per term uint8[n], or [m, n] for a per-offer feature.
            terms: the name of each.
        """
        people = codes[0].shape[-1] if codes else 0
        place = {name: at for at, name in enumerate(terms)}
        total = np.zeros((self.directions, people), dtype=np.int64)
        for term, offer, tables in self.columns:
            code = codes[place[term]]
            total += tables.take(code if offer < 0 else code[offer], axis=1)
        node, everyone = np.zeros(people, dtype=np.intp), np.arange(people)
        for _ in range((len(self.split_on) + 1).bit_length() - 1):
            node = 2 * node + 1 + (total[self.split_on[node], everyone] > self.split_at[node])
        return node - len(self.split_on)


@dataclass(frozen=True, slots=True)
class PricePolicy:
    """How a run decided, for whoever comes later: take the offer with the highest ``value - price`` above zero.

    Attributes:
        run: the run whose prices these are.
        campaign: SHA-256 (hex) of the campaign's canonical text, as the ledger has it.
        model: digest of the model.
        offers: offer ids, in the campaign's order.
        seed: ties fall by a draw from this and the person's pseudonym.
        offer_price: micro-money per offer: what budget, contacts and capacity cost whoever takes it.
        limit_price: price of each limit by its id, see `terms.Prices.by_limit`; for people to read.
        columns: what the codes tell of groups that blind limits compare; () where no limit is blind.
        split_on: direction that each node of the tree compares; node k has the children 2k + 1 and 2k + 2.
        split_at: whoever's sum is at most this goes to the first child.
        leaf_price: per leaf, micro-money per offer, on top of `offer_price`; () where no limit is blind.
        secret: aware limits, whose prices are not here.
    """

    run: str
    campaign: str
    model: str
    offers: tuple[str, ...]
    seed: int
    offer_price: tuple[int, ...]
    limit_price: Mapping[str, int]
    columns: tuple[LeanColumn, ...] = ()
    split_on: tuple[int, ...] = ()
    split_at: tuple[int, ...] = ()
    leaf_price: tuple[tuple[int, ...], ...] = ()
    secret: tuple[str, ...] = ()

    @property
    def digest(self) -> str:
        """SHA-256 (hex) of the canonical JSON of everything in it."""
        text = json.dumps(self._content(), sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
        return hashlib.sha256(text.encode()).hexdigest()

    @property
    def directions(self) -> int:
        """Number of directions in which groups differ."""
        return len(self.columns[0].tables) if self.columns else 0

    def _content(self) -> dict[str, Any]:
        return {
            "run": self.run,
            "campaign": self.campaign,
            "model": self.model,
            "offers": list(self.offers),
            "seed": self.seed,
            "offer_price": list(self.offer_price),
            "limit_price": dict(self.limit_price),
            "columns": [
                {"term": one.term, "offer": one.offer, "tables": [list(table) for table in one.tables]}
                for one in self.columns
            ],
            "split_on": list(self.split_on),
            "split_at": list(self.split_at),
            "leaf_price": [list(price) for price in self.leaf_price],
            "secret": list(self.secret),
        }

    def leaves(self, codes: Sequence[NDArray[np.uint8]], terms: Sequence[str]) -> NDArray[np.intp]:
        """intp[n], the leaf that everybody's codes lead to; see `PriceTree.leaves`."""
        return self.tree().leaves(codes, terms)

    def tree(self) -> PriceTree:
        """The tree as arrays, for many small batches."""
        columns = tuple((column.term, column.offer, np.array(column.tables, dtype=np.int64)) for column in self.columns)
        split_on, split_at = np.array(self.split_on, dtype=np.intp), np.array(self.split_at, dtype=np.int64)
        return PriceTree(max(1, self.directions), columns, split_on, split_at)

    def cells(
        self,
        codes: Sequence[NDArray[np.uint8]],
        terms: Sequence[str],
        standing: NDArray[np.uint8],
        tree: PriceTree | None = None,
    ) -> NDArray[np.intp]:
        """intp[n], row of `cell_price`: 0 without personal data (and where no limit is blind), else the leaf + 1. With
        `tree` it is not made anew."""
        cell = np.zeros(len(standing), dtype=np.intp)
        if self.leaf_price:
            rows = np.flatnonzero(standing == Standing.PERSONALISED)
            cell[rows] = (
                (tree or self.tree()).leaves([code[..., rows] for code in codes], terms) + 1 if len(codes) else 1
            )
        return cell

    def cell_price(self) -> NDArray[np.int64]:
        """int64[cells, m], see `cells`."""
        none = [[0] * len(self.offers)]
        return np.array(none + [list(price) for price in self.leaf_price], dtype=np.int64)

    def price_table(self) -> NDArray[np.int64]:
        """int64[cells, m], all that is paid: `offer_price` and `cell_price` together."""
        return np.array(self.offer_price, dtype=np.int64) + self.cell_price()

    def plain_prices(self) -> dict[str, Any]:
        """The fields of `terms.Prices` as plain values, so that whatever reads a batch's prices reads these."""
        tables: dict[str, Any] = {}
        if self.leaf_price:
            content = self._content()
            recipe = {"dimension": content["split_on"], "threshold": content["split_at"]}
            tables["blind"] = {"columns": content["columns"], **recipe}
            tables["cells"] = [[0, leaf] for leaf in range(len(self.leaf_price) + 1)]
        return {
            "offer": list(self.offer_price),
            "group": self.cell_price().tolist(),
            "by_limit": dict(self.limit_price),
            "cell_tables": tables,
        }

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON, closed with the digest."""
        return {"schema_version": 1, "kind": "price-policy", **self._content(), "digest": self.digest}


def policy_of(
    prices: Mapping[str, Any], campaign: Campaign, *, model: str, campaign_digest: str, run: str
) -> PricePolicy:
    """The policy of a run's prices; the same from the batch in memory and from the ledger.

    A leaf that nobody of the run was in gets the mean price of the nearest leaves that somebody was in.

    Args:
        prices: the fields of `terms.Prices` as plain values; of a run with an aware limit the public ones are enough.
        campaign: as recorded.
        model: the model's digest.
        campaign_digest: SHA-256 (hex) of the campaign as recorded.
        run: the run's id.
    """
    secret = campaign.aware_limits
    tables = prices["cell_tables"]
    recipe = None if secret else tables.get("blind")
    columns: tuple[LeanColumn, ...] = ()
    split_on: tuple[int, ...] = ()
    split_at: tuple[int, ...] = ()
    leaf_price: tuple[tuple[int, ...], ...] = ()
    if recipe is not None:
        columns = tuple(
            LeanColumn(one["term"], int(one["offer"]), tuple(tuple(map(int, table)) for table in one["tables"]))
            for one in recipe["columns"]
        )
        split_on, split_at = tuple(map(int, recipe["dimension"])), tuple(map(int, recipe["threshold"]))
        known = {int(leaf) - 1: tuple(map(int, prices["group"][cell])) for cell, (_, leaf) in enumerate(tables["cells"])
                 if leaf > 0}  # fmt: skip
        leaf_price = _all_leaves(known, len(split_on) + 1, len(campaign.offers))
    return PricePolicy(
        run=run,
        campaign=campaign_digest,
        model=model,
        offers=tuple(offer.id for offer in campaign.offers),
        seed=campaign.seed,
        offer_price=tuple(map(int, prices["offer"])),
        limit_price={name: int(price) for name, price in prices["by_limit"].items() if name not in secret},
        columns=columns,
        split_on=split_on,
        split_at=split_at,
        leaf_price=leaf_price,
        secret=secret,
    )


def _all_leaves(known: Mapping[int, tuple[int, ...]], leaves: int, offers: int) -> tuple[tuple[int, ...], ...]:
    """A price for every leaf: its own, or the mean under the nearest ancestor that has any (rounded down)."""
    nodes = 2 * leaves - 1
    total = [[0] * offers for _ in range(nodes)]
    count = [0] * nodes
    for leaf, price in known.items():
        total[leaves - 1 + leaf], count[leaves - 1 + leaf] = list(price), 1
    for node in range(leaves - 2, -1, -1):
        left, right = 2 * node + 1, 2 * node + 2
        count[node] = count[left] + count[right]
        total[node] = [a + b for a, b in zip(total[left], total[right], strict=True)]
    prices = []
    for leaf in range(leaves):
        node = leaves - 1 + leaf
        while not count[node] and node:
            node = (node - 1) // 2
        prices.append(tuple(amount // max(1, count[node]) for amount in total[node]))
    return tuple(prices)


def check_policy(policy: PricePolicy, campaign: Campaign, campaign_digest: str, model: Model) -> None:
    """Whether a later person of this campaign may be decided about with these prices and this model.

    Raises:
        DataError: ``policy-offers``, ``policy-other-campaign``, ``policy-other-model``, ``policy-secret`` or
            ``policy-responses``.
    """
    offers = tuple(offer.id for offer in campaign.offers)
    if policy.offers != offers:
        gone = [name for name in policy.offers if name not in offers]
        new = [name for name in offers if name not in policy.offers]
        words = [f"{', '.join(gone)} of the run's offers is gone"] if gone else []
        words += [f"{', '.join(new)} is new"] if new else []
        raise DataError(
            "policy-offers",
            "The campaign has other offers than the run whose prices these are: "
            f"{' and '.join(words) or 'their order differs'}.",
            rule="a price is the price of one offer among the others of its run",
            remedy="decide with the campaign as it was, or run the campaign again for new prices",
        )
    if policy.campaign != campaign_digest:
        raise DataError(
            "policy-other-campaign",
            f"The campaign is not the one that run {policy.run} decided for.",
            rule="prices hold for the limits, values and columns that they were found for (G-5-2)",
            remedy="decide with the campaign as it was, or run the campaign again for new prices",
        )
    if policy.model != model.digest:
        raise DataError(
            "policy-other-model",
            f"The model is not the one whose values run {policy.run} priced.",
            rule="a price is compared with values of the model that it was found with (G-15h)",
            remedy="take the model that the run recorded, or run the campaign again",
        )
    if policy.secret:
        raise DataError(
            "policy-secret",
            f"Run {policy.run} has an aware limit ({', '.join(policy.secret)}), so what a later person would pay "
            "depends on their group, and these prices are sealed.",
            rule="A-4a: what would tell a group stays behind the wall",
            remedy="decide about later people inside the wall only: run the campaign again with them in its table, or "
            "declare the limit blind",
        )
    by_response = [limit.id for limit in campaign.limits.disparity if limit.measure.is_weighted]
    if by_response:
        raise DataError(
            "policy-responses",
            f"Under the limit {', '.join(by_response)} everybody pays by their own modelled response, which the prices "
            "kept for later people do not have.",
            rule="G-5-2: a later person pays what the rule of the run asks, or is not decided about",
            remedy="run the campaign again with these people in its table, or limit a selection rate",
        )
