"""Real nginxes before one real daphne, each wrong in a way, and the doctor names that way first."""

import os
import re
import signal

import pytest

from compat.doctor import examined, report, wire
from compat.doctor.findings import clock_wrong, selinux_denies
from tests.compat.doctor.kinds import every_one, first
from tests.compat.doctor.stack import HOST_HEADER, UPGRADE, Files, Front
from tests.support import clock
from tests.support.fixtures import or_skip
from tests.support.nginx import nginx_or_skip
from tests.support.redis import Redis
from tests.support.servers import free_port

PATH = "/ws/echo/"
FORWARDED = """proxy_set_header X-Forwarded-For $remote_addr;
    proxy_set_header X-Forwarded-Proto $scheme;"""
GOOD = HOST_HEADER + UPGRADE + FORWARDED


@pytest.fixture(scope="module")
def front(tmp_path_factory, certificate):
    nginx_or_skip()
    files = Files(tmp_path_factory.mktemp("ways"))
    redis = Redis(tmp_path_factory.mktemp("redis"))
    files.variables["REDIS_URL"] = redis.url
    port, bare, dead = free_port(), free_port(), free_port()
    tls = "ssl_certificate %s; ssl_certificate_key %s; " % certificate
    around = "upstream two { server 127.0.0.1:%d max_fails=0; server 127.0.0.1:%d max_fails=0; }"
    front = Front(tmp_path_factory.mktemp("front"), around % (port, dead))

    def add(name, headers, to=port, tls="", more=""):
        to = "127.0.0.1:%d" % to if isinstance(to, int) else to
        body = "location / { proxy_pass http://%s; %s }\n%s" % (to, headers, more)
        return front.add(name, body, tls)

    good = add("good", GOOD)
    add("short", GOOD + "proxy_read_timeout 5s;")
    add("buffered", GOOD + "proxy_ignore_headers X-Accel-Buffering;")
    add("unbuffered", GOOD + "proxy_ignore_headers X-Accel-Buffering; proxy_buffering off;")
    old = UPGRADE.replace("1.1", "1.0")
    assert old != UPGRADE
    add("old", HOST_HEADER + FORWARDED + old)
    lost = add("lost", HOST_HEADER + FORWARDED)
    add("outer", HOST_HEADER + UPGRADE, to=good)
    add("lost outside", HOST_HEADER, to=good)
    add("lost inside", GOOD, to=lost)
    add("hidden", HOST_HEADER + UPGRADE)
    add("no flag", GOOD, to=bare)
    add("tls", GOOD, tls=tls)
    add("tls outside", GOOD, to=good, tls=tls)
    told = GOOD.replace("$scheme", "$http_x_forwarded_proto")
    kept = add("kept", "set_real_ip_from 127.0.0.0/8; real_ip_header X-Forwarded-For;" + told)
    add("tls around", GOOD, to=kept, tls=tls)
    add("two", GOOD, to="two")
    add("closed", GOOD, to=dead)
    add("tls bare", GOOD, to=bare, tls=tls)
    add("tls outside bare", GOOD, to=add("in front of bare", GOOD, to=bare), tls=tls)
    front.files, front.port, front.bare, front.dead = files, port, bare, dead
    front.start()
    with files.daphne(port=port, words=["--proxy-headers"]) as front.daphne:
        yield front
    front.stop()
    redis.stop()


@pytest.fixture(scope="module")
def views(front):
    """What the daphne sees, for tests that break what is before it."""
    return seen(front)


def seen(front):
    """This process, which the doctor asks as well, has not the site's variables."""
    views = examined.Site(examined.Options(front.files.site.folder)).views
    return [one for one in views if one.kind]


def look(front, name, views, path=PATH):
    site = examined.Site(examined.Options(front.files.site.folder, front.urls[name], path))
    # Asked of the real one, once; not of the nginx of other tests on this machine.
    command = examined.masters()[front.server.process.pid]
    if not front.text:
        front.text = examined._nginx(command)
    site.kept.update(views=views, nginx=[front.text])
    found = report.examine(site)
    assert found.remarks == []
    # Nobody has signed the certificate, and what serves files here is daphne.
    return [one for one in found.found if one.id not in ("certificate-ends", "static-missing")]


@pytest.mark.parametrize("name", ["good", "unbuffered", "old", "tls", "tls around"])
def test_a_way_on_which_nothing_is_wrong(front, views, name):
    """HTTP/1.0 is none: daphne, and nginx before it, take an upgrade over it as well."""
    assert look(front, name, views) == []


def test_an_idle_socket_is_given_up(front, views):
    one = first(look(front, "short", views), "proxy-timeout-short")
    assert one.observed.startswith("proxy_read_timeout is 5 s for location / in ")
    assert one.observed.endswith(", daphne pings after 20 s")


def test_an_idle_socket_is_given_up_by_a_proxy_that_nobody_can_read(front):
    """As a balancer or a CDN does: it is seen from outside, in the time that it takes."""
    site = examined.Site(
        examined.Options(front.files.site.folder, front.urls["short"], PATH, wait=True)
    )
    site.kept.update(views=seen(front), nginx=[])
    one = first([one for one in report.examine(site).found], "proxy-timeout-short")
    assert re.search(r"was cut after [4-9] s, daphne pings after 20 s$", one.observed)
    assert one.change.endswith("--ping-interval 2") or one.change.endswith("--ping-interval 3")
    words = ["--proxy-headers", "--ping-interval", "2"]
    with front.files.daphne(port=front.bare, words=words) as server:
        public = wire.of_url(front.urls["no flag"])
        ended = wire.idle(public, PATH, wire.origin(public), 60)
        assert ended.end == "ping" and ended.seconds < 60
        server.process.send_signal(signal.SIGSTOP)
        assert wire.idle(public, PATH, wire.origin(public), 1) is None
        server.process.send_signal(signal.SIGCONT)


