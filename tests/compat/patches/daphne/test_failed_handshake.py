"""A real daphne is asked for WebSockets that no application takes."""

import pytest

from tests.support.daphne import daphne
from tests.support.handshakes import SITE, handshake

NAME = "daphne.failed_handshake"
UNROUTED = "channels.unrouted_path"  # answers 404
ROUTED = SITE.replace(
    "AllowedHostsOriginValidator(AsyncWebsocketConsumer)",
    'AllowedHostsOriginValidator(URLRouter([url("^ws/$", AsyncWebsocketConsumer)]))',
).replace(
    "from channels.routing import ProtocolTypeRouter",
    "from django.conf.urls import url\nfrom channels.routing import ProtocolTypeRouter, URLRouter",
)


@pytest.fixture
def site(tmp_path):
    (tmp_path / "site_of_probe.py").write_text(ROUTED)
    return tmp_path


def test_a_handshake_nobody_takes_is_answered_at_once(site):
    with daphne(site, "site_of_probe:application", COMPAT_DISABLE=UNROUTED) as address:
        answers = [
            handshake(address, "http://127.0.0.1"),  # "/" is not routed
            handshake(address, "http://127.0.0.1", "/ws/"),
        ]
    assert [answer.split()[1] for answer in answers] == ["500", "101"]
    log = (site / "daphne.log").read_text()
    assert "No route found" in log and "Unhandled error" not in log


def test_without_the_patch_it_is_left_waiting(site):
    disabled = NAME + "," + UNROUTED
    with daphne(site, "site_of_probe:application", COMPAT_DISABLE=disabled) as address:
        assert handshake(address, "http://127.0.0.1", seconds=2) == ""
