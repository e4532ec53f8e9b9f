"""Connections that are dead and do not say so: beats, and a browser that goes by them."""

import json
import os

import pytest
import websocket

from tests.support import CHECKOUT, chromium
from tests.support.fixtures import or_skip
from tests.support.proxies import Silent
from tests.support.servers import HOST
from tests.support.wait import wait_until

STREAMS = os.path.join(CHECKOUT, "compat", "streams", "static", "streams", "streams.js")


def test_who_gets_beats(make_site, sqlite_settings, stream):
    site = make_site(sqlite_settings, "", poll=3600, beat=0.2)
    assert site.run("beats", stream, 4) == [
        0.2,
        [["live"], []],
        [[1012], [1012], [], []],
        [2],  # 128 readers, 64 turns
        0,
    ]


def test_none_are_sent_where_the_setting_says_so(make_site, sqlite_settings, layer, stream):
    site = make_site(sqlite_settings, layer, beat=0)
    url = f"ws://{HOST}:{site.daphne().port}/ws/{stream}/?since=0&epoch="
    connection = websocket.create_connection(url, timeout=20)
    live = json.loads(connection.recv())
    assert live == {"type": "live", "stream": stream, "epoch": None, "seq": 0}
    connection.close()


@pytest.fixture
def page():
    browser = chromium.Browser()
    or_skip(browser.__enter__)
    try:
        yield browser.page()
    finally:
        browser.__exit__()


def test_a_browser_notices_that_nothing_comes_any_more(
    make_site, sqlite_settings, layer, stream, page
):
    """Its connection stays open, and nothing gets through: it connects anew and misses nothing."""
    site = make_site(sqlite_settings, layer, beat=1)
    with open(STREAMS, encoding="utf-8") as file:
        page.evaluate(file.read() + "; null")
    with Silent(HOST, site.daphne().port) as proxy:
        page.evaluate(
            """
            window.states = []; window.seen = [];
            Streams.follow({
              url: "ws://%s:%d/ws/%s/", since: 0,
              onState: function (state) { states.push(state); },
              onLive: function () { states.push("live"); },
              onEntries: function (first, bodies) { seen = seen.concat(bodies); }
            }); null
            """
            % (HOST, proxy.port, stream)
        )
        page.wait_for("states.indexOf('live') >= 0")
        site.run("publish_once", stream, 1)
        page.wait_for("seen.length === 1")
        # It is not impatient: beats are all that comes, for longer than it waits.
        page.evaluate("window.wait = performance.now(); null")
        page.wait_for("performance.now() - wait > 3000")
        assert proxy.connections == 1
        proxy.hush()
        site.run("publish_once", stream, 2)
        wait_until(lambda: proxy.connections == 2, what="the second connection")
        page.wait_for("seen.length === 2 && states.slice(-1)[0] === 'live'")
        assert page.evaluate("seen") == [1, 2]
        once = ["connecting", "open", "live"]
        assert page.evaluate("states") == once + ["waiting"] + once
