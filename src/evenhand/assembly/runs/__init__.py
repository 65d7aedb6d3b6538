"""How does a campaign become a run? Its tables opened, planned, run, and its later people decided about.

The idea: one way in (`_open`), the journey, one way out (`_report`). No gate is here; the journey has them. It serves
nobody who waits: that is `live`.
"""

__all__: list[str] = []
