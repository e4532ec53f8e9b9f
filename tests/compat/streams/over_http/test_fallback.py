"""In Chromium, behind an nginx that refuses WebSockets: streams.js goes on by itself."""

import os

import pytest

from tests.support import CHECKOUT, chromium
from tests.support.blocking import Blocking
from tests.support.events import Events
from tests.support.fixtures import or_skip

STATIC = os.path.join(CHECKOUT, "compat", "streams", "static", "streams")
BEAT = 5  # of the site: a page is as patient as two of them
WAY = "localStorage['streams.websocket,events,poll']"


@pytest.fixture(scope="module")
def front(server, tmp_path_factory):
    root = tmp_path_factory.mktemp("pages")
    for name in ("streams.js", "streams.module.js"):
        with open(os.path.join(STATIC, name), "rb") as file:
            (root / name).write_bytes(file.read())
    page = "<!doctype html><title>page</title><script src='/streams.js'></script>"
    (root / "page.html").write_text(page)
    (root / "favicon.ico").write_bytes(b"")
    front = or_skip(lambda: Blocking(tmp_path_factory.mktemp("blocking"), root, server.port))
    yield front
    front.stop()


@pytest.fixture(scope="module")
def browser():
    browser = chromium.Browser()
    or_skip(browser.__enter__)
    yield browser
    browser.__exit__()


@pytest.fixture
def page(browser, front):
    page = browser.page()
    page.goto(front.url + "/page.html")
    page.wait_for("window.Streams")
    page.evaluate("localStorage.clear(); Math.random = function () { return 0; }; null")
    yield page
    page.close()


FOLLOW = """
window.seen = []; window.states = [];
window.handle = Streams.follow({
  url: "/ws/%s/", since: 0,
  onEntries: function (first, bodies) { seen = seen.concat(bodies); },
  onState: function (state, code) { states.push(state); },
  onReset: function () { seen = []; }
}); null
"""


@pytest.mark.parametrize("transport", ["events", "poll"])
def test_it_finds_a_way_remembers_it_and_returns(front, page, step, stream, transport):
    front.let(transport)
    step("publish", stream, 1)
    page.evaluate(FOLLOW % stream)
    page.wait_for("seen.length === 1")
    step("publish", stream, 2)
    page.wait_for("seen.length === 2")
    assert page.evaluate(WAY).startswith(transport + ",")
    # Another page of the site begins with it.
    page.goto(front.url + "/page.html")
    page.wait_for("window.Streams")
    page.evaluate(FOLLOW % stream)
    page.wait_for("seen.length === 2")
    assert page.evaluate("states") == ["connecting", "open"]
    # Another network: it may let WebSockets through, and this one does.
    front.let("websocket")
    page.evaluate("dispatchEvent(new Event('online')); null")
    page.wait_for("states.slice(-2).join() === 'connecting,open'")
    page.wait_for(WAY + ".startsWith('websocket,')")
    step("publish", stream, 3)
    page.wait_for("seen.length === 3")
    assert page.evaluate("seen") == [1, 2, 3]


def test_a_final_close_ends_it_and_another_history_is_told(front, page, step, stream):
    front.let("events")
    step("publish", stream, 1)
    page.evaluate(WAY + " = 'events,' + Date.now(); null")
    page.evaluate(FOLLOW % stream)
    page.wait_for("seen.length === 1")
    step("forget", stream)
    page.wait_for("seen.length === 0")
    step("publish", stream, "anew")
    page.wait_for("seen.length === 1 && seen[0] === 'anew'")
    front.let("poll")
    page.evaluate("handle.close(); " + WAY + " = 'poll,' + Date.now(); null")
    page.evaluate(FOLLOW.replace("since: 0", "since: 'x'") % stream)
    page.wait_for("states.slice(-1)[0] === 'closed'")


