"""A price policy read back from JSON, strictly; and the schema that another program may rely on."""

from __future__ import annotations

from typing import Any, cast

from evenhand.terms import DataError, LedgerError

from ._price_policy import LeanColumn, PricePolicy

__all__ = ["policy_from_dict", "price_policy_schema"]

_FIELDS = {
    "schema_version", "kind", "run", "campaign", "model", "offers", "seed", "offer_price", "limit_price", "columns",
    "split_on", "split_at", "leaf_price", "secret", "digest",
}  # fmt: skip
_LARGEST = 2**53
"""No sum of what a policy holds leaves 64 bits."""
_MOST_COLUMNS = 800
_MOST_LEAVES = 2**16


def policy_from_dict(content: object) -> PricePolicy:
    """Read a price policy back, strictly: every field, nothing else, every number in its place.

    Raises:
        DataError: ``policy-format``, it is not a price policy of this version.
        LedgerError: ``policy-digest``, it was changed since it was made.
    """
    try:
        plain = _record(content, _FIELDS)
        if plain["schema_version"] != 1 or plain["kind"] != "price-policy":
            raise ValueError("another kind or version")
        policy = PricePolicy(
            run=_text(plain["run"]),
            campaign=_text(plain["campaign"]),
            model=_text(plain["model"]),
            offers=tuple(map(_text, _list(plain["offers"]))),
            seed=_whole(plain["seed"]),
            offer_price=_wholes(plain["offer_price"]),
            limit_price={_text(name): _whole(price) for name, price in _mapping(plain["limit_price"]).items()},
            columns=tuple(map(_column, _list(plain["columns"]))),
            split_on=_wholes(plain["split_on"]),
            split_at=_wholes(plain["split_at"]),
            leaf_price=tuple(map(_wholes, _list(plain["leaf_price"]))),
            secret=tuple(map(_text, _list(plain["secret"]))),
        )
        digest = _text(plain["digest"])
        _fits(policy)
    except ValueError as error:
        raise DataError(
            "policy-format",
            f"This is not a price policy that evenhand wrote ({error}).",
            rule="a price policy has the fields of docs/price-policy.schema.json and no others",
            remedy="move the file away; evenhand policy RUN then writes it again from the ledger",
        ) from None
    if policy.digest != digest:
        raise LedgerError(
            "policy-digest",
            "The price policy was altered: what it says does not give its digest.",
            rule="a decision may only be made with the prices that were recorded (G-5-2)",
            remedy="move the file away; evenhand policy RUN then writes it again from the ledger",
        )
    return policy


def _fits(policy: PricePolicy) -> None:
    """Whether its parts fit each other; else ValueError."""
    offers, leaves = len(policy.offers), len(policy.split_on) + 1
    if not offers or len(set(policy.offers)) != offers or len(policy.offer_price) != offers:
        raise ValueError("offers and their prices do not fit")
    if len(policy.split_at) != leaves - 1 or leaves & (leaves - 1) or leaves > _MOST_LEAVES:
        raise ValueError("the tree is not whole")
    if policy.leaf_price and len(policy.leaf_price) != leaves:
        raise ValueError("leaves without a price")
    if not policy.leaf_price and (policy.columns or policy.split_on):
        raise ValueError("a tree without prices")
    if any(len(price) != offers for price in policy.leaf_price):
        raise ValueError("a leaf without a price for every offer")
    if any(not 0 <= direction < policy.directions for direction in policy.split_on):
        raise ValueError("an unknown direction")
    if len(policy.columns) > _MOST_COLUMNS:
        raise ValueError("more columns than are ever made")
    for column in policy.columns:
        sizes = {len(table) for table in column.tables}
        if len(column.tables) != policy.directions or len(sizes) != 1 or not -1 <= column.offer < offers:
            raise ValueError("tables that do not fit")
        if not 0 < sizes.pop() <= 256:
            raise ValueError("tables of another size")
    if policy.secret and policy.leaf_price:
        raise ValueError("secret prices in the clear")


def _column(value: object) -> LeanColumn:
    plain = _record(value, {"term", "offer", "tables"})
    return LeanColumn(
        _text(plain["term"]), _whole(plain["offer"]), tuple(_wholes(table) for table in _list(plain["tables"]))
    )


def _mapping(value: object) -> dict[str, object]:
    if not isinstance(value, dict):
        raise ValueError("no object where one belongs")
    return cast("dict[str, object]", value)


def _record(value: object, fields: set[str]) -> dict[str, object]:
    plain = _mapping(value)
    if set(plain) != fields:
        raise ValueError("a field is missing or unknown")
    return plain


def _list(value: object) -> list[object]:
    if not isinstance(value, list):
        raise ValueError("no list where one belongs")
    return value


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError("no text where one belongs")
    return value


def _whole(value: object) -> int:
    if type(value) is not int or not -_LARGEST <= value <= _LARGEST:
        raise ValueError("no whole number where one belongs")
    return value


def _wholes(value: object) -> tuple[int, ...]:
    return tuple(map(_whole, _list(value)))


def price_policy_schema() -> dict[str, Any]:
    """JSON Schema of a price policy: docs/price-policy.schema.json."""
    text, whole = {"type": "string"}, {"type": "integer", "minimum": -_LARGEST, "maximum": _LARGEST}
    digest = {"type": "string", "pattern": "^[0-9a-f]{64}$"}

    def each(items: dict[str, Any], description: str = "", **more: Any) -> dict[str, Any]:
        told = {"description": description} if description else {}
        return {"type": "array", "items": items, **told, **more}

    column = {
        "type": "object",
        "additionalProperties": False,
        "required": ["offer", "tables", "term"],
        "properties": {
            "term": {**text, "description": "The feature."},
            "offer": {"type": "integer", "minimum": -1, "description": "Offer whose code it is; -1: the person's."},
            "tables": each(each(whole), "Per direction, micro-shares by bin code."),
        },
    }
    properties = {
        "schema_version": {"const": 1},
        "kind": {"const": "price-policy"},
        "run": {**text, "description": "The run whose prices these are."},
        "campaign": {**digest, "description": "SHA-256 of the campaign as the ledger has it."},
        "model": {**digest, "description": "Digest of the model."},
        "offers": each(text, "Offer ids, in order.", minItems=1),
        "seed": {"type": "integer", "minimum": 0, "description": "Ties fall by a draw from it and the pseudonym."},
        "offer_price": each(whole, "Micro-money per offer."),
        "limit_price": {
            "type": "object",
            "additionalProperties": whole,
            "description": "By limit, for people to read.",
        },
        "columns": each(column, "What codes tell of the groups that blind limits compare."),
        "split_on": each({"type": "integer", "minimum": 0}, "Direction that each node compares."),
        "split_at": each(whole, "At most this: first child, 2k + 1; else 2k + 2."),
        "leaf_price": each(each(whole), "Per leaf, micro-money per offer, on top of offer_price."),
        "secret": each(text, "Aware limits, whose prices are sealed; such a policy decides about nobody."),
        "digest": {**digest, "description": "SHA-256 of the canonical JSON of run to secret."},
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:evenhand:price-policy:1",
        "title": "evenhand price policy",
        "description": "Take the offer with the highest value - offer_price - leaf_price above zero. The leaf: add up "
        "the tables at the person's codes, direction by direction, and walk the tree. Without personal data: no "
        "leaf_price.",
        "type": "object",
        "additionalProperties": False,
        "required": sorted(properties),
        "properties": properties,
    }
