"""A running site takes up new code while clients are at work."""

import getpass
import json
import os
import re
import subprocess
import sys
import threading
import urllib.error
import urllib.request

import pytest
import websocket

from deploy_conf import binaries, processes, reload, uwsgi_ini
from deploy_conf.errors import ConfError
from deploy_conf.managers.supervisord import Supervisord
from deploy_conf.running import NO_ANSWER, Run, supervisor_at
from tests.support.sites import tiny
from tests.support.wait import wait_until

SERVICE_RESTART = 1012


class Visitor(threading.Thread):
    """Asks for a page over and over; `failed` are the answers that were none."""

    def __init__(self, site, pause):
        super().__init__(daemon=True)
        self.url, self.pause = site.url, pause
        self.asked, self.failed, self.over = 0, [], threading.Event()
        self.start()

    def run(self):
        while not self.over.is_set():
            try:
                with urllib.request.urlopen(self.url, timeout=20) as answer:
                    answer.read()
            except (OSError, urllib.error.URLError) as error:
                self.failed.append(repr(error))
            self.asked += 1
            self.over.wait(self.pause)

    def end(self):
        self.over.set()
        self.join(30)
        return self.failed


def connect(site):
    address = "ws://127.0.0.1:%d/ws/echo/" % site.port
    client = websocket.create_connection(address, timeout=60)
    return client, json.loads(client.recv())


class Listener(threading.Thread):
    """A WebSocket that is read until its end; then `code` is that of the close frame."""

    def __init__(self, site):
        super().__init__(daemon=True)
        self.client = connect(site)[0]
        self.code = None
        self.start()

    def run(self):
        opcode, data = self.client.recv_data()
        if opcode == websocket.ABNF.OPCODE_CLOSE:
            self.code = int.from_bytes(data[:2], "big")
        self.client.close()

    def end(self):
        self.join(30)
        return self.code


def pids(site):
    """Program → process id; of uwsgi and nginx their workers."""
    found = {}
    for name, pid in site.programs().items():
        found[name] = sorted(processes.children(pid)) if name in ("uwsgi", "nginx") else [pid]
    return found


def given_up(site):
    """The programs that supervisord starts no more."""
    return [one["short"] for one in Run(site.var).programs() if one["statename"] == "FATAL"]


def change(site, name, before, after):
    path = os.path.join(site.folder, name)
    with open(path) as file:
        text = file.read()
    assert before in text
    with open(path, "w") as file:
        file.write(text.replace(before, after))


@pytest.fixture
def several(site):
    """The site, with more than one process of a kind."""
    code, out, err = site.up("--unlimited", "127.0.0.0/8")
    assert code == 0, out + err
    return site


@pytest.fixture
def up(site):
    code, out, err = site.up("--unlimited", "127.0.0.0/8", *tiny.SMALL)
    assert code == 0, out + err
    return site


def test_new_code_and_no_failed_request(several):
    up = several
    before = pids(up)
    sockets = [Listener(up) for _ in range(12)]
    visitors = [Visitor(up, pause=0.03) for _ in range(3)]
    change(up, "tiny/urls.py", 'url("", meta)', 'url("^new$", meta), url("", meta)')
    change(up, "tiny/routing.py", '"root_path":', '"new": True, "root_path":')
    code, out, err = up.run("reload")
    assert code == 0, out + err
    codes = [listener.end() for listener in sockets]
    failed = [error for visitor in visitors for error in visitor.end()]
    assert failed == []
    assert sum(visitor.asked for visitor in visitors) > 20
    assert codes == [SERVICE_RESTART] * 12

    lines = out.splitlines()
    assert lines[0] == "uwsgi: 2 workers renewed"
    assert lines[1] == "nginx: reloaded"
    assert re.match(r"daphne_0: drained in \d+\.\d s, back\Z", lines[2])
    assert re.match(r"daphne_1: drained in \d+\.\d s, back\Z", lines[3])
    assert lines[4] == "ticker: left as it is; see DEPLOY_CONF_RELOAD_SIGNALS"
    assert lines[5] == "reloaded: " + up.url
    assert err == "" and len(lines) == 6

    client, greeting = connect(up)
    client.close()
    assert greeting["new"] is True
    after = pids(up)
    for name in ("uwsgi", "daphne_0", "daphne_1"):
        assert not set(before[name]) & set(after[name]), name
    assert after["redis"] == before["redis"] and after["ticker"] == before["ticker"]
    # No stale worker of nginx stays.
    wait_until(lambda: not set(before["nginx"]) & set(pids(up)["nginx"]))


