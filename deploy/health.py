"""For /healthz: whether a runner is there to take what is queued."""

from django.utils import timezone

from deploy.liveness import stale_after
from deploy.models import RunnerBeat


def runner():
    """None when a runner was heard of lately; else what is wrong, in a few words."""
    last = RunnerBeat.objects.order_by("-at").values_list("at", flat=True).first()
    if last is None:
        return "no runner has ever been heard of"
    age = (timezone.now() - last).total_seconds()
    return "no runner was heard of for %d s" % age if age > stale_after() else None
