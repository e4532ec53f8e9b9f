"""What `render` wrote, installed and started as its README.txt says, and asked by strangers."""

import getpass
import json
import os
import re
import shlex
import shutil
import signal
import socket
import ssl
import subprocess

import pytest

from deploy_conf import binaries, processes
from tests.support import CHECKOUT
from tests.support.nginx import nginx_or_skip
from tests.support.servers import free_port
from tests.support.sites import tiny
from tests.support.wait import wait_until

BALANCER, STRANGER = "127.0.0.7", "127.0.0.9"
URLS = """
import os, sys
from django.http import HttpResponse, JsonResponse, StreamingHttpResponse

def encoding(request):
    print("\\u4e2d", flush=True)  # in the log
    with open(os.path.join(os.environ["REPORTS"], "\\u62a5\\u544a.pdf"), "w"):
        pass
    return JsonResponse({"lang": os.environ.get("LANG"), "files": sys.getfilesystemencoding()})

def big(request):
    return StreamingHttpResponse(b"x" * 65536 for _ in range(1200))

urlpatterns = [url("^encoding$", encoding), url("^big$", big)] + urlpatterns
"""
SETTINGS = """
ALLOWED_HOSTS = os.environ.get("ALLOWED_HOSTS", "none").split(",")
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_SSL_REDIRECT = True
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.common.CommonMiddleware",  # asks for the host: ALLOWED_HOSTS
]
"""


class Installed:
    """The complete variant: supervisord over all of it."""

    def __init__(self, folder, certificate):
        self.site = tiny.Site(folder / "site")
        tiny.write(self.site.folder)
        self.append("tiny/urls.py", URLS)
        self.append("tiny/settings.py", SETTINGS)
        routing = 'URLRouter([url("^ws/echo/$", Echo)'
        more = ', url("^ws$", Echo), url("^live/echo/$", Echo)'
        self.change("tiny/routing.py", routing, routing + more)
        self.folder, self.acme = folder, folder / "acme"
        self.conf, self.log = folder / "conf", folder / "log"
        for name in ("run", "run-root", "log", "reports"):
            (folder / name).mkdir()
        (folder / "run").chmod(0o700)
        challenges = self.acme / ".well-known" / "acme-challenge"
        challenges.mkdir(parents=True)
        (challenges / "token").write_text("proof")
        self.port, self.plain = self.site.port, free_port()
        words = ["--output", str(self.conf), "--user", getpass.getuser(), "--listen", "127.0.0.1"]
        words += ["--domain", "*.site.example", "--tls-cert", certificate[0]]
        words += ["--tls-key", certificate[1], "--port", str(self.port)]
        words += ["--redirect-port", str(self.plain), "--health-from", BALANCER]
        words += ["--acme-root", str(self.acme), "--run-dir", str(folder / "run")]
        words += ["--log-dir", str(self.log), "--websocket-path", "/ws"]
        words += ["--websocket-path", "/live/", "--env", "REPORTS=%s" % (folder / "reports")]
        words += ["--nginx", nginx_or_skip(), "--redis-server", binaries.redis_server()]
        words += ["--daphne-port", str(free_port())]
        code, out, err = self.site.run("render", *words)
        assert (code, err) == (0, ""), err
        own = self.conf / "nginx-own"
        own.mkdir()
        (own / "robots.conf").write_text('location = /robots.txt { return 200 "own"; }\n')
        environ = {"PATH": os.environ["PATH"], "PYTHONPATH": CHECKOUT}  # no locale
        self.process = subprocess.Popen(
            binaries.supervisord() + ["-n", "-s", "-c", str(self.conf / "supervisord.conf")],
            env=environ,
            cwd=str(folder),
        )
        try:
            wait_until(lambda: self.get("meta", tls=True)[0] == 200, 60)
            wait_until(lambda: self.handshake("/ws/echo/") == 101, 60)
        except BaseException:
            self.stop()
            raise

    def append(self, name, text):
        with open(os.path.join(self.site.folder, name), "a") as file:
            file.write(text)

    def change(self, name, before, after):
        path = os.path.join(self.site.folder, name)
        with open(path) as file:
            text = file.read()
        assert before in text
        with open(path, "w") as file:
            file.write(text.replace(before, after))

    def connection(self, tls, source=STRANGER):
        address = ("127.0.0.1", self.port if tls else self.plain)
        made = socket.create_connection(address, 20, (source, 0))
        return ssl._create_unverified_context().wrap_socket(made) if tls else made

    def get(self, path, host="www.site.example", tls=False, source=STRANGER, header=""):
        """(status, head, body) of a GET; (None, "", b"") for a closed connection."""
        try:
            with self.connection(tls, source) as client:
                lines = "GET /%s HTTP/1.0\r\nHost: %s\r\n%s\r\n" % (path, host, header)
                client.sendall(lines.encode())
                answer = b"".join(iter(lambda: client.recv(65536), b""))
        except OSError:
            return None, "", b""
        head, _, body = answer.partition(b"\r\n\r\n")
        return (int(head.split()[1]), head.decode(), body) if head else (None, "", b"")

    def handshake(self, path):
        header = "Origin: https://www.site.example\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        header += "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: c29tZXRoaW5nIHJhbmRvbQ==\r\n"
        lines = "GET %s HTTP/1.1\r\nHost: www.site.example\r\n%s\r\n" % (path, header)
        try:
            with self.connection(tls=True) as client:
                client.sendall(lines.encode())
                return int(client.recv(1024).split()[1])
        except (OSError, IndexError):
            return None

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(60)
        finally:
            self.process.kill()


