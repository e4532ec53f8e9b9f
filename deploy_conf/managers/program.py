"""One program as its manager sees it."""

from typing import NamedTuple


class Program(NamedTuple):
    """short: "uwsgi", "daphne_0"; full: the manager's own name; state: one of these."""

    short: str
    full: str
    pid: int  # 0 while there is no process
    state: str

    @property
    def running(self) -> bool:
        """Whether it is up."""
        return self.state == RUNNING

    @property
    def stopped(self) -> bool:
        """Whether somebody has stopped it."""
        return self.state == STOPPED

    @property
    def given_up(self) -> bool:
        """Whether its manager does not try any more."""
        return self.state in (STOPPED, FAILED)


RUNNING, STARTING, STOPPED, FAILED = "running", "starting", "stopped", "failed"
