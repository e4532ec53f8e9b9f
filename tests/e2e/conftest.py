"""The whole stack, started once for all end-to-end tests as a newcomer would start it."""

import pytest

from tests.support.sites.stack import Stack


@pytest.fixture(scope="session")
def stack(tmp_path_factory):
    stack = Stack(tmp_path_factory.mktemp("stack"))
    stack.up()
    yield stack
    stack.down()


@pytest.fixture
def page(browser, stack):
    """A tab whose visitor is logged in as the administrator."""
    page = browser.page()
    page.goto(stack.url + "/")
    if page.evaluate("location.pathname") != "/":
        page.fill("#id_username", "admin")
        page.fill("#id_password", stack.password)
        page.click("form.login button")
        page.wait_for("location.pathname === '/'")
    yield page
    page.close()
