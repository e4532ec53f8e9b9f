"""The units of a site that `render --manager systemd` wrote, through systemctl."""

import subprocess
from typing import Dict, List, Optional

from .. import health
from ..errors import ConfError
from .program import FAILED, RUNNING, STARTING, STOPPED, Program

STATES = {
    "active": RUNNING,
    "reloading": RUNNING,
    "inactive": STOPPED,
    "deactivating": STOPPED,
    "failed": FAILED,
}
SECONDS = 30  # for a question; a restart may take as long as the unit allows


class Systemd:
    """name: the site's, with which its units begin."""

    name = "systemd"

    def __init__(self, site: str):
        self.prefix = site + "-"

    def programs(self) -> List[Program]:
        """The site's services, in the order of their names."""
        found = self._show(self.prefix + "*.service")
        return sorted(found, key=lambda one: one.short)

    def look(self, one: Program) -> Program:
        """The same service now."""
        return self._show(one.full)[0]

    def start(self, one: Program) -> None:
        """Start it."""
        self._systemctl("start", one.full, seconds=None)

    def restart(self, one: Program) -> None:
        """Stop it, as long as that takes, and start it."""
        self._systemctl("restart", one.full, seconds=None)

    def revive(self, one: Program) -> None:
        """Start what is down, whatever systemd has in mind."""
        self._systemctl("reset-failed", one.full)
        self.restart(one)

    def signal(self, one: Program, name: str) -> None:
        """Send a signal ("HUP") to its main process."""
        self._systemctl("kill", "--kill-who=main", "--signal=" + name, one.full)

    def reason(self, short: str) -> str:
        """What the journal has of a program, and how to read it."""
        unit = "%s%s.service" % (self.prefix, short.replace("_", "@"))
        words = ["journalctl", "-u", unit]
        try:
            done = subprocess.run(
                words + ["-n", "50", "-o", "cat", "--no-pager"],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                timeout=SECONDS,
            )
        except (OSError, subprocess.TimeoutExpired):
            return " ".join(words)
        lines = done.stdout.decode("utf-8", "replace").splitlines()
        return health.telling(" ".join(words), lines)

    def _show(self, pattern: str) -> List[Program]:
        wanted = "--property=Id,LoadState,ActiveState,MainPID"
        text = self._systemctl("show", wanted, "--", pattern)
        found = []
        for block in text.strip().split("\n\n"):
            pairs: Dict[str, str] = dict(
                line.split("=", 1) for line in block.splitlines() if "=" in line
            )
            if pairs.get("LoadState") == "loaded":
                full = pairs["Id"]
                short = full[len(self.prefix) : -len(".service")].replace("@", "_")
                state = STATES.get(pairs["ActiveState"], STARTING)
                found.append(Program(short, full, int(pairs["MainPID"]), state))
        return found

    def _systemctl(self, *words: str, seconds: Optional[int] = SECONDS) -> str:
        try:
            done = subprocess.run(
                ["systemctl"] + list(words),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                timeout=seconds,
            )
        except OSError as error:
            raise ConfError("systemctl does not run: %s" % error.strerror)
        except subprocess.TimeoutExpired:
            raise ConfError("systemctl %s does not answer" % words[0])
        if done.returncode:
            lines = done.stderr.decode("utf-8", "replace").strip().splitlines()
            said = lines[0] if lines else "exit status %d" % done.returncode
            raise ConfError("systemd: %s" % "".join(filter(str.isprintable, said)))
        return done.stdout.decode("utf-8", "replace")
