"""A running site takes up new code while clients are at work."""

import json
import os
import re
import threading
import urllib.error
import urllib.request

import pytest
import websocket

from deploy_conf import processes, reload
from deploy_conf.errors import ConfError
from deploy_conf.managers.supervisord import Supervisord
from deploy_conf.running import Run
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


class Lasting(object):
    """A site that runs for many tests. After each its files are as before, and all of it runs."""

    def __init__(self, folder, *options):
        tiny.write(str(folder))
        self.site = tiny.Site(folder)
        (folder / "tiny" / "checked.py").write_text("")
        with open(str(folder / "tiny" / "wsgi.py"), "a") as file:
            # Loaded by a system check alone.
            file.write("\nfrom django.core import checks\n\n")
            file.write("@checks.register\ndef look(**_):\n    import tiny.checked\n    return []\n")
        self.options = ("--unlimited", "127.0.0.0/8", *options)
        self.kept = {path: path.read_bytes() for path in folder.rglob("*.py")}
        self.up()
        self.running = set(self.site.programs())

    def up(self):
        code, out, err = self.site.up(*self.options)
        assert code == 0, out + err
        # `up` waits for one worker; the others are not to import what a test breaks.
        workers = len(pids(self.site)["uwsgi"])
        wait_until(lambda: self.site.log("uwsgi").count("WSGI app 0") >= workers)

    def put_back(self):
        changed = [path for path, text in self.kept.items() if path.read_bytes() != text]
        for path in changed:
            path.write_bytes(self.kept[path])
        if "ticker.py" in [path.name for path in changed]:
            supervisor = Run(self.site.var).supervisor()
            supervisor.stopProcess("tiny:tiny-ticker")
            supervisor.startProcess("tiny:tiny-ticker")
        if set(self.site.programs()) != self.running:  # of a test that failed
            self.site.down()
            self.up()


@pytest.fixture(scope="module")
def lasting_several(tmp_path_factory):
    """More than one process of a kind."""
    lasting = Lasting(tmp_path_factory.mktemp("several"))
    yield lasting
    lasting.site.down()


@pytest.fixture
def several(lasting_several):
    yield lasting_several.site
    lasting_several.put_back()


@pytest.fixture(scope="module")
def lasting_small(tmp_path_factory):
    lasting = Lasting(tmp_path_factory.mktemp("small"), *tiny.SMALL)
    yield lasting
    lasting.site.down()


@pytest.fixture
def up(lasting_small):
    yield lasting_small.site
    lasting_small.put_back()


# Of what comes to nothing first: a reload may leave uWSGI at work on a second renewal.

BROKEN = "syntax error here\n"


# One for each process that tries it; test_rehearsal.py has other faults.
@pytest.mark.parametrize(
    "name, after, reason",
    [
        ("tiny/urls.py", BROKEN, "tiny/urls.py, line 15: SyntaxError: invalid syntax"),
        ("tiny/settings.py", "\nimport no_such_module\n", "No module named 'no_such_module'"),
        ("tiny/wsgi.py", "\nimport no_such_module\n", "tiny.wsgi:application fails"),
        ("tiny/routing.py", "\nEcho.connect = None\n", "TypeError"),
        ("tiny/checked.py", BROKEN, "tiny/checked.py, line 1"),
        ("ticker.py", BROKEN, "ticker.py, line 6: invalid syntax"),
    ],
)
def test_code_that_is_broken_anywhere_touches_nothing(watched, name, after, reason):
    site, visitor, before = watched
    with open(os.path.join(site.folder, name), "a") as file:
        file.write(after)
    code, out, err = site.run("reload")
    assert code in (1, 2) and out == "", out
    assert len(err.splitlines()) == 1 and reason in err, err
    if code == 1:
        assert "nothing was reloaded" in err
    asked = visitor.asked
    wait_until(lambda: visitor.asked > asked + 1)  # one that began after that
    assert pids(site) == before and visitor.failed == []


@pytest.fixture
def watched(several):
    """(site, a visitor, the ids of its processes)."""
    with open(os.path.join(several.folder, "tiny", "settings.py"), "a") as file:
        file.write('\nDEPLOY_CONF_RELOAD_SIGNALS = {"ticker": "HUP"}\n')
    visitor = Visitor(several, pause=0.05)
    wait_until(lambda: visitor.asked)
    yield several, visitor, pids(several)
    assert visitor.end() == []


