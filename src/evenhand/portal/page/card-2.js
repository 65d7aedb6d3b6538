/* evenhand card 2, Apache-2.0: places cards of offers that say what they are and where to ask why. It asks the page's own
   server alone, keeps nothing, and reads nothing but the privacy signal. Whether a card passes it, the service says. */
(function () {
  "use strict";
  var asked = new WeakSet();

  function safe(address) {
    try {
      var url = new URL(address, location.href);
      return address && /^https?:$/.test(url.protocol) ? url.href : "";
    } catch (error) {
      return "";
    }
  }

  function add(parent, tag, kind, words) {
    var made = parent.appendChild(document.createElement(tag));
    if (kind) made.className = "evenhand-" + kind;
    made.textContent = words;
    return made;
  }

  function link(parent, kind, words, href, rel) {
    var made = add(parent, "a", kind, words);
    made.href = href;
    made.rel = rel;
    made.style.display = "inline-block";
    made.style.minHeight = "24px";
    return made;
  }

  function drawn(card) {
    var box = document.createElement("article");
    box.className = "evenhand-card";
    box.lang = card.lang;
    box.setAttribute("aria-label", card.name);
    if (card.personal) box.setAttribute("data-evenhand-personal", card.gpc || "");
    var label = add(box, "p", "label", card.label + " - " + card.how + " - ");
    var why = link(label, "why", card.why.text, safe(card.why.link), "nofollow");
    why.referrerPolicy = "no-referrer";
    why.setAttribute("aria-label", card.why.name);
    var to = safe(card.offer.link);
    var offer = add(box, "p", "offer", to ? "" : card.offer.text);
    if (to) link(offer, "", card.offer.text, to, "sponsored");
    add(box, "p", "from", card.from);
    if (card.made) add(box, "p", "made", card.made);
    return box;
  }

  function place(box) {
    var out = navigator.globalPrivacyControl === true;
    var stopped = box.querySelector('[data-evenhand-personal]:not([data-evenhand-personal="passes"])');
    if (out && stopped) stopped.remove();
    if (box.querySelector(".evenhand-card")) return;
    var from = safe(box.getAttribute("data-evenhand"));
    if (!from || asked.has(box)) return;
    var url = new URL(from);
    if (url.origin !== location.origin) return;
    asked.add(box);
    if (out) url.searchParams.set("gpc", "1");
    fetch(url, { credentials: "same-origin", cache: "no-store", redirect: "error", headers: { Accept: "application/json" } })
      .then(function (answer) {
        return answer.status === 200 ? answer.json() : null;
      })
      .then(function (card) {
        var whole = card && card.card === 1 && card.label && card.how && card.from && safe(card.why.link);
        if (whole && !(out && card.personal && card.gpc !== "passes")) box.replaceChildren(drawn(card));
      })
      .catch(function () {});
  }

  function look() {
    document.querySelectorAll("[data-evenhand]").forEach(place);
  }

  document.addEventListener("evenhand", look);
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", look);
  else look();
})();
