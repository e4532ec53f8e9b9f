"""In Chromium: many streams on one socket, restarts, tabs that share it, old pages and new."""

import http.server
import json
import os
import socketserver
import threading
import uuid

import pytest

from tests.support import CHECKOUT
from tests.support.proxies import Silent
from tests.support.servers import HOST
from tests.support.sites.streams import Site, Steps

STATIC = os.path.join(CHECKOUT, "compat", "streams", "static", "streams")
BEFORE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "pages", "streams-0.1.0.js")

FOLLOW = """
window.told = []; window.subs = {};
function options(who, more) {
  ["Entries", "Live", "Reset", "Error", "State"].forEach(function (name) {
    more["on" + name] = function () {
      told.push([who, name].concat(Array.prototype.slice.call(arguments)));
    };
  });
  return more;
}
function bodies(who) {
  return [].concat.apply([], told.filter(function (one) {
    return one[0] === who && one[1] === "Entries";
  }).map(function (one) { return one[3]; }));
}
function is(who, name) {
  return told.some(function (one) { return one[0] === who && one[1] === name; });
}
null
"""


SENT = """
window.sent = [];
var send = WebSocket.prototype.send;
WebSocket.prototype.send = function (text) {
  sent.push(JSON.parse(text));
  return send.call(this, text);
};
function left() {
  return [].concat.apply([], sent.map(function (one) {
    return one.type === "unsubscribe" ? one.streams : [];
  }));
}
null
"""


class Files(http.server.SimpleHTTPRequestHandler):
    """Of one folder, on Python 3.6 as well; says nothing."""

    folder = ""

    def translate_path(self, path):
        return os.path.join(self.folder, path.lstrip("/"))

    def log_message(self, *_):
        pass


