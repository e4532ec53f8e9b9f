"""The pages of Django 1.11's admin in a real browser, with the jQuery that is put in its place."""

import os
import subprocess
import sys

import pytest

from tests.support import CHECKOUT, chromium
from tests.support.wait import wait_until


class Site(object):
    """The site of admin_site.py, and a browser that is logged in."""

    def __init__(self, folder, browser, **environ):
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.compat.patches.security.admin_site"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            universal_newlines=True,
            cwd=CHECKOUT,
            env=dict(os.environ, SITE=str(folder), PYTHONWARNINGS="ignore", **environ),
        )
        self.url, self.key = self.process.stdout.readline().split()
        self.browser = browser
        self.pages = []

    def open(self, path):
        page = self.browser.page()
        self.pages.append(page)
        page.call("Network.setCookie", name="sessionid", value=self.key, url=self.url)
        page.goto(self.url + path)
        return page

    def close_pages(self):
        while self.pages:
            self.pages.pop().close()

    def stop(self):
        self.process.stdin.close()
        self.process.wait(20)
        self.process.stdout.close()


# The scripts as they were written, and the short ones that a site in production is served.
@pytest.fixture(scope="module", params=["1", ""], ids=["written", "short"])
def running(request, browser, tmp_path_factory):
    site = Site(tmp_path_factory.mktemp("admin"), browser, DEBUG=request.param)
    yield site
    site.stop()


@pytest.fixture
def site(running):
    yield running
    failed = [error for page in running.pages for error in page.errors()]
    running.close_pages()
    assert not failed


def test_the_jquery_of_a_page(site):
    page = site.open("author/")
    assert page.evaluate("django.jQuery.fn.jquery") == "3.7.1"
    assert page.evaluate("window.jQuery === undefined")  # as ever, it is the admin's alone


def test_the_pair_of_it(browser, tmp_path):
    site = Site(tmp_path, browser, COMPAT_DISABLE="admin_jquery")
    try:
        assert site.open("author/").evaluate("django.jQuery.fn.jquery") == "2.2.3"
    finally:
        site.close_pages()
        site.stop()


def test_actions_of_a_list(site):
    page = site.open("author/")
    count = page.evaluate("document.querySelectorAll('input.action-select').length")
    page.click("#action-toggle")
    assert page.evaluate("document.querySelectorAll('tr.selected').length") == count
    assert page.text(".action-counter").startswith("%d of %d" % (count, count))
    page.click("tr.selected input.action-select")
    assert page.text(".action-counter").startswith("%d of " % (count - 1))
    assert not page.evaluate("document.querySelector('#action-toggle').checked")
    page.fill("select[name=action]", "delete_selected")
    page.click("#changelist-form button[type=submit]")
    page.wait_for("/Are you sure/.test(document.body.innerText)")


def test_a_slug_is_written_with_the_name(site):
    page = site.open("author/add/")
    write(page, "#id_name", "Ada L!")
    page.wait_for("document.querySelector('#id_slug').value === 'ada-l'")


def test_a_part_of_a_form_is_shown_and_hidden(site):
    page = site.open("author/add/")
    hidden = "!document.querySelector('#id_notes').offsetParent"
    assert page.evaluate(hidden)
    page.click("a.collapse-toggle")
    assert page.evaluate("!(%s)" % hidden)
    page.click("a.collapse-toggle")
    assert page.evaluate(hidden)


@pytest.mark.parametrize("path, prefix", [("book/1/change/", "chapter"), ("author/add/", "book")])
def test_rows_are_added_and_removed(site, path, prefix):
    page = site.open(path)
    total = "document.querySelector('#id_%s_set-TOTAL_FORMS').value" % prefix
    assert page.evaluate(total) == "1"
    events = "window.seen = []; ['added', 'removed'].forEach(function (what) {"
    events += "django.jQuery(document).on('formset:' + what, function (event, row, prefix) {"
    events += "seen.push(what + ' ' + prefix + ' ' + row.length); }); });"
    page.evaluate(events)
    for number in (1, 2):
        page.click("#%s_set-group .add-row a" % prefix)
        assert page.evaluate("!!document.querySelector('#id_%s_set-%d-name')" % (prefix, number))
    assert page.evaluate(total) == "3"
    page.evaluate("document.querySelector('#id_%s_set-2-name').value = 'third'" % prefix)
    page.click("#%s_set-1 a.inline-deletelink" % prefix)
    assert page.evaluate(total) == "2"
    assert page.evaluate("document.querySelector('#id_%s_set-1-name').value" % prefix) == "third"
    added = "added %s_set 1" % prefix
    assert page.evaluate("seen") == [added, added, "removed %s_set 1" % prefix]


