"""The programs beside the benchmark still run, each once and for a moment."""

import re
import subprocess
import sys

import pytest

from tests.labs.bench import delivery, long_log, publishing
from tests.support import CHECKOUT


def test_what_publish_costs(redis, capsys, monkeypatch):
    """A row for publish() and one for group_send(), with what a call takes."""
    monkeypatch.setattr(publishing, "SHAPES", {"1 publisher": (1, 1)})
    publishing.main("0.2", "sqlite")
    head, _, ours, stock = capsys.readouterr().out.splitlines()
    assert head == "| | | calls/s | CPU ms a call |"
    for row, name in ((ours, "sqlite"), (stock, "group_send")):
        cells = [cell.strip() for cell in row.strip("|").split("|")]
        assert cells[0] == name and int(cells[2]) > 0 and float(cells[3]) > 0


@pytest.mark.parametrize("more", [[], ["--series", "--trim", "1000"]], ids=["by hand", "series"])
def test_a_log_that_is_long(capfd, more):
    """All that it asks a log for is told; the trim leaves half."""
    long_log.main(["2000", "20", "sqlite", "--minutes", "0.5"] + more)
    said = capfd.readouterr().out
    assert said.startswith("sqlite\n")
    told = dict(re.findall(r"^  (\S+) +(.*)$", said, re.M))
    assert list(told) == ["filled", "size", "asked,", "catch-up", "trimmed", "streams"]
    assert told["filled"].startswith("entries 2000, ")
    assert not [word for word in told["streams"].split(", ") if word.endswith((" 0", " 0.0"))]
    removed = int(re.match(r"entries (\d+), ", told["trimmed"]).group(1))
    published = int(re.search(r"publishes (\d+)", told["trimmed"]).group(1))
    assert 1000 <= removed <= 1000 + published


def test_a_loud_command_beside_quiet_ones():
    """Nothing of the loud one is missing, and the quiet ones are heard."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.labs.bench.loud", "0.2", "20000"],
        cwd=CHECKOUT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        universal_newlines=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    alone, beside, loud, cpu = done.stdout.splitlines()
    assert alone.startswith("quiet ones alone: p50 ") and beside.startswith("with a loud one:  p50")
    assert loud.startswith("the loud one: 4000 lines ") and " 0 missing, in order: True" in loud
    assert cpu.startswith("CPU of the runner: ")


def test_where_a_delivery_goes(capsys, monkeypatch):
    """A column for each side, whose rows are its sum; hardly anything is nobody's."""
    monkeypatch.setattr(delivery, "AHEAD", (16,))
    delivery.main("0.5", "5")
    said = [line for line in capsys.readouterr().out.splitlines() if line.startswith("| ")]
    rows = {
        cells[0]: cells[1:] for cells in ([c.strip() for c in r.split("|")[1:-1]] for r in said)
    }
    heads = rows.pop("µs of CPU for a delivery")
    assert [head.split(",")[0] for head in heads] == ["stock", "ours"]
    beside = rows.pop(delivery.REDIS)
    sums, others = rows.pop("**daphne, all of it**"), rows[delivery.REST]
    for column, head in enumerate(heads):
        parts = [float(cells[column]) for cells in rows.values()]
        assert float(sums[column]) == pytest.approx(sum(parts), abs=0.5) and sum(parts) > 0, head
        assert len([part for part in parts if part > 0]) > 3, (head, rows)
        assert float(others[column]) <= float(sums[column]) / 10, (head, rows)
        assert float(beside[column]) > 0


def test_a_function_of_pythons_library_is_its_callers():
    site, asyncio = ("/bench/site/routing.py", "line"), ("/lib/asyncio/events.py", "_run")
    assert delivery.place([("/lib/copy.py", "copy"), site, asyncio]).startswith("the consumer")
    assert delivery.place([asyncio, site]).startswith("asyncio")
    assert delivery.place([("/lib/copy.py", "copy")]) == delivery.place([]) == delivery.REST
    assert delivery.shares([]) == {delivery.REST: 1}
