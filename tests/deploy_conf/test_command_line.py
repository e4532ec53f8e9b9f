"""The command line without a site: what is handed on, what is refused, and what is printed."""

import os

import pytest

from deploy_conf import commands, health, supervise
from deploy_conf.commands import status, up
from deploy_conf.errors import ConfError
from deploy_conf.running import Run

from .runs import info, record


@pytest.fixture
def run(tmp_path):
    one = Run(str(tmp_path))
    one.make_folders()
    return one


def test_up_hands_on_what_it_was_told(monkeypatch, tmp_path):
    called = []

    class Mine:
        class settings:  # noqa: N801
            remark = None

    monkeypatch.setattr(up.site, "from_arguments", lambda args: Mine)
    monkeypatch.setattr(supervise, "up", lambda *words: called.append(words) or 7)
    monkeypatch.setenv("DEVOPS_VAR", "")
    monkeypatch.delenv("REDIS_URL", raising=False)
    var = str(tmp_path / "v")
    assert commands.main(["up", "--var", var]) == 7
    assert called.pop() == (Mine, var, "127.0.0.1", 8000, None, 60, False, False)
    assert os.environ["DEVOPS_VAR"] == var
    monkeypatch.setenv("REDIS_URL", "redis://h:6379/0")
    words = ["--port", "81", "--host", "::1", "--timeout", "5", "--foreground", "--var", var]
    assert commands.main(["up", *words]) == 7
    assert called.pop()[2:] == ("[::1]", 81, "redis://h:6379/0", 5, True, False)
    monkeypatch.delenv("REDIS_URL")
    assert commands.main(["up", "--no-redis", "--var", var]) == 7
    assert called.pop()[4:] == (None, 60, False, True)


@pytest.mark.parametrize(
    "words, said",
    [
        (["--timeout", "0"], "--timeout"),
        (["--timeout", "3601"], "--timeout"),
        (["--timeout", "soon"], "--timeout"),
        (["--port", "0"], "--port"),
        (["--host", "example.org"], "--host"),
    ],
)
def test_a_wrong_value_is_one_line_and_two(capsys, words, said):
    assert commands.main(["up", *words]) == 2
    line = capsys.readouterr().err
    assert line.count("\n") == 1 and line.startswith("deploy_conf: ") and said in line


@pytest.mark.parametrize(
    "error, code, said",
    [
        (ConfError("no"), 1, "deploy_conf: no\n"),
        (PermissionError(13, "Permission denied", "/x"), 1, "deploy_conf: Permission denied: /x\n"),
        (OSError("odd"), 1, "deploy_conf: odd\n"),
        (KeyboardInterrupt(), 130, "deploy_conf: interrupted\n"),
    ],
)
def test_what_goes_wrong_is_one_line(monkeypatch, capsys, error, code, said):
    def down(var):
        raise error

    monkeypatch.setattr(supervise, "down", down)
    assert (commands.main(["down"]), capsys.readouterr().err) == (code, said)


@pytest.mark.parametrize("words", [[], ["nothing"], ["down", "--nothing"], ["up", "--port"]])
def test_what_is_no_command(capsys, words):
    with pytest.raises(SystemExit) as ended:
        commands.main(words)
    line = capsys.readouterr().err
    assert ended.value.code == 2 and line.endswith("(see --help)\n") and line.count("\n") == 1


def test_an_option_is_given_once(capsys):
    with pytest.raises(SystemExit) as ended:
        commands.main(["up", "--port", "1", "--port", "2"])
    assert ended.value.code == 2 and "--port: is given twice" in capsys.readouterr().err


@pytest.mark.parametrize(
    "seconds, text",
    [
        (-5, "0:00:00"),
        (59.9, "0:00:59"),
        (60, "0:01:00"),
        (3599, "0:59:59"),
        (3600, "1:00:00"),
        (86399, "23:59:59"),
        (86400, "1d 00:00:00"),
        (90061, "1d 01:01:01"),
    ],
)
def test_how_long_something_runs(seconds, text):
    assert status.duration(seconds) == text


def test_status_tells_what_runs(monkeypatch, run, capsys):
    found = [
        dict(info("x-uwsgi"), short="uwsgi", log="/log/uwsgi", now=100, start=39),
        dict(info("x-a", "STOPPED"), short="a", log="/log/a", now=100, start=39, pid=0),
    ]
    wrong = []
    monkeypatch.setattr(health, "problems", lambda *arguments: wrong)
    monkeypatch.setattr(Run, "programs", lambda self, record=None: found)
    assert commands.main(["status", "--var", run.var]) == 1
    assert capsys.readouterr().out == "not running\n"
    run.write(**record())
    assert commands.main(["status", "--var", run.var]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "PROGRAM  STATE    PID  UPTIME   LOG",
        "uwsgi    RUNNING  5    0:01:01  /log/uwsgi",
        "a        STOPPED  -    -        /log/a",
        "http://x/ answers over HTTP and WebSocket",
    ]
    wrong.append("something")
    assert commands.main(["status", "--var", run.var]) == 1
    assert capsys.readouterr().out.splitlines()[-1] == "something"
    monkeypatch.setattr(Run, "programs", lambda self, record=None: None)
    assert commands.main(["status", "--var", run.var]) == 1
    assert "supervisord (pid %d) does not answer" % os.getpid() in capsys.readouterr().err
