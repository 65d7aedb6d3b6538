"""A model card: what a model predicts, how good it was, every table in it, and what it does not show.

Everything on it comes from the model's own JSON, so the card of a file can be made again by anybody who has the file.
Source: Mitchell et al. 2019, "Model cards for model reporting".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from evenhand.explanation import LANGUAGES, bin_words, number, percent, purpose_words, text, text_about
from evenhand.scoring import model_from_json
from evenhand.terms import (
    OTHER,
    SMALLEST_SHOWN,
    WITHHELD,
    Binning,
    Model,
    Pair,
    Target,
    TermShape,
    band_labels,
    bin_labels,
    is_few,
)

from ._render import fill

__all__ = ["model_card"]

_MARKDOWN = re.compile(r"([\\`*_{}\[\]()<>#+!|~$&^=-])")


@dataclass(frozen=True, slots=True)
class _Block:
    """A piece of the card: a heading, a paragraph or a table."""

    kind: Literal["title", "heading", "smaller", "paragraph", "table"]
    said: str = ""
    heads: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()


def model_card(content: Mapping[str, Any], *, lang: str = "en", form: Literal["markdown", "html"] = "markdown") -> str:
    """The card of a model.

    Args:
        content: the model as JSON values, see `evenhand.scoring.model_to_json`.
        lang: ``nl`` or ``en``.
        form: ``markdown``, or ``html``: one page that needs no script, no network and no other file.

    Raises:
        KeyError: there is no such language or form.
        DataError: it is not a model.
        LedgerError: it was altered: its integers do not give its digest.
    """
    if lang not in LANGUAGES:
        raise KeyError(lang)
    if form not in ("markdown", "html"):
        raise KeyError(form)
    blocks = list(_Card(model_from_json(content), lang).blocks())
    if form == "html":
        return fill("card.html", blocks=blocks, lang=lang, title=blocks[0].said)
    return "\n\n".join(_in_markdown(block) for block in blocks) + "\n"


def _in_markdown(block: _Block) -> str:
    if block.kind != "table":
        mark = {"title": "# ", "heading": "## ", "smaller": "### ", "paragraph": ""}[block.kind]
        return mark + _plain(block.said)
    lines = [block.heads, ("---",) * len(block.heads), *block.rows]
    return "\n".join(
        "| " + " | ".join(cell if line[0] == "---" else _plain(cell) for cell in line) + " |" for line in lines
    )


def _plain(said: str) -> str:
    """A text that Markdown shows as it is, on one line."""
    return _MARKDOWN.sub(r"\\\1", " ".join(said.split()))


class _Card:
    """One model in one language."""

    def __init__(self, model: Model, lang: str) -> None:
        self._model = model
        self._lang = lang
        self._target = Target(model.evaluation.get("target", Target.RESPONSE))

    def blocks(self) -> Iterator[_Block]:
        """The whole card, in order."""
        model, t = self._model, self._t
        yield _Block("title", t("card.title", digest=model.digest[:12]))
        yield _Block("heading", t("card.predicts"))
        yield _Block("paragraph", t(f"card.link.{model.link}"))
        yield _Block("paragraph", t("card.purpose", purpose=purpose_words(model.view.purpose, self._lang)))
        yield _Block("paragraph", t("card.offers", offers=", ".join(model.offers)))
        yield _Block("heading", t("card.data"))
        yield from self._data()
        yield _Block("heading", t("card.quality"))
        yield from self._quality()
        yield _Block("heading", t("card.terms"))
        yield _Block("paragraph", t("card.terms-say"))
        yield _Block("paragraph", t("card.unit.amount" if model.link == "identity" else "card.unit.points"))
        yield _Block("table", "", (t("card.offer"), t("card.start")), tuple(
            (offer, self._effect(base)) for offer, base in zip(model.offers, model.base.tolist(), strict=True)
        ))  # fmt: skip
        for place, binning in enumerate(model.view.binnings):
            yield _Block("smaller", binning.name)
            yield self._shape(place, binning)
        if model.pairs:
            yield _Block("heading", t("card.pairs"))
            yield _Block("paragraph", t("card.pairs-say"))
            for place, pair in enumerate(model.pairs, len(model.view.binnings)):
                yield from self._grids(place, pair)
        yield _Block("heading", t("card.not"))
        for key in ("card.not-cause", "card.not-groups", "card.not-interval", "card.not-elsewhere", "card.not-verdict"):
            yield _Block("paragraph", t(key))
        yield _Block("paragraph", t("card.digest", digest=model.digest))

    def _t(self, key: str, **values: object) -> str:
        return text_about(self._target, f"report.{key}", self._lang, **values)

    def _number(self, value: float, digits: int) -> str:
        return number(value, self._lang, digits)

    def _rows(self, count: int) -> str:
        """How many rows; a count that is too small to be shown is said to be so."""
        if is_few(count):
            return self._t("few", smallest=SMALLEST_SHOWN)
        return self._number(count, 0)

    def _effect(self, entry: float) -> str:
        """An entry of a table in points, or in the outcome's own unit; the sign always shown."""
        amount = self._model.link == "identity" and self._target is Target.RESPONSE
        value = entry * self._model.unit * (1 if amount else 100)
        sign = "\N{MINUS SIGN}" if entry < 0 else "+" if entry > 0 else ""
        digits = None if amount else 4
        return sign + number(abs(round(value, 12)), self._lang, digits)

    def _data(self) -> Iterator[_Block]:
        rows, imported = self._model.evaluation.get("rows"), self._model.evaluation.get("imported")
        if isinstance(rows, Mapping):
            counts = {key: self._rows(rows[key]) for key in ("training", "held_out", "withheld")}
            yield _Block("paragraph", self._t("card.rows", **counts))
        if isinstance(imported, Mapping):
            compared = self._rows(imported["rows"])
            difference = number(imported["largest_difference"], self._lang)
            told = self._t("card.imported", origin=imported["origin"], rows=compared, difference=difference)
            yield _Block("paragraph", told)
        if not isinstance(rows, Mapping) and not isinstance(imported, Mapping):
            yield _Block("paragraph", self._t("card.no-rows"))
        yield _Block("paragraph", self._t("card.no-date"))

    def _quality(self) -> Iterator[_Block]:
        if self._target is Target.INCREMENT:
            yield from self._quality_of_increments()
            return
        overall = self._model.evaluation.get("overall")
        if not isinstance(overall, Mapping):
            yield _Block("paragraph", self._t("card.not-measured"))
            return
        if not overall["enough"]:
            yield _Block("paragraph", self._t("evaluation.too-few", rows=self._rows(overall["rows"])))
            return
        said = {key: self._rows(overall[key]) for key in ("rows", "positives")}
        yield _Block("paragraph", self._t("evaluation.say", **said))
        value, lower, upper = (self._number(part, 3) for part in overall["auroc"])
        yield _Block("paragraph", self._t("evaluation.auroc", value=value, lower=lower, upper=upper))
        loss, base = (self._number(overall[key], 4) for key in ("log_loss", "log_loss_of_base_rate"))
        yield _Block("paragraph", self._t("evaluation.loss", loss=loss, base=base))
        heads = ("evaluation.predicted", "evaluation.actual", "model.lower", "model.upper", "evaluation.rows")
        yield _Block("table", "", tuple(self._t(key) for key in heads), tuple(
            (*(percent(line[key], self._lang) for key in ("predicted", "rate", "lower", "upper")),
             self._rows(line["rows"]))
            for line in overall["reliability"]
        ))  # fmt: skip
        yield self._by_offer()

    def _quality_of_increments(self) -> Iterator[_Block]:
        """Per offer: what it was learned from, the measured change, and how well people are put in order by it."""
        yield _Block("paragraph", self._t("increment.say"))
        heads = ("card.offer", "card.training-rows", "card.control-rows", "evaluation.rows", "increment.measured")
        rows = []
        for offer, told in self._model.evaluation["offers"].items():
            held = told["held_out"]
            counts = (self._rows(n) for n in (told["training_rows"], told["control_rows"], held["rows"]))
            figures = (self._t("evaluation.not-measured"),) * 2
            if held["enough"]:
                points = [100 * part for part in held["increment"]]
                figures = (self._interval(points, 2), self._interval(held.get("coefficient", [0.0] * 3), 3))
            rows.append((offer, *counts, *figures))
        yield _Block("table", "", tuple(self._t(key) for key in (*heads, "card.qini")), tuple(rows))
        yield _Block("paragraph", self._t("card.unit.amount"))
        for offer, told in self._model.evaluation["offers"].items():
            if instead := told["held_out"].get("by_response"):
                value, lower, upper = (self._number(part, 3) for part in instead)
                said = self._t("increment.by-response", value=value, lower=lower, upper=upper)
                yield _Block("paragraph", f"{offer}: {said}")
            found = told["assignment"]
            chance = percent(found["chance"], self._lang, 2)
            draw = self._t("increment.draw", feature=found["feature"], chance=chance)
            yield _Block("paragraph", f"{offer}: {draw if found['feature'] else self._t('increment.draw-even')}")

    def _interval(self, value: Sequence[float], digits: int) -> str:
        said = dict(zip(("value", "lower", "upper"), (self._number(part, digits) for part in value), strict=True))
        return self._t("card.interval", **said)

    def _by_offer(self) -> _Block:
        rows = []
        for offer, told in self._model.evaluation["offers"].items():
            held = told["held_out"]
            area = self._t("evaluation.not-measured")
            if held["enough"]:
                value, lower, upper = (self._number(part, 3) for part in held["auroc"])
                area = self._t("card.interval", value=value, lower=lower, upper=upper)
            learned = self._t(f"evaluation.fit.{told['fit']}")
            rows.append((offer, learned, self._rows(told["training_rows"]), self._rows(held["rows"]), area))
        heads = ("card.offer", "card.learned-from", "card.training-rows", "evaluation.rows", "card.auroc")
        return _Block("table", "", tuple(self._t(key) for key in heads), tuple(rows))

    def _groups(self, place: int) -> list[tuple[str, int, TermShape | None]]:
        """Offers that a term treats alike: their names, the row of the table, and the shape with intervals."""
        model = self._model
        found: dict[tuple[bytes, int], list[int]] = {}
        for row, offer in enumerate(model.offers):
            shapes = model.shapes.get(offer, model.shapes.get("", ()))
            found.setdefault((model.tables[place][row].tobytes(), id(shapes)), []).append(row)
        groups = []
        for rows in found.values():
            name = self._t("card.every-offer") if len(rows) == len(model.offers) else ""
            shapes = model.shapes.get(model.offers[rows[0]], model.shapes.get("", ()))
            shape = shapes[place] if place < len(shapes) else None
            groups.append((name or ", ".join(model.offers[row] for row in rows), rows[0], shape))
        return groups

    def _cell(self, entry: int, shape: TermShape | None, code: int) -> str:
        effect = self._effect(entry)
        if shape is None:
            return effect
        lower, upper = (self._effect(bound[code] / self._model.unit) for bound in (shape.lower, shape.upper))
        return self._t("card.interval", value=effect, lower=lower, upper=upper)

    def _shape(self, place: int, binning: Binning) -> _Block:
        groups = self._groups(place)
        table = self._model.tables[place]
        hidden = {WITHHELD, OTHER} if binning.kind == "number" else {WITHHELD}
        rows = tuple(
            (bin_words(label, self._lang), *(self._cell(int(table[row, label.code]), shape, label.code)
                                             for _, row, shape in groups))
            for label in bin_labels(binning)
            if label.code not in hidden
        )  # fmt: skip
        return _Block("table", "", (self._t("model.value"), *(name for name, _, _ in groups)), rows)

    def _grids(self, place: int, pair: Pair) -> Iterator[_Block]:
        """One grid for the offers that the pair treats alike."""
        first, second = (self._model.view.binnings[feature] for feature in (pair.first, pair.second))
        down = [bin_words(label, self._lang) for label in band_labels(first, pair.first_bands)]
        across = [bin_words(label, self._lang) for label in band_labels(second, pair.second_bands)]
        for name, row, _ in self._groups(place):
            joint = text("factor.pair", self._lang, first=first.name, second=second.name)
            yield _Block("smaller", f"{joint} ({name})")
            entries = self._model.tables[place][row, 1:].reshape(-1, pair.width).tolist()
            rows = tuple((label, *map(self._effect, line)) for label, line in zip(down, entries, strict=True))
            yield _Block(
                "table", "", (f"{first.name} \N{DOWNWARDS ARROW} {second.name} \N{RIGHTWARDS ARROW}", *across), rows
            )
