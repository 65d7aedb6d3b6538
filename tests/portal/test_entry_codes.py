"""One-time codes: whoever has no link comes in by what they alone are brought, and nobody learns who is known."""

from __future__ import annotations

import asyncio
import json
import re
import stat
import sys
import threading
from datetime import timedelta
from html import unescape

import pytest

from evenhand import assembly
from evenhand.adapters.entry.code_delivery import AddressBook, ByCommand, IntoFile, OwnIds
from evenhand.adapters.entry.entry_codes import CODE_MINUTES, CODE_TRIES, CodesBusyError, EntryCodes, Outgoing
from evenhand.adapters.entry.person_links import Links, Scope, UsedInMemory
from evenhand.adapters.web import person_pages
from evenhand.terms import DataError, UsageError
from patience import WITHIN, soon
from portal_cases import AT, Browser

SECRET = bytes(range(32))


class _Desk:
    """Makes codes, and holds what goes out."""

    def __init__(self, directory=None):
        self.sent = []
        self.links, self.once = Links(SECRET), UsedInMemory()
        self.codes = EntryCodes(SECRET, self.links, self.once, directory or OwnIds(), self.sent.append)

    def ask(self, typed, at=AT, lang="nl"):
        token, deliver = self.codes.ask(typed, lang, at)
        deliver()
        return token


def test_a_code_opens_once_and_for_ten_minutes():
    """Typed as it comes: small letters, spaces and a dash make no difference."""
    desk = _Desk()
    token = desk.ask("1042")
    (sent,) = desk.sent
    assert (sent.subject, sent.address, sent.until) == ("1042", "", AT + timedelta(minutes=CODE_MINUTES))
    late = AT + timedelta(minutes=CODE_MINUTES)
    assert desk.codes.enter(token, sent.code, late) is None
    assert desk.codes.enter(token, f" {sent.code.lower().replace('-', ' ')} ", AT) == "1042"
    assert desk.codes.enter(token, sent.code, AT) is None


def test_five_tries_and_no_more():
    """The right code after five wrong ones opens nothing, however often it is tried and from wherever."""
    desk = _Desk()
    token = desk.ask("1042")
    for _ in range(CODE_TRIES):
        assert desk.codes.enter(token, "AAAA-AAAA", AT) is None
    assert desk.codes.enter(token, desk.sent[0].code, AT) is None


def test_a_code_opens_nothing_with_another_token():
    """Neither somebody else's, nor an earlier one, nor a link of another kind, nor one with a letter changed."""
    desk = _Desk()
    first, other = desk.ask("1042"), desk.ask("2000")
    second = desk.ask("1042")
    code = desk.sent[-1].code
    link = desk.links.make(Scope.OWN_PAGES, "1042", until=AT + timedelta(days=1))
    changed = second[:-1] + ("A" if second[-1] != "A" else "B")
    assert [desk.codes.enter(one, code, AT) for one in (first, other, link, changed, "", "x")] == [None] * 6
    assert desk.codes.enter(second, code, AT) == "1042"


