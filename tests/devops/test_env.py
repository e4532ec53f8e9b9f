"""Settings from the environment and from the site's file; safe when nothing is said."""

import os
import stat
import subprocess
import sys

import pytest
from django.core.exceptions import ImproperlyConfigured

from devops.env import Env, secret_key
from tests.support import CHECKOUT


def settings(var, *names, **environ):
    """repr() of settings in a process with this environment."""
    code = "import compat; compat.install(); from devops import settings as s; print(*[%s])" % (
        ", ".join("repr(s.%s)" % name for name in names)
    )
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=CHECKOUT,
        env=dict(os.environ, DEVOPS_VAR=str(var), **environ),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        universal_newlines=True,
    )


def test_the_environment_wins_over_the_file(tmp_path):
    path = tmp_path / "site.env"
    path.write_text("# comment\nONE=file\nTWO=a=b\n\nthree = spaced \n")
    env = Env(str(path), {"ONE": "environ"})
    assert env.text("ONE") == "environ"
    assert env.text("TWO") == "a=b"
    assert env.text("three") == "spaced"
    assert env.text("FOUR", "default") == "default"


def test_a_flag_is_yes_or_no():
    env = Env("/nonexistent", {"YES": "True", "NO": "0", "EMPTY": "", "ODD": "maybe"})
    assert env.flag("YES") and not env.flag("NO") and not env.flag("EMPTY")
    assert env.flag("MISSING", default=True)
    with pytest.raises(ImproperlyConfigured, match="ODD='maybe'"):
        env.flag("ODD")


def test_the_secret_key_is_made_once_and_private(tmp_path):
    path = str(tmp_path / "new" / "secret_key")
    key = secret_key(path)
    assert len(key) >= 50 and secret_key(path) == key
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
    assert os.listdir(os.path.dirname(path)) == ["secret_key"]


def test_processes_that_race_for_the_secret_key_agree(tmp_path):
    code = "from devops.env import secret_key; print(secret_key(%r))" % str(tmp_path / "key")
    code = "import compat; compat.install(); " + code
    racers = [
        subprocess.Popen(
            [sys.executable, "-c", code],
            cwd=CHECKOUT,
            stdout=subprocess.PIPE,
            universal_newlines=True,
        )
        for _ in range(4)
    ]
    assert len({racer.communicate()[0] for racer in racers}) == 1


def test_an_empty_secret_key_is_refused(tmp_path):
    (tmp_path / "key").write_text("")
    with pytest.raises(ImproperlyConfigured, match="delete it"):
        secret_key(str(tmp_path / "key"))


def test_safe_when_nothing_is_said(tmp_path):
    names = ["DEBUG", "ALLOWED_HOSTS", "SESSION_COOKIE_SECURE", "SECURE_SSL_REDIRECT"]
    run = settings(tmp_path, *names)
    assert run.stdout.strip() == "False ['127.0.0.1', 'localhost', '[::1]'] False False", run.stderr


def test_behind_tls(tmp_path):
    names = ["SESSION_COOKIE_SECURE", "CSRF_COOKIE_SECURE", "SECURE_SSL_REDIRECT"]
    assert settings(tmp_path, *names, BEHIND_TLS="1").stdout.split() == ["True"] * 3


def test_postgresql_by_one_variable(tmp_path):
    run = settings(tmp_path, "DATABASES", DATABASE_URL="postgres://me:pw@db.example:5433/site")
    for part in ("django.db.backends.postgresql", "db.example", "5433", "'site'"):
        assert part in run.stdout, run.stderr


def test_redis_behind_sentinel_by_one_variable(tmp_path):
    url = "sentinel://:pw@a:1,b/mymaster/2"
    run = settings(tmp_path, "CHANNEL_LAYERS['default']['CONFIG']['hosts']", REDIS_URL=url)
    host = {
        "sentinels": [("a", 1), ("b", 26379)],
        "master_name": "mymaster",
        "password": "pw",
        "db": 2,
    }
    assert run.stdout.strip() == repr([host]), run.stderr


def test_sqlite_has_a_write_ahead_log_and_waits(tmp_path):
    code = (
        "from django.db import connection; cursor = connection.cursor()\n"
        "for name in ('journal_mode', 'busy_timeout'):\n"
        "    print(cursor.execute('PRAGMA ' + name).fetchone()[0])"
    )
    printed = subprocess.check_output(
        [sys.executable, "manage.py", "shell", "-c", code],
        cwd=CHECKOUT,
        env=dict(os.environ, DEVOPS_VAR=str(tmp_path)),
        universal_newlines=True,
    )
    assert printed.split() == ["wal", "20000"]


@pytest.mark.parametrize(
    "environ, complaint",
    [
        ({"DEBUG": "maybe"}, "DEBUG='maybe': expected 1 or 0"),
        ({"DATABASE_URL": "nonsense"}, "DATABASE_URL: expected"),
        ({"REDIS_URL": "redis://:a/b@h:6379/0"}, "REDIS_URL: the port is no number; in a password"),
        ({"DATABASE_URL": "oracle9://x/y"}, "DATABASE_URL: expected"),
        ({"REDIS_URL": "localhost"}, "REDIS_URL: expected"),
        ({"REDIS_URL": "sentinel://:secret@a:0/m"}, "REDIS_URL: expected sentinel://"),
    ],
)
def test_a_wrong_value_is_one_line(tmp_path, environ, complaint):
    run = subprocess.run(
        [sys.executable, "manage.py", "check"],
        cwd=CHECKOUT,
        env=dict(os.environ, DEVOPS_VAR=str(tmp_path), **environ),
        stderr=subprocess.PIPE,
        universal_newlines=True,
    )
    assert run.returncode == 1
    assert run.stderr.startswith("manage.py: " + complaint) and run.stderr.count("\n") == 1


@pytest.mark.parametrize("environ, lines", [({"SUPERVISOR_ENABLED": "1"}, 1), ({}, 0)])
def test_servers_say_once_what_was_repaired_and_commands_do_not(tmp_path, environ, lines):
    run = subprocess.run(
        [sys.executable, "manage.py", "check"],
        cwd=CHECKOUT,
        env=dict(os.environ, DEVOPS_VAR=str(tmp_path), **environ),
        stderr=subprocess.PIPE,
        universal_newlines=True,
    )
    found = [line for line in run.stderr.splitlines() if "INFO compat: compat" in line]
    assert len(found) == lines and all("applied" in line for line in found)
