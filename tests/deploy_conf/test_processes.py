"""What /proc says of processes: whose they are, and how they are ended."""

import os
import socket
import subprocess
import sys
import threading
import time

import pytest

from deploy_conf import probe, processes
from deploy_conf.errors import ConfError
from deploy_conf.patient_supervisord import Patient
from deploy_conf.running import Run

STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
READY = "print('ready', flush=True); import time; time.sleep(600)"


@pytest.fixture
def begin():
    """begin(code, **environment): a Python that said "ready", in a session of its own."""
    started = []

    def begin(code=READY, **environment):
        process = subprocess.Popen(
            [sys.executable, "-S", "-c", code],
            stdout=subprocess.PIPE,
            start_new_session=True,
            env=dict(os.environ, **environment),
        )
        started.append(process)
        assert process.stdout.readline() == b"ready\n"
        return process

    yield begin
    for process in started:
        process.kill()
        process.wait()
        process.stdout.close()


def start_of(process):
    return processes.stat(process.pid).start


def test_what_a_session_has_left_is_found_by_its_mark(begin):
    ours, other = begin(OURS="mark-of-this-test"), begin(OURS="mark-of-this-test")
    began = start_of(ours)

    def found(**changes):
        wanted = dict(session=ours.pid, start=began, marks=[b"mark-of-this-test"])
        return processes.leftovers(**dict(wanted, **changes))

    assert found() == {ours.pid: began}  # not the other session's
    assert found(session=other.pid) == {other.pid: start_of(other)}
    assert found(marks=[b"of another"]) == {}
    # A process of before the session's leader has its number by chance.
    assert found(start=began + 1) == {}


def test_who_does_not_end_is_killed_and_nobody_else(begin):
    gentle, stubborn, other = begin(), begin(STUBBORN + READY), begin()
    ending = {one.pid: start_of(one) for one in (gentle, stubborn)}
    ending[other.pid] = start_of(other) - 1  # it had the number before
    processes.end(ending, 0.2)
    assert (gentle.wait(20), stubborn.wait(20)) == (-15, -9)
    assert other.poll() is None
    processes.end(ending, 0.2)  # nobody is there


def test_who_ends_is_not_waited_for_longer(begin):
    gentle = begin()
    began = time.monotonic()
    processes.end({gentle.pid: start_of(gentle)}, 60)
    assert gentle.wait(20) == -15 and time.monotonic() - began < 30


def test_a_process_by_its_number(begin):
    one = begin(COLOUR="red=1")
    words, environment, folder = processes.process(one.pid)
    assert words == [sys.executable, "-S", "-c", READY] and folder == os.getcwd()
    assert environment["COLOUR"] == "red=1"
    assert processes.alive(one.pid, start_of(one))
    assert not processes.alive(one.pid, start_of(one) + 1)
    assert processes.children(os.getpid())[one.pid] == start_of(one)
    one.kill()
    one.wait()
    assert processes.stat(one.pid) is None
    with pytest.raises(ConfError, match="process %d cannot be looked at: No such" % one.pid):
        processes.process(one.pid)


def test_one_that_ended_and_is_not_waited_for_is_not_there(begin):
    one = begin()
    start = start_of(one)
    one.kill()
    os.waitid(os.P_PID, one.pid, os.WEXITED | os.WNOWAIT)
    assert not processes.alive(one.pid, start)
    assert one.pid not in processes.children(os.getpid())


@pytest.mark.parametrize("kernel_lists", [True, False])
def test_children_of_every_thread_while_others_end(begin, monkeypatch, kernel_lists):
    if not kernel_lists:
        monkeypatch.setattr(processes, "_listed", lambda pid: None)
    lasting, made, over = [begin()], threading.Event(), threading.Event()

    def work():
        lasting.append(begin())
        made.set()
        while not over.is_set():
            subprocess.run(["true"])

    thread = threading.Thread(target=work)
    thread.start()
    assert made.wait(60)
    try:
        wanted = {one.pid: start_of(one) for one in lasting}
        for _ in range(300 if kernel_lists else 10):
            found = processes.children(os.getpid())
            assert {pid: found.get(pid) for pid in wanted} == wanted
    finally:
        over.set()
        thread.join()
    assert processes.children(wanted.popitem()[0]) == {}


def test_the_same_are_those_with_the_same_start():
    before, now = {1: 10, 2: 20, 3: 30}, {1: 10, 2: 21, 4: 40}
    assert processes.same(now, before) == {1}


class Full:
    encoding = "utf-8"

    def __init__(self):
        self.full, self.written = False, []

    def write(self, text):
        if self.full:
            raise OSError("no space left")
        self.written.append(text)
        return len(text)

    def flush(self):
        if self.full:
            raise OSError("no space left")


def test_a_stream_that_drops_what_cannot_be_written():
    full = Full()
    stream = Patient(full)
    assert stream.write("one") == 3 and full.written == ["one"]
    stream.flush()
    full.full = True
    assert stream.write("two!") == 4 and full.written == ["one"]
    stream.flush()
    assert stream.encoding == "utf-8"


def test_one_that_is_gone_accepts_nothing(begin):
    one = begin()
    assert not processes.accepts(one.pid)
    one.kill()
    one.wait()
    assert not processes.accepts(one.pid)


def test_the_master_that_a_pid_file_names(tmp_path):
    run = Run(str(tmp_path))
    os.makedirs(run.folder)
    assert run._nginx_master() == -1
    for text, pid in (("12\n", 12), ("", -1), ("x", -1)):
        with open(os.path.join(run.folder, "nginx.pid"), "w") as file:
            file.write(text)
        assert run._nginx_master() == pid


@pytest.mark.parametrize("headers, host", [([], b"127.0.0.1:%d"), (["host: a.example"], None)])
def test_a_request_has_one_host(headers, host):
    def answer():
        client, _ = server.accept()
        with client:
            asked.append(client.recv(4096))
            client.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")

    asked = []
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen(1)
        port = server.getsockname()[1]
        thread = threading.Thread(target=answer)
        thread.start()
        assert probe.http("127.0.0.1", port, headers=headers) == 204
        thread.join()
    hosts = [line for line in asked[0].split(b"\r\n") if line.lower().startswith(b"host:")]
    assert hosts == [b"Host: " + host % port if host else b"host: a.example"]
