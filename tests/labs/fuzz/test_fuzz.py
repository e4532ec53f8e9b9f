"""A short run of each target, with the same cases every time; `make fuzz` is the long one."""

import re
import subprocess
import sys

import pytest

from tests.support import CHECKOUT, commands, warm

from . import __main__

CASES = {"frames": 150, "messages": 150, "handshakes": 150, "interleavings": 30}


@pytest.mark.parametrize("name", __main__.TARGETS)
def test_every_case_holds(name, capsys, monkeypatch):
    count = CASES.get(name, 400)
    printed = []

    def call(command, env):
        done = commands.run(*command[1:], env=env, load=(*warm.STACK, "FUZZ"), timeout=600)
        printed.append(done.stdout + done.stderr)
        return done.returncode

    monkeypatch.setattr(__main__.subprocess, "call", call)
    failed = __main__.main([name, "--cases", str(count)])
    (said,) = printed
    assert not failed, said[-8000:]
    tried = re.search(r"^fuzz %s: (\d+) cases$" % name, said, re.M)
    assert int(tried.group(1)) >= count // 2  # a strategy may have fewer than were asked for
    with capsys.disabled():
        print("\n" + tried.group())


def test_a_case_that_does_not_hold_is_told():
    """A target that fails on one case among many, run as the others are."""
    code = (
        "import sys, types\n"
        "from hypothesis import strategies as st\n"
        "module = types.ModuleType('tests.labs.fuzz.broken')\n"
        "module.CASES = st.integers()\n"
        "def check(case):\n"
        "    assert case < 100\n"
        "module.check = check\n"
        "sys.modules['tests.labs.fuzz.broken'] = module\n"
        "from tests.labs.fuzz.run import main\n"
        "sys.exit(main('broken', 500, 0, 0))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=CHECKOUT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        universal_newlines=True,
    )
    assert done.returncode == 1 and "FAILED" in done.stdout
    assert "case=100" in done.stdout, done.stdout
