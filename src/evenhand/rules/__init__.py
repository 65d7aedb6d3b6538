"""Which law says what, about whom, and since when?

Laws change by date and by country, so they stand in *rule packs*: tables with an id, an article, dates, the people
that a rule is for, the facts at which it holds, what follows, and words for it in two languages. A rule names facts
out of a closed vocabulary; it is no program. Packs come with evenhand (what holds everywhere, the EU, the Netherlands,
California, and a strict default for people of whom it is not known where they are); an organisation's own may only
tighten. Of all rules that apply to a person the strictest counts. A run records the rules that it was decided by.
Sources: docs/reference/rules.md names the article of each. It does not judge which law applies to an organisation,
and a pack is a reading of the law by people, not the law.
"""

from ._cases import CaseFailed, failed_cases
from ._changes import Change, changes
from ._facts import FACTS, PERSON_FACTS, Fact, FactKind
from ._law import KNOWN_FACTS, Law, campaign_facts, cited_rule
from ._match import CampaignFacts, Compiled, PersonFacts, compile_rules, holds_for_campaign
from ._pack import Applies, Case, Effect, Listed, Pack, Recipient, Rule, Stage, moment_of
from ._review import review_law
from ._rulebook import PackedRule, Rulebook, read_pack, shipped
from ._schema import rule_pack_schema

__all__ = [
    "FACTS",
    "KNOWN_FACTS",
    "PERSON_FACTS",
    "Applies",
    "CampaignFacts",
    "Case",
    "CaseFailed",
    "Change",
    "Compiled",
    "Effect",
    "Fact",
    "FactKind",
    "Law",
    "Listed",
    "Pack",
    "PackedRule",
    "PersonFacts",
    "Recipient",
    "Rule",
    "Rulebook",
    "Stage",
    "campaign_facts",
    "changes",
    "cited_rule",
    "compile_rules",
    "failed_cases",
    "holds_for_campaign",
    "moment_of",
    "read_pack",
    "review_law",
    "rule_pack_schema",
    "shipped",
]
