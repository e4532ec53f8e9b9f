"""Streams.connect() of streams.js on sockets that the test moves: many streams on one of them."""

import gzip
import os

import pytest

from compat import close_codes
from tests.support import CHECKOUT, javascript
from tests.support.fixtures import or_skip

HERE = os.path.dirname(os.path.abspath(__file__))
FOLDER = os.path.join(CHECKOUT, "compat", "streams", "static", "streams")
STREAMS = os.path.join(FOLDER, "streams.js")
MOST_BYTES = 6 * 1024  # as it comes over the network, compressed

PAGE = """
(function () {
  var told = [], subs = {};
  function options(who, more) {
    var names = "Entries Live Gap Reset Error State Message Presence";
    names.split(" ").forEach(function (name) {
      more["on" + name] = function () {
        told.push([who, name].concat(Array.prototype.slice.call(arguments)));
      };
    });
    return more;
  }
  function subscribe(live, who, stream, more) {
    subs[who] = live.subscribe(stream, options(who, more));
  }
  function socket() { return sockets[sockets.length - 1]; }
  function open() { socket().readyState = 1; socket().onopen({}); }
  function close(code) { socket().readyState = 3; socket().onclose({ code: code }); run(); }
  function gets(type, stream, more) {
    var frame = Object.assign({ type: type, stream: stream }, more);
    socket().onmessage({ data: JSON.stringify(frame) });
  }
  function entries(stream, first, bodies, epoch) {
    gets("entries", stream, { first: first, bodies: bodies, epoch: epoch || "e" });
  }
  function live(stream, seq, epoch) { gets("live", stream, { seq: seq, epoch: epoch || "e" }); }
  function taken() { return told.splice(0); }
  function sent() { return socket().sent.splice(0); }
  %s
})()
"""


def play(script):
    """What a script returns, which runs in a page."""
    scripts = [os.path.join(HERE, "browser.js"), STREAMS]
    return or_skip(lambda: javascript.evaluate(scripts, PAGE % script))


def subscribe(**streams):
    return {"type": "subscribe", "streams": streams}


def test_each_stream_has_its_cursor_and_resumes_by_itself():
    first, told, second, urls = play(
        """
        var connection = Streams.connect({ url: "/ws/streams/" });
        subscribe(connection, "a", "news", { since: 3, epoch: "e" });
        subscribe(connection, "b", "sports", {});
        subscribe(connection, "c", "chat", { since: "latest" });
        open();
        var first = sent();
        gets("hello", undefined, { streams: 100 });
        entries("news", 4, ["n4"]);
        entries("sports", 1, ["s1", "s2"], "f");
        live("news", 4);
        live("chat", 7, "g");
        live("sports", 2, "f");
        close(1012);
        open();
        return [first, taken(), sent(), sockets.map(function (one) { return one.url; })];
        """
    )
    assert first == [subscribe(news="e:3", sports=0, chat="latest")]
    assert [one for one in told if one[1] != "State"] == [
        ["a", "Entries", 4, ["n4"]],
        ["b", "Entries", 1, ["s1", "s2"]],
        ["a", "Live", 4],
        ["c", "Live", 7],
        ["b", "Live", 2],
    ]
    assert second == [subscribe(news="e:4", sports="f:2", chat="g:7")]
    assert urls == ["ws://site/ws/streams/"] * 2


def test_what_is_wrong_with_one_stream_ends_nothing_else():
    told, again, opened = play(
        """
        var connection = Streams.connect(options("page", {}));
        subscribe(connection, "a", "news", {});
        subscribe(connection, "b", "secret", {});
        open(); gets("hello");
        gets("error", "secret", { code: "denied", detail: "no" });
        gets("error", undefined, { code: "bad-frame", detail: "what" });
        gets("reset", "news", { epoch: "f" });
        entries("news", 1, ["n1"], "f");
        gets("error", "news", { code: "denied", detail: "not any more" });
        entries("news", 2, ["n2"], "f");
        gets("of a later version", "news");
        close(1006);
        open();
        return [taken(), sent(), sockets.length];
        """
    )
    assert [one for one in told if one[1] != "State"] == [
        ["b", "Error", "denied", "no"],
        ["page", "Error", "bad-frame", "what"],
        ["a", "Reset"],
        ["a", "Entries", 1, ["n1"]],
        ["a", "Error", "denied", "not any more"],
        ["page", "Message", {"type": "of a later version", "stream": "news"}],
    ]
    assert again == [] and opened == 2