def test_code_that_cannot_be_imported_stays_out(several):
    before = pids(several)
    change(several, "tiny/asgi.py", "import django\n", "import no_such_module\n")
    code, out, err = several.run("reload")
    assert (code, out) == (1, "")
    assert err == (
        "deploy_conf: the new code of tiny.asgi:application fails, nothing was reloaded: "
        "ModuleNotFoundError: No module named 'no_such_module' (tiny/asgi.py, line 4)\n"
    )
    assert pids(several) == before


def test_new_code_and_no_failed_request(several):
    up = several
    before = pids(up)
    sockets = [Listener(up) for _ in range(12)]
    visitors = [Visitor(up, pause=0.03) for _ in range(3)]
    change(up, "tiny/urls.py", 'url("", meta)', 'url("^new$", meta), url("", meta)')
    change(up, "tiny/routing.py", '"root_path":', '"new": True, "root_path":')
    with open(os.path.join(up.folder, "tiny", "settings.py"), "a") as file:
        file.write('\nDEPLOY_CONF_RELOAD_SIGNALS = {"ticker": "HUP"}\n')
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
    assert lines[4] == "ticker: told to renew itself (HUP)"
    assert lines[5] == "reloaded: " + up.url
    assert err == "" and len(lines) == 6

    client, greeting = connect(up)
    client.close()
    assert greeting["new"] is True
    after = pids(up)
    for name in ("uwsgi", "daphne_0", "daphne_1"):
        assert not set(before[name]) & set(after[name]), name
    assert after["redis"] == before["redis"] and after["ticker"] != before["ticker"]
    # No stale worker of nginx stays.
    wait_until(lambda: not set(before["nginx"]) & set(pids(up)["nginx"]))


def test_a_signal_that_is_none_to_renew_itself_is_refused(up):
    with open(os.path.join(up.folder, "tiny", "settings.py"), "a") as file:
        file.write('\nDEPLOY_CONF_RELOAD_SIGNALS = {"ticker": "KILL"}\n')
    code, out, err = up.run("reload")
    assert (code, out) == (2, "")
    assert len(err.splitlines()) == 1
    assert err.startswith("deploy_conf: DEPLOY_CONF_RELOAD_SIGNALS={'ticker': 'KILL'}: expected")
    assert err.endswith("('ticker': 'KILL' is not one of HUP TERM USR1 USR2)\n")


def test_by_the_socket_of_any_supervisor_and_what_somebody_stopped_stays_stopped(up):
    before = pids(up)
    interface = Run(up.var).supervisor()
    interface.stopProcess("tiny:tiny-ticker")
    with open(os.path.join(up.var, "run", "run.json")) as file:
        folder = json.load(file)["sockets"]
    socket = os.path.join(folder, "supervisor.sock")
    code, out, err = up.run("reload", "--supervisor", socket, "--name", "tiny")
    assert code == 1 and out.splitlines()[-1] == "ticker: was stopped by hand, left so"
    assert err == "deploy_conf: ticker was stopped by hand; the others are reloaded\n"
    assert interface.getProcessInfo("tiny:tiny-ticker")["statename"] == "STOPPED"
    for name in ("daphne_0", "uwsgi", "nginx"):
        assert set(pids(up)[name]) - set(before[name]), name
    interface.startProcess("tiny:tiny-ticker")
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


def test_workers_that_do_not_come_up_leave_the_old_code_answering(several):
    """What no rehearsal sees: code that fails in uWSGI alone."""
    up = several
    # Not so fast that a worker reaches uWSGI's max-requests, and is renewed for that reason.
    visitors = [Visitor(up, pause=0.15) for _ in range(2)]
    path = os.path.join(up.folder, "tiny", "wsgi.py")
    with open(path) as file:
        kept = file.read()
    with open(path, "w") as file:  # first of all: uWSGI tries again and again
        file.write("import sys\nassert 'uwsgi' not in sys.modules, 'not here'\n" + kept)
    code, out, err = up.run("reload", "--timeout", "8")
    assert (code, out) == (1, ""), out + err
    assert "uWSGI has not renewed its workers" in err
    assert [error for visitor in visitors for error in visitor.failed] == []
    with open(path, "w") as file:
        file.write(kept)
    ticker = pids(up)["ticker"]
    code, out, err = up.run("reload", "--timeout", "60")
    assert code == 0, out + err
    assert "ticker: left as it is; see DEPLOY_CONF_RELOAD_SIGNALS" in out.splitlines()
    assert pids(up)["ticker"] == ticker
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
    others = [one for one in manager.programs() if one.short in ("redis", "ticker")]
    reload.Reload(manager, {"ticker": "USR1"}, said.append, 60).renew_others(others)
    assert "ticker: still at work on the old code, and renews itself then" in said
