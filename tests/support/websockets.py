"""For connections of websocket-client."""

import websocket


def close_code(connection):
    """Read until the server closes; the code of its close frame."""
    while True:
        # recv_data() answers a close frame before it returns it, and the server may be gone.
        frame = connection.recv_frame()
        if frame.opcode == websocket.ABNF.OPCODE_CLOSE:
            return int.from_bytes(frame.data[:2], "big")
        if frame.opcode == websocket.ABNF.OPCODE_PING:
            connection.pong(frame.data)


def until_gone(connection):
    """Read until the server ends the connection: it has taken all that was sent before."""
    try:
        while True:
            connection.recv_frame()
    except (websocket.WebSocketConnectionClosedException, OSError):
        pass
