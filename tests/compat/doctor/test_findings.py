"""A running stack is broken in each way, and the doctor names that way first."""

import json
import os
import re
import signal
import socket
import subprocess

import pytest

from compat.doctor import examined, findings, managed, wire
from tests.compat.doctor.kinds import every_one, first
from tests.compat.doctor.looking import PATH, look
from tests.compat.doctor.stack import HOST_HEADER, UPGRADE, Front, Proxies, shell
from tests.support import CHECKOUT, fixtures
from tests.support.servers import free_port
from tests.support.sites import site_packages


@pytest.fixture(scope="module")
def proxies(stack, tmp_path_factory, certificate):
    proxies = Proxies(tmp_path_factory.mktemp("proxies"), stack, certificate)
    yield proxies
    proxies.stop()


def examined_processes(stack):
    """Its daphnes, as the doctor finds them."""
    return examined.Site(examined.Options(stack.site.folder)).processes.of("daphne")


def test_a_healthy_stack_has_no_finding(stack, views):
    assert look(stack, views=views) == []
    assert {view.kind for view in views} == {"daphne", "uwsgi"}
    assert all(view.facts["bridge"] == "compat" for view in views)


def test_the_command_on_a_healthy_stack(stack):
    code, said, error = shell(stack, "doctor", "--url", stack.url, "--json")
    assert (code, error) == (0, "")
    answer = json.loads(said)
    assert (answer["findings"], answer["remarks"]) == ([], [])
    assert answer["kinds"] == len(findings.every())


def test_the_command_on_a_broken_one(stack, proxies):
    code, said, error = shell(
        stack, "doctor", "--url", proxies.urls["closed"], "--path", PATH, "--no-color"
    )
    assert (code, error) == (1, "")
    lines = said.splitlines()
    assert lines[0].startswith("daphne-not-reached  The address, or daphne behind it,")
    assert [line.split()[0] for line in lines[1:5]] == ["seen", "why", "change", "more"]
    assert lines[4].endswith("docs/guide/troubleshoot.md#daphne-not-reached")
    assert lines[-1].endswith(" kinds of faults were looked for: 1 found")


# Between the world and the processes.


def test_a_proxy_without_upgrade(stack, proxies, views):
    one = first(look(stack, proxies.urls["plain"], views=views), "upgrade-not-forwarded")
    assert "from daphne itself 101" in one.observed
    assert "proxy_set_header Upgrade $http_upgrade" in one.change


def test_a_redirect(stack, proxies, views):
    one = first(look(stack, proxies.urls["redirect"], views=views), "websocket-redirected")
    assert "301 to https://www.site.example/ws/echo/" in one.observed


def test_a_proxy_that_replaces_the_host(stack, proxies, views):
    first(look(stack, proxies.urls["host"], views=views), "host-replaced")


def test_a_proxy_that_does_not_reach_daphne(stack, proxies, views):
    one = first(look(stack, proxies.urls["closed"], views=views), "daphne-not-reached")
    assert "gets 502" in one.observed


def test_a_proxy_that_is_not_there(stack, proxies, views):
    url = "http://127.0.0.1:%d" % proxies.closed
    first(look(stack, url, views=views), "daphne-not-reached")


def test_an_origin_that_is_not_allowed(stack, proxies, views):
    found = look(stack, proxies.urls["second"], "/ws/strict/", views=views)
    one = first(found, "origin-refused")
    assert proxies.urls["second"] in one.observed and proxies.urls["second"] in one.change


def test_clients_without_an_origin(stack, views):
    """The default refuses them, which is no finding, but said."""
    site = examined.Site(examined.Options(stack.site.folder, stack.url, PATH))
    site.kept["views"] = views
    told = "%s/ws/echo/ gets 101 with its own Origin, 403 without one (as apps, probes and scripts "
    told += 'are); "none" in SOCKETS_ORIGINS lets these in'
    assert site.looked == [told % stack.url]


