"""Which errors mean that Redis is away for a moment."""

import pytest
from aioredis import errors

from compat._redis_outage import is_outage

SCRIPT = "ERR Error running script (call to f_1e4e): @user_script:3: @user_script: 3: "


@pytest.mark.parametrize(
    "error, expected",
    [
        (errors.ReplyError("UNBLOCKED force unblock from blocking operation"), True),
        (errors.ReplyError("NOREPLICAS Not enough good replicas to write."), True),
        (errors.ReadOnlyError("READONLY You can't write against a read only replica."), True),
        # Before Redis 7 the cause stands at the end.
        (
            errors.ReplyError(SCRIPT + "-READONLY You can't write against a read only replica."),
            True,
        ),
        (errors.ReplyError("OOM command not allowed when used memory > 'maxmemory'."), True),
        (errors.ReplyError(SCRIPT + "-OOM command not allowed when used memory > 'maxm"), True),
        (errors.ReplyError("MISCONF Redis is configured to save RDB snapshots, but"), True),
        # Of Redis 5 and older; 6 and newer.
        (errors.ReplyError("ERR invalid password"), True),
        (errors.ReplyError("ERR Client sent AUTH, but no password is set"), True),
        (errors.ReplyError("WRONGPASS invalid username-password pair or user is disabled."), True),
        (errors.ReplyError("ERR AUTH <password> called without any password configured for"), True),
        (errors.ReplyError("NOAUTH Authentication required."), True),
        (errors.ReplyError("NOPERM this user has no permissions to run the 'eval' command"), True),
        (errors.ReplyError(SCRIPT + "-WRONGTYPE Operation against a key"), False),
        (errors.ReplyError("ERR unknown command"), False),
        (errors.ConnectionClosedError("by Redis"), True),
        (errors.ConnectionForcedCloseError("by us"), False),
        (ConnectionRefusedError(), True),
        (ValueError(), False),
        (None, False),
    ],
)
def test_is_outage(error, expected):
    assert is_outage(error) is expected
