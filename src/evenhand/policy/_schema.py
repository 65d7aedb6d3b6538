"""The campaign file as JSON Schema: what an editor shows, and what messages and reference are made from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple, cast

from pydantic.json_schema import JsonSchemaValue

from ._campaign import Campaign
from ._finding import Path

__all__ = ["SHAPES", "Field", "allowed_words", "campaign_fields", "campaign_schema", "meaning", "schema_at"]

SHAPES = {
    r"^[a-z0-9][a-z0-9_.-]{0,63}$": "lower-case letters, digits, dots, hyphens and underscores, at most 64",
    r"^P[1-9]\d{0,2}[WD]$": "a number of days or weeks such as P1D, P7D or P4W",
    r"^P(\d+[YMWD])+$": "an ISO 8601 duration such as P24M or P90D",
    r"^\d{1,12}(\.\d{1,6})?$": "a decimal number",
    r"^[A-Z]{2}$": "two capitals, such as NL",
    r"^[A-Z]{3}$": "three capitals, such as EUR",
    r"^\d{4}-\d{2}-\d{2}$": "a date such as 2027-01-31",
    r"^[A-Z]{2}(-[A-Z0-9]{1,3})?$": "a place such as NL or US-CA",
    r"^[0-9a-f]{64}$": "64 hex digits",
}
"""What the patterns of the schema ask for, in words."""


def campaign_schema() -> JsonSchemaValue:
    """The JSON Schema (draft 2020-12) of a campaign file, as published in docs/campaign.schema.json.

    Example:
        >>> sorted(campaign_schema()["$defs"]["Text"]["required"])
        ['en', 'nl']
    """
    schema = Campaign.model_json_schema(mode="validation")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:evenhand:campaign:1",
        **schema,
        "title": "evenhand campaign file",
    }


def schema_at(schema: JsonSchemaValue, path: Path) -> tuple[JsonSchemaValue, ...]:
    """The schemas that a value at this path may follow; none where the schema has no such path."""
    here: tuple[JsonSchemaValue, ...] = tuple(_choices(schema, schema))
    for part in path:
        here = tuple(choice for node in here for below in _step(node, part) for choice in _choices(schema, below))
    return here


class Field(NamedTuple):
    """One field of the campaign file.

    Attributes:
        path: as people write it, e.g. ``offers[].value`` or ``columns.NAME.role``.
        meaning: its description.
        kind: what may stand there, in words.
        default: what holds when it is left out, as JSON; None where it must be there.
    """

    path: str
    meaning: str
    kind: str
    default: object
    required: bool


def campaign_fields(schema: JsonSchemaValue | None = None) -> tuple[Field, ...]:
    """Every field of the campaign file, in the order of the file."""
    schema = schema or campaign_schema()
    return tuple(_fields(schema, schema, ""))


def meaning(root: JsonSchemaValue, declared: JsonSchemaValue) -> str:
    """The description of a field; where it has none of its own, that of its type."""
    described = (node.get("description") for node in (declared, *_choices(root, declared)))
    return str(next(filter(None, described), ""))


def _fields(root: JsonSchemaValue, node: JsonSchemaValue, prefix: str) -> Iterator[Field]:
    required = set(node.get("required", ()))
    for name, declared in _children(node):
        path = f"{prefix}{name}"
        choices = tuple(_choices(root, declared))
        kind = " or ".join(dict.fromkeys(_kind(choice) for choice in choices))
        yield Field(path, meaning(root, declared), kind, declared.get("default"), name in required)
        for choice in choices:
            yield from _fields(root, choice, f"{path}.")
            if choice.get("type") == "array":
                for item in _choices(root, choice["items"]):
                    yield from _fields(root, item, f"{path}[].")
            if isinstance(choice.get("additionalProperties"), dict):
                for item in _choices(root, choice["additionalProperties"]):
                    yield from _fields(root, item, f"{path}.NAME.")


def _children(node: JsonSchemaValue) -> Iterator[tuple[str, JsonSchemaValue]]:
    yield from cast("Mapping[str, JsonSchemaValue]", node.get("properties", {})).items()


def _step(node: JsonSchemaValue, part: str | int) -> Iterator[JsonSchemaValue]:
    if isinstance(part, int):
        if isinstance(node.get("items"), dict):
            yield node["items"]
    elif part in node.get("properties", {}):
        yield node["properties"][part]
    elif isinstance(node.get("additionalProperties"), dict):
        yield node["additionalProperties"]


def _choices(root: JsonSchemaValue, node: JsonSchemaValue) -> Iterator[JsonSchemaValue]:
    """A schema without references, one for each alternative but null."""
    if "$ref" in node:
        yield from _choices(root, root["$defs"][node["$ref"].rsplit("/", 1)[-1]])
    elif "anyOf" in node:
        for choice in node["anyOf"]:
            yield from _choices(root, choice)
    elif node.get("type") != "null":
        yield node


def _kind(node: JsonSchemaValue) -> str:
    if words := allowed_words(node):
        return "one of " + ", ".join(f"`{word}`" for word in words) if len(words) > 1 else f"`{words[0]}`"
    names = {"string": "text", "number": "number", "integer": "whole number", "boolean": "true or false"}
    kind = str(node.get("type", ""))
    if kind == "array":
        return "list"
    if kind == "object":
        return "mapping"
    bounds = [
        f"{sign} {node[key]:g}"
        for key, sign in (("minimum", "≥"), ("exclusiveMinimum", ">"), ("maximum", "≤"), ("exclusiveMaximum", "<"))
        if key in node
    ]
    if pattern := node.get("pattern"):
        return SHAPES[pattern]
    return " ".join([names.get(kind, kind), *bounds])


def allowed_words(node: JsonSchemaValue) -> tuple[str, ...]:
    """The words of a closed vocabulary, or none."""
    words = node.get("enum", [node["const"]] if "const" in node else [])
    return tuple(str(word) for word in words)
