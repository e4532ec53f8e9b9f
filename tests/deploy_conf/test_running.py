"""What is known of a run and said of it, without one: folders, records, supervisord's answers."""

import json
import os
import stat
import xmlrpc.client

import pytest

from deploy_conf import processes, running
from deploy_conf.errors import ConfError
from deploy_conf.managers import supervisord
from deploy_conf.managers.program import FAILED, RUNNING, STARTING, STOPPED
from deploy_conf.running import LEFT_BEHIND, SOCKETS, Run

from .runs import info, record


@pytest.fixture
def run(tmp_path):
    one = Run(str(tmp_path))
    one.make_folders()
    return one


def test_folders_are_the_accounts_own(run):
    os.chmod(os.path.join(run.var, "log"), 0o777)
    run.make_folders()
    modes = {
        name: stat.S_IMODE(os.stat(os.path.join(run.var, name)).st_mode)
        for name in ("", "conf", "run", "log", "tmp")
    }
    assert modes == {"": 0o700, "conf": 0o700, "run": 0o700, "log": 0o750, "tmp": 0o700}


def test_one_at_a_time_holds_the_lock(run):
    held = run.lock()
    assert held is not None and run.lock() is None
    held.close()
    again = run.lock()
    assert again is not None
    again.close()


def test_a_record_is_kept_and_read(run):
    assert run.read() == {} == run.running()
    run.write(**record(name="\u65b0"))
    assert run.read() == record(name="\u65b0") == run.running()
    assert stat.S_IMODE(os.stat(run.record_path).st_mode) == 0o600
    assert os.listdir(run.folder) == ["run.json"]
    for other in (record(boot="another"), record(start=1), record(pid=2**22)):
        run.write(**other)
        assert run.read() == other and run.running() == {}


@pytest.mark.parametrize("text", ["", "[]", "{}", "{", '"x"', json.dumps({"pid": 1})])
def test_what_is_no_record_is_none(run, text):
    with open(run.record_path, "w") as file:
        file.write(text)
    assert run.read() == {} and run.sockets() == run.folder


def test_what_a_run_leaves_behind_is_removed(run, tmp_path):
    sockets = tmp_path / "deploy_conf-short"
    sockets.mkdir()
    keep = ["keep.me"]
    for name in [*LEFT_BEHIND, *keep]:
        (tmp_path / "run" / name).write_text("")
    for name in SOCKETS:
        (sockets / name).write_text("")
    os.makedirs(os.path.join(run.folder, "metrics", "deep"))
    run.forget(record(sockets=str(sockets)))
    assert os.listdir(run.folder) == keep and not sockets.exists()
    # A folder of another name is not ours to remove, only the sockets in it.
    other = tmp_path / "theirs"
    other.mkdir()
    for name in [*SOCKETS, *keep]:
        (other / name).write_text("")
    run.forget(record(sockets=str(other)))
    assert [path.name for path in other.iterdir()] == keep
    for name in SOCKETS:
        (tmp_path / "run" / name).write_text("")
    run.forget({})
    assert os.listdir(run.folder) == keep


@pytest.mark.parametrize("text, number", [("77\n", 77), ("", -1), ("x", -1), (None, -1)])
def test_nginx_says_who_its_master_is(run, text, number):
    if text is not None:
        with open(os.path.join(run.folder, "nginx.pid"), "w") as file:
            file.write(text)
    assert run._nginx_master() == number


@pytest.mark.parametrize("boot, ended", [(None, True), ("another", False)])
def test_what_outlived_its_supervisord_is_ended(run, monkeypatch, boot, ended):
    """Of this boot only: after another one the same ids are somebody else's."""
    stock, calls, alive = record(start=500), [], []
    if boot is not None:
        stock["boot"] = boot
    run.write(**stock)
    fakes = {
        1: processes.Stat("nginx", 1, 9, 9, 499),
        2: processes.Stat("nginx", 1, 9, 9, 500),
        3: processes.Stat("nginx", 1, 9, 9, 501),
    }

    def every(**wanted):
        assert wanted == {"name": "nginx", "group": -1, "session": os.getpid()}
        return fakes

    def leftovers(session, start, marks):
        var = os.fsencode(run.var)
        assert (session, start) == (os.getpid(), 500)
        assert list(marks) == [var + b"/", b"DEVOPS_VAR=" + var + b"\0", b"/nowhere/"]
        return {7: 600}

    monkeypatch.setattr(processes, "every", every)
    monkeypatch.setattr(processes, "leftovers", leftovers)
    monkeypatch.setattr(processes, "end", lambda left, patience: calls.append((left, patience)))
    monkeypatch.setattr(processes, "alive", lambda pid, start: (pid, start) in alive)
    run.clean()
    assert calls == ([({7: 600, 2: 500, 3: 501}, 8)] if ended else [])
    assert not os.path.exists(run.record_path)
    if ended:
        run.write(**stock)
        alive.append((3, 501))
        with pytest.raises(ConfError, match=r"do not end: \[2, 3, 7\]"):
            run.clean()
        assert os.path.exists(run.record_path)


