"""The health checks and the metrics of the running stack, all of its processes together."""

import json
import re
import urllib.error
import urllib.request

import pytest

from tests.support.wait import wait_until


@pytest.fixture
def own(stack):
    """The stack, once all of it is well and nobody reads."""
    # A site's first runner is heard of when it has started, a moment after the pages.
    wait_until(lambda: all_say(stack, 200), what="a healthy site")
    wait_until(lambda: not readers(stack), what="the end of who read before")
    return stack


def ask(stack, path):
    try:
        with urllib.request.urlopen(stack.url + path, timeout=30) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def all_say(stack, code):
    """Each worker may say the same for a second (probes.FRESH): one that was asked before, too."""
    return all(ask(stack, "/healthz")[0] == code for _ in range(10))


def numbers(stack):
    code, text = ask(stack, "/metrics")
    assert code == 200, text
    found = re.findall(r"^([a-z_]+(?:\{[^}]*\})?) ([0-9.e+]+)$", text, re.M)
    return {name: float(number) for name, number in found}


def readers(stack):
    return numbers(stack).get("compat_streams_readers", 0)


def test_numbers_are_those_of_all_processes(own):
    code, text = ask(own, "/healthz")
    assert code == 200, text
    assert set(json.loads(text)["checks"].values()) == {"ok"}
    own.service("counted", "true")
    cookie = own.login()
    sockets = [own.socket("/ws/deploy/counted/?since=0", cookie) for _ in range(4)]
    before = numbers(own)
    own.shell("from compat.streams import publish_many; publish_many('deploy:counted', range(50))")
    for socket in sockets:
        bodies = []
        while len(bodies) < 50:
            bodies += socket.receive().get("bodies", [])
    wait_until(
        lambda: (
            numbers(own)["compat_streams_delivered_total"]
            == before.get("compat_streams_delivered_total", 0) + 200
        )
    )
    now = numbers(own)
    assert readers(own) == 4
    assert now["compat_streams_lag_seconds_count"] >= 1
    assert now['compat_healthy{check="runner"}'] == 1
    assert now['compat_patches{state="applied"}'] > 20
    for socket in sockets:
        socket.__exit__()
    wait_until(lambda: readers(own) == 0)


def test_a_runner_that_is_gone_shows(own):
    status = own.run("-m", "deploy_conf", "status")
    pid = re.search(r"^runner +RUNNING +(\d+)", status, re.M).group(1)
    own.run("-c", "import os, signal; os.kill(%s, signal.SIGSTOP)" % pid)
    try:
        own.shell(
            "from deploy.models import RunnerBeat\n"
            "from datetime import timedelta\n"
            "beat = RunnerBeat.objects.get()\n"
            "beat.at -= timedelta(minutes=5)\n"
            "beat.save()"
        )
        wait_until(lambda: all_say(own, 503), seconds=60)
        checks = json.loads(ask(own, "/healthz")[1])["checks"]
        assert checks.pop("runner").startswith("no runner was heard of for ")
        assert set(checks.values()) == {"ok"}
        wait_until(lambda: numbers(own)['compat_healthy{check="runner"}'] == 0)
    finally:
        own.run("-c", "import os, signal; os.kill(%s, signal.SIGCONT)" % pid)
    wait_until(lambda: all_say(own, 200), seconds=60)
