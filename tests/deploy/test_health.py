from datetime import timedelta

import pytest
from django.utils import timezone

from deploy import health
from deploy.models import RunnerBeat


def beat(name, seconds):
    RunnerBeat.objects.create(runner=name, at=timezone.now() - timedelta(seconds=seconds))


@pytest.mark.django_db
def test_one_runner_that_was_heard_of_lately_is_enough(settings):
    assert health.runner() == "no runner has ever been heard of"
    beat("gone", 3600)
    assert health.runner() == "no runner was heard of for 3600 s"
    beat("silent", 50)
    assert health.runner() is None
    settings.DEPLOY_STALE_SECONDS = 45
    assert health.runner() == "no runner was heard of for 50 s"
    beat("here", 1)
    assert health.runner() is None
