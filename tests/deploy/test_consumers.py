"""The socket, over a real daphne and a real Redis."""

import asyncio
import json
import os
import signal
import time

import pytest
import websocket
from channels.layers import InMemoryChannelLayer
from django.contrib.auth.models import Group, Permission
from django.contrib.sessions.models import Session
from django.test import Client

from compat import close_codes, layer_keys
from compat.sockets.rate import Bucket
from compat.streams import position, publish, publish_many
from deploy import entries, lifecycle
from deploy.consumers import DeployResult, send_channel_msg
from deploy.models import Deployment, Service
from tests.support.daphne import daphne
from tests.support.records import make_service, make_user
from tests.support.wait import wait_until
from tests.support.websockets import close_code, until_gone


class Sockets(object):
    """Opens sockets of a site's daphne as one user or another."""

    def __init__(self, address):
        self.host = "%s:%d" % address
        self.opened = []

    def cookie(self, user):
        client = Client()
        client.force_login(user)
        return "sessionid=" + client.cookies["sessionid"].value

    def open(self, path, user=None, origin=None, cookie=None):
        connection = websocket.create_connection(
            f"ws://{self.host}{path}",
            cookie=cookie or (self.cookie(user) if user else None),
            origin=origin or f"http://{self.host}",
            timeout=15,
        )
        self.opened.append(connection)
        return connection

    def refusal(self, *arguments, **options):
        """Return the status that answers the handshake."""
        with pytest.raises(websocket.WebSocketBadStatusException) as answer:
            self.open(*arguments, **options)
        return answer.value.status_code


@pytest.fixture
def sockets(site, redis, settings, tmp_path):
    keys = layer_keys.read(os.path.join(site.var, "layer_keys"))  # the site's own
    hosts = {"hosts": [redis.url], "symmetric_encryption_keys": keys}
    backend = settings.CHANNEL_LAYERS["default"]["BACKEND"]
    settings.CHANNEL_LAYERS = {"default": {"BACKEND": backend, "CONFIG": hosts}}
    environment = {
        "DEVOPS_VAR": site.var,
        "REDIS_URL": redis.url,
        "SECRET_KEY": settings.SECRET_KEY,  # sessions are signed with it
        "DJANGO_SETTINGS_MODULE": "tests.deploy.impatient",
        "PYTHONWARNINGS": "ignore",
    }
    site.environment["REDIS_URL"] = redis.url
    with daphne(tmp_path, "devops.asgi:application", **environment) as address:
        sockets = Sockets(address)
        yield sockets
        for connection in sockets.opened:
            connection.close()
    with open(os.path.join(str(tmp_path), "daphne.log")) as log:
        text = log.read()
    assert "Traceback" not in text, text


@pytest.fixture
def service(site):
    service = make_service()
    service.viewers.add(Group.objects.create(name="viewers"))
    service.operators.add(Group.objects.create(name="operators"))
    return service


@pytest.fixture
def viewer(service):
    user = make_user("vera")
    user.groups.add(Group.objects.get(name="viewers"))
    return user


@pytest.fixture
def operator(service):
    user = make_user("otto")
    user.groups.add(Group.objects.get(name="operators"))
    return user


def receive(connection):
    return json.loads(connection.recv())


def test_who_may_connect(sockets, service, viewer):
    path = "/ws/deploy/web/"
    assert sockets.refusal(path) == 403
    assert sockets.refusal(path, make_user("eve")) == 403
    assert sockets.refusal(path, viewer, origin="http://elsewhere.example") == 403
    assert sockets.refusal("/ws/deploy/tasks/", viewer) == 403
    assert sockets.refusal("/ws/nowhere/", viewer) in (403, 404)
    root = make_user("root", superuser=True)
    for unknown in ("unknown", "a%00b", "%C3%A4", "x" * 200):
        assert sockets.refusal(f"/ws/deploy/{unknown}/", root) == 403
    assert sockets.open(path, viewer).connected
    assert sockets.open("/ws/deploy/tasks/", root).connected


def test_messages_reach_the_members_of_a_service_and_no_others(sockets, service, viewer, operator):
    other = make_service("api")
    root = make_user("root", superuser=True)
    members = [
        sockets.open("/ws/deploy/web/", operator),
        sockets.open("/ws/deploy/web/", viewer),
    ]
    outsider = sockets.open(f"/ws/deploy/{other.uid}/", root)
    members[0].send(json.dumps({"message": "héllo 😀", "more": 1}))
    for member in members:
        assert receive(member) == {"message": "héllo 😀"}
    send_channel_msg("web", "by uid")
    send_channel_msg("chat_web", "by group")
    for member in members:
        assert [receive(member), receive(member)] == [
            {"message": "by uid"},
            {"message": "by group"},
        ]
    send_channel_msg("api", "only there")
    assert receive(outsider) == {"message": "only there"}


