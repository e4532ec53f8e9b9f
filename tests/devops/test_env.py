"""Settings from the environment and from the site's file; safe when nothing is said."""

import os
import shlex
import stat
import subprocess
import sys

import pytest
from django.core.exceptions import ImproperlyConfigured

from compat.settings import Flag, Text
from devops.apps import lock_at_once, use_write_ahead_log
from devops.env import Env, read_env_file, secret_key
from devops.variables import ALLOWED_HOSTS, DATABASE_URL, variable
from tests.support import CHECKOUT
from tests.support.probe import source


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


@pytest.fixture
def read(monkeypatch):
    """What an Env makes of a variable of some kind that is made up."""
    monkeypatch.setattr("compat._settings.RECORDS", {})

    def ask(env, name, kind, default=None):
        return env(variable(name, kind, default, "What it is for."))

    return ask


def test_the_environment_wins_over_the_file(tmp_path, read):
    path = tmp_path / "site.env"
    path.write_text("# comment\nONE=file\nTWO=a=b\n\nthree = spaced \nSIX=file\n")
    env = Env(str(path), {"ONE": "environ", "FIVE": " kept ", "SIX": ""})
    names = ["ONE", "TWO", "three", "FOUR", "FIVE", "SIX"]
    found = [read(env, name, Text("a text"), "default") for name in names]
    assert found == ["environ", "a=b", "spaced", "default", " kept ", "default"]


def test_a_flag_is_yes_or_no(read):
    env = Env("/nonexistent", {"YES": "True", "NO": "0", "EMPTY": "", "ODD": "maybe"})
    found = [read(env, name, Flag(), False) for name in ("YES", "NO", "EMPTY")]
    assert found == [True, False, False]
    assert read(env, "MISSING", Flag(), True) is True
    with pytest.raises(ImproperlyConfigured, match="ODD='maybe'"):
        read(env, "ODD", Flag())


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
        "for name in ('journal_mode', 'busy_timeout', 'synchronous'):\n"
        "    print(cursor.execute('PRAGMA ' + name).fetchone()[0])"
    )
    printed = subprocess.check_output(
        [sys.executable, "manage.py", "shell", "-c", code],
        cwd=CHECKOUT,
        env=dict(os.environ, DEVOPS_VAR=str(tmp_path)),
        universal_newlines=True,
    )
    assert printed.split() == ["wal", "20000", "1"]


def two_writers(how, seconds):
    """Who prints is in a transaction, reads, and writes once the other has, or does not."""
    import threading

    from django.contrib.auth.models import Group
    from django.core.management import call_command
    from django.db import connection, connections, transaction

    call_command("migrate", "auth", verbosity=0)
    if how == "stock":
        del connection._start_transaction_under_autocommit
    read, written = threading.Event(), threading.Event()

    def other():
        read.wait()
        try:
            Group.objects.create(name="other")  # waits, where the lock is taken
        finally:
            written.set()
            connections.close_all()

    thread = threading.Thread(target=other)
    thread.start()
    try:
        with transaction.atomic():
            Group.objects.count()
            read.set()
            written.wait(seconds)
            Group.objects.create(name="first")
    except Exception as error:
        print(error)
    thread.join()
    print(sorted(Group.objects.filter(name__in=["first", "other"]).values_list("name", flat=True)))


