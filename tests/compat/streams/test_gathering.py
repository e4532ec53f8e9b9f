"""What is announced in a quick succession, and what becomes of it; nothing is sent."""

import os
import signal
import subprocess
import sys
import threading

import pytest

from compat.channel_layer import layers, notify
from compat.streams import gathering, notification
from tests.support.wait import wait_until


class Layer:
    """The pub/sub layer, as far as it matters here."""

    def notify_now(self, group, message, seconds):
        raise NotImplementedError


@pytest.fixture
def sent(monkeypatch, settings):
    """[(thread, message)] of what goes to other processes."""
    found = []
    # The clock stands still where a test does not say otherwise: the machine may be busy.
    settings.STREAMS_GATHER_SECONDS = 0.02
    monkeypatch.setattr(gathering, "monotonic", lambda: clock[0])
    monkeypatch.setattr(gathering, "sleep", lambda seconds: announced.wait(20))
    announced.clear()
    monkeypatch.setattr(layers, "network_layer", lambda members_renew: Layer())
    monkeypatch.setattr(notify, "_listeners", {})
    gathering._recent.clear()

    def tell(group, message, complaint, spare=()):
        if group != notification.NEW_STREAMS:
            found.append((threading.current_thread().name, message))

    monkeypatch.setattr(notify, "tell_elsewhere", tell)
    yield found
    announced.set()  # not every test ends where it meant to
    wait_until(lambda: gathering._thread is None, what="the end of the thread")
    gathering._recent.clear()


def announce(first, texts=("1",), name="s", epoch="e"):
    notification.announce(name, first, list(texts), epoch)


clock = [1000.0]
# Set where a test has announced all it has to.
announced = threading.Event()


def everything(sent, last):
    """What was sent, once that number was: [(first, last, bodies or None)]."""
    announced.set()
    wait_until(lambda: sent and sent[-1][1]["last"] >= last, what="the last one")
    return [(one["first"], one["last"], one.get("bodies")) for _, one in sent]


def single(numbers):
    return [(number, number, ["1"]) for number in numbers]


def test_the_first_few_go_at_once_and_the_others_together(sent):
    here = []
    notify.listen(notification.TYPE, lambda message: here.append(message))
    for number in range(1, 11):
        announce(number)
    me = threading.current_thread().name
    assert [thread for thread, _ in sent][: gathering.AT_ONCE] == [me] * gathering.AT_ONCE
    assert everything(sent, 10) == single(range(1, 5)) + [(5, 10, ["1"] * 6)]
    assert sent[-1][0] == "announcements"
    # This process is told of each, at once, and of nothing else.
    assert [(one["first"], one["last"], one["bodies"]) for one in here] == single(range(1, 11))


def test_whoever_takes_his_time_never_waits(sent):
    for number in range(1, 9):
        announce(number)
        clock[0] += 0.021  # four in four times 0.02 s, and a little more
    assert {thread for thread, _ in sent} == {threading.current_thread().name}
    assert everything(sent, 8) == single(range(1, 9))


def test_what_does_not_follow_is_told_by_its_numbers(sent):
    """Another process has published in between, or another thread was faster."""
    for number in range(1, 5):
        announce(number)
    announce(7)
    announce(6)
    announce(9, ["a", "b"])
    announce(1, name="other")
    announced.set()
    wait_until(lambda: len(sent) == 6, what="both")
    assert [(one["stream"], one["first"], one["last"], "bodies" in one) for _, one in sent[4:]] == [
        ("s", 6, 10, False),
        ("other", 1, 1, True),
    ]


@pytest.mark.parametrize("more, inline", [(0, True), (1, False)])
def test_bodies_travel_together_up_to_a_size(sent, more, inline):
    for number in range(1, 5):
        announce(number)
    announce(5, ["x" * (gathering.INLINE_CHARACTERS - 10)])
    announce(6, ["y" * (10 + more)])
    first, last, bodies = everything(sent, 6)[-1]
    assert (first, last) == (5, 6) and (bodies is not None) is inline


def test_another_history_takes_the_place_of_the_one_before(sent):
    for number in range(1, 6):
        announce(number)
    announce(1, ["new"], epoch="f")
    announced.set()
    wait_until(lambda: len(sent) == 5, what="the last one")
    message = sent[-1][1]
    assert (message["epoch"], message["first"], message["bodies"]) == ("f", 1, ["new"])


