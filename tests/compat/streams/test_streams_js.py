"""streams.js on sockets that the test closes: which codes are final, and where it resumes."""

import json
import os

import pytest

from compat import close_codes
from tests.support import CHECKOUT, javascript
from tests.support.fixtures import or_skip

HERE = os.path.dirname(os.path.abspath(__file__))
STREAMS = os.path.join(CHECKOUT, "compat", "streams", "static", "streams", "streams.js")
DEPLOY = os.path.join(CHECKOUT, "deploy", "static", "deploy")
EDGES = [1005, 1006, 2999, 3000, 3499, 3500, 3999, 4000, 4499, 4500, 4999]
CODES = sorted({code.number for code in close_codes.every()} | set(EDGES))

FOLLOW = """
(function (code, frames, since) {
  var told = [];
  var tell = function (name) {
    return function () { told.push([name].concat(Array.prototype.slice.call(arguments))); };
  };
  Streams.follow({
    url: "ws://site/ws/", since: since,
    onEntries: tell("entries"), onState: tell("state"), onStartOver: tell("start over"),
    onReset: tell("reset")
  });
  serve(code, frames);
  run();
  return { told: told, urls: sockets.map(function (socket) { return socket.url; }) };
})
"""


def page(expression, *scripts):
    scripts = [os.path.join(HERE, "browser.js"), STREAMS] + list(scripts)
    return or_skip(lambda: javascript.evaluate(scripts, expression))


def follow(code, frames=(), since=0):
    return page("%s(%s)" % (FOLLOW, ", ".join(map(json.dumps, (code, list(frames), since)))))


@pytest.fixture(scope="module")
def finality():
    """{code: what streams.js says}."""
    found = page("%s.map(Streams.isFinal)" % json.dumps(CODES))
    return dict(zip(CODES, found))


def test_the_rule_is_that_of_the_table(finality):
    assert finality == {code: close_codes.is_final(code) for code in CODES}
    assert [code.number for code in close_codes.every() if code.final] == [
        4500, 4501, 4503, 4504, 4509,
    ]  # fmt: skip


@pytest.mark.parametrize("code", [1006, 1012, 3499, 4029, 4500, 4503, 3999])
def test_a_page_stays_away_after_a_final_code_and_comes_back_after_any_other(code):
    result = follow(code)
    final = close_codes.is_final(code)
    assert result["told"][-1] == (["state", "closed", code] if final else ["state", "connecting"])
    assert len(result["urls"]) == (1 if final else 2)


ENTRIES = [{"type": "entries", "stream": "news", "first": 8, "bodies": ["a", "b"]}]


def test_it_resumes_after_the_last_entry():
    result = follow(1012, ENTRIES, 7)
    assert result["urls"] == ["ws://site/ws/?since=7&epoch=", "ws://site/ws/?since=9&epoch="]
    assert ["start over"] not in result["told"]


def test_a_log_that_went_back_is_read_from_its_beginning():
    result = follow(close_codes.START_OVER, ENTRIES, 7)
    assert result["urls"] == ["ws://site/ws/?since=7&epoch=", "ws://site/ws/?since=0&epoch="]
    assert result["told"].count(["start over"]) == 1
    assert result["told"].count(["reset"]) == 1


def of(epoch, frames=ENTRIES):
    return [dict(frame, epoch=epoch) for frame in frames]


def test_it_comes_back_with_the_epoch_that_it_was_told():
    result = follow(1012, of("a"), 7)
    assert result["urls"][1] == "ws://site/ws/?since=9&epoch=a"
    # Processes of before, which say nothing of it, do not make it forget.
    result = follow(1012, of("a", [{"type": "live", "seq": 7}]) + ENTRIES, 7)
    assert result["urls"][1] == "ws://site/ws/?since=9&epoch=a"


def test_in_another_epoch_it_starts_over_on_the_same_connection():
    again = {"type": "entries", "first": 1, "bodies": ["c"], "epoch": "b"}
    result = follow(1012, of("a") + [{"type": "reset", "epoch": "b"}, again], 7)
    told = [one for one in result["told"] if one[0] != "state"]
    assert told == [["entries", 8, ["a", "b"]], ["start over"], ["reset"], ["entries", 1, ["c"]]]
    assert result["urls"][1] == "ws://site/ws/?since=1&epoch=b"
    # It was deleted: the next one's epoch is not known yet.
    result = follow(1012, of("a") + [{"type": "reset", "epoch": None}, again], 7)
    assert result["urls"][1] == "ws://site/ws/?since=1&epoch=b"


