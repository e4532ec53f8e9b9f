"""A deployment watched in Chromium, through nginx, uWSGI, daphne, Redis and the runner."""

import os
import re
import signal
import sys

import pytest

from deploy_conf.running import Run
from tests.support.wait import wait_until

EMIT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "emit.py")
BADGE = "document.querySelector('#connection').textContent"
NUMBERS = (
    "(document.querySelector('#log').textContent.match(/line \\d+/g) || [])"
    ".map(text => +text.slice(5))"
)


class Emitter(object):
    """A service whose command prints `lines` lines, and again each time it is let go on."""

    def __init__(self, stack, folder, uid, batches, lines):
        self.fifo = str(folder / "gate")
        self.uid = uid
        os.mkfifo(self.fifo)
        stack.service(uid, sys.executable, EMIT, self.fifo, str(batches), str(lines))

    def go_on(self):
        with open(self.fifo, "w"):  # blocks until the command waits
            pass


@pytest.fixture
def emitter(stack, tmp_path, request):
    def make(batches, lines):
        uid = re.sub(r"\W+", "-", request.node.name)[:50]
        return Emitter(stack, tmp_path, uid, batches, lines)

    return make


def start(page, stack, uid):
    page.goto(stack.url + "/services/%s/" % uid)
    page.click("form[action$='/start/'] button")
    page.wait_for("location.pathname.startsWith('/deployments/')")


def shown(page, count):
    """Wait until `count` lines are on the page; each is there once and in order."""
    page.wait_for("%s.length >= %d" % (NUMBERS, count))
    assert page.evaluate(NUMBERS) == list(range(count))


def wait_for_log(stack, page, lines):
    """Wait until the server has so many lines, which the page cannot see."""
    path = page.evaluate("location.pathname") + "log/"
    cookie = stack.login()
    wait_until(
        lambda: len(re.findall(r"line \d+", stack.get(path, cookie))) >= lines,
        what="a log of %d lines" % lines,
    )


def kill_daphne(stack):
    for one in Run(stack.var).programs():
        if one["short"].startswith("daphne"):
            os.kill(one["pid"], signal.SIGKILL)


def test_reload_in_the_middle_shows_every_line_once(stack, page, emitter):
    emit = emitter(batches=3, lines=700)
    start(page, stack, emit.uid)
    shown(page, 700)
    page.call("Page.reload")
    shown(page, 700)
    emit.go_on()
    shown(page, 1400)
    page.call("Page.reload")
    emit.go_on()
    shown(page, 2100)
    page.wait_for("document.querySelector('#state').textContent === 'succeeded'")
    assert page.text("#code") == "0"
    assert page.errors() == []


def test_a_tab_that_was_offline_misses_nothing(stack, page, emitter):
    emit = emitter(batches=3, lines=50)
    start(page, stack, emit.uid)
    shown(page, 50)
    # A socket that is about to be opened would not notice that the tab is cut off.
    page.wait_for(BADGE + " === 'live'")
    page.offline(True)
    try:
        page.wait_for("!navigator.onLine")
        emit.go_on()
        wait_for_log(stack, page, 100)
        assert len(page.evaluate(NUMBERS)) == 50  # really cut off
    finally:
        page.offline(False)
    shown(page, 100)
    emit.go_on()
    shown(page, 150)
    page.wait_for("document.querySelector('#state').textContent === 'succeeded'")


def test_what_was_trimmed_while_a_tab_was_offline_leaves_a_mark(stack, page, emitter):
    emit = emitter(batches=3, lines=50)
    start(page, stack, emit.uid)
    shown(page, 50)
    page.offline(True)
    try:
        page.wait_for("!navigator.onLine")
        kill_daphne(stack)  # what it has sent, the browser shows when it is online again
        emit.go_on()
        wait_for_log(stack, page, 100)
        stack.run("manage.py", "streams_trim", "deploy:" + emit.uid, "--max-entries", "0")
    finally:
        page.offline(False)
    page.wait_for("document.querySelector('#log').textContent.includes('not kept any more')")
    emit.go_on()
    page.wait_for("document.querySelector('#state').textContent === 'succeeded'")
    page.wait_for("%s.slice(-1)[0] === 149" % NUMBERS)
    numbers = page.evaluate(NUMBERS)
    assert numbers[-50:] == list(range(100, 150))
    assert not set(numbers) & set(range(50, 100))
    text = page.text("#log")
    assert text.count("not kept any more") == 1
    assert text.index("not kept any more") < text.index("line 100")


