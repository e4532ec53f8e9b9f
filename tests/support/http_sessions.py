"""Sessions in documents, over plain HTTP too: event streams and long polling."""

import json
import re
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import quote

from .events import Events, poll
from .sessions import ANY, Session, matches


class HttpSession(Session):
    """
    A Session with the words `events`, `id`, `ended`, `poll` and `answer`.

    `address()` is that of the server of now; `last_word()` publishes something that no page shows
    to the stream that is followed, and returns it: nothing else must come before it.
    """

    def __init__(self, connect, actions, address, last_word):
        super().__init__(connect, actions)
        self.address, self.last_word = address, last_word
        self.actions.update({"events": self._events, "id": self._id, "ended": self._ended})
        self.actions.update(poll=self._poll, answer=self._answer)
        self.epoch = ANY
        self.reader = self.asked = None
        self.pool = ThreadPoolExecutor(1)

    def play(self, block):
        try:
            super().play(block)
        finally:
            self.pool.shutdown()

    def _path(self, path):
        """As it is sent; "…" in a page's address stands for the epoch of the last answer."""
        return quote(path.replace(ANY, self.epoch), safe="/?&=:")

    def _events(self, path):
        self._hang_up()
        self.reader = Events(self.address(), self._path(path))
        if self.reader.status == 200:
            self.connection = self
        else:
            answer = json.loads(self.reader.response.read().decode())
            self.asked = self.pool.submit(lambda: (self.reader.status, answer))

    # What a Session asks of its connection

    def recv(self):
        found = self.reader.frame()
        if found is None:
            return ""
        self.epoch = found.get("epoch") or self.epoch
        return json.dumps(found)

    def close(self, timeout=0):
        self.reader.close()

    def _nothing_more(self):
        if self.connection is not self or self.reader is None:
            super()._nothing_more()
            return
        self._none_left("and also received")
        word = self.last_word()
        found = self._frame()
        assert found.get("bodies") == [word], f"and also received {json.dumps(found)}"

    # Steps

    def _id(self, text):
        # The event that had what came last; a step looks at one entry, and one may have several.
        assert not self.waiting, f"received before it: {json.dumps(self.waiting[0])}"
        pattern = re.escape(text).replace(re.escape(ANY), "[0-9a-f]+")
        assert re.match(pattern + r"\Z", self.reader.id or ""), f"the id is {self.reader.id}"

    def _ended(self, _):
        found = self.reader.frame()
        assert found is None, f"received before it: {json.dumps(found)}"
        self._hang_up()

    def _poll(self, path):
        self._hang_up()
        self.asked = self.pool.submit(poll, self.address(), self._path(path) + "&transport=poll")

    def _answer(self, text):
        status, _, wanted = text.partition(" ")
        found_status, found = self.asked.result(30)
        for frame in found["frames"]:
            self.epoch = frame.get("epoch") or self.epoch
        # The epoch of a cursor is any, too.
        said = dict(found, cursor=re.sub("^[0-9a-f]+:", ANY + ":", found["cursor"] or "") or None)
        assert found_status == int(status), f"status {found_status}: {json.dumps(found)}"
        wanted = json.loads(wanted)
        good = matches(said, wanted) or matches(said, dict(wanted, frames=late(wanted["frames"])))
        assert good, f"received {json.dumps(found)}"


def late(frames):
    """What a request gets that came after what it was to wait for: `live` is its last frame."""
    first, last = frames[0], frames[-1]
    if first["type"] == "live" and last["type"] == "entries":
        return frames[1:] + [dict(first, seq=last["first"] + len(last["bodies"]) - 1)]
    return frames
