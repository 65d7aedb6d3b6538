"""Plain data as the text of a campaign file: YAML 1.2, in the order given, as a person would write it."""

from __future__ import annotations

import io
from collections.abc import Mapping
from decimal import Decimal

from ruamel.yaml import YAML
from ruamel.yaml.representer import SafeRepresenter

__all__ = ["yaml_of"]


class _Plainly(SafeRepresenter):
    """Writes exact numbers as numbers, and nothing by reference."""

    def ignore_aliases(self, _: object) -> bool:
        """Everything is written out: a campaign file has no anchors."""
        return True


def _number(representer: SafeRepresenter, value: Decimal) -> object:
    text = f"{value:f}"
    return representer.represent_scalar(f"tag:yaml.org,2002:{'float' if '.' in text else 'int'}", text)


_Plainly.add_representer(Decimal, _number)


def yaml_of(data: Mapping[str, object]) -> str:
    """The text of a campaign file.

    Example:
        >>> offer = {"id": "tea", "value": Decimal("4.10")}
        >>> print(yaml_of({"evenhand": 1, "offers": [offer], "channel": "web"}), end="")
        evenhand: 1
        offers:
          - id: tea
            value: 4.10
        channel: web
    """
    writer = YAML(typ="safe", pure=True)
    writer.Representer = _Plainly
    writer.default_flow_style = False
    writer.sort_base_mapping_type_on_output = False  # type: ignore[assignment]
    writer.allow_unicode = True
    writer.width = 110
    writer.map_indent, writer.sequence_indent, writer.sequence_dash_offset = 2, 4, 2
    out = io.StringIO()
    writer.dump(dict(data), out)
    return out.getvalue()
