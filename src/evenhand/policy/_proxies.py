"""Column names that give a protected attribute, or a well-known stand-in for one, away (English and Dutch).

A name proves nothing: what a column really tells is measured by the data audit (`disparity`). But where law forbids
targeting by age, gender, origin or place (RULES F-HEC), a name is reason enough to stop.
"""

from __future__ import annotations

import re
from enum import StrEnum, unique
from itertools import pairwise

__all__ = ["Attribute", "attribute_named"]


@unique
class Attribute(StrEnum):
    """What a column's name suggests that it tells."""

    PLACE = "place of living"
    AGE = "age"
    GENDER = "gender"
    ORIGIN = "nationality or origin"
    FAMILY = "family status"
    SPECIAL = "health, belief, politics or another special category"


_WORDS = {
    Attribute.PLACE: """postcode postal postalcode zip zipcode pc4 pc6 neighbourhood neighborhood wijk buurt address
        adres street straat straatnaam huisnummer latitude longitude lat lon lng geohash woonadres census""",
    Attribute.AGE: """age ages leeftijd leeftijdsgroep leeftijdsklasse agegroup ageband birth birthdate birthday
        birthyear dob yob geboortedatum geboortejaar geboren gepensioneerd retired""",
    Attribute.GENDER: """gender sex geslacht sexe female male vrouw man vrouwelijk mannelijk salutation aanhef pronouns
        voornaamwoorden meisjesnaam""",
    Attribute.ORIGIN: """nationality nationaliteit citizenship staatsburgerschap race ras ethnicity ethnic etniciteit
        etnisch afkomst migratieachtergrond migrationbackground migrant immigrant geboorteland geboorteplaats
        birthplace birthcountry firstname lastname surname voornaam achternaam mothertongue moedertaal huidskleur
        skincolour skincolor""",
    Attribute.FAMILY: """marital married burgerlijkestaat gehuwd getrouwd pregnant pregnancy zwanger zwangerschap
        kinderwens divorced gescheiden""",
    Attribute.SPECIAL: """health gezondheid disease ziekte diagnosis diagnose medication medicatie disability handicap
        beperking disabled arbeidsbeperking religion religie religious geloof kerk moskee church mosque geaardheid
        sexualorientation political politiek tradeunion vakbond criminal strafblad genetic biometric bsn ssn""",
}
_BY_WORD = {word: attribute for attribute, words in _WORDS.items() for word in words.split()}
_THINGS = """account accounts ad asset auto building car cart contract content device domain home house huis item lening
    listing loan login membership order page polis policy product property relatie relation session site stock tenure
    vehicle woning"""
_NOT_A_PERSONS = {"age": frozenset(_THINGS.split()), "address": frozenset({"email", "mail"})}
_SPLIT = re.compile(r"[^A-Za-z0-9]+|(?<=[a-z0-9])(?=[A-Z])")


def attribute_named(column: str) -> Attribute | None:
    """What the column's name suggests, or None.

    The age of a thing (``account_age``) is not the age of a person.

    Example:
        >>> attribute_named("customerPostcode"), attribute_named("leeftijd"), attribute_named("account_age_days")
        (<Attribute.PLACE: 'place of living'>, <Attribute.AGE: 'age'>, None)
    """
    parts = [part.lower() for part in _SPLIT.split(column) if part]
    for word in (*parts, *("".join(pair) for pair in pairwise(parts))):
        if word in _BY_WORD and not _NOT_A_PERSONS.get(word, frozenset()).intersection(parts):
            return _BY_WORD[word]
    return None