class FileServer(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """An HTTP server of streams.js, and of an empty page."""
    folder = tmp_path_factory.mktemp("pages")
    for name in os.listdir(STATIC):
        (folder / name).write_bytes(open(os.path.join(STATIC, name), "rb").read())
    (folder / "before.js").write_bytes(open(BEFORE, "rb").read())
    (folder / "favicon.ico").write_bytes(b"")
    for name in ("streams", "before"):
        html = f"<!doctype html><title>{name}</title><script src='/{name}.js'></script>"
        (folder / f"{name}.html").write_text(html)
    (folder / "module.html").write_text(
        "<!doctype html><title>module</title><script type='module'>"
        "import Streams, { connect } from '/streams.module.js';"
        "window.Streams = Streams; window.same = connect === Streams.connect;</script>"
    )
    server = FileServer((HOST, 0), type("These", (Files,), {"folder": str(folder)}))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://{HOST}:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def tab(browser, files):
    """tab("streams") opens a page with that script."""
    pages = []

    def open_one(name="streams"):
        page = browser.page()
        pages.append(page)
        page.goto(f"{files}/{name}.html")
        page.wait_for("window.Streams")
        page.evaluate(FOLLOW)
        return page

    yield open_one
    for page in pages:
        assert page.errors() == []
        page.close()


@pytest.fixture(scope="module")
def site(sqlite_settings, tmp_path_factory):
    site = Site(sqlite_settings, tmp_path_factory.mktemp("one-socket"), poll=0.2, presence=0.2)
    yield site
    site.close()


@pytest.fixture(scope="module")
def publish(site):
    """publish(stream, body), without a process for each."""
    steps = Steps(site)
    yield steps.publish
    steps.close()


@pytest.fixture
def proxy(site):
    """In front of a daphne; it counts the connections."""
    server = site.servers[-1] if site.servers else site.daphne()
    with Silent(HOST, server.port) as proxy:
        yield proxy


def connect(page, proxy, more="", **subs):
    """One connection of the page, and a sub of each stream: {who: [stream, options]}."""
    url = f"ws://{HOST}:{proxy.port}/ws/streams/"
    page.evaluate(f"window.live = Streams.connect(options('page', {{url: '{url}' {more}}})); null")
    for who, (stream, options) in subs.items():
        page.evaluate(
            f"subs.{who} = live.subscribe({json.dumps(stream)}, options('{who}', "
            f"{json.dumps(options)})); null"
        )


def restart(site, proxy):
    """The daphne ends; what is published then is the next one's to tell."""
    ending = site.servers[-1]
    proxy.server = (HOST, site.daphne().port)
    ending.stop()


def test_two_streams_on_one_socket_resume_apart_after_a_restart(site, publish, proxy, tab, stream):
    other = stream + ".b"
    publish(stream, "a1")
    page = tab()
    connect(page, proxy, a=[stream, {}], b=[other, {}], c=[stream + ":secret", {}])
    page.wait_for("is('a', 'Live') && is('b', 'Live') && is('c', 'Error')")
    publish(other, "b1")
    page.wait_for("bodies('b').length === 1")
    assert proxy.connections == 1
    restart(site, proxy)
    publish(stream, "a2")
    publish(other, "b2")
    page.wait_for("bodies('a').length === 2 && bodies('b').length === 2")
    assert page.evaluate("[bodies('a'), bodies('b'), bodies('c')]") == [
        ["a1", "a2"], ["b1", "b2"], [],
    ]  # fmt: skip
    assert page.evaluate("told.filter(function (one) { return one[1] === 'Error'; })") == [
        ["c", "Error", "denied", "you may not follow this stream"]
    ]


def test_tabs_share_one_socket_by_a_worker(site, publish, proxy, tab, stream):
    publish(stream, 1)
    pages = [tab(), tab(), tab("module")]
    for page in pages[:2]:
        connect(page, proxy, ", worker: true", a=[stream, {}])
        page.wait_for("bodies('a').length === 1 && is('a', 'Live')")
    assert proxy.connections == 1
    # The module's worker is another script, and so another worker.
    connect(pages[2], proxy, ", worker: '/streams.js'", a=[stream, {"since": "latest"}])
    pages[2].wait_for("is('a', 'Live')")
    assert proxy.connections == 1 and pages[2].evaluate("same")
    publish(stream, 2)
    for page, count in zip(pages, (2, 2, 1)):
        page.wait_for(f"bodies('a').length === {count}")
    # A tab that is closed takes nothing along, and the others come back together.
    pages.pop(0).goto("about:blank#")
    before = proxy.connections
    restart(site, proxy)
    publish(stream, 3)
    for page, count in zip(pages, (3, 2)):
        page.wait_for(f"bodies('a').length === {count}")
    assert proxy.connections - before <= 1
    assert pages[0].evaluate("[bodies('a'), subs.a.since(), live.state()]") == [
        [1, 2, 3],
        3,
        "open",
    ]


def test_tabs_that_share_a_socket_are_one_reader(publish, proxy, tab, stream):
    """Each of them is told who is here; what they share is counted once."""
    stream = "in " + stream
    publish(stream, 1)
    pages = [tab(), tab(), tab()]
    url = f"ws://{HOST}:{proxy.port}/ws/streams/?presence=1"
    for page in pages:  # all at once
        page.evaluate(f"""
            window.live = Streams.connect(options("page", {{url: "{url}", worker: true}}));
            window.here = [];
            subs.a = live.subscribe({json.dumps(stream)}, options("a", {{
              onPresence: function (count) {{ here.push(count); }}
            }}));
            null""")
    for page in pages:
        page.wait_for("bodies('a').length === 1 && here.length > 0")
    assert proxy.connections == 1
    assert [page.evaluate("here") for page in pages] == [[1], [1], [1]]


@pytest.mark.parametrize("how", ["no worker", "no script", "another origin"])
def test_where_no_worker_can_be_had_a_page_has_its_own_socket(publish, proxy, tab, stream, how):
    page = tab()
    worker = {"no script": "'/nothing.js'", "another origin": "'http://localhost:1/streams.js'"}
    if how == "no worker":
        page.evaluate("delete window.SharedWorker; null")
    connect(page, proxy, f", worker: {worker.get(how, 'true')}", a=[stream, {}])
    page.wait_for("is('a', 'Live')")
    publish(stream, "a1")
    page.wait_for("bodies('a').length === 1")
    assert proxy.connections == 1
    page.errors = list  # the browser tells of the script


def test_a_page_of_before_goes_on_with_the_new_server(publish, proxy, tab, stream):
    """Its script was loaded before a reload; and a new page with it has the same socket."""
    for name in ("before", "streams"):
        page = tab(name)
        page.evaluate(
            "window.handle = Streams.follow(options('a', {url: 'ws://%s:%d/ws/%s/'})); null"
            % (HOST, proxy.port, stream)
        )
        page.wait_for("is('a', 'Live')")
        publish(stream, name)
        page.wait_for(f"bodies('a').slice(-1)[0] === '{name}'")
        page.evaluate("handle.close(); null")


@pytest.mark.parametrize("more", ["", ", worker: '/streams.js'"], ids=["tab", "worker"])
def test_a_list_brings_each_stream_once(site, publish, proxy, files, tab, more):
    room = "room:%s " % uuid.uuid4().hex
    publish(room + "1", "a1")
    publish(room + "2", "b1")
    page = tab()
    page.evaluate(SENT)
    connect(page, proxy, more, all=[room + "*", {"list": True}])
    page.wait_for("bodies('all').length === 2")
    publish(room + "3", "c1")
    page.wait_for("bodies('all').length === 3")
    # Other parts of the page follow the same list, from now on, and one of its streams.
    for who, (stream, options) in {
        "late": (room + "*", {"list": True, "since": "latest"}),
        "one": (room + "2", {}),
    }.items():
        page.evaluate(
            f"subs.{who} = live.subscribe({json.dumps(stream)}, options('{who}', "
            f"{json.dumps(options)})); null"
        )
    # Which streams: of the one that is followed twice it may be told once more.
    lives = "told.filter(function (one) { return one[0] === 'late' && one[1] === 'Live'; })"
    page.wait_for("is('one', 'Live') && new Set(%s.map(one => one[3])).size === 3" % lives)
    restart(site, proxy)
    publish(room + "2", "b2")
    publish(room + "4", "d1")
    page.wait_for("bodies('all').length === 5 && bodies('late').length === 2")
    page.wait_for("bodies('one').length === 2")
    publish(room + "5", "e1")
    page.wait_for("bodies('all').length === 6 && bodies('late').length === 3")
    assert sorted(page.evaluate("bodies('all')")) == ["a1", "b1", "b2", "c1", "d1", "e1"]
    assert sorted(page.evaluate("bodies('late')")) == ["b2", "d1", "e1"]
    assert page.evaluate("bodies('one')") == ["b1", "b2"]
    # Each is told which stream it is of, and has a cursor.
    assert page.evaluate(
        "told.filter(function (one) { return one[1] === 'Entries' && one[3][0] === 'd1'; })"
        ".map(function (one) { return one[4]; })"
    ) == [room + "4", room + "4"]
    page.evaluate("subs.all.close(); null")
    publish(room + "6", "f1")
    publish(room + "2", "b3")
    page.wait_for("bodies('late').length === 5 && bodies('one').length === 3")
    assert page.evaluate("bodies('all').length") == 6
    # What no other part of the page follows is left.
    page.evaluate("sent.length = 0; subs.late.close(); null")
    if not more:
        names = [room + "*"] + [room + str(place) for place in (1, 3, 4, 5, 6)]
        assert sorted(page.evaluate("left()")) == sorted(names)
    assert not page.evaluate("is('all', 'Error') || is('late', 'Error') || is('page', 'Error')")
    assert not page.evaluate("is('all', 'Reset') || is('late', 'Reset')")
