"""Who uses the site through nginx: readers of streams, who come back and keep books; visitors."""

import http.client
import json
import random
import socket
import threading
import time
import urllib.parse

import websocket

from tests.support.books import Book
from tests.support.events import Events

FINAL = range(4500, 5000)
AWAY = 0.3  # seconds before it comes back, at random up to three times that
SILENCE = 2  # beats that it waits for before it gives a connection up
PATIENCE = 20  # seconds, as long as it knows of no beat
WAYS = ["socket", "events", "poll"]


class Client(threading.Thread):
    """
    Follows the services of `uids` (a name: that one, at its own address; a list: all of them over
    one connection) by one of the WAYS; keeps a Book of each.

    deaf: it does not say where it was when it comes back, as a page without a log behind it;
    only of one service, by a socket.
    address: where it connects to, in place of the stack's own (a proxy's).
    """

    def __init__(self, stack, cookie, uids, seed, deaf=False, way="socket", address=None):
        super().__init__(daemon=True)
        self.stack, self.cookie, self.deaf, self.way = stack, cookie, deaf, way
        self.many = not isinstance(uids, str)
        self.books = [Book(uid) for uid in (uids if self.many else [uids])]
        self.by_stream = {"deploy:" + book.uid: book for book in self.books}
        self.address = address or ("127.0.0.1", stack.port)
        self.chance = random.Random(seed)
        self.faults = []
        self.connects = self.silences = self.told_to_wait = 0
        self.codes = {}
        self.patience = PATIENCE
        self.connection = None  # its socket
        self.away_until = 0.0
        self.over = threading.Event()
        self.start()

    # Of who follows one service

    @property
    def uid(self):
        return self.books[0].uid

    @property
    def last(self):
        return self.books[0].last

    @property
    def entries(self):
        return self.books[0].entries

    def run(self):
        while not self.over.is_set():
            try:
                getattr(self, "follow_by_" + self.way)()
            except (websocket.WebSocketTimeoutException, socket.timeout):
                self.silences += 1
            except (websocket.WebSocketException, http.client.HTTPException, OSError, ValueError):
                pass
            finally:
                self.hang_up()
            pause = AWAY * self.chance.uniform(1, 3)
            self.over.wait(max(pause, self.away_until - time.monotonic()))

    # The three ways

    def follow_by_socket(self):
        self.patience = PATIENCE
        self.connection = socket.create_connection(self.address, PATIENCE)
        connection = websocket.create_connection(
            "ws://" + self.stack.host + self.path(over_http=False),
            cookie=self.cookie,
            origin=self.stack.url,
            socket=self.connection,
            timeout=PATIENCE,
            skip_utf8_validation=True,
        )
        self.connects += 1
        if self.many:
            connection.send(json.dumps({"type": "subscribe", "streams": self.cursors()}))
        while not self.over.is_set():
            connection.settimeout(self.patience)
            opcode, data = connection.recv_data()
            if opcode == websocket.ABNF.OPCODE_CLOSE:
                self.closed(int.from_bytes(data[:2], "big") if data else 1005)
                return
            self.take(json.loads(data.decode("utf-8")))

    def follow_by_events(self):
        self.patience = PATIENCE
        reader = Events(self.address, self.path(), headers=self.headers(), timeout=PATIENCE)
        self.connection = reader.socket
        self.connects += reader.status == 200
        while not self.over.is_set():
            self.connection.settimeout(self.patience)
            found = reader.event()
            if found is None:
                return
            if "data" in found and self.take(json.loads(found["data"])):
                return
            if "id" in found and not self.many:
                self.books[0].came_with(found["id"])

    def follow_by_poll(self):
        while not self.over.is_set():
            connection = http.client.HTTPConnection(*self.address, timeout=self.patience)
            connection.connect()
            self.connection = connection.sock
            connection.request("GET", self.path(), headers=self.headers())
            answer = connection.getresponse()
            said = json.loads(answer.read().decode("utf-8"))
            self.connects += answer.status == 200
            if any([self.take(frame) for frame in said["frames"]]):
                return
            if answer.status == 503:  # it says no more than when to come back
                self.told_to_wait += 1
                seconds = answer.headers["Retry-After"]
                if seconds is None:
                    self.faults.append("503 without Retry-After")
                self.over.wait(self.chance.uniform(0, int(seconds or 1)))
            elif not self.many:
                self.books[0].came_with(said["cursor"])
            connection.close()
            self.over.wait(self.chance.uniform(0, AWAY))

    # What is asked

    def cursors(self):
        return {name: book.cursor for name, book in self.by_stream.items()}

    def path(self, over_http=True):
        # An epoch, even none, says that we know of epochs and beats.
        query = {"epoch": "" if self.many else self.books[0].epoch}
        if over_http:
            query["transport"] = self.way
        if self.many:
            if over_http:
                query["subscribe"] = json.dumps(self.cursors())
            return "/ws/streams/?" + urllib.parse.urlencode(query)
        query["since"] = "latest" if self.deaf and self.connects else self.books[0].last
        return "/ws/deploy/%s/?%s" % (self.uid, urllib.parse.urlencode(query))

    def headers(self):
        return {"Host": self.stack.host, "Origin": self.stack.url, "Cookie": self.cookie}

    # What is answered

    def take(self, frame):
        """Enter a frame into the books; returns whether it is the last one."""
        if frame.get("beat"):
            self.patience = SILENCE * frame["beat"]
        if frame["type"] == "close":
            self.closed(frame["code"])
            return True
        if frame["type"] == "error" and self.many:
            self.faults.append("%s: %s" % (frame.get("stream"), frame["code"]))
        elif "stream" in frame:
            self.by_stream[frame["stream"]].take(frame)
        return False

    def closed(self, code):
        self.codes[code] = self.codes.get(code, 0) + 1
        if code in FINAL:
            self.faults.append("closed for good with %d" % code)
            self.over.set()

    def hang_up(self):
        self.cut(0)
        connection, self.connection = self.connection, None
        if connection is not None:
            connection.close()

    def cut(self, seconds):
        """The network is gone for that long: no goodbye in either direction."""
        self.away_until = max(self.away_until, time.monotonic() + seconds)
        connection = self.connection
        if connection is not None:
            try:
                connection.shutdown(socket.SHUT_RDWR)
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
