"""The list of services follows all of them on one socket: /ws/streams/, through nginx."""

import json

import pytest

from tests.support.events import Events


def state(uid):
    return "document.querySelector('[data-stream=\"states:%s\"] .state').textContent" % uid


def test_the_list_of_services_is_live(stack, page):
    for uid in ("listed-one", "listed-two"):
        stack.service(uid, "true" if uid == "listed-one" else "false")
    page.goto(stack.url + "/")
    page.wait_for("document.getElementById('connection').textContent === 'live'")
    page.evaluate("window.unchanged = true; null")
    admin = stack.login()
    # Sooner than the page is fetched by itself, once a minute.
    for uid, word in (("listed-one", "succeeded"), ("listed-two", "failed")):
        assert page.evaluate(state(uid)) == "never deployed"
        stack.start(uid, admin)
        page.wait_for(state(uid) + " === '%s'" % word)
    # One that was added meanwhile is followed from when it is seen.
    stack.service("listed-later", "true")
    page.evaluate("refreshPage(); null")
    page.wait_for(state("listed-later") + " === 'never deployed'")
    stack.start("listed-later", admin)
    page.wait_for(state("listed-later") + " === 'succeeded'")
    assert page.evaluate("window.unchanged") and page.errors() == []


def test_a_list_shows_no_output_and_is_sent_none(stack):
    stack.service("listed-loud", "echo", "loud")
    admin = stack.login()
    with stack.socket("/ws/streams/", admin) as socket:
        socket.send({"type": "subscribe", "streams": {"states:listed-loud": 0}})
        assert socket.receive()["type"] == "hello"
        assert socket.receive()["seq"] == 0
        stack.start("listed-loud", admin)
        seen = []
        while "succeeded" not in seen:
            bodies = socket.receive().get("bodies", ())  # or a beat
            assert {body["k"] for body in bodies} <= {"state"}
            seen += [body["state"] for body in bodies]
        assert seen == ["queued", "running", "succeeded"]


ASKED = {"deploy:seen": 0, "states:seen": 0, "deploy:unseen": 0, "states:unseen": 0, "else:seen": 0}
GOT = {
    "deploy:seen": "live",
    "states:seen": "live",
    "deploy:unseen": "denied",
    "states:unseen": "denied",
    "else:seen": "unknown",
}


def by_socket(stack, cookie):
    socket = stack.socket("/ws/streams/", cookie)
    assert socket.receive()["type"] == "hello"
    socket.send({"type": "subscribe", "streams": ASKED})
    return socket.receive


def by_events(stack, cookie):
    path = "/ws/streams/?subscribe=" + json.dumps(ASKED).replace(" ", "").replace('"', "%22")
    address = stack.host.split(":")[0], stack.port
    reader = Events(address, path, headers={"Cookie": cookie, "Origin": stack.url})
    assert reader.frame()["type"] == "hello"
    return reader.frame


@pytest.mark.parametrize("way", [by_socket, by_events])
def test_who_may_follow_is_as_for_one(stack, way):
    name = "watcher" + way.__name__.replace("_", "-")
    stack.user(name)
    stack.shell(
        "from django.contrib.auth.models import Group, User\n"
        "from deploy.models import Service\n"
        "group = Group.objects.create(name=%r)\n"
        "group.user_set.add(User.objects.get(username=%r))\n"
        "seen, _ = Service.objects.get_or_create(uid='seen', name='seen', command=['true'])\n"
        "seen.viewers.add(group)\n"
        "Service.objects.get_or_create(uid='unseen', name='unseen', command=['true'])\n"
        % (name, name)
    )
    receive = way(stack, stack.login(name))
    found = {}
    while len(found) < len(ASKED):
        frame = receive()
        if frame["type"] != "beat":
            found[frame["stream"]] = frame.get("code", frame["type"])
    assert found == GOT