@pytest.mark.parametrize(
    "how, seconds, printed",
    [
        # Stock: the other one writes meanwhile, and then the first cannot.
        ("stock", 60, ["database is locked", "['other']"]),
        ("patched", 0.3, ["['first', 'other']"]),
    ],
)
def test_who_reads_before_it_writes_waits_for_the_lock(tmp_path, how, seconds, printed):
    setup = "import compat; compat.install(); import django; django.setup()\n"
    run = subprocess.run(
        [sys.executable, "-c", source(setup, how=how, seconds=seconds)(two_writers)],
        cwd=CHECKOUT,
        env=dict(os.environ, DEVOPS_VAR=str(tmp_path), DJANGO_SETTINGS_MODULE="devops.settings"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        universal_newlines=True,
    )
    assert run.stdout.splitlines() == printed, run.stderr


@pytest.mark.parametrize(
    "environ, complaint",
    [
        ({"DEBUG": "maybe"}, "DEBUG='maybe': expected 1 or 0"),
        ({"DATABASE_URL": "nonsense"}, "DATABASE_URL: expected"),
        ({"REDIS_URL": "redis://:a/b@h:6379/0"}, "or its port is missing or wrong; in"),
        ({"DATABASE_URL": "oracle9://x/y"}, "DATABASE_URL: expected"),
        ({"REDIS_URL": "localhost"}, "REDIS_URL: expected"),
        (
            {"REDIS_URL": "sentinel://:secret@a:0/m"},
            "the address of a sentinel is missing",
        ),
        ({"ALLOWED_HOSTS": "*.example.org"}, "'*.example.org' matches no host"),
        ({"ALLOWED_HOSTS": "a.example.org,http://b.example.org"}, "'http://b.example.org' matches"),
        ({"LAYER_KEYS": "x" * 32 + ",secret"}, "LAYER_KEYS: expected keys of 32 characters"),
        ({"BEHIND_TLS": "https"}, "BEHIND_TLS='https': expected"),
        ({"LAYER_KEYS": "short"}, "LAYER_KEYS: expected keys of 32 characters"),
        ({"DEPLOY_KEYS": "short"}, "DEPLOY_KEYS: expected keys of 32 characters"),
        ({"DATABASE_URL": "sqlite:////nowhere/db"}, "(there is no folder /nowhere)"),
        ({"DATABASE_URL": "sqlite:////etc"}, "(/etc is a folder)"),
        ({"DATABASE_URL": "sqlite://:memory:"}, "(a database in memory is another"),
        ({"DATABASE_URL": "sqlite://"}, "(a database in memory is another"),
        ({"DEVOPS_VAR": "/proc/x"}, "DEVOPS_VAR='/proc/x': expected a folder"),
        ({"DEVOPS_VAR": "/etc/passwd/x"}, "DEVOPS_VAR='/etc/passwd/x': expected a folder"),
        ({"DEVOPS_VAR": "/etc/passwd"}, "DEVOPS_VAR='/etc/passwd': expected a folder"),
        ({"DEVOPS_VAR": "/sys/kernel"}, "/sys/kernel/secret_key cannot be written: "),
    ],
)
def test_a_wrong_value_is_one_line(tmp_path, environ, complaint):
    run = subprocess.run(
        [sys.executable, "manage.py", "check"],
        cwd=CHECKOUT,
        env=dict(os.environ, **dict({"DEVOPS_VAR": str(tmp_path)}, **environ)),
        stderr=subprocess.PIPE,
        universal_newlines=True,
    )
    assert run.returncode == 1
    assert run.stderr.startswith("manage.py: ") and run.stderr.count("\n") == 1
    assert complaint in run.stderr and ":secret" not in run.stderr


@pytest.mark.skipif(sys.version_info < (3, 10), reason="Django imports without the repairs")
def test_a_repair_that_python_needs_and_was_disabled_is_one_line(tmp_path):
    run = subprocess.run(
        [sys.executable, "manage.py", "check"],
        cwd=CHECKOUT,
        env=dict(os.environ, DEVOPS_VAR=str(tmp_path), COMPAT_DISABLE="python.*"),
        stderr=subprocess.PIPE,
        universal_newlines=True,
    )
    assert run.returncode == 1
    assert run.stderr.startswith("manage.py: ") and run.stderr.count("\n") == 1
    assert run.stderr.endswith("; without COMPAT_DISABLE=python.* it may work\n")


def test_a_folder_that_cannot_be_written_to_is_said_before_sqlite_does(monkeypatch):
    # By hand: root, as whom tests may run, can write everywhere.
    monkeypatch.setattr(os, "access", lambda path, mode: mode == os.R_OK)
    with pytest.raises(ImproperlyConfigured, match="/tmp cannot be written to by this account"):
        Env("/nonexistent", {"DATABASE_URL": "sqlite:////tmp/db"})(DATABASE_URL)


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


@pytest.mark.parametrize("value", ["a b", "it's", '"', "$(x) `y`", "a&b;c|d", "\\", "ü#1", "'", ""])
def test_what_is_written_for_a_shell_is_read_alike(tmp_path, value):
    path = tmp_path / "site.env"
    path.write_text("ONE=%s\n" % shlex.quote(value), encoding="utf-8")
    said = subprocess.check_output(
        ["sh", "-c", 'set -a; . "$0"; exec printenv ONE', str(path)], universal_newlines=True
    )
    assert read_env_file(str(path)) == {"ONE": value} and said == value + "\n"


@pytest.mark.parametrize("value", ["a'b", "'not closed", '"x', "'a' 'b'", "a&b?c=d#e"])
def test_what_was_written_without_quotes_is_read_as_it_always_was(tmp_path, value):
    path = tmp_path / "site.env"
    path.write_text("ONE=%s\n" % value)
    assert read_env_file(str(path)) == {"ONE": value}


def test_a_file_that_is_no_text_is_one_line(tmp_path):
    (tmp_path / "site.env").write_bytes(b"A=\xff")
    with pytest.raises(ImproperlyConfigured, match="it is not UTF-8"):
        read_env_file(str(tmp_path / "site.env"))
    (tmp_path / "key").write_bytes(b"\xff" * 50)
    with pytest.raises(ImproperlyConfigured, match="key cannot be read: it is not ASCII"):
        secret_key(str(tmp_path / "key"))
    with pytest.raises(ImproperlyConfigured, match="cannot be read: Is a directory"):
        secret_key(str(tmp_path))


def made_by_migrate(var, **environ):
    """A folder that `migrate` has made; as most accounts, with a umask that others can read by."""
    subprocess.run(
        [
            "sh",
            "-c",
            'umask 022; exec "$0" "$@"',
            sys.executable,
            "manage.py",
            "migrate",
            "streams",
        ],
        cwd=CHECKOUT,
        env=dict(os.environ, DEVOPS_VAR=str(var), **environ),
        stdout=subprocess.DEVNULL,
        check=True,
    )


def test_a_new_database_is_private_and_git_does_not_see_the_folder(tmp_path):
    subprocess.check_call(["git", "init", "-q", str(tmp_path)])
    var = tmp_path / "data"
    made_by_migrate(var)
    others = [p.name for p in var.iterdir() if p.stat().st_mode & 0o007 and p.name != ".gitignore"]
    assert others == [] and (var / "db.sqlite3").stat().st_size
    status = ["git", "-C", str(tmp_path), "status", "--porcelain", "--untracked-files=all"]
    assert subprocess.check_output(status) == b""
    (var / ".gitignore").write_text("mine\n")
    made_by_migrate(var)
    assert (var / ".gitignore").read_text() == "mine\n"


def test_an_existing_database_keeps_its_mode(tmp_path):
    made_by_migrate(tmp_path)
    os.chmod(str(tmp_path / "db.sqlite3"), 0o644)
    made_by_migrate(tmp_path)
    assert stat.S_IMODE((tmp_path / "db.sqlite3").stat().st_mode) == 0o644


def test_words_and_flags_may_have_blanks_around_them(read):
    env = Env("/nonexistent", {"YES": " 1 ", "NO": " off\n", "ALLOWED_HOSTS": " a, ,b,, "})
    assert env(ALLOWED_HOSTS) == ["a", "b"]
    assert read(env, "YES", Flag()) is True and read(env, "NO", Flag()) is False
    assert Env("/nonexistent", {})(ALLOWED_HOSTS, "x,y") == ["x", "y"]


def test_a_variable_that_is_empty_wins_over_the_file(tmp_path, read):
    (tmp_path / "site.env").write_text("ONE=file\n")
    env = Env(str(tmp_path / "site.env"), {"ONE": ""})
    assert read(env, "ONE", Text("a text"), "default") == "default"


@pytest.mark.parametrize("tls, seconds", [({}, "0"), ({"BEHIND_TLS": "1"}, "2592000")])
def test_browsers_are_told_what_cannot_be_taken_back_behind_tls_only(tmp_path, tls, seconds):
    names = ["SECURE_HSTS_SECONDS", "SECURE_CONTENT_TYPE_NOSNIFF", "SESSION_COOKIE_HTTPONLY"]
    names += ["CSRF_COOKIE_HTTPONLY", "SECURE_BROWSER_XSS_FILTER", "X_FRAME_OPTIONS"]
    run = settings(tmp_path, *names, **tls)
    assert run.stdout.split() == [seconds, "True", "True", "True", "True", "'DENY'"], run.stderr


def test_other_databases_are_left_alone():
    class Connection:
        vendor = "postgresql"

        def cursor(self):
            raise AssertionError("asked")

    connection = Connection()
    use_write_ahead_log(connection)
    lock_at_once(connection)
    assert vars(connection) == {}
