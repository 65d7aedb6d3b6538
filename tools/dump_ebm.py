"""Write tests/data/ebm.json: what a small EBM of InterpretML keeps, some rows, and its own scores of them.

Run it where interpret-core is installed: python tools/dump_ebm.py
"""

from __future__ import annotations

import json
import warnings
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd

TARGET = Path(__file__).parents[1] / "tests" / "data" / "ebm.json"


def main() -> None:
    """Fit, and keep everything that decides a score."""
    from interpret.glassbox import ExplainableBoostingClassifier

    warnings.filterwarnings("ignore")
    rng = np.random.default_rng(0)
    rows = 2_000
    frame = pd.DataFrame(
        {
            "age": rng.integers(18, 90, rows).astype(float),
            "spend": np.where(rng.random(rows) < 0.1, np.nan, rng.lognormal(3, 1, rows)),
            "region": rng.choice(["east", "north", "west"], rows),
        }
    )
    logit = np.sin(frame["age"] / 12) + 0.02 * frame["spend"].fillna(0) * (frame["region"] == "east")
    outcome = (rng.random(rows) < 1 / (1 + np.exp(-logit))).astype(int)
    ebm = ExplainableBoostingClassifier(
        interactions=2, max_bins=16, max_interaction_bins=6, outer_bags=2, random_state=0
    )
    ebm.fit(frame, outcome)
    odd = [cut for level in (*ebm.bins_[0], *ebm.bins_[1]) for cut in level]
    shown = frame.head(60).copy()
    shown.loc[: len(odd) - 1, "age"] = odd[:60]
    shown.loc[: len(odd) - 1, "spend"] = np.nextafter(odd[:60], -np.inf)
    shown.loc[50:, "spend"] = np.nan
    shown.loc[55:, "region"] = "never seen"
    content = {
        "made_with": f"interpret-core {version('interpret-core')}, tools/dump_ebm.py",
        "feature_names_in_": list(ebm.feature_names_in_),
        "bins_": [[level if isinstance(level, dict) else list(level) for level in feature] for feature in ebm.bins_],
        "term_features_": [list(key) for key in ebm.term_features_],
        "term_scores_": [scores.tolist() for scores in ebm.term_scores_],
        "intercept_": np.asarray(ebm.intercept_).tolist(),
        "link_": ebm.link_,
        "rows": {name: [None if value != value else value for value in shown[name]] for name in shown},
        "decision_function": ebm.decision_function(shown).tolist(),
    }
    TARGET.write_text(json.dumps(content, indent=1, default=float) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
