"""PostgreSQL and MariaDB, each with as many empty databases as tests want; memcached."""

import atexit
import contextlib
import os
import pwd
import shutil
import subprocess
import tempfile

from tests.support import binaries
from tests.support.servers import HOST, Server, as_user, free_port
from tests.support.wait import wait_until


def start_memcached(folder):
    """A memcached that serves one client at a time."""
    port = free_port()
    command = [binaries.memcached(), "-l", HOST, "-p", str(port), "-U", "0", "-t", "1", "-m", "16"]
    command += ["-u", "nobody"]  # as root it must be told
    return Server(command, port, os.path.join(str(folder), "memcached.log"))


class PostgreSQL(Server):
    """An empty cluster; binaries.Missing where none can be had."""

    def __init__(self):
        self.driver = _driver("psycopg2")
        initdb = binaries.postgresql("initdb")
        user = _user("postgres")
        data, port = _data_folder(user), free_port()
        initdb = _reachable(initdb, user, data)
        program = os.path.join(os.path.dirname(initdb), "postgres")
        words = ["-D", data + "/data", "-U", "tests", "-A", "trust", "-E", "UTF8", "--no-sync"]
        _make(as_user(user, [initdb] + words), cwd="/")
        command = [program, "-D", data + "/data", "-p", str(port), "-c", "fsync=off"]
        command += ["-c", "listen_addresses=" + HOST, "-c", "unix_socket_directories=" + data]
        self.count = 0
        super(PostgreSQL, self).__init__(command, port, data + "/log", user=user)
        wait_until(self._connects, what="PostgreSQL")

    def _connects(self):
        try:
            self.ask("SELECT 1")
            return True
        except self.driver.OperationalError:
            return False

    def connect(self):
        """A connection, as superuser, which commits each statement."""
        connection = self.driver.connect(host=HOST, port=self.port, user="tests", dbname="postgres")
        connection.autocommit = True
        return connection

    def ask(self, query, *parameters):
        """The rows of a statement, [] of one that has none."""
        with contextlib.closing(self.connect()) as connection, connection.cursor() as cursor:
            cursor.execute(query, parameters or None)
            return cursor.fetchall() if cursor.description else []

    def new_database(self):
        """Django's settings of an empty database."""
        self.count += 1
        name = "tests%d" % self.count
        self.ask("CREATE DATABASE " + name)
        return {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": name,
            "USER": "tests",
            "HOST": HOST,
            "PORT": str(self.port),
        }

    def new_url(self):
        """The same as a DATABASE_URL."""
        return "postgres://{USER}@{HOST}:{PORT}/{NAME}".format(**self.new_database())


class PgBouncer(Server):
    """A pooler in front of a PostgreSQL, in "session", "transaction" or "statement" mode."""

    def __init__(self, postgresql, mode, size=20):
        user = _user("postgres")
        folder, port = _data_folder(user), free_port()
        server = "* = user=tests host=%s port=%d" % (HOST, postgresql.port)
        lines = ["[databases]", server, "[pgbouncer]"]
        lines += ["listen_addr = " + HOST, "listen_port = %d" % port, "unix_socket_dir ="]
        lines += ["auth_type = any", "pool_mode = " + mode, "default_pool_size = %d" % size]
        lines += ["ignore_startup_parameters = extra_float_digits", "max_client_conn = 500"]
        with open(folder + "/pgbouncer.ini", "w") as file:
            file.write("\n".join(lines) + "\n")
        os.chmod(folder + "/pgbouncer.ini", 0o644)
        command = [binaries.pgbouncer(), folder + "/pgbouncer.ini"]
        super(PgBouncer, self).__init__(command, port, folder + "/log", user=user)

    def in_front_of(self, settings):
        """Django's settings of a database, through this pooler."""
        return dict(settings, PORT=str(self.port), DISABLE_SERVER_SIDE_CURSORS=True)


class MariaDB(Server):
    """An empty server with the isolation level and lock waits of a default installation."""

    def __init__(self):
        self.driver = _driver("pymysql")
        program, install = binaries.mariadb("mariadbd"), binaries.mariadb("mariadb-install-db")
        user = _user("mysql")
        data, port = _data_folder(user), free_port()
        # The server drops root's rights itself.
        common = ["--no-defaults", "--datadir=" + data] + (["--user=" + user] if user else [])
        words = ["--auth-root-authentication-method=normal", "--skip-test-db"]
        _make([install] + common + words)
        self.socket = data + "/s"
        command = [program] + common + ["--bind-address=" + HOST, "--port=%d" % port]
        command += ["--socket=" + self.socket, "--pid-file=" + data + "/pid"]
        command += ["--innodb-flush-log-at-trx-commit=0"]
        self.count = 0
        super(MariaDB, self).__init__(command, port, data + "/log")
        wait_until(self._connects, what="MariaDB")
        self._ask("CREATE USER tests@localhost")

    def _connects(self):
        try:
            self._ask("SELECT 1")
            return True
        except self.driver.err.OperationalError:
            return False

    def _ask(self, *queries):
        connection = self.driver.connect(unix_socket=self.socket, user="root")
        try:
            with connection.cursor() as cursor:
                for query in queries:
                    cursor.execute(query)
        finally:
            connection.close()

    def new_database(self):
        """Django's settings of an empty database."""
        self.count += 1
        name = "tests%d" % self.count
        self._ask(
            "CREATE DATABASE %s CHARACTER SET utf8mb4" % name,
            "GRANT ALL ON %s.* TO tests@localhost" % name,
        )
        return {
            "ENGINE": "django.db.backends.mysql",
            "NAME": name,
            "USER": "tests",
            "HOST": self.socket,
        }


def _driver(name):
    try:
        return __import__(name)
    except ImportError:
        raise binaries.Missing("%s is not installed" % name)


def _user(name):
    """Who a server that refuses to be root's runs as; None when we are not root."""
    if os.getuid() != 0:
        return None
    try:
        pwd.getpwnam(name)
    except KeyError:
        return "nobody"
    return name


def _data_folder(user):
    """
    A folder for a server that refuses to run as root; it goes with this process.

    Not in pytest's: each new run of pytest shuts its parent to everybody else.
    """
    folder = tempfile.mkdtemp(prefix="tests-server-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    if user:
        shutil.chown(folder, user)
    return folder


def _reachable(program, user, folder):
    """The program, or a copy of its installation where the user may not go to it: below /root."""
    if subprocess.call(as_user(user, ["test", "-x", program])) == 0:
        return program
    installed = os.path.dirname(os.path.dirname(program))
    shutil.copytree(installed, folder + "/installed")
    return os.path.join(folder, "installed", "bin", os.path.basename(program))


def _make(command, **options):
    done = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        **options,
    )
    assert done.returncode == 0, done.stdout.decode("utf-8", "replace")
