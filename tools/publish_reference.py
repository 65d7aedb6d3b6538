"""Write what is published from the code: the schemas in docs, the description of the service, and the
tables of docs/reference/campaign-file.md.

Run it after a change to the campaign file or the model file: python tools/publish_reference.py
"""

from __future__ import annotations

import json
from pathlib import Path

from evenhand.adapters.web import description
from evenhand.allocation import price_policy_schema
from evenhand.policy import CHECKS, campaign_fields, campaign_schema
from evenhand.scoring import model_schema

ROOT = Path(__file__).parents[1]
SCHEMA = ROOT / "docs" / "campaign.schema.json"
MODEL_SCHEMA = ROOT / "docs" / "model.schema.json"
PRICE_SCHEMA = ROOT / "docs" / "price-policy.schema.json"
OPENAPI = ROOT / "docs" / "reference" / "openapi.json"
PAGE = ROOT / "docs" / "reference" / "campaign-file.md"


def schema_text() -> str:
    """The schema as it is published."""
    return json.dumps(campaign_schema(), indent=2, ensure_ascii=False) + "\n"


def openapi_text() -> str:
    """The description of the service as it is published."""
    return json.dumps(description(), indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def model_schema_text() -> str:
    """The schema of the model file as it is published."""
    return json.dumps(model_schema(), indent=2, ensure_ascii=False) + "\n"


def price_schema_text() -> str:
    """The schema of a price policy as it is published."""
    return json.dumps(price_policy_schema(), indent=2, ensure_ascii=False) + "\n"


def page_text(page: str) -> str:
    """The page with its generated tables renewed; the rest is left alone."""
    for name, table in (("fields", _fields()), ("checks", _checks())):
        start, end = f"<!-- {name}: generated -->\n", f"<!-- {name}: end -->"
        before, _, rest = page.partition(start)
        _, found, after = rest.partition(end)
        if not found:
            raise SystemExit(f"{PAGE} has no place for the table of {name}")
        page = before + start + table + end + after
    return page


def _fields() -> str:
    rows = ["| field | means | holds | if left out |", "|---|---|---|---|"]
    for field in campaign_fields():
        default = "must be there" if field.required else _default(field.default)
        rows.append(f"| `{field.path}` | {field.meaning} | {field.kind} | {default} |")
    return "\n".join(rows) + "\n"


def _default(value: object) -> str:
    if isinstance(value, dict):
        return "as its fields" if value else "none"
    if isinstance(value, list):
        return ", ".join(f"`{item}`" for item in value) or "none"
    return "nothing" if value is None else f"`{json.dumps(value)}`".replace('"', "")


def _checks() -> str:
    rows = ["| id | weight | holds when | rule |", "|---|---|---|---|"]
    rows += [f"| `{id}` | {check.severity} | {check.title} | {check.rule} |" for id, check in CHECKS.items()]
    return "\n".join(rows) + "\n"


if __name__ == "__main__":
    SCHEMA.write_text(schema_text(), encoding="utf-8")
    OPENAPI.write_text(openapi_text(), "utf-8")
    MODEL_SCHEMA.write_text(model_schema_text(), encoding="utf-8")
    PRICE_SCHEMA.write_text(price_schema_text(), encoding="utf-8")
    PAGE.write_text(page_text(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
