"""The benchmark still runs: one tiny burst, what sending costs, and a wrong option."""

import json
import os
import subprocess
import sys

from tests.support import CHECKOUT
from tests.support.nginx import nginx_or_skip


def bench(tmp_path, *arguments):
    """The finished process; its temporary files are below `tmp_path`."""
    return subprocess.run(
        [sys.executable, "-m", "tests.labs.bench"] + list(arguments),
        cwd=CHECKOUT,
        env=dict(os.environ, TMPDIR=str(tmp_path)),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        universal_newlines=True,
        timeout=300,
    )


def command_line(pid):
    """The arguments of a process; "" when it is gone or `pid` is not one."""
    try:
        with open("/proc/%s/cmdline" % pid, errors="replace") as text:
            return text.read()
    except OSError:
        return ""


def test_a_tiny_burst(tmp_path):
    nginx_or_skip()
    scratch, figures = tmp_path / "t", tmp_path / "figures.json"
    scratch.mkdir()
    options = "--only burst --only sending --rounds 1 --lines 200 --readers 2 --json".split()
    done = bench(scratch, *(options + [str(figures)]))
    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads(figures.read_text())
    rows = {row["name"]: row for row in found["rows"]}
    assert found["failures"] == []
    for how in ("batches", "single"):
        assert rows["burst.%s.lines" % how]["ours"] == 200
        assert rows["burst.%s.lines" % how]["met"] is True
        for measure in ("lines", "last", "cpu", "publisher"):
            row = rows["burst.%s.%s" % (how, measure)]
            assert row["stock"] > 0 and row["ours"] > 0, row
            assert row["label"] in done.stdout
    one, batch = found["measures"]
    for name in ("ours", "streams", "stock"):
        assert one["values"][name][0] > batch["values"][name][0] > 0, (name, one, batch)
    assert all(goal[3] in (True, False, None) for goal in one["goals"])
    assert "### " + one["title"] in done.stdout
    assert "round 1 of 1" in done.stderr
    assert os.listdir(str(scratch)) == []
    assert not [pid for pid in os.listdir("/proc") if str(scratch) in command_line(pid)]


def test_a_wrong_option_is_one_line(tmp_path):
    for option in (["--rounds", "0"], ["--only", "nothing"], ["--json", str(tmp_path)]):
        done = bench(tmp_path, *option)
        assert done.returncode == 2
        assert "Traceback" not in done.stderr
        assert option[0] in done.stderr.strip().splitlines()[-1]
