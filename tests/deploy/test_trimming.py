"""The runner removes what STREAMS_KEEP of the reference site does not keep."""

from datetime import timedelta

from django.utils import timezone

from compat.streams import head, oldest, publish_many
from compat.streams.models import Entry
from tests.support.records import make_service
from tests.support.wait import wait_until


def test_a_runner_removes_old_entries(site):
    service = make_service("web")
    publish_many(service.stream, range(1500))
    old = timezone.now() - timedelta(days=400)
    Entry.objects.filter(seq__lte=1400).update(created=old)
    site.runner()
    wait_until(lambda: oldest(service.stream) == 1401, what="the old entries' end")
    assert head(service.stream) == 1500
    assert Entry.objects.count() == 100
