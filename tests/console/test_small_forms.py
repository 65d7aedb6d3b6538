"""On the pages of a campaign: who is shown which way, words of a language, and what stays as it was typed."""

from __future__ import annotations

import re

import pytest

from campaigns_cases import named, start
from console_cases import AS_TYPED
from evenhand.console import told_in
from evenhand.staff import StaffRole

M, A, P, R = StaffRole.MARKETER, StaffRole.AUDITOR, StaffRole.PRIVACY_OFFICER, StaffRole.REVIEWER
SMALL = "/console/campaigns/small-shop"


@pytest.mark.parametrize(
    ("role", "may"), [(M, True), (StaffRole.DATA_SCIENTIST, True), (A, False), (R, False), (P, False)]
)
@pytest.mark.parametrize("path", ["campaigns", "campaigns/small-shop", "monitor"])
def test_the_way_to_a_new_campaign_is_shown_only_to_whoever_may_make_one(console, role, may, path):
    """On every page; whoever goes there all the same is refused."""
    browser = console.of(role)
    assert ("/console/new" in browser.get(f"/console/{path}?lang=en").text) is may
    assert browser.get("/console/new").status_code == (200 if may else 403)


@pytest.mark.parametrize(("role", "words"), [(M, "See and change the file"), (R, "See the file")])
def test_a_file_is_called_to_be_changed_only_where_it_can_be(console, role, words):
    """Whoever reviews sees it."""
    page = console.of(role).get(f"{SMALL}?lang=en").text
    assert re.search(r'/file\?lang=en">([^<]*)', page)[1] == words


def test_columns_of_groups_are_told_by_their_meaning_in_the_language(console):
    """In the list, beside the figures and above the table of reach; without a meaning the column's name is there."""
    text = console.register.text("small-shop").decode()
    meant = text.replace("{role: sensitive}", "{role: sensitive, meaning: {nl: geslacht, en: sex or gender}}")
    console.register.upload(named("meant", meant), who="staff-1", why="")
    start(console, "meant")
    browser = console.of(M)
    for path in ("campaigns", "campaigns/meant"):
        assert re.search("geslacht [fm] krijgt", browser.get(f"/console/{path}?lang=nl").text), path
        assert re.search("sex or gender [fm] gets", browser.get(f"/console/{path}?lang=en").text), path
    assert "<caption>geslacht: " in browser.get("/console/campaigns/meant?lang=nl").text
    assert "<caption>sex: " in browser.get(f"{SMALL}?lang=nl").text
    console.register.look("meant")
    assert "geslacht f" in browser.get("/console/monitor?lang=nl").text


@pytest.mark.parametrize(
    ("asked", "name", "words"),
    [
        ("budget=x", "budget", "it is no number from 0 on."),
        ("budget=-1", "budget", "it is no number from 0 on."),
        ("budget=1e12", "budget", "it is too large."),
        ("budget=1e-400", "budget", "it has more than six digits after the point."),
        ("contacts=3.5", "contacts", "it is no whole number."),
        ("contacts=1e99999", "contacts", "it is too large."),
        ("contacts=12", "contacts", "this campaign has no such limit."),
        ("bound.sex-reach=2", "bound.sex-reach", "it is no number from 0 to 1."),
        ("bound.sex-reach=nan", "bound.sex-reach", "it is no number from 0 to 1."),
        ("bound.nothing=0.5", "bound.nothing", "this campaign has no such limit."),
    ],
)
def test_a_limit_in_the_address_that_cannot_be_tried_is_named_and_the_page_stays(console, asked, name, words):
    """With why; the plan of what could be tried is there."""
    page = console.of(M).get(f"{SMALL}?plan=1&lang=en&{asked}")
    assert page.status_code == 200
    assert f"<code>{name}</code>: {words}" in page.text
    assert "From the run of" in page.text


def test_markup_and_a_flood_of_limits_in_an_address_stay_text_and_few(console):
    """A name is shown as text, cut short, and at most twenty are."""
    many = "&".join(f"bound.%3Cb%3E{place}{'x' * 300}=2" for place in range(60))
    page = console.of(M).get(f"{SMALL}?plan=1&lang=en&{many}")
    assert page.status_code == 200
    assert "<b>0" not in page.text
    assert page.text.count("bound.&lt;b&gt;") < 100
    assert page.text.count("it is no number from 0 to 1.") == 20


