"""What existing pages rely on, over real sockets through nginx."""

import pytest
import websocket

TASKS = "/ws/deploy/tasks/"


@pytest.fixture(scope="module")
def cookie(stack):
    return stack.login()


def refused(stack, path, **options):
    """The HTTP status that answers a handshake."""
    with pytest.raises(websocket.WebSocketBadStatusException) as answer:
        stack.socket(path, **options)
    return answer.value.status_code


def test_a_message_from_a_client_reaches_every_member(stack, cookie):
    with stack.socket(TASKS, cookie) as one, stack.socket(TASKS, cookie) as other:
        one.send({"message": "héllo"})
        assert one.receive() == {"message": "héllo"}
        assert other.receive() == {"message": "héllo"}


@pytest.mark.parametrize("channel", ["tasks", "chat_tasks"])
def test_send_channel_msg_from_another_process(stack, cookie, channel):
    with stack.socket(TASKS, cookie) as socket:
        stack.shell(
            "from deploy.consumers import send_channel_msg; send_channel_msg(%r, 'done')" % channel
        )
        assert socket.receive() == {"message": "done"}


def test_the_group_event_of_other_code(stack, cookie):
    with stack.socket(TASKS, cookie) as socket:
        stack.shell(
            "from asgiref.sync import async_to_sync\n"
            "from channels.layers import get_channel_layer\n"
            "event = {'type': 'deploy.run', 'text': 'by hand'}\n"
            "async_to_sync(get_channel_layer().group_send)('chat_tasks', event)"
        )
        assert socket.receive() == {"message": "by hand"}


def test_who_may_connect(stack, cookie):
    stack.user("stranger")
    stack.user("follower", "follow_service")
    assert refused(stack, TASKS) == 403
    assert refused(stack, TASKS, cookie=stack.login("stranger")) == 403
    assert refused(stack, TASKS, cookie=cookie, origin="http://elsewhere.example") == 403
    assert refused(stack, "/ws/deploy/unknown/", cookie=cookie) == 403
    assert refused(stack, "/ws/nowhere/", cookie=cookie) == 403
    with stack.socket(TASKS, stack.login("follower")) as socket:
        socket.send({"message": "may read, may not write"})
        assert socket.receive()["code"] == "forbidden"


def test_bad_frames_get_an_answer_and_the_consumer_lives(stack, cookie):
    with stack.socket(TASKS, cookie) as socket:
        for frame, code in [
            ("not json", "bad-json"),
            ("[" * 60000, "bad-json"),
            ("[]", "no-message"),
            ('{"text": "x"}', "no-message"),
            ('{"message": 1}', "no-message"),
        ]:
            socket.connection.send(frame)
            answer = socket.receive()
            assert (answer["type"], answer["code"]) == ("error", code)
        socket.connection.send_binary(b"\x00\xff")
        assert socket.receive()["code"] == "binary"
        socket.send({"message": "alive"})
        assert socket.receive() == {"message": "alive"}


def test_a_frame_over_the_limit_is_final(stack, cookie):
    with stack.socket(TASKS, cookie) as socket:
        socket.connection.send("x" * 70000)
        assert socket.close_code() == 4509


def test_since_that_is_no_number_is_final(stack, cookie):
    with stack.socket("/ws/deploy/release/?since=abc", cookie) as socket:
        assert socket.receive()["code"] == "bad-since"
        assert socket.close_code() == 4500


def test_messages_and_entries_on_one_socket(stack, cookie):
    with stack.socket("/ws/deploy/release/?since=latest", cookie) as socket:
        assert socket.receive()["type"] == "live"
        socket.send({"message": "beside the log"})
        assert socket.receive() == {"message": "beside the log"}
