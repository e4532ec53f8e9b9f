"""The table of close codes: its page, its rule, and that it is the only one."""

import os
import tokenize

import pytest

from compat import close_codes, layers
from compat.channel_layer import layers as moved
from compat.sockets import codes
from tests.support import CHECKOUT

NUMBERS = {code.number for code in close_codes.every()} - {1000}


def test_the_page_in_docs_is_up_to_date():
    path = os.path.join(CHECKOUT, "docs", "reference", "close-codes.md")
    with open(path, encoding="utf-8") as file:
        stale = "docs/reference/close-codes.md is stale: " + close_codes.COMMAND
        assert file.read() == close_codes.markdown(), stale
    for code in close_codes.every():
        assert "| %d | `%s` |" % (code.number, code.name) in close_codes.markdown()


def test_every_record_has_its_name_and_can_be_sent():
    every = close_codes.every()
    assert [code.number for code in every] == sorted({code.number for code in every})
    for code in every:
        assert getattr(close_codes, code.name) == code.number
        assert close_codes.may_be_sent(code.number)
        assert code.final == close_codes.is_final(code.number)
        assert code.sentence.endswith(".") and code.sender
    named = {name for name, value in vars(close_codes).items() if type(value) is int}
    assert named == {code.name for code in every}


@pytest.mark.parametrize(
    "number, final",
    [(1000, 0), (1006, 0), (3499, 0), (3500, 1), (3999, 1), (4000, 0), (4499, 0), (4500, 1)]
    + [(4999, 1), (5000, 0)],
)
def test_what_is_final(number, final):
    assert close_codes.is_final(number) is bool(final)


def test_what_a_server_may_send():
    may = [n for n in range(-1, 1100) if close_codes.may_be_sent(n)]
    assert may == [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1011, 1012, 1013, 1014]
    assert [close_codes.may_be_sent(n) for n in (2999, 3000, 4999, 5000)] == [0, 1, 1, 0]
    assert not any(map(close_codes.may_be_sent, (True, None, "1000", 1000.0)))


@pytest.mark.source
@pytest.mark.parametrize("room", ["compat", "deploy", "devops"])
def test_no_code_is_written_down_elsewhere(room):
    found = []
    for folder, _, names in os.walk(os.path.join(CHECKOUT, room)):
        for name in names:
            path = os.path.join(folder, name)
            if name.endswith(".py") and name != "close_codes.py":
                with open(path, "rb") as file:
                    found += [
                        "%s:%d" % (path, token.start[0])
                        for token in tokenize.tokenize(file.readline)
                        if token.type == tokenize.NUMBER and token.string in map(str, NUMBERS)
                    ]
    assert found == []


def test_old_places_serve_for_one_release():
    assert layers.group_send is moved.group_send
    assert layers.network_layer is moved.network_layer
    from compat import sockets
    from compat.sockets.consumer import RecheckMixin, WatchedMixin
    from compat.streams import consumer, follower

    assert WatchedMixin is RecheckMixin
    assert (consumer.CLOSE_BAD_SINCE, follower.CLOSE_BEHIND, follower.CLOSE_RESTART) == (
        close_codes.BAD_SINCE,
        close_codes.BEHIND,
        close_codes.RESTART,
    )
    for module in (codes, sockets):
        assert (module.CLOSE_TOO_MANY, module.CLOSE_SIGNED_OUT, module.CLOSE_FORBIDDEN) == (
            close_codes.TOO_MANY,
            close_codes.SIGNED_OUT,
            close_codes.FORBIDDEN,
        )


def test_guard_stays_a_function_where_a_module_has_its_name():
    import compat.sockets.guard  # noqa: F401
    from compat.sockets import guard

    assert callable(guard) and guard is compat.sockets.guard
