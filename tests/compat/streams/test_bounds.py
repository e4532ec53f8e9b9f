"""What is just allowed and what is just too much, where no database is asked."""

import asyncio
import datetime
from types import SimpleNamespace

import pytest
from django.db import DatabaseError, OperationalError

from compat.streams import flow, heartbeat, keys, names, notification, retention, store
from compat.streams._settings import Limits, limits
from compat.streams.entries import Frames


@pytest.mark.parametrize(
    "given, found",
    [
        ({}, Limits(None, None, None)),
        ({"max_age": 0, "max_entries": 0, "max_bytes": 0}, Limits(0, 0, 0)),
        ({"max_age": 1.5}, Limits(1.5, None, None)),
        ({"max_age": datetime.timedelta(days=1)}, Limits(86400, None, None)),
    ],
)
def test_limits_are_numbers(given, found):
    assert limits(**given) == found


@pytest.mark.parametrize("value", [-1, True, "1", 1.5, float("nan")])
@pytest.mark.parametrize("name", Limits._fields)
def test_what_is_none_is_named(name, value):
    if (name, value) == ("max_age", 1.5):
        return
    with pytest.raises(ValueError, match="%s must be a number, 0 or more" % name):
        limits(**{name: value})


def test_the_first_pattern_decides():
    rules = [("deploy:*", 1), ("deploy:web", 2), ("[ab]*", 3)]
    names = ("deploy:web", "Deploy:web", "a", "c")
    assert [retention.limits_for(name, rules) for name in names] == [1, None, 3, None]


@pytest.mark.parametrize("characters, inline", [(0, True), (1, False)])
def test_bodies_travel_along_up_to_a_size(monkeypatch, characters, inline):
    sent = []
    monkeypatch.setattr(
        notification.notify, "tell_elsewhere", lambda *said, spare: sent.append((*said, spare))
    )
    text = "x" * (notification.INLINE_CHARACTERS - 1 + characters)
    notification.announce("news", 5, [text, "y"], "e1")
    ((group, message, complaint, spare),) = sent
    assert spare == ("bodies",)  # where even these are too much for the way that it goes
    assert group == names.group_name("news") and "could not be announced" in complaint
    assert (message["first"], message["last"], message["epoch"]) == (5, 6, "e1")
    assert message.get("bodies") == ([text, "y"] if inline else None)


@pytest.mark.parametrize("key", ["", b"x", 1, True, ["x"]])
def test_a_key_is_a_text(key):
    with pytest.raises(ValueError, match="key must be a text"):
        keys.digest(key)


def test_a_key_is_stored_as_a_digest():
    assert keys.digest(None) is None
    found = {keys.digest(key) for key in ("a", "b", "x" * 10000, "\ud800")}
    assert len(found) == 4 and {len(one) for one in found} == {40}


@pytest.mark.parametrize(
    "name", ["a", "x" * names.MAX_NAME, "a b", "\u65b0\u805e", "\U0001f600", "~"]
)
def test_a_name_may_be_in_any_script(name):
    assert names.check_name(name) == name


@pytest.mark.parametrize(
    "name, why",
    [
        ("", "1 to 190"),
        ("x" * (names.MAX_NAME + 1), "1 to 190"),
        (" a", "no space at either end"),
        ("a ", "no space at either end"),
        ("a\nb", "must have no"),
        ("a\x7fb", "must have no"),
        ("a\u2028b", "must have no"),
        ("a\ud800b", "must have no"),
        (None, "must be a string"),
        (b"a", "must be a string"),
    ],
)
def test_a_name_that_is_none(name, why):
    with pytest.raises(ValueError, match=why):
        names.check_name(name)


def failed(kind, *arguments, **attributes):
    error, cause = kind("x"), Exception(*arguments)
    vars(cause).update(attributes)
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    "error, busy",
    [
        (failed(OperationalError, "database is locked"), True),
        (failed(OperationalError, "disk I/O error"), False),
        (failed(DatabaseError, "database is locked"), False),
        (OperationalError("stream a is busy: it was created a moment ago"), True),
        (OperationalError(), False),
        (failed(OperationalError, 1205, "Lock wait timeout exceeded"), True),
        (failed(OperationalError, 1213, "Deadlock found"), True),
        (failed(OperationalError, 1020, "Record has changed"), True),
        (failed(OperationalError, 2006, "server has gone away"), False),
        (failed(DatabaseError, "x", pgcode="40001"), True),
        (failed(DatabaseError, "x", pgcode="40P01"), True),
        (failed(OperationalError, "x", pgcode="55P03"), True),
        (failed(OperationalError, "is locked", pgcode="57P01"), False),
    ],
)
def test_only_what_passes_by_itself_is_tried_again(error, busy):
    assert store.is_busy(error) is busy


