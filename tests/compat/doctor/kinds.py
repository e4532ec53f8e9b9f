"""Which file of tests breaks what, so that each finding is seen first in one of them."""

import pytest

WAYS = {
    "client-address-hidden",
    "clock-wrong",
    "proxy-timeout-short",
    "scheme-not-forwarded",
    "selinux-denies",
    "stream-buffered",
    "upgrade-not-forwarded",
    "upstream-dead",
}
PROCESSES = {
    "code-older",
    "cookie-refused",
    "daphne-fd-unix",
    "group-expires",
    "log-not-rotated",
    "memory-limit-near",
    "packages-differ",
    "websocket-timeout-short",
}
CONDITIONS = {
    "daphne-hangs",
    "handshake-fails",
    "host-not-resolved",
}
SERVERS = {
    "database-connections",
    "layer-full",
    "redis-connections-full",
    "redis-forbids",
    "redis-password-wrong",
    "redis-refuses-writes",
    "redis-shared",
    "redis-tls",
}


def every_one(request, broken, kinds):
    """At the end of such a file: each of its kinds was seen first."""
    tests = [name for name in vars(request.module) if name.startswith("test_")]
    some = {one.function.__name__ for one in request.session.items if one.module is request.module}
    if len(some) < len(tests) or request.config.getoption("--no-processes"):
        pytest.skip("only some of the tests were asked for")
    skipped = vars(request.module).get("SKIPPED")
    if skipped:
        assert broken <= kinds
        pytest.skip("not all could be broken here: see %s" % ", ".join(sorted(skipped)))
    assert broken == kinds