def test_messages_can_be_sent_inside_a_running_loop(sockets, operator):
    connection = sockets.open("/ws/deploy/web/", operator)

    async def send():
        send_channel_msg("web", "from a coroutine")

    loop = asyncio.new_event_loop()
    try:
        loop.run_until_complete(send())
    finally:
        loop.close()
    assert receive(connection) == {"message": "from a coroutine"}


@pytest.mark.parametrize(
    "channel, message, error", [("web", 1, TypeError), ("a b", "x", ValueError)]
)
def test_what_cannot_be_sent(channel, message, error):
    with pytest.raises(error):
        send_channel_msg(channel, message)


def test_nothing_can_be_sent_without_a_layer(monkeypatch):
    from deploy import messages

    monkeypatch.setattr(messages.layers, "network_layer", lambda: None)
    monkeypatch.setattr(messages, "get_channel_layer", lambda: None)
    with pytest.raises(RuntimeError, match="messages need a channel layer"):
        send_channel_msg("web", "x")


def test_a_layer_in_memory_serves_its_own_process(monkeypatch):
    from deploy import messages

    memory = InMemoryChannelLayer()
    monkeypatch.setattr(messages.layers, "network_layer", lambda: None)
    monkeypatch.setattr(messages, "get_channel_layer", lambda: memory)
    loop = asyncio.new_event_loop()
    try:
        loop.run_until_complete(memory.group_add(messages.group_name("web"), "mine"))
        send_channel_msg("web", "x")
        found = loop.run_until_complete(asyncio.wait_for(memory.receive("mine"), 10))
    finally:
        loop.close()
    assert found == {"type": "deploy.run", "text": "x"}


def test_pages_that_only_know_messages_see_deployments(sockets, site, service, viewer, operator):
    connection = sockets.open("/ws/deploy/web/", viewer)
    deployment, _ = lifecycle.enqueue(service, operator)
    lifecycle.claim_next("r")
    publish(service.stream, entries.output(deployment, "a line\n"))
    for strange in ({"k": "new kind of entry"}, "text", 1, None, [1]):
        publish(service.stream, strange)
    lifecycle.finish(Deployment.objects.get(), "failed", 3)
    expected = ["queued (otto)\n", "running (otto)\n", None, "failed, exit code 3 (otto)\n"]
    for text in expected:
        text = "a line\n" if text is None else f"#{deployment.pk} {text}"
        assert receive(connection) == {"message": text}


def test_resuming_brings_what_was_missed_and_then_what_is_new(sockets, service, viewer):
    publish_many(service.stream, list(range(10)))
    connection = sockets.open("/ws/deploy/web/?since=7", viewer)
    assert receive(connection)["bodies"] == [7, 8, 9]
    epoch = position(service.stream).epoch
    live = {"type": "live", "stream": "deploy:web", "epoch": epoch, "seq": 10}
    assert receive(connection) == live
    publish(service.stream, "new")
    entries = {"type": "entries", "stream": "deploy:web", "epoch": epoch, "first": 11}
    assert receive(connection) == dict(entries, bodies=["new"])
    send_channel_msg("web", "beside it")
    assert receive(connection) == {"message": "beside it"}


def test_a_since_beyond_the_head_starts_over(sockets, service, viewer):
    publish(service.stream, 1)
    connection = sockets.open("/ws/deploy/web/?since=11", viewer)
    assert receive(connection)["code"] == "start-over"
    assert close_code(connection) == close_codes.START_OVER


@pytest.mark.parametrize("since", ["abc", "-7", ""])
def test_a_since_that_cannot_be_is_final(sockets, service, viewer, since):
    publish(service.stream, 1)
    connection = sockets.open(f"/ws/deploy/web/?since={since}", viewer)
    assert receive(connection)["code"] == "bad-since"
    assert close_code(connection) == 4500


def test_a_redis_that_refuses_us(sockets, redis, service, viewer):
    """Who came for messages is told to come back; who follows the stream gets what there is."""
    redis.say("CONFIG", "SET", "requirepass", "another")
    redis.say("CLIENT", "KILL", "TYPE", "normal", password="another")
    assert close_code(sockets.open("/ws/deploy/web/", viewer)) == 1012
    connection = sockets.open("/ws/deploy/web/?since=0", viewer)
    assert receive(connection)["type"] == "live"


