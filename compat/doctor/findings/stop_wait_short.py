"""Whoever stops daphne does not wait for it to finish."""

from typing import Any, Iterator

from .. import examined, managed

ORDER = 83
WHY = (
    "Sockets are cut instead of closed with 1012, and requests in flight are lost, at each restart."
)
CHANGE = (
    "supervisor: stopwaitsecs = %d and stopsignal = TERM in the program's part, then supervisorctl "
    "update; systemd: TimeoutStopSec=%d, KillSignal=SIGTERM; or a smaller COMPAT_DRAIN_SECONDS"
)

DRAIN = 5.0


def look(site: examined.Site) -> Iterator[Any]:
    silent = set()  # a supervisor that hangs is not asked again for each of its daphnes
    for one in site.processes.of("daphne"):
        who = one.environ.get("SUPERVISOR_SERVER_URL")
        rule = None if who in silent else managed.rule(one)
        if not rule:
            silent.update([who] if who else ())
            continue
        try:
            drain = float(one.environ.get("COMPAT_DRAIN_SECONDS", "") or DRAIN)
        except ValueError:
            continue  # the check of settings says it
        change = CHANGE % (drain + 5, drain + 5)
        if rule.seconds is not None and rule.seconds <= drain:
            text = "%s may take %g s to stop (COMPAT_DRAIN_SECONDS), %s kills it after %g s"
            yield text % (one, drain, rule.who, rule.seconds), change
        elif rule.signal not in ("TERM", "INT"):
            yield "%s is stopped by %s with SIG%s" % (one, rule.who, rule.signal), change
