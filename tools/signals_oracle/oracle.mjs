// The reference libraries of IAB Tech Lab (Apache-2.0), asked from the outside.
//
//   node oracle.mjs make SEED COUNT   one JSON document: strings that the libraries made, and what they say
//   node oracle.mjs read              JSON lines in ({"kind": "tcf" or "gpp", "string": ...}), JSON lines out
import { createInterface } from "node:readline";
import { GppModel } from "@iabgpp/cmpapi";
import { PurposeRestriction, RestrictionType, Segment, SegmentEncoder, TCModel, TCString } from "@iabtechlabtcf/core";

const STATES = "usnat usca usva usco usut usct usfl usmt usor ustx usde usia usne usnh usnj ustn usmn usmd usin usky usri";
const CANADA = ["VendorExpressConsent", "VendorImpliedConsent", "DisclosedVendors"];

function draws(seed) {
  let state = BigInt(seed) * 2862933555777941757n + 3037000493n;
  const next = (below) => {
    state = (state * 6364136223846793005n + 1442695040888963407n) & 0xffffffffffffffffn;
    return Number((state >> 33n) % BigInt(below));
  };
  const some = (highest, most) => {
    const ids = new Set();
    for (let left = next(most + 1); left > 0; left -= 1) {
      const first = 1 + next(highest);
      const last = next(3) ? first : Math.min(highest, first + next(40));
      for (let id = first; id <= last; id += 1) ids.add(id);
    }
    return [...ids].sort((a, b) => a - b);
  };
  return { next, some };
}

const ids = (vector) => {
  const found = [];
  vector.forEach((value, id) => value && found.push(id));
  return found;
};

function tcfRead(string) {
  const model = TCString.decode(string);
  const restrictions = [];
  for (const one of model.publisherRestrictions.getRestrictions()) {
    restrictions.push([one.purposeId, one.restrictionType, model.publisherRestrictions.getVendors(one)]);
  }
  restrictions.sort((a, b) => a[0] - b[0] || a[1] - b[1]);
  return {
    created: model.created.toISOString(),
    lastUpdated: model.lastUpdated.toISOString(),
    cmpId: Number(model.cmpId),
    cmpVersion: Number(model.cmpVersion),
    consentScreen: Number(model.consentScreen),
    consentLanguage: model.consentLanguage,
    vendorListVersion: Number(model.vendorListVersion),
    policyVersion: Number(model.policyVersion),
    isServiceSpecific: model.isServiceSpecific,
    useNonStandardTexts: model.useNonStandardTexts,
    specialFeatureOptins: ids(model.specialFeatureOptins),
    purposeConsents: ids(model.purposeConsents),
    purposeLegitimateInterests: ids(model.purposeLegitimateInterests),
    purposeOneTreatment: model.purposeOneTreatment,
    publisherCountryCode: model.publisherCountryCode,
    vendorConsents: ids(model.vendorConsents),
    vendorLegitimateInterests: ids(model.vendorLegitimateInterests),
    vendorsDisclosed: ids(model.vendorsDisclosed),
    publisherConsents: ids(model.publisherConsents),
    publisherLegitimateInterests: ids(model.publisherLegitimateInterests),
    publisherRestrictions: restrictions,
  };
}

function tcfMake({ next, some }) {
  const model = new TCModel();
  model.cmpId = 2 + next(4000);
  model.cmpVersion = next(4000);
  model.consentScreen = next(60);
  model.consentLanguage = "ENNLDEFR".substring(2 * next(4)).substring(0, 2);
  model.publisherCountryCode = "NLBEDEAA".substring(2 * next(4)).substring(0, 2);
  model.policyVersion = 2 + next(4);
  model.isServiceSpecific = next(8) > 0;
  model.useNonStandardTexts = next(2) > 0;
  model.purposeOneTreatment = next(2) > 0;
  model.specialFeatureOptins.set(some(12, 3));
  model.purposeConsents.set(some(24, 6));
  model.purposeLegitimateInterests.set(some(24, 4));
  model.publisherConsents.set(some(24, 4));
  model.publisherLegitimateInterests.set(some(24, 4));
  const highest = [40, 300, 1500][next(3)];
  model.vendorConsents.set(some(highest, 12));
  model.vendorLegitimateInterests.set(some(highest, 8));
  model.vendorsDisclosed.set(some(highest, 12));
  for (let left = next(3); left > 0; left -= 1) {
    const restriction = new PurposeRestriction(1 + next(11), RestrictionType.NOT_ALLOWED + next(3));
    for (const vendor of some(200, 3)) model.publisherRestrictions.add(vendor, restriction);
  }
  // Ranges of restricted vendors are joined over ids that a vendor list does not have; here it has them all.
  model.publisherRestrictions.gvl_ = { vendorIds: new Set(Array.from({ length: 200 }, (_, at) => at + 1)) };
  const day = Date.UTC(2020, 0, 1) + 86400000 * next(2600);
  model.created = new Date(day);
  model.lastUpdated = new Date(day);
  // Segment by segment: a whole string would need a vendor list, which takes vendors out that it does not know.
  const segments = [Segment.CORE, Segment.VENDORS_DISCLOSED, Segment.PUBLISHER_TC];
  return segments.map((segment) => SegmentEncoder.encode(model, segment)).join(".");
}

