"""What the checking program says, in English and Dutch; it is put into the one file of the program."""

from __future__ import annotations

__all__ = ["DUTCH", "LABELS", "TEXTS"]

TEXTS = {
    "signed-itself": ("over {size} entries, with the key it names", "over {size} regels, met de sleutel die het noemt"),
    "other-document": ("the {role} is another than the run names", "dit deel ({role}) is een ander dan de ronde noemt"),
    "outside": ("entry {number} is not in the signed ledger", "regel {number} staat niet in het ondertekende logboek"),
    "no-sum": ("the shares are not those of the model and the score", "de aandelen zijn niet die van model en score"),
    "garbled": ("a part is missing, or is not what it must be", "een deel ontbreekt, of is niet wat het moet zijn"),
    "signed": ("over {size} entries, with the key that you gave", "over {size} regels, met de sleutel die u gaf"),
    "unsigned": ("its checkpoint was not signed with this key", "de stand is niet met deze sleutel ondertekend"),
    "other-key": ("it names another key than the one that you gave", "het noemt een andere sleutel dan u gaf"),
    "adds-up": ("base and {count} shares are the score", "basis en {count} aandelen zijn samen de score"),
    "no-model": ("not added up: the receipt holds no model", "niet opgeteld: het model zit er niet bij"),
    "other-run": ("the decision is not one of this run", "de beslissing hoort niet bij deze ronde"),
    "no-score": ("nothing about you was used: no score", "er is niets over u gebruikt: geen score"),
    "other-body": ("the entry commits to something else", "de regel legt iets anders vast"), "yes": ("holds", "klopt"),
    "closed": ("entry {number}, after the start of run {run}; what was decided is not in it",
               "regel {number}, na het begin van ronde {run}; wat is beslist staat er niet in"),
    "no-content": ("nothing to add up: it is not in it", "niets op te tellen: het staat er niet in"),
    "of-run": ("decision {number} of run {run}", "beslissing {number} van ronde {run}"), "base": ("base", "basis"),
    "step-inclusion": ("it stands in the ledger", "het staat in het logboek"), "no": ("DOES NOT HOLD", "KLOPT NIET"),
    "not": ("This receipt does not hold.", "Dit ontvangstbewijs klopt niet."), "form": ("of {name}", "van {name}"),
    "step-belonging": ("it belongs together", "het hoort bij elkaar"), "all": ("Everything holds.", "Alles klopt."),
    "seen-itself": ("cosigned by {names}, it says itself", "mee-ondertekend door {names}, zegt het zelf"),
    "few": ("{count} of {least} witnesses cosigned", "{count} van de {least} getuigen tekenden mee"),
    "step-witnesses": ("others saw it", "anderen zagen het"), "no-witness": ("no key of a witness", "geen sleutel"),
    "seen": ("cosigned by {names}, whose keys you gave", "mee-ondertekend door {names}, met de sleutels die u gaf"),
    "step-form": ("it is a receipt", "het is een ontvangstbewijs"), "inside": ("entries {numbers}", "regels {numbers}"),
    "words-signed": ("{count} signed sentences", "{count} ondertekende zinnen"),
    "words-open": ("NOT PROVED: nobody signed them", "NIET BEWEZEN: niemand heeft ze ondertekend"),
    "words-other": ("other sentences than the organisation signed", "andere zinnen dan de organisatie ondertekende"),
    "step-words": ("what you were told", "wat u is verteld"), "open": ("not proved", "niet bewezen"),
    "all-but": ("All else holds. The sentences in it are proved by nothing.",
                "Al het andere klopt. De zinnen erin zijn door niets bewezen."),
    "told": ("told", "verteld"), "step-sum": ("it adds up", "het telt op"),
    "step-signature": ("it is signed", "het is ondertekend"),
}  # fmt: skip
"""Each text in English and Dutch."""
LABELS = (("withheld", "niet gebruikt"), ("missing", "niet bekend"), ("other", "iets anders"),
          ("below", "minder dan"), ("to", "tot"), ("or more", "of meer"))  # fmt: skip
DUTCH = {"decision": "beslissing", "at": "moment", "campaign": "campagne", "version": "versie", "standing": "gebruikt",
         "permission_code": "code van de toestemming", "outcome_code": "code van de uitkomst", "score": "score",
         "entry": "regel", "purpose": "doel", "offer": "aanbod", "refused": "niets", "contextual": "niets persoonlijks",
         "personalised": "persoonsgegevens"}  # fmt: skip