def test_clients_without_an_origin_are_wanted(stack, views, tmp_path):
    """Before the site's own daphne a proxy refuses them; of another route the validator does."""
    front = Front(tmp_path)
    rule = (
        'location / { if ($http_origin = "") { return 403; } proxy_pass http://127.0.0.1:%d; %s }'
    )
    port = free_port()
    front.add("rule", rule % (port, HOST_HEADER + UPGRADE))
    front.start()
    try:
        with stack.daphne(port=port, ORIGINS="none %s" % front.urls["rule"]) as server:
            url = "http://127.0.0.1:%d" % port
            strict = look(stack, url, "/ws/channels/", views=views, server=server)
            behind = look(stack, front.urls["rule"], views=views, server=server)
            site = examined.Site(examined.Options(stack.site.folder, front.urls["rule"], PATH))
            target = site.public._replace(address=("127.0.0.1", port))
            assert wire.handshake(target, PATH, "").status == 101
    finally:
        front.stop()
    one = first(strict, "no-origin-refused")
    assert one.observed.endswith("gets 403 without an Origin, 101 with its own")
    assert one.change.startswith("routing.py: guard()")
    one = first(behind, "no-origin-refused")
    assert one.observed.endswith("101 with its own; from daphne itself 101")
    assert one.change.startswith("The rule of a proxy in front")


def test_a_host_that_is_not_allowed(stack, proxies, views):
    one = first(look(stack, proxies.urls["third"], views=views), "host-not-allowed")
    assert "/ gets 400" in one.observed and 'ALLOWED_HOSTS = ["127.0.0.3"]' in one.change


def test_nginx_without_the_location(stack, proxies, views):
    with stack.without("nginx"):
        found = look(stack, proxies.urls["uwsgi"], views=views)
    one = first(found, "location-not-included")
    assert re.search(r"none of \d+ nginx names :\d+$", one.observed)


def test_a_certificate_that_ends(stack, proxies, views, certificate, monkeypatch):
    one = first(look(stack, proxies.urls["tls"], views=views), "certificate-ends")
    # Python 3.6 does not say why.
    assert re.search("is refused: (self|.*CERTIFICATE_VERIFY_FAILED)", one.observed)
    monkeypatch.setenv("SSL_CERT_FILE", certificate[0])
    one = first(look(stack, proxies.urls["tls"], views=views), "certificate-ends")
    assert "ends in 0 days" in one.observed


def test_a_certificate_that_has_ended(stack, views, tmp_path, monkeypatch):
    pair = fixtures.make_certificate(tmp_path, ends=-1)
    monkeypatch.setenv("SSL_CERT_FILE", pair[0])
    front = Front(tmp_path)
    tls = "ssl_certificate %s; ssl_certificate_key %s;" % pair
    to = "location / { proxy_pass http://127.0.0.1:%d; %s %s }"
    port = front.add("expired", to % (stack.site.port, HOST_HEADER, UPGRADE), tls)
    front.start()
    try:
        found = look(stack, "https://localhost:%d" % port, views=views)
    finally:
        front.stop()
    one = first(found, "certificate-ends")
    # Python 3.6 does not say why.
    assert re.search("is refused: (certificate has expired|.*CERTIFICATE_VERIFY_F)", one.observed)


def test_a_static_file_that_was_not_collected(stack, views):
    path = stack.path("static files/streams/streams.js")
    os.rename(path, path + ".away")
    try:
        one = first(look(stack, views=views), "static-missing")
    finally:
        os.rename(path + ".away", path)
    assert "/static/streams/streams.js gets 404" in one.observed


def test_a_health_check_by_address(stack, proxies, views):
    good = stack.url + "/healthz"
    assert look(stack, health=good, views=views) == []
    bad = proxies.urls["third"] + "/healthz"
    first(look(stack, health=bad, views=views), "health-check-refused")


# The processes.


def test_no_daphne(stack):
    with stack.without("daphne"):
        found = look(stack)
    first(found, "daphne-not-running")


def test_a_daphne_that_does_not_listen(stack, views, tmp_path):
    # Busy with its start for ever: its application waits before daphne listens.
    with open(stack.path("tiny/stuck.py"), "w") as file:
        file.write("import time\nopen(%r, 'w').close()\ntime.sleep(600)\n" % str(tmp_path / "on"))
    with stack.starting("tiny.stuck:application", tmp_path / "on") as pid:
        found = look(stack, views=views)
    one = first(found, "daphne-no-socket")
    assert "daphne (pid %d) listens nowhere" % pid in one.observed


def test_a_process_without_the_bridge(stack, views):
    paths = os.pathsep.join([stack.site.folder, CHECKOUT, os.path.dirname(pytest.__path__[0])])
    with stack.daphne("-S", application="tiny.plain:application", PYTHONPATH=paths) as server:
        one = first(look(stack, views=views, server=server), "bridge-not-active")
    assert "pid %d" % server.process.pid in one.observed


def test_a_routing_that_cannot_be_imported(stack):
    with stack.changed("tiny/routing.py", lambda text: text + "\nimport nothing_of_that_name\n"):
        one = first(look(stack), "application-not-importable")
    assert "No module named 'nothing_of_that_name'" in one.observed


