"""What we write as JSON-LD and Turtle, read by a library of others: terms are terms, and texts are texts."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from evenhand.rights import ROPA_FIELDS, ConsentContext, ProcessingRecord, consent_record, records_text, said_now

pytest.importorskip("rdflib")
from rdflib import RDF, XSD, Graph, Literal, Namespace, URIRef
from rdflib.compare import isomorphic

DPV = Namespace("https://w3id.org/dpv#")
LOC, GDPR = "https://w3id.org/dpv/loc#", "https://w3id.org/dpv/legal/eu/gdpr#"
PURPOSE = "PersonalisedAdvertising"
SLY = 'dpv:DataSubject . <urn:x> dpv:hasRisk "1'


def _row(**more):
    row = {name: [f"a {name}"] for name in ROPA_FIELDS}
    return row | {"campaign": "spring", "purpose": PURPOSE, "basis": "consent", "stored_in": "NL"} | more


@pytest.mark.parametrize("text", ["customers", SLY, "dpv:Everybody", "loc:NL", 'a "quote" \\ and\na line', "é€\x7f"])
def test_jsonld_and_turtle_of_the_record_of_processing_say_the_same(text):
    """A text that looks like a term, or would end a statement, is a text in both; purpose and basis are terms."""
    record = ProcessingRecord(
        "2026-01-01", (_row(people=text, security=text, officer=text, transfers=[text]),), (), "?"
    )
    linked, turtle = (
        Graph().parse(data=content, format=form)
        for content, form in ((record.to_jsonld(), "json-ld"), (record.to_turtle(), "turtle"))
    )
    assert isomorphic(linked, turtle)
    (process,) = linked.subjects(RDF.type, DPV.Process)
    assert process == URIRef("urn:evenhand:processing:spring")
    assert linked.value(process, DPV.hasDataSubject) == Literal(text)
    assert linked.value(process, DPV.hasPurpose) == DPV[PURPOSE]
    assert linked.value(process, DPV.hasLegalBasis) == URIRef(GDPR + "A6-1-a")
    places = [linked.value(one, DPV.hasLocation) for one in linked.subjects(RDF.type, DPV.StorageLocation)]
    assert places == [URIRef(LOC + "NL")]
    assert not list(linked.subjects(DPV.hasRisk, None))


def test_a_campaign_with_an_odd_name_is_still_one_subject():
    """Blanks and angle brackets end no IRI."""
    record = ProcessingRecord("2026-01-01", (_row(campaign="a> b\n"),), (), "?")
    linked = Graph().parse(data=record.to_jsonld(), format="json-ld")
    assert isomorphic(linked, Graph().parse(data=record.to_turtle(), format="turtle"))


def test_terms_of_a_consent_record_are_terms_and_its_texts_texts():
    """Purpose, basis, processing, place, actor and necessity are IRIs; moments and durations have their types."""
    context = ConsentContext("Acme & Co", "p@acme.example", "NL", data=("visits",), stored_in="NL", retention="P6M")
    said = said_now("give", PURPOSE, datetime(2026, 1, 1, tzinfo=UTC), notice="v 7", actor="desk 4", language="nl")
    text = records_text([consent_record("ab12", PURPOSE, [said], context)])
    found = Graph().parse(data=text, format="json-ld")
    (process,) = found.subjects(RDF.type, DPV.Process)
    assert found.value(process, DPV.hasPurpose) == DPV[PURPOSE]
    assert found.value(process, DPV.hasLegalBasis) == URIRef(GDPR + "A6-1-a")
    assert set(found.objects(process, DPV.hasProcessing)) == {DPV.Collect, DPV.Use, DPV.Profiling}
    assert found.value(process, DPV.hasLocation) == URIRef(LOC + "NL")
    assert found.value(process, DPV.hasPersonalData) == Literal("visits")
    (status,) = found.subjects(RDF.type, DPV.ConsentGiven)
    assert found.value(status, DPV.isIndicatedBy) == URIRef("urn:evenhand:actor:desk%204")
    assert found.value(status, DPV.isIndicatedAtTime).datatype == XSD.dateTime
    assert found.value(status, DPV.hasDuration) == DPV.UntilEventDuration
    (kept,) = found.subjects(RDF.type, DPV.StorageDuration)
    assert found.value(kept, DPV.hasDuration).datatype == XSD.duration
    assert not [one for one in found.objects() if isinstance(one, Literal) and str(one).startswith(("dpv:", "loc:"))]
    again = Graph().parse(data=found.serialize(format="turtle"), format="turtle")
    assert isomorphic(found, again)
