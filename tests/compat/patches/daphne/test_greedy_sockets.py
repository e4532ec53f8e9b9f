"""Clients of a real daphne send frames as fast as they can; others wait for their turn."""

import signal

import pytest
from daphne.ws_protocol import WebSocketProtocol

from compat.patches.daphne._frames import Frames
from tests.support.daphne import daphne
from tests.support.flooding import LONGEST, least, worst_round_trip
from tests.support.frames import APPLICATION, Client, frame, write_site

NAME = "daphne.greedy_sockets"
# The first closes them soon, which is not what is measured here; large texts are soon read with
# the other.
FLOOD = "daphne.frame_flood,daphne.bytewise_reading"


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    return write_site(tmp_path_factory.mktemp("site"))


def worst(site, kind, *disabled):
    # Cold: seconds are measured.
    environ = {"COMPAT_DISABLE": ",".join(disabled)}
    with daphne(site, APPLICATION, cold=True, end=signal.SIGKILL, **environ) as address:
        return least(lambda: worst_round_trip(address, kind), tries=1 if NAME in disabled else 3)


@pytest.mark.parametrize("kind", ["pings", "pongs", "fragments", "large texts"])
def test_others_have_their_turn(site, kind):
    patched, stock = worst(site, kind, FLOOD), worst(site, kind, FLOOD, NAME)
    print("%s: worst round trip %.3f s, without the patch %.3f s" % (kind, patched, stock))
    assert patched < LONGEST and stock > 3 * patched


@pytest.mark.parametrize("kind", ["texts", "full pings", "half a frame", "handshakes"])
def test_nor_does_anything_else_hold_them_up(site, kind):
    assert worst(site, kind) < LONGEST


@pytest.fixture(scope="module")
def address(site):
    with daphne(site, APPLICATION, COMPAT_DISABLE=FLOOD) as address:
        yield address


def test_everything_is_read_in_its_order(address):
    sizes = [n * 7919 % 5000 for n in range(300)]
    with Client(address) as client:
        for size in sizes:  # some frames end within a slice, some go over many
            half = frame(b"x" * (size // 2), 2, False), frame(b"x" * (size - size // 2), 0)
            client.send(half[0] + frame(b"p", 9) + half[1])
        pongs, texts = 0, []
        while len(texts) < len(sizes):
            kind, content = client.receive()
            if kind == "text":
                texts.append(int(content))
            else:
                pongs += content == b"p"
        assert (texts, pongs) == (sizes, len(sizes))


def test_in_one_packet_and_before_the_socket_was_accepted(address):
    with Client(address, accepted=False) as client:
        client.send(b"".join(frame(b"x" * (n % 10)) for n in range(40000)))
        line = client.file.readline()
        while client.file.readline().strip():
            pass
        assert b"101" in line
        assert [client.receive()[1] for _ in range(40000)] == [str(n % 10) for n in range(40000)]


def test_who_leaves_with_much_unread_is_forgotten(address, site):
    for _ in range(20):
        with Client(address) as client:
            client.send(frame(b"", 9) * 50000)
    with Client(address) as client:
        client.send(frame(b"xx"))
        assert client.receive() == ("text", "2")
    assert "Traceback" not in (site / "daphne.log").read_text()


@pytest.mark.parametrize("unfinished", [True, False])
def test_nobody_parses_what_a_dropped_client_has_sent(unfinished):
    # Met when a client went on after its close frame: daphne never came to rest again.
    dropped = WebSocketProtocol()
    dropped.state, dropped.transport = dropped.STATE_CLOSED, None
    dropped.compat_backlog = frames = Frames(dropped)
    frames.unfinished = unfinished
    frames.put(frame(b"", 9))
    assert frames.step() is False and dropped.compat_backlog is None
