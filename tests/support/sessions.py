"""
Sessions in documents: what a WebSocket client sends and receives, run against a server.

A fenced block ```session has one step a line; docs/reference/protocol.md explains the words.
Entries may arrive in fewer or more frames than the page shows: where frames are split is not
promised. Nor is the order of frames of different streams, where the page shows them one after the
other. Beats, which may come at any time, are not shown.
"""

import itertools
import json
import re

import websocket

ANY = "…"
BEAT = {"type": "beat"}


def blocks(text, kind):
    """The contents of the fenced blocks of that kind, in order."""
    return re.findall(rf"^```{kind}\n(.*?)^```", text, re.M | re.S)


class Session:
    """
    One client on its way through a block's steps.

    `connect(path)` opens a websocket-client connection; `actions` are functions for the other
    words: {word: function(argument text)}.
    """

    def __init__(self, connect, actions):
        self.connect = connect
        self.actions = dict(actions, connect=self._connect, refused=self._refused)
        self.actions.update({"<": self._receive, ">": self._send, "closed": self._closed})
        self.connection = None
        self.refusal = None
        # Bodies that came in a frame with others, and belong to lines that follow.
        self.waiting = []
        # Frames of another stream than the one whose turn it was; the page shows them further on.
        self.early, self.further_on = [], []

    def play(self, block):
        """Go through every line; AssertionError names the one that was not as the page says."""
        lines = block.splitlines()
        try:
            for number, line in enumerate(lines, 1):
                word, _, argument = line.partition(" ")
                received = itertools.takewhile(lambda one: one.startswith("< "), lines[number:])
                self.further_on = [json.loads(one[2:]) for one in received]
                if word not in self.actions:
                    raise AssertionError(f"not a step: {line}")
                try:
                    self.actions[word](argument)
                except (AssertionError, OSError, ValueError, websocket.WebSocketException) as error:
                    raise AssertionError(f"{line}\n{type(error).__name__}: {error}") from error
            self._nothing_more()
        finally:
            self._hang_up()

    def _connect(self, path):
        self._hang_up()
        try:
            self.connection = self.connect(path)
        except websocket.WebSocketBadStatusException as error:
            self.refusal = error.status_code

    def _refused(self, status):
        assert self.connection is None and self.refusal == int(status), self.refusal

    def _send(self, text):
        self.connection.send(text)

    def _receive(self, text):
        wanted = json.loads(text)
        if wanted.get("type") != "entries":
            found = self._frame(wanted.get("stream"))
            assert matches(found, wanted), f"received {json.dumps(found)}"
            return
        for offset, body in enumerate(wanted["bodies"]):
            expected = dict(wanted, first=wanted["first"] + offset, bodies=[body])
            found = self._entry(wanted["stream"])
            assert matches(found, expected), f"received {json.dumps(found)}"

    def _frame(self, stream=None):
        """The next frame, maybe of that stream, which is not a part of an earlier one."""
        assert not self.waiting, f"received before it: {json.dumps(self.waiting[0])}"
        for frame in self.early:
            if frame["stream"] == stream:
                self.early.remove(frame)
                return frame
        while True:
            text = self.connection.recv()
            assert text, "the server closed the connection"
            frame = json.loads(text)
            if stream and frame.get("stream", stream) != stream and self._is_early(frame):
                self.early.append(frame)
            elif frame != BEAT:
                return frame

    def _is_early(self, frame):
        return any(matches(frame, wanted) for wanted in self.further_on)

    def _entry(self, stream):
        """The next entry, as a frame of its own."""
        if not self.waiting:
            frame = self._frame(stream)
            if frame.get("type") != "entries":
                return frame
            assert frame["bodies"], "an empty frame"
            self.waiting = [
                dict(frame, first=frame["first"] + offset, bodies=[body])
                for offset, body in enumerate(frame["bodies"])
            ]
        return self.waiting.pop(0)

    def _closed(self, code):
        self._none_left("received before it:")
        opcode, data = websocket.ABNF.OPCODE_PING, b""
        while opcode == websocket.ABNF.OPCODE_PING or is_beat(opcode, data):
            # recv_data() answers a close frame before it returns it, and the server may be gone.
            frame = self.connection.recv_frame()
            opcode, data = frame.opcode, frame.data
            if opcode == websocket.ABNF.OPCODE_PING:
                self.connection.pong(frame.data)
        assert opcode == websocket.ABNF.OPCODE_CLOSE, f"received before it: {frame.data!a:.300}"
        found = int.from_bytes(frame.data[:2], "big")
        assert found == int(code), f"closed with {found}"
        self._hang_up()

    def _nothing_more(self):
        """What the page does not show must not have been sent: a ping comes back before it."""
        self._none_left("and also received")
        if self.connection is None:
            return
        self.connection.ping()
        opcode, data = websocket.ABNF.OPCODE_PING, b""
        while opcode == websocket.ABNF.OPCODE_PING or is_beat(opcode, data):
            opcode, data = self.connection.recv_data(control_frame=True)
        assert opcode == websocket.ABNF.OPCODE_PONG, f"and also received {data!a:.300}"

    def _none_left(self, words):
        """Of what came and no line has asked for."""
        rest = self.waiting + self.early
        assert not rest, f"{words} {json.dumps(rest[0])}"

    def _hang_up(self):
        if self.connection is not None:
            self.connection.close(timeout=1)
            self.connection = None


def is_beat(opcode, data):
    """Whether a frame is a beat."""
    return opcode == websocket.ABNF.OPCODE_TEXT and json.loads(data.decode()) == BEAT


def matches(found, wanted):
    """Whether a value is the wanted one, in which "…" stands for any."""
    if wanted == ANY:
        return True
    if isinstance(wanted, dict) and isinstance(found, dict):
        return set(found) == set(wanted) and all(matches(found[k], wanted[k]) for k in wanted)
    if isinstance(wanted, list) and isinstance(found, list):
        return len(found) == len(wanted) and all(map(matches, found, wanted))
    return type(found) is type(wanted) and found == wanted
