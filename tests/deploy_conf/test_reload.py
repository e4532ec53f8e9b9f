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

from . import tinysite

SERVICE_RESTART = 1012


class Visitor(threading.Thread):
    """Asks for a page over and over; `failed` are the answers that were none."""

    def __init__(self, site):
        super().__init__(daemon=True)
        self.url = site.url
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
    for line in site.run("status")[1].splitlines():
        match = re.match(r"(\S+) +RUNNING +(\d+) ", line)
        if match:
            name, pid = match.group(1), int(match.group(2))
            found[name] = sorted(processes.children(pid)) if name in ("uwsgi", "nginx") else [pid]
    return found


def change(site, name, before, after):
    path = os.path.join(site.folder, name)
    with open(path) as file:
        text = file.read()
    assert before in text
    with open(path, "w") as file:
        file.write(text.replace(before, after))


@pytest.fixture
def up(site):
    code, out, err = site.up("--unlimited", "127.0.0.0/8")
    assert code == 0, out + err
    return site


def test_new_code_and_no_failed_request(up):
    before = pids(up)
    sockets = [Listener(up) for _ in range(12)]
    visitors = [Visitor(up) for _ in range(3)]
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
    tinysite.wait(lambda: not set(before["nginx"]) & set(pids(up)["nginx"]))


def test_code_that_cannot_be_imported_stays_out(up):
    before = pids(up)
    change(up, "tiny/asgi.py", "import django\n", "import no_such_module\n")
    code, out, err = up.run("reload")
    assert (code, out) == (1, "")
    assert err == (
        "deploy_conf: tiny.asgi or tiny.wsgi cannot be imported, nothing was reloaded: "
        "ModuleNotFoundError: No module named 'no_such_module'\n"
    )
    assert pids(up) == before


def test_a_program_gets_the_signal_that_it_asked_for(up):
    before = pids(up)
    with open(os.path.join(up.folder, "tiny", "settings.py"), "a") as file:
        file.write('\nDEPLOY_CONF_RELOAD_SIGNALS = {"ticker": "HUP"}\n')
    code, out, err = up.run("reload")
    assert code == 0, out + err
    assert "ticker: told to renew itself (HUP)" in out
    tinysite.wait(lambda: pids(up).get("ticker", before["ticker"]) != before["ticker"])
    with open(os.path.join(up.folder, "tiny", "settings.py"), "a") as file:
        file.write('\nDEPLOY_CONF_RELOAD_SIGNALS = {"ticker": "KILL"}\n')
    code, out, err = up.run("reload")
    assert (code, out) == (2, "")
    assert err == (
        "deploy_conf: DEPLOY_CONF_RELOAD_SIGNALS['ticker']: 'KILL' is not one of "
        "HUP TERM USR1 USR2\n"
    )


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


def test_one_reload_at_a_time(tmp_path):
    with reload.lock(str(tmp_path)):
        with pytest.raises(ConfError, match="another reload is at work"):
            reload.lock(str(tmp_path))
    reload.lock(str(tmp_path)).close()
