"""What `render --manager systemd` wrote, run by a systemd."""

import getpass
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import urllib.request

import pytest
import websocket

from deploy_conf import binaries
from tests.support import CHECKOUT, systemd
from tests.support.nginx import nginx_or_skip
from tests.support.servers import free_port
from tests.support.sites import tiny
from tests.support.wait import wait_until

SECRET = "a \"b\" 'c' $HOME `id` \\n %n 100% ; # \u4e2d"
SETTINGS = """
import json, sys
ODD = os.environ.get("ODD")
DEPLOY_CONF_PROGRAMS = {"ticker": ["{python}", "ticker.py", 'a "quoted", 100% $HOME ; word', ";"]}
DEPLOY_CONF_RELOAD_SIGNALS = {"ticker": "HUP"}
"""
URLS = """
import os
from django.http import JsonResponse
def odd(request):
    try:
        open("/usr/written", "w").close()
    except OSError as error:
        failed = error.strerror
    return JsonResponse({"odd": os.environ["ODD"], "pid": os.getpid(), "usr": failed,
                         "user": os.getuid(), "version": VERSION})
VERSION = 1
urlpatterns = [url("^odd$", odd)] + urlpatterns
"""
TICKER = """
import json, sys, time
print(json.dumps(sys.argv[1:]), flush=True)
with open("words.json", "w") as file:
    json.dump(sys.argv[1:], file)
while True:
    time.sleep(60)
"""


class Installed:
    """A site below systemd, with an nginx of its own in front as the distribution's would be."""

    def __init__(self, folder):
        self.folder = folder / "my site 100%"
        self.folder.mkdir()
        tiny.write(str(self.folder))
        self.site = tiny.Site(self.folder)
        for name, text in (("tiny/settings.py", SETTINGS), ("tiny/urls.py", URLS)):
            with open(os.path.join(str(self.folder), name), "a") as file:
                file.write(text)
        (self.folder / "ticker.py").write_text(TICKER)
        self.run_folder = folder / "run"
        (folder / "log").mkdir()
        self.port = free_port()
        code, out, err = self.site.run(
            *["render", "--manager", "systemd", "--output", "conf", "--user", account()],
            *["--domain", "site.example", "--listen", "127.0.0.1", "--port", str(self.port)],
            *["--run-dir", str(self.run_folder), "--log-dir", str(folder / "log")],
            *["--redis-server", binaries.redis_server(), "--daphne-port", str(free_port())],
            *["--nginx", nginx_or_skip(), "--env", "ODD=" + SECRET, "--name", "tiny"],
            *["--env", "PYTHONPATH=" + CHECKOUT, "--env", "COMPAT_DRAIN_SECONDS=3"],
        )
        assert code == 0, err
        self.conf = self.folder / "conf"
        self.systemd = systemd.Systemd(folder, "tiny.target")
        self.nginx = None

    def start(self):
        for folder in (self.folder.parent, *self.folder.parent.parents):
            if not os.stat(str(folder)).st_mode & 1:
                folder.chmod(0o755)
        for path in self.conf.glob("tiny*"):
            (self.systemd.units / path.name).symlink_to(path)
        self.run_folder.mkdir(mode=0o750)
        shutil.chown(str(self.run_folder), account())
        shutil.chown(str(self.folder), account())
        self.systemd.start()
        wait_until(lambda: self.state("uwsgi") == self.state("daphne@1") == "active", 60)
        front = self.folder / "front.conf"
        front.write_text(
            "user root; daemon off; pid '%s/front.pid'; error_log stderr;\n"
            "events { }\nhttp { access_log off; include '%s/nginx-site.conf'; }\n"
            % (self.folder, self.conf)
        )
        self.nginx = subprocess.Popen([nginx_or_skip(), "-p", str(self.folder), "-c", str(front)])
        wait_until(self.get, 30)

    def state(self, name):
        words = ["systemctl", "show", "-p", "ActiveState", "tiny-%s.service" % name]
        return self.systemd.run(*words).stdout.strip().partition("=")[2]

    def get(self):
        address = "http://127.0.0.1:%d/odd" % self.port
        request = urllib.request.Request(address, headers={"Host": "site.example"})
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                return json.loads(answer.read().decode("utf-8"))
        except OSError:
            return None

    def connect(self):
        client = websocket.create_connection(
            "ws://127.0.0.1:%d/ws/echo/" % self.port, timeout=30, host="site.example"
        )
        return client, json.loads(client.recv())

    def reload(self):
        words = [sys.executable, "-m", "deploy_conf", "reload", "--systemd", "--name", "tiny"]
        return self.systemd.run(
            *["sh", "-c", 'cd "$0" && exec "$@"', str(self.folder)], *words, PYTHONPATH=CHECKOUT
        )

    def stop(self):
        for process in filter(None, [self.nginx]):
            process.terminate()
            process.wait(20)
        self.systemd.stop()


def account():
    """Another one where it can reach this interpreter, else root itself."""
    path = os.path.realpath(sys.executable)
    while path != "/":
        path = os.path.dirname(path)
        if not os.stat(path).st_mode & 1:
            return "root"
    return "nobody"


