"""`python -m compat` alone: this environment, without settings of a site."""

import os
import subprocess
import sys

import pytest

import compat
from tests.support import CHECKOUT
from tests.support.sites import site_packages


def about(*paths, **environ):
    """(exit code, {title: its lines}) of the command, which says nothing on standard error."""
    environ = dict({"PATH": os.environ["PATH"]}, PYTHONPATH=os.pathsep.join(paths), **environ)
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "compat"],
        cwd=CHECKOUT,
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        universal_newlines=True,
    )
    assert done.stderr == ""
    sections = {}
    for part in ("here\n" + done.stdout).split("\n\n"):
        title, _, rows = part.partition("\n")
        sections[title] = [row.strip() for row in rows.splitlines()]
    return done.returncode, sections


@pytest.mark.parametrize(
    "words",
    [["-m", "compat"], ["-m", "compat", "--cves"], ["manage.py", "compat"]]
    + [["manage.py", "compat", word] for word in ("--cves", "--json")],
)
def test_a_reader_who_has_read_enough(words):
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore", *words],
        cwd=CHECKOUT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        universal_newlines=True,
    )
    process.stdout.close()
    with process.stderr:
        assert (process.stderr.read(), process.wait()) == ("", 0)


def test_what_is_here():
    code, said = about()
    assert code == 0
    version, python, active = said["here"]
    assert version.startswith("the bridge %s, imported as compat from " % compat.__version__)
    assert python.endswith(sys.executable) and active.startswith("active in every process")
    assert "django 1.11.29, channels 2.1.4, channels-redis 2.3.1" in said["packages"][0]
    assert [row.split()[0] for row in said["servers"]] == ["nginx", "uWSGI", "Redis", "supervisor"]
    assert any(row.endswith(" of channels") for row in said["repairs"])
    assert said["packages that cannot work together"] == ["none"]


def test_a_repair_that_is_off_is_named():
    rows = about(COMPAT_DISABLE="channels.request_finish")[1]["repairs"]
    assert any(row.endswith("off by COMPAT_DISABLE: channels.request_finish") for row in rows)


def test_what_cannot_work_together_is_named_and_counts(tmp_path):
    site_packages.write(tmp_path, {"asgi_redis": "1.4.3", "django_redis": "4.9.0"})
    code, said = about(str(tmp_path))
    assert code == 1
    (line,) = [row for row in said["packages that cannot work together"] if "asgi-redis 1" in row]
    assert line.startswith("asgi-redis 1.4.3 with channels 2.1.4: asgi-redis is the layer of")