def test_a_redis_that_hangs(sockets, redis, service, viewer):
    """Its handshakes are answered all the same, and soon; entries are found by polling."""
    first = sockets.open("/ws/deploy/web/?since=latest", viewer)
    assert receive(first)["type"] == "live"
    cookie = sockets.cookie(viewer)
    make_service("api").viewers.add(Group.objects.get(name="viewers"))
    redis.process.send_signal(signal.SIGSTOP)
    try:
        times = []
        for _ in range(3):
            began = time.monotonic()
            connection = sockets.open("/ws/deploy/web/?since=latest", cookie=cookie)
            times.append(time.monotonic() - began)
            assert receive(connection)["type"] == "live"
        assert min(times) < 1
        # Of a service that nobody follows here.
        assert close_code(sockets.open("/ws/deploy/api/", cookie=cookie)) == 1012
        publish(service.stream, "by polling")
        for reader in (first, connection):
            assert receive(reader)["bodies"] == ["by polling"]
    finally:
        redis.process.send_signal(signal.SIGCONT)
    # It joins after all.
    wait_until(lambda: is_told(connection), what="a message")


def is_told(connection):
    send_channel_msg("web", "beside it")
    connection.settimeout(1)
    try:
        return receive(connection) == {"message": "beside it"}
    except websocket.WebSocketTimeoutException:
        return False


def test_a_bad_frame_gets_an_answer_and_the_consumer_lives(sockets, operator):
    connection = sockets.open("/ws/deploy/web/", operator)
    frames = [
        ("", "bad-json"),
        ("{", "bad-json"),
        ("[" * 60000, "bad-json"),
        ('{"message": "\\ud800"}', "bad-json"),
        ("null", "no-message"),
        ("[]", "no-message"),
        ("{}", "no-message"),
        ('{"message": {"a": 1}}', "no-message"),
        (b"\x00\xff", "binary"),
        (b"", "binary"),
    ]
    for frame, code in frames:
        binary = isinstance(frame, bytes)
        connection.send(frame, opcode=2 if binary else 1)
        answer = receive(connection)
        assert (answer["type"], answer["code"]) == ("error", code), frame
        assert isinstance(answer["detail"], str)
    connection.send(json.dumps({"message": "alive"}))
    assert receive(connection) == {"message": "alive"}


@pytest.mark.parametrize("opcode", [1, 2])
def test_a_frame_over_the_limit_is_final(sockets, operator, opcode):
    connection = sockets.open("/ws/deploy/web/", operator)
    limit = json.dumps({"message": "x" * (65536 - len('{"message": ""}'))})
    assert len(limit) == 65536
    connection.send(limit)
    assert len(receive(connection)["message"]) > 65000
    connection.send(limit + " ", opcode=opcode)
    assert receive(connection)["code"] == "too-large"
    assert close_code(connection) == 4509


def test_a_flood_is_dropped_and_answered_once(sockets, operator):
    connection = sockets.open("/ws/deploy/web/", operator)
    for _ in range(300):
        connection.send("x")
    connection.ping()
    codes = []
    while not codes or codes[-1] != "too-fast":
        codes.append(receive(connection)["code"])
    assert 39 <= codes.count("bad-json") <= 120
    # The connection is usable again as soon as there are tokens again.
    connection.settimeout(0.5)

    def answered():
        connection.send(json.dumps({"message": "alive"}))
        try:
            while receive(connection).get("message") != "alive":
                pass
        except websocket.WebSocketTimeoutException:
            return False
        return True

    wait_until(answered, what="a message after the flood")


def test_who_may_only_follow_cannot_write(sockets, viewer):
    connection = sockets.open("/ws/deploy/web/", viewer)
    connection.send(json.dumps({"message": "x"}))
    assert receive(connection)["code"] == "forbidden"
    send_channel_msg("web", "still here")
    assert receive(connection) == {"message": "still here"}


def test_a_permission_that_is_taken_away_counts_at_once_for_writing(sockets, operator):
    connection = sockets.open("/ws/deploy/web/", operator)
    operator.groups.set(Group.objects.filter(name="viewers"))
    connection.send(json.dumps({"message": "x"}))
    assert receive(connection)["code"] == "forbidden"


@pytest.mark.parametrize(
    "change, code, closed",
    [
        (lambda user: user.groups.clear(), "forbidden", 4503),
        (lambda user: Session.objects.all().delete(), "signed-out", 4501),
        (lambda user: type(user).objects.update(is_active=False), "signed-out", 4501),
        (lambda user: Service.objects.all().delete(), "not-found", 4504),
    ],
    ids=["groups", "logout", "account", "service"],
)
def test_what_ends_an_open_connection(sockets, viewer, change, code, closed):
    connection = sockets.open("/ws/deploy/web/?since=latest", viewer)
    assert receive(connection)["type"] == "live"
    change(viewer)
    assert receive(connection)["code"] == code
    assert close_code(connection) == closed


