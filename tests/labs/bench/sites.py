"""Ours and stock: their folders and environments."""

import copy
import os
import subprocess
import sys

from .failure import Failed
from .processes import ROOT

KINDS = ("stock", "ours")
# What a stock site may keep of our repairs, least first, where it does not run without.
IMPORT_SHIMS = ("python", "django")
LIBRARY_SHIMS = IMPORT_SHIMS + ("asgiref", "aioredis", "channels_redis", "daphne", "drivers")


class Site:
    """
    One site: `kind`, its `folder`, and `env`, the environment of all its processes.

    `python` is the interpreter of its processes, `server` what serves WebSockets, a key of
    servers.COMMANDS.
    """

    python, server = sys.executable, "daphne"

    def __init__(self, kind, folder, database_url, disable=""):
        self.kind = kind
        self.folder = os.path.join(folder, kind)
        os.makedirs(self.folder, exist_ok=True)
        self.redis_socket = os.path.join(self.folder, "redis.sock")
        self.database_url = database_url
        self.env = dict(
            os.environ,
            BENCH_SITE=kind,
            BENCH_REDIS_URL="unix://" + self.redis_socket,
            BENCH_DATABASE_URL=database_url,
            COMPAT_DISABLE=disable,
            DJANGO_SETTINGS_MODULE="tests.labs.bench.site.settings",
            PYTHONPATH=ROOT,
            PYTHONWARNINGS="ignore",
            PYTHONASYNCIODEBUG="",
        )

    def with_layer(self, backend):
        """The same site with another channel layer."""
        site = copy.copy(self)
        site.env = dict(self.env, BENCH_LAYER=backend)
        return site

    def python_code(self, code, *arguments):
        """Run code with Django set up; returns what it prints, fails as its last line says."""
        program = "import tests.labs.bench.site, django, sys\ndjango.setup()\n" + code
        done = subprocess.run(
            [self.python, "-c", program] + list(arguments),
            env=self.env,
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            universal_newlines=True,
        )
        if done.returncode:
            lines = done.stderr.strip().splitlines()
            raise Failed("%s: %s" % (self.kind, lines[-1] if lines else "Python ended"))
        return done.stdout

    def migrate(self):
        """Make the tables of the streams; the environment may name a database of its own."""
        self.python_code(
            "from django.core.management import call_command\n"
            "call_command('migrate', 'streams', interactive=False, verbosity=0)"
        )

    def forget(self, prefix):
        """Remove the streams whose names begin with `prefix`."""
        self.python_code(
            "from compat.streams.models import Entry, Stream\n"
            "Entry.objects.filter(stream__name__startswith=sys.argv[1]).delete()\n"
            "Stream.objects.filter(name__startswith=sys.argv[1]).delete()",
            prefix,
        )


def disable_all_but(folders):
    """COMPAT_DISABLE for everything except the patches in `folders`."""
    if not folders:
        return "*"
    import compat

    names = [record["name"] for record in compat.report()]
    return ",".join(name for name in names if name.partition(".")[0] not in folders)


def make_sites(folder, database_url, works, note):
    """
    {"stock": Site, "ours": Site} below `folder`.

    Stock keeps the fewest repairs with which `works(site)` raises no Failed; what it keeps is
    told by `note(text)`.
    """
    sites = {"ours": Site("ours", folder, database_url)}
    sites["ours"].migrate()
    python = "Python %d.%d" % sys.version_info[:2]
    tried = (
        ((), ""),
        (IMPORT_SHIMS, "its Django cannot be imported by %s without them" % python),
        (LIBRARY_SHIMS, "it does not run on %s without them" % python),
    )
    for folders, why in tried:
        site = Site("stock", folder, database_url, disable_all_but(folders))
        try:
            works(site)
        except Failed as error:
            reason = error
            continue
        if why:
            note("stock keeps our patches %s: %s" % (", ".join(f + ".*" for f in folders), why))
        sites["stock"] = site
        return sites
    raise Failed("the stock site does not run on %s: %s" % (python, reason))
