"""Column names, Dutch and English, that say that their values name, number or reach one person."""

from __future__ import annotations

import re

__all__ = ["names_people", "numbers_people", "tells_of_people"]


def _list(words: str) -> frozenset[str]:
    return frozenset(words.split())


_SEPARATORS = re.compile(r"[^a-z0-9]+")
_SCRAMBLED = re.compile(r"(?:hash|hashed|sha1|sha256|sha512|md5|encrypted|versleuteld|pseudoniem|pseudonym)$")
_WHOSE = _list(
    """klanten klant customers customer cust clients client contactpersoon contact personal person persoon users user
    member lid home private prive billing shipping bezorg factuur"""
)
_TELL = _list(
    """bsn burgerservicenummer sofinummer nationalid nationalinsurancenumber ssn socialsecuritynumber
    identiteitsnummer paspoort paspoortnummer passport passportnumber rijbewijsnummer driverslicense drivinglicence
    iban rekeningnummer bankrekening bankrekeningnummer bankaccount accountnumber creditcard creditcardnummer
    creditcardnumber kaartnummer cardnumber
    email emailadres emailaddress mail mailadres telefoon telefoonnummer telnr tel mobiel mobielnummer
    phone phonenumber telephone telephonenumber mobile mobilenumber mobilephone
    naam name volledigenaam fullname achternaam familienaam lastname surname familyname voornaam voornamen firstname
    givenname forename roepnaam voorletters initials meisjesnaam maidenname gebruikersnaam username loginname
    adres address straat straatnaam street streetname streetaddress woonadres huisadres postadres addressline
    huisnummer housenumber
    geboortedatum gebdatum dateofbirth birthdate birthday dob
    kenteken licenseplate licenceplate numberplate ip ipadres ipaddress"""
)
_WHOLE_NAMES = _list(
    """volledigenaam fullname achternaam familienaam lastname surname familyname contactpersoon contactperson
    accountmanager"""
)
_NUMBER = _list(
    """klantnummer klantnr klantid klantcode customernumber customernr customerid customerno clientnumber clientid
    clientnr relatienummer relatienr relatieid lidnummer lidnr lidmaatschapsnummer membernumber memberid
    membershipnumber polisnummer policynumber personeelsnummer employeenumber employeeid userid gebruikersid personid
    persoonid subjectid patientnummer patientid deviceid cookieid advertisingid"""
)


def tells_of_people(name: str) -> bool:
    """Whether a column's name says that it holds names, addresses or numbers of people, as they are or scrambled.

    Example:
        >>> [tells_of_people(name) for name in ("Achternaam", "customer_email", "email_hash", "email_opens", "region")]
        [True, True, True, False, False]
    """
    return _bare(name, _TELL)


def names_people(name: str) -> bool:
    """Whether a column's name says that it holds names of people, rather than of anything.

    Example:
        >>> [names_people(name) for name in ("klant_naam", "Full name", "contactpersoon", "naam", "product_name")]
        [True, True, True, False, False]
    """
    whole = _whole(name)
    is_whose = any(whole.removeprefix(who) in ("naam", "name") for who in _WHOSE if whole.startswith(who))
    return is_whose or _bare(name, _WHOLE_NAMES)


def numbers_people(name: str) -> bool:
    """Whether a column's name says that it holds the number under which a person is known.

    Example:
        >>> [numbers_people(name) for name in ("klantnummer", "Customer ID", "order_number")]
        [True, True, False]
    """
    return _bare(name, _NUMBER)


def _bare(name: str, words: frozenset[str]) -> bool:
    whole = _whole(name)
    if whole in words:
        return True
    return any(
        (whole.startswith(who) and whole.removeprefix(who) in words)
        or (whole.endswith(who) and whole.removesuffix(who) in words)
        for who in _WHOSE
    )


def _whole(name: str) -> str:
    """A column's name as one word, without what says that it was scrambled."""
    return re.sub(r"\d+$", "", _SCRAMBLED.sub("", _SEPARATORS.sub("", name.lower())))
