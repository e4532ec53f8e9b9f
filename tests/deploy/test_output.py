import threading
import time

import pytest
from django.db import OperationalError

from compat.streams import publish_many, read
from deploy import entries, lifecycle
from deploy import output as output_module
from deploy.ansi import plain_text
from deploy.models import Deployment
from deploy.output import MAX_BATCH, MAX_PIECE, MAX_WAITING, Outbox, Output, split_text
from tests.support.records import log_of, make_service, make_user


def drain(outbox):
    return list(iter(outbox.take, None))


@pytest.mark.parametrize(
    "text",
    ["", "x", "é" * 30000, "x" * 50000, "a line\n" * 9000, "\U0001f600" * 20000, "é\n" * 20000],
)
def test_pieces_are_small_and_lose_nothing(text):
    pieces = split_text(text)
    assert "".join(pieces) == text
    assert all(0 < len(piece.encode("utf-8")) <= MAX_PIECE for piece in pieces)
    assert len(pieces) <= 2 + 2 * len(text.encode("utf-8")) // MAX_PIECE


def test_pieces_end_at_the_end_of_a_line_if_they_can():
    pieces = split_text("a line\n" * 9000)
    assert len(pieces) > 1 and all(piece.endswith("\n") for piece in pieces)


def test_what_is_not_utf8_is_replaced_and_what_is_cut_is_joined():
    outbox = Outbox()
    for data in (b"\xc3", b"\xa9\xff", b"\xf0\x9f\x98", b"\x80 \xe2\x82"):
        outbox.feed(data)
    outbox.close()
    assert "".join(map("".join, drain(outbox))) == "é\ufffd\U0001f600 \ufffd"


def test_the_first_text_goes_at_once_and_the_next_are_collected():
    outbox = Outbox(interval=60)
    outbox._last_take = -100
    outbox.feed(b"first")
    assert outbox.take() == ["first"]
    for _ in range(10):
        outbox.feed(b"x" * 1000)
    outbox.close()
    assert outbox.take() == ["x" * 10000]
    assert outbox.take() is None


def test_a_full_batch_does_not_wait_for_the_interval():
    outbox = Outbox(interval=60)
    outbox._last_take = 1e12
    outbox.feed(b"x" * MAX_BATCH)
    assert "".join(outbox.take()) == "x" * MAX_BATCH


def test_there_is_room_until_the_log_is_behind():
    outbox = Outbox(interval=0)
    assert outbox.has_room(0)
    outbox.feed(b"x" * MAX_WAITING)
    assert not outbox.has_room(0.01)
    threading.Timer(0.05, outbox.take).start()
    assert outbox.has_room(20)


def test_a_note_has_a_line_of_its_own():
    outbox = Outbox()
    outbox.feed(b"partial \xe2")
    outbox.note("stopped")
    outbox.note("twice")
    outbox.close()
    text = plain_text("".join(map("".join, drain(outbox))))
    assert text == "partial \ufffd\n── stopped\n── twice\n"


@pytest.mark.parametrize(
    "before, between", [("line\n", ""), ("line\nno end", "\n"), ("\n", ""), ("x", "\n"), ("", "")]
)
def test_so_has_one_after_what_was_taken_already(before, between):
    outbox = Outbox(interval=0)
    outbox.feed(before.encode())
    taken = "".join(outbox.take()) if before else ""
    outbox.note("stopped")
    outbox.close()
    text = plain_text("".join(map("".join, drain(outbox))))
    assert (taken, text) == (before, between + "── stopped\n")


