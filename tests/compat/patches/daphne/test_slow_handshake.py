"""A consumer of a real daphne that takes its time to accept a WebSocket."""

import pytest

from tests.support.daphne import daphne
from tests.support.frames import Client
from tests.support.probe import source
from tests.support.wait import wait_until

NAME = "daphne.slow_handshake"


@source
def site_code():
    import compat

    compat.install()
    import asyncio

    class application:
        def __init__(self, scope):
            self.seconds = float(scope["path"].strip("/"))

        async def __call__(self, receive, send):
            await asyncio.sleep(self.seconds)
            await send({"type": "websocket.accept"})
            await asyncio.sleep(3600)


@pytest.fixture
def site(tmp_path):
    (tmp_path / "patient_site.py").write_text(site_code)
    return tmp_path


def first_line(address, path):
    with Client(address, path, accepted=False) as client:
        try:
            return client.file.readline()
        except ConnectionResetError:
            return b""


def test_there_is_more_time(site):
    with daphne(site, "patient_site:application", COMPAT_DRAIN_SECONDS="1") as address:
        assert b" 101 " in first_line(address, "/8/")


def test_daphnes_own_option_counts(site):
    for seconds, said in (("1", b" 503 "), ("-1", b" 101 ")):
        options = ["--websocket_connect_timeout", seconds]
        environ = {"COMPAT_DRAIN_SECONDS": "1"}
        with daphne(site, "patient_site:application", *options, **environ) as address:
            assert said in first_line(address, "/4/")


def test_without_the_patch_it_is_cut_off_without_a_word(site):
    environ = {"COMPAT_DISABLE": NAME, "COMPAT_DRAIN_SECONDS": "1"}
    with daphne(site, "patient_site:application", **environ) as address:
        assert first_line(address, "/8/") == b""
    assert "No decision" not in (site / "daphne.log").read_text()


def test_who_is_late_is_answered_and_named(site):
    environ = {"COMPAT_HANDSHAKE_SECONDS": "1", "COMPAT_DRAIN_SECONDS": "1"}
    with daphne(site, "patient_site:application", **environ) as address:
        assert b" 503 " in first_line(address, "/3/")
        assert b" 101 " in first_line(address, "/0/")
        log = site / "daphne.log"
        wait_until(lambda: log.read_text().count("WSDISCONNECT") >= 1, what="it is over")
    text = log.read_text()
    assert "No decision about WebSocket /3/ within 1 s: 503" in text
    assert "Traceback" not in text
