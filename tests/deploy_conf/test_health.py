"""What `status` makes of answers, and of processes and ports."""

import http.server
import os
import socket
import subprocess
import threading

import pytest

from deploy_conf import health, options, ports, processes
from deploy_conf.running import Run

RUNNING = [{"short": "uwsgi", "statename": "RUNNING", "log": "/none"}]


@pytest.fixture
def answering():
    """A server on loopback that answers every request with the status in `.status`."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.server.asked.append(self.headers["Host"])
            self.send_response(self.server.status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_):
            pass

    server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    server.status, server.asked = 200, []
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(
    "status, probe, wrong",
    [
        (200, False, []),
        (301, False, []),
        (404, False, []),
        (400, False, ["ALLOWED_HOSTS"]),
        (500, False, ["answers 500"]),
        (502, False, ["answers 502", "WebSocket /ws/ answers 502"]),
        (403, True, []),
        (404, True, ["WebSocket /ws/ answers 404"]),
        (500, True, ["answers 500", "WebSocket /ws/ answers 500"]),
    ],
)
def test_what_an_answer_means(answering, tmp_path, status, probe, wrong):
    answering.status = status
    port = answering.server_address[1]
    record = {"host": "127.0.0.1", "name": "named.example", "port": port, "redis": None}
    record.update(url="http://named.example/", websocket="/ws/", probe=probe)
    found = health.problems(Run(str(tmp_path)), record, RUNNING)
    assert len(found) == len(wrong) and all(part in line for part, line in zip(wrong, found)), found
    assert set(answering.asked) == {"named.example:%d" % port}


def test_a_process_is_known_by_its_start(tmp_path):
    process = subprocess.Popen(["sleep", "60"])
    try:
        start = processes.stat(process.pid).start
        assert processes.alive(process.pid, start)
        assert not processes.alive(process.pid, start - 1)
    finally:
        process.kill()
        process.wait()
    assert not processes.alive(process.pid, start)


def test_a_free_port_is_not_the_one_that_is_spoken_for():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen(1)
        port = taken.getsockname()[1]
        found = ports.free(port, besides=port + 1)
        assert found > port + 1 and ports.bind_error("127.0.0.1", found) is None
        assert "in use" in ports.bind_error("127.0.0.1", port)


def test_a_folder_of_sockets_may_have_80_characters():
    assert options.short_enough("/" + "x" * 79) and not options.short_enough("/" + "x" * 80)
    assert len(os.fsencode("/" + "é" * 40)) == 81 and not options.short_enough("/" + "é" * 40)
