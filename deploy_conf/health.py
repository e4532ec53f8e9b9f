"""What of a running site is not well, each in one line with the log to read."""

import os
import re
from typing import Any, Container, Dict, List, Optional, Sequence, Tuple

from . import probe, redis_address
from .running import Run

# What a line of a log that tells the cause looks like.
TELLING = re.compile(r"\w(Error|Exception)\b|No module|CRITICAL|FATAL|\[emerg\]|refused|denied")


def problems(
    run: Run,
    record: Dict[str, Any],
    programs: Optional[Sequence[Dict[str, Any]]],
    failing: Container[str] = (),
) -> List[str]:
    """One line for each part that is not up, with the path of its log."""
    if not programs:
        return ["supervisord does not answer: %s" % run.log("supervisord")]
    found = [
        "%s is not up (%s): %s" % (one["short"], one["statename"].lower(), reason(one["log"]))
        for one in programs
        if one["short"] in failing or one["statename"] in ("BACKOFF", "EXITED", "FATAL")
    ] or [
        "%s is not up yet (%s): %s" % (one["short"], one["statename"].lower(), reason(one["log"]))
        for one in programs
        if one["statename"] != "RUNNING"
    ]
    if found:
        return found
    reason_of_redis = redis(run, record["redis"]) if record["redis"] else None
    if reason_of_redis:
        found.append(reason_of_redis)
    code = probe.http(record["host"], record["port"], headers=["Host: " + _authority(record)])
    if code == 400:
        found.append(
            "%s answers 400: is %s one of ALLOWED_HOSTS? %s"
            % (record["url"], record["name"], run.log("uwsgi"))
        )
    elif code is None or code >= 500:
        found.append("%s %s: %s" % (record["url"], _answer(code), reason(run.log("uwsgi"))))
    code, good = _websocket(record)
    if not good:
        found.append(
            "WebSocket %s %s: %s"
            % (record["websocket"], _answer(code), reason(run.log("daphne_0")))
        )
    return found


def redis(run: Run, url: str) -> Optional[str]:
    """Why the site's Redis is of no use, in one line with its address, or its log if it is ours."""
    said = probe.redis(url)
    if said is None:
        return None
    log = run.log("redis")
    if redis_address.parse(url).path.startswith(run.sockets()) and os.path.exists(log):
        return "Redis does not answer (%s): %s" % (said, log)
    return "Redis %s does not answer: %s" % (redis_address.parse(url), said)


def _authority(record: Dict[str, Any]) -> str:
    return probe.authority(record["name"], record["port"])


def _websocket(record: Dict[str, Any]) -> Tuple[Optional[int], bool]:
    """(status, whether it is good) of the way through nginx to daphne."""
    host, port, path = record["host"], record["port"], record["websocket"]
    if record["probe"]:
        code = probe.websocket(host, port, path, record["name"])
        return code, code in (101, 403)
    # Which paths have a consumer is not known, and channels leaves a handshake on any other
    # without an answer. A plain request is answered by daphne as well, mostly with 404.
    code = probe.http(host, port, path, headers=["Host: " + _authority(record)])
    return code, code not in (None, 502, 503, 504)


def _answer(code: Optional[int]) -> str:
    return "does not answer" if code is None else "answers %d" % code


def reason(log: str) -> str:
    """A log's path and the line near its end that most likely names the cause."""
    try:
        with open(log, "rb") as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - 8192))
            lines = file.read().decode("utf-8", "replace").splitlines()
    except OSError:
        return log
    return telling(log, lines)


def telling(source: str, lines: Sequence[str]) -> str:
    """Where lines come from, and the one of them that most likely names the cause."""
    # Logs quote what strangers send: it must not command the terminal.
    lines = ["".join(filter(str.isprintable, line)) for line in lines]
    lines = [line.strip() for line in lines if re.search(r"\w\w\w", line)]
    found = [line for line in lines if TELLING.search(line)] or lines
    return "%s: %s" % (source, found[-1][:300]) if found else source
