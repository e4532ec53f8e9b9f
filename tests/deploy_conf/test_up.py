"""The site really runs: in a path with spaces and signs, through every server."""

import json
import os
import re
import signal
import socket
import stat
import threading
import urllib.error
import urllib.request

import websocket

from deploy_conf import probe
from tests.support import commands
from tests.support.wait import wait_until


def get(site, path="", **headers):
    """(status, headers, body) of a GET through nginx."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    request = urllib.request.Request(site.url + path, headers=named)
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.headers, error.read()


def connect(site, header=()):
    """A WebSocket through nginx, and the greeting it began with."""
    address = "ws://127.0.0.1:%d/ws/echo/" % site.port
    client = websocket.create_connection(address, timeout=10, header=list(header))
    return client, json.loads(client.recv())


def test_status_lists_every_program(running):
    code, out, err = running.run("status")
    assert (code, err) == (0, "")
    rows = {line.split()[0]: line.split()[1:] for line in out.splitlines()}
    for name in ("redis", "uwsgi", "daphne_0", "daphne_1", "ticker", "nginx"):
        assert rows[name][0] == "RUNNING"
        os.kill(int(rows[name][1]), 0)
        log = re.search(r"^%s .*?(/.*)$" % name, out, re.M).group(1)
        assert os.path.isfile(log), log
    assert running.url + " answers" in out


def rendered(site, name):
    """The lines of a rendered file as words, without its comments."""
    with open(os.path.join(site.var, "conf", name)) as file:
        return [words for words in (line.partition("#")[0].split() for line in file) if words]


def test_what_the_verdicts_on_nginx_say_is_not_rendered(running):
    """compat/advisories/servers.py."""
    lines = rendered(running, "nginx.conf") + rendered(running, "nginx-site.conf")
    text = "\n".join(" ".join(words) for words in lines)
    statements = [one.split() for one in re.split("[;{}]", text) if one.strip()]
    directives = {words[0] for words in statements}
    absent = "rewrite aio resolver stream mail try_files http2 http3 mp4 slice ssi dav_methods"
    caches = "proxy_cache uwsgi_cache proxy_cache_path uwsgi_cache_path fastcgi_pass grpc_pass"
    assert directives & set((absent + " " + caches).split()) == set()
    assert {"alias", "proxy_pass", "uwsgi_pass", "listen"} <= directives
    listen = [words for words in statements if words[0] == "listen"]
    assert not [words for words in listen if {"ssl", "http2", "quic"} & set(words)]


def test_what_the_verdicts_on_redis_and_supervisor_say_is_rendered(running):
    lines = rendered(running, "redis.conf")
    assert ["port", "0"] in lines and ["unixsocketperm", "700"] in lines
    assert [words for words in lines if words[0] == "requirepass" and len(words[1]) > 20]
    assert not [words for words in lines if re.match("tls-|cluster-|replicaof|user$", words[0])]
    (path,) = [words[1].strip('"') for words in lines if words[0] == "unixsocket"]
    assert stat.S_ISSOCK(os.stat(path).st_mode) and stat.S_IMODE(os.stat(path).st_mode) == 0o700
    assert stat.S_IMODE(os.stat(os.path.dirname(path)).st_mode) == 0o700
    assert not [words for words in rendered(running, "supervisord.conf") if "inet_" in words[0]]


def test_up_again_is_one_line_with_the_address(running):
    code, out, err = running.up()
    assert (code, err) == (0, "")
    assert out.startswith("already running: " + running.url) and len(out.splitlines()) == 1


def test_what_a_client_claims_never_reaches_wsgi(running):
    code, _, body = get(
        running,
        "meta",
        X_Forwarded_For="6.6.6.6",
        X_Forwarded_Proto="https",
        X_Forwarded_Host="evil.example",
        X_Real_IP="6.6.6.6",
        X_Forwarded_Port="443",
        Forwarded="for=6.6.6.6",
        Proxy="http://evil.example/",
    )
    meta = json.loads(body.decode())
    assert code == 200
    assert meta["HTTP_X_FORWARDED_FOR"] == meta["HTTP_X_REAL_IP"] == "127.0.0.1"
    assert meta["HTTP_X_FORWARDED_PROTO"] == "http"
    assert meta["HTTP_X_FORWARDED_HOST"] == meta["HTTP_HOST"] == "127.0.0.1:%d" % running.port
    assert meta["HTTP_X_FORWARDED_PORT"] == str(running.port)
    assert "6.6.6.6" not in body.decode() and "evil" not in body.decode()


def test_what_a_client_claims_never_reaches_daphne(running):
    client, greeting = connect(
        running,
        [
            "X-Forwarded-For: 6.6.6.6",
            "X-Forwarded-Proto: https",
            "Daphne-Root-Path: /evil",
            "X-Real-IP: 6.6.6.6",
            "Forwarded: for=6.6.6.6",
            "X_Forwarded_For: 6.6.6.6",
        ],
    )
    client.close()
    assert greeting["client"] == "127.0.0.1"
    assert greeting["root_path"] == ""
    assert greeting["headers"]["x-forwarded-proto"] == "http"
    assert "6.6.6.6" not in json.dumps(greeting) and "evil" not in json.dumps(greeting)


def test_a_header_with_underscores_is_dropped(running):
    with socket.create_connection(("127.0.0.1", running.port), 10) as connection:
        connection.sendall(
            b"GET /meta HTTP/1.0\r\nHost: h\r\nX_Secret_Header: 6.6.6.6\r\nX-Other: kept\r\n\r\n"
        )
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    assert b"kept" in answer and b"6.6.6.6" not in answer


def test_sockets_on_both_daphne_processes_share_a_group(running):
    clients = {}
    try:
        for _ in range(200):
            client, greeting = connect(running)
            if greeting["pid"] in clients:
                client.close()
            clients.setdefault(greeting["pid"], client)
            if len(clients) == 2:
                break
        assert len(clients) == 2, "only one daphne process accepts"
        one, other = clients.values()
        one.send("hello")
        assert other.recv() == "hello"
    finally:
        for client in clients.values():
            client.close()


def test_sockets_from_one_address_are_limited(running):
    clients = [connect(running)[0] for _ in range(60)]
    try:
        assert probe.websocket("127.0.0.1", running.port, "/ws/echo/") == 429
    finally:
        for client in clients:
            client.close()
    wait_until(lambda: probe.websocket("127.0.0.1", running.port, "/ws/echo/") == 101)


def test_security_headers_once_each(running):
    for path in ("meta", "static/page.css", "static/missing.css"):
        _, headers, _ = get(running, path)
        assert headers.get_all("X-Content-Type-Options") == ["nosniff"], path
        assert headers.get_all("X-Frame-Options") == ["SAMEORIGIN"], path
        assert headers.get_all("Referrer-Policy") == ["same-origin"], path
        assert headers["Server"] == "nginx"
        assert headers["Strict-Transport-Security"] is None


def test_static_files_and_nothing_outside(running):
    static = os.path.join(running.folder, "static files")
    with open(os.path.join(static, "page.0123456789ab.css"), "w") as file:
        file.write("body {}\n")
    os.symlink(os.path.join(running.var, "site.env"), os.path.join(static, "link.txt"))
    code, headers, body = get(running, "static/page.css")
    assert code == 200 and b"#123" in body
    assert headers["Content-Type"] == "text/css" and headers["Cache-Control"] == "no-cache"
    assert "max-age=315" in get(running, "static/page.0123456789ab.css")[1]["Cache-Control"]
    assert get(running, "static/link.txt")[0] == 403
    assert get(running, "static/")[0] == 403
    with socket.create_connection(("127.0.0.1", running.port), 10) as connection:
        connection.sendall(b"GET /static/../var/site.env HTTP/1.0\r\nHost: h\r\n\r\n")
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    assert b"REDIS_URL" not in answer


def test_secrets_are_this_accounts_only(running):
    with open(os.path.join(running.var, "site.env"), encoding="utf-8") as file:
        password = re.search(r"password=(\w+)", file.read()).group(1)
    holders = []
    for folder, _, files in os.walk(running.var):
        for name in files:
            path = os.path.join(folder, name)
            with open(path, encoding="utf-8", errors="replace") as file:
                if password in file.read():
                    holders.append(name)
                    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600, path
    assert sorted(holders) == ["redis.conf", "run.json", "site.env", "supervisor-programs.conf"]
    for command in running.processes().values():
        assert password not in command
    # The database in it holds sessions, and its file is made with whatever umask there was.
    for folder in (running.var, os.path.join(running.var, "run")):
        assert stat.S_IMODE(os.stat(folder).st_mode) == 0o700


def test_redis_wants_its_password_and_has_no_port(running):
    with open(os.path.join(running.var, "site.env"), encoding="utf-8") as file:
        path = re.search(r"unix://([^?]+)", file.read()).group(1)
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(5)
        connection.connect(path)
        connection.sendall(b"PING\r\n")
        assert connection.recv(100).startswith(b"-NOAUTH")
        connection.sendall(b"CONFIG GET port\r\n")
        assert connection.recv(100).startswith(b"-NOAUTH")


def test_a_command_from_the_settings_gets_its_words(running):
    said = json.loads(running.log("ticker").splitlines()[0])
    assert said == {"words": ['a "quoted", 100% word'], "var": running.var}


def test_nginx_logs_what_the_upstream_took(running):
    get(running, "meta?logged")
    line = wait_until(
        lambda: [x for x in running.log("nginx-access").splitlines() if "meta?logged" in x]
    )[0]
    assert re.search(r'" 200 \d+ rt=\d+\.\d+ connect=\d+\.\d+ up=\d+\.\d+ ', line), line


def test_a_killed_daphne_comes_back_and_the_other_answers_meanwhile(running):
    out = running.run("status")[1]
    pid = int(re.search(r"^daphne_0 +RUNNING +(\d+)", out, re.M).group(1))
    os.kill(pid, signal.SIGKILL)
    client, greeting = connect(running)
    client.close()
    assert greeting["pid"] != pid
    wait_until(lambda: "daphne_0" in running.programs())
    wait_until(lambda: running.run("status")[0] == 0)


def bare(site, command):
    """What an interpreter says that has nothing of site-packages: no supervisor, and no Django."""
    words = ["-S", "-m", "deploy_conf", command]
    done = commands.run(*words, env=site.environment, cwd=site.folder, cold=True)
    return done.returncode, done.stdout, done.stderr


def test_an_interpreter_without_supervisor_knows_what_runs(running):
    code, out, err = bare(running, "status")
    assert (code, err) == (0, "")
    assert out.splitlines()[-1] == running.url + " answers over HTTP and WebSocket"


def test_down_finishes_a_request_and_leaves_nothing(running):
    """The last of this module: it stops the site, by an interpreter without supervisor."""
    answers = []
    thread = threading.Thread(target=lambda: answers.append(get(running, "slow")))
    thread.start()
    wait_until(lambda: "slow request has begun" in running.log("uwsgi"))
    assert bare(running, "down") == (0, "stopped\n", "")
    thread.join(10)
    assert answers[0][0] == 200 and json.loads(answers[0][2].decode()) == {"slow": True}
    assert running.processes() == {}
    assert running.litter() == []
    code, out, _ = running.run("status")
    assert code == 1 and out == "not running\n"
    assert bare(running, "status") == (1, "not running\n", "")
    assert running.down() == (0, "not running\n", "")
