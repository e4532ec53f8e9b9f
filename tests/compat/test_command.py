"""`manage.py compat`, run as an administrator runs it."""

import json
import sys
from collections import Counter

import pytest

from tests.support.commands import manage


@pytest.fixture(scope="module")
def records():
    result = manage("compat", "--json", COMPAT_DISABLE="psycopg2_utc")
    assert result.returncode == 0, result.stderr
    return {record["name"]: record for record in json.loads(result.stdout)}


def test_json_has_the_whole_record_of_every_patch(records):
    keys = {
        "name",
        "library",
        "versions",
        "installed",
        "state",
        "reason",
        "symptom",
        "link",
        "cves",
    }
    assert all(set(record) == keys for record in records.values())
    finish = records["channels.request_finish"]
    assert (finish["state"], finish["installed"]) == ("applied", "2.1.4")
    assert finish["link"] == "https://github.com/django/channels/issues/1175"


def test_nothing_is_refused_and_states_are_this_pythons(records):
    states = {name: record["state"] for name, record in records.items()}
    assert "refused" not in states.values()
    assert states["drivers.psycopg2_utc"] == "disabled"
    wanted = "applied" if sys.version_info >= (3, 7) else "not needed"
    assert states["python.collections_abc"] == wanted
    assert states["channels_redis.cancelled_receive"] == "applied"


def test_the_table_has_a_row_for_every_patch_with_its_reason_and_link(records):
    result = manage("compat", COMPAT_DISABLE="request_finish")
    assert result.returncode == 0, result.stderr
    lines = result.stdout.splitlines()
    rows = [line for line in lines if not line.startswith(" ")]
    assert len(rows) == len(records) + 1
    total, _, states = rows.pop().partition(" repairs: ")
    found = Counter(row.split("  ")[0] for row in rows)
    assert total == str(len(records)) and states.split(", ") == [
        "%d %s" % (found[state], state) for state in sorted(found)
    ]
    number = next(n for n, line in enumerate(lines) if "channels.request_finish" in line)
    assert lines[number].split()[:4] == ["disabled", "channels.request_finish", "channels", "2.1.4"]
    assert lines[number].endswith(records["channels.request_finish"]["symptom"])
    assert lines[number + 1 : number + 3] == [
        " " * 12 + "COMPAT_DISABLE",
        " " * 12 + "https://github.com/django/channels/issues/1175",
    ]


def test_a_module_can_be_imported_first(records):
    name = "channels.origin_pattern"
    result = manage("compat", "--json", "--import", "channels.security.websocket")
    states = {record["name"]: record["state"] for record in json.loads(result.stdout)}
    assert states[name] == "applied"


def test_a_module_that_is_not_there_is_one_line():
    result = manage("compat", "--import", "no_such_module")
    assert result.returncode == 1
    assert result.stderr.strip().splitlines() == [
        "CommandError: --import no_such_module: No module named 'no_such_module'"
    ]