@pytest.mark.parametrize("codename", ["follow_service", "run_service"])
def test_a_permission_of_one_user_is_taken_away(sockets, service, codename):
    user = make_user("vera")
    user.user_permissions.add(Permission.objects.get(codename=codename))
    connection = sockets.open("/ws/deploy/web/?since=latest", user)
    assert receive(connection)["type"] == "live"
    user.user_permissions.clear()
    assert receive(connection)["code"] == "forbidden"
    assert close_code(connection) == 4503


def test_nothing_is_done_after_the_goodbye(sockets, operator):
    """What a client has sent before it read that, or sends all the same."""
    reader, sender = [sockets.open("/ws/deploy/web/", operator) for _ in range(2)]
    sender.send("x" * 100000)
    for text in ("at once", "once more"):
        sender.send(json.dumps({"message": text}))
    assert receive(sender)["code"] == "too-large"
    assert sender.recv_frame().opcode == websocket.ABNF.OPCODE_CLOSE
    sender.send(json.dumps({"message": "late"}))
    until_gone(sender)
    other = sockets.open("/ws/deploy/web/", operator)
    other.send(json.dumps({"message": "of another"}))
    assert receive(reader) == {"message": "of another"}


def test_a_consumer_that_is_closing_does_nothing():
    """Without the guard, too, which lets nothing pass any more."""
    consumer = DeployResult({})
    consumer._closing = True
    loop = asyncio.new_event_loop()
    try:
        loop.run_until_complete(consumer.receive(text_data=json.dumps({"message": "late"})))
        loop.run_until_complete(consumer.receive(text_data="x" * 100000))
    finally:
        loop.close()


def test_a_bucket_fills_up_again_with_time():
    now = [0.0]
    bucket = Bucket(20, 40, clock=lambda: now[0])
    assert sum(bucket.take() for _ in range(100)) == 40
    now[0] = 0.5
    assert sum(bucket.take() for _ in range(100)) == 10
    now[0] = 1000.0
    assert sum(bucket.take() for _ in range(100)) == 40


def members(redis):
    """Processes that get what is sent to the group."""
    return redis.say("PUBSUB", "NUMSUB", "asgi:@0:group:chat_web")[1]


def test_the_last_one_who_goes_takes_the_process_out_of_the_group(sockets, redis, viewer):
    connections = [sockets.open("/ws/deploy/web/", viewer) for _ in range(2)]
    wait_until(lambda: members(redis) == 1, what="the process in the group")
    connections[0].close()
    until_gone(connections[0])
    send_channel_msg("web", "to who stays")
    assert receive(connections[1]) == {"message": "to who stays"}
    connections[1].close()
    wait_until(lambda: members(redis) == 0, what="nobody in the group")


def test_without_redis_a_follower_is_let_in_and_joins_later(sockets, redis, service, viewer):
    publish(service.stream, 1)
    redis.stop()
    follower = sockets.open("/ws/deploy/web/?since=0", viewer)
    assert receive(follower)["bodies"] == [1]
    # Who came for messages alone is told to come again.
    assert close_code(sockets.open("/ws/deploy/web/", viewer)) == close_codes.RESTART
    redis.start()
    wait_until(lambda: members(redis) == 1, what="the follower in the group")
    send_channel_msg("web", "at last")
    while receive(follower) != {"message": "at last"}:
        pass


def test_after_the_goodbye_nothing_is_done(monkeypatch):
    async def scenario():
        consumer, sent = DeployResult({"type": "websocket"}), []
        consumer.uid = "web"

        async def send(text_data):
            sent.append(json.loads(text_data))

        async def close(code):
            sent.append(code)

        monkeypatch.setattr(consumer, "send", send)
        monkeypatch.setattr(consumer, "close", close)
        await consumer.dismissed(close_codes.FORBIDDEN)
        # No bucket, no user: it would fail if it looked at any of these.
        await consumer.receive(text_data='{"message": "x"}')
        await consumer.receive(bytes_data=b"x" * 100000)
        await consumer.client_message({"message": "x"})
        await consumer.deploy_run({"text": "x"})
        await consumer.dismissed(close_codes.SIGNED_OUT)
        return sent

    loop = asyncio.new_event_loop()
    try:
        sent = loop.run_until_complete(scenario())
    finally:
        loop.close()
    assert [sent[0]["code"], sent[1:]] == ["forbidden", [close_codes.FORBIDDEN]]