def test_an_added_row_has_its_own_slug_calendar_and_filter(site):
    page = site.open("book/1/change/")
    page.click("#chapter_set-group .add-row a")
    write(page, "#id_chapter_set-1-name", "Black ink")
    page.wait_for("document.querySelector('#id_chapter_set-1-slug').value === 'black-ink'")
    page = site.open("author/add/")
    page.click("#book_set-group .add-row a")
    page.wait_for("!!document.querySelector('#id_book_set-1-tags_from')")
    assert page.evaluate("document.querySelectorAll('#book_set-1 .datetimeshortcuts').length") == 2


def test_tags_are_chosen(site):
    page = site.open("book/1/change/")
    page.wait_for("!!document.querySelector('#id_tags_to')")
    page.evaluate("document.querySelector('#id_tags_from').options[1].selected = true")
    fire(page, "#id_tags_from", "change")
    page.click("#id_tags_add_link")
    chosen = "[].map.call(document.querySelector('#id_tags_to').options, one => one.text).join()"
    assert page.evaluate(chosen) == "paper"
    page.click("#id_tags_add_all_link")
    assert page.evaluate(chosen) == "paper,ink,type"
    write(page, "#id_tags_input", "x")


def test_a_date_and_a_time_are_picked(site):
    page = site.open("book/1/change/")
    page.wait_for("!!document.querySelector('.datetimeshortcuts')")
    shown = "document.querySelector('#%s').style.display === 'block'"
    calendar, clock = shown % "calendarbox0", shown % "clockbox0"
    page.click("#calendarlink0")
    assert page.evaluate(calendar)
    press_escape(page)
    assert not page.evaluate(calendar)
    page.click("#calendarlink0")
    page.click("#calendarin0 td a")
    assert page.evaluate("/^\\d{4}-\\d\\d-01$/.test(document.querySelector('#id_printed_0').value)")
    page.click("#clocklink0")
    assert page.evaluate(clock)
    press_escape(page)
    assert not page.evaluate(clock)
    page.click("#clocklink0")
    page.click("#clockbox0 li:nth-child(2) a")
    assert page.evaluate("document.querySelector('#id_printed_1').value") == "00:00:00"


def fire(page, selector, event):
    """What a browser tells an element of, in this order or another."""
    page.evaluate(
        "document.querySelector(%s).dispatchEvent(new %s(%s, {bubbles: true}))"
        % (
            chromium.js(selector),
            "KeyboardEvent" if "key" in event else "Event",
            chromium.js(event),
        )
    )


def write(page, selector, text):
    page.fill(selector, text)
    for event in ("keydown", "keyup", "change"):
        fire(page, selector, event)


def press_escape(page):
    page.evaluate(
        "document.dispatchEvent(Object.defineProperty("
        "new KeyboardEvent('keyup', {bubbles: true}), 'which', {get: () => 27}))"
    )


def test_an_author_is_added_in_a_window_of_its_own(site):
    page = site.open("book/1/change/")
    edit = "document.querySelector('#change_id_author').getAttribute('href')"
    before = page.evaluate(edit)
    page.evaluate("document.querySelector('#id_author').selectedIndex = 1")
    fire(page, "#id_author", "change")
    assert page.evaluate(edit) != before  # the link goes to the one that is chosen
    opened = {one["targetId"] for one in targets(site.browser)}
    # Windows open for a user only.
    click = "document.querySelector('#add_id_author').click()"
    page.call("Runtime.evaluate", expression=click, userGesture=True)
    new = wait_until(
        lambda: [one for one in targets(site.browser) if one["targetId"] not in opened]
    )
    popup = attach(site.browser, new[0]["targetId"])
    popup.wait_for("!!document.querySelector('#id_name') && document.readyState === 'complete'")
    popup.fill("#id_name", "Dee")
    popup.fill("#id_slug", "dee")
    popup.click("input[name=_save]")
    page.wait_for("document.querySelector('#id_author').selectedOptions[0].text === 'Dee'")
    assert popup.errors() == []


def targets(browser):
    return [
        one for one in browser.call("Target.getTargets")["targetInfos"] if one["type"] == "page"
    ]


def attach(browser, target):
    session = browser.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
    page = chromium.Page(browser, target, session)
    for domain in ("Page", "Runtime", "Log"):
        page.call(domain + ".enable")
    return page
