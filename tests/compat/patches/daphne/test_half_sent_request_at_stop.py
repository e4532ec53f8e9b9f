"""A real daphne is stopped while a request has not arrived in full."""

import signal

from .stopping import daphnes

NAME = "daphne.half_sent_request_at_stop"
DRAINING = "daphne.graceful_stop"  # which closes such requests before


def said_at_stop(tmp_path, disabled):
    with daphnes(tmp_path, COMPAT_DISABLE=disabled) as [daphne]:
        half = daphne.connect("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n1")
        whole = daphne.request("/waits-for-ever")  # so the half has been read, too
        daphne.process.send_signal(signal.SIGTERM)
        assert daphne.status() == 0
        half.close()
        whole.close()
        return daphne.output()


def test_applications_are_told(tmp_path):
    assert "was cancelled" in said_at_stop(tmp_path, DRAINING)


def test_without_the_patch_they_are_not(tmp_path):
    assert "was cancelled" not in said_at_stop(tmp_path, NAME + "," + DRAINING)