@pytest.fixture(scope="module")
def installed(tmp_path_factory, certificate):
    installed = Installed(tmp_path_factory.mktemp("i"), certificate)
    yield installed
    installed.stop()


def test_a_wildcard_domain_is_answered_by_django(installed):
    """ALLOWED_HOSTS spells it otherwise than nginx."""
    for host in ("www.site.example", "a.b.site.example"):
        assert installed.get("meta", host, tls=True)[0] == 200
    assert installed.get("meta", "evil.example", tls=True)[0] is None
    assert installed.get("meta", "evil.example")[0] is None


@pytest.mark.parametrize("path", ["healthz", "metrics"])
def test_a_check_by_address_is_answered_where_it_is_named(installed, path):
    for tls in (False, True):
        for host in ("10.0.0.2", "127.0.0.1:%d" % installed.port, "www.site.example"):
            code, _, body = installed.get(path, host, tls, BALANCER)
            assert code == 200, (host, tls)
            meta = json.loads(body.decode())
            assert meta["REMOTE_ADDR"] == BALANCER and meta["HTTP_X_FORWARDED_PROTO"] == "https"
            assert meta["HTTPS"] == "on"
            assert meta["HTTP_HOST"] == "site.example"


@pytest.mark.parametrize("path", ["healthz", "metrics"])
def test_a_check_by_address_is_for_nobody_else(installed, path):
    for tls in (False, True):
        assert installed.get(path, "10.0.0.2", tls, STRANGER)[0] is None
        handed_on = "X-Forwarded-For: 6.6.6.6\r\n"
        assert installed.get(path, "10.0.0.2", tls, BALANCER, handed_on)[0] is None
    assert installed.get("meta", "10.0.0.2", source=BALANCER)[0] is None
    code, head, _ = installed.get(path, source=STRANGER)
    target = "https://www.site.example:%d/%s" % (installed.port, path)
    assert code == 301 and "Location: %s\r\n" % target in head + "\r\n"
    assert installed.get(path, tls=True)[0] == 200


def test_the_certificates_challenge_is_served_on_both_ports(installed):
    path = ".well-known/acme-challenge/"
    for tls in (False, True):
        assert installed.get(path + "token", tls=tls)[::2] == (200, b"proof")
        assert installed.get(path + "none", tls=tls)[0] == 404
    assert installed.get("other")[0] == 301


