"""The JSON Schema of a rule pack, as it is published."""

from __future__ import annotations

from pydantic.json_schema import JsonSchemaValue

from ._facts import FACTS
from ._pack import Pack

__all__ = ["rule_pack_schema"]


def rule_pack_schema() -> JsonSchemaValue:
    """The JSON Schema (draft 2020-12) of a rule pack, as published in docs/rule-pack.schema.json.

    Example:
        >>> rule_pack_schema()["$defs"]["Conditions"]["properties"]["surface"]["anyOf"][0]["enum"]
        ['own', 'online_platform']
    """
    schema = Pack.model_json_schema(mode="validation")
    conditions = {
        "type": "object",
        "description": "Facts, and of each the values at which the rule holds.",
        "additionalProperties": False,
        "properties": {
            fact.value: {
                "description": kind.meaning,
                "anyOf": [
                    {"enum": _said(kind.values)},
                    {"type": "array", "minItems": 1, "items": {"enum": _said(kind.values)}},
                ],
            }
            for fact, kind in FACTS.items()
        },
    }
    reference = {"$ref": "#/$defs/Conditions"}
    definitions = schema["$defs"]
    for owner, name in (("Rule", "when"), ("Case", "facts")):
        described = definitions[owner]["properties"][name]
        definitions[owner]["properties"][name] = {**reference, "description": described["description"]}
    definitions["Rule"]["properties"]["unless"]["items"] = reference
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:evenhand:rule-pack:1",
        **schema,
        "$defs": {**{name: value for name, value in definitions.items() if name != "Fact"}, "Conditions": conditions},
        "title": "evenhand rule pack",
    }


def _said(values: tuple[str, ...]) -> list[str | int]:
    """The values, and those that are numbers as YAML reads them, too."""
    return [*(str(value) for value in values), *(int(value) for value in values if value.isdigit())]
