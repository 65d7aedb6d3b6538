"""What does a marketer see of a campaign, and what can they do with it?

The idea: what a campaign may do, reaches and costs stands on one page before it is started; what the category forbids
is gone from the form, with its reason and its rule; and a block leads to the person who can mend it. Pages are
functions of plain values, and a form becomes the same campaign file that anybody could write by hand. Sources: AI
Act Annex III and 14(4)(e) by analogy, GDPR 5(1)(b) and 5(1)(c), WCAG 2.2 AA (RULES A-6, F-HEC, G-5b).

It decides nothing and keeps nothing: whoever keeps campaigns is asked at the rim, and who may ask is settled there too.
"""

from ._blocks import told_in
from ._draft import Gone, Options, draft_of, options_for
from ._faults import Fault, faults_of
from ._pages import CHANGES, campaign_page, file_page, list_page, monitor_page, new_page, script, style, trouble_page

__all__ = [
    "CHANGES",
    "Fault",
    "Gone",
    "Options",
    "campaign_page",
    "draft_of",
    "faults_of",
    "file_page",
    "list_page",
    "monitor_page",
    "new_page",
    "options_for",
    "script",
    "style",
    "told_in",
    "trouble_page",
]
