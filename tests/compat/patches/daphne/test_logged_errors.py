"""What a log handler, as Sentry's is one, is given for an exception in a real daphne."""

import http.client
import json

import pytest

from tests.support.daphne import daphne
from tests.support.frames import Client, frame
from tests.support.probe import source
from tests.support.wait import wait_until

NAME = "daphne.logged_errors"


@source
def site_code():
    import compat

    compat.install()
    import json
    import logging
    import os

    from django.conf import settings

    settings.configure(SECRET_KEY="x", INSTALLED_APPS=["channels"])
    import django

    django.setup()
    from channels.generic.http import AsyncHttpConsumer
    from channels.generic.websocket import AsyncWebsocketConsumer, WebsocketConsumer

    class Kept(logging.Handler):
        def emit(self, record):
            if record.levelno >= logging.ERROR:
                kind = record.exc_info and record.exc_info[0] and record.exc_info[0].__name__
                with open(os.environ["KEPT"], "a") as kept:
                    kept.write(json.dumps([record.name, kind, record.getMessage()]) + "\n")

    logging.getLogger().addHandler(Kept())

    class Asynchronous(AsyncWebsocketConsumer):
        async def receive(self, text_data=None, bytes_data=None):
            raise LookupError("on purpose")

    class Threaded(WebsocketConsumer):
        def receive(self, text_data=None, bytes_data=None):
            raise LookupError("on purpose")

    class NotMade(AsyncWebsocketConsumer):
        def __init__(self, scope):
            raise LookupError("on purpose")

    class Late(AsyncWebsocketConsumer):
        async def receive(self, text_data=None, bytes_data=None):
            await self.close()
            await self.send("too late")

    class Page(AsyncHttpConsumer):
        async def handle(self, body):
            raise LookupError("on purpose")

    def application(scope):
        kinds = {"/async/": Asynchronous, "/threaded/": Threaded, "/late/": Late, "/page/": Page}
        return kinds.get(scope["path"], NotMade)(scope)


@pytest.fixture
def site(tmp_path):
    (tmp_path / "failing_site.py").write_text(site_code)
    (tmp_path / "kept").write_text("")
    return tmp_path


def told(site, path, **environ):
    """What handlers are given of one failure: [logger, kind of exception, message]."""
    kept = site / "kept"
    environ["KEPT"] = str(kept)
    with daphne(site, "failing_site:application", **environ) as address:
        if path.endswith("page/"):
            connection = http.client.HTTPConnection(*address, timeout=30)
            connection.request("GET", path)
            assert connection.getresponse().status == 500
            connection.close()
        else:
            with Client(address, path) as client:
                client.send(frame(b"x", 1))
                wait_until(kept.read_text, what="the error is logged")
        wait_until(kept.read_text, what="the error is logged")
    return [json.loads(line) for line in kept.read_text().splitlines()]


def raises():
    """Whether autobahn has an exception for what is sent to a WebSocket that is closed."""
    from autobahn import exception

    return hasattr(exception, "Disconnected")


CONSUMERS = {
    "/async/": "failing_site.Asynchronous",
    "/threaded/": "failing_site.Threaded",
    "/page/": "failing_site.Page",
    "/not-made/": "failing_site.__init__",
    "/not-made-page/": "failing_site.__init__",
}


@pytest.mark.parametrize("path", sorted(CONSUMERS))
def test_it_is_an_exception_with_the_consumers_name(site, path):
    [(logger, kind, message)] = told(site, path)
    assert logger.startswith("daphne.") and kind == "LookupError"
    assert CONSUMERS[path] in message and "on purpose" in message
    assert "Traceback" not in message  # which a formatter adds
    log = (site / "daphne.log").read_text()
    assert log.count("LookupError: on purpose") == 1 and "Traceback" in log


@pytest.mark.parametrize("path", sorted(CONSUMERS))
def test_without_the_patch_it_is_text(site, path):
    [(logger, kind, message)] = told(site, path, COMPAT_DISABLE=NAME)
    assert kind is None and "on purpose" in message


def closed(site, **environ):
    """daphne's log of a consumer that sends to a WebSocket which is closed already."""
    environ["KEPT"] = str(site / "kept")
    with daphne(site, "failing_site:application", **environ) as address:
        with Client(address, "/late/") as client:
            client.send(frame(b"x", 1))
            assert client.receive() == ("close", 1000)
            wait_until(lambda: "sending" in log_of(site) or "closed protocol" in log_of(site))
    return log_of(site)


def log_of(site):
    return (site / "daphne.log").read_text()


@pytest.mark.skipif(not raises(), reason="this autobahn says nothing of it")
def test_that_a_websocket_was_closed_is_no_error(site):
    log = closed(site)
    assert "Closed while failing_site.Late was sending" in log
    assert "Traceback" not in log and (site / "kept").read_text() == ""


@pytest.mark.skipif(not raises(), reason="this autobahn says nothing of it")
def test_without_the_patch_it_is_an_error(site):
    assert "Closed while" not in closed(site, COMPAT_DISABLE=NAME)
    assert "Exception inside application" in (site / "kept").read_text()
