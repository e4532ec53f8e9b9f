"""What `python -m compat` says when it is asked for nothing: this environment, without settings."""

import collections
import importlib.util
import os
import platform
import subprocess
import sys
from typing import Iterator, List

from . import __version__, _combinations, install, report
from .patching import BRIDGE
from .patching.patch import DISABLED, WAITING
from .patching.versions import installed_version

# Whose versions matter to a site on this stack, in the order of their weight.
PACKAGES = (
    "django channels channels_redis asgiref daphne aioredis msgpack twisted autobahn redis celery "
    "kombu django_redis asgi_redis psycopg2 mysqlclient supervisor pyuwsgi"
).split()


def lines(active: bool) -> Iterator[str]:
    """The text; `active` says whether the environment's .pth file is there."""
    where = os.path.dirname(os.path.abspath(__file__))
    yield "the bridge %s, imported as %s from %s" % (__version__, BRIDGE, where)
    yield "Python %s, %s" % (platform.python_version(), sys.executable)
    if active:
        yield "active in every process of %s" % sys.prefix
    else:
        yield "not active in %s by itself: python -m %s activate" % (sys.prefix, BRIDGE)
    versions = [(name, installed_version(name)) for name in PACKAGES]
    found = ["%s %s" % (name.replace("_", "-"), version) for name, version in versions if version]
    yield from section("packages", ["%s" % ", ".join(found) or "none of the stack's"])
    yield from section("servers", servers())
    yield from section("repairs", repairs())
    combinations = [str(one) for one in _combinations.found()]
    yield from section("packages that cannot work together", combinations or ["none"])


def section(title: str, rows: List[str]) -> Iterator[str]:
    yield ""
    yield title
    for row in rows:
        yield "  " + row


def servers() -> List[str]:
    """What `deploy_conf`, which comes beside this package, would start."""
    home = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    if importlib.util.find_spec("deploy_conf") is None:
        return ["deploy_conf is not here, which looks for them"]
    done = subprocess.run(
        [sys.executable, "-m", "deploy_conf", "servers"],
        cwd=home,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    return done.stdout.decode("utf-8", "replace").splitlines()


def repairs() -> List[str]:
    """How many there would be for each library, once its modules are imported."""
    install()
    records = report()
    needed = [one for one in records if one["state"] not in ("not needed", DISABLED)]
    libraries = collections.Counter(one["library"] for one in needed)
    rows = ["%3d of %s" % (count, library) for library, count in sorted(libraries.items())]
    waiting = sum(one["state"] == WAITING for one in needed)
    off = [one["name"] for one in records if one["state"] == DISABLED]
    rows.append(
        "%d are applied, %d wait for their module, %d are not needed here%s"
        % (
            len(needed) - waiting,
            waiting,
            len(records) - len(needed) - len(off),
            "; off by COMPAT_DISABLE: " + ", ".join(off) if off else "",
        )
    )
    return rows + ["in the site: manage.py compat"]
