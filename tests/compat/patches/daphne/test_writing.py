"""What a message to many clients costs once, and not for each; no connection."""

from compat.patches.daphne import _writing
from tests.support.probe import prove


class Loop:
    """An event loop that runs what is asked for when it is told."""

    def __init__(self):
        self.soon = []

    def call_soon(self, function):
        self.soon.append(function)

    def run(self):
        called, self.soon = self.soon, []
        for function in called:
            function()


def test_several_messages_to_each_of_many_are_framed_once_in_a_turn(monkeypatch):
    made, stock = [], _writing.framed
    monkeypatch.setattr(_writing, "framed", lambda *said: made.append(said) or stock(*said))
    loop = Loop()
    turn = _writing.Turn(loop)

    def send(content):
        kept = turn.texts if isinstance(content, str) else turn.blobs
        return kept.get(content) or turn.frame(content)

    for _ in range(100):
        assert send("\u00e9") == (b"\x81\x02\xc3\xa9", 2)
        assert send("b") == (b"\x81\x01b", 1)
        assert send(b"b") == (b"\x82\x01b", 1)
    assert len(made) == 3 and len(loop.soon) == 1
    # The next turn has messages of its own.
    loop.run()
    assert turn.texts == turn.blobs == {} and not turn.called
    send("b")
    assert len(made) == 4 and len(loop.soon) == 1


def test_what_is_kept_is_little():
    turn = _writing.Turn(Loop())
    for number in range(3 * _writing.MOST + 1):
        turn.frame(str(number))
    assert len(turn.texts) == 1
    for content in ("x" * (_writing.PIECE + 1), b"x" * (_writing.PIECE + 1)):
        assert turn.frame(content)[1] == _writing.PIECE + 1
    assert len(turn.texts) == 1 and turn.blobs == {}


IDENTITY = """
import daphne.ws_protocol
own = vars(daphne.ws_protocol.WebSocketProtocol)
one, other = [daphne.ws_protocol.WebSocketProtocol() for _ in range(2)]
assert one == one and one != other and len({one, other, one}) == 2 and not one == 1
print(own["__hash__"] is object.__hash__ and own["__eq__"] is object.__eq__)
"""


def test_to_look_up_a_connection_calls_nothing():
    prove("daphne.slow_sends", IDENTITY, good="True", bad="False")
