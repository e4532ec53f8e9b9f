"""The measurement of notifications runs."""

import json

import pytest

from tests.labs.notifications import __main__ as notifications
from tests.support import binaries


def test_it_measures_each_way(capsys):
    try:
        notifications.main(["--entries", "20", "--seconds", "0.2", "--writers", "2"])
    except binaries.Missing as error:
        pytest.skip(str(error))
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [one["way"] for one in lines[:3]] == ["layer", "postgresql", "none"]
    assert all(one["publish_us"] > 0 and one["frames"] > 0 for one in lines[:3])
    assert [one["notify"] for one in lines[3:]] == ["none", "in", "after"]
    assert all(one["commits_per_second"] > 0 for one in lines[3:])