def test_a_location_of_ones_own_stays(installed):
    assert installed.get("robots.txt", tls=True)[::2] == (200, b"own")


def test_every_websocket_path_with_and_without_its_slash(installed):
    assert installed.handshake("/ws/echo/") == installed.handshake("/ws") == 101
    assert installed.handshake("/live/echo/") == 101
    # No route is there: daphne says so, and nginx does not redirect.
    assert installed.handshake("/live") not in (101, 301, None)


def test_text_in_any_script(installed):
    """With no locale at all in the environment of supervisord."""
    code, _, body = installed.get("encoding", tls=True)
    assert code == 200, body
    assert json.loads(body.decode())["lang"] in ("C.UTF-8", "C.utf8", "en_US.UTF-8")
    assert os.listdir(str(installed.folder / "reports")) == ["\u62a5\u544a.pdf"]
    log = installed.log / "uwsgi.log"
    assert wait_until(lambda: "\u4e2d" in log.read_text(encoding="utf-8"))


def test_what_slow_clients_leave_fills_no_disk(installed):
    folder = installed.folder / "run-root" / "nginx-uwsgi"

    def held():
        """Bytes in nginx's temporary files, which have no name any more."""
        found = 0
        for pid in processes.every(name="nginx"):
            try:
                handles = os.listdir("/proc/%d/fd" % pid)
            except OSError:  # another test's, which has ended meanwhile
                continue
            for handle in handles:
                link = "/proc/%d/fd/%s" % (pid, handle)
                try:
                    if str(folder) in os.readlink(link):
                        found += os.stat(link).st_size
                except OSError:
                    continue
        return found

    client = installed.connection(tls=True)
    try:
        client.sendall(b"GET /big HTTP/1.0\r\nHost: www.site.example\r\n\r\n")
        wait_until(lambda: held() > 10 * 1024**2)
        sizes = []

        def steady():
            sizes.append(held())
            return len(sizes) > 20 and len(set(sizes[-10:])) == 1

        wait_until(steady)
        assert sizes[-1] <= 17 * 1024**2
    finally:
        client.close()


def test_the_logs_are_opened_again_as_logrotate_is_told(installed):
    rules = (installed.conf / "logrotate.conf").read_text(encoding="utf-8")
    (script,) = re.findall(r"postrotate\n(.*?)endscript", rules, re.S)
    # A distribution's nginx on this machine is not the test's to signal.
    script = script.replace(" /run/nginx.pid ", " ")
    log = installed.log / "nginx-access.log"
    assert str(log).startswith(re.search(r"^(/\S+)\*\.log \{$", rules, re.M).group(1))
    log.rename(str(log) + ".1")
    environ = {"PATH": "/usr/bin:/bin"}  # cron's
    done = subprocess.run(["/bin/sh", "-ec", script], env=environ, stderr=subprocess.PIPE)
    assert (done.returncode, done.stderr) == (0, b"")
    assert wait_until(log.exists)
    assert installed.get("meta?after", tls=True)[0] == 200
    assert wait_until(lambda: "meta?after" in log.read_text())


def test_the_check_in_the_notes_can_be_typed(installed):
    if not shutil.which("curl"):
        pytest.skip("curl is not installed")
    notes = (installed.conf / "README.txt").read_text(encoding="utf-8")
    (command,) = re.findall(r"^ *(curl (?:.*\\\n)*.*)$", notes, re.M)
    public = "https://www.site.example:%d" % installed.port
    assert "Origin: " + public in command and public + "/ws/echo/" in command
    words = shlex.split(command.replace("\\\n", " "))
    words[1:1] = ["-k", "--resolve", "www.site.example:%d:127.0.0.1" % installed.port]
    done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    assert done.stdout.startswith(b"HTTP/1.1 101"), done.stdout