def test_a_daphne_that_dies_is_replaced_and_nothing_is_missed(stack, page, emitter):
    emit = emitter(batches=2, lines=50)
    start(page, stack, emit.uid)
    shown(page, 50)
    kill_daphne(stack)
    emit.go_on()
    shown(page, 100)
    page.wait_for("document.querySelector('#state').textContent === 'succeeded'")


def test_a_page_starts_over_when_the_log_has_another_history(stack, page, emitter):
    """As after a backup was restored: open pages, and one that was asleep meanwhile."""
    emit = emitter(batches=3, lines=50)
    start(page, stack, emit.uid)
    shown(page, 50)
    page.evaluate("window.before = true; document.querySelector('#log').append('not in the log')")
    stack.run("manage.py", "streams", "epoch", "deploy:" + emit.uid)
    page.wait_for("!window.before && document.readyState === 'complete'")
    shown(page, 50)
    page.wait_for(BADGE + " === 'live'")  # a handshake that is under way would still succeed
    page.offline(True)
    try:
        page.wait_for("!navigator.onLine")
        page.evaluate("window.before = true; document.querySelector('#log').append('not in it')")
        stack.run("manage.py", "streams", "epoch", "--all")
        emit.go_on()
        wait_for_log(stack, page, 100)
    finally:
        page.offline(False)
    page.wait_for("!window.before && document.readyState === 'complete'")
    shown(page, 100)
    emit.go_on()
    shown(page, 150)
    assert "not in" not in page.text("#log")
    page.wait_for(BADGE + " === 'complete'")


def test_a_page_that_starts_over_stays_until_there_is_a_network(stack, page, emitter):
    """The last that comes before a network is gone; the browser's own page would take its place."""
    emit = emitter(batches=2, lines=50)
    start(page, stack, emit.uid)
    shown(page, 50)
    page.wait_for(BADGE + " === 'live'")
    page.evaluate("window.before = true")
    page.evaluate("Object.defineProperty(navigator, 'onLine', {value: false, configurable: true})")
    stack.run("manage.py", "streams", "epoch", "deploy:" + emit.uid)
    page.wait_for(BADGE + " === 'starting over…'")
    assert page.evaluate("window.before && %s.length" % NUMBERS) == 50
    page.evaluate("delete navigator.onLine; dispatchEvent(new Event('online'))")
    page.wait_for("!window.before && document.readyState === 'complete'")
    emit.go_on()
    shown(page, 100)
    page.wait_for(BADGE + " === 'complete'")


def test_cancel(stack, page, emitter):
    emit = emitter(batches=2, lines=5)
    start(page, stack, emit.uid)
    shown(page, 5)
    page.click("#cancel button")
    page.wait_for("document.querySelector('#state').textContent === 'cancelled'")


def test_pause_stops_scrolling_and_follow_goes_on(stack, page, emitter):
    emit = emitter(batches=3, lines=400)
    start(page, stack, emit.uid)
    shown(page, 400)
    at_end = (
        "(log => log.scrollHeight - log.scrollTop - log.clientHeight < 40)"
        "(document.querySelector('#log'))"
    )
    page.wait_for(at_end)
    page.click("#follow")
    emit.go_on()
    shown(page, 800)
    assert not page.evaluate(at_end)
    page.click("#follow")
    page.wait_for(at_end)
    emit.go_on()
    shown(page, 1200)
    page.wait_for(at_end)


def test_output_cannot_become_markup_and_colours_show(stack, page):
    code = "print('\\x1b[31mred\\x1b[0m <img src=x onerror=\"document.title=1\"> done')"
    stack.service("markup", sys.executable, "-c", code)
    start(page, stack, "markup")
    page.wait_for("document.querySelector('#state').textContent === 'succeeded'")
    page.wait_for("document.querySelector('#log').textContent.includes('done')")
    assert page.evaluate("document.querySelectorAll('#log img').length") == 0
    assert page.evaluate(
        "[...document.querySelectorAll('#log span')].some(span => span.textContent === 'red')"
    )


def test_the_demo_release_is_watched_to_its_end(stack, page):
    start(page, stack, "release")
    page.wait_for("document.querySelector('#state').textContent === 'succeeded'", seconds=90)
    assert page.text("#code") == "0"
    current = os.path.join(stack.var, "releases", "current")
    current = current if os.path.lexists(current) else os.path.join(stack.var, "current")
    assert os.path.isfile(os.path.join(os.path.realpath(current), "manage.py"))
    assert page.errors() == []


def test_a_phone_shows_the_page_without_sideways_scrolling(stack, browser, page):
    phone = browser.page(width=390, height=844, mobile=True)
    try:
        for path in ("/", "/services/release/", "/tasks/"):
            phone.goto(stack.url + path)
            assert phone.evaluate("document.documentElement.scrollWidth") <= 390, path
    finally:
        phone.close()
