"""Who uses the site through nginx: readers of streams, who come back and keep books; visitors."""

import http.client
import json
import random
import socket
import threading
import time

import websocket

FINAL = range(4500, 5000)
AWAY = 0.3  # seconds before it comes back, at random up to three times that


class Client(threading.Thread):
    """
    `entries` are (sequence number, id) as they came, `faults` what must never happen.

    deaf: it does not say where it was when it comes back, as a page without a log behind it.
    """

    def __init__(self, stack, cookie, uid, seed, deaf=False):
        super().__init__(daemon=True)
        self.stack, self.cookie, self.uid, self.deaf = stack, cookie, uid, deaf
        self.chance = random.Random(seed)
        self.entries, self.faults, self.lags = [], [], []
        self.connects = 0
        self.codes = {}
        self.last = 0
        self.connection = None
        self.away_until = 0.0
        self.over = threading.Event()
        self.start()

    def run(self):
        while not self.over.is_set():
            try:
                self.follow()
            except (websocket.WebSocketException, OSError, ValueError):
                pass
            finally:
                self.hang_up()
            pause = AWAY * self.chance.uniform(1, 3)
            self.over.wait(max(pause, self.away_until - time.monotonic()))

    def follow(self):
        since = "latest" if self.deaf and self.connects else self.last
        self.connection = websocket.create_connection(
            "ws://%s/ws/deploy/%s/?since=%s" % (self.stack.host, self.uid, since),
            cookie=self.cookie,
            origin=self.stack.url,
            timeout=20,
            skip_utf8_validation=True,
        )
        self.connects += 1
        # A connection that went dead without a word, as behind a stopped nginx.
        self.connection.settimeout(8)
        while not self.over.is_set():
            try:
                opcode, data = self.connection.recv_data()
            except websocket.WebSocketTimeoutException:
                self.connection.ping()
                continue
            if opcode == websocket.ABNF.OPCODE_CLOSE:
                code = int.from_bytes(data[:2], "big") if data else 1005
                self.codes[code] = self.codes.get(code, 0) + 1
                if code in FINAL:
                    self.faults.append("closed for good with %d" % code)
                    self.over.set()
                return
            self.take(json.loads(data.decode("utf-8")))

    def take(self, frame):
        if frame["type"] == "gap":
            self.faults.append("a gap up to %d" % frame["oldest"])
            self.last = frame["oldest"] - 1
        if frame["type"] != "entries":
            return
        now = time.time()
        for seq, body in enumerate(frame["bodies"], frame["first"]):
            if seq != self.last + 1:
                self.faults.append("entry %d came after %d" % (seq, self.last))
            self.last = max(seq, self.last)
            self.entries.append((seq, body.get("id")))
            if "id" in body and "t" in body:  # the runner's entries have times of their own
                self.lags.append((body["t"], now - body["t"]))

    def hang_up(self):
        connection, self.connection = self.connection, None
        if connection is not None:
            connection.shutdown()

    def cut(self, seconds):
        """The network is gone for that long: no goodbye in either direction."""
        self.away_until = time.monotonic() + seconds
        connection = self.connection
        if connection is not None and connection.sock is not None:
            try:
                connection.sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def end(self):
        self.over.set()
        self.cut(0)
        self.join(20)


class Visitor(threading.Thread):
    """
    Asks for a page again and again, each time on a new connection.

    `answered` with the status `good`; `failed`: (time, another status or what went wrong).
    """

    def __init__(self, host, path, method="GET", good=200, pause=0.05):
        super().__init__(daemon=True)
        self.host, self.path, self.method, self.good = host, path, method, good
        self.pause = pause
        self.answered, self.failed = 0, []
        self.over = threading.Event()
        self.start()

    def run(self):
        while not self.over.wait(self.pause):
            result = self.ask()
            if result == self.good:
                self.answered += 1
            else:
                self.failed.append((time.time(), result))

    def ask(self):
        """The status of an answer that came whole, else what went wrong."""
        connection = http.client.HTTPConnection(self.host, timeout=30)
        try:
            connection.request(self.method, self.path, headers={"Content-Length": "0"})
            answer = connection.getresponse()
            answer.read()
            return answer.status
        except (OSError, http.client.HTTPException) as error:
            return "%s: %s" % (type(error).__name__, error)
        finally:
            connection.close()

    def end(self):
        self.over.set()
        self.join(40)
