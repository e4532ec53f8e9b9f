"""What /metrics tells of a real uWSGI, whose stats server may hang or be gone."""

import os
import re
import signal
import socket
import threading
import time
import urllib.error
import urllib.request

import pytest

from compat.health import listen_queue, uwsgi_stats
from deploy_conf.running import Run
from tests.support.sites import live
from tests.support.wait import wait_until

SETTINGS = 'STREAMS_NOTIFICATIONS = "none"\nCOMPAT_METRICS = True\n'
VIEWS = """

def slow(request):
    import os, time
    while not os.path.exists("gate"):
        time.sleep(0.02)
    return say(request)

def broken(request):
    from mysite import nothing

def stuck(request):
    import time
    time.sleep(600)

urlpatterns += [url("^slow/$", slow), url("^broken/$", broken), url("^stuck/$", stuck)]
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    found = live.Site(tmp_path_factory.mktemp("live") / "site", SETTINGS)
    with open(os.path.join(found.folder, "mysite", "urls.py"), "a") as file:
        file.write(VIEWS)
    words = ["--no-redis", "--uwsgi-processes", "1", "--daphne-processes", "1", "--harakiri", "20"]
    code, out, err = found.up(*words)
    assert code == 0, out + err
    yield found
    found.down()


def get(site, path):
    """(status, text); None where nginx had to give up."""
    try:
        with urllib.request.urlopen(site.url + path, timeout=60) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode("utf-8", "replace")


def numbers(site):
    """{what is before the number: number} of uWSGI's."""
    code, text = get(site, "metrics")
    assert code == 200 and "compat_healthy" in text
    found = re.findall(r"^(compat_uwsgi\S+) (\S+)$", text, re.M)
    return {name.replace("compat_uwsgi_", ""): float(number) for name, number in found}


def test_workers_requests_exceptions_and_memory(site):
    before = numbers(site)
    assert before["up"] == 1
    assert before['workers{state="busy"}'] == 1 and before['workers{state="idle"}'] == 0
    assert get(site, "broken/")[0] == 500
    assert get(site, "say/?bridge=compat&text=x")[0] == 200
    after = numbers(site)
    assert after["requests_total"] == before["requests_total"] + 3
    assert after["harakiri_total"] == 0
    assert after["exceptions_total"] == before["exceptions_total"]  # Django has answered it
    assert 1e6 < after['rss_bytes{worker="1"}'] < 1e9
    assert "# TYPE compat_uwsgi_requests_total counter" in get(site, "metrics")[1]


def test_who_waits_for_a_worker_is_counted(site):
    found = {}
    threads = []
    path = socket_of(site, "uwsgi.sock")
    assert listen_queue.of(path) == 0
    assert listen_queue.of(path + ".not") is None

    def ask(path):
        thread = threading.Thread(target=lambda: found.setdefault(path, get(site, path)))
        thread.start()
        threads.append(thread)

    def queued(number):
        return lambda: listen_queue.of(path) == number

    ask("slow/?bridge=compat&text=y")
    wait_until(lambda: site_is_busy(site), 20)
    for number, page in enumerate(["metrics", "say/?bridge=compat&text=1", "healthz"]):
        ask(page)
        wait_until(queued(number + 1), 20)
    with open(os.path.join(site.folder, "gate"), "w"):
        pass
    for thread in threads:
        thread.join(60)
    assert 'compat_uwsgi_listen_queue{socket="%s"} 2.0' % path in found["metrics"][1]


def site_is_busy(site):
    return 1 in [one[3] for one in asked(site) if one[2] == {"state": "busy"}]


def asked(site):
    """What its stats server tells this process."""
    return uwsgi_stats.known(socket_of(site, "uwsgi.stats"))


def socket_of(site, name):
    return os.path.join(Run(site.var).read()["sockets"], name)


def test_a_stats_server_that_hangs_or_is_gone_leaves_the_page(site):
    master = site.programs()["uwsgi"]
    os.kill(master, signal.SIGSTOP)
    try:
        begun = time.monotonic()
        assert numbers(site) == {"up": 0}
        assert time.monotonic() - begun < 20
    finally:
        os.kill(master, signal.SIGCONT)
    wait_until(lambda: numbers(site)["up"] == 1, 20)
    path = socket_of(site, "uwsgi.stats")
    os.rename(path, path + ".gone")
    try:
        assert numbers(site) == {"up": 0}
    finally:
        os.rename(path + ".gone", path)
    assert numbers(site)["up"] == 1


def test_a_request_that_took_too_long_is_counted(site):
    with open(os.path.join(site.var, "conf", "uwsgi.ini")) as file:
        text = file.read()
    with open(os.path.join(site.var, "conf", "uwsgi.ini"), "w") as file:
        file.write(text.replace("harakiri = 20\n", "harakiri = 1\n"))
    master = site.programs()["uwsgi"]
    os.kill(master, signal.SIGTERM)  # supervisor starts it again
    wait_until(lambda: site.programs().get("uwsgi", master) != master, 60)
    wait_until(lambda: asked(site)[0][3] == 1)
    assert get(site, "stuck/")[0] in (502, 504)
    # Not by the page, which may take longer than this as well.
    wait_until(lambda: total(site, "harakiri") >= 1)


def total(site, name):
    """A sum over the workers."""
    return dict((one[0], one[3]) for one in asked(site)).get("compat_uwsgi_%s_total" % name, 0)


class Says:
    """A stats server that says something, and what is told of it."""

    def __init__(self, folder, text, ends=True):
        self.path, self.text, self.ends = str(folder / "s"), text, ends
        self.listening = socket.socket(socket.AF_UNIX)
        self.listening.bind(self.path)
        self.listening.listen(1)

    def told(self):
        thread = threading.Thread(target=self.serve)
        thread.start()
        found = uwsgi_stats.known(self.path)
        thread.join()
        return [(name, number) for name, _, _, number in found]

    def serve(self):
        connection = self.listening.accept()[0]
        try:
            while connection.send(self.text) and not self.ends:
                time.sleep(0.05)  # longer than the page waits, in pieces
        except OSError:
            pass
        connection.close()


@pytest.mark.parametrize(
    "text", [b"", b"{", b"[]", b"{}", b'{"workers": [{}]}', b'{"workers": 1}', b"\xff{", b"null"]
)
def test_nonsense_is_nobody(tmp_path, text):
    assert Says(tmp_path, text).told() == [("compat_uwsgi_up", 0)]


def test_who_never_ends_is_nobody(tmp_path):
    begun = time.monotonic()
    assert Says(tmp_path, b"{", ends=False).told() == [("compat_uwsgi_up", 0)]
    assert time.monotonic() - begun < 20


def test_a_head_of_http_and_other_addresses(tmp_path):
    text = b'HTTP/1.0 200 OK\r\n\r\n{"workers": [], "sockets": []}'
    assert ("compat_uwsgi_up", 1) in Says(tmp_path, text).told()
    assert uwsgi_stats.known(None) == [] == uwsgi_stats.known(uwsgi_stats.address())
    for where in ("127.0.0.1:1", ":1", "@nobody", str(tmp_path / "none")):
        assert [one[3] for one in uwsgi_stats.known(where)] == [0]