def test_limits_that_are_tried_are_there_in_the_other_language_too(console):
    """The link of a language keeps them."""
    page = console.of(M).get(f"{SMALL}?plan=1&budget=2&lang=en").text
    assert "/console/campaigns/small-shop?plan=1&amp;budget=2&amp;lang=nl" in page


def _paused(console, name):
    console.register.upload(named(name, console.register.text("small-shop").decode()), who="staff-1", why="")
    start(console, name)
    return f"/console/campaigns/{name}"


def test_a_reason_is_there_after_the_language_was_changed_and_after_a_refusal(console):
    """A button of a language does nothing else; the reason stands in its own form alone, and links lead to its page."""
    path, browser = _paused(console, "kept-reason"), console.of(M)
    page = browser.post(f"{path}/pause", act="pause", reason='half <a> "reason"', do="lang-en", lang="nl")
    assert page.status_code == 200
    assert '<html lang="en">' in page.text
    assert 'id="why-pause" name="reason" value="half &lt;a&gt; &#34;reason&#34;"' in page.text
    assert f'href="{path}?lang=nl"' in page.text
    assert console.register.read("kept-reason")["state"] == "active"
    refused = browser.post(f"{path}/resume", act="resume", reason="too early", lang="en")
    assert refused.status_code == 409
    assert 'id="why-pause" name="reason" value=""' in refused.text
    long = browser.post(f"{path}/pause", act="pause", reason="x" * 501, lang="en")
    assert long.status_code == 422
    assert "x" * 501 in long.text


def test_a_start_without_a_reason_is_refused_in_the_readers_language(console):
    """A blank is none."""
    refused = console.of(M).post("/console/campaigns/draft/start", act="start", seen="*", reason=" ", lang="nl")
    assert refused.status_code == 422
    assert "Voor een start zijn een naam en een reden nodig." in refused.text
    assert console.register.read("draft")["state"] == "draft"


def test_a_reason_that_ends_in_no_full_stop_gets_one_where_a_sentence_follows(console):
    """Who paused it, and who may let it go on, are two sentences."""
    path = _paused(console, "two-sentences")
    assert console.of(P).post(f"{path}/pause", act="pause", reason="complaints").status_code == 303
    assert "complaints. Only these roles" in console.of(M).get(f"{path}?lang=en").text


def test_enter_in_the_form_of_a_review_chooses_nothing_and_keeps_the_reason(console):
    """Without a button there is no verdict, where there was a refusal before; nothing is recorded."""
    asking = console.register.text("in-review").decode()
    console.register.upload(named("by-enter", asking.replace("in-review", "by-enter")), who="staff-1", why="")
    console.register.send_for_review("by-enter", seen="*", by="staff-1", reviewers=[], note="")
    reviewer, path = console.other(R), "/console/campaigns/by-enter/verdict"
    digest = re.search(r'name="digest" value="([^"]*)"', reviewer.get("/console/campaigns/by-enter").text)[1]
    page = reviewer.post(path, act="verdict", digest=digest, reason="it fits", lang="en")
    assert page.status_code == 422
    assert "Choose: approve or refuse." in page.text
    assert 'name="reason" value="it fits"' in page.text
    assert console.register.read("by-enter")["review"]["state"] == "in-review"
    assert reviewer.post(path, act="verdict", digest=digest, reason="no", do="refuse").status_code == 303
    late = reviewer.post(path, act="verdict", digest=digest, reason="yes", do="approve", lang="nl")
    assert late.status_code == 409
    assert "er is al een oordeel" in late.text


