"""A daphne whose every setting is wrong serves pages and sockets, and says so once for each."""

import json
import os
import re
import urllib.request

from compat.checks import settings as checks

SAID = "; using the default, "


def wrong(record):
    """Something that JSON can say and the setting does not take."""
    text = record.name in ("CONTENT_SECURITY_POLICY",)
    return 5 if text else "wrong"


def test_wrong_settings_end_no_request(serve, ann, tmp_path):
    records = [record for record in checks.every() if not record.fatal]
    said = {record.name: wrong(record) for record in records if record.in_settings}
    environ = {
        record.name: "/dev/null/wrong" if "DIR" in record.name else "wrong"
        for record in records
        if not record.in_settings and record.name != "COMPAT_DISABLE"
    }
    del said["DEPLOY_KEYS"]  # without keys nobody can read what is sealed: see tests/deploy
    assert len(said) > 25 and len(environ) > 4
    with serve(environ=environ, **said) as server:
        for _ in range(3):
            for path in ("/accounts/login/", "/healthz"):
                with urllib.request.urlopen("http://%s%s" % (server.host, path)) as answer:
                    assert answer.status == 200
                    policy = answer.headers["Content-Security-Policy"]
                    assert policy.startswith("default-src 'self'; ")
            socket = server.open("/echo/", ann.cookie)
            socket.send("hello")
            assert socket.recv() == "hello"
            stream = server.open("/news/", ann.cookie)
            assert json.loads(stream.recv())["type"] == "live"
    with open(os.path.join(str(tmp_path), "daphne.log"), encoding="utf-8") as log:
        lines = [line for line in log if SAID in line]
    named = sorted(re.search("([A-Z_0-9]+)=", line).group(1) for line in lines)
    assert len(named) == len(set(named)), named  # once each
    # What a page, a check of its health and a socket need.
    assert {
        "ASGI_THREADS",
        "COMPAT_DRAIN_SECONDS",
        "COMPAT_HEALTH_CHECKS",
        "COMPAT_HEALTH_DISK",
        "COMPAT_METRICS",
        "COMPAT_WEBSOCKET_MAX_BYTES",
        "COMPAT_WEBSOCKET_MAX_UNSENT",
        "CONTENT_SECURITY_POLICY",
        "CONTENT_SECURITY_POLICY_REPORT_ONLY",
        "CSRF_COOKIE_SAMESITE",
        "SESSION_COOKIE_SAMESITE",
        "SOCKETS_MESSAGES_AT_ONCE",
        "SOCKETS_MESSAGES_PER_SECOND",
        "SOCKETS_ORIGINS",
        "SOCKETS_PER_ADDRESS",
        "SOCKETS_PER_USER",
        "SOCKETS_RECHECK_SECONDS",
        "SOCKETS_UNCOUNTED_ADDRESSES",
        "STREAMS_POLL_SECONDS",
    } <= set(named)