def test_two_at_the_same_moment_come_in_once():
    """Of eight threads with the right code one is let in."""
    desk = _Desk()
    token = desk.ask("1042")
    came, ready = [], threading.Barrier(8)

    def go():
        ready.wait()
        came.append(desk.codes.enter(token, desk.sent[0].code, AT))

    threads = [threading.Thread(target=go) for _ in range(8)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert sorted(filter(None, came)) == ["1042"]


def test_nobody_is_flooded_and_the_asker_sees_no_difference():
    """Three codes in a quarter of an hour and eight a day under one name; what the browser gets looks the same."""
    desk = _Desk()
    tokens = [desk.ask(name) for name in ("1042", " 1042", "1042 ", "1042")]
    assert len(desk.sent) == 3
    assert len({len(one) for one in tokens}) == 1
    for quarter in range(1, 60):
        desk.ask("1042", AT + timedelta(minutes=15 * quarter))
    assert len(desk.sent) == 8
    desk.ask("1042", AT + timedelta(days=1))
    assert len(desk.sent) == 9


def test_everybody_together_is_held_to_a_pace():
    """More than sixty at once are told to wait; a minute later it goes on."""
    desk = _Desk()
    for number in range(60):
        desk.ask(str(number))
    with pytest.raises(CodesBusyError, match="in a minute"):
        desk.ask("60")
    assert desk.ask("61", AT + timedelta(minutes=1))


def test_two_services_have_one_pace():
    """What the one was asked, the other has counted."""
    one, other = _Desk(), _Desk()
    other.codes = EntryCodes(SECRET, other.links, one.once, OwnIds(), other.sent.append)
    for number in range(60):
        (one if number % 2 else other).ask(str(number))
    for desk in (one, other):
        with pytest.raises(CodesBusyError, match="in a minute"):
            desk.ask("60")


def test_marks_do_not_pile_up():
    """What is past its moment is removed as people go on asking; what still counts stays."""
    desk = _Desk()
    for number in range(600):
        desk.ask(str(number), AT + timedelta(minutes=number))
    assert len(desk.once._used) < 1_000, "each asking leaves two"
    assert desk.once.forget(AT) == 0


def test_known_and_unknown_are_answered_alike(tmp_path):
    """The same work is done and the same is answered, long id or short; only what goes out differs."""
    book = tmp_path / "addresses.csv"
    book.write_text(
        "address,subject\nAnna@Mail.example,1042\ntwo@mail.example,1\ntwo@mail.example,2\nlong@mail.example,"
        + "x" * 190
        + "\n",
        encoding="utf-8",
    )
    used = []

    class Counted(UsedInMemory):
        def use(self, mark, until):
            used.append(mark)
            return super().use(mark, until)

    desk = _Desk(AddressBook(book))
    desk.once = Counted()
    desk.codes = EntryCodes(SECRET, desk.links, desk.once, AddressBook(book), desk.sent.append)
    seen = set()
    for typed in ("anna@mail.example", "nobody@mail.example", "two@mail.example", "long@mail.example", "1042", ""):
        used.clear()
        seen.add((len(desk.ask(typed)), len(used)))
    assert len(seen) == 1
    assert [(one.subject[:4], one.address) for one in desk.sent] == [
        ("1042", "Anna@Mail.example"),
        ("xxxx", "long@mail.example"),
    ]


def test_an_address_book_is_read_again_when_it_changed(tmp_path):
    """Without a new start; a broken one leaves what was read, and is refused at the start."""
    path = tmp_path / "addresses.csv"
    path.write_text("address,subject,more\na@b.example,1,x\n", encoding="utf-8")
    book = AddressBook(path)
    assert book.find("A@B.example") == ("1", "a@b.example")
    path.write_text("address,subject\na@b.example,22\n", encoding="utf-8")
    assert book.find("a@b.example") == ("22", "a@b.example")
    path.write_text("nothing\n", encoding="utf-8")
    assert book.find("a@b.example") == ("22", "a@b.example")
    with pytest.raises(DataError, match="address and subject"):
        AddressBook(path)
    with pytest.raises(DataError, match="cannot be read"):
        AddressBook(tmp_path / "none.csv")


CODE = Outgoing("1042", "a@b.example", "ABCD-EFGH", AT, "nl")


def test_codes_into_a_file_for_its_owner_alone(tmp_path):
    """One line of JSON each, with the words of the message; a link in its place is not followed."""
    path, told = tmp_path / "codes.jsonl", []
    put = IntoFile(path, told.append)
    put(CODE)
    put(CODE)
    lines = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    assert len(lines) == 2
    assert (lines[0]["subject"], lines[0]["address"], lines[0]["code"]) == ("1042", "a@b.example", "ABCD-EFGH")
    assert "ABCD-EFGH" in lines[0]["text"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.unlink()
    (tmp_path / "elsewhere").write_text("", encoding="utf-8")
    path.symlink_to(tmp_path / "elsewhere")
    put(CODE)
    assert told == ["A code could not be written for delivery: its file cannot be written."]
    assert (tmp_path / "elsewhere").read_text("utf-8") == ""
    with pytest.raises(UsageError, match="cannot be written"):
        IntoFile(tmp_path / "none" / "codes", told.append)


def _until(true):
    assert soon(true), "it did not happen"


def test_codes_to_a_command_on_its_input(tmp_path):
    """No shell, nothing of it in the list of processes; a command that fails is told of without anybody's values."""
    told, out = [], tmp_path / "out"
    script = tmp_path / "send.py"
    script.write_text("import sys; open(sys.argv[1], 'ab').write(sys.stdin.buffer.read())\n", encoding="utf-8")
    send = ByCommand(f"{sys.executable} '{script}' '{out}'", told.append)
    send(CODE)
    send(CODE)
    _until(lambda: out.exists() and out.read_bytes().count(b"\n") == 2)
    assert told == []
    ByCommand(f"{sys.executable} -c 'import sys; sys.exit(3)' ; rm", told.append)(CODE)
    ByCommand("/no/such/program", told.append)(CODE)
    _until(lambda: len(told) == 2)
    assert sorted(told) == [
        "A code was not delivered: the command could not be started, or did not end in time.",
        "A code was not delivered: the command ended with 3.",
    ]
    for words in ("", "'open"):
        with pytest.raises(UsageError, match="is none"):
            ByCommand(words, told.append)


def test_one_way_brings_codes(tmp_path):
    """Both, or addresses without either, is a mistake; neither is fine, and then there is no such page."""
    path = tmp_path / "codes"
    for by in (assembly.CodesBy(path, "send"), assembly.CodesBy(addresses=path)):
        with pytest.raises(UsageError, match="two ways, or in none"):
            by.delivery(print)
    assert assembly.CodesBy().delivery(print) is None


# On the pages


@pytest.fixture
def coded(real):
    """A shop whose people can ask for a code."""
    sent = []
    codes = EntryCodes(real.home.key(make=False), real.links, UsedInMemory(), OwnIds(), sent.append)
    real.app = person_pages(real.house, real.links, UsedInMemory(), codes=codes, clock=lambda: real.now)
    real.codes = codes
    real.sent = sent
    return real


def _words(page):
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page)).split())