@pytest.mark.parametrize("transport", ["events", "poll"])
def test_many_streams_over_one_response(front, page, step, stream, transport):
    front.let(transport)
    step("publish", stream, 1)
    page.evaluate(WAY + " = '%s,' + Date.now(); null" % transport)
    page.evaluate(
        """
        window.seen = {}; window.errors = [];
        window.connection = Streams.connect({ url: "/ws/streams/" });
        function sub(name) {
          seen[name] = [];
          return connection.subscribe(name, {
            onEntries: function (first, bodies) { seen[name] = seen[name].concat(bodies); },
            onError: function (code) { errors.push(code); }
          });
        }
        sub("%s"); sub("%s.b"); sub("%s:secret"); null
        """
        % (stream, stream, stream)
    )
    page.wait_for("seen['%s'].length === 1 && errors.length === 1" % stream)
    step("publish", stream + ".b", 2)
    page.wait_for("seen['%s.b'].length === 1" % stream)
    # One that comes later is asked for with the others, from where they are.
    step("publish", stream + ".c", 3)
    page.evaluate("sub('%s.c'); null" % stream)
    page.wait_for("seen['%s.c'].length === 1" % stream)
    step("publish", stream, 4)
    page.wait_for("seen['%s'].length === 2" % stream)
    assert page.evaluate("seen['%s']" % stream) == [1, 4]
    assert page.evaluate("errors") == ["denied"]


def test_a_page_may_do_without(front, page, step, stream):
    front.let("events")
    step("publish", stream, 1)
    page.evaluate(WAY + " = 'events,' + Date.now(); null")  # what other pages have found
    page.evaluate(FOLLOW.replace("since: 0,", "since: 0, transports: ['websocket'],") % stream)
    # Another page would have begun with an event stream, or had come to it with the third attempt.
    page.wait_for("states.filter(function (one) { return one === 'connecting'; }).length >= 4")
    assert "open" not in page.evaluate("states")
    front.let("websocket")
    page.evaluate("dispatchEvent(new Event('online')); null")
    page.wait_for("seen.length === 1")
    assert front.asked(stream, "transport=") == 0 < front.asked(stream, "since=")
    assert page.evaluate(WAY).startswith("events,")  # and nothing is changed for them


@pytest.mark.parametrize("transport, more", [("events", ""), ("poll", ", transports: ['poll']")])
def test_tabs_that_share_a_worker_find_the_way_together(
    front, browser, page, step, stream, transport, more
):
    """There is no localStorage in a worker, and nobody else to remember."""
    front.let(transport)
    other = browser.page()
    other.goto(front.url + "/page.html")
    other.wait_for("window.Streams")
    try:
        for one in (page, other):
            one.evaluate(
                """
                window.seen = []; window.states = [];
                Streams.connect({
                  url: "/ws/streams/", worker: true %s,
                  onState: function (state) { states.push(state); }
                }).subscribe("%s", {
                  onEntries: function (first, bodies) { seen = seen.concat(bodies); }
                }); null
                """
                % (more, stream)
            )
        for number in (1, 2):
            step("publish", stream, number)
            for one in (page, other):
                one.wait_for("seen.length === %d" % number, 40)
        for one in (page, other):
            assert one.evaluate("seen") == [1, 2]
            states = one.evaluate("states")
            assert states.count("open") == 1
            if more:
                assert "waiting" not in states
            # It was the worker who asked.
            asked = "performance.getEntriesByType('resource').map(function (e) { return e.name; })"
            assert not [name for name in one.evaluate(asked) if "/ws/" in name]
    finally:
        other.close()


def test_an_nginx_with_its_defaults_buffers_no_event(front, step, stream):
    """Its buffers are on: the header of the answer keeps it from using them (chunks would, too)."""
    reader = Events(front.address, f"/1.0/ws/{stream}/?since=0&transport=events")
    reader.frames("live")
    step("publish", stream, "one")
    assert reader.frame()["bodies"] == ["one"]
    reader.close()
