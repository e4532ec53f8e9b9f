"""Which errors mean that Redis is away for a moment."""

import pytest
from aioredis import errors

from compat.redis_outage import is_outage

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