@pytest.mark.parametrize(
    ("field", "typed", "anchor", "words"),
    [
        ("id", "A b", "id", "Vul kleine letters"),
        ("offer.0.value", "veel", "value-0", "Vul een bedrag vanaf 0 in"),
        ("offer.0.value", "", "value-0", "Vul een bedrag vanaf 0 in"),
        ("offer.0.cost", "-1", "cost-0", "Vul een bedrag vanaf 0 in"),
        ("offer.0.capacity", "1,5", "capacity-0", "Vul een heel getal vanaf 0 in"),
        ("offer.0.nl", "", "nl-0", "Vul een tekst in."),
        ("offer.0.use", "", "use-0", "Gebruik minstens één aanbod."),
        ("budget", "nan", "budget", "Vul een bedrag vanaf 0 in"),
        ("contacts", "x", "contacts", "Vul een heel getal vanaf 0 in"),
        ("bound.sex-reach", "2", "bound-1", "Vul een getal van 0 tot 1 in"),
    ],
)
def test_a_field_that_cannot_be_right_is_named_on_the_form_and_what_was_typed_stays(
    console, field, typed, anchor, words
):
    """A summary that has the focus leads to it, it is marked and explained, and the rest of the form is as it was."""
    form = AS_TYPED | {"id": "wrong-field", "offer.0.en": "Money off <tea>", field: typed}
    more = {"like": "small-shop", "category": "ordinary", "lang": "nl"}
    browser = console.of(M)
    page = browser.post("/console/new", **form, **more)
    assert page.status_code == 422
    assert "<textarea" not in page.text
    assert "autofocus" in page.text
    assert re.search(rf'<a href="#{anchor}">[^<]+</a>: {words}', page.text)
    marked = re.search(rf'<input[^>]* id="{anchor}"[^>]*>|<input id="{anchor}"[^>]*>', page.text)[0]
    assert f'aria-invalid="true" aria-describedby="fault-{anchor}' in marked
    assert f'<p class="fault" id="fault-{anchor}">{words}' in page.text
    assert page.text.count('aria-invalid="true"') == 1
    assert typed in marked or field == "offer.0.use"
    assert 'value="Money off &lt;tea&gt;"' in page.text
    other = browser.post("/console/new", **form | {"do": "lang-en"}, **more, told="yes").text
    assert '<html lang="en">' in other
    assert f'id="fault-{anchor}"' in other


def test_a_rule_that_the_campaign_as_a_whole_breaks_is_told_beside_its_file(console):
    """It is no field's alone; the file opens with what was found."""
    form = AS_TYPED | {"id": "no-feature", "feature": []}
    page = console.of(M).post("/console/new", **form, like="small-shop", category="ordinary", lang="en")
    assert page.status_code == 422
    assert "EH-POL-032" in page.text
    assert "campaign: no-feature" in page.text


@pytest.mark.parametrize("query", ["category=no", "category=ordinary&like=nobody", "like=small-shop"])
def test_a_category_that_is_none_is_told_where_one_is_chosen_again(console, query):
    """Not silently the first step."""
    page = console.of(M).get(f"/console/new?{query}&lang=en").text
    assert "The address names a category or a campaign that is not there." in page
    assert "that is not there" not in console.of(M).get("/console/new?lang=en").text


def test_where_no_review_is_needed_the_page_says_so_and_folds_the_way_to_one_away(console):
    """A file that asks for one shows the form as it is; what was typed keeps the fold open."""
    browser = console.of(M)
    page = browser.get(f"{SMALL}?lang=en").text
    assert "No review is needed: the file of this campaign asks for none." in page
    folded = re.search(
        r"<details>\s*<summary>Send it for review all the same</summary>(.*?)</details>", page, re.DOTALL
    )
    assert "Reviewers, with commas between them" in folded[1]
    typed = browser.post(f"{SMALL}/review", act="send", reviewers="Bo", reason="", do="lang-nl", lang="en").text
    assert re.search(r"<details open>\s*<summary>Toch ter beoordeling insturen</summary>", typed)
    asking = (
        console.register.text("small-shop").decode().replace("retention:", "review: {by: [reviewer]}\nretention:", 1)
    )
    console.register.upload(named("asks-for-one", asking), who="staff-1", why="")
    page = browser.get("/console/campaigns/asks-for-one?lang=en").text
    assert "No review is needed" not in page
    assert "Reviewers, with commas between them" in page
    assert "all the same" not in page


@pytest.mark.parametrize("path", ["campaigns", "campaigns/small-shop"])
def test_no_group_gets_more_than_the_highest_rate(console, path):
    """The interval of a group's share of the highest rate ends at one."""
    page = console.of(M).get(f"/console/{path}?lang=en").text
    assert console.register.read("small-shop")["fairness"]["upper"] > 1
    told = [float(one) for one in re.findall(r"times the highest rate \(between [0-9.]+ and ([0-9.]+);", page)]
    assert told
    assert max(told) == 1


def test_limits_that_cannot_all_be_kept_are_told_as_that_in_dutch():
    """Not as something that is wrong somewhere."""
    told = told_in({"code": "limit-unreachable", "what": "", "rule": "F-45", "remedy": ""}, "nl")
    assert told["what"] == "Dit klopt nog niet: Er is een verdeling die aan elke grens voldoet."
    assert told["remedy"] == "Verruim de grens, of haal een andere grens weg."