def test_event_streams_are_kept_back(front, views):
    one = first(look(front, "buffered", views), "stream-buffered")
    assert "nginx.conf:" in one.observed


@pytest.mark.parametrize(
    "name, where",
    [
        ("lost", ", which does not set Upgrade and Connection"),
        ("lost inside", ", which does not set Upgrade and Connection"),
        ("lost outside", ", which does not set Upgrade and Connection"),
    ],
)
def test_the_upgrade_is_lost_at_a_hop(front, views, name, where):
    one = first(look(front, name, views), "upgrade-not-forwarded")
    assert one.observed.endswith(where)
    line = int(one.observed.partition("nginx.conf:")[2].partition(",")[0])
    with open(os.path.join(front.folder, "nginx.conf")) as file:
        text = file.read().splitlines()
    block = "listen 127.0.0.1:%d" % front.ports["lost" if name == "lost inside" else name]
    assert block in "\n".join(text[line - 3 : line])


def test_each_client_has_the_address_of_nginx(front, views):
    one = first(look(front, "hidden", views), "client-address-hidden")
    assert "sets no X-Forwarded-For" in one.observed and "$remote_addr" in one.change
    with front.files.daphne(port=front.bare) as server:
        one = first(look(front, "no flag", views), "client-address-hidden")
    assert one.observed.startswith("daphne (pid %d) has no" % server.process.pid)
    assert one.change == "daphne's command: --proxy-headers"


def test_each_client_has_the_address_of_the_proxy_in_front(front, views):
    one = first(look(front, "outer", views), "client-address-hidden")
    assert "names 127.0.0.1, the proxy in front" in one.observed
    assert "set_real_ip_from 127.0.0.1;" in one.change


def test_https_is_not_told(front):
    """The proxy behind the one with TLS says its own scheme, which Django believes."""
    with front.files.daphne(port=front.bare, words=["--proxy-headers"], SSL_HEADER="1"):
        views = [one for one in seen(front) if one.facts["proxy_ssl_header"]]
        assert len(views) == 1
        one = first(look(front, "tls outside bare", views), "scheme-not-forwarded")
        assert look(front, "tls bare", views) == []
    assert one.observed.startswith("X-Forwarded-Proto arrives as http at ")
    assert "$http_x_forwarded_proto" in one.change


def test_a_page_that_redirects_to_itself(front):
    """SECURE_SSL_REDIRECT, and nothing tells Django of https."""
    with front.files.daphne(port=front.bare, REDIRECT="1"):
        views = [one for one in seen(front) if one.facts["ssl_redirect"]]
        one = first(look(front, "tls bare", views), "scheme-not-forwarded")
    assert one.observed.endswith(", which is itself") and " gets 301 to https://" in one.observed


def test_one_of_two_daphnes_is_dead(front, views):
    one = first(look(front, "two", views), "upstream-dead")
    assert one.observed.startswith("1 of 2 servers behind location / in ")
    assert one.observed.endswith(" do not answer: 127.0.0.1:%d" % front.dead)


@pytest.mark.parametrize(
    "enforce, boolean, domain, said",
    [
        ("1", "0 0", "system_u:system_r:httpd_t:s0\0", True),
        ("0", "0 0", "system_u:system_r:httpd_t:s0", False),
        ("1", "1 1", "system_u:system_r:httpd_t:s0", False),
        ("1", "0 0", "system_u:system_r:unconfined_t:s0", False),
        (None, "0 0", "system_u:system_r:httpd_t:s0", False),
    ],
)
def test_selinux_keeps_nginx_away(
    front, views, tmp_path, monkeypatch, enforce, boolean, domain, said
):
    """The 502 is real; the files of the kernel are told, since few machines that test have it."""
    pid = front.server.process.pid
    monkeypatch.setattr(selinux_denies, "ROOT", str(tmp_path))
    for name, text in (
        ("sys/fs/selinux/enforce", enforce),
        ("sys/fs/selinux/booleans/httpd_can_network_connect", boolean),
        ("proc/%d/attr/current" % pid, domain),
    ):
        if text:
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(text)
    found = look(front, "closed", views)
    if said:
        one = first(found, "selinux-denies")
        assert "nginx (pid %d) is system_u:system_r:httpd_t:s0; " % pid in one.observed
    assert [one.id for one in found][-1] == "daphne-not-reached"
    assert len(found) == 1 + said


def test_the_clock(front, views, tmp_path, monkeypatch):
    """A nginx on a machine that is an hour ahead, as far as it can tell."""
    (variable,) = or_skip(lambda: clock.ahead(tmp_path, 3600)).items()
    library = variable[1]
    wrong = Front(tmp_path)
    wrong.add("wrong", "location / { proxy_pass http://127.0.0.1:%d; %s }" % (front.port, GOOD))
    with monkeypatch.context() as there:
        there.setenv(*variable)
        wrong.start()
    wrong.files = front.files
    try:
        with open("/proc/%d/maps" % wrong.server.process.pid) as maps:
            if os.path.basename(library) not in maps.read():
                pytest.skip("the clock of this nginx cannot be moved: it is linked statically")
        one = first(look(wrong, "wrong", views), "clock-wrong")
    finally:
        wrong.stop()
    assert re.search(r"http://127.0.0.1:\d+ is (3599|3600) s ahead of this machine$", one.observed)


@pytest.mark.parametrize("text", ["", "yesterday", "Tue, 99 Jan 2019 00:00:00 GMT"])
def test_a_date_that_is_none(text):
    assert clock_wrong.told(text) == 0


def test_each_was_broken(request):
    every_one(request)
