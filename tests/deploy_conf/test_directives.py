"""
Every line that is rendered has a reason: directives.txt says which, and nothing else is there.

A line that a template loses, or gains, fails here; what the important ones do is shown elsewhere
on running servers.
"""

import os
import re
from collections import Counter

import pytest

from deploy_conf import binaries, layout, render, settings_module, site
from tests.support import directives

TABLE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "directives.txt")
READ = {
    "nginx-start.sh": directives.lines,
    "redis.conf": directives.lines,
    "uwsgi.ini": directives.ini,
    "uwsgi-worker.py": directives.lines,
    "supervisord.conf": directives.ini,
    "supervisor-programs.conf": directives.ini,
    "supervisor-daphne.conf": directives.ini,
    "logrotate.conf": directives.lines,
    "tmpfiles.conf": directives.lines,
}
SYSTEMD = re.compile(r"\.(service|socket|target|env)$")
WEBSOCKET = r"location (= /ws|\^~ /ws/)(?=:)"


class Uwsgi(binaries.Uwsgi):
    """One that has every option."""

    def knows(self, option):
        return True


LIMITS = dict(
    name="my-shop",
    websocket_paths=["/ws/"],
    harakiri=60,
    max_body="20m",
    request_rate=50,
    request_burst=200,
    login_rate=60,
    login_paths=["/accounts/login/"],
    http_connections=200,
    websocket_connections=500,
    unlimited=["127.0.0.0/8"],
    behind=["10.0.0.1"],
    health_from=["10.0.0.2"],
    health_paths=["/healthz"],
    frame_options="SAMEORIGIN",
)
SITE = site.Site(
    directory="/srv/shop",
    python="/env/bin/python",
    daphne="/env/bin/daphne",
    settings=settings_module.Chosen("shop.settings", "manage.py"),
    wsgi="shop.wsgi:application",
    asgi="shop.asgi:application",
    static_url="/static/",
    static_root="/srv/static",
    media_url="/media/",
    media_root="/srv/media",
    programs={"mail": ["/env/bin/python", "mail.py"]},
    environment={"DJANGO_SETTINGS_MODULE": "shop.settings"},
    uwsgi_processes=3,
    daphne_processes=2,
    **LIMITS,
)
COMMON = dict(
    conf="/conf",
    log="/log",
    master="/run-root",
    tmp="/tmp-root",
    nginx="/usr/sbin/nginx",
    nginx_user="www-data www-data",
    addresses=["0.0.0.0"],  # noqa: S104
    minfds=4096,
    domains=["example.org"],
    health_host="example.org",
)
PUBLIC = dict(
    COMMON,
    port=443,
    redirect_port=80,
    tls_cert="/tls/cert",
    tls_key="/tls/key",
    acme_root="/acme",
)
OF_SITE = dict(
    run="/run",
    uwsgi=Uwsgi(["/usr/bin/uwsgi"], "python311", "/env"),
    uwsgi_socket="/run/uwsgi.sock",
    daphne_port=8001,
    user="shop",
    environment={"LANG": "C.UTF-8"},
    supervisor_socket="/run-root/supervisor.sock",
    supervisord_user="root",
    redis_url="redis://r",
    redis_socket="/run/redis.sock",
    redis_password="secret",
    redis_server="/usr/bin/redis-server",
)


def repeats(variant, directive):
    """Where a location may differ, it is told whole; systemd has no nginx of its own."""
    return " location /:" in directive and variant != "systemd"


def rendered():
    """{variant: its directives}: a public site; of others what that has not, and location /."""
    public = layout.Layout(**dict(PUBLIC, **OF_SITE))
    loopback = dict(COMMON, port=8000, logs_to_supervisor=True, hurry=8)
    loopback = layout.Layout(**dict(loopback, **OF_SITE))
    front = site.Site(**LIMITS)
    variants = [
        ("site", render.site_files(SITE, public)),
        ("up", render.site_files(SITE._replace(behind=[], health_from=[]), loopback)),
        ("front", render.front_files(front, layout.Layout(nodes=["10.0.0.3:80"], **PUBLIC))),
        ("websocket", render.websocket_files(SITE, public)),
        ("systemd", render.site_files(SITE, public._replace(manager="systemd"))),
    ]
    found, seen = {}, set()
    for variant, files in variants:
        here = []
        for name, text in files.items():
            # A unit is named after the site.
            server = name.replace("my-shop-", "").replace("my-shop.", "")
            server = re.match("nginx|supervisor|uwsgi|redis|[a-z]+", server).group()
            read = directives.ini if SYSTEMD.search(name) else directives.nginx
            for one in READ.get(name, read)(text):
                here.append("%s, %s" % (server, re.sub(WEBSOCKET, "WS", one)))
        found[variant] = Counter(one for one in here if one not in seen or repeats(variant, one))
        seen.update(found[variant])
    return found


def table():
    """{variant: {directive: how often}} of directives.txt; ValueError for a line that is none."""
    found, reason = {}, ""
    with open(TABLE, encoding="utf-8") as file:
        for line in file:
            line = line.rstrip("\n")
            if line.startswith("#"):
                reason = line[1:].strip()
            elif line:
                variant, count, directive = re.match(r"(\w+) +(\d+)  (.*)", line).groups()
                if not reason or directive in found.get(variant, ()):
                    raise ValueError(line)
                found.setdefault(variant, Counter())[directive] = int(count)
            else:
                reason = ""
    return found


@pytest.mark.parametrize("variant", ["site", "up", "front", "websocket", "systemd"])
def test_every_directive_has_a_reason_and_is_rendered(variant):
    wanted, found = table()[variant], rendered()[variant]
    assert {"lost": wanted - found, "without a reason": found - wanted} == {
        "lost": Counter(),
        "without a reason": Counter(),
    }
