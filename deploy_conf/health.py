"""What of a running site is not well, each in one line with the log to read."""

import os
import re

from . import probe

# What a line of a log that tells the cause looks like.
TELLING = re.compile(r"\w(Error|Exception)\b|No module|CRITICAL|FATAL|\[emerg\]|refused|denied")


def problems(run, record, programs, failing=()):
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
    if record["redis"] and not probe.redis(record["redis"]):
        found.append("Redis does not answer PING: %s" % run.log("redis"))
    code = probe.http(record["host"], record["port"])
    if code is None or code >= 500:
        found.append("%s %s: %s" % (record["url"], _answer(code), reason(run.log("uwsgi"))))
    code, good = _websocket(record)
    if not good:
        found.append(
            "WebSocket %s %s: %s"
            % (record["websocket"], _answer(code), reason(run.log("daphne_0")))
        )
    return found


def _websocket(record):
    """(status, whether it is good) of the way through nginx to daphne."""
    host, port, path = record["host"], record["port"], record["websocket"]
    if record["probe"]:
        code = probe.websocket(host, port, path)
        return code, code in (101, 403)
    # Which paths have a consumer is not known, and channels leaves a handshake on any other
    # without an answer. A plain request is answered by daphne as well, mostly with 404.
    code = probe.http(host, port, path)
    return code, code not in (None, 502, 503, 504)


def _answer(code):
    return "does not answer" if code is None else "answers %d" % code


def reason(log):
    """A log's path and the line near its end that most likely names the cause."""
    try:
        with open(log, "rb") as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - 8192))
            lines = file.read().decode("utf-8", "replace").splitlines()
    except OSError:
        return log
    # Logs quote what strangers send: it must not command the terminal.
    lines = ["".join(filter(str.isprintable, line)) for line in lines]
    lines = [line.strip() for line in lines if re.search(r"\w\w\w", line)]
    telling = [line for line in lines if TELLING.search(line)] or lines
    return "%s: %s" % (log, telling[-1][:300]) if telling else log
