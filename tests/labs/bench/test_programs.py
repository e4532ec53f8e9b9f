"""The programs beside the benchmark still run, each once and for a moment."""

import json
import re
import shutil
import subprocess
import sys

import pytest

from tests.labs.bench import clients, crowd, delivery, kernel, long_log, packing, publishing
from tests.labs.bench.bench import Bench
from tests.labs.bench.items import reconnect
from tests.labs.bench.results import Results
from tests.labs.bench.servers import Servers
from tests.labs.bench.sites import LIBRARY_SHIMS, Site, disable_all_but
from tests.support import CHECKOUT
from tests.support.daphne import listening
from tests.support.nginx import nginx_or_skip


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
    lines = delivery.Run.lines
    enough = {"stock": 400, "ours": 3000}  # as they are: for 0.3 s of CPU
    monkeypatch.setattr(
        delivery.Run, "lines", lambda run, _, ahead: lines(run, enough[run.site.kind], ahead)
    )
    monkeypatch.setattr(delivery, "make_sites", sites_that_work)
    delivery.main("0", "5")
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


def sites_that_work(folder, url, *_):
    """Stock with all that it may keep: what it needs here is tried in the smoke test."""
    stock = Site("stock", folder, url, disable_all_but(LIBRARY_SHIMS))
    return {"ours": Site("ours", folder, url), "stock": stock}


def test_a_function_of_pythons_library_is_its_callers():
    site, asyncio = ("/bench/site/routing.py", "line"), ("/lib/asyncio/events.py", "_run")
    assert delivery.place([("/lib/copy.py", "copy"), site, asyncio]).startswith("the consumer")
    assert delivery.place([asyncio, site]).startswith("asyncio")
    assert delivery.place([("/lib/copy.py", "copy")]) == delivery.place([]) == delivery.REST
    assert delivery.shares([]) == {delivery.REST: 1}


def test_what_a_newer_msgpack_saves(tmp_path, capsys):
    """A row for each message and layer, each side with its own msgpack."""
    import pip._vendor.msgpack as another

    shutil.copytree(another.__path__[0], str(tmp_path / "msgpack"))
    options = ["--newer", str(tmp_path), "--rounds", "1", "--batches", "1"]
    assert packing.main(options) == 0
    head, _, *rows, python = capsys.readouterr().out.splitlines()
    assert head == "| CPU, µs | 0.5.6 | %s | ratio |" % ".".join(map(str, another.version[:3]))
    assert len(rows) == 10 and python.startswith("Python ")
    for row in rows:
        before, after, ratio = [float(cell.strip(" ×")) for cell in row.split("|")[2:5]]
        assert before > 0 and after > 0
        assert ratio == pytest.approx(after / before, abs=0.1, rel=0.1)


def test_a_msgpack_that_cannot_be_had_is_one_line(capfd, monkeypatch, tmp_path):
    monkeypatch.setattr(packing, "ROOT", str(tmp_path))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    assert packing.main(["--newer", "9.9"]) == 1
    said = capfd.readouterr().err
    assert said.splitlines()[-1] == "packing: msgpack 9.9 cannot be installed", said


def test_nobody_comes_back(tmp_path, monkeypatch):
    """Of a server that answers no handshake the item has failed, and gives no figure."""
    results, said = Results(), []
    bench = Bench(None, str(tmp_path), results, said.append)
    bench.systems = {"stock": Site("stock", str(tmp_path), "")}
    bench.systems["stock"].cookies = None
    monkeypatch.setattr(reconnect, "SOCKETS", 3)
    monkeypatch.setattr(reconnect, "LONGEST", 1)
    monkeypatch.setattr(Servers, "redis", lambda self: None)
    monkeypatch.setattr(Servers, "cpu_seconds", lambda self, *processes: 1.0)
    monkeypatch.setattr(clients, "visitors", without_the_first(clients.visitors))
    with listening() as listener:
        monkeypatch.setattr(
            Servers, "daphne", lambda self: self.daphne_ports.append(listener.getsockname()[1])
        )
        bench.attempt("reconnect", "stock", reconnect._all_at_once, bench, "stock", "direct")
    assert results.values == {}
    assert [failure["reason"] for failure in results.failures] == ["nobody was in after 1 s"]


def without_the_first(visitors):
    """Those who come before the thousand are let in: here nobody waits for an answer to them."""

    def these(site, port, path, count, *more, **options):
        return visitors(site, port, path, 0 if count == 20 else count, *more, **options)

    return these


def test_a_crowd(capsys, monkeypatch):
    """Each line reaches who follows its stream, at either daphne, and nobody else."""
    nginx_or_skip()
    monkeypatch.setattr(crowd, "steady", kernel.rss_kib)
    monkeypatch.setattr(crowd, "USERS", 8)
    sizes = {"readers": 8, "streams": 50, "followed": 2, "daphnes": 2, "lines": 6, "seconds": 0.1}
    crowd.main([word for name, size in sizes.items() for word in ("--" + name, str(size))])
    found = json.loads(capsys.readouterr().out)
    assert found["daphnes"] == 2 and found["deliveries"] == "24 of 24"
    assert 0 < found["p50 ms"] <= found["p99 ms"]
    for name in ("daphne", "nginx"):
        assert found[name + ": a delivery, µs"] > 0 and found[name + ": connecting, ms"] > 0
