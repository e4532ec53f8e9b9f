"""Every change of a deployment's state: the row and its entry in the stream, in one transaction.

Each transaction writes before it reads, so that SQLite gives it the write lock (and the wait for
it) at once. All changes are conditional: they say from which state, and whether it was still so.
"""

import uuid

from django.db import IntegrityError, transaction
from django.db.models import Min
from django.utils import timezone

from compat.streams import head, publish
from deploy import entries
from deploy.models import Deployment

ATTEMPTS = 3


class Refused(Exception):
    """What was asked for cannot be done now; the text says why."""


def enqueue(service, user):
    """Queue a deployment and return (deployment, created).

    A second request by the same user while one still waits returns the one that waits.
    Raises Refused when the service is off.
    """
    if not service.enabled:
        raise Refused(f"{service.name} is switched off.")
    key = f"{service.pk}:{user.pk}"
    for _ in range(ATTEMPTS):
        try:
            return _enqueue(service, user, key), True
        except IntegrityError:
            waiting = Deployment.objects.filter(queued_key=key).first()
            if waiting is not None:
                return waiting, False
            # A runner took the one that was in the way in this very moment; or it is something
            # else, such as a service that was deleted meanwhile.
    raise Refused(f"{service.name} cannot be deployed any more.")


def _enqueue(service, user, key):
    with transaction.atomic():
        deployment = Deployment.objects.create(
            service=service,
            requested_by=user,
            requested_by_name=user.get_username()[:150],
            queued_key=key,
        )
        seq = _publish_state(deployment)
        Deployment.objects.filter(pk=deployment.pk).update(first_seq=seq - 1)
    deployment.first_seq = seq - 1
    return deployment


def request_cancel(deployment, user):
    """Cancel a queued deployment, or ask its runner to stop a running one; False: already over."""
    by = user.get_username()[:150]
    with transaction.atomic():
        done = Deployment.objects.filter(pk=deployment.pk, state=Deployment.QUEUED).update(
            state=Deployment.CANCELLED,
            queued_key=None,
            cancel_requested=True,
            cancelled_by_name=by,
            reason=f"cancelled by {by} before it started"[:200],
            finished_at=timezone.now(),
        )
        if done:
            deployment.refresh_from_db()
            seq = _publish_state(deployment, by=by)
            Deployment.objects.filter(pk=deployment.pk).update(last_seq=seq)
    if done:
        return True
    running = Deployment.objects.filter(pk=deployment.pk, state=Deployment.RUNNING)
    # Who asked first stays on record.
    running.filter(cancel_requested=False).update(cancel_requested=True, cancelled_by_name=by)
    return running.exists()


def claim_next(runner):
    """Take the oldest queued deployment of a service that has none running; None: there is none.

    The database decides between runners: the row changes only from "queued", and running_key is
    unique, so that neither a deployment nor a service is ever taken twice.
    """
    busy = Deployment.objects.filter(state=Deployment.RUNNING).values("service")
    waiting = (
        Deployment.objects.filter(state=Deployment.QUEUED, service__enabled=True)
        .exclude(service__in=busy)
        .order_by()
        .values("service")
        .annotate(oldest=Min("pk"))
        .order_by("oldest")
        .values_list("oldest", "service")
    )
    for pk, service_id in list(waiting):
        if _claim(pk, service_id, runner):
            return Deployment.objects.select_related("service").get(pk=pk)
    return None


def _claim(pk, service_id, runner):
    now = timezone.now()
    try:
        with transaction.atomic():
            taken = Deployment.objects.filter(pk=pk, state=Deployment.QUEUED).update(
                state=Deployment.RUNNING,
                queued_key=None,
                running_key=service_id,
                runner=str(runner),
                token=uuid.uuid4().hex,
                started_at=now,
                heartbeat_at=now,
            )
            if not taken:
                return False
            deployment = Deployment.objects.select_related("service").get(pk=pk)
            seq = _publish_state(deployment)
            Deployment.objects.filter(pk=pk).update(output_seq=seq - 1)
    except IntegrityError:
        return False
    return True


def record_process(deployment, pid, mark):
    """Remember the process group of a running deployment, so that an orphan can be recognised."""
    Deployment.objects.filter(pk=deployment.pk, runner=deployment.runner).update(
        pid=pid, process_mark=mark
    )


def finish(deployment, state, exit_code=None, reason=""):
    """End a deployment that is still its runner's; False: somebody else ended it meanwhile."""
    now = timezone.now()
    with transaction.atomic():
        done = Deployment.objects.filter(
            pk=deployment.pk, state=Deployment.RUNNING, runner=deployment.runner
        ).update(
            state=state,
            exit_code=exit_code,
            reason=reason[:200],
            finished_at=now,
            running_key=None,
        )
        if not done:
            return False
        deployment.refresh_from_db()
        by = deployment.cancelled_by_name if state == Deployment.CANCELLED else None
        seq = _publish_state(deployment, by=by)
        Deployment.objects.filter(pk=deployment.pk).update(last_seq=seq)
    return True


def _publish_state(deployment, by=None):
    """Tell who follows the service, and who watches many; returns the number in the service's."""
    body = entries.state(deployment, by)
    seq = publish(deployment.service.stream, body)
    publish(deployment.service.states, body)
    return seq


def output_end(deployment):
    """Return the last sequence number that can hold output of this deployment, as of now."""
    return head(deployment.service.stream) if deployment.last_seq is None else deployment.last_seq
