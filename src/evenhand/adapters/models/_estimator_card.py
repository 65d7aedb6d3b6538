"""A small card of a fitted glass box for notebooks: its strongest shapes, drawn, in one piece of HTML."""

from __future__ import annotations

from html import escape

import numpy as np

from evenhand.terms import MISSING, Model, TermShape, bin_labels

__all__ = ["card"]

_MOST = 12
_WIDTH, _HEIGHT, _PAD = 220.0, 84.0, 6.0
_STYLE = (
    "<style>.eh-card{font:13px/1.4 system-ui,sans-serif;border:1px solid #8886;border-radius:8px;padding:12px;"
    "max-width:760px}.eh-card code{font-size:12px}.eh-card .eh-shapes{display:flex;flex-wrap:wrap;gap:12px;"
    "margin-top:8px}.eh-card figure{margin:0}.eh-card figcaption{font-size:12px;max-width:220px;overflow:hidden;"
    "text-overflow:ellipsis;white-space:nowrap}.eh-card svg{background:#8881;border-radius:4px}</style>"
)


def card(title: str, model: Model | None) -> str:
    """The card; without a model, its title alone.

    Args:
        title: the estimator in a line.
        model: what it learned.
    """
    if model is None:
        return f'<div class="eh-card">{_STYLE}<code>{escape(title)}</code><br>not fitted yet</div>'
    shapes = model.shapes[""]
    strength = [_strength(shape) for shape in shapes]
    ranked = sorted(range(len(shapes)), key=lambda t: (-strength[t], t))
    features = len(model.view.binnings)
    unit = {"logit": "logits", "log": "log of the mean", "identity": "the outcome's unit"}[model.link]
    drawn = "".join(_figure(model, t, shapes[t], strength[t]) for t in ranked if t < features or strength[t])
    figures = "".join(drawn.split("<!---->")[:_MOST])
    more = f"<br>the {_MOST} strongest are shown" if len(shapes) > _MOST else ""
    return (
        f'<div class="eh-card">{_STYLE}<code>{escape(title)}</code><br>{features} columns, {len(model.pairs)} pairs; '
        f"effects in {unit}, with 95 % intervals; average {int(model.base[0]) * model.unit:.4g}{more}"
        f'<div class="eh-shapes">{figures}</div></div>'
    )


def _strength(shape: TermShape) -> float:
    """Mean size of the effect over the rows."""
    rows = float(shape.count.sum())
    return float(np.abs(shape.effect) @ shape.count) / rows if rows else 0.0


def _figure(model: Model, term: int, shape: TermShape, strength: float) -> str:
    caption = f"{escape(shape.name)} <small>({strength:.3g})</small>"
    title = escape(shape.name)
    if term < len(model.view.binnings):
        labels = bin_labels(model.view.binnings[term])
        codes = [code for code in range(MISSING, len(shape.effect)) if code > 2 or shape.count[code]]
        title += f": {len(labels)} bins"
        drawn = _steps(shape, np.array(codes))
    else:
        drawn = _tiles(shape, model.pairs[term - len(model.view.binnings)].width)
    return (
        f'<figure><svg width="{_WIDTH:g}" height="{_HEIGHT:g}" viewBox="0 0 {_WIDTH:g} {_HEIGHT:g}" role="img">'
        f"<title>{title}</title>{drawn}</svg><figcaption>{caption}</figcaption></figure><!---->"
    )


def _steps(shape: TermShape, codes: np.ndarray) -> str:
    """A step per bin: a bar for its interval and a line for its effect; the dashed line is zero."""
    low = min(float(shape.lower[codes].min(initial=0.0)), -1e-9)
    high = max(float(shape.upper[codes].max(initial=0.0)), 1e-9)

    def height(value: float) -> float:
        return _PAD + (high - value) / (high - low) * (_HEIGHT - 2 * _PAD)

    wide = (_WIDTH - 2 * _PAD) / max(len(codes), 1)
    parts = [
        f'<line x1="0" x2="{_WIDTH:g}" y1="{height(0):.1f}" y2="{height(0):.1f}" stroke="#888" stroke-dasharray="3"/>'
    ]
    for place, code in enumerate(codes.tolist()):
        left, effect = _PAD + place * wide, height(float(shape.effect[code]))
        top, bottom = height(float(shape.upper[code])), height(float(shape.lower[code]))
        parts.append(
            f'<rect x="{left:.1f}" y="{top:.1f}" width="{wide:.2f}" height="{bottom - top:.1f}" fill="#3b82c455"/>'
            f'<line x1="{left:.1f}" x2="{left + wide:.1f}" y1="{effect:.1f}" y2="{effect:.1f}" stroke="#1d5fa8" '
            f'stroke-width="2"/>'
        )
    return "".join(parts)


def _tiles(shape: TermShape, width: int) -> str:
    """A tile per joint band: blue above zero, orange below."""
    grid = shape.effect[1:].reshape(-1, width)
    most = max(float(np.abs(grid).max(initial=0.0)), 1e-9)
    tall, wide = (_HEIGHT - 2 * _PAD) / len(grid), (_WIDTH - 2 * _PAD) / width
    parts = []
    for row, values in enumerate(grid.tolist()):
        for place, value in enumerate(values):
            colour = "#1d5fa8" if value > 0 else "#c2610c"
            parts.append(
                f'<rect x="{_PAD + place * wide:.1f}" y="{_PAD + row * tall:.1f}" width="{wide:.1f}" '
                f'height="{tall:.1f}" fill="{colour}" fill-opacity="{abs(value) / most:.2f}"/>'
            )
    return "".join(parts)
