"use strict";
// The same steps as check_receipt.py, with what the browser has: SHA-256 and Ed25519 of Web Crypto. No request is made
// where the receipt is in the page; else one is, to where the page came from, for the receipt itself.
(async () => {
  const utf8 = new TextEncoder();
  const hex = (text) => Uint8Array.from(text.match(/../g) || [], (byte) => parseInt(byte, 16));
  const base64 = (text) => Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
  const join = (...parts) => Uint8Array.from(parts.flatMap((part) => [...part]));
  const sha256 = async (bytes) => new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  const same = (a, b) => a.length === b.length && a.every((byte, i) => byte === b[i]);
  const text = (bytes) => [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  const must = (holds) => { if (!holds) throw new Error("broken"); };
  const show = (selector, name, value) =>
    document.querySelectorAll(selector).forEach((element) => { element.dataset[name] = value; });
  const state = (step, value) => show(`[data-step=${step}]`, "state", value);

  document.querySelectorAll("input[name=lang]").forEach((choice) => choice.addEventListener("change", () => {
    const lang = choice.id.slice("show-".length);
    document.title = document.querySelector(`main.in-${lang}`).dataset.title;
    document.documentElement.lang = lang;
  }));

  const entries = {};
  const inside = document.getElementById("receipt");
  let receipt = null;

  async function fetched() {
    const answer = await fetch(document.querySelector("[data-values]").href);
    must(answer.ok);
    return await answer.json();
  }

  async function form() {
    if (inside) receipt = JSON.parse(inside.textContent); // half a receipt is none
    must(receipt.receipt === 1);
    for (const found of receipt.entries) {
      must(["decision", "run", "campaign", "model"].includes(found.role) && !entries[found.role]);
      const after = hex(found.after);
      must(after.length === 32 && found.path.every((step) => hex(step).length === 32));
      const hash = await sha256(join(after, utf8.encode(found.body)));
      entries[found.role] = { ...found, hash, said: JSON.parse(found.opened ?? found.body) };
    }
    must(entries.decision && entries.run);
  }

  async function keyOf(raw) {
    try {
      return await crypto.subtle.importKey("raw", raw.slice(1), { name: "Ed25519" }, false, ["verify"]);
    } catch {
      throw new Error("cannot");
    }
  }

  async function signature() {
    const [name, mark, ...rest] = receipt.ledger.split("+");
    const raw = base64(rest.join("+"));
    must(raw[0] === 1 && raw.length === 33);
    must(text((await sha256(join(utf8.encode(name), [10], raw))).slice(0, 4)) === mark);
    const [body, signed] = receipt.checkpoint.split("\n\n");
    must(body.split("\n")[0] === name);
    const key = await keyOf(raw);
    for (const line of signed.split("\n").filter(Boolean)) {
      const at = line.lastIndexOf(" ");
      const found = base64(line.slice(at + 1));
      if (line.startsWith("\u2014 ") && line.slice(2, at) === name && text(found.slice(0, 4)) === mark &&
          await crypto.subtle.verify({ name: "Ed25519" }, key, found.slice(4), utf8.encode(body + "\n"))) return;
    }
    must(false);
  }

  async function rootOf(entry, size) {
    let node = entry.number - 1, last = size - 1;
    must(node >= 0 && node <= last);
    let found = await sha256(join([0], entry.hash));
    const half = (number) => Math.floor(number / 2);
    for (const step of entry.path.map(hex)) {
      must(last > 0);
      if (node % 2 || node === last) {
        found = await sha256(join([1], step, found));
        while (node % 2 === 0 && node) { node = half(node); last = half(last); }
      } else {
        found = await sha256(join([1], found, step));
      }
      node = half(node); last = half(last);
    }
    must(last === 0);
    return found;
  }

  async function inclusion() {
    const [, size, root] = receipt.checkpoint.split("\n\n")[0].split("\n");
    for (const entry of Object.values(entries)) must(same(await rootOf(entry, Number(size)), base64(root)));
  }

  const isClosed = () => entries.decision.opened === undefined && entries.decision.said["@"] === "sealed-decision";

  async function belonging() {
    const { decision, run } = entries;
    for (const entry of Object.values(entries)) {
      if (entry.opened === undefined) continue; // else the entry holds a commitment: SHA-256 of salt and what was decided
      const committed = text(await sha256(join(hex(entry.salt), utf8.encode(entry.opened))));
      must(JSON.parse(entry.body).d === committed);
    }
    if (isClosed()) {
      must(run.said["@"] === "run-started" && decision.number > run.number && !entries.campaign && !entries.model);
      throw new Error("after");
    }
    must(decision.said["@"] === "decision" && run.said["@"] === "run-started");
    must(decision.number - run.number === (decision.said.n || 0));
    for (const role of ["campaign", "model"]) {
      if (!entries[role]) continue;
      const { digest, text: document } = entries[role].said;
      must(digest === run.said[role] && text(await sha256(utf8.encode(document))) === digest);
    }
    const at = new Date((decision.said.at || 0) / 1000);
    const offers = entries.campaign ? JSON.parse(entries.campaign.said.text).offers : [];
    document.querySelectorAll(".facts").forEach((line) => {
      const lang = line.closest("[lang]").lang, words = line.dataset, offer = offers[decision.said.o ?? -1]?.text[lang];
      const how = { dateStyle: "long", timeStyle: "short", timeZone: "UTC", hour12: false };
      const moment = at.toLocaleString(lang === "en" ? "en-GB" : lang, how);
      const standing = [words.refused, words.contextual, words.personalised][decision.said.st || 0];
      const got = !entries.campaign ? "" : offer === undefined ? `${words.none} · ` : `${words.offer}: ${offer} · `;
      line.textContent = `${got}${standing} · ${moment} UTC · ${run.said.name} · ${run.said.run}.${decision.said.n}`;
      line.hidden = false;
    });
  }

  function label(binning, code, words, lang) {
    if (code < 3) return [words.withheld, words.missing, words.other][code];
    if (binning.kind === "category") return binning.categories[code - 3];
    const say = (cut) => cut?.toLocaleString(lang, { maximumFractionDigits: 12, useGrouping: false });
    const low = say(binning.cuts[code - 4]), high = say(binning.cuts[code - 3]);
    if (low === undefined) return high === undefined ? "" : `${words.below} ${high}`;
    return high === undefined ? `${low} ${words.more}` : `${low} ${words.to} ${high}`;
  }

  async function sum() {
    const said = entries.decision.said;
    if (isClosed()) throw new Error("closed");
    if (!entries.model) throw new Error("absent");
    const offer = (said.o ?? -1) >= 0 ? said.o : said.ru ?? -1;
    if (said.st !== 2 || offer < 0) throw new Error("none");
    const model = JSON.parse(entries.model.said.text), layout = entries.run.said.layout;
    const width = layout.reduce((all, size) => all + (size || 1), 0);
    const raw = said.c ? hex(said.c) : new Uint8Array(width);
    must(raw.length === width && layout.length === model.view.binnings.length);
    let place = 0;
    const codes = layout.map((size) => { const code = raw[place + (size ? offer : 0)]; place += size || 1; return code; });
    for (const pair of model.pairs || []) {
      const one = codes[pair.first], other = codes[pair.second];
      codes.push(one && other ? 1 + pair.first_bands[one] * (Math.max(0, ...pair.second_bands) + 1) + pair.second_bands[other] : 0);
    }
    const shares = codes.map((code, term) => model.tables[term][offer][code]);
    const total = model.base[offer] + shares.reduce((all, share) => all + share, 0);
    must(Math.max(-2e9, Math.min(2e9, total)) === (said.sc || 0));
    (said.tt || []).forEach((term, i) => must(shares[term] === said.tc[i]));
    document.querySelectorAll("section.parts").forEach((section) => table(section, model, offer, codes, shares, said.sc || 0));
  }

  function table(section, model, offer, codes, shares, score) {
    const lang = section.closest("[lang]").lang, words = section.querySelector("table").dataset;
    const campaign = entries.campaign ? JSON.parse(entries.campaign.said.text) : { columns: {} };
    const names = model.view.binnings.map((binning) => campaign.columns[binning.name]?.meaning?.[lang] || binning.name);
    const values = model.view.binnings.map((binning, term) => label(binning, codes[term], words, lang));
    for (const pair of model.pairs || []) {
      names.push(`${names[pair.first]} × ${names[pair.second]}`);
      values.push(`${values[pair.first]}, ${values[pair.second]}`);
    }
    const points = (micro) => (micro / 10000).toLocaleString(lang, { minimumFractionDigits: 4, signDisplay: "exceptZero" });
    const body = section.querySelector("tbody");
    const row = (name, value, micro, kind) => {
      const line = body.insertRow();
      line.className = kind;
      const head = document.createElement("th");
      head.scope = "row";
      head.textContent = name;
      line.append(head);
      line.insertCell().textContent = value;
      const cell = line.insertCell();
      cell.className = "num";
      cell.textContent = points(micro);
    };
    row(words.base, "", model.base[offer], "");
    shares.map((_, term) => term).sort((a, b) => Math.abs(shares[b]) - Math.abs(shares[a]) || a - b)
      .forEach((term) => row(names[term], values[term], shares[term], ""));
    row(words.total, "", score, "total");
    section.hidden = false;
  }

  async function words() {
    if (!receipt.words_signed) throw new Error("unproven");
    const [name, , ...rest] = receipt.ledger.split("+"), { decision, run } = entries;
    let said = `${run.said.run}.${decision.number - run.number}\n`;
    for (const lang of Object.keys(receipt.words).sort())
      for (const line of receipt.words[lang]) said += `${lang} ${text(await sha256(utf8.encode(line)))}\n`;
    const signed = utf8.encode(`evenhand receipt-words/v1\n${name}\n${text(await sha256(utf8.encode(said)))}\n`);
    const key = await keyOf(base64(rest.join("+")));
    must(await crypto.subtle.verify({ name: "Ed25519" }, key, base64(receipt.words_signed), signed));
    document.querySelectorAll("main").forEach((main) => { // what is shown is what was signed
      const shown = [...main.querySelectorAll("[data-said]")].map((one) => one.textContent);
      must(JSON.stringify(shown) === JSON.stringify(receipt.words[main.lang]));
    });
  }

  document.querySelectorAll(".verdict .waiting").forEach((line) => { line.textContent = line.dataset.busy; });
  try {
    if (!inside) receipt = await fetched();
  } catch {
    show(".verdict", "verdict", document.querySelector("[data-values]") ? "lost" : "broken");
    return;
  }
  let verdict = "holds";
  for (const [name, step] of Object.entries({ form, signature, inclusion, belonging, sum, words })) {
    let found = "holds";
    try {
      await step();
    } catch (problem) {
      found = ["cannot", "absent", "none", "after", "closed", "unproven"].includes(problem.message) ? problem.message : "broken";
    }
    state(name, found);
    if (name === "words") show(".words", "words", found);
    if (found === "broken") { verdict = "broken"; break; }
    if (found === "cannot" || (found === "unproven" && verdict === "holds")) verdict = found;
  }
  show(".verdict", "verdict", verdict);
})();