def test_a_long_burst_is_sent_while_it_lasts(sent, monkeypatch):
    """One thread, that goes on as long as there is something, and ends then."""
    turn = threading.Semaphore(0)
    monkeypatch.setattr(gathering, "sleep", lambda seconds: turn.acquire(timeout=20))
    for number in range(1, 5):
        announce(number)
    for first in range(5, 55, 10):
        for number in range(first, first + 10):
            announce(number)
        turn.release()
        wait_until(lambda: sent[-1][1]["last"] == number, what="these ten")  # noqa: B023
    turn.release()
    assert len({thread for thread, _ in sent[4:]}) == 1
    batches = [(first, first + 9, ["1"] * 10) for first in range(5, 55, 10)]
    assert everything(sent, 54) == single(range(1, 5)) + batches


@pytest.mark.parametrize("why", ["off", "uwsgi", "layer", "error", "none", "greenlets", "threads"])
def test_nothing_is_held_where_nobody_would_send_it(sent, settings, monkeypatch, why):
    if why == "off":
        settings.STREAMS_GATHER_SECONDS = 0
    elif why == "uwsgi":
        uwsgi = type(sys)("uwsgi")
        uwsgi.opt = {"master": True, b"processes": b"2"}
        monkeypatch.setitem(sys.modules, "uwsgi", uwsgi)
    elif why == "layer":
        monkeypatch.setattr(layers, "network_layer", lambda members_renew: object())
    elif why == "error":
        monkeypatch.setattr(layers, "network_layer", lambda: 1 / 0)
    elif why == "none":
        monkeypatch.setattr(notify, "NOTIFICATIONS", lambda: "none")
    elif why == "greenlets":
        monkeypatch.setattr(gathering._greenlets, "share_this_thread", lambda: True)
    else:

        def start(thread):
            raise RuntimeError("can't start new thread")

        monkeypatch.setattr(gathering.threading.Thread, "start", start)
    for number in range(1, 11):
        announce(number)
    assert everything(sent, 10) == single(range(1, 11))
    assert {thread for thread, _ in sent} == {threading.current_thread().name}


def test_a_thread_that_was_ended_keeps_nothing(sent, monkeypatch):
    ended = threading.Thread(target=int)
    ended.start()
    ended.join()
    monkeypatch.setattr(gathering, "_thread", ended)
    announce(1)
    assert everything(sent, 1) == single([1])
    monkeypatch.setattr(gathering, "_thread", None)


@pytest.mark.parametrize("options", [{"threads": b"4"}, {b"enable-threads": True}])
def test_uwsgi_with_threads_lets_them_run(options):
    assert gathering.threads_run(dict(options, master=True))
    assert not gathering.threads_run({"master": True})


def test_a_child_begins_anew(sent):
    """Its parent sends what the parent has held; the thread is the parent's, as is the lock."""
    for number in range(1, 6):
        announce(number)
    with gathering._lock:  # held by another thread at the moment of the fork
        child = os.fork()
        if child == 0:
            status = 1
            try:
                signal.alarm(20)
                del sent[:]
                for number in range(1, 4):
                    announce(number, name="child")
                announced.set()
                wait_until(lambda: sent, what="what the child has held")
                message = sent[-1][1]
                status = int((message["stream"], message["last"], len(sent)) != ("child", 3, 1))
            finally:
                os._exit(status)
    assert os.waitpid(child, 0)[1] == 0
    assert everything(sent, 5)[-1] == (5, 5, ["1"])


ENDS = """
import threading
from django.conf import settings
settings.configure(STREAMS_GATHER_SECONDS=0.3, INSTALLED_APPS=["compat.streams"])
import django
django.setup()
from compat.channel_layer import layers, notify
from compat.streams import notification
class Layer: notify_now = None
layers.network_layer = lambda members_renew: Layer()
def tell(group, message, *more, **options):
    if group != notification.NEW_STREAMS:
        print(message["last"], flush=True)
notify.tell_elsewhere = tell
def run():
    for number in range(1, 8):
        notification.announce("s", number, ["1"], "e")
one = threading.Thread(target=run, daemon=True)
one.run() if %r else one.start()
%r or one.join()
"""


@pytest.mark.parametrize("thread", [False, True])
def test_a_process_that_ends_sends_what_it_holds(thread):
    code = ENDS % (not thread, not thread)
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", "import compat; compat.install()\n" + code],
        stdout=subprocess.PIPE,
        universal_newlines=True,
        timeout=60,
    )
    assert done.stdout.split() == ["1", "2", "3", "4", "7"] and done.returncode == 0
