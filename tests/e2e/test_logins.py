"""Guessing passwords through nginx and uWSGI, from addresses of its own."""

import http.client
import os
import re
import time
import urllib.parse


def log_in(stack, address, name, password):
    """(status, headers, seconds) of an attempt from an address of this machine."""
    connection = http.client.HTTPConnection(
        "127.0.0.1", stack.port, timeout=30, source_address=(address, 0)
    )
    try:
        connection.request("GET", "/accounts/login/")
        answer = connection.getresponse()
        token = re.search("csrfmiddlewaretoken' value='(\\w+)'", answer.read().decode()).group(1)
        cookie = re.search("csrftoken=\\w+", answer.headers["Set-Cookie"]).group()
        form = {"csrfmiddlewaretoken": token, "username": name, "password": password}
        kind = {"Cookie": cookie, "Content-Type": "application/x-www-form-urlencoded"}
        begun = time.monotonic()
        connection.request("POST", "/accounts/login/", urllib.parse.urlencode(form), kind)
        answer = connection.getresponse()
        answer.read()
        return answer.status, answer.headers, time.monotonic() - begun
    finally:
        connection.close()


def test_a_guesser_does_not_keep_the_workers_busy(stack):
    answers = [log_in(stack, "127.0.0.9", "nobody%d" % n, "guess-%d" % n) for n in range(25)]
    assert [status for status, _, _ in answers] == [200] * 10 + [429] * 15
    assert all(0 < int(headers["Retry-After"]) <= 30 for _, headers, _ in answers[10:])
    # A hash was spent on the first ten alone; the median, for a busy machine.
    spent, refused = (sorted(a[2] for a in part)[5] for part in (answers[:10], answers[10:]))
    assert refused < spent, (refused, spent)
    assert log_in(stack, "127.0.0.10", "admin", stack.password)[0] == 302
    with open(os.path.join(stack.var, "log", "uwsgi.log")) as log:
        text = log.read()
    assert "login failed: name 'nobody0', address 127.0.0.9" in text
    assert "name 'nobody24', address 127.0.0.9; not looked at" in text
    assert "guess-" not in text
