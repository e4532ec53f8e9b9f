"""Probes that speak to Redis, and may restart it."""

import signal
import threading

import pytest


@pytest.fixture
def env(redis):
    return {"PORT": str(redis.port)}


@pytest.fixture
def restarting(redis, tmp_path):
    """The environment of a probe that may restart() Redis, which loses its data."""
    wish, over = tmp_path / "restart", threading.Event()

    def restart():
        while not over.wait(0.02):
            if wish.exists():
                redis.stop(signal.SIGKILL)
                redis.start()
                wish.unlink()

    thread = threading.Thread(target=restart)
    thread.start()
    yield {"PORT": str(redis.port), "RESTART": str(wish)}
    over.set()
    thread.join()
