"""The programs of a site in a supervisord, over its XML-RPC interface."""

import os
import xmlrpc.client
from typing import Any, Callable, Dict, List

from .. import health
from ..errors import ConfError
from ..running import NO_ANSWER, supervisor_at
from .program import FAILED, RUNNING, STARTING, STOPPED, Program

STATES = {"RUNNING": RUNNING, "STOPPED": STOPPED, "STOPPING": STOPPED, "FATAL": FAILED}


class Supervisord:
    """interface: an XML-RPC proxy; prefix: of the programs' names ("mysite-"); log: name → path."""

    name = "supervisord"

    def __init__(self, interface: Any, prefix: str, log: Callable[[str], str]):
        self.interface = interface
        self.prefix = prefix
        self.log = log

    def programs(self) -> List[Program]:
        """The site's programs, in the order of their names; nginx, which has no prefix, too."""
        try:
            found = self.interface.getAllProcessInfo()
        except NO_ANSWER as error:
            raise ConfError("supervisord does not answer: %s" % error)
        mine = [
            self._program(one)
            for one in found
            if one["name"].startswith(self.prefix) or one["name"] == "nginx"
        ]
        return sorted(mine, key=lambda one: one.short)

    def look(self, one: Program) -> Program:
        """The same program now."""
        return self._program(self._call("getProcessInfo", one.full))

    def start(self, one: Program) -> None:
        """Start it; ConfError when it ends at once."""
        self._call("startProcess", one.full)

    def restart(self, one: Program) -> None:
        """Stop it, as long as that takes, and start it."""
        self._call("stopProcess", one.full)
        self.start(one)

    def revive(self, one: Program) -> None:
        """Start what is down, whatever supervisord has in mind."""
        try:
            self.interface.stopProcess(one.full)  # it may be about to try once more
        except xmlrpc.client.Fault:
            pass
        self.start(one)

    def signal(self, one: Program, name: str) -> None:
        """Send a signal ("HUP") to its process."""
        self._call("signalProcess", one.full, name)

    def reason(self, short: str) -> str:
        """What a program's log says, with its path."""
        return health.reason(self.log(short))

    def _program(self, record: Dict[str, Any]) -> Program:
        full = "%s:%s" % (record["group"], record["name"])
        short = record["name"].replace(self.prefix, "", 1)
        return Program(short, full, record["pid"], STATES.get(record["statename"], STARTING))

    def _call(self, method: str, *arguments: Any) -> Any:
        try:
            return getattr(self.interface, method)(*arguments)
        except xmlrpc.client.Fault as error:
            raise ConfError("supervisord: %s" % error.faultString)
        except NO_ANSWER as error:
            raise ConfError("supervisord does not answer: %s" % error)


def at(socket: str, prefix: str) -> Supervisord:
    """By the path of any supervisord's control socket."""
    interface = supervisor_at(os.path.abspath(socket))

    def log(program: str) -> str:
        try:
            return next(
                str(found["stdout_logfile"])
                for found in interface.getAllProcessInfo()
                if found["name"] in (program, prefix + program)
            )
        except (StopIteration,) + NO_ANSWER:
            return "its log"

    return Supervisord(interface, prefix, log)