def test_code_that_cannot_be_imported_stays_out(up):
    before = pids(up)
    change(up, "tiny/asgi.py", "import django\n", "import no_such_module\n")
    code, out, err = up.run("reload")
    assert (code, out) == (1, "")
    assert err == (
        "deploy_conf: the new code of tiny.asgi:application fails, nothing was reloaded: "
        "ModuleNotFoundError: No module named 'no_such_module' (tiny/asgi.py, line 4)\n"
    )
    assert pids(up) == before


def test_a_program_gets_the_signal_that_it_asked_for(up):
    before = pids(up)
    with open(os.path.join(up.folder, "tiny", "settings.py"), "a") as file:
        file.write('\nDEPLOY_CONF_RELOAD_SIGNALS = {"ticker": "HUP"}\n')
    code, out, err = up.run("reload")
    assert code == 0, out + err
    assert "ticker: told to renew itself (HUP)" in out
    wait_until(lambda: pids(up).get("ticker", before["ticker"]) != before["ticker"])
    with open(os.path.join(up.folder, "tiny", "settings.py"), "a") as file:
        file.write('\nDEPLOY_CONF_RELOAD_SIGNALS = {"ticker": "KILL"}\n')
    code, out, err = up.run("reload")
    assert (code, out) == (2, "")
    assert len(err.splitlines()) == 1
    assert err.startswith("deploy_conf: DEPLOY_CONF_RELOAD_SIGNALS={'ticker': 'KILL'}: expected")
    assert err.endswith("('ticker': 'KILL' is not one of HUP TERM USR1 USR2)\n")


def test_by_the_socket_of_any_supervisor(up):
    before = pids(up)
    with open(os.path.join(up.var, "run", "run.json")) as file:
        folder = json.load(file)["sockets"]
    socket = os.path.join(folder, "supervisor.sock")
    code, out, err = up.run("reload", "--supervisor", socket, "--name", "tiny")
    assert code == 0, out + err
    assert out.splitlines()[-1] == "reloaded"
    assert not set(before["daphne_0"]) & set(pids(up)["daphne_0"])
    code, out, err = up.run("reload", "--supervisor", socket, "--name", "other")
    assert (code, out) == (1, "")
    assert err == "deploy_conf: supervisord has no program called other-uwsgi or -daphne\n"


def test_what_does_not_run_is_not_reloaded(site):
    code, out, err = site.run("reload")
    assert (code, out, err) == (1, "", "deploy_conf: not running: start it with `up`\n")
    code, out, err = site.run("reload", "--supervisor", os.path.join(site.folder, "none.sock"))
    assert (code, out) == (1, "")
    assert err.startswith("deploy_conf: supervisord does not answer: ")
    assert "reload.lock" not in os.listdir(site.folder)


def test_one_reload_at_a_time(tmp_path):
    with reload.lock(str(tmp_path)):
        with pytest.raises(ConfError, match="another reload is at work"):
            reload.lock(str(tmp_path))
    reload.lock(str(tmp_path)).close()


OWN_INI = """
[uwsgi]
master
die-on-term
    ; uWSGI takes all of this
    env = DJANGO_SETTINGS_MODULE=tiny.settings
env = SHARE=100%
need-app
chdir = {folder}
pythonpath = {folder}
wsgi-file = {folder}/tiny/wsgi.py
socket = {folder}/own.sock
log-format = %(addr) %(method)
"""
OWN_SUPERVISOR = """
[unix_http_server]
file = {folder}/sup.sock
[supervisord]
logfile = {folder}/supervisord.log
pidfile = {folder}/supervisord.pid
[rpcinterface:supervisor]
supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface
[program:{program}]
command = {command}
stopsignal = TERM
startsecs = 1
[include]
files = {folder}/conf/supervisor-daphne.conf
"""


