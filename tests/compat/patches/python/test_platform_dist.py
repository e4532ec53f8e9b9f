import os
import sys

import pytest

from tests.support.probe import probe, prove, source


@source
def code():
    import platform

    name, version, code = platform.linux_distribution()
    print(bool(name), platform.dist()[0].islower(), type(version).__name__, type(code).__name__)


NAME = "python.platform_dist"
NEEDED = sys.version_info >= (3, 8)


@source
def no_file():
    import builtins
    import platform

    def refuse(path, *args, **kwargs):
        raise FileNotFoundError(path)

    stock, builtins.open = builtins.open, refuse
    try:
        said = platform.linux_distribution("none", "0", "x"), platform.dist("none")
    finally:
        builtins.open = stock
    print(*said)


@pytest.mark.skipif(not os.path.exists("/etc/os-release"), reason="not a Linux distribution")
def test_the_distribution():
    bad = "no attribute 'linux_distribution'"
    prove(NAME, code, good="True True str str", bad=bad, needed=NEEDED)


@pytest.mark.skipif(not NEEDED, reason="the original looks at other files")
def test_what_the_caller_said_where_the_system_tells_nothing():
    assert probe(no_file).said == "('none', '0', 'x') ('none', '', '')"
