"""/healthz and /metrics of the reference site, asked as from elsewhere and from this machine."""

import threading
from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from django.test import Client, override_settings
from django.utils import timezone

from compat.health import probes
from compat.streams import stats
from deploy.models import RunnerBeat

pytestmark = pytest.mark.django_db
STRANGER = {"REMOTE_ADDR": "192.0.2.7"}


@pytest.fixture(autouse=True)
def asked_anew(monkeypatch):
    monkeypatch.setattr(probes, "FRESH", 0.0)


@pytest.fixture(autouse=True)
def no_redis(monkeypatch, settings):
    """The database of a test is its own connection's, and there is no Redis: see tests/e2e."""
    settings.CHANNEL_LAYERS = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}
    settings.COMPAT_HEALTH_CHECKS = {}


def check(name, function):
    return override_settings(COMPAT_HEALTH_CHECKS={name: function})


def test_all_is_well():
    answer = Client().get("/healthz")
    assert answer.status_code == 200
    assert answer.json() == {
        "status": "ok",
        "checks": {"database": "ok", "disk": "ok", "layer": "ok"},
    }
    assert "no-store" in answer["Cache-Control"] or "no-cache" in answer["Cache-Control"]
    answer = Client(**STRANGER).get("/healthz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})
    assert Client().post("/healthz").status_code == 405


def test_what_fails_is_named_for_those_who_may_know():
    def broken():
        raise OSError("the password is\nsecret")

    with check("queue", broken):
        answer = Client().get("/healthz")
        stranger = Client(**STRANGER).get("/healthz")
    assert answer.status_code == stranger.status_code == 503
    assert answer.json()["checks"]["queue"] == "OSError: the password is secret"
    assert stranger.json() == {"status": "failing"}


def test_a_full_disk(tmp_path):
    with override_settings(COMPAT_HEALTH_DISK={str(tmp_path): 2**62}):
        answer = Client().get("/healthz")
    assert answer.status_code == 503
    assert answer.json()["checks"]["disk"].startswith("%s has " % tmp_path)


def test_a_check_that_hangs_holds_up_nobody(monkeypatch):
    monkeypatch.setattr(probes, "SECONDS", 0.2)
    gate = threading.Event()
    asked = []

    def hangs():
        asked.append(1)
        gate.wait(60)

    with check("slow", hangs):
        first, second = Client().get("/healthz"), Client().get("/healthz")
        gate.set()
        probes._running["slow"].join(10)
        third = Client().get("/healthz")
    assert first.json()["checks"]["slow"] == "does not answer within 0.2 s"
    assert second.json()["checks"]["slow"] == "still does not answer"
    assert third.json()["checks"]["slow"] == "ok"
    assert len(asked) == 2


def test_it_is_no_load(monkeypatch):
    monkeypatch.setattr(probes, "FRESH", 60.0)
    monkeypatch.setattr(probes, "_known", (0.0, None))
    asked = []
    with check("counted", lambda: asked.append(1)):
        for _ in range(20):
            Client().get("/healthz")
    assert len(asked) == 1
    monkeypatch.setattr(probes, "_known", (0.0, None))


@pytest.mark.parametrize("age, well", [(None, False), (0, True), (3600, False)])
def test_the_runner(age, well):
    from deploy import health

    if age is not None:
        RunnerBeat.objects.create(runner="r", at=timezone.now() - timedelta(seconds=age))
    problem = health.runner()
    assert (problem is None) is well
    if age == 3600:
        assert problem.startswith("no runner was heard of for 360")


def test_metrics_are_for_loopback_and_superusers():
    assert Client().get("/metrics").status_code == 200
    stranger = Client(**STRANGER)
    assert stranger.get("/metrics").status_code == 403
    users = get_user_model().objects
    stranger.force_login(users.create_user("staff", is_staff=True))
    assert stranger.get("/metrics").status_code == 403
    stranger.force_login(users.create_superuser("root", "", "x"))
    assert stranger.get("/metrics").status_code == 200
    with override_settings(COMPAT_METRICS_NETWORKS=["192.0.2.0/24"]):
        assert Client(**STRANGER).get("/metrics").status_code == 200
        assert Client().get("/metrics").status_code == 403


def test_metrics_have_the_checks_and_the_patches():
    with check("queue", lambda: "stuck"):
        text = Client().get("/metrics").content.decode()
    lines = text.splitlines()
    assert 'compat_healthy{check="queue"} 0.0' in lines
    assert 'compat_healthy{check="database"} 1.0' in lines
    assert any(line.startswith('compat_patches{state="applied"} ') for line in lines)
    assert stats.appended  # whoever publishes has imported it
    assert "# TYPE compat_streams_appended_total counter" in lines


def test_nothing_is_collected_unless_asked_for():
    with override_settings(COMPAT_METRICS=False):
        answer = Client().get("/metrics")
    assert answer.status_code == 404
    assert b"COMPAT_METRICS = True" in answer.content
