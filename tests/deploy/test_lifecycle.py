import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from compat.streams import head, read
from deploy import lifecycle
from deploy.models import Deployment
from tests.support.records import make_service, make_user, states_of

pytestmark = pytest.mark.django_db


def running(service, user, runner="host/1/1"):
    deployment, _ = lifecycle.enqueue(service, user)
    claimed = lifecycle.claim_next(runner)
    assert claimed == deployment
    return claimed


def test_a_queued_deployment_and_its_entry_agree():
    service, user = make_service(), make_user()
    before = head(service.stream)
    deployment, created = lifecycle.enqueue(service, user)
    assert created
    deployment.refresh_from_db()
    assert (deployment.state, deployment.first_seq) == ("queued", before)
    (row,) = read(service.stream, deployment.first_seq)
    assert row.body == {
        "k": "state",
        "d": deployment.pk,
        "state": "queued",
        "code": None,
        "by": "ann",
        "at": deployment.queued_at.isoformat(),
    }


def test_a_double_click_shows_the_one_that_waits():
    service, user = make_service(), make_user()
    first, created = lifecycle.enqueue(service, user)
    second, created_again = lifecycle.enqueue(service, user)
    assert (created, created_again, second) == (True, False, first)
    assert head(service.stream) == 1


def test_another_user_and_a_later_click_queue_another_one():
    service, user = make_service(), make_user()
    first = running(service, user)
    assert lifecycle.enqueue(service, user)[1]
    assert lifecycle.enqueue(service, make_user("bob"))[1]
    assert Deployment.objects.exclude(pk=first.pk).filter(state="queued").count() == 2


def test_a_service_that_is_off_starts_nothing():
    service = make_service(enabled=False)
    with pytest.raises(lifecycle.Refused) as refused:
        lifecycle.enqueue(service, make_user())
    assert str(refused.value) == "Web is switched off."
    assert not Deployment.objects.exists()


def test_a_service_that_is_gone_is_refused(monkeypatch):
    def complain(*_):
        raise IntegrityError("no such service")

    service, user = make_service(), make_user()
    monkeypatch.setattr(lifecycle, "publish", complain)
    with pytest.raises(lifecycle.Refused, match="Web cannot be deployed any more"):
        lifecycle.enqueue(service, user)


def test_what_waits_for_a_service_that_is_off_keeps_waiting():
    service = make_service()
    lifecycle.enqueue(service, make_user())
    service.enabled = False
    service.save()
    assert lifecycle.claim_next("r") is None


def test_the_oldest_of_each_service_is_claimed_and_one_at_a_time():
    ann, bob = make_user("ann"), make_user("bob")
    web, api = make_service("web"), make_service("api")
    web1, _ = lifecycle.enqueue(web, ann)
    web2, _ = lifecycle.enqueue(web, bob)
    api1, _ = lifecycle.enqueue(api, ann)
    assert [lifecycle.claim_next("r") for _ in range(3)] == [web1, api1, None]
    claimed = Deployment.objects.get(pk=web1.pk)
    assert (claimed.state, claimed.runner, claimed.running_key) == ("running", "r", web.pk)
    assert claimed.token and claimed.started_at and claimed.heartbeat_at
    assert lifecycle.finish(claimed, "succeeded", 0)
    assert lifecycle.claim_next("r") == web2


def test_the_database_itself_refuses_a_second_running_one():
    service, user = make_service(), make_user()
    first = running(service, user)
    second, _ = lifecycle.enqueue(service, user)
    rows = Deployment.objects.filter(pk=second.pk)
    with pytest.raises(IntegrityError), transaction.atomic():
        rows.update(state="running", running_key=service.pk)
    # A runner whose view of the queue is old loses that race quietly.
    assert lifecycle._claim(second.pk, service.pk, "other") is False
    assert lifecycle._claim(first.pk, service.pk, "other") is False
    assert rows.get().state == "queued"


def test_the_end_is_recorded_once_and_by_its_own_runner():
    service, user = make_service(), make_user()
    deployment = running(service, user)
    stale = Deployment.objects.get(pk=deployment.pk)
    stale.runner = "another"
    assert not lifecycle.finish(stale, "lost")
    assert lifecycle.finish(deployment, "failed", 3, "exit code 3")
    assert not lifecycle.finish(deployment, "succeeded", 0)
    deployment.refresh_from_db()
    last = read(service.stream, deployment.last_seq - 1)[0].body
    assert (last["state"], last["code"], last["reason"]) == ("failed", 3, "exit code 3")
    assert deployment.last_seq == head(service.stream)
    assert states_of(deployment) == ["queued", "running", "failed"]
    assert deployment.running_key is None


def test_cancelling_before_it_runs_ends_it():
    service, user = make_service(), make_user()
    deployment, _ = lifecycle.enqueue(service, user)
    before = timezone.now()
    assert lifecycle.request_cancel(deployment, make_user("bob"))
    assert before <= Deployment.objects.get(pk=deployment.pk).finished_at <= timezone.now()
    deployment.refresh_from_db()
    assert (deployment.state, deployment.cancelled_by_name) == ("cancelled", "bob")
    assert deployment.last_seq == head(service.stream)
    assert states_of(deployment) == ["queued", "cancelled"]
    assert lifecycle.claim_next("r") is None
    assert not lifecycle.request_cancel(deployment, user)
    assert lifecycle.enqueue(service, user)[1]


def test_cancelling_a_running_one_asks_its_runner():
    service, user = make_service(), make_user()
    deployment = running(service, user)
    assert lifecycle.request_cancel(deployment, user)
    assert lifecycle.request_cancel(deployment, make_user("bob"))
    deployment.refresh_from_db()
    assert (deployment.state, deployment.cancel_requested) == ("running", True)
    assert deployment.cancelled_by_name == "ann"


def test_row_and_entry_change_together(monkeypatch):
    service, user = make_service(), make_user()
    deployment = running(service, user)
    before = head(service.stream)

    def fail(*_):
        raise RuntimeError("no log")

    monkeypatch.setattr(lifecycle, "publish", fail)
    for change in (
        lambda: lifecycle.enqueue(service, user),
        lambda: lifecycle.finish(deployment, "succeeded", 0),
    ):
        with pytest.raises(RuntimeError):
            change()
    assert Deployment.objects.get().state == "running"
    assert head(service.stream) == before


def test_a_process_is_recorded_by_its_own_runner():
    service, user = make_service(), make_user()
    deployment = running(service, user)
    stale = Deployment.objects.get(pk=deployment.pk)
    stale.runner = "another"
    lifecycle.record_process(stale, 7, "7")
    deployment.refresh_from_db()
    assert (deployment.pid, deployment.process_mark) == (None, "")
    lifecycle.record_process(deployment, 8, "9")
    deployment.refresh_from_db()
    assert (deployment.pid, deployment.process_mark) == (8, "9")


def test_what_is_longer_than_its_column_is_cut(settings):
    # Other databases than SQLite refuse it, and a deployment could never end.
    service, user = make_service(), make_user("x" * 150)
    deployment = running(service, user)
    assert lifecycle.finish(deployment, "failed", 1, "y" * 500)
    waiting, _ = lifecycle.enqueue(service, user)
    assert lifecycle.request_cancel(waiting, user)
    for row in Deployment.objects.all():
        assert len(row.reason) <= 200 and len(row.requested_by_name) == 150
    deployment.refresh_from_db()
    assert deployment.reason == "y" * 200
