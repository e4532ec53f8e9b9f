"""What the workers of one run share is made once, and whole."""

import os
import subprocess
import sys
import threading

import pytest

from tests.support import CHECKOUT, commands, shared


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv(shared.VARIABLE, str(tmp_path))


def test_who_comes_meanwhile_waits_for_what_is_made():
    begun, go, made, found = threading.Event(), threading.Event(), [], []

    def make(folder):
        made.append(folder)
        begun.set()
        go.wait(60)
        with open(os.path.join(folder, "file"), "w") as file:
            file.write("whole")

    def ask():
        with open(os.path.join(shared.once("thing", make), "file")) as file:
            found.append(file.read())

    threads = [threading.Thread(target=ask) for _ in range(3)]
    for thread in threads:
        thread.start()
    assert begun.wait(60)
    assert found == []
    go.set()
    for thread in threads:
        thread.join(60)
    assert (found, len(made)) == (["whole"] * 3, 1)


def test_what_could_not_be_made_is_tried_again():
    with pytest.raises(ZeroDivisionError):
        shared.once("thing", lambda folder: 1 / 0)
    assert os.listdir(shared.once("thing", lambda folder: None)) == []


def test_another_process_finds_it():
    code = "from tests.support import shared; print(shared.once('thing', lambda folder: 1 / 0))"
    path = shared.once("thing", lambda folder: None)
    assert commands.run("-c", code).stdout.strip() == path


def test_one_goes_first_and_the_others_when_it_is_through():
    begun, go, there = threading.Event(), threading.Event(), threading.Barrier(3)
    order = []

    def first():
        with shared.one_first("walk"):
            begun.set()
            go.wait(60)
            order.append("first")

    def other():
        with shared.one_first("walk"):
            order.append("other")
            there.wait(60)  # for each other: these are not one by one

    with pytest.raises(ZeroDivisionError), shared.one_first("walk"):
        raise ZeroDivisionError  # that was none
    threads = [threading.Thread(target=run) for run in (first, other, other)]
    threads[0].start()
    assert begun.wait(60)
    for thread in threads[1:]:
        thread.start()
    assert not there.n_waiting
    go.set()
    there.wait(60)
    for thread in threads:
        thread.join(60)
    assert order == ["first", "other", "other"]


def test_pytests_folders_are_not_where_sockets_could_not_be(tmp_path):
    left_out = shared.VARIABLE, "PYTEST_DEBUG_TEMPROOT"
    environ = {name: value for name, value in os.environ.items() if name not in left_out}
    code = "import os; from tests.support import shared; shared.begin(); print(*shared.own, "
    code += "os.environ['PYTEST_DEBUG_TEMPROOT'])"
    said = subprocess.check_output(
        [sys.executable, "-c", code],
        cwd=CHECKOUT,
        env=dict(environ, TMPDIR=str(tmp_path)),
        universal_newlines=True,
    )
    own, beside, root = said.split()
    assert root == "/tmp" and own.startswith(str(tmp_path) + "/tests-")
    assert beside.startswith("/tmp/tests-") and not os.path.exists(beside)  # when it has ended