class Own(object):
    """An administrator's own supervisor and uWSGI, and daphne of `render --only websocket`."""

    def __init__(self, site, program, option):
        self.folder = site.folder
        words = ["--user", getpass.getuser(), "--daphne-port", str(site.port), "--log-dir"]
        words = ["--output", "conf", "--only", "websocket"] + words + [site.folder]
        code, out, err = site.run("render", *words)
        assert code == 0, out + err
        change(site, "conf/supervisor-daphne.conf", "startsecs = 5", "startsecs = 1")
        ini = os.path.join(site.folder, "own.ini")
        uwsgi = binaries.uwsgi()
        command = uwsgi.command + option + [ini]
        chosen = [("plugin", uwsgi.plugin), ("virtualenv", uwsgi.virtualenv)]
        self.write("own.ini", OWN_INI + "".join("%s = %s\n" % one for one in chosen if one[1]))
        self.write("sup.conf", OWN_SUPERVISOR, program=program, command=" ".join(command))
        self.process = subprocess.Popen(
            [sys.executable, "-m", "supervisor.supervisord", "-n", "-s", "-c", "sup.conf"],
            cwd=site.folder,
            env=site.environment,
        )
        self.socket = os.path.join(site.folder, "sup.sock")

    def write(self, name, text, **values):
        with open(os.path.join(self.folder, name), "w", encoding="utf-8") as file:
            for key, value in dict(values, folder=self.folder).items():
                text = text.replace("{%s}" % key, value)
            file.write(text)

    def pids(self):
        """Program → process id, once all of them run; {} until then."""
        try:
            found = supervisor_at(self.socket).getAllProcessInfo()
        except NO_ANSWER:
            return {}
        running = all(one["statename"] == "RUNNING" for one in found)
        return {one["name"]: one["pid"] for one in found} if running else {}


@pytest.mark.parametrize(
    "program, option, line",
    [
        ("tiny-uwsgi", ["--ini"], "deploy_conf rendered no ini file for it"),
        ("tiny-uwsgi", [], "deploy_conf rendered no ini file for it"),
        ("uwsgi", ["--ini"], "supervisord has none called tiny-uwsgi"),
    ],
)
def test_a_uwsgi_of_the_administrators_is_left_as_it_is(site, program, option, line):
    own = Own(site, program, option)
    try:
        before = wait_until(own.pids, 30)
        workers = wait_until(lambda: processes.children(before[program]))
        assert sorted(before) == sorted([program, "tiny-daphne_0", "tiny-daphne_1"])
        code, out, err = site.run("reload", "--supervisor", own.socket, "--name", "tiny")
        assert (code, err) == (0, "")
        # The site's Redis is not there: that is no reason to refuse.
        refused, *lines = out.splitlines()
        assert refused.startswith("WebSocket /ws/echo/: ConnectionRefusedError: ")
        assert lines[0] == "uwsgi: left as it is; " + line
        assert [line.split(":")[0] for line in lines[1:]] == ["daphne_0", "daphne_1", "reloaded"]
        after = wait_until(own.pids)
        assert after[program] == before[program]
        assert processes.children(before[program]) == workers
        assert not {before["tiny-daphne_0"], before["tiny-daphne_1"]} & set(after.values())
    finally:
        own.process.terminate()
        own.process.wait(60)


