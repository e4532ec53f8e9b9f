"""The database servers a run starts for itself, and Django's settings for them."""

import os
import re
import shutil
import subprocess
import tempfile

from tests.support import binaries
from tests.support.servers import HOST, Server, as_user, free_port
from tests.support.wait import wait_until

from .environment import Unready, call

ZONES = "/usr/share/zoneinfo"


class SQLite(object):
    """In memory, as the suite has it."""

    driver = ""
    requirements = stock_requirements = []

    def version(self, python):
        code = "import sqlite3; print(sqlite3.sqlite_version)"
        return "SQLite " + call([python, "-c", code], "sqlite3")

    def settings(self, number):
        return {alias: {"ENGINE": "django.db.backends.sqlite3"} for alias in ("default", "other")}

    def stop(self):
        pass


class Cluster(object):
    """An empty server in a temporary folder, run by its own user when we are root."""

    user = label = module = driver = program = ""
    requirements = stock_requirements = []  # what pip installs: with the bridge, for the baseline

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="django-suite-")
        self.data = os.path.join(self.folder, "data")
        self.port = free_port()
        self.server = None
        os.mkdir(self.data)
        os.chmod(self.folder, 0o755)
        self.other = self.user if os.getuid() == 0 else None
        if self.other:
            shutil.chown(self.data, self.other, self.other)
        try:
            self.start()
        except BaseException:
            self.stop()
            raise

    def version(self, python):
        """The server by name and version, and the driver's version."""
        number = re.search(r" (\d+\.[\d.]+)", call([self.program, "--version"], self.label))
        code = (
            "import {0} as driver; version = getattr(driver, '__version__', '').split()"
            " or ['.'.join(map(str, driver.version_info[:3]))]; print(driver.__name__, version[0])"
        )
        driver = call([python, "-c", code.format(self.module)], self.label)
        return "%s %s, %s" % (self.label, number.group(1), driver)

    def found(self, find, name):
        try:
            return find(name)
        except binaries.Missing as error:
            raise Unready(str(error))

    def start_server(self, command, probe):
        """Start it and wait until the command `probe` succeeds."""
        log = os.path.join(self.folder, "log")
        self.server = Server(command, self.port, log, user=self.server_user)
        quiet = dict(stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_until(lambda: subprocess.call(probe, **quiet) == 0, 30, self.label)

    @property
    def server_user(self):
        return self.other

    def settings(self, number):
        return {
            alias: dict(self.connection, TEST=dict(self.test, NAME="suite%d%s" % (number, alias)))
            for alias in ("default", "other")
        }

    def stop(self):
        if self.server is not None:
            self.server.stop(self.signal)
        shutil.rmtree(self.folder, ignore_errors=True)


class PostgreSQL(Cluster):
    user, label, module, signal = "postgres", "PostgreSQL", "psycopg2", 2
    test = {}

    def start(self):
        initdb = self.found(binaries.postgresql, "initdb")
        command = [initdb, "-D", self.data, "-U", "suite", "-A", "trust", "-E", "UTF8"]
        command += ["--locale=C.UTF-8", "--no-sync"]
        call(as_user(self.other, command), "initdb", cwd="/")
        self.program = os.path.join(os.path.dirname(initdb), "postgres")
        command = [self.program, "-D", self.data, "-p", str(self.port)]
        command += ["-c", "listen_addresses=" + HOST, "-c", "unix_socket_directories="]
        command += ["-c", "fsync=off", "-c", "full_page_writes=off"]
        ready = self.found(binaries.postgresql, "pg_isready")
        self.start_server(command, [ready, "-h", HOST, "-p", str(self.port)])

    @property
    def connection(self):
        return {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": "postgres",
            "USER": "suite",
            "HOST": HOST,
            "PORT": str(self.port),
        }


class MariaDB(Cluster):
    user, label, module, signal = "mysql", "MariaDB", "pymysql", 15
    driver = "import pymysql; pymysql.install_as_MySQLdb()"  # needs no C compiler, no headers
    test = {"CHARSET": "utf8", "COLLATION": "utf8_general_ci"}

    def start(self):
        install = self.found(binaries.mariadb, "mariadb-install-db")
        common = ["--no-defaults", "--datadir=" + self.data]
        owner = ["--user=" + self.other] if self.other else []
        options = ["--auth-root-authentication-method=normal", "--skip-test-db"]
        call([install] + common + options + owner, "mariadb-install-db")
        socket = os.path.join(self.data, "s")
        self.program = self.found(binaries.mariadb, "mariadbd")
        command = [self.program] + common + owner
        command += ["--bind-address=" + HOST, "--port=%d" % self.port, "--socket=" + socket]
        command += ["--pid-file=" + os.path.join(self.data, "pid")]
        command += ["--innodb-flush-method=nosync", "--skip-innodb-doublewrite"]
        command += ["--innodb-flush-log-at-trx-commit=0", "--skip-name-resolve"]
        client = [
            self.found(binaries.mariadb, "mariadb"),
            "--no-defaults",
            "-uroot",
            "--socket=" + socket,
        ]
        self.start_server(command, client + ["-e", "SELECT 1"])
        user = "CREATE USER suite@'%s'; GRANT ALL ON *.* TO suite@'%s'" % (HOST, HOST)
        call(client + ["-e", user], "MariaDB")
        # A new server knows no time zones, which Django's queries need.
        zones = self.found(binaries.mariadb, "mariadb-tzinfo-to-sql")
        zones = subprocess.check_output([zones, ZONES], stderr=subprocess.DEVNULL)
        call(client + ["mysql"], "time zones", input=zones.decode())

    @property
    def server_user(self):
        return None  # the server drops root's rights itself

    @property
    def connection(self):
        return {
            "ENGINE": "django.db.backends.mysql",
            "NAME": "suite",
            "USER": "suite",
            "HOST": HOST,
            "PORT": str(self.port),
        }


class MySQLClient(MariaDB):
    """MariaDB through mysqlclient, which pip compiles: it needs libmariadb-dev and pkg-config."""

    driver, module = "", "MySQLdb"
    requirements = [
        "mysqlclient==2.1.1; python_version < '3.8'",
        "mysqlclient==2.2.7; python_version >= '3.8' and python_version < '3.10'",
        "mysqlclient==2.3.1; python_version >= '3.10'",
    ]
    stock_requirements = ["mysqlclient==2.0.3"]  # the last with which stock Django 1.11 connects


DATABASES = {
    "sqlite": SQLite,
    "postgres": PostgreSQL,
    "mysql": MariaDB,
    "mysqlclient": MySQLClient,
}