def test_a_folder_that_is_anothers_is_named(run, tmp_path):
    assert "belongs to" in str(run.foreign()) and "run this as" in str(run.foreign())
    assert "cannot be read" in str(Run(str(tmp_path / "none")).foreign())


def test_a_short_folder_for_sockets(run, tmp_path, monkeypatch):
    assert run.socket_folder() == run.folder
    deep = Run(str(tmp_path / ("x" * 100)))
    base = tmp_path / "t"
    base.mkdir()
    monkeypatch.setattr(running.tempfile, "gettempdir", lambda: str(base))
    monkeypatch.setattr(
        running.options, "short_enough", lambda path: len(path) <= len(str(base)) + 21
    )
    found = deep.socket_folder()
    assert os.path.dirname(found) == str(base)
    assert os.path.basename(found).startswith("deploy_conf-")
    assert stat.S_IMODE(os.stat(found).st_mode) == 0o700
    monkeypatch.setattr(running.options, "short_enough", lambda path: False)
    other = deep.socket_folder()
    assert os.path.dirname(other) == "/tmp"
    os.rmdir(other)


# supervisord


class Interface:
    """supervisord's, over a dict of records; `fails` is raised by the next call."""

    def __init__(self, *found):
        self.found, self.calls, self.fails = list(found), [], None

    def getAllProcessInfo(self):  # noqa: N802
        if self.fails:
            raise self.fails
        return [dict(one) for one in self.found]

    def __getattr__(self, name):
        def call(*arguments):
            self.calls.append((name, *arguments))
            if self.fails:
                raise self.fails
            return next(one for one in self.found if one["name"] == arguments[0].split(":")[1])

        return call


def test_programs_are_told_in_their_order(run, monkeypatch):
    names = ["x-ticker", "nginx", "x-daphne_1", "x-daphne_0", "x-uwsgi", "x-redis"]
    interface = Interface(*[info(name) for name in names])
    monkeypatch.setattr(Run, "supervisor", lambda self, record=None: interface)
    assert run.programs() is None  # there is no record
    found = run.programs(record())
    assert [one["short"] for one in found] == [
        "redis", "uwsgi", "daphne_0", "daphne_1", "ticker", "nginx"
    ]  # fmt: skip
    logs = {one["short"]: os.path.basename(one["log"]) for one in found}
    assert logs["nginx"] == "nginx-error.log" and logs["ticker"] == "ticker.log"
    for error in running.NO_ANSWER[:3]:
        interface.fails = error()
        assert run.programs(record()) is None


@pytest.mark.parametrize(
    "state, known",
    [
        ("RUNNING", RUNNING),
        ("STOPPED", STOPPED),
        ("STOPPING", STOPPED),
        ("FATAL", FAILED),
        ("STARTING", STARTING),
        ("BACKOFF", STARTING),
    ],
)
def test_a_supervisord_of_any_kind(state, known):
    interface = Interface(info("x-b", state), info("other"), info("nginx"), info("x-a-x-a"))
    one = supervisord.Supervisord(interface, "x-", "/log/{}".format)
    found = one.programs()
    assert [(each.short, each.full) for each in found] == [
        ("a-x-a", "x-a-x-a:x-a-x-a"),
        ("b", "x-b:x-b"),
        ("nginx", "nginx:nginx"),
    ]
    assert (found[1].pid, found[1].state) == (5, known)
    assert one.look(found[1]) == found[1] and one.reason("b") == "/log/b"
    del interface.calls[:]
    one.restart(found[1])
    one.revive(found[1])
    one.signal(found[1], "HUP")
    assert interface.calls == [
        ("stopProcess", "x-b:x-b"),
        ("startProcess", "x-b:x-b"),
        ("stopProcess", "x-b:x-b"),
        ("startProcess", "x-b:x-b"),
        ("signalProcess", "x-b:x-b", "HUP"),
    ]
    for error, said in (
        (xmlrpc.client.Fault(70, "NOT_RUNNING"), "supervisord: NOT_RUNNING"),
        (ConnectionRefusedError(), "supervisord does not answer"),
    ):
        interface.fails = error
        for call in (one.start, one.restart, one.look):
            with pytest.raises(ConfError, match=said):
                call(found[1])
    interface.fails = OSError("gone")
    with pytest.raises(ConfError, match="does not answer: gone"):
        one.programs()


def test_what_is_down_already_is_started(monkeypatch):
    interface = Interface(info("x-b"))
    one = supervisord.Supervisord(interface, "x-", str)
    (program,) = one.programs()

    def stop(full):
        raise xmlrpc.client.Fault(70, "NOT_RUNNING")

    interface.stopProcess = stop
    one.revive(program)
    assert interface.calls == [("startProcess", "x-b:x-b")]


def test_the_logs_of_another_supervisord(monkeypatch):
    interface = Interface(info("x-b"), info("plain"))
    monkeypatch.setattr(supervisord, "supervisor_at", lambda path: interface)
    one = supervisord.at("some.sock", "x-")
    assert [one.log(name) for name in ("b", "plain", "none")] == [
        "/log/x-b", "/log/plain", "its log"
    ]  # fmt: skip
    interface.fails = OSError()
    assert one.log("b") == "its log"
