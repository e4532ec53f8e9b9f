"""One connection for all on a loop: when another one is opened, and what whoever asks is told."""

import asyncio
import socket
from types import SimpleNamespace

import pytest
from aioredis.errors import ConnectionForcedCloseError, ReplyError

from compat.channel_layer import connections
from compat.channel_layer.connections import Commands, has_input, readable
from compat.channel_layer.plans import Script

SCRIPT = Script("return 1")


class Connection:
    """Answers with what its pool has: a value, an error to raise, or an event to wait for."""

    def __init__(self, pool):
        self.pool, self.closed, self.connection = pool, False, SimpleNamespace()

    async def _answer(self, *words):
        self.pool.asked.append(words)
        answer = self.pool.answers.pop(0)
        if isinstance(answer, asyncio.Event):
            await answer.wait()
        elif isinstance(answer, BaseException):
            raise answer
        return answer

    async def get(self, key):
        return await self._answer("get", key)

    async def evalsha(self, digest, keys, args):
        return await self._answer("evalsha", digest, keys, args)

    async def eval(self, text, keys, args):
        return await self._answer("eval", text, keys, args)

    def close(self):
        self.closed = True

    async def wait_closed(self):
        assert self.closed
        self.pool.ended.append(self)


class Pool:
    def __init__(self):
        self.opened, self.in_use, self.ended = [], {}, []
        self.asked, self.answers, self.trouble = [], [], None

    async def pop(self):
        await asyncio.sleep(0)
        if self.trouble is not None:
            raise self.trouble
        self.opened.append(Connection(self))
        self.in_use[self.opened[-1]] = True
        return self.opened[-1]


@pytest.fixture
def pool():
    return Pool()


@pytest.fixture
def commands(pool):
    return Commands(pool)


def test_all_share_one_that_belongs_to_them_alone(commands, pool, run):
    pool.answers = [b"1", b"2", b"3"]

    async def main():
        found = await asyncio.gather(*[commands.get(key) for key in "abc"])
        assert sorted(found) == [b"1", b"2", b"3"] and len(pool.opened) == 1 and pool.in_use == {}
        await commands.stop()

    run(main())
    assert pool.ended == pool.opened and not commands.waiting


def test_a_script_is_sent_where_redis_does_not_know_it(commands, pool, run):
    pool.answers = [ReplyError("NOSCRIPT none"), 5, ReplyError("ERR in the script")]
    assert run(commands.ask(SCRIPT, ["k"], ["a"])) == 5
    assert pool.asked == [
        ("evalsha", SCRIPT.digest, ["k"], ["a"]),
        ("eval", SCRIPT.text, ["k"], ["a"]),
    ]
    with pytest.raises(ReplyError, match="in the script"):
        run(commands.ask(SCRIPT, ["k"], ["a"]))
    assert len(pool.asked) == 3


@pytest.mark.parametrize(
    "error, closed",
    [
        (OSError("gone"), True),
        (ReplyError("LOADING"), True),
        (ReplyError("ERR no such command"), False),
        (ConnectionForcedCloseError(), False),  # by ourselves
        (ValueError("of ours"), False),
    ],
)
def test_another_one_is_opened_after_an_outage(commands, pool, run, error, closed):
    pool.answers = [error, b"1"]
    with pytest.raises(type(error)):
        run(commands.get("a"))
    assert pool.opened[0].closed is closed
    assert run(commands.get("a")) == b"1" and len(pool.opened) == 1 + closed


def test_who_waits_too_long_is_told_and_the_next_one_gets_another(commands, pool, run, monkeypatch):
    monkeypatch.setattr(connections, "ANSWER_SECONDS", 0.01)

    async def main():
        never = asyncio.Event()
        pool.answers = [never, b"1"]
        with pytest.raises(asyncio.TimeoutError, match="does not answer in 0.01 s"):
            await commands.get("a")
        assert pool.opened[0].closed and not commands.waiting
        assert await commands.get("a") == b"1" and len(pool.opened) == 2
        never.set()
        await asyncio.sleep(0)

    run(main())


def test_who_is_cancelled_harms_nobody(commands, pool, run):
    async def main():
        late = asyncio.Event()
        pool.answers = [late, b"1"]
        asking = asyncio.ensure_future(commands.get("a"))
        while not pool.asked:
            await asyncio.sleep(0)
        asking.cancel()
        await asyncio.wait([asking])
        assert asking.cancelled() and not commands.waiting
        assert await commands.get("b") == b"1" and len(pool.opened) == 1
        late.set()  # its answer, which comes first
        await asyncio.sleep(0.01)

    run(main())


def test_one_that_cannot_be_opened_is_tried_again_by_the_next(commands, pool, run):
    async def main():
        pool.trouble, pool.answers = OSError("refused"), [b"1"]
        both = await asyncio.gather(commands.get("a"), commands.get("b"), return_exceptions=True)
        assert [str(error) for error in both] == ["refused"] * 2 and commands.connecting is None
        pool.trouble = None
        assert await commands.get("a") == b"1"

    run(main())


def test_a_closed_one_or_one_that_has_said_something_unasked_is_left(
    commands, pool, run, monkeypatch
):
    async def main():
        pool.answers = [b"1", b"2", b"3"]
        await commands.get("a")
        pool.opened[0].closed = True
        await commands.get("a")
        monkeypatch.setattr(connections, "has_input", lambda conn: conn is pool.opened[1])
        await commands.get("a")
        assert len(pool.opened) == 3 and pool.opened[1].closed and not pool.opened[2].closed

    run(main())


def test_what_comes_while_somebody_waits_is_an_answer(commands, pool, run, monkeypatch):
    monkeypatch.setattr(connections, "has_input", lambda conn: bool(pool.asked))

    async def main():
        event = asyncio.Event()
        pool.answers = [event, b"1"]
        first = asyncio.ensure_future(commands.get("a"))
        while not pool.asked:
            await asyncio.sleep(0)
        assert await commands.get("b") == b"1" and len(pool.opened) == 1
        event.set()
        await first

    run(main())


def test_whether_there_is_something_to_read():
    one, other = socket.socketpair()
    with one, other:
        transport = SimpleNamespace(get_extra_info=lambda name: one if name == "socket" else None)
        writer = SimpleNamespace(transport=transport)
        conn = SimpleNamespace(connection=SimpleNamespace(_writer=writer))
        assert not readable(one) and not has_input(conn)
        other.sendall(b"x")
        assert readable(one) and has_input(conn)
        one.recv(1)
        other.close()
        assert readable(one)
    assert readable(one)  # closed
    assert not has_input(SimpleNamespace(connection=SimpleNamespace()))


def test_a_new_one_is_asked_whatever_it_says_first(commands, pool, run, monkeypatch):
    """A Redis with too many clients says so and hangs up: to come back at once makes it worse."""
    monkeypatch.setattr(connections, "has_input", lambda conn: True)
    pool.answers = [ReplyError("ERR max number of clients reached")]

    async def main():
        with pytest.raises(ReplyError):
            await asyncio.wait_for(commands.get("a"), 5)
        assert len(pool.opened) == 1

    run(main())