def test_who_was_never_here_is_told_how_to_get_in(coded):
    """Without a visit nobody's time is up: the page says that a code or a link opens it, and where to get one."""
    browser = Browser(coded.app)
    for path in ("/me?lang=en", f"/me/why/{coded.decision_of(coded.who('tea'))}?lang=en"):
        page = browser.get(path)
        assert page.status_code == 403
        words = _words(page.text)
        assert "Your page opens with a link or a code" in words
        assert "time is up" not in words
        assert 'href="/me/enter?lang=en"' in page.text
        assert 'href="/me?lang=nl"' in page.text  # the other language is of this page
    coded.app = person_pages(coded.house, coded.links, UsedInMemory(), clock=lambda: coded.now)
    words = _words(Browser(coded.app).get("/me?lang=en").text)
    assert "Your page opens with a link" in words
    assert "code" not in words
    assert "Ask for a link from the organisation." in words


def test_whose_time_is_up_is_told_that(coded):
    """A visit that ended says so, not that a link does not work."""
    browser, person = Browser(coded.app), coded.who("tea")
    page = browser.post("/me/enter", data={"known": person, "lang": "nl"})
    browser.post(page.url.path, data={"code": coded.sent[0].code, "lang": "nl"})
    coded.now += timedelta(hours=5)
    words = _words(browser.get("/me?lang=en").text)
    assert "Your page is closed" in words
    assert "its time is up" in words
    assert "link does not work" not in words
    late = Browser(coded.app).post("/me", data={"do": "personal-off", "lang": "en"})  # the browser dropped the cookie
    assert "its time is up" in late.text
    assert "Nothing was changed." in late.text


def test_a_person_comes_in_by_a_code(coded):
    """From a link that does not work any more to the own page, without an account."""
    browser, person = Browser(coded.app), coded.who("tea")
    refused = browser.get("/in/x").text
    assert 'href="/me/enter?lang=nl"' in refused
    assert "Onder welk nummer of adres kent Buurtwinkel u?" in _words(browser.get("/me/enter?lang=nl").text)
    page = browser.post("/me/enter", data={"known": f" {person} ", "lang": "nl"})
    assert "Vul uw code in" in page.text
    assert person not in page.text + str(page.url)
    wrong = browser.post(page.url.path, data={"code": "AAAA-AAAA", "lang": "nl"})
    assert wrong.status_code == 403
    assert "Deze code opent niets." in wrong.text
    mine = browser.post(page.url.path, data={"code": coded.sent[0].code, "lang": "nl"})
    assert (mine.status_code, mine.url.path) == (200, "/me")
    assert "Mijn aanbiedingen en keuzes" in mine.text
    again = Browser(coded.app).post(page.url.path, data={"code": coded.sent[0].code})
    assert again.status_code == 403


def test_a_double_click_on_a_code_comes_in(coded):
    """The second answer is the one that a browser shows; the same button counts as one use, and no other does."""
    page = Browser(coded.app).post("/me/enter", data={"known": coded.who("tea"), "lang": "nl"})
    button = re.search(r'name="csrf" value="([0-9a-f]{32})"', page.text).group(1)
    sent = {"code": coded.sent[-1].code, "lang": "nl", "csrf": button}
    for _ in range(2):
        assert Browser(coded.app).post(page.url.path, data=sent).url.path == "/me"
    assert Browser(coded.app).post(page.url.path, data=sent | {"csrf": "0" * 32}).status_code == 403


def test_whoever_is_unknown_sees_the_very_same(coded):
    """Status, words and headers, but for the sealed token and the lot of the button; and a code that was sent opens an
    empty page, no error."""
    answers = []
    for typed in (coded.who("tea"), "nobody@mail.example", "", "x" * 5_000, "<script>", "\0'; DROP TABLE"):
        browser = Browser(coded.app)
        page = browser.post("/me/enter", data={"known": typed, "lang": "en"})
        token = page.url.path.rpartition("/")[2]
        words = re.sub(r'(name="csrf" value=)"[0-9a-f]{32}"', r"\1", page.text.replace(token, "TOKEN"))
        answers.append((page.status_code, words, len(token)))
    assert len(set(answers)) == 1


