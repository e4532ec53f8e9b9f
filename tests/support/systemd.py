"""A systemd of the test's own: first process of namespaces in which nothing else runs."""

import os
import shutil
import subprocess

import pytest

from tests.support.sites import tiny
from tests.support.wait import wait_until

INIT = ("/lib/systemd/systemd", "/usr/lib/systemd/systemd")
# Without them it restarts nothing.
TARGETS = ("sysinit", "basic", "sockets", "network-online", "shutdown", "multi-user")
# /run is new, so that no unit of the machine is there; the cgroups of the machine serve.
BEGIN = """
mount -t tmpfs tmpfs /run && mkdir /run/lock
test ! -e /dev/console || mount --bind "$LOG" /dev/console
echo ready > "$READY"
exec "$INIT" --system --unit="$UNIT" --log-target=console --show-status=0
"""


class Systemd:
    """folder: for its units; run(words) is a command beside it."""

    def __init__(self, folder, unit):
        self.units = folder / "units"
        self.units.mkdir()
        for name in TARGETS:
            (self.units / (name + ".target")).write_text("[Unit]\n")
        self.log = folder / "systemd.log"
        self.ready = folder / "ready"
        self.unit = unit
        self.process = None

    def start(self):
        environ = {
            "PATH": os.environ["PATH"],
            "container": "test",  # no hardware is its own
            "SYSTEMD_UNIT_PATH": str(self.units),
            "INIT": init(),
            "UNIT": self.unit,
            "READY": str(self.ready),
            "LOG": str(self.log),
        }
        with open(str(self.log), "ab") as log:
            self.process = subprocess.Popen(
                ["unshare", "--mount", "--pid", "--fork", "--mount-proc", "sh", "-ec", BEGIN],
                env=environ,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        wait_until(lambda: self.ready.exists() or self.process.poll() is not None, 20)
        with open("/proc/%d/task/%d/children" % (self.process.pid, self.process.pid)) as file:
            self.pid = int(file.read().split()[0])
        wait_until(lambda: self.run("systemctl", "is-system-running").stdout.strip(), 20)

    def run(self, *words, **environ):
        """A finished command in the namespaces, with its output as text."""
        return subprocess.run(
            ["nsenter", "--mount", "--pid", "--target", str(self.pid)] + list(words),
            env=tiny.environment(**environ),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            universal_newlines=True,
        )

    def stop(self):
        if self.process is not None:
            self.process.kill()
            os.kill(self.pid, 9)  # and with it all that runs there
            self.process.wait(20)


def init():
    return next((path for path in INIT if os.path.exists(path)), None)


def needed():
    """Skips where there is no systemd, or no right to make namespaces."""
    if init() is None or not all(map(shutil.which, ("systemctl", "unshare", "nsenter"))):
        pytest.skip("systemd is not installed")
    if os.getuid() or subprocess.call(["unshare", "--mount", "--pid", "--fork", "true"]):
        pytest.skip("only root can start a systemd of its own")


def analyzer():
    """The path of systemd's checker of units, which starts nothing; skips where there is none."""
    found = shutil.which("systemd-analyze")  # as `render --check` looks for it
    if not found:
        pytest.skip("systemd-analyze is not installed")
    return found