def test_pages_that_cannot_be_imported(stack):
    """manage.py, daphne and uWSGI start; each page is a 500."""
    with stack.changed("tiny/urls.py", lambda text: text + "\nimport nothing_of_that_name\n"):
        one = first(look(stack), "application-not-importable")
    assert "No module named 'nothing_of_that_name'" in one.observed and "ROOT_URLCONF" in one.change


def test_models_before_setup(stack):
    daphne = examined_processes(stack)[0]
    early = "import compat\ncompat.install()\nimport django.contrib.auth.models\n"
    with stack.changed("tiny/asgi.py", lambda text: early + text):
        one = first(look(stack), "application-not-importable")
    assert "AppRegistryNotReady" in one.observed and "django.setup()" in one.change
    assert str(daphne.pid) in one.observed


def test_another_settings_module(stack, views):
    with stack.daphne(DJANGO_SETTINGS_MODULE="tiny.other") as server:
        one = first(look(stack, views=views, server=server), "settings-differ")
    assert "has tiny.other" in one.observed and "has tiny.settings" in one.observed


def test_a_database_that_is_not_there(stack, views, tmp_path):
    with stack.daphne(DATABASE=str(tmp_path / "none" / "db.sqlite3")) as server:
        one = first(look(stack, views=views, server=server), "database-unreachable")
    assert "unable to open database file" in one.observed


def test_servers_that_keep_silent(stack, redis):
    """As behind a firewall: what hangs is named as well as what refuses, and by its own name."""
    redis.process.send_signal(signal.SIGSTOP)
    try:
        with socket.socket() as silent:
            silent.bind(("127.0.0.1", 0))
            silent.listen(5)
            port = str(silent.getsockname()[1])
            with stack.daphne(PGPORT=port, REDIS_URL=redis.url) as server:
                found = look(stack, server=server)
    finally:
        redis.process.send_signal(signal.SIGCONT)
    assert [one.id for one in found] == ["database-unreachable", "redis-unreachable"]
    assert all("no answer within 6 s" in one.observed for one in found)


def test_a_folder_that_cannot_be_written(stack, views, tmp_path):
    (tmp_path / "file").write_text("in the way, for root too")
    with stack.daphne(MEDIA=str(tmp_path / "file" / "media")) as server:
        one = first(look(stack, views=views, server=server), "folder-not-writable")
    assert "daphne" in one.observed and one.observed.endswith("/file/media, MEDIA_ROOT")