def test_the_link_beside_an_offer_leads_to_a_code(coded):
    """Who wants to switch on again, or to undo what holds them back, is led to the way in that there is."""
    person = coded.who("tea")
    link = coded.why_link(person)
    page = Browser(coded.app).get(f"{link}?lang=en").text
    assert 'href="/me/enter?lang=en"' in page
    assert "You get to your own page with a code, which we send you." in page
    withdrew = next(who for who in coded.run.columns["person"] if who.startswith("canary6@"))
    page = Browser(coded.app).get(f"{coded.why_link(withdrew)}?lang=nl").text
    assert "Dit kunt u zelf veranderen, op uw eigen pagina." in page
    mine = Browser(coded.app)
    mine.post(coded.me_link(withdrew))
    page = mine.get(f"/me/why/{coded.decision_of(withdrew)}?lang=nl").text
    assert 'href="/me?lang=nl">Dit kunt u zelf veranderen bij uw keuzes</a>' in page


def test_another_site_can_send_no_code_and_open_nothing(coded):
    """Neither a form from elsewhere that asks, nor one that fills in, is heard."""
    person = coded.who("tea")
    elsewhere = Browser(coded.app, {"Sec-Fetch-Site": "cross-site"})
    elsewhere.post("/me/enter", data={"known": person})
    assert [one for one in coded.sent if one.subject == person] == []
    page = Browser(coded.app).post("/me/enter", data={"known": person})
    assert elsewhere.post(page.url.path, data={"code": coded.sent[-1].code}).status_code == 403
    assert Browser(coded.app).post(page.url.path, data={"code": coded.sent[-1].code}).status_code == 200


def test_too_many_are_told_to_wait(coded):
    """429 with the seconds, whoever asks."""
    browser = Browser(coded.app)
    for number in range(60):
        assert browser.post("/me/enter", data={"known": str(number)}, follow_redirects=False).status_code == 303
    busy = browser.post("/me/enter", data={"known": "60", "lang": "en"})
    assert (busy.status_code, busy.headers["retry-after"]) == (429, "60")
    assert "Too many people ask for a code right now." in busy.text


def test_without_a_way_to_bring_codes_there_is_no_such_page(real):
    """404, and no link that leads there."""
    browser = Browser(real.app)
    assert browser.get("/me/enter").status_code == 404
    assert "/me/enter" not in browser.get("/in/x").text


def test_the_pages_of_a_home_with_codes(real, tmp_path):
    """Joined as a command joins them: codes go into the file, used marks into the database."""
    path = tmp_path / "codes.jsonl"
    app = assembly.person_pages_of(real.home.folder, codes=assembly.CodesBy(path))
    browser, person = Browser(app), real.who("tea")
    page = browser.post("/me/enter", data={"known": person, "lang": "en"})
    (line,) = path.read_text("utf-8").splitlines()
    mine = browser.post(page.url.path, data={"code": json.loads(line)["code"]})
    assert mine.url.path == "/me"
    assert Browser(app).post(page.url.path, data={"code": json.loads(line)["code"]}).status_code == 403


@pytest.mark.parametrize("ends", ["silence", "leaves"])
def test_a_form_that_does_not_arrive_is_let_go(coded, ends):
    """One byte and then nothing, or a caller who goes away: answered as no form, in the time that a form has."""
    person, sent = coded.who("tea"), []
    once, clock = UsedInMemory(), lambda: coded.now
    app = person_pages(coded.house, coded.links, once, codes=coded.codes, clock=clock, arrives=0.3)
    messages = [{"type": "http.request", "body": b"known=", "more_body": True}]

    async def receive():
        if messages:
            return messages.pop(0)
        if ends == "leaves":
            return {"type": "http.disconnect"}
        await asyncio.sleep(2 * WITHIN)
        raise AssertionError("it waited")

    async def send(message):
        sent.append(message)

    scope = {
        "type": "http",
        "method": "POST",
        "path": "/me/enter",
        "raw_path": b"/me/enter",
        "query_string": b"",
        "root_path": "",
        "scheme": "https",
        "http_version": "1.1",
        "headers": [(b"content-type", b"application/x-www-form-urlencoded"), (b"host", b"shop.example")],
    }
    asyncio.run(asyncio.wait_for(app(scope, receive, send), WITHIN))
    assert sent[0]["status"] == 303
    assert [one for one in coded.sent if one.subject == person] == []
