"""A client of a real daphne says where the site is mounted."""

import http.client

import pytest

from tests.support.daphne import daphne
from tests.support.frames import APPLICATION, Client, write_site

NAME = "daphne.root_path"
EVIL = {"Daphne-Root-Path": "//elsewhere.example"}


@pytest.fixture
def site(tmp_path):
    return write_site(tmp_path)


def root_path(address, headers=EVIL):
    connection = http.client.HTTPConnection(*address, timeout=30)
    try:
        connection.request("GET", "/", headers=headers)
        return connection.getresponse().read().decode()
    finally:
        connection.close()


def test_a_client_is_not_believed_and_the_option_is(site):
    with daphne(site, APPLICATION, "--root-path=/mounted") as address:
        assert [root_path(address), root_path(address, {})] == ["/mounted", "/mounted"]
        assert root_path(address, {"Daphne-Root-Path": ""}) == "/mounted"
        with Client(address, "/headers/", [b"Daphne-Root-Path: /x"]) as client:
            assert "daphne-root-path" not in " ".join(client.told())
    assert (site / "daphne.log").read_text().count("Daphne-Root-Path is ignored") == 1


def test_without_the_patch_it_is_believed(site):
    with daphne(site, APPLICATION, "--root-path=/mounted", COMPAT_DISABLE=NAME) as address:
        assert root_path(address) == "//elsewhere.example"


def test_a_proxy_that_sets_it_can_be_trusted(site):
    with daphne(site, APPLICATION, COMPAT_TRUST_ROOT_PATH="1") as address:
        assert root_path(address, {"Daphne-Root-Path": "/shop"}) == "/shop"
    assert "ignored" not in (site / "daphne.log").read_text()