class Protocol:
    """As much of daphne's as a Wire looks at."""

    STATE_OPEN = state = 3

    def __init__(self, held=0):
        self.transport = SimpleNamespace(dataBuffer=b"x" * held)
        self.prepared, self.written = [], []
        self.factory = SimpleNamespace(prepareMessage=self.prepare)

    def prepare(self, data):
        self.prepared.append(data)
        return "framed " + data.decode()

    def sendPreparedMessage(self, message):  # noqa: N802
        self.written.append(message)

    def sendMessage(self):  # noqa: N802
        raise NotImplementedError


def test_frames_are_written_to_an_open_connection_that_holds_little():
    frames = Frames(["a", "\u00e9"], 2)
    full, fuller = Protocol(flow.WRITE_THROUGH_BYTES), Protocol(flow.WRITE_THROUGH_BYTES + 1)
    closing, another = Protocol(), Protocol()
    closing.state = 2
    found = [flow.Wire(one).write(frames) for one in (full, fuller, closing, another)]
    assert found == [True, False, False, True]
    assert full.written == another.written == ["framed a", "framed \u00e9"]
    assert full.prepared == [b"a", "\u00e9".encode()] and another.prepared == []
    assert not flow.Wire(SimpleNamespace(transport=None)).write(frames)


def test_the_connection_behind_a_send_is_found_through_middleware():
    def closing_over(value):
        def send(message):
            return value

        return send

    protocol = Protocol()

    class Middleware:
        def __init__(self, send):
            self.real_send = send

        def send(self, message):
            raise NotImplementedError

    send = Middleware(Middleware(closing_over(protocol)).send).send
    assert flow.wire_of(send).protocol is protocol
    for other in (print, Middleware(print).send, closing_over(3), closing_over(send)):
        assert flow.wire_of(other) is None


def test_every_reader_has_one_turn_in_an_interval(monkeypatch):
    monkeypatch.setattr(heartbeat, "TURNS", 3)
    monkeypatch.setattr(heartbeat, "HEARTBEAT_SECONDS", lambda: 6)
    loop = asyncio.new_event_loop()
    try:
        one = heartbeat.Heartbeat(loop, None)
        beaten = []
        readers = [Reader(number=number, beaten=beaten) for number in range(7)]
        for reader in readers:
            one.enter(reader)
        assert sorted(map(len, one.turns)) == [2, 2, 3]
        for _ in range(3):
            one._next()
        assert sorted(beaten) == list(range(7))
        one.leave(readers[3])
        one.leave(readers[3])
        for _ in range(3):
            one._next()
        assert sorted(beaten) == sorted([*range(7), 0, 1, 2, 4, 5, 6])
        timer = one.timer
        assert 0 < timer._when - loop.time() <= 2
        one.stop()
        assert one.timer is timer and timer._cancelled
    finally:
        loop.close()


class Reader(SimpleNamespace):
    __hash__ = object.__hash__

    def beat(self, heartbeat):
        self.beaten.append(self.number)


def test_without_an_interval_nobody_is_kept(monkeypatch):
    monkeypatch.setattr(heartbeat, "HEARTBEAT_SECONDS", lambda: 0)
    one = heartbeat.Heartbeat(None, None)
    one.enter(object())
    assert not any(one.turns) and one.timer is None
    one.stop()


def test_the_group_of_a_stream_is_what_it_was():
    """Old and new processes share a Redis during a reload."""
    assert names.group_name("news") == "streams.19fba0e995b9794fc2c26217bf3b725c2f0d9eed"
    assert names.group_name("\u65b0") != names.group_name("news")


@pytest.mark.parametrize(
    "name, vendor, charset, fine",
    [
        ("\U0001f600", "mysql", None, False),
        ("\U0001f600", "mysql", "utf8", False),
        ("\U0001f600", "mysql", "utf8mb4", True),
        ("\U0001f600", "sqlite", None, True),
        ("\uffff", "mysql", None, True),
        ("news", "mysql", None, True),
    ],
)
def test_a_connection_may_not_be_able_to_carry_a_name(monkeypatch, name, vendor, charset, fine):
    settings = {"OPTIONS": {"charset": charset}} if charset else {}
    one = SimpleNamespace(vendor=vendor, settings_dict=settings)
    asked = []
    monkeypatch.setattr(
        names.transaction, "get_connection", lambda alias: asked.append(alias) or one
    )
    if fine:
        assert names.check_storable(name, "other") == name
    else:
        with pytest.raises(ValueError, match="beyond U.FFFF.*utf8mb4"):
            names.check_storable(name, "other")
    assert asked == ["other"] * (name > "\uffff")
