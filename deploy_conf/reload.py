"""
A running site takes up new code, and no request fails and no reader misses anything.

The new code is tried first, in processes of its own. Then uWSGI's workers one after the other,
nginx, and daphne one process at a time: each closes its WebSockets with 1012, spread over a while,
and their pages come back to the others, which share its listening socket. What runs is asked
(its manager, /proc), so it works for `up` and for a site that an administrator installed from
`render`.
"""

import fcntl
import os
import time
from typing import IO, Any, Callable, Dict, List, Optional

from . import processes, rehearse, uwsgi_ini
from .errors import ConfError
from .managers.program import Program

PAUSE = 0.05  # seconds between two looks
# When uWSGI is asked once more: an earlier chain, which went on when the code was mended, may have
# swallowed the first request.
AGAIN = 5
# How long a program that was told to renew itself may take before it counts as busy.
BUSY = 30


class Reload:
    """
    One reload. manager: a Supervisord or Systemd of managers/; signals: {program: signal} for those
    that renew themselves; say: takes a line for the user; patience: seconds that one step may take;
    page, probe: what the new code is asked for over HTTP, and as a WebSocket ("" for none).
    """

    def __init__(
        self,
        manager: Any,
        signals: Dict[str, str],
        say: Callable[[str], None],
        patience: float,
        page: str = "/",
        probe: str = "",
    ):
        self.manager = manager
        self.signals = signals
        self.say = say
        self.patience = patience
        self.page = page
        self.probe = probe
        self.left = False  # a uWSGI that is not ours has the old code still

    def run(self) -> None:
        """Do it; ConfError tells what failed, and what had been done was said before."""
        programs = self.manager.programs()
        uwsgi = [one for one in programs if one.short == "uwsgi"]
        daphnes = [one for one in programs if one.short.startswith("daphne")]
        others = [one for one in programs if one not in uwsgi + daphnes]
        if not uwsgi + daphnes:
            raise ConfError(
                "%s has no program called %suwsgi or -daphne"
                % (self.manager.name, self.manager.prefix)
            )
        if not any(one.running for one in uwsgi + daphnes):
            raise ConfError(
                "%s does not run: nothing was reloaded"
                % ", ".join(one.short for one in uwsgi + daphnes)
            )
        inis = {one.pid: uwsgi_ini.of_process(one.pid) for one in uwsgi if one.running}
        rehearse.rehearse(
            [one.pid for one in daphnes if one.running][:1],
            {pid: ini for pid, ini in inis.items() if ini},
            [one.pid for one in others if one.running and one.short in self.signals],
            self.page,
            self.probe,
            self.patience,
            self.say,
        )
        self.renew_uwsgi(uwsgi, inis)
        for one in others:
            if one.short == "nginx":
                # Just before daphne: its old workers keep their WebSockets for a limited time, and
                # while that lasts daphne closes them in good form.
                self.revive(one) if not one.running else self.reload_nginx(one)
        if len(daphnes) == 1:
            self.say("there is one daphne only: WebSockets are refused until it is back")
        # First those that are down: they take over from the others.
        for one in sorted(daphnes, key=lambda one: one.running):
            self.roll_daphne(one)
        self.renew_others([one for one in others if one.short != "nginx"])

    # Step by step ------------------------------------------------------------------------

    def renew_uwsgi(self, uwsgi: List[Program], inis: Dict[int, Optional[Dict[str, str]]]) -> None:
        """Workers one by one; a uWSGI that is not ours stays as it is."""
        if not uwsgi:
            self.left = True
            self.say(
                "uwsgi: left as it is; %s has none called %suwsgi"
                % (self.manager.name, self.manager.prefix)
            )
        for one in uwsgi:
            ini = inis.get(one.pid)
            if not one.running:
                self.revive(one)
            elif ini is not None:
                self.reload_uwsgi(one, ini)
            else:
                self.left = True
                self.say("uwsgi: left as it is; deploy_conf rendered no ini file for it")

    def reload_nginx(self, one: Program) -> None:
        """New workers; the old ones end when their connections have."""
        old = processes.children(one.pid)
        self.manager.signal(one, "HUP")
        self.wait(
            lambda: set(processes.children(one.pid)) - set(old),
            "nginx keeps its old configuration: %s" % self.reason("nginx"),
        )
        self.say("nginx: reloaded")

    def reload_uwsgi(self, one: Program, ini: Dict[str, str]) -> None:
        """A chain reload: a worker finishes its request, and the next waits for its successor."""
        fifo = ini.get("master-fifo")
        if not fifo:
            raise ConfError("uwsgi.ini has no master-fifo: render it again, and restart uWSGI once")
        old = processes.children(one.pid)
        tell(fifo)
        told = time.monotonic()

        seen = set(old)

        def renewed() -> bool:
            now = processes.children(one.pid)
            nonlocal told
            seen.update(now)
            if len(now) >= len(old) and not processes.same(now, old):
                return True
            if time.monotonic() > told + AGAIN:
                tell(fifo)
                told = time.monotonic()
            if len(seen) > 3 * len(old) + 3:  # one of them comes and goes
                raise ConfError("uWSGI has not renewed its workers: %s" % self.reason("uwsgi"))
            return False

        self.wait(renewed, "uWSGI has not renewed its workers: %s", "uwsgi")
        self.say("uwsgi: %d workers renewed" % len(old))

    def roll_daphne(self, one: Program) -> None:
        """Stop one, which drains it, start it again, and wait until it accepts connections."""
        if not one.running:
            return self.revive(one)
        started = time.monotonic()
        self.begin(self.manager.restart, one)
        self.say("%s: drained in %.1f s, back" % (one.short, time.monotonic() - started))

    def revive(self, one: Program) -> None:
        """Start what is down; not what somebody has stopped."""
        if one.stopped:
            self.say("%s: was stopped by hand, left so" % one.short)
            return
        self.begin(self.manager.revive, one)
        self.say("%s: was down, started" % one.short)

    def begin(self, how: Callable[[Program], None], one: Program) -> None:
        """Have a program started and wait until it runs; a daphne until it accepts connections."""
        try:
            how(one)
        except ConfError as error:
            raise ConfError("%s; %s" % (error, self.reason(one.short)))

        def ready() -> bool:
            now = self.manager.look(one)
            daphne = one.short.startswith("daphne")
            return now.running and (not daphne or processes.accepts(now.pid))

        self.wait(ready, one.short + " does not come back: %s", one.short)

    def renew_others(self, others: List[Program]) -> None:
        """Those that renew themselves are told so; what is down is started; then all must be up."""
        told = []
        for one in others:
            signal = self.signals.get(one.short)
            if not one.running:
                self.revive(one)
            elif signal:
                self.manager.signal(one, signal)
                told.append(one)
                self.say("%s: told to renew itself (%s)" % (one.short, signal))
            elif one.short != "redis":
                self.say("%s: left as it is; see DEPLOY_CONF_RELOAD_SIGNALS" % one.short)
        busy = time.monotonic() + min(self.patience, BUSY)
        for one in told:
            start = getattr(processes.stat(one.pid), "start", None)
            while processes.alive(one.pid, start) and time.monotonic() < busy:
                time.sleep(PAUSE)
            if processes.alive(one.pid, start):
                self.say("%s: still at work on the old code, and renews itself then" % one.short)
        self.wait_all_up()

    def wait_all_up(self) -> None:
        """ConfError for a program that does not come up again."""
        down: List[Program] = []

        def up() -> bool:
            down[:] = [one for one in self.manager.programs() if not one.running]
            return all(one.given_up for one in down)

        try:
            self.wait(up, "")
        except ConfError:
            pass
        for one in down:
            if one.stopped:
                raise ConfError("%s was stopped by hand; the others are reloaded" % one.short)
            raise ConfError("%s does not come back: %s" % (one.short, self.reason(one.short)))

    # Helpers -----------------------------------------------------------------------------

    def wait(self, condition: Callable[[], Any], complaint: str, program: str = "") -> None:
        """Look until the condition holds; ConfError after `patience` seconds."""
        deadline = time.monotonic() + self.patience
        while not condition():
            if time.monotonic() > deadline:
                raise ConfError(complaint % self.reason(program) if program else complaint)
            time.sleep(PAUSE)

    def reason(self, program: str) -> str:
        """What the program's log says, with its path."""
        return str(self.manager.reason(program))


def tell(fifo: str) -> None:
    """Ask a uWSGI for a chain reload; one that is at it does not mind."""
    try:
        handle = os.open(fifo, os.O_WRONLY | os.O_NONBLOCK)
    except OSError as error:
        raise ConfError("uWSGI cannot be told: %s: %s" % (fifo, error.strerror))
    with os.fdopen(handle, "wb") as file:
        file.write(b"c")


def lock(folder: str) -> IO[str]:
    """An open file that holds the lock against a second reload; ConfError while there is one."""
    file = open(os.path.join(folder, "reload.lock"), "a")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        raise ConfError("another reload is at work")
    return file
