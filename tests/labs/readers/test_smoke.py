"""The measurement of readers runs."""

import json

from tests.labs.readers import __main__ as readers


def test_it_measures_both_kinds(capsys):
    readers.main(["--readers", "3", "--seconds", "0.2", "--rounds", "2", "--times", "1"])
    found = [json.loads(line) for line in capsys.readouterr().out.splitlines() if line[:1] == "{"]
    assert [one["kind"] for one in found] == ["websocket", "events"]
    assert all(one["readers"] == 3 and one["delivery_us"] >= 0 for one in found)