const plain = (value) => (value instanceof Date ? value.toISOString() : value);

function gppRead(string) {
  const model = new GppModel(string);
  const sections = {};
  for (const [name, section] of Object.entries(model.toObject())) {
    sections[name] = Object.fromEntries(Object.entries(section).map(([key, value]) => [key, plain(value)]));
  }
  return { sectionIds: model.getSectionIds(), sections };
}

function gppMake({ next, some }, name) {
  const model = new GppModel();
  if (name === "tcfcav1") {
    model.setFieldValue(name, "CmpId", 2 + next(4000));
    model.setFieldValue(name, "PurposesExpressConsent", Array.from({ length: 24 }, () => next(2) > 0));
    for (const field of CANADA) model.setFieldValue(name, field, some([30, 900][next(2)], 8));
    for (const field of ["Created", "LastUpdated"]) model.setFieldValue(name, field, new Date(Date.UTC(2026, 0, 1)));
    return model.encode();
  }
  if (name === "uspv1") {
    for (const field of ["Notice", "OptOutSale", "LspaCovered"]) model.setFieldValue(name, field, "YN-"[next(3)]);
    return model.encode();
  }
  for (const one of name.split("+")) {
    model.setFieldValue(one, "SaleOptOut", next(3));
    for (const [field, value] of Object.entries(model.toObject()[one])) {
      if (/Version|Included|Type/.test(field)) continue;
      const drawn = typeof value === "boolean" ? next(2) > 0 : Array.isArray(value) ? value.map(() => next(3)) : next(3);
      model.setFieldValue(one, field, field === "MspaCoveredTransaction" ? 1 + next(2) : drawn);
    }
  }
  return model.encode();
}

if (process.argv[2] === "make") {
  const draw = draws(process.argv[3]);
  const count = Number(process.argv[4]);
  const tcf = Array.from({ length: count }, () => tcfMake(draw));
  const names = [...STATES.split(" "), "uspv1", "tcfcav1", "tcfcav1", "tcfcav1", "usnat+usca", "usva+usut+usct", "usnat+usri"];
  const gpp = names.map((name) => gppMake(draw, name));
  const document = {
    about: "Strings made at random by the reference libraries, and what the same libraries say that they say.",
    made_by: `node tools/signals_oracle/oracle.mjs make ${process.argv[3]} ${count}`,
    source: "@iabtechlabtcf/core 1.5.21 and @iabgpp/cmpapi 3.2.0 of IAB Tech Lab, from npm",
    licence: "The libraries are Apache-2.0. The strings are drawn, and about nobody.",
    tcf: tcf.map((string) => ({ string, decoded: tcfRead(string) })),
    gpp: gpp.map((string) => ({ string, decoded: gppRead(string) })),
  };
  const lines = (cases) => cases.map((one) => JSON.stringify(one)).join(",\n");
  const { tcf: madeTcf, gpp: madeGpp, ...rest } = document;
  const head = JSON.stringify(rest, null, 1).slice(0, -2);
  process.stdout.write(`${head},\n "tcf": [\n${lines(madeTcf)}\n ],\n "gpp": [\n${lines(madeGpp)}\n ]\n}\n`);
} else {
  for await (const line of createInterface({ input: process.stdin })) {
    const { kind, string } = JSON.parse(line);
    try {
      process.stdout.write(JSON.stringify({ decoded: kind === "tcf" ? tcfRead(string) : gppRead(string) }) + "\n");
    } catch (error) {
      process.stdout.write(JSON.stringify({ error: String(error.name) }) + "\n");
    }
  }
}