def test_parts_of_a_page_share_a_socket_and_each_gets_what_it_misses():
    steps = play(
        """
        var steps = [];
        function step() { steps.push([taken().filter(function (one) {
          return one[1] !== "State";
        }), sent()]); }
        var one = Streams.connect({}), other = Streams.connect({});
        subscribe(one, "a", "news", { since: "latest" });
        open(); live("news", 5); step();
        subscribe(other, "b", "news", { since: 3, epoch: "e" });
        entries("news", 6, ["on its way"]);
        gets("unsubscribed", "news");
        entries("news", 4, ["n4", "n5", "on its way"]); step();
        live("news", 6);
        subscribe(other, "c", "news", { since: "latest" });
        run();
        subs.a.close();
        entries("news", 7, ["n7"]); step();
        one.close();
        subs.b.close(); subs.c.close(); step();
        entries("news", 8, ["nobody's"]);
        gets("unsubscribed", "news");
        subscribe(other, "d", "news", {}); step();
        return steps.concat([sockets.length, socket().closed || false,
                             (other.close(), socket().closed)]);
        """
    )
    assert steps == [
        [[["a", "Live", 5]], [subscribe(news="latest")]],
        [
            [["a", "Entries", 6, ["on its way"]], ["b", "Entries", 4, ["n4", "n5", "on its way"]]],
            [{"type": "unsubscribe", "streams": ["news"]}, subscribe(news="e:3")],
        ],
        [
            [
                ["a", "Live", 6], ["b", "Live", 6], ["c", "Live", 6],
                ["b", "Entries", 7, ["n7"]], ["c", "Entries", 7, ["n7"]],
            ],
            [],
        ],
        [[], [{"type": "unsubscribe", "streams": ["news"]}]],
        [[], [subscribe(news=0)]],
        1, False, True,
    ]  # fmt: skip


def test_a_part_that_has_another_history_starts_over_alone():
    told, sent = play(
        """
        var connection = Streams.connect({});
        subscribe(connection, "a", "news", { since: 1, epoch: "e" });
        subscribe(connection, "b", "news", { since: "old:9" });
        open();
        entries("news", 2, ["n2"]);
        return [taken(), sent()];
        """
    )
    assert told == [["a", "Entries", 2, ["n2"]], ["b", "Reset"]]
    assert sent[-1] == subscribe(news="e:0")


def test_a_hole_is_asked_for_again_on_the_same_socket():
    told, sent, opened = play(
        """
        var connection = Streams.connect({});
        subscribe(connection, "a", "news", { since: 1 });
        open(); sent();
        entries("news", 3, ["n3"]);
        gets("unsubscribed", "news");
        entries("news", 2, ["n2", "n3"]);
        return [taken(), sent(), sockets.length];
        """
    )
    assert told == [["a", "Entries", 2, ["n2", "n3"]]] and opened == 1
    assert sent == [{"type": "unsubscribe", "streams": ["news"]}, subscribe(news="e:1")]


def test_a_listener_that_fails_does_not_keep_the_others_from_being_told():
    told, error = play(
        """
        var connection = Streams.connect({});
        connection.subscribe("news", { onEntries: function () { throw new Error("mine"); } });
        subscribe(connection, "b", "news", {});
        open();
        entries("news", 1, ["n1"]);
        try { run(); } catch (failure) { return [taken(), failure.message]; }
        """
    )
    assert told == [["b", "Entries", 1, ["n1"]]] and error == "mine"


def test_a_part_that_leaves_when_it_is_told_takes_nothing_from_the_next():
    told, sent = play(
        """
        var connection = Streams.connect({});
        var first = connection.subscribe("news", { onEntries: function () { first.close(); } });
        subscribe(connection, "b", "news", {});
        open(); sent();
        entries("news", 1, ["n1"]);
        entries("news", 2, ["n2"]);
        return [taken(), sent()];
        """
    )
    assert told == [["b", "Entries", 1, ["n1"]], ["b", "Entries", 2, ["n2"]]] and sent == []