@pytest.mark.parametrize(
    "text, shown",
    [
        ("plain\n", "plain\n"),
        ("\x1b[1;31mred\x1b[0m", "red"),
        ("\x1b[38;2;1;2;3mrgb\x1b[38:5:9mx\x1b[2K", "rgbx"),
        ("\x1b]0;title\x07a\x1b]8;;http://x\x1b\\b", "ab"),
        ("\x1b(Ba\x1b=b\x1bMc", "abc"),
        ("cut \x1b[3", "cut "),
        ("cut \x1b]0;ti", "cut "),
        ("cut \x1b]0;title\x1b", "cut "),
        ("over\rnot\r\rall\r", "allr"),
        ("a\x00\x08\x0b\x7fb", "ab"),
        ("10%\r20%\rdone\n", "done\n"),
        ("long line\rshort", "shortline"),
        ("dos\r\nlines\r\n", "dos\nlines\n"),
    ],
)
def test_plain_text(text, shown):
    assert plain_text(text) == shown


@pytest.mark.parametrize(
    "text",
    ["\x1b\x01" * 300000 + "\n", "\x1b]x" * 300000 + "\n", "x" * 10**6 + "\r" * 10**6],
    ids=["escapes", "titles", "returns"],
)
def test_no_line_takes_forever(text):
    begun = time.monotonic()
    plain_text(text)
    assert time.monotonic() - begun < 10  # minutes, when it looks at everything again each time


@pytest.mark.django_db
@pytest.mark.parametrize("committed", [True, False])
def test_a_batch_whose_commit_got_no_answer_is_there_once(monkeypatch, committed):
    service, user = make_service(), make_user()
    lifecycle.enqueue(service, user)
    deployment = lifecycle.claim_next("r")
    output = Output(deployment)
    first = [entries.output(deployment, f"{n}\n") for n in range(3)]
    again = [entries.output(deployment, "same\n")] * 2
    output.write(first)

    def break_down(stream, bodies):
        if committed:
            publish_many(stream, bodies)
        raise OperationalError("server closed the connection unexpectedly")

    for _ in range(2):
        with monkeypatch.context() as patch:
            patch.setattr(output_module, "publish_many", break_down)
            with pytest.raises(OperationalError):
                output.write(again)
        # What others write meanwhile is not taken for ours, and no number is left out.
        lifecycle.enqueue(service, make_user(f"user{Deployment.objects.count()}"))
        output.write(again)
    assert log_of(deployment) == "0\n1\n2\n" + "same\n" * 4
    rows = read(service.stream, 0)
    assert [row.seq for row in rows] == list(range(1, len(rows) + 1))


def test_bytes_are_counted_and_not_characters():
    outbox = Outbox(interval=0)
    outbox.feed("é".encode() * (MAX_WAITING // 2 - 1))
    assert outbox.has_room(0)
    outbox.feed("é".encode())
    assert not outbox.has_room(0)


def test_after_a_batch_what_comes_within_the_interval_is_taken_together():
    outbox = Outbox(interval=0.3)
    outbox.feed(b"first")
    assert outbox.take() == ["first"]
    begun = time.monotonic()
    outbox.feed(b"second")
    threading.Timer(0.1, outbox.feed, [b" and third"]).start()
    taken = outbox.take()
    assert time.monotonic() - begun >= 0.25
    assert taken == ["second and third"]


def test_what_a_secret_may_begin_with_waits_for_a_pause_and_a_note_does_not():
    outbox = Outbox(interval=0)
    outbox.hide(["hunter2-horse"])
    outbox.feed(b"a hu")
    assert outbox.take() == ["a "]
    outbox.pause()
    assert outbox.take() == ["hu"]
    outbox.feed(b"nter2-")
    outbox.note("stopped")
    outbox.feed(b"horse, and hunter")
    outbox.close()
    text = plain_text("".join(map("".join, drain(outbox))))
    assert text == "\n── stopped\n••••••••, and ••••••••"


def test_a_log_that_takes_its_time_is_given_more_at_a_time():
    outbox = Outbox(interval=0)
    block = b"".join(b"%07d ok\n" % number for number in range(5000))
    while outbox.has_room(0):
        outbox.feed(block)
    taken = outbox.take()
    assert sum(map(len, taken)) >= MAX_WAITING and outbox.has_room(0)
    assert all(len(piece) <= MAX_PIECE for piece in taken)
    lines = "".join(taken).splitlines()
    assert lines == block.decode().splitlines() * (len(lines) // 5000)
