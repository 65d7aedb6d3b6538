"""What each chapter of the page says, in one language: sentences, and where the marks stand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from evenhand.terms import Target

from ._figures import reliability
from ._groups import FLOORS, LEAST, compared, figures, given_up
from ._increment import increment_view
from ._prices import has_guesses
from ._words import Words

__all__ = [
    "evaluation_view",
    "findings_view",
    "funnel_view",
    "hero_view",
    "lots_view",
    "numbers_view",
    "unused_view",
]

Report = Mapping[str, Any]
View = dict[str, Any]


def hero_view(report: Report, words: Words) -> View:
    """The headline, the lede and the key figures."""
    steps = {step["key"]: step["people"] for step in report["funnel"]}
    limits, campaign = report["limits"], report["campaign"]
    value = report["certificate"]["value"]
    kind = (
        "headline"
        if not limits
        else "headline-limits"
        if all(one["held"] for one in limits)
        else "headline-given-up"
        if all(one["held"] or one.get("soft") for one in limits)
        else "headline-broken"
    )
    lede = "hero.lede" if len(report["offers"]) > 1 else "hero.lede-one"
    if steps["selected"] is None:
        kind = "headline-hidden"
        share = words.t("hidden-why")
    else:
        share = words.t("key.selected-sub", share=_share(steps["selected"], steps["known"], words))
    figures = [
        {"value": words.people(steps["selected"]), "label": words.t("key.selected"), "sub": share},
        {
            "value": words.money(value),
            "label": words.t("key.value"),
            "sub": words.t(
                "key.value-sub-blind" if has_guesses(report) else "key.value-sub",
                gap=words.gap(report["certificate"]["gap"]),
            ),
        },
        _disparity_figure(report, words),
    ]
    if limits:
        figures.append(
            {
                "value": words.number(sum(one["binding"] for one in limits), 0),
                "label": words.t("key.binding", limits=len(limits)),
                "sub": words.t("key.binding-sub"),
            }
        )
    if words.target is Target.INCREMENT and steps["selected"] == 0 and steps["worthwhile"] == 0:
        nobody = words.t("increment.nobody")
    else:
        nobody = ""
    return {
        "nobody": nobody,
        "headline": words.t(
            f"hero.{kind}",
            known=words.some(steps["known"]),
            **({} if steps["selected"] is None else {"selected": words.people(steps["selected"])}),
        ),
        "lede": words.t(
            lede,
            controller=campaign["controller"]["name"],
            purpose=campaign["purpose_words"][words.lang],
            permitted=words.some(steps["permitted"]),
            value=words.money(value),
            **({"offers": len(report["offers"])} if len(report["offers"]) > 1 else {}),
        ),
        "figures": figures,
    }


def _disparity_figure(report: Report, words: Words) -> View:
    """The declared comparison that came out worst."""
    judged = [
        (chapter, *figures(chapter))
        for chapter in report["groups"]
        if chapter["limit"] and chapter["measure"] not in FLOORS
    ]
    known = [(chapter, before, after) for chapter, before, after in judged if after is not None]
    if not known:
        return {"value": "–", "label": words.t("key.no-group-limit"), "sub": words.t("key.no-group-limit-sub")}
    chapter, before, after = min(known, key=lambda one: one[2] if one[0]["measure"] in LEAST else 1 - one[2])
    ratio = chapter["measure"] in LEAST
    say = (lambda value: words.number(value, 2)) if ratio else words.percent
    key = "key.ratio" if ratio else "key.difference"
    texts = {offer["id"]: offer["text"][words.lang] for offer in report["offers"]}
    return {
        "value": say(after),
        "label": words.t(key),
        "sub": words.t(
            f"{key}-sub-given-up" if chapter["limit"] in given_up(report) else f"{key}-sub",
            feature=compared(chapter, texts, words),
            before=say(before),
            bound=say(chapter["bound"]),
        ),
    }


def _share(part: int | None, whole: int | None, words: Words) -> str:
    return words.percent(part / whole) if part is not None and whole else words.t("hidden")


def funnel_view(report: Report, words: Words) -> list[View]:
    """One entry per step: bar widths in percent, and the reasons of those who left before it."""
    known = report["funnel"][0]["people"] or 0
    leaves = {
        "permitted": ["refused", "contextual"],
        "worthwhile": ["not-eligible", "no-worthwhile-offer"],
        "selected": ["beyond-limits", "drawn-nothing"],
    }
    out = []
    for step in report["funnel"]:
        whole, contextual = step["people"], step["contextual"] or 0
        drops = [drop for drop in report["drops"] if {drop["step"], drop["key"]} & set(leaves.get(step["key"], []))]
        width = round(100 * (whole or 0) / known, 2) if known else 0.0
        light = round(100 * contextual / known, 2) if known and step["key"] != "known" else 0.0
        loose = step["key"] == "selected" and not all(limit["held"] for limit in report["limits"])
        name = words.t("funnel.selected-given-up" if loose else f"funnel.{step['key']}")
        share = _share(whole, known, words)
        out.append(
            {
                "key": step["key"],
                "name": name,
                "people": words.people(whole),
                "share": words.t("hidden-why") if whole is None else words.t("funnel.of-known", share=share),
                "split": words.t(
                    "funnel.split",
                    personalised=words.people(step["personalised"]),
                    contextual=words.people(step["contextual"]),
                )
                if step["key"] != "known" and step["personalised"] is not None
                else "",
                "width": width,
                "dark": round(width - light, 2),
                "light": light,
                "desc": words.t("funnel.desc-hidden", step=name)
                if whole is None
                else words.t("funnel.desc", people=words.people(whole), step=name, share=share),
                "left": [_drop(drop, words) for drop in drops if drop["step"] != "contextual"],
                "became": [_drop(drop, words) for drop in drops if drop["step"] == "contextual"],
            }
        )
    return out


def _drop(drop: Mapping[str, Any], words: Words) -> View:
    return {
        "people": words.people(drop["people"]),
        "reason": words.t(f"drop.{drop['key']}"),
        "rule": drop["rule"],
        "kind": words.t(f"drop.kind.{drop['kind']}"),
        "step": drop["step"],
    }


def unused_view(report: Report, words: Words) -> list[View]:
    """Columns without a part in any score, by the reason; an aware limit lets a group into the price of a place."""
    aware = {
        name for limit in report["campaign"]["disparity_limits"] if limit["mode"] == "aware" for name in limit["groups"]
    }
    named = [(column["name"], "aware" if column["name"] in aware else column["why"]) for column in report["not_used"]]
    return [
        {"title": words.t(f"unused.{why}"), "names": [words.column(name) for name, found in named if found == why]}
        for why in ("aware", "sensitive", "forbidden", "unconfirmed")
        if any(found == why for _, found in named)
    ]


def numbers_view(report: Report, words: Words) -> str:
    """How many people got one offer, two, and so on; empty where one is the most."""
    numbers = report.get("numbers", ())
    if not numbers:
        return ""
    told = [words.t("numbers.one", number=one["offers"], people=words.people(one["people"])) for one in numbers]
    return words.t("numbers.say", most=len(numbers), numbers="; ".join(told))


def lots_view(report: Report, words: Words) -> str:
    """What was decided by lot, in a few sentences; empty where nothing may be."""
    lots = report.get("lots")
    if not lots:
        return ""
    drawn = {"share": words.percent(lots["share"]), "people": words.some(lots["people"])}
    if lots["offers"] is None:
        said = words.t("lots.say-hidden", **drawn)
    else:
        said = words.t("lots.say", **drawn, offers=words.people(lots["offers"]), nothing=words.people(lots["nothing"]))
    if lots["lost_micro"] is None:
        return said
    return f"{said} {words.t('lots.lost', money=words.money(lots['lost_micro']))}"


def evaluation_view(report: Report, words: Words) -> View:
    """How well the model does on rows it has not seen."""
    if words.target is Target.INCREMENT:
        return increment_view(report, words)
    evaluation = report["model"]["evaluation"]
    overall = evaluation.get("overall", {"rows": 0, "enough": False})
    texts = {offer["id"]: offer["text"][words.lang] for offer in report["offers"]}
    offers = [_measured(texts.get(name, name), one, words) for name, one in evaluation.get("offers", {}).items()]
    if not overall["enough"]:
        return {"enough": False, "sentences": [words.t("evaluation.too-few", rows=words.people(overall["rows"]))]}
    value, lower, upper = (words.number(x, 3) for x in overall["auroc"])
    sentences = [words.t("evaluation.auroc", value=value, lower=lower, upper=upper)]
    if overall["auroc"][1] <= 0.5 <= overall["auroc"][2]:
        sentences.append(words.t("evaluation.chance"))
    expected = sum(row["predicted"] * row["rows"] for row in overall["reliability"])
    came = words.people(overall["positives"])
    sentences.append(words.t("evaluation.expected", expected=words.people(round(expected)), came=came))
    sentences.append(words.t("evaluation.gain", top=words.percent(overall["gain"]["top_10"])))
    loss, base = overall["log_loss"], overall["log_loss_of_base_rate"]
    sentences.append(words.t("evaluation.loss", loss=words.number(loss, 4), base=words.number(base, 4)))
    if loss > base:
        sentences.append(words.t("evaluation.loss-worse"))
    return {
        "enough": True,
        "say": words.t(
            "evaluation.say", rows=words.people(overall["rows"]), positives=words.people(overall["positives"])
        ),
        "sentences": sentences,
        "auroc": {"x": [round(100 * x, 2) for x in overall["auroc"]], "text": f"{value} ({lower} – {upper})"},
        "chart": reliability(overall["reliability"]),
        "top": words.percent(reliability(overall["reliability"])["top"], 0),
        "rows": [
            {
                "rows": words.people(row["rows"]),
                "predicted": words.percent(row["predicted"]),
                "rate": words.percent(row["rate"]),
                "interval": f"{words.percent(row['lower'])} – {words.percent(row['upper'])}",
            }
            for row in overall["reliability"]
        ],
        "offers": offers,
    }


def _measured(name: str, one: Mapping[str, Any], words: Words) -> View:
    held_out = one["held_out"]
    fit = words.t(f"evaluation.fit.{one['fit']}")
    why = words.maybe(f"evaluation.why.{one['why']}") if one["why"] else ""
    auroc: Sequence[float] | None = held_out["auroc"] if held_out["enough"] else None
    return {
        "name": name,
        "fit": f"{fit} ({why})" if why else fit,
        "rows": words.people(held_out["rows"]),
        "auroc": words.number(auroc[0], 3) if auroc else words.t("evaluation.not-measured"),
        "interval": f"{words.number(auroc[1], 3)} – {words.number(auroc[2], 3)}" if auroc else "",
        "x": [round(100 * x, 2) for x in auroc] if auroc else None,
    }


def findings_view(report: Report, words: Words) -> list[View]:
    """What the data audit found; findings of a kind that has no translation keep their own words."""
    return [_finding(finding, words) for finding in report["audit"]["findings"]]


def _finding(finding: Mapping[str, Any], words: Words) -> View:
    measured, key = dict(finding["measured"]), f"finding.{finding['id']}"
    if finding["id"] == "EH-DATA-001" and "ratio" not in measured:
        key += "-hidden"
    if "kind" in measured:
        key += f"-{measured['kind']}"
    known = words.maybe(key)
    values: dict[str, object] = {"name": _subject(finding["subject_matter"], words)}
    for name, value in measured.items():
        if name in ("group", "compared_with"):
            values[name] = words.group(str(value).split(" & "))
        elif name in ("sensitive", "column", "second"):
            values[name] = _subject(str(value), words)
        elif name in ("missing_most", "missing_least", "rare"):
            values[name] = words.percent(float(value), 0)
        elif name == "part":
            values[name] = words.part(str(value))
        elif name in ("lowest_rate", "highest_rate"):
            values[name] = words.percent(float(value), 1)
        else:
            values[name] = (
                words.number(value, 2 if isinstance(value, float) else 0) if not isinstance(value, str) else value
            )
    if "unknown" in measured and measured.get("rows"):
        values["share"] = words.percent(float(measured["unknown"]) / float(measured["rows"]), 0)
    said = known and all(f"{{{name}}}" not in known or name in values for name in _places(known))
    return {
        "id": finding["id"],
        "severity": finding["severity"],
        "mark": words.t(f"data.severity.{finding['severity']}"),
        "what": words.t(key, **{name: values[name] for name in _places(known)}) if said else finding["what"],
        "remedy": words.maybe(f"{key}.do") or words.maybe(f"finding.{finding['id']}.do") if said else finding["remedy"],
        "lang": words.lang if said else "en",
        "rule": words.t("data.rule", rule=finding["rule"]) if len(finding["rule"]) < 20 else "",
    }


def _subject(name: str, words: Words) -> str:
    return words.columns(name.split(" & "))


def _places(template: str) -> list[str]:
    from string import Formatter

    return [name for _, name, _, _ in Formatter().parse(template) if name]