def test_an_answer_that_is_lost_with_the_connection_is_not_waited_for():
    told, sent = play(
        """
        var connection = Streams.connect({});
        subscribe(connection, "a", "news", {});
        open(); live("news", 0); taken();
        subs.a.close();
        subscribe(connection, "b", "news", {});
        close(1012);
        open();
        entries("news", 1, ["n1"]);
        return [taken(), sent()];
        """
    )
    assert told == [["b", "Entries", 1, ["n1"]]] and sent == [subscribe(news=0)]


@pytest.mark.parametrize("code", [1012, close_codes.SIGNED_OUT])
def test_after_a_final_code_who_comes_gets_a_connection_of_its_own(code):
    states, opened = play(
        """
        var one = Streams.connect(options("one", {}));
        open(); close(%d);
        var state = one.state();
        Streams.connect({});
        return [[state].concat(taken().map(function (told) { return told[2]; })), sockets.length];
        """
        % code
    )
    if code == 1012:
        assert states == ["connecting", "connecting", "open", "waiting", "connecting"]
    else:
        assert states == ["closed", "connecting", "open", "closed"]
    assert opened == 2


def test_many_names_go_in_frames_that_the_server_takes():
    sizes = play(
        """
        var connection = Streams.connect({});
        for (var number = 0; number < 250; number++) {
          connection.subscribe("__proto__" + number, {});
        }
        connection.subscribe("__proto__", {});
        open();
        return sent().map(function (frame) { return Object.keys(frame.streams).length; });
        """
    )
    assert sizes == [100, 100, 51]


def test_a_silent_connection_is_left_and_all_streams_resume():
    states, sent = play(
        """
        var connection = Streams.connect(options("page", {}));
        subscribe(connection, "a", "news", {});
        open(); gets("hello", undefined, { beat: 10 });
        entries("news", 1, ["n1"]);
        clock = 19000; run(); clock = 20000; run(); run(); open();
        return [taken().filter(function (one) { return one[1] === "State"; }), sent()];
        """
    )
    assert [state[2] for state in states] == ["connecting", "open", "waiting", "connecting", "open"]
    assert sent == [subscribe(news="e:1")]


def test_while_the_server_is_one_of_before_the_page_waits():
    """During a reload: it has no such address, or one where nobody understands the frames."""
    told, sent = play(
        """
        var connection = Streams.connect({});
        subscribe(connection, "a", "news", { since: 4, epoch: "e" });
        close(1006);
        open();
        gets(undefined, undefined, { message: "of another consumer" });
        close(1012);
        open(); gets("hello", undefined, { streams: 100 });
        entries("news", 5, ["n5"]);
        return [taken(), sent()];
        """
    )
    assert told == [["a", "Entries", 5, ["n5"]]]
    assert sent == [subscribe(news="e:4")]


def test_it_is_small():
    with open(STREAMS, "rb") as file:
        assert len(gzip.compress(file.read(), 6)) <= MOST_BYTES


def test_parts_are_told_who_is_here_also_the_one_that_comes_later():
    first, second, left = play(
        """
        var live1 = Streams.connect({ url: "/ws/?presence=1" });
        subscribe(live1, "a", "news", { since: 0 });
        open(); live("news", 0); taken();
        gets("presence", "news", { count: 2, who: [{ name: "Ann" }] });
        gets("presence", "other", { count: 9, who: [] });
        var first = taken();
        subscribe(live1, "b", "news", { since: "latest" }); run();
        var second = taken();
        subs.a.close();
        gets("presence", "news", { count: 1, who: [] });
        return [first, second, taken()];
        """
    )
    assert first == [["a", "Presence", 2, [{"name": "Ann"}]]]
    assert second == [["b", "Live", 0], ["b", "Presence", 2, [{"name": "Ann"}]]]
    assert left == [["b", "Presence", 1, []]]