def words_of(line):
    try:
        return shlex.split(line)
    except ValueError:  # a sentence
        return []


@pytest.mark.parametrize("only", [[], ["--only", "websocket"]])
def test_systemd_knows_every_line(tmp_path, only):
    """By its own checker, which starts nothing; units that are not of this machine are."""
    analyze = systemd.analyzer()
    folder = tmp_path / "my site 100%"
    folder.mkdir()
    tiny.write(str(folder))
    code, out, err = tiny.Site(folder).run(
        *["render", "--manager", "systemd", "--output", "conf", "--user", getpass.getuser()],
        *["--redis-server", binaries.redis_server(), "--domain", "site.example", *only],
    )
    assert code == 0, err
    units = [line for line in out.splitlines() if re.search(r"\.(service|socket|target)$", line)]
    assert len(units) == (3 if only else 6)
    done = subprocess.run(
        [analyze, "verify", "--man=no", "--recursive-errors=no"] + units,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        universal_newlines=True,
    )
    mine = [line for line in done.stdout.splitlines() if str(folder) in line or "tiny-" in line]
    assert mine == []
    notes = (folder / "conf" / "README.txt").read_text()
    told = [word for line in notes.splitlines() if "systemctl" in line for word in words_of(line)]
    assert set(units) <= set(told)


def test_a_value_with_a_line_break_is_one_line(tmp_path):
    tiny.write(str(tmp_path))
    words = ["render", "--manager", "systemd", "--user", getpass.getuser(), "--domain", "a.org"]
    code, out, err = tiny.Site(tmp_path).run(*words, "--env", "A=b\nC=d")
    assert (code, out) == (2, "")
    assert err == "deploy_conf: --env: A has a character that cannot be carried\n"


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    systemd.needed()
    installed = Installed(tmp_path_factory.mktemp("s"))
    try:
        installed.start()
        yield installed
    except BaseException:
        print(installed.systemd.log.read_text(errors="replace")[-4000:])
        raise
    finally:
        installed.stop()


def test_a_page_and_a_socket(installed):
    page = installed.get()
    assert page["odd"] == SECRET and page["user"] == int(
        shutil.os.stat(str(installed.folder)).st_uid
    )
    # Closed off, whoever asks.
    assert page["usr"] in ("Read-only file system", "Permission denied")
    one, first = installed.connect()
    try:
        one.send("hello")
        assert one.recv() == "hello"
    finally:
        one.close()
    words = json.loads((installed.folder / "words.json").read_text())
    assert words == ['a "quoted", 100% $HOME ; word', ";"]


def test_secrets_are_roots_alone(installed):
    assert os.stat(str(installed.conf / "tiny.env")).st_mode & 0o077 == 0
    shown = installed.systemd.run("systemctl", "show", "tiny-uwsgi.service").stdout
    assert "tiny.env" in shown and "$HOME" not in shown and "redis+" not in shown


def test_new_code_while_sockets_are_open(installed):
    path = installed.folder / "tiny" / "urls.py"
    path.write_text(path.read_text().replace("VERSION = 1", "VERSION = 2"))
    client, first = installed.connect()
    done = installed.reload()
    assert done.returncode == 0, done.stdout + done.stderr
    lines = done.stdout.splitlines()
    assert lines[-1] == "reloaded" and "uwsgi: 2 workers renewed" in lines
    assert re.search(r"^daphne_0: drained in .* s, back$", done.stdout, re.M)
    opcode, data = client.recv_data()
    assert (opcode, int.from_bytes(data[:2], "big")) == (websocket.ABNF.OPCODE_CLOSE, 1012)
    client.close()
    assert installed.get()["version"] == 2
    assert installed.connect()[1]["pid"] != first["pid"]


def test_what_is_killed_comes_back_and_a_handshake_waits_for_it(installed):
    client, first = installed.connect()
    client.close()
    installed.systemd.run("systemctl", "kill", "--signal=KILL", "tiny-daphne@0.service")
    installed.systemd.run("systemctl", "kill", "--signal=KILL", "tiny-daphne@1.service")
    client, second = installed.connect()  # not refused
    client.close()
    assert second["pid"] != first["pid"]
    assert wait_until(lambda: installed.state("daphne@1") == "active", 30)


def test_code_that_is_broken_touches_nothing(installed):
    path = installed.folder / "tiny" / "routing.py"
    kept = path.read_text()
    path.write_text(kept + "\nimport nothing_of_that_name\n")
    try:
        done = installed.reload()
        assert done.returncode == 1
        assert "nothing was reloaded" in done.stderr and "tiny.routing" in done.stderr
    finally:
        path.write_text(kept)


def test_stop_ends_everything_in_good_form(installed):
    client, _ = installed.connect()
    done = installed.systemd.run("systemctl", "stop", "tiny.target")
    assert done.returncode == 0, done.stderr
    opcode, data = client.recv_data()
    assert (opcode, int.from_bytes(data[:2], "big")) == (websocket.ABNF.OPCODE_CLOSE, 1012)
    client.close()
    for name in ("uwsgi", "daphne@0", "daphne@1", "ticker", "redis"):
        wait_until(lambda name=name: installed.state(name) == "inactive", 40)
