"""Masks and UTF-8 of what a client sends: as autobahn has them, and fast."""

import random

import pytest
from autobahn.websocket import protocol, xormasker

from compat import patches
from compat.patches.daphne import bytewise_reading
from tests.support.daphne import daphne
from tests.support.frames import APPLICATION, Client, frame, write_site
from tests.support.probe import prove, source

NAME = "daphne.bytewise_reading"
COMPILED = next(p for p in patches.every() if p.name == NAME).state()[0] == "not needed"
STOCK_VALIDATE = getattr(protocol.Utf8Validator.validate, "__wrapped__", None)


@source(
    """
import time
import daphne.server
import autobahn.websocket.protocol as protocol
"""
)
def speed(protocol, time):
    def takes(function):
        began = time.process_time()
        assert function()
        return time.process_time() - began

    payload = b"some text " * 200000
    masker = protocol.create_xor_masker(b"abcd", len(payload))
    unmask = takes(lambda: masker.process(payload))
    takes(lambda: protocol.Utf8Validator().validate(payload)[0])
    print("slow" if unmask > 0.05 else "fast", "unmasking")


def test_two_megabytes_are_unmasked_fast():
    prove(NAME, speed, "fast unmasking", "slow unmasking", needed=not COMPILED)


def test_masks_are_those_of_autobahn():
    choose = random.Random(1)
    for _ in range(200):
        mask, ours = bytes(choose.randrange(256) for _ in range(4)), None
        length = choose.randrange(300)
        ours, stock = protocol.create_xor_masker(mask, length), xormasker.create_xor_masker(mask)
        for _ in range(choose.randrange(5)):
            data = bytes(choose.randrange(256) for _ in range(choose.randrange(70)))
            assert ours.process(data) == stock.process(data)
            assert ours.pointer() == stock.pointer()
        ours.reset()
        stock.reset()
        assert ours.process(bytearray(b"again")) == stock.process(b"again")


PIECES = [
    text.encode() for text in ("a", "plain text", "é", "汉字", "\U0001f600", "\x00\x7f", "\ufeff")
]
BROKEN = [
    b"\x80",
    b"\xc0\xaf",
    b"\xed\xa0\x80",
    b"\xf4\x90\x80\x80",
    b"\xe2\x82",
    b"\xff",
    b"\xf0\x9f",
]


def test_what_hands_on_to_autobahns_compiled_parts_is_left_alone():
    """As in the wheels of autobahn 25 and later; tests.labs.version_matrix.later has these."""

    def validate(self, ba):
        return self.lib.nvx_utf8vld_validate(self._vld, ba, len(ba))

    assert bytewise_reading.in_python(validate) is validate.__code__
    validate.__module__ = "autobahn.nvx._utf8validator"
    assert bytewise_reading.in_python(validate) is None


@pytest.mark.skipif(STOCK_VALIDATE is None, reason="autobahn's UTF-8 is compiled")
@pytest.mark.parametrize("seed", range(5))
def test_texts_are_valid_where_autobahn_says_so(seed):
    choose = random.Random(seed)
    verdicts = set()
    for _ in range(200):
        parts = [choose.choice(PIECES) for _ in range(choose.randrange(12))]
        if choose.random() < 0.5:
            parts.insert(choose.randrange(len(parts) + 1), choose.choice(BROKEN))
        text = b"".join(parts)
        ours, stock = protocol.Utf8Validator(), protocol.Utf8Validator()
        while text:
            size = choose.randrange(1, len(text) + 1)
            piece, text = text[:size], text[size:]
            said = ours.validate(piece)
            assert said == STOCK_VALIDATE(stock, piece)
            assert vars_of(ours) == vars_of(stock)
            verdicts.add(said[0])
            if not said[0]:
                break
    assert verdicts == {True, False}


def vars_of(validator):
    return validator._state, validator._index


def test_the_same_is_rejected_over_a_socket(raw_site):
    write_site(raw_site)
    with daphne(raw_site, APPLICATION) as address:
        with Client(address) as client:
            text = "汉字".encode() * 20000
            client.send(frame(text[:50001], opcode=1, fin=False), frame(text[50001:], opcode=0))
            assert client.receive() == ("text", "0")  # it counts bytes, and this was text
            client.send(frame(b"caf\xe9", opcode=1))
            assert client.receive()[0] == "end"  # as autobahn has it: without a word
