"""docs/reference/protocol.md on the deploy page's socket, through nginx."""

import os
import re

import pytest

from tests.support import CHECKOUT
from tests.support.sessions import Session, blocks

with open(os.path.join(CHECKOUT, "docs", "reference", "protocol.md"), encoding="utf-8") as file:
    PAGE = file.read()
SESSIONS = [block for block in blocks(PAGE, "session") if "/ws/deploy/" in block]
PERMISSIONS = {"follower": "follow_service", "operator": "run_service", "stranger": ""}


class Deploy:
    """Somebody at the socket of a service; each session has a service of its own for `web`."""

    def __init__(self, stack, users, number):
        self.stack, self.users, self.uid = stack, users, f"page{number}"
        self.cookie = None
        stack.service(self.uid, "echo", "hello")

    def play(self, block):
        actions = {"as": self.become, "start": self.start}
        Session(self.connect, actions).play(re.sub(r"\bweb\b", self.uid, block))

    def become(self, name):
        self.cookie = self.users[name]

    def connect(self, path):
        return self.stack.socket(path, self.cookie).connection

    def start(self, _):
        self.stack.start(self.uid, self.users["admin"])


@pytest.fixture(scope="module")
def users(stack):
    """{name: cookie} of the people on the page."""
    for name, permission in PERMISSIONS.items():
        stack.user("page-" + name, permission)
    cookies = {name: stack.login("page-" + name) for name in PERMISSIONS}
    return dict(cookies, admin=stack.login())


@pytest.mark.parametrize("number", range(len(SESSIONS)))
def test_a_session_goes_as_the_page_says(stack, users, number):
    Deploy(stack, users, number).play(SESSIONS[number])


def test_all_of_them_are_run():
    assert len(SESSIONS) == PAGE.count("connect /ws/deploy/") == 4