def test_what_is_of_another_epoch_is_asked_for_again_and_not_shown():
    told, urls = page(
        """
        var told = [];
        Streams.follow({
          url: "/ws/", since: 7, epoch: "a",
          onEntries: function (first, bodies) { told.push(bodies); }
        });
        sockets[0].onopen({});
        sockets[0].onmessage({ data: JSON.stringify(%s) });
        run();
        [told, sockets.map(function (socket) { return socket.url; })]
        """
        % json.dumps(of("b")[0])
    )
    assert told == [] and urls == ["ws://site/ws/?since=7&epoch=a"] * 2


def test_when_the_network_is_back_the_socket_of_the_old_one_is_left():
    told, urls, closed = page(
        """
        var told = [];
        var handle = Streams.follow({
          url: "ws://site/ws/", since: 7,
          onEntries: function (first, bodies) { told.push([first, bodies]); }
        });
        var old = sockets[0];
        old.onopen({});
        old.onmessage({ data: JSON.stringify(%s) });
        var hears = old.onmessage;
        window.dispatchEvent(new Event("online"));
        sockets[1].onopen({});
        // It may have had something on its way, which comes by the new one again.
        var tenth = { data: JSON.stringify({ type: "entries", first: 10, bodies: ["c"] }) };
        hears(tenth);
        sockets[1].onmessage(tenth);
        handle.close();
        window.dispatchEvent(new Event("online"));
        [told, sockets.map(function (socket) { return socket.url; }), old.closed]
        """
        % json.dumps(ENTRIES[0])
    )
    assert told == [[8, ["a", "b"]], [10, ["c"]]]
    assert urls == ["ws://site/ws/?since=7&epoch=", "ws://site/ws/?since=9&epoch="] and closed


def test_a_connection_that_has_fallen_silent_is_left():
    states, urls, closed = page(
        """
        var states = [];
        var frame = function (number, fields) {
          sockets[number].onmessage({ data: JSON.stringify(fields) });
        };
        Streams.follow({
          url: "/ws/", since: 7, onEntries: function () {},
          onState: function (state) { states.push([clock / 1000, state]); },
          onMessage: function (message) { states.push(message); }
        });
        sockets[0].onopen({});
        frame(0, { type: "live", seq: 7, epoch: "a", beat: 10 });
        [10, 19, 29, 38].forEach(function (seconds) {
          clock = 1000 * seconds;
          run();  // whatever waited: it is too early
          frame(0, { type: "beat" });
        });
        clock = 57000;
        run();
        clock = 58000;
        run();
        run();
        sockets[1].onopen({});
        frame(1, { type: "live", seq: 7, epoch: "a" });  // of a server that sends none
        clock = 900000;
        run();
        [states, sockets.map(function (socket) { return socket.url; }), sockets[0].closed]
        """
    )
    assert states == [
        [0, "connecting"], [0, "open"], [58, "waiting"], [58, "connecting"], [58, "open"],
    ]  # fmt: skip
    assert urls == ["ws://site/ws/?since=7&epoch=", "ws://site/ws/?since=7&epoch=a"] and closed


def needs_node():
    from tests.support import binaries

    if not binaries.is_here(binaries.node):
        pytest.skip("Node is not installed, and a page of Chromium has elements of its own")


@pytest.mark.parametrize(
    "how", ["serve(%d)" % close_codes.START_OVER, "serve(1012, [{type: 'reset', epoch: 'b'}])"]
)
def test_the_pages_of_deploy_are_loaded_again_then_and_say_so(how):
    needs_node()
    said = page(
        """
        connection.follow({ url: "ws://site/ws/", since: 7 });
        %s;
        var badge = document.getElementById("connection");
        [reloads, badge.className, badge.textContent]
        """
        % how,
        os.path.join(DEPLOY, "connection.js"),
    )
    assert said == [1, "connection again", "starting over\u2026"]


@pytest.mark.parametrize("code", CODES)
def test_the_page_of_tasks_goes_by_the_same_rule(code):
    needs_node()
    scripts = [os.path.join(DEPLOY, name) for name in ("connection.js", "tasks.js")]
    opened, state = page(
        "serve(%d); run(); [sockets.length, document.getElementById('connection').className]"
        % code,
        *scripts,
    )
    final = close_codes.is_final(code)
    assert (opened, state) == ((1, "connection closed") if final else (2, "connection connecting"))