@pytest.fixture
def full(tmp_path):
    """A folder on a disk without space."""
    folder = tmp_path / "full"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "none", str(folder)]
    done = subprocess.run(mount, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if done.returncode:
        pytest.skip("no file system can be mounted here: %s" % done.stdout.decode().strip())
    (folder / "big").write_bytes(b"x" * (1024 * 1024 - 8192))
    yield str(folder)
    subprocess.check_call(["umount", str(folder)])


def test_a_full_disk(stack, views, full):
    with stack.daphne(MEDIA=full) as server:
        one = first(look(stack, views=views, server=server), "disk-full")
    assert one.observed.endswith("are left for " + full)


def test_no_layer(stack, views):
    with stack.daphne(LAYER="none") as server:
        first(look(stack, views=views, server=server), "layer-missing")


def test_a_database_that_cannot_notify(stack, views):
    with stack.daphne(LAYER="none", NOTIFICATIONS="postgresql") as server:
        one = first(look(stack, views=views, server=server), "notifications-not-heard")
    assert one.observed.endswith("ValueError: the database default is no PostgreSQL")


def test_a_layer_in_memory(stack):
    with stack.daphne(LAYER="memory") as server:
        first(look(stack, server=server), "layer-in-memory")


def test_a_redis_that_is_not_there(stack, proxies):
    with stack.daphne(REDIS_URL="redis://127.0.0.1:%d/0" % proxies.closed) as server:
        one = first(look(stack, server=server), "redis-unreachable")
    assert "daphne" in one.observed


def test_another_redis_which_evicts(stack, more_redis):
    evicting = more_redis("--maxmemory", "64mb", "--maxmemory-policy", "allkeys-lru")
    with stack.daphne(REDIS_URL=evicting.url) as server:
        found = look(stack, server=server)
    one = first(found, "redis-databases-differ")
    assert "pid %d" % server.process.pid in one.observed
    assert [one.id for one in found[1:]] == ["redis-evicts"]
    assert found[1].observed == "maxmemory-policy is allkeys-lru"


def test_a_daemon_without_utf8(stack, views):
    ascii_only = {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}
    with stack.daphne(**ascii_only) as server:
        one = first(look(stack, views=views, server=server), "daemon-not-utf8")
    assert "daphne" in one.observed


def with_packages(stack, folder, versions):
    """The variables of a daphne that has other packages as well, as pip would leave them."""
    site_packages.write(folder, versions)
    return {"PYTHONPATH": os.pathsep.join([str(folder), stack.site.environment["PYTHONPATH"]])}


def test_packages_that_cannot_work_together(stack, views, tmp_path):
    with stack.daphne(**with_packages(stack, tmp_path, {"asgi_redis": "1.4.3"})) as server:
        one = first(look(stack, views=views, server=server), "packages-impossible")
    assert one.observed.startswith("asgi-redis 1.4.3 with channels 2.1.4")


def test_a_daphne_with_other_packages_than_uwsgi(stack, views, tmp_path):
    with stack.daphne(**with_packages(stack, tmp_path, {"msgpack": "0.5.0"})) as server:
        one = first(look(stack, views=views, server=server), "packages-differ")
    pid = server.process.pid
    assert re.match(r"msgpack: daphne \(pid %d\) has 0.5.0, uwsgi \(pid \d+\) " % pid, one.observed)


def look_briefly(monkeypatch, *words, **options):
    """The same, for what hangs: else it is asked for ten seconds."""
    with monkeypatch.context() as brief:
        brief.setattr(wire, "SECONDS", 2.0)
        return look(*words, **options)


def test_a_daphne_that_was_stopped(stack, views, monkeypatch):
    """One of the two that share a socket."""
    one = examined_processes(stack)[0]
    os.kill(one.pid, signal.SIGSTOP)
    try:
        told = first(look_briefly(monkeypatch, stack, views=views), "daphne-hangs")
    finally:
        os.kill(one.pid, signal.SIGCONT)
    assert told.observed.startswith("daphne (pid %d) is stopped (state T)" % one.pid)
    assert look(stack, views=views) == []


def test_a_daphne_whose_loop_is_blocked(stack, views, monkeypatch):
    with stack.daphne() as server:
        target = wire.Target(("127.0.0.1", server.port), "127.0.0.1")
        answer = wire.handshake(target, "/ws/blocks/", "http://127.0.0.1")
        found = look_briefly(monkeypatch, stack, views=views, server=server)
        server.process.kill()  # a blocked one hears no SIGTERM
    assert answer.error == "timed out"
    one = first(found, "daphne-hangs")
    assert one.observed.startswith("daphne (pid %d) does not answer" % server.process.pid)
    assert one.change.startswith("supervisorctl restart") and str(server.process.pid) in one.change


def test_a_handshake_that_the_site_does_not_take(stack, views):
    with stack.daphne(COMPAT_HANDSHAKE_SECONDS="5") as server:
        for path, status, change in (
            ("/ws/none/", 404, "The route in routing.py"),
            ("/ws/raises/", 500, "The line of that time"),
            ("/ws/waits/", 503, "What connect() waits for"),
        ):
            found = look(stack, path=path, views=views, server=server)
            one = first(found, "handshake-fails")
            assert one.observed == "%s gets %d from daphne itself" % (path, status)
            assert one.change.startswith(change)


def test_a_name_that_nobody_knows(stack, views):
    one = first(look(stack, "http://no-such-host.invalid", views=views), "host-not-resolved")
    assert one.observed.startswith("no-such-host.invalid: ")


def test_a_stop_that_is_not_waited_for(stack):
    def hasty(text):
        drain = re.sub("COMPAT_DRAIN_SECONDS=[^,]*", 'COMPAT_DRAIN_SECONDS="600"', text, count=1)
        return re.sub("stopwaitsecs = .*", "stopwaitsecs = 30", drain, count=1)

    with stack.supervised(hasty):
        found = look(stack)
        one = examined_processes(stack)[0]
        rule = managed.rule(one)
    assert rule == managed.Rule("supervisor", 30, "TERM")
    told = first(found, "stop-wait-short")
    assert told.observed.endswith("supervisor kills it after 30 s")
    assert "stopwaitsecs = 605 " in told.change
    away = dict(one.environ, SUPERVISOR_SERVER_URL="unix://" + stack.path("none"))
    assert managed.rule(one._replace(environ=away)) is None


def test_each_was_broken(request):
    every_one(request)