@pytest.mark.parametrize(
    "words, ours",
    [
        (["--ini", "{folder}/uwsgi.ini"], True),
        (["--ini={folder}/uwsgi.ini"], True),
        (["{folder}/uwsgi.ini"], True),
        (["--ini", "{folder}/of its own"], True),
        (["--ini", "uwsgi.ini"], False),
        (["--ini", "{folder}/foreign.ini"], False),
        (["--ini", "{folder}/none.ini"], False),
        (["--ini"], False),
    ],
)
def test_a_rendered_ini_is_known_by_what_it_says(tmp_path, words, ours):
    text = (
        "[uwsgi]\nmaster\n  module = first:app\n; x\nmodule=tiny.wsgi:application\nchdir = /50%%\n"
    )
    for name in ("uwsgi.ini", "of its own"):
        (tmp_path / name).write_text("# uWSGI for tiny. Rendered by deploy_conf.\n" + text)
    (tmp_path / "foreign.ini").write_text(text)
    code = "import sys; print(flush=True); sys.stdin.read()"
    process = subprocess.Popen(
        [sys.executable, "-c", code] + [word.format(folder=tmp_path) for word in words],
        cwd=str(tmp_path),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    with process:
        process.stdout.readline()
        found = uwsgi_ini.of_process(process.pid)
        process.stdin.close()
    wanted = {"master": "", "module": "tiny.wsgi:application", "chdir": "/50%"}
    assert found == (wanted if ours else None)


BROKEN = "syntax error here\n"


@pytest.mark.parametrize(
    "name, after, reason",
    [
        ("tiny/urls.py", BROKEN, "tiny/urls.py, line 17: SyntaxError: invalid syntax"),
        ("tiny/views.py", BROKEN, "tiny/views.py, line 1: SyntaxError: invalid syntax"),
        ("tiny/routing.py", BROKEN, "SyntaxError: invalid syntax"),
        ("tiny/settings.py", "\nimport no_such_module\n", "No module named 'no_such_module'"),
        ("tiny/wsgi.py", "\nimport no_such_module\n", "tiny.wsgi:application fails"),
        ("tiny/urls.py", "\nurlpatterns.insert(0, url('^$', lambda request: 1 / 0))\n", "500"),
        ("tiny/routing.py", "\nEcho.connect = None\n", "TypeError"),
        ("tiny/checked.py", BROKEN, "tiny/checked.py, line 1"),
        ("tiny/settings.py", "\nMIDDLEWARE = ['tiny.none.Middleware']\n", "tiny.none"),
        ("tiny/settings.py", "\nINSTALLED_APPS.append('tiny.no_app')\n", "tiny.no_app"),
        ("ticker.py", BROKEN, "ticker.py, line 6: invalid syntax"),
    ],
)
def test_code_that_is_broken_anywhere_touches_nothing(watched, name, after, reason):
    site, visitor, before = watched
    path = os.path.join(site.folder, name)
    with open(path, "rb") as file:
        kept = file.read()
    with open(path, "a") as file:
        file.write(after)
    try:
        code, out, err = site.run("reload")
        assert code in (1, 2) and out == "", out
        assert len(err.splitlines()) == 1 and reason in err, err
        if code == 1:
            assert "nothing was reloaded" in err
        assert pids(site) == before and visitor.failed == []
    finally:
        with open(path, "wb") as file:
            file.write(kept)


@pytest.fixture(scope="module")
def watched(tmp_path_factory):
    """(site, a visitor who never stops, the ids of its processes)."""
    folder = tmp_path_factory.mktemp("watched")
    tiny.write(str(folder))
    site = tiny.Site(folder)
    (folder / "tiny" / "views.py").write_text("")
    (folder / "tiny" / "checked.py").write_text("")
    with open(str(folder / "tiny" / "urls.py"), "a") as file:
        # Loaded by the URLconf, and by a system check alone.
        file.write("\nfrom tiny import views\n")
    with open(str(folder / "tiny" / "wsgi.py"), "a") as file:
        file.write("\nfrom django.core import checks\n\n")
        file.write("@checks.register\ndef look(**_):\n    import tiny.checked\n    return []\n")
    with open(str(folder / "tiny" / "settings.py"), "a") as file:
        file.write('\nDEPLOY_CONF_RELOAD_SIGNALS = {"ticker": "HUP"}\n')
    code, out, err = site.up("--unlimited", "127.0.0.0/8")
    assert code == 0, out + err
    visitor = Visitor(site, pause=0.05)
    wait_until(lambda: visitor.asked)
    yield site, visitor, pids(site)
    assert visitor.end() == [] and visitor.asked > 50
    site.down()


def test_workers_that_do_not_come_up_leave_the_old_code_answering(several):
    """What no rehearsal sees: code that fails in uWSGI alone."""
    up = several
    # Not so fast that a worker reaches uWSGI's max-requests, and is renewed for that reason.
    visitors = [Visitor(up, pause=0.02) for _ in range(2)]
    path = os.path.join(up.folder, "tiny", "wsgi.py")
    with open(path) as file:
        kept = file.read()
    with open(path, "a") as file:
        file.write("\nimport sys\nassert 'uwsgi' not in sys.modules, 'not here'\n")
    code, out, err = up.run("reload", "--timeout", "8")
    assert (code, out) == (1, ""), out + err
    assert "uWSGI has not renewed its workers" in err
    assert [error for visitor in visitors for error in visitor.failed] == []
    with open(path, "w") as file:
        file.write(kept)
    code, out, err = up.run("reload", "--timeout", "60")
    assert code == 0, out + err
    assert [error for visitor in visitors for error in visitor.end()] == []


def test_what_had_given_up_is_started_by_the_reload_that_repairs_it(up):
    with open(os.path.join(up.folder, "tiny", "settings.py"), "a") as file:
        file.write('\nDEPLOY_CONF_RELOAD_SIGNALS = {"ticker": "HUP"}\n')
    with open(os.path.join(up.folder, "ticker.py")) as file:
        kept = file.read()
    with open(os.path.join(up.folder, "ticker.py"), "w") as file:
        file.write("raise SystemExit(3)\n")
    # It can be compiled, and ends at once.
    code, out, err = up.run("reload")
    assert code == 1 and "ticker does not come back" in err, out + err
    assert not out.splitlines()[-1].startswith("reloaded")
    wait_until(lambda: "ticker" in given_up(up), 40)
    assert re.search(r"^ticker +FATAL", up.run("status")[1], re.M)
    with open(os.path.join(up.folder, "ticker.py"), "w") as file:
        file.write(kept)
    code, out, err = up.run("reload")
    assert (code, err) == (0, ""), out + err
    assert "ticker: was down, started" in out
    assert out.splitlines()[-1] == "reloaded: " + up.url
    assert up.run("status")[0] == 0


def test_a_program_that_is_busy_is_waited_for_and_said(up, monkeypatch):
    with open(os.path.join(up.folder, "tiny", "settings.py"), "a") as file:
        file.write('\nDEPLOY_CONF_RELOAD_SIGNALS = {"ticker": "USR1"}\n')
    interface = Run(up.var).supervisor()
    with open(os.path.join(up.folder, "ticker.py"), "w") as file:
        file.write("import signal, time\nsignal.signal(signal.SIGUSR1, lambda *_: None)\n")
        file.write("print('ready', flush=True)\nwhile True:\n    time.sleep(1)\n")
    interface.stopProcess("tiny:tiny-ticker")
    interface.startProcess("tiny:tiny-ticker")
    wait_until(lambda: "ready" in up.log("ticker"))
    said = []
    monkeypatch.setattr(reload, "BUSY", 1)
    manager = Supervisord(interface, "tiny-", Run(up.var).log)
    reload.Reload(manager, {"ticker": "USR1"}, said.append, 60).run()
    assert "ticker: still at work on the old code, and renews itself then" in said


def test_what_somebody_stopped_stays_stopped(up):
    interface = Run(up.var).supervisor()
    interface.stopProcess("tiny:tiny-ticker")
    code, out, err = up.run("reload")
    assert code == 1 and "ticker: was stopped by hand, left so" in out
    assert err == "deploy_conf: ticker was stopped by hand; the others are reloaded\n"
    assert interface.getProcessInfo("tiny:tiny-ticker")["statename"] == "STOPPED"
