"""The measurement of presence runs."""

import json

from tests.labs.presence import __main__ as presence


def test_it_measures_each_kind(capsys):
    presence.main("--guests 6 --pollers 4 --daphnes 2 --seconds 1.2 --round 0.2".split())
    found = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(one["presence"], one["by"]) for one in found] == [
        (kind, by) for by in ("websocket", "poll") for kind in ("none", "counted", "told")
    ]
    assert [one["frames_per_s"] > 0 for one in found[:3]] == [False, False, True]
