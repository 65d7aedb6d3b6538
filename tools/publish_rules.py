"""Write what is published from the rule packs: packs.json in the package, the schema and docs/reference/rules.md.

Run it after a change to a pack in src/evenhand/rules/packs: python tools/publish_rules.py
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from evenhand.adapters.declared.rule_packs import read_pack_file
from evenhand.rules import FACTS, Pack, Rule, rule_pack_schema

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "src" / "evenhand" / "rules"
PACKS = FOLDER / "packs.json"
SCHEMA = ROOT / "docs" / "rule-pack.schema.json"
PAGE = ROOT / "docs" / "reference" / "rules.md"
ORDER = ("house", "eu", "nl", "us-ca", "strict")


def packs() -> list[Pack]:
    """The packs as they are written, in order."""
    return [read_pack_file(FOLDER / "packs" / f"{name}.yaml") for name in ORDER]


def packs_text() -> str:
    """The packs as one JSON file, as the package reads them."""
    plain = [pack.model_dump(mode="json", exclude_defaults=True) for pack in packs()]
    return json.dumps({"packs": plain}, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def schema_text() -> str:
    """The schema as it is published."""
    return json.dumps(rule_pack_schema(), indent=2, ensure_ascii=False) + "\n"


def page_text(page: str) -> str:
    """The page with its generated tables renewed; the rest is left alone."""
    for name, table in (("rules", _rules()), ("facts", _facts())):
        start, end = f"<!-- {name}: generated -->\n", f"<!-- {name}: end -->"
        before, _, rest = page.partition(start)
        _, found, after = rest.partition(end)
        if not found:
            raise SystemExit(f"{PAGE} has no place for the table of {name}")
        page = before + start + table + end + after
    return page


def _rules() -> str:
    out = []
    for pack in packs():
        out.append(f"### {pack.title.en} (`{pack.pack}`, {pack.version})\n")
        out += [
            "| rule | article | for | since, until | follows | says (en) | zegt (nl) |",
            "|---|---|---|---|---|---|---|",
        ]
        out += [_row(rule) for rule in pack.rules]
        out.append("")
    return "\n".join(out) + "\n"


def _row(rule: Rule) -> str:
    places = [*rule.applies.people, *(f"organisations in {place}" for place in rule.applies.controllers)]
    for_ = ", ".join(places) + (f", not {', '.join(rule.applies.people_not)}" if rule.applies.people_not else "")
    dates = " to ".join(filter(None, (rule.since, rule.until))) or "always"
    follows = f"{rule.effect}: `{rule.reason}`" + (", unless explicit consent" if rule.waivable else "")
    seen = {"text": "", "summary": " (s)", "memory": " (m)", "house": " (h)"}[rule.known_from]
    cells = (f"`{rule.id}`", rule.article + seen, for_, dates, follows, rule.says.en, rule.says.nl)
    return "| " + " | ".join(cell.replace("|", "/") for cell in cells) + " |"


def _facts() -> str:
    rows = ["| fact | of | values | means |", "|---|---|---|---|"]
    for fact, kind in FACTS.items():
        values = ", ".join(f"`{value}`" for value in kind.values)
        rows.append(
            f"| `{fact.value}` | {'the person' if kind.person else 'the campaign'} | {values} | {kind.meaning} |"
        )
    return "\n".join(rows) + "\n"


def write(texts: Mapping[Path, str]) -> None:
    """Write texts to their files."""
    for path, text in texts.items():
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write({PACKS: packs_text(), SCHEMA: schema_text(), PAGE: page_text(PAGE.read_text(encoding="utf-8"))})
