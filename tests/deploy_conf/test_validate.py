"""`render --check`: the servers that are here read what was rendered."""

import getpass
import importlib.util
import os
import sys

import pytest

from deploy_conf import binaries, commands, render
from tests.support import systemd
from tests.support.nginx import nginx_or_skip
from tests.support.sites import tiny

NAMES = {
    "supervisor": ["nginx", "uwsgi.ini", "redis.conf", "supervisord.conf"],
    "systemd": ["nginx", "uwsgi.ini", "redis.conf", "systemd's units"],
}


@pytest.fixture
def check(tmp_path, monkeypatch, capsys):
    """check(*options) → (exit status, lines on standard error); in a path with odd signs."""
    folder = tmp_path / "my 100% site"
    folder.mkdir()
    tiny.write(str(folder))
    monkeypatch.chdir(str(folder))
    monkeypatch.delenv("DJANGO_SETTINGS_MODULE")

    def run(*words):
        common = ["render", "--check", "--user", getpass.getuser(), "--domain", "a.org"]
        common += ["--nginx", nginx_or_skip(), "--redis-server", binaries.redis_server()]
        code = commands.main(common + list(words))
        return code, capsys.readouterr().err.splitlines()

    return run


@pytest.mark.parametrize("manager", ["supervisor", "systemd"])
def test_what_is_rendered_is_accepted(check, manager):
    if manager == "systemd":
        systemd.analyzer()
    code, lines = check("--manager", manager)
    assert lines == ["deploy_conf: %s: accepted" % name for name in NAMES[manager]]
    assert code == 0
    code, lines = check("--manager", manager, "--only", "websocket")
    assert code == 0 and lines[0] == "deploy_conf: nginx: accepted" and len(lines) == 2


def test_a_location_of_ones_own_is_read_with_the_rest(check):
    os.makedirs("conf/nginx-own")
    with open("conf/nginx-own/mine.conf", "w") as file:
        file.write("location /x { retrun 1; }\n")
    code, lines = check()
    assert code == 1
    refused = 'deploy_conf: nginx: refused: [emerg] unknown directive "retrun" in '
    assert lines[0] == refused + "nginx-own/mine.conf:1"
    assert [line.endswith("accepted") for line in lines] == [False, True, True, True]


@pytest.mark.parametrize(
    "file, line, name",
    [
        ("uwsgi.ini", "max-requestz = 1", "uwsgi.ini"),
        ("redis.conf", "maxmemorie 1", "redis.conf"),
        (
            "supervisord.conf",
            "[program:x]\ncommand = /bin/true\nnumprocs = lots",
            "supervisord.conf",
        ),
        ("tiny-uwsgi.service", "Restert=always", "systemd's units"),
    ],
)
def test_what_a_server_does_not_know_is_told(check, monkeypatch, file, line, name):
    """As when a template was changed, or a server is older than the files."""
    if "systemd" in name:
        systemd.analyzer()
    stock = render.site_files

    def changed(site, layout):
        files = stock(site, layout)
        return dict(files, **({file: files[file] + line + "\n"} if file in files else {}))

    monkeypatch.setattr(render, "site_files", changed)
    code, lines = check("--manager", "systemd" if "systemd" in name else "supervisor")
    (refused,) = [one for one in lines if "refused" in one]
    assert code == 1 and refused.startswith("deploy_conf: %s: refused: " % name), lines
    told = {"max-requestz", "maxmemorie", "lots", "Restert"}
    assert any(word in refused for word in told), refused


@pytest.mark.parametrize("manager", ["supervisor", "systemd"])
def test_daphne_gets_the_words_that_were_given(check, manager):
    if manager == "systemd":
        systemd.analyzer()
    words = ["--daphne-arg=--server-name=100% $x", "--daphne-arg=--ping-interval=10"]
    code, lines = check("--manager", manager, *words)
    assert code == 0, lines
    if manager == "systemd":
        with open("conf/tiny-daphne@.service") as file:
            assert (
                '"--server-name=100%% $$x" --ping-interval=10 tiny.asgi:application' in file.read()
            )
    else:
        with open("conf/supervisor-programs.conf") as file:
            assert "'--server-name=100%% $x' --ping-interval=10 tiny.asgi:app" in file.read()


def test_a_supervisor_that_is_elsewhere_has_refused_nothing(check, monkeypatch):
    stock = importlib.util.find_spec

    def found(name, *rest):
        return None if name == "supervisor" else stock(name, *rest)

    monkeypatch.setattr(importlib.util, "find_spec", found)
    code, lines = check("--only", "websocket")
    assert code == 0 and "refused" not in lines[1]
    assert "supervisor is not in the environment of %s" % sys.executable in lines[1]


def test_the_front_has_nginx_alone(check):
    code, lines = check("--only", "front", "--node", "10.0.0.2")
    assert (code, lines) == (0, ["deploy_conf: nginx: accepted"])
